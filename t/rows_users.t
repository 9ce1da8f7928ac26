# System 002, row by row: every operation, and every status that it documents.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Rows;

my $t    = NotifyTest->serving;
my $rows = NotifyTest::Rows->new($t, 'users');

my $publish = 'POST /api/v1/internal/notify/publish';
my $connect = 'GET /api/v1/external/notify/stream';
my $history = 'GET /api/v1/external/notify/history';
my $live    = 'GET /api/v1/notify/health/live';
my $ready   = 'GET /api/v1/notify/health/ready';
is_deeply([sort $publish, $connect, $history, $live, $ready], [$rows->names], 'these are all');

sub ask ($name, %option) {
    my ($method, $path) = split / /, $name;
    my $token = $option{token} // jwt(JWT_SECRET, {sub => $option{user} // 'alice'});
    $path .= "?token=$token" if $path =~ /external/ && length $token;
    return $t->request($method, $path . ($option{arguments} // ''), body => $option{body}, headers => $option{headers} // [],
        port => $option{port} // $t->nginx->port);
}
sub event ($user) { return qq({"type":"t","user_id":"$user","data":1}) }

$rows->row($publish, 202, ask($publish, body => event('alice')));
my $stream = $t->user_stream('alice');
$rows->row($connect, 200, $stream->response);
$stream->close_stream;
my $path = $t->stream_path('alice');
$rows->row($connect, 101, $rows->handshake($path));
$rows->row($connect, 426, $rows->handshake($path, 12), 'another version');
$rows->row($connect, 400, $rows->handshake($path, 13, 'Sec-WebSocket-Key' => 'x'), 'a bad handshake');
$rows->row($_, 200, ask($_)) for $history, $live, $ready;

for my $name ($connect, $history) {
    $rows->row($name, 401, ask($name, token => ''), 'no token');
    $rows->row($name, 401, ask($name, token => 'x.y.z'), 'none that is good');
    $rows->row($name, 401, ask($name, token => jwt(JWT_SECRET, {sub => 7})), 'no user');
    $rows->row($name, 400, ask($name, user => "a\nb"), 'no name for a stream');
}
$rows->row($history, 422, ask($history, arguments => '&limit=x'), 'no limit');
$rows->row($publish, 422, ask($publish, body => $_)) for '{', '{"type":"t","user_id":"u"}', '{"type":"t","user_id":1,"data":1}';
$rows->row($publish, 422, ask($publish, body => event('a\nb')), 'no name for a stream');
$rows->row($_, 413, ask($_, body => 'x' x 1_100_000)) for $rows->names;

$rows->row($publish, 415, ask($publish, body => event('alice'), headers => ['Content-Type' => 'text/plain']), 'no JSON');

my $closed = $t->start_other_nginx(shipped => 1, allow => "deny all;\n");
$rows->row($publish, 403, ask($publish, body => event('alice'), port => $closed->port), 'an address that is not let in');

my $port = $rows->used_up(sub ($port) { ask($_, body => event('alice'), port => $port) for $publish, $history });
$rows->row($_, 429, ask($_, body => $_ eq $publish ? event('alice') : undef, port => $port), 'too often')
    for $publish, $connect, $history;

my $redis = $t->redis;
for my $name ($publish, $history) {
    $redis->cmd('DEL', 'user:alice');
    $redis->cmd('SET', 'user:alice', 'x');
    $rows->row($name, 500, ask($name, body => $name eq $publish ? event('alice') : undef), 'a key of another type');
}
$redis->stop;
$rows->row($_, 503, ask($_, body => $_ eq $publish ? event('alice') : undef), 'no Redis') for $publish, $history, $ready;

$rows->done;
$t->done;
