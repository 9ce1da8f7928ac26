# The module's locations compose with nginx's own: access, satisfy, limits, redirects, if.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t   = NotifyTest->new;
my $url = $t->start_redis->url;
my $jwt = jwt(JWT_SECRET, {sub => 'u'});
$t->start_nginx(
    http => <<"END",
notify_redis $url;
notify_jwt HS256 env:JWT_SECRET arg=token;
notify_open ready stream-open;
notify_entry message \$arg_message;
limit_req_zone \$uri zone=requests:1m rate=1r/m;
limit_conn_zone \$arg_token zone=connections:1m;
END
    server => <<'END',
location /all {
    allow 127.0.0.1;
    deny all;
    notify_auth jwt;
    notify_publish all;
}
location /any {
    satisfy any;
    allow 127.0.0.2;
    deny all;
    notify_auth jwt;
    notify_publish any;
}
location /limited {
    limit_req zone=requests;
    notify_publish limited;
}
location /one_stream {
    limit_conn connections 1;
    notify_auth jwt;
    notify_subscribe user:$notify_subject;
}
location /checked {
    auth_request /check;
    notify_publish checked;
}
location = /check {
    internal;
    if ($http_x_ok) {
        return 204;
    }
    return 401;
}
location /if {
    notify_publish if;
    if ($arg_other) {
        notify_entry message other;
    }
}
location /method {
    notify_publish method;
    limit_except POST {
        deny all;
    }
}
location /redirected {
    error_page 404 = @target;
    return 404;
}
location /target {
    notify_auth jwt;
    notify_publish target:$notify_subject;
    notify_response 201 '{"stream":"$notify_stream","id":"$notify_entry_id"}';
}
location /rewritten {
    rewrite ^ /target last;
}
location @target {
    notify_auth jwt;
    notify_publish target:$notify_subject;
    notify_response 201 '{"stream":"$notify_stream","id":"$notify_entry_id"}';
}
location @missing {
    notify_return 404 "nothing here";
}
location /files {
    root /nonexistent;
    try_files $uri @missing;
}
location /both {
    notify_subscribe both;
    notify_publish both;
    notify_clear shown both;
}
location /quiet {
    notify_keepalive off;
    notify_subscribe quiet;
}
location /words {
    notify_keepalive 1s "still here";
    notify_open hello '{"a":1}';
    notify_retry 250ms;
    notify_event id=off name=fixed 'data=<$value_message>';
    notify_subscribe words;
}
location /text {
    notify_errors text;
    notify_auth jwt;
    notify_publish text;
}
END
);
my $redis = $t->redis;

sub status ($path, %option) {
    return $t->request('POST', $path, %option)->status;
}

is(status("/all?token=$jwt"), 200, 'satisfy all: address and token');
is(status('/all'), 401, '... no token');
is(status("/all?token=$jwt", from => '127.0.0.2'), 403, '... another address');
is(status('/any', from => '127.0.0.2'), 200, 'satisfy any: the address is enough');
is(status("/any?token=$jwt"), 200, '... and so is the token');
like(status('/any'), qr/^40[13]$/, '... one of them there must be');
is(join(' ', map { status('/limited') } 1, 2), '200 503', 'limit_req');
is(status('/checked', headers => ['X-Ok' => 1]), 200, 'auth_request lets in');
is(status('/checked'), 401, '... and keeps out');
is(status('/if?message=a'), 200, 'a location with an if');
is(status('/if?message=a&other=1'), 200, '... that is true');
is(join(' ', map { $_->[1]{message} } $redis->entries('if')), 'a other',
    '... changes what it says');
is(status('/method'), 200, 'limit_except allows');
is($t->request('GET', '/method')->status, 405,
    'a method that is not served is 405 before it is 403');

for my $path ('/redirected', '/rewritten') {
    my $answer = $t->request('POST', "$path?token=$jwt&message=$path");
    $t->answers("$path leads to another location", $answer, 201,
        qr/^\{"stream":"target:u","id":"\d+-\d+"\}$/);
    is(status($path), 401, '... which asks who it is');
}
is(scalar($redis->entries('target:u')), 2, 'each is published once');
$t->answers('try_files and a named location', $t->request('GET', '/files/x'), 404,
    '{"detail":"nothing here"}');
$t->answers('errors as text', $t->request('POST', '/text'), 401, qr/^\S.*\n\z/,
    'Content-Type' => qr{^text/plain}, 'X-Content-Type-Options' => 'nosniff');

# ---- limits of streams ---------------------------------------------------------------------------

my $first  = $t->stream(path => "/one_stream?token=$jwt", reconnect => 0);
ok($first->wait_open, 'limit_conn: a stream');
my $second = $t->stream(path => "/one_stream?token=$jwt", reconnect => 0);
$t->loop->run_until(sub { $second->refused }, 3);
is(join(' ', $second->refused), '503', '... a second one is too many');
$first->close_stream;
my $again = sub {
    my $stream = $t->stream(path => "/one_stream?token=$jwt", reconnect => 0);
    $t->loop->run_until(sub { $stream->is_open || $stream->refused }, 3);
    my $open = $stream->is_open;
    $stream->close_stream;
    return $open;
};
ok(wait_until($again, 3), '... until the first has gone');

# ---- one location, three methods -----------------------------------------------------------------

my $both = $t->stream(path => '/both');
$both->wait_events(1);
my $id = $t->request('POST', '/both?message=x')->json->{id};
is(($both->wait_events(2))[1]{id}, $id, 'POST publishes what GET streams');
is($t->request('DELETE', '/both')->body, '{"shown":["both"]}', 'DELETE clears');
$t->answers('and PUT is none of them', $t->request('PUT', '/both'), 405, undef,
    Allow => qr/^(?=.*GET)(?=.*POST)(?=.*DELETE)/);

# ---- how a stream looks --------------------------------------------------------------------------

my $words = $t->stream(path => '/words', keep_raw => 1);
$words->wait_events(1);
my $quiet = $t->stream(path => '/quiet', keep_raw => 1);
$quiet->wait_events(1);
$redis->cmd('XADD', 'words', '*', 'message', '{"n":1}');
$words->wait_events(2);
is($words->raw =~ s/^: ?still here\n\n//gmr,
    qq(retry: 250\nevent: hello\ndata: {"a":1}\n\ndata: <{"n":1}>\nevent: fixed\n\n),
    'frames as configured');
$t->loop->run_until(sub { $words->comments >= 2 }, 4);
is(join('|', map { $_->[1] =~ s/^ //r } ($words->comments)[0, 1]), 'still here|still here',
    'a heartbeat with words');
is(scalar($quiet->comments), 0, 'and none where they are off');

$t->done;
