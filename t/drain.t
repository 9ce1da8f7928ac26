# A reload ends the streams gently: each is told when to come back, and nothing is lost meanwhile.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

use constant { STREAMS => 60, DRAIN => 3 };

my $t = NotifyTest->serving(workers => 2, http => 'notify_drain ' . DRAIN . "s;\n");

my $ledger  = $t->ledger;
my @names   = map { "client$_" } 1 .. STREAMS;
my @streams = map {
    $t->stream(path => $t->stream_path('u'), name => $_, on_event => $ledger->recorder)
} @names;
$t->loop->run_until(sub { !grep { $_->events < 1 } @streams }, 10);

my $publisher = $t->user_publisher('u', rate => 50)->start;
$t->loop->run_for(0.5);

my @ended;
my $began = time;
my @old   = $t->nginx->reload;
my $gone;
$t->loop->run_until(
    sub {
        for my $stream (@streams) {
            $ended[$stream->{name} =~ s/\D//gr] //= time if $stream->closed;
        }
        $gone = time if !$gone && !$t->nginx->draining;
        return $gone && !grep { !$_->closed || !$_->is_open } @streams;
    },
    15,
);
ok($gone, 'the old workers are gone') or $gone = time;
cmp_ok($gone - $began, '<', DRAIN + 1.5, 'soon after notify_drain');
is(scalar(grep { kill 0, $_ } @old), 0, 'both of them');

is(scalar(grep { $_->closed != 1 } @streams), 0, 'each stream was ended once');
is(scalar(grep { !$_->ended_cleanly } @streams), 0, 'properly, as HTTP has it');
my @hints = map { $_->{retries}[1] // 0 } @streams;
is(scalar(grep { $_ <= 0 } @hints), 0, 'each was told when to come back');
my %different = map { $_ => 1 } @hints;
cmp_ok(scalar keys %different, '>', STREAMS / 4, 'not all at the same time');
my @times = sort { $a <=> $b } grep { defined } @ended;
cmp_ok($times[-1] - $times[0], '>', DRAIN / 3, 'and the ends are spread over the time');

# A publish that waits for Redis while its worker is told to go is finished.
$publisher->stop;
ok($t->loop->run_until(sub { $publisher->settled }, 10), 'all publishes were answered');
is(join(' ', map { "$_->[0]" } values $publisher->refused->%*), '', 'none was refused');
cmp_ok(scalar(keys $publisher->unknown->%*), '<=', 8,
    'at most the idle connections were closed under one');

$t->all_came($ledger, \@names, [$publisher]);

# Idle streams drain as well, and so does a worker that has none.
$t->nginx->reload;
ok($t->loop->run_until(sub { !$t->nginx->draining }, DRAIN + 1.5), 'a reload without traffic');
$t->loop->run_until(sub { !grep { !$_->is_open } @streams }, 8);
$_->close_stream for @streams;
$t->loop->run_for(0.1);
my $empty = time;
$t->nginx->reload;
ok(wait_until(sub { !$t->nginx->draining }, 2), 'workers without streams go at once');

$t->done;
