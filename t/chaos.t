# The promise as a whole: 1,000 subscribers on two workers, five reloads and a kill -9 meanwhile,
# and every event comes exactly once to every client. NOTIFY_LONG=1 does it for a whole minute.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

use constant { STREAMS => 1000, RATE => 20, SECONDS => $ENV{NOTIFY_LONG} ? 60 : 20 };

my $t = NotifyTest->serving(
    workers => 2,
    http    => "notify_drain 2s;\n",
    # Redis is to tell of all of it at the end.
    edit    => {'notify_retain \d+' => 'notify_retain 100000'},
);
$t->allow_log(qr/exited on signal 9/);
my $redis = $t->redis;
my $loop  = $t->loop;

my $ledger  = $t->ledger;
my @names   = map { "client$_" } 1 .. STREAMS;
my @streams;
for my $name (@names) {
    push @streams, $t->stream(path => $t->stream_path('u'), name => $name, forget_events => 1,
        on_event => $ledger->recorder);
    $loop->turn(0) if @streams % 20 == 0;
}
ok($loop->run_until(sub { !grep { !$_->count } @streams }, 20), STREAMS . ' streams are ready');

my $publisher = $t->user_publisher('u', rate => RATE)->start;
my $end       = time + SECONDS;
my $step      = SECONDS / 7;
for my $disturbance (qw(reload reload kill reload reload reload)) {
    $loop->run_for($step);
    $disturbance eq 'kill' ? $t->nginx->kill_worker : $t->nginx->reload;
}
$loop->run_for($end - time) if $end > time;
$publisher->stop;
ok($loop->run_until(sub { $publisher->settled }, 10), 'all publishes have a fate');

my $published = $publisher->number;
cmp_ok($published, '>=', SECONDS * RATE, "$published messages were published");
is(join(' ', map { "$_->[0]" } values $publisher->refused->%*), '', 'none was refused');
my @unknown = keys $publisher->unknown->%*;
cmp_ok(scalar @unknown, '<=', 8, 'the fate of ' . @unknown . ' is unknown: their worker went');

my @expected = $redis->event_ids('user:u');
is(join(' ', NotifyTest::Ledger::missing($publisher->accepted, @expected)), '',
    'nothing accepted is missing');
$loop->run_until(sub { $ledger->complete(\@names, @expected) }, 20);
my @faults = $ledger->faults(\@names, @expected);
is(scalar @faults, 0, 'every event exactly once, in order, at every client')
    or diag join "\n", @faults[0 .. ($#faults > 20 ? 20 : $#faults)];
is($ledger->total, @expected * STREAMS, $ledger->total . ' deliveries');
is(scalar $ledger->all_gaps, 0, 'without a gap');

my $reconnects = 0;
$reconnects += $_->opened - 1 for @streams;
cmp_ok($reconnects, '>=', 4 * STREAMS, "over $reconnects reconnects");
$_->close_stream for @streams;
ok(wait_until(sub { !$t->nginx->draining }, 5), 'no old worker is left');

$t->done;
