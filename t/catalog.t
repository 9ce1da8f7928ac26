# The catalogue: every endpoint of its nouns, on SQLite; its worker away and back.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::CatalogCases;
use NotifyTest::Http;

my $t = NotifyTest->new;
my $c = NotifyTest::Catalog->new($t, kind => 'sqlite');
NotifyTest::CatalogCases->run($t, $c);

is((stat $c->database->path)[2] & 0777, 0600, 'the file is the owner\'s alone');

# ---- another worker serves while the first one drains ----------------------------------------------

my $slack = $t->start_slack;
$t->worker->stop;
my $leaving = $c->start_worker(env => {NOTIFY_DRAIN => '8s', NOTIFY_CATALOG_WAIT => '10s'});
$slack->answer({hang => 1});
$t->add_message('hangs');
$slack->wait_requests(1);
$c->database->lock;
my $waiting = $t->http(timeout => 30);
$waiting->send(NotifyTest::Http::compose('POST', '/api/clients', body => '{"client_name":"in hand"}', headers => [
    'Content-Type' => 'application/json', NotifyTest::Catalog::basic(NotifyTest::Catalog::ADMIN, NotifyTest::Catalog::PASSWORD)]));
my $heir = $c->start_worker;
ok($heir->wait_output(qr/the catalogue is served by another worker/), 'one waits');
$leaving->signal('TERM');
ok($heir->wait_output(qr/the catalogue is served socket/, 2), 'and has the socket when the other one drains');
is($c->admin('GET', '/clients')->status, 200, 'requests are answered');
ok($leaving->running, 'while the other one still drains');
$c->database->unlock;
is($waiting->receive->status, 201, 'what it had in hand it answers');
ok($leaving->wait_exit(12), 'it ends');
is($leaving->describe_status, 'exit status 0', 'in order');
is($c->admin('GET', '/clients')->status, 200, 'and leaves the socket alone');
ok(-S $c->socket, 'which is there');

# ---- another worker serves when the first one is gone ----------------------------------------------

my $first = $t->worker;
my $other = $c->start_worker;
ok($other->wait_output(qr/the catalogue is served by another worker/), 'one of two workers serves');
$t->kill_worker($first);
ok(wait_until(sub { $c->admin('GET', '/clients')->status == 200 }, 5), 'then the other one');

$t->kill_worker($other);
my $away = $c->admin('GET', '/clients');
is($away->status, 503, 'none is there');
is($away->json->{status_code}, 503, 'says so');
is($away->header('Retry-After'), 1, 'and when to come again');

# ---- without tables, without a catalogue ------------------------------------------------------------

my $bare = $c->start_worker(env => {DATABASE_URL => 'sqlite:' . $t->dir . '/bare.sqlite', NOTIFY_CATALOG_WAIT => '100ms'});
is($c->admin('GET', '/clients')->status, 503, 'tables that are missing are no reason to end');
like($bare->output, qr/`notifyctl migrate` updates them/, 'the log says what to do');
$bare->stop;
my $none = $c->start_worker(env => {NOTIQ_ADMIN_PASSWORD => undef});
ok(!-e $c->socket, 'without a password there is no catalogue');
$none->stop;

$t->done;
