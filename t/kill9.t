# A worker that is killed takes nothing along.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

use constant STREAMS => 100;

my $t = NotifyTest->serving(workers => 2);
$t->allow_log(qr/exited on signal 9/);

my $ledger  = $t->ledger;
my @names   = map { "client$_" } 1 .. STREAMS;
my @streams = map {
    $t->stream(path => $t->stream_path('u'), name => $_, on_event => $ledger->recorder)
} @names;
$t->loop->run_until(sub { !grep { $_->events < 1 } @streams }, 10);

my $publisher = $t->user_publisher('u', rate => 50)->start;
for (1 .. 2) {
    $t->loop->run_for(0.5);
    $t->nginx->kill_worker;
    my $closed = grep { !$_->is_open } @streams;
    $t->loop->run_until(sub { !grep { !$_->is_open } @streams }, 6);
    is(scalar(grep { !$_->is_open } @streams), 0, 'all streams are back');
}
my $lost = grep { $_->closed } @streams;
cmp_ok($lost, '>', 0, "$lost streams lost their worker");
cmp_ok($lost, '<', 2 * STREAMS, 'and the others did not notice');

$publisher->stop;
ok($t->loop->run_until(sub { $publisher->settled }, 10), 'all publishes have a fate');
is(join(' ', map { "$_->[0]" } values $publisher->refused->%*), '', 'none was refused');
cmp_ok(scalar(keys $publisher->unknown->%*), '<=', 16,
    'only what the killed workers held was lost');

$t->all_came($ledger, \@names, [$publisher]);

$t->done;
