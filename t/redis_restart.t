# Redis restarted within a second under 500 messages a second: only what was on the wire fails.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

use constant { RATE => 500, STREAMS => 20, CONNECTIONS => 32 };

my $t = NotifyTest->serving(workers => 2, edit => {'notify_retain \d+' => 'notify_retain 100000'});
my ($redis, $loop) = ($t->redis, $t->loop);

my $ledger  = $t->ledger;
my @names   = map { "client$_" } 1 .. STREAMS;
my @streams = map {
    $t->stream(path => $t->stream_path('u'), name => $_, on_event => $ledger->recorder,
        forget_events => 1)
} @names;
$loop->run_until(sub { !grep { !$_->count } @streams }, 10);

# The publisher goes on in the same loop while Redis is stopped and started.
my $publisher = $t->user_publisher('u', rate => RATE, connections => CONNECTIONS)->start;
my @outages;
for (1 .. 2) {
    $loop->run_for(1.5);
    my $down = time;
    $redis->process->signal('TERM');
    $loop->run_until(sub { !$redis->process->running }, 5);
    $redis->begin;
    $loop->run_until(sub { $redis->answers }, 5);
    my $up = time;
    push @outages, [$down, $up];
    cmp_ok($up - $down, '<', 1, sprintf 'Redis was away for %.2f s', $up - $down);
    $loop->run_for(1.5);
}
$publisher->stop;
ok($loop->run_until(sub { $publisher->settled }, 10), 'all publishes have a fate');

my %refused = $publisher->refused->%*;
my $number  = $publisher->number;
cmp_ok($number, '>=', 5 * RATE, "$number messages were published");
is(scalar(keys $publisher->unknown->%*), 0, 'no connection was cut');
is(join(' ', grep { $_ != 503 } map { $_->[0] } values %refused), '', 'what failed got 503');

# On the wire at the instant when Redis went: answered as soon as the link was seen to be lost.
my $late = grep {
    my $at = $_->[1];
    !grep { $at >= $_->[0] - 0.05 && $at <= $_->[0] + 0.25 } @outages
} values %refused;
is($late, 0, 'at once');
cmp_ok(scalar(keys %refused), '<=', 2 * CONNECTIONS, keys(%refused) . ' were on the wire');
cmp_ok(scalar(keys $publisher->accepted->%*), '>=', $number - 2 * CONNECTIONS,
    'all others were accepted');

$t->all_came($ledger, \@names, [$publisher], 10);
is(scalar(grep { $_->closed } @streams), 0, 'over streams that stayed open');

$t->done;
