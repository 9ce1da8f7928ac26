# Providers and templates of the catalogue, on PostgreSQL: rendered, delivered, rejected for good, and no
# more of them than there are places.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::ProviderCases;

my $t = NotifyTest->new;
my $c = NotifyTest::Catalog->new($t, kind => 'postgresql', worker => NotifyTest::ProviderCases->worker);
NotifyTest::ProviderCases->run($t, $c);
NotifyTest::ProviderCases->crowded($t, $c);
NotifyTest::ProviderCases->places($t, $c);
$t->done;
