# Notifications through the catalogue, on PostgreSQL: sent, acknowledged, refused; and an outbox that loses
# nothing and sends nothing twice when the worker is killed at each step.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::SendCases;

my $t   = NotifyTest->new;
my $c   = NotifyTest::Catalog->new($t, kind => 'postgresql');
my $key = NotifyTest::SendCases->run($t, $c);
NotifyTest::SendCases->crashes($t, $c, $key);
NotifyTest::SendCases->lost($t, $c, $key);
NotifyTest::SendCases->restarts($t, $c, $key);
$t->done;
