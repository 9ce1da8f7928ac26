# Several nginx on one Redis: what is published at one is streamed by all.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(workers => 2);
my @nodes = ($t->nginx, map { $t->start_other_nginx(shipped => 1, workers => 2) } 1, 2);

my $ledger = $t->ledger;
my @names;
for my $node (0 .. $#nodes) {
    for my $number (1 .. 10) {
        push @names, "node$node-$number";
        my $stream = $t->user_stream('u', port => $nodes[$node]->port, name => $names[-1],
            on_event => $ledger->recorder);
        is($stream->count, 1, "$names[-1] is ready") if $number == 1;
    }
}
my @publishers = map { $t->user_publisher('u', port => $_->port, rate => 40) } @nodes;
$_->start for @publishers;
$t->loop->run_for(1);
$nodes[1]->reload;
$t->loop->run_for(1);
$_->stop for @publishers;
$t->loop->run_until(sub { !grep { !$_->settled } @publishers }, 5);

my @expected = $t->all_came($ledger, \@names, \@publishers, 10);
cmp_ok(scalar @expected, '>=', 200, @expected . ' events, published at three nodes');

# One node is stopped: its clients go to another, and go on there.
my $stream = $t->user_stream('v', port => $nodes[2]->port, on_event => $ledger->recorder);
my @ids = map { $t->publish_user('v', $_)->json->{id} } 1 .. 3;
$stream->wait_events(4);
$stream->{port} = $nodes[0]->port;
$stream->{retry} = 0.05;
$nodes[2]->stop;
push @ids, map { $t->publish_user('v', $_)->json->{id} } 4 .. 6;
$t->loop->run_until(sub { $ledger->complete(['v'], @ids) }, 10);
is(join("\n", $ledger->faults(['v'], @ids)), '',
    'a client that moves to another node misses nothing');

$t->done;
