# The catalogue: every endpoint of its nouns, on PostgreSQL; which goes away and comes back.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::CatalogCases;

my $t = NotifyTest->new;
my $c = NotifyTest::Catalog->new($t, kind => 'postgresql');
NotifyTest::CatalogCases->run($t, $c);

# ---- a restart -------------------------------------------------------------------------------------

$c->database->stop;
my $away = $c->admin('GET', '/clients');
is($away->status, 503, 'PostgreSQL is away');
is($away->json->{status_code}, 503, 'says so');
is($away->header('Retry-After'), 1, 'and when to come again');
is($c->request('GET', '/health')->status, 200, 'what needs none goes on');
$c->database->start;
is($c->admin('GET', '/clients')->status, 200, 'PostgreSQL is back');

# One that is shorter than the patience shows as a wait.
my $http = $t->http(timeout => 20);
$c->database->stop;
$http->send(NotifyTest::Http::compose('GET', '/api/clients', headers =>
    [NotifyTest::Catalog::basic(NotifyTest::Catalog::ADMIN, NotifyTest::Catalog::PASSWORD)]));
$c->database->start;
is($http->receive->status, 200, 'a short restart is no error');

$t->done;
