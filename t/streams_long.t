# Answers of half a megabyte that are written while Redis is asked: HTTP/2, limit_rate, and a Redis
# that goes away in the middle.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

use constant STREAMS => 5000;

my $t = NotifyTest->new;
$t->start_redis;
my $tls   = $t->make_tls;
my $nginx = $t->start_nginx(shipped => 1, tls => $tls, server => 'limit_rate 400k;');
my $redis = $t->redis;
$redis->cmd('EVAL', <<'END', 0, STREAMS);
for i = 1, ARGV[1] do
    local name = string.format('bulk:%05d', i)
    redis.call('XADD', name, '1-0', 'data', i)
    redis.call('XGROUP', 'CREATE', name, 'group', '0')
end
END

for my $version (qw(1.1 2)) {
    my ($status, $output) = $t->run(['curl', '-sS', "--http$version", '--cacert', $tls->ca,
        '-H', 'Authorization: Bearer ' . BEARER_TOKEN, '-o', "$t->{dir}/out", '-w',
        '%{http_version} %{http_code}', 'https://localhost:' . $nginx->tls_port . '/admin/stats']);
    is($output, "$version 200", "HTTP/$version");
    my $stats = eval { JSON::PP->new->utf8->decode($t->read_file("$t->{dir}/out")) };
    is(scalar(($stats->{streams} // [])->@*), STREAMS, "HTTP/$version: all streams are told");
}

# What is not whole must not look whole.
my $http = $t->http;
$http->send(NotifyTest::Http::compose('GET', '/admin/stats',
    headers => [Authorization => 'Bearer ' . BEARER_TOKEN]));
my $text = $http->read_until(qr/bulk/, 5);
like($text, qr/^HTTP\/1\.1 200 .*\r\nTransfer-Encoding: chunked\r\n/s, 'an answer begins');
$redis->stop('KILL');
$text .= $http->read_until(qr/(?!)/, 20);
unlike($text, qr/\r\n0\r\n\r\n\z/, 'Redis goes away: it is cut');
$t->answers('others are told so', $t->bearer('GET', '/admin/stats'), 503, qr/^Redis /);

$t->done;
