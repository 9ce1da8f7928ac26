# Where Redis is: passwords, users, database numbers, Unix sockets, for all three programs.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t    = NotifyTest->new;
my $odd  = 'p@ss:w/rd%#';
my $code = $odd =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ger;

my $redis = $t->start_redis(password => $odd, config => {
    requirepass => $odd, unixsocket => "$t->{dir}/redis.sock", unixsocketperm => '777',
});
$redis->cmd('ACL', 'SETUSER', 'someone', 'on', ">$odd", '~*', '&*', '+@all');
my $port = $redis->port;
my $slack = $t->start_slack;

my %urls = (
    'a password'              => "redis://:$code\@127.0.0.1:$port/0",
    'a password, database 3'  => "redis://:$code\@127.0.0.1:$port/3",
    'a user and a host name'  => "redis://someone:$code\@localhost:$port",
    'a Unix socket'           => "unix://:$code\@$t->{dir}/redis.sock",
    'a Unix socket, database' => "unix://:$code\@$t->{dir}/redis.sock?db=5",
);
for my $name (sort keys %urls) {
    my ($database) = $urls{$name} =~ m{(?:=|\d/)(\d+)$};
    my @env   = (env => {REDIS_URL => $urls{$name}});
    my $nginx = $t->start_other_nginx(shipped => 1, @env);
    my $worker = $t->start_worker(@env);
    my $stream = NotifyTest::Stream->new(loop => $t->loop, port => $nginx->port,
        path => $t->stream_path('u'));
    $stream->wait_events(1);
    my $http   = NotifyTest::Http->new(port => $nginx->port);
    my $answer = $http->request('POST', '/api/v1/internal/notify/publish',
        body => '{"type":"t","user_id":"u","data":1}');
    is($answer->status, 202, "$name: publish");
    is(($stream->wait_events(2))[1]{id}, $answer->json->{id}, "$name: stream");

    my $before = $slack->requests;
    $http->request('POST', '/publish/test?message=' . ($name =~ tr/a-z//cdr),
        headers => signed_headers(API_TOKEN));
    $slack->wait_requests($before + 1, 5);
    is(scalar($slack->requests), $before + 1, "$name: worker");

    my ($status, $output) = $t->run([$t->build . '/notifyctl', 'publish', 'ctl', 'a=1'], @env);
    is($status, 0, "$name: notifyctl") or diag $output;
    $redis->cmd('SELECT', $database // 0);
    is($redis->cmd('EXISTS', 'user:u', 'test_stream', 'ctl'), 3, "$name: in its database");
    $redis->cmd('FLUSHDB');
    $stream->close_stream;
    $worker->stop;
    $nginx->stop;
    my $log = $nginx->error_log . $worker->output;
    unlike($log, qr/\Q$odd\E|\Q$code\E/, "$name: the password is in no log");
}

# A wrong password: refused by Redis, told in the log, without the password.
my @wrong = (env => {REDIS_URL => "redis://:wrongsecret\@127.0.0.1:$port/0"});
my $nginx = $t->start_other_nginx(shipped => 1, @wrong);
my $http  = NotifyTest::Http->new(port => $nginx->port);
$t->answers('a wrong password: ready is 503',
    $http->request('GET', '/api/v1/notify/health/ready'), 503);
ok(wait_until(sub { $nginx->error_log =~ /WRONGPASS|password/i }, 3), 'and the log says why');
unlike($nginx->error_log, qr/wrongsecret/, 'without the password');

$t->done;
