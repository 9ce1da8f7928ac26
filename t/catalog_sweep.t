# Requests whose notification is gone from the user's stream, on SQLite: rejected with the reason, and no
# acknowledgement is overtaken.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::SweepCases;

my $t = NotifyTest->new;
my $c = NotifyTest::Catalog->new($t, kind => 'sqlite', worker => NotifyTest::SweepCases->worker);
NotifyTest::SweepCases->run($t, $c);
$t->done;
