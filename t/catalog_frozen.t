# PostgreSQL stands still: it is there, and does not answer. Every request is answered in a bounded
# time, deliveries go on, nothing is sent that was refused; and afterwards all goes on at once.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::Http;
use NotifyTest::SendCases;
use Time::HiRes qw(time);

# What the documents promise is 5 s, and a little.
use constant { PATIENCE => 5, LITTLE => 1.5, SENDS => 60 };

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
my $c     = NotifyTest::Catalog->new($t, kind => 'postgresql');
my $db    = $c->database;
my $key   = $c->made('/clients', {client_name => 'Shop'});
my $json  = JSON::PP->new->utf8->canonical;

sub start ($method, $path, $body = undef, @headers) {
    my $http = $t->http(timeout => 30);
    $http->send(NotifyTest::Http::compose($method, "/api$path",
        headers => ['Content-Type' => 'application/json', @headers],
        defined $body ? (body => $json->encode($body)) : ()));
    return $http;
}
sub send_to ($user) {
    return start('POST', '/notification/send', NotifyTest::SendCases::body($user), 'x-api-key' => $key);
}
my @chief = NotifyTest::Catalog::basic(NotifyTest::Catalog::ADMIN, NotifyTest::Catalog::PASSWORD);

# ---- while it stands still -----------------------------------------------------------------------

# Some of these are in the midst of a transaction.
$c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body('warm'))->status == 200 or die;
my @sends = map { send_to("f$_") } 1 .. SENDS;
$db->freeze;
my $began = time;
my @kinds = (
    ['GET /clients'               => start('GET', '/clients', undef, @chief)],
    ['POST /channels'             => start('POST', '/channels', {name => 'fax'}, @chief)],
    ['POST /notification/send'    => send_to('frozen')],
    ['POST /notification/acknowledge' =>
        start('POST', '/notification/acknowledge', {user_id => 'a', message_ids => ['1-1']}, 'x-api-key' => $key)],
    map { ['one of many' => send_to("many$_")] } 1 .. 40,
);
is($c->request('GET', '/health')->status, 200, 'GET /health does not need it');
$t->add_message("m$_") for 1 .. 3;
is(scalar($slack->wait_requests(3, 3)), 3, 'deliveries go on');

for my $row (@kinds) {
    my ($name, $http) = @$row;
    my $answer = $http->receive;
    my $took   = time - $began;
    is($answer->status, 503, "$name: 503") or diag $answer->body;
    cmp_ok($took, '<', PATIENCE + LITTLE, sprintf '%s: after %.1f s', $name, $took);
    is($answer->header('Retry-After'), 1, 'says when to come again');
    like($answer->json->{error}, qr/^The database does not answer$|^The notification was not sent$/, 'and why');
}
my %status;
$status{"f$_"} = $sends[$_ - 1]->receive->status for 1 .. SENDS;
is(join(' ', grep { $status{$_} !~ /^(?:200|503)$/ } keys %status), '', 'what was sent before is answered, too');

# ---- it goes on ----------------------------------------------------------------------------------

$db->thaw;
$began = time;
is($c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body('thawed'))->status, 200, 'it goes on');
cmp_ok(time - $began, '<', 2, sprintf 'within %.2f s', time - $began);
is($c->admin('GET', '/clients')->status, 200, 'for all');
ok(wait_until(sub { NotifyTest::SendCases::outbox($c) == 0 }, 15), 'the outbox is empty');
ok(wait_until(sub { $db->value("SELECT COUNT(*) FROM requests WHERE status = 'PENDING' AND message_id IS NULL") == 0 },
    15), 'no row is neither sent nor rejected');
for my $user (sort keys %status) {
    my @entries = NotifyTest::SendCases::entries($t, $user);
    is(scalar @entries, $status{$user} == 200 ? 1 : 0, "$user, answered $status{$user}") or next;
    is(NotifyTest::SendCases::row($c, $user) // 'none', 'PENDING', 'and its row') if @entries;
    isnt(NotifyTest::SendCases::row($c, $user) // 'none', 'PENDING', 'and its row') unless @entries;
}
is(scalar(grep { NotifyTest::SendCases::entries($t, "many$_") } 1 .. 40), 0, 'what was refused is not sent');

# ---- the end of the worker -----------------------------------------------------------------------

$db->freeze;
my $http = send_to('last');
pause_for(0.3, sub { NotifyTest::SendCases::entries($t, 'last') });
$began = time;
ok($t->worker->stop('TERM', 20), 'the worker ends');
cmp_ok(time - $began, '<', 10, sprintf 'after %.1f s', time - $began);
is($t->worker->describe_status, 'exit status 0', 'with exit status 0');
is($http->receive->status, 503, 'and has answered');
$db->thaw;

# ---- a network that is silent --------------------------------------------------------------------

# The kernel takes the connection; nobody says anything.
my $silent = IO::Socket::INET->new(Listen => 50, LocalAddr => '127.0.0.1') or die;
my $worker = $c->start_worker(env => {DATABASE_URL => 'postgresql://notify@127.0.0.1:' . $silent->sockport . '/x'});
ok(wait_until(sub { -S $c->socket }, 5), 'a worker starts all the same');
$began = time;
is($c->admin('GET', '/clients')->status, 503, 'a silent peer: 503');
cmp_ok(time - $began, '<', PATIENCE + LITTLE, sprintf 'after %.1f s', time - $began);
$t->add_message('m4');
is(scalar($slack->wait_requests(4, 3)), 4, 'deliveries go on');
$began = time;
ok($worker->stop('TERM', 20), 'and it ends');
cmp_ok(time - $began, '<', 10, sprintf 'after %.1f s', time - $began);
like($worker->output, qr/the database is away/, 'its log says why');
$t->done;
