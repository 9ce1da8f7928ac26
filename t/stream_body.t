# A stream is asked for without a body. One that comes all the same is thrown away: it is no further
# request, and does not hide that the client leaves.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(http => "notify_send_timeout 60s;\n");
my $path = $t->stream_path('u');

my $hidden = "GET /api/v1/notify/health/live HTTP/1.1\r\nHost: x\r\n\r\n";
my $length = length $hidden;
for my $method ('HEAD', 'POST') {
    my $http = $t->http(timeout => 3);
    $http->send("$method $path HTTP/1.1\r\nHost: x\r\nContent-Length: $length\r\n\r\n$hidden"
            . "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    my $text = $http->read_until(qr/(?!)/, 3);
    my @heads = $text =~ m{HTTP/1\.1 (\d+) }g;
    is($heads[-1], 404, "$method: the request behind the body is answered");
    unlike($text, qr/"status":"ok"/, "$method: what stands in the body is not");
}

# One that does not come along with the head is refused: while it is waited for nobody could see that
# the client leaves.
my $http = $t->http(timeout => 3);
$http->send("GET $path HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx");
$t->answers('a late body', $http->receive, 400,
    '{"detail":"A stream is asked for without a body"}');
$http->send('y');
$http->send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
$t->answers('the request behind it', $http->receive, 404);

# A client that leaves is seen long before the next heartbeat.
$http->close;
$http = $t->http(timeout => 3);
$http->send("GET $path HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
like($http->read_until(qr/stream-open\n\n/, 3), qr/^HTTP\/1\.1 200/, 'a body that comes along');
$http->close;
ok(wait_until(sub { $t->nginx->access_log =~ m{"GET /api/v1/external/notify/stream\S* HTTP/1.1" 200} }, 5),
    'and a client that leaves');

$t->done;
