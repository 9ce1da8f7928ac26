# System 001, row by row: every operation, and every status that it documents.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Rows;

use IO::Select;
use MIME::Base64 qw(encode_base64url);

my $t    = NotifyTest->serving;
my $rows = NotifyTest::Rows->new($t, 'alerts');
my $key  = $t->make_key('alice');
my @auth = (Authorization => "Bearer $key");

my $health  = 'GET /health';
my @publish = ('PUT /alerts', 'POST /alerts', 'PUT /alerts/{group}', 'POST /alerts/{group}');
my @connect = ('GET /alerts', 'GET /alerts/{group}');
is_deeply([sort $health, @publish, @connect], [$rows->names], 'these are all');

sub ask ($name, %option) {
    my ($method, $path) = split / /, $name;
    my $group = $option{group} // 'ops';
    $path =~ s/\{group\}/$group/;
    my $body = $option{body} // ($method eq 'GET' ? undef : '{"message":"m"}');
    return $t->request($method, $path, body => $body, headers => $option{headers} // \@auth,
        port => $option{port} // $t->nginx->port);
}

$rows->row($_, 200, ask($_)) for @publish, $health;
for my $name (@connect) {
    my ($path) = $name =~ s/\{group\}/ops/r =~ / (.+)/;
    my $stream = $t->stream(path => $path, headers => ["Authorization: Bearer $key"], reconnect => 0);
    $stream->wait_open;
    $rows->row($name, 200, $stream->response);
    $stream->close_stream;
    my @key = (Authorization => "Bearer $key");
    $rows->row($name, 101, $rows->handshake($path, 13, @key));
    $rows->row($name, 426, $rows->handshake($path, 12, @key), 'another version');
    $rows->row($name, 400, $rows->handshake($path, 13, @key, 'Sec-WebSocket-Key' => 'x'), 'a bad handshake');
}

for my $name ($rows->names) {
    $rows->row($name, 401, ask($name, headers => []), 'no key');
    $rows->row($name, 401, ask($name, headers => [Authorization => 'Bearer x']), 'a wrong one');
    $rows->row($name, 413, ask($name, body => 'x' x 1_100_000));
}
for my $name (@publish) {
    $rows->row($name, 422, ask($name, body => $_), $_) for '', '[]', '{}', '{"message":"m","level":"bogus"}';
}
$rows->row($_, 400, ask($_, group => '%FF'), 'no name for a stream') for grep { /group/ } @publish, @connect;
$rows->row($_, 404, ask($_, group => 'a%2Fb'), 'a slash in the name') for grep { /group/ } @publish, @connect;

# Wrong keys of well-known form, more than an address may have in a minute.
my $strict = $t->start_other_nginx(shipped => 1, server => 'notify_auth_failures 1;');
for my $name ($rows->names) {
    my $wrong = $key =~ s/.\z/$& eq 'A' ? 'B' : 'A'/er;
    ask($name, headers => [Authorization => "Bearer $wrong" . 'A' x $_], port => $strict->port) for 0 .. 2;
    $rows->row($name, 429, ask($name, headers => [Authorization => "Bearer ${wrong}BB"], port => $strict->port),
        'too many wrong keys');
}

# More keys than can be verified in time: those that are sent when all places are taken are answered at once.
my $open = $t->start_other_nginx(shipped => 1, server => 'notify_auth_failures off;');
my $sent = 0;
sub send_new_key ($name) {
    my ($path) = $name =~ s/\{group\}/ops/r =~ / (.+)/;
    my $http = $t->http(port => $open->port);
    $http->send(NotifyTest::Http::compose('GET', $path,
        headers => [Authorization => 'Bearer ' . encode_base64url(sprintf 'alice:%024d', ++$sent)]));
    return $http;
}
my @waiting = map { send_new_key($health) } 1 .. 280;
for my $name (@connect, $health) {
    my @asked = map { send_new_key($name) } 1 .. 20;
    my $busy;
    wait_until(sub {
        my @answers = map { $_->receive } grep { IO::Select->new($_->{socket})->can_read(0) } @asked;
        ($busy) = grep { $_ && $_->status == 503 } @answers;
    }, 10);
    $rows->row($name, 503, $busy // 0, 'too many keys');
    is($busy && $busy->header('X-Request-ID') ? 1 : 0, 1, '... with an id');
    $_->close for @asked;
}
$_->close for @waiting;

my $redis = $t->redis;
for my $name (@publish) {
    my $stream = $name =~ /group/ ? 'alerts:ops' : 'alerts:default';
    $redis->cmd('DEL', $stream);
    $redis->cmd('SET', $stream, 'x');
    $rows->row($name, 500, ask($name), 'a key of another type');
}
$redis->stop;
$rows->row($_, 503, ask($_), 'no Redis') for @publish;

$rows->done;
$t->done;
