# System 002: pages of other origins may listen.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving;
my $stream = '/api/v1/external/notify/stream';
my @origin = (Origin => 'https://app.example.org');

for (['GET', $stream, 401], ['GET', '/api/v1/notify/health/live', 200],
    ['GET', '/api/v1/nowhere', 404], ['POST', $stream, 405])
{
    my ($method, $path, $status) = @$_;
    $t->answers("$method $path with Origin", $t->request($method, $path, headers => [@origin]),
        $status, undef, 'Access-Control-Allow-Origin' => '*');
    $t->answers("$method $path without", $t->request($method, $path), $status, undef,
        'Access-Control-Allow-Origin' => undef);
}

my $open = $t->user_stream('u', headers => ['Origin: https://app.example.org']);
is($open->response->header('Access-Control-Allow-Origin'), '*', 'a stream with Origin');
is($open->response->header('Access-Control-Expose-Headers'), 'X-Request-ID, X-History-Next',
    '... which may read the headers of ours');
is($t->user_stream('u')->response->header('Access-Control-Allow-Origin'), undef,
    'a stream without');

sub preflight ($method, $path = $stream) {
    return $t->request('OPTIONS', $path,
        headers => [@origin, 'Access-Control-Request-Method' => $method]);
}

my $get = preflight('GET');
like($get->status, qr/^20[04]$/, 'the preflight of a GET');
is($get->header('Access-Control-Allow-Origin'), '*', 'allows the origin');
like($get->header('Access-Control-Allow-Methods'), qr/\bGET\b/, 'and GET');

my $headers = $t->request('OPTIONS', $stream, headers => [
    @origin, 'Access-Control-Request-Method' => 'GET',
    'Access-Control-Request-Headers' => 'authorization',
]);
like($headers->header('Access-Control-Allow-Headers') // '', qr/authorization|\*/i,
    'and the header with the token');

for my $method (qw(POST DELETE PUT)) {
    my $answer = preflight($method);
    my $methods = $answer->header('Access-Control-Allow-Methods') // '';
    ok($answer->status == 400 || $methods !~ /\b$method\b/,
        "$method is not allowed from other origins") or diag $answer->head;
}

$t->done;
