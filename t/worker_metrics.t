# The worker's metrics, over a port and over a Unix socket.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
$t->start_slack;
my $port = free_port;
$t->start_worker(arguments => ['--metrics-listen', "127.0.0.1:$port"]);

sub get ($path, @where) {
    return $t->run(['curl', '-sS', '-w', '\n%{http_code} %{content_type}', @where,
        "http://127.0.0.1:$port$path"]);
}

sub figure ($series) {
    my ($status, $text) = get('/metrics');
    return $text =~ /^notify_worker_\Q$series\E (\S+)$/m ? $1 : undef;
}

sub becomes ($series, $value, $name) {
    my $got;
    wait_until(sub { $got = figure($series); defined $got && $got == $value }, 10);
    return is($got, $value, $name);
}

becomes('redis_up',    1, 'Redis is there');
becomes('in_hand',     0, 'nothing is in hand');
$t->add_message("m$_") for 1 .. 3;
becomes('deliveries_total{outcome="delivered",stream="test_stream"}', 3, 'deliveries');
becomes('taken_total{how="read",stream="test_stream"}', 3, 'what was taken');
becomes('pending{stream="test_stream"}', 0, 'nothing is pending');
becomes('delivery_seconds_count{stream="test_stream"}', 3, 'requests are timed');

my ($status, $text) = get('/metrics');
like($text, qr{\n200 text/plain; version=0\.0\.4; charset=utf-8$}, 'as Prometheus likes it');
my $file = $t->dir . '/metrics.txt';
$t->write_file($file, $text =~ s/\n[^\n]*\z/\n/r);
is(join(' ', $t->run(['sh', '-c', "promtool check metrics <$file"])), '0 ',
    'promtool has nothing to say');
like((get('/'))[1],                              qr/404 /,   'nothing else is there');
like((get('/metrics', '-X', 'POST', '-d', 'x'))[1], qr/ ?(?:405|501|413) /, 'nor another method');

$t->redis->stop;
becomes('redis_up', 0, 'Redis is away');
$t->redis->start;
becomes('redis_links_total', 2, 'a reconnect');

# ---- a Unix socket -------------------------------------------------------------------------------

my $socket = $t->dir . '/metrics.sock';
$t->start_worker(arguments => ['--metrics-listen', "unix:$socket"]);
like((get('/metrics', '--unix-socket', $socket))[1], qr/^notify_worker_redis_up 1$/m,
    'over a Unix socket');

for my $bad ('8080', 'localhost:80', '127.0.0.1:', '127.0.0.1:0', '127.0.0.1:65536', '::1:80',
    'unix:', 'unix:here', '127.0.0.1:80x') {
    my ($exit, $said) = $t->run([$t->build . '/notify-worker', '--metrics-listen', $bad]);
    ok($exit != 0 && $said =~ /metrics-listen.*expected/, "no place to listen: $bad");
}

$t->done;
