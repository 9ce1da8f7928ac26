# System 004, row by row, on PostgreSQL.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::RowCases;

my $t = NotifyTest->new;
NotifyTest::RowCases->run($t, NotifyTest::Catalog->new($t, kind => 'postgresql',
    worker => NotifyTest::RowCases->worker));
$t->done;
