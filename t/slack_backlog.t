# A retry is not kept waiting by the new entries that stand behind it.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
$slack->answer({status => 500});
$t->add_message("message $_") for 1 .. 80;
$t->start_worker(env => {NOTIFY_BUDGET_BURST => 5, NOTIFY_BUDGET_RATE => 5});

$slack->wait_accepted(20, 15);
my @times = map { $_->{time} } grep { $_->{body} =~ /"message 1"/ } $slack->requests;
is(scalar @times, 2, 'the first one was tried again while others still wait');
cmp_ok($times[1] - $times[0], '<', 3, 'soon after its time') if @times > 1;
cmp_ok($t->pending + $t->redis->cmd('XLEN', 'test_stream'), '>', 80, 'there was a backlog');

$slack->wait_accepted(80, 30);
my %seen;
$seen{$_}++ for $slack->texts;
is(scalar(grep { $seen{"message $_"} } 1 .. 80), 80, 'each one arrives');
ok(wait_until(sub { $t->pending == 0 }, 3), 'nothing is pending');

$t->done;
