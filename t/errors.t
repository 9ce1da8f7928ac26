# Requests that no client should make: each has its answer, and the worker lives.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving;
my @workers = $t->nginx->workers;

my $publish = '/api/v1/internal/notify/publish';
my $stream  = '/api/v1/external/notify/stream';

# ---- methods -------------------------------------------------------------------------------------

my @served = (
    ['/publish/test',                POST   => qw(GET PUT DELETE PATCH OPTIONS HEAD)],
    ['/status',                      GET    => qw(POST DELETE)],
    ['/status/test',                 GET    => qw(POST)],
    ['/clear',                       DELETE => qw(GET POST)],
    ['/clear/test',                  DELETE => qw(GET)],
    [$publish,                       POST   => qw(GET PUT)],
    [$stream,                        GET    => qw(POST PUT)],
    ['/api/v1/notify/health/live',   GET    => qw(POST)],
);
for (@served) {
    my ($path, $allowed, @methods) = @$_;
    for my $method (@methods) {
        my $body = $method eq 'HEAD' ? '' : '{"detail":"Method Not Allowed"}';
        $t->answers("$method $path is 405", $t->request($method, $path, body => ''), 405, $body,
            Allow => qr/^(?=.*\b$allowed\b)(?!.*\b$method\b)/);
    }
}
$t->answers('an unknown method', $t->request('BREW', '/publish/test'), 405,
    '{"detail":"Method Not Allowed"}', Allow => 'POST');

# ---- paths ---------------------------------------------------------------------------------------

for my $path ('/', '/nowhere', '/publish', '/publish/', '/publish/test/more', '/status/a/b',
    '/publish//test', '/publish/x/../test', '/status/x%2F..%2Ftest', '/clear/x%2f..%2Ftest', '//status',
    '/api/v1/nowhere', '/api/v1/internal/notify/publish/more', '/publish/test%2Fmore',
    # what the configuration names for itself
    '/environments/not_found', "$stream/named", "$stream/named?token=x")
{
    my $answer = $t->signed('GET', $path);
    $t->answers("$path is 404", $answer, 404, '{"detail":"Not Found"}',
        'Content-Type' => 'application/json');
}

for (['/publish/test/?message=x&y=z', 'POST', '/publish/test?message=x&y=z'],
    ['/status/', 'GET', '/status'], ['/status/test/', 'GET', '/status/test'],
    ['/clear/', 'DELETE', '/clear'], ["$publish/", 'POST', $publish],
    ["$stream/?token=x", 'GET', "$stream?token=x"])
{
    my ($path, $method, $target) = @$_;
    $t->answers("$path is redirected", $t->signed($method, $path), 307, undef,
        Location => qr/(?:^|\d)\Q$target\E$/);
}

# ---- names ---------------------------------------------------------------------------------------

my @names = (
    '..', '%2e%2e', '..%2f..%2fetc', '%2e%2e%2f', '%00', 'test%00', 'test%0a', 'test%0d',
    'test%0d%0aX-Injected:%201', '%ff%fe', '%F0%9F%98%80', 'test%20', 'a' x 2000, '*',
    'test_stream', '%7Btest%7D', 'test%2F..%2Fdev', '%', '%zz',
);
for my $name (@names) {
    my $shown = length $name > 30 ? substr($name, 0, 30) . '...' : $name;
    for (['POST', "/publish/$name?message=x"], ['GET', "/status/$name"],
        ['DELETE', "/clear/$name"])
    {
        my ($method, $path) = @$_;
        my $answer = $t->signed($method, $path);
        ok($answer && $answer->status =~ /^4/, "$method with the name $shown is 4xx")
            or diag $answer ? $answer->status . ' ' . $answer->body : 'no answer';
        unlike($answer ? $answer->head : '', qr/^X-Injected/mi,
            'and its text stays out of the head');
    }
}
for my $user ('..', "a\0b", "a\r\nb", "a\nb", 'x' x 1000) {
    my $answer = $t->publish_user($user, 1);
    my $shown  = substr $user =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger, 0, 20;
    my $fits   = $user eq '..';
    is($answer->status, $fits ? 202 : 422, "a user $shown") or diag $answer->body;
}
is_deeply([sort grep { !/^notify:|\.\./ } $t->redis->keys], [],
    'no stream came of all this');

# ---- bodies --------------------------------------------------------------------------------------

my $limit = 1024 * 1024;
my $big   = '{"type":"t","user_id":"u","data":"' . 'x' x $limit . '"}';
my $too_large = qr/^\{"detail":"[^"]+"\}$/;
for (['users', $publish], ['environments', '/publish/test?message=x']) {
    my ($system, $path) = @$_;
    $t->answers("$system: a body over the limit is 413", $t->signed('POST', $path, body => $big),
        413, $too_large, 'Content-Type' => 'application/json');
}
# ... nor where none is wanted
for my $path (qw(/health /alerts/ /status/ /publish/a%2Fb /docs /docs/ /docs/page.js /openapi.json /redoc)) {
    $t->answers("$path: a body over the limit is 413", $t->signed('POST', $path, body => $big), 413, $too_large,
        'Content-Type' => 'application/json', 'X-Request-ID' => qr/./);
}
$t->answers('users: in chunks too', $t->request('POST', $publish, chunked => 1,
    body => [unpack '(a65536)*', $big]), 413, $too_large);
my $http = $t->http;
$http->send("POST $publish HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
$t->answers('users: before it is sent', $http->receive, 413, $too_large);
my $fits = '{"type":"t","user_id":"u","data":"' . 'x' x ($limit - 100) . '"}';
$t->answers('a body within the limit', $t->request('POST', $publish, body => $fits), 202);
my ($entry) = $t->redis->entries('user:u');
ok((grep { length $_ > $limit - 200 } values $entry->[1]->%*), 'arrives whole');
$t->answers('the same in chunks',
    $t->request('POST', $publish, chunked => 1, body => [unpack '(a30000)*', $fits]), 202);

# ---- bytes that are no HTTP ----------------------------------------------------------------------

my $head    = "POST $publish HTTP/1.1\r\nHost: x\r\n";
my $chunked = "Transfer-Encoding: chunked\r\n";
my @raw = (
    ['not HTTP',               "\0\1\2\3\r\n\r\n"],
    ['HTTP/0.9',               "GET /status\r\n"],
    ['HTTP/2.0 in clear text', "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ['no Host',                "GET /status HTTP/1.1\r\n\r\n"],
    ['a header without name',  "GET /status HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n"],
    ['two lengths',            "${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"],
    ['length and chunks',      "${head}Content-Length: 3\r\n${chunked}\r\n0\r\n\r\n"],
    ['a chunk that lies',      "${head}${chunked}\r\nzz\r\n\r\n"],
    ['a negative length',      "${head}Content-Length: -1\r\n\r\n"],
    ['a long line',            'GET /' . 'x' x 100_000 . " HTTP/1.1\r\nHost: x\r\n\r\n"],
);
for (@raw) {
    my ($name, $bytes) = @$_;
    my $http = $t->http(timeout => 3);
    $http->send($bytes);
    shutdown $http->socket, 1;
    my $text = $http->read_until(qr/(?!)/, 3);
    ok($text eq '' || $text =~ m{^HTTP/1\.1 [45]} || $text !~ m{^HTTP/},
        "$name: refused") or diag $text;
}

# A client that leaves while its body is read, and while Redis is asked.
for my $part ('', '{"type":"t"') {
    my $http = $t->http;
    $http->send("POST $publish HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n$part");
    $http->close;
}
$t->redis->freeze;
for (1 .. 20) {
    my $http = $t->http;
    $http->send(NotifyTest::Http::compose('POST', $publish,
        body => '{"type":"t","user_id":"u","data":1}'));
    $http->close;
}
$t->redis->thaw;
$t->answers('afterwards all is well', $t->publish_user('u', 1), 202);

is_deeply([$t->nginx->workers], \@workers, 'it is the same worker as before');
$t->done;
