# A guard that did not run refuses: nginx has no access phase for parts of other requests.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $root = $t->dir . '/pages';
mkdir $root;
$t->write_file("$root/$_.html", $_) for qw(page open);
$t->write_file("$root/secret.txt", 'the secret');
$t->write_file("$root/include.html", '[<!--# include virtual="/history" -->]');
$t->write_file("$root/static.html",  '[<!--# include virtual="/file/secret.txt" -->]');
$t->write_file("$root/key.html",     '[<!--# include virtual="/key" -->]');
$t->write_file("$root/member.html",  '[<!--# include virtual="/member" -->]');
$t->write_file("$root/publish.html", '[<!--# include virtual="/publish" -->]');

$t->start_nginx(http => "notify_redis env:REDIS_URL;\n", server => <<"END_OF_CONF");
    notify_jwt HS256 env:JWT_SECRET arg=token;
    notify_signature env:API_TOKEN;
    notify_bearer env:BEARER_TOKEN;
    notify_key env:AUTH_STORE_DIR;
    notify_hmac env:SLACK_SIGNING_SECRET window=0 "message={body}";
    root $root;

    location = /history   { notify_auth jwt; notify_history s; }
    location = /key       { notify_auth key; notify_history s; }
    location = /member    { notify_member members \$arg_m header=x-api-key; notify_history s; }
    location = /publish   { notify_auth bearer; notify_publish s method=GET; notify_entry a b; }
    location /file/       { notify_auth jwt; alias $root/; }
    location ~ ^/(?:include|static|key|member|publish)\\.html { ssi on; }

    location = /check/jwt       { notify_auth jwt;       notify_return 200 ok; }
    location = /check/signature { notify_auth signature; notify_return 200 ok; }
    location = /check/bearer    { notify_auth bearer;    notify_return 200 ok; }
    location = /check/key       { notify_auth key;       notify_return 200 ok; }
    location = /check/hmac      { notify_auth hmac;      notify_return 200 ok; }
    location = /check/member    { notify_member members \$http_x_member header=x-api-key required; notify_return 200 ok; }
    location = /check/either    { notify_auth jwt key;   notify_return 200 ok; }
    location = /check/any       { satisfy any; deny all; notify_auth jwt; notify_return 200 ok; }
    location = /jwt       { auth_request /check/jwt;       try_files /page.html =404; }
    location = /signature { auth_request /check/signature; try_files /page.html =404; }
    location = /bearer    { auth_request /check/bearer;    try_files /page.html =404; }
    location = /by_key    { auth_request /check/key;       try_files /page.html =404; }
    location = /hmac      { auth_request /check/hmac;      try_files /page.html =404; }
    location = /by_member { auth_request /check/member;    try_files /page.html =404; }
    location = /either    { auth_request /check/either;    try_files /page.html =404; }
    location = /any       { auth_request /check/any;       try_files /page.html =404; }

    location = /before    { add_before_body /history; addition_types *; try_files /page.html =404; }
    location = /mirrored  { mirror /publish; try_files /page.html =404; }
    location = /posted    { post_action /publish; try_files /page.html =404; }
    location = /named     { try_files /nothing \@named; }
    location \@named       { notify_auth jwt; notify_history s; }
    location = /errors    { error_page 418 = \@named; return 418; }
    location = /inside    { rewrite ^ /history last; }
END_OF_CONF
my $redis = $t->redis;
my $key   = $t->make_key('alice');
my $good  = jwt(JWT_SECRET, {sub => 'u'});
my $bad   = jwt('another secret that is long enough to be one', {sub => 'u'});
my @jwt   = (Authorization => "Bearer $good");
$redis->cmd('XADD', 's', '*', 'n', 'entry of s');

sub get ($path, @headers) { return $t->request('GET', $path, headers => \@headers) }

# ---- auth_request ---------------------------------------------------------------------------------

my $now = time;
my @guards = (
    ['/jwt',       401, [@jwt], [[], [Authorization => "Bearer $bad"], [Authorization => 'Bearer ']]],
    ['/signature', 403, signed_headers(API_TOKEN),
        [[], [token => API_TOKEN], signed_headers('x'), signed_headers(API_TOKEN, $now - 1000)]],
    ['/bearer',    401, [Authorization => 'Bearer ' . BEARER_TOKEN], [[], [Authorization => 'Bearer x']]],
    ['/by_key',    401, [Authorization => "Bearer $key"], [[], [Authorization => 'Bearer x'], [@jwt]]],
    ['/hmac',      403, undef, [[], ['x-signature' => 'x']]],
    ['/by_member', 403, undef, [[], ['x-member' => 'm', 'x-api-key' => 'x']]],
    ['/either',    401, [Authorization => "Bearer $key"], [[], [Authorization => 'Bearer x']]],
    ['/either',    401, [@jwt], [[Authorization => "Bearer $bad"]]],
    ['/any',       401, [@jwt], [[], [Authorization => "Bearer $bad"]]],
);
for (@guards) {
    my ($path, $refusal, $right, $wrong) = @$_;
    is(get($path, @$_)->status, $refusal, "auth_request to $path without what is right") for @$wrong;
    next if !$right;
    my $answer = get($path, @$right);
    is($answer->status . ' ' . $answer->body, '200 page', '... and with it');
}
is(get('/jwt')->header('WWW-Authenticate'), 'Bearer', 'the client hears what is asked for');

# ---- parts of pages, and requests beside the request -----------------------------------------------

sub includes ($path, $secret, @right) {
    my $answer = get($path);
    is($answer->status, 200, "$path without a token");
    unlike($answer->body, $secret, '... does not have what is guarded');
    like(get($path, @right)->body, $secret, '... and with it') if @right;
    return;
}
includes('/include.html', qr/entry of s/, @jwt);
includes('/static.html',  qr/the secret/, @jwt);
includes('/key.html',     qr/entry of s/, Authorization => "Bearer $key");
includes('/member.html',  qr/entry of s/);
includes('/before',       qr/entry of s/, @jwt);

my $length = $redis->cmd('XLEN', 's');
get($_) for '/publish.html', '/mirrored', '/posted';
is($redis->cmd('XLEN', 's'), $length, 'nothing is published by a part that is not let in');
my @bearer = (Authorization => 'Bearer ' . BEARER_TOKEN);
get('/publish.html', @bearer);
is($redis->cmd('XLEN', 's'), $length + 1, '... and with the token it is');
get('/mirrored', @bearer);
ok(wait_until(sub { $redis->cmd('XLEN', 's') == $length + 2 }, 5), '... also by a mirror');
get('/posted', @bearer);
ok(wait_until(sub { $redis->cmd('XLEN', 's') == $length + 3 }, 5), '... and by post_action');

# ---- internal redirects ----------------------------------------------------------------------------

for my $path ('/named', '/errors', '/inside') {
    is(get($path)->status, 401, "$path without a token");
    like(get($path, @jwt)->body, qr/entry of s/, '... and with it');
}

$t->done;
