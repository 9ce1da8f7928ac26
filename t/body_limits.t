# A limit on bodies does not depend on how a body is framed, and counts before anything is done.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->new;
my $tls   = $t->make_tls;
$t->start_redis;
$t->start_nginx(shipped => 1, tls => $tls, server => <<'END');
    location = /small { notify_max_message 1k; notify_status s limited; notify_clear s limited; }
    location = /open  { client_max_body_size 0; notify_return 404; }
END
my $redis = $t->redis;
my $key   = $t->make_key('alice');
my @key    = (Authorization => "Bearer $key");
my @bearer = (Authorization => 'Bearer ' . BEARER_TOKEN);
my $big    = 'x' x 3_000_000;

sub seed () { $redis->cmd('XADD', $_, '*', 'message', 'x') for qw(uat_stream limited); return }
seed();

my @operations = (
    ['status',    'GET',    '/status/uat', 'signed'],
    ['clear',     'DELETE', '/clear/uat', 'signed'],
    ['reminders', 'POST',   '/internal/reminder/run_once', 'signed'],
    ['environment', 'POST', '/publish/uat?message=m', 'signed'],
    ['ping',      'GET',    '/admin/ping', @bearer],
    ['flush',     'POST',   '/admin/flush', @bearer],
    ['finish',    'POST',   '/api/streams/s/groups/g/consumers/c/messages/1-1/finish', @bearer],
    ['publish',   'POST',   '/api/v1/internal/notify/publish'],
    ['an alert',  'PUT',    '/alerts/g', @key],
    ['alerts',    'GET',    '/alerts/g', @key],
    ['health',    'GET',    '/health', @key],
    ['live',      'GET',    '/api/v1/notify/health/live'],
    ['ready',     'GET',    '/api/v1/notify/health/ready'],
    ['a stream',  'GET',    $t->stream_path('u')],
    ['history',   'GET',    '/api/v1/external/notify/history?token=' . jwt(JWT_SECRET, {sub => 'u'})],
    ['events',    'GET',    '/api/events?stream=s&group=g', @bearer],
    ['no such path', 'GET', '/alerts/a/b', @key],
    ['figures',   'GET',    '/metrics'],
);

sub big ($method, $path, $framing, @headers) {
    @headers = signed_headers(API_TOKEN)->@* if ($headers[0] // '') eq 'signed';
    my $http = $t->http(timeout => 10);
    my $text = NotifyTest::Http::compose($method, $path, headers => [@headers],
        body => $framing eq 'chunked' ? [($big) x 1] : $big, chunked => $framing eq 'chunked');
    # The peer may stop reading before all is sent: its answer is there all the same.
    $http->send($text);
    return $http->receive;
}

for (@operations) {
    my ($name, $method, $path, @headers) = @$_;
    my ($length, $chunks) = map { big($method, $path, $_, @headers) } 'length', 'chunked';
    is($length->status, 413, "$name: 3 MB with a length");
    is($chunks->status, 413, '... and in chunks') or diag $chunks->head;
    is($chunks->body, $length->body, '... with the same words');
}
is($redis->cmd('XLEN', 'uat_stream'), 1, 'and nothing was done');
is($redis->cmd('EXISTS', 'user:u', 'alerts:g'), 0, 'nor published');

# notify_max_message is for operations that have no use for a body, too.
for my $chunked (0, 1) {
    for my $method ('GET', 'DELETE') {
        my $answer = $t->request($method, '/small', body => 'x' x 2000, chunked => $chunked);
        $t->answers("$method of 2 kB" . ($chunked ? ' in chunks' : ''), $answer, 413,
            '{"detail":"Request body is too large"}');
        is($redis->cmd('XLEN', 'limited'), 1, '... is not done');
        is($t->request($method, '/small', body => 'x' x 1000, chunked => $chunked)->status, 200, '1 kB is');
        seed() if $method eq 'DELETE';
        $redis->cmd('XTRIM', 'limited', 'MAXLEN', 1);
    }
}
is(big('POST', '/open', 'chunked')->status, 404, 'where nginx has no limit a refusal needs none');

# HTTP/2 without content-length, and a client that asks first.
$t->write_file("$t->{dir}/big", $big);
my $url = 'https://localhost:' . $t->nginx->tls_port;
for my $how (['--http2', '-H', 'Content-Length:'], ['--http1.1', '-H', 'Transfer-Encoding: chunked', '-H', 'Expect: 100-continue']) {
    my @signed = signed_headers(API_TOKEN)->@*;
    my @headers;
    push @headers, '-H', shift(@signed) . ': ' . shift @signed while @signed;
    my (undef, $output) = $t->run(['sh', '-c', 'exec "$@" <"$0"', "$t->{dir}/big", 'curl', '-sS', '--cacert', $tls->ca, @$how, @headers, '-X', 'DELETE',
        '-T', '-', '-o', '/dev/null', '-w', '%{http_code}', "$url/clear/uat"]);
    like($output, qr/413/, "curl @$how");
}
cmp_ok($redis->cmd('XLEN', 'uat_stream'), '>', 0, 'and nothing was done');

# What is small enough goes on as ever, and the connection with it.
my $http = $t->http;
for my $body ('', 'x' x 1000, 'x' x 500_000) {
    my $answer = $http->request('GET', '/status/uat', headers => signed_headers(API_TOKEN), body => [$body || 'y'], chunked => 1);
    is($answer->status, 200, 'a smaller one in chunks');
}

$t->done;
