# The catalogue's limits of requests: 429 in its shape, for one address and for those who use the
# superuser's name.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;

my $t = NotifyTest->new;
my $c = NotifyTest::Catalog->new($t);
my @basic = NotifyTest::Catalog::basic(NotifyTest::Catalog::ADMIN, NotifyTest::Catalog::PASSWORD);

# ---- as it ships: nobody notices them -------------------------------------------------------------

my $key  = $c->made('/clients', {client_name => 'shop'});
my $http = $t->http;
my %count;
$count{$http->request('GET', '/api/clients?limit=0', headers => \@basic)->status}++ for 1 .. 500;
is_deeply(\%count, {422 => 500}, 'five hundred requests at once are answered');
my $conf = $t->read_file($t->root . '/nginx.conf.example') . $t->read_file($t->root . '/conf/notiq.conf');
my @numbers = $conf =~ /limit_req_zone .* rate=(\d+)r|limit_req zone=notiq\w* burst=(\d+) /g;
is(join(' ', grep { defined } @numbers), '2000 100 4000 5000', 'the numbers of docs/catalog.md');

is($c->admin('GET', '/clients', undef, map { $_ => 'x' x 60_000 } qw(X-A X-B X-C))->status, 200,
    'a head as large as nginx takes');

# ---- each part for itself -------------------------------------------------------------------------

my $slow = $t->start_other_nginx(shipped => 1, env => $c->environment, edit => {
    'rate=2000r/s' => 'rate=1r/m', 'burst=4000' => 'burst=3', 'rate=100r/s' => 'rate=1r/m', 'burst=5000' => 'burst=1',
});
sub ask ($from, $method, $path, @headers) {
    return $t->request($method, $path, port => $slow->port, from => $from, headers => \@headers);
}
my $uuid = qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
my @refusal = (429, '{"status_code":429,"message":"HTTP Exception","error":"Too many requests"}',
    'Retry-After' => 1, 'X-Request-ID' => $uuid, 'Access-Control-Allow-Origin' => undef,
    'Content-Type' => 'application/json');

is(ask('127.0.0.1', GET => '/api/clients', @basic)->status, 200, 'the superuser asks') for 1, 2;
$t->answers('and too often', ask('127.0.0.1', GET => '/api/clients', @basic), @refusal);
is(ask('127.0.0.1', GET => '/api/health')->status, 200, 'others of this address do not') for 1, 2;
$t->answers('until they do', ask('127.0.0.1', GET => '/api/health'), @refusal);
$t->answers("any of the catalogue's paths", ask('127.0.0.1', $_->[0] => $_->[1]), @refusal)
    for ['GET', '/api/nowhere'], ['POST', '/api/notification/send'], ['DELETE', '/api/clients/x/mark_inactive'];
is(ask('127.0.0.2', GET => '/api/health')->status, 200, 'another address has its own');

# ---- what is not counted ------------------------------------------------------------------------

my $stream = $t->stream(port => $slow->port, path => "/api/ws/shop/alice?api_key=$key", reconnect => 0);
ok($stream->wait_open, "a user's stream");
$stream->close_stream;
my @other = (
    ['users', GET => '/api/v1/notify/health/live', 200], ['streams', GET => '/admin/ping', 200],
    ['environments', GET => '/status', 200], ['alerts', GET => '/health', 401],
);
for (@other) {
    my ($name, $method, $path, $status) = @$_;
    my @headers = (signed_headers(API_TOKEN)->@*, Authorization => 'Bearer ' . BEARER_TOKEN);
    is(ask('127.0.0.1', $method => $path, @headers)->status, $status, "the $name know nothing of it");
}
my $log = $slow->error_log;
like($log, qr/\[warn\] .* limiting requests/, 'the log has it');
unlike($log, qr/Basic|\Q$key\E/, 'without what they sent');

$t->done;
