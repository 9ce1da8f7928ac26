# System 002: health answers without a token.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving;

my $ok = '{"status":"ok"}';
for my $what (qw(live ready)) {
    my $path = "/api/v1/notify/health/$what";
    $t->answers($what, $t->request('GET', $path), 200, $ok, 'Content-Type' => 'application/json');
    $t->answers("$what by HEAD", $t->request('HEAD', $path), 200, '');
    $t->answers("$what with a body", $t->request('GET', $path, body => 'x'), 200, $ok);
}

# What Prometheus asks for, in the configuration that ships.
like($t->request('GET', '/metrics')->body, qr/^notify_redis_up\{?/m, 'figures for Prometheus');

my $http = $t->http;
my $sum  = grep { $http->request('GET', '/api/v1/notify/health/ready')->status == 200 } 1 .. 50;
is($sum, 50, 'one connection asks often');

$t->redis->stop;
$t->answers('live does not depend on Redis',
    $t->request('GET', '/api/v1/notify/health/live'), 200, $ok);
$t->answers('ready does', $t->request('GET', '/api/v1/notify/health/ready'), 503,
    qr/^\{"detail":"[^"]+"\}$/);
$t->redis->start;
ok(
    wait_until(sub { $t->request('GET', '/api/v1/notify/health/ready')->status == 200 }, 3),
    'ready again when Redis is',
);

$t->done;
