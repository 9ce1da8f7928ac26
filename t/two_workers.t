# Two workers share the work and the budget of a destination.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
my %env   = (NOTIFY_BUDGET_BURST => 5, NOTIFY_BUDGET_RATE => 10, NOTIFY_PREFETCH => 2);
$slack->answer(map { {status => 200, delay => 0.05} } 1 .. 60);
my @workers = map { $t->start_worker(env => {%env}) } 1, 2;

$t->add_message("m$_", $_ % 2 ? 'test' : 'dev') for 1 .. 40;
my @requests = $slack->wait_requests(40, 15);
ok(wait_until(sub { $t->pending + $t->pending('dev') == 0 }, 3), 'all is finished');
my %seen;
$seen{$_}++ for $slack->texts;
is(scalar keys %seen, 40, 'each message is delivered');
is(join(' ', grep { $seen{$_} > 1 } sort keys %seen), '', 'once');

# 40 messages, five at once and ten a second: not in less than 3.5 s, with however many workers.
my @times = map { $_->{time} } @requests;
cmp_ok($times[-1] - $times[0], '>', 3.2, 'within the budget of both together');
my $worst = 0;
for my $i (0 .. $#times) {
    my $within = grep { $_ >= $times[$i] && $_ < $times[$i] + 1 } @times;
    $worst = $within if $within > $worst;
}
cmp_ok($worst, '<=', 16, "at most $worst in a second");

my $consumers = $t->redis->cmd('XINFO', 'CONSUMERS', 'test_stream', 'test_stream_group');
my @consumers = map { {@$_}->{name} } @$consumers;
is(scalar @consumers, 2, 'each worker is a consumer of its own');
ok((grep { $_ eq 'test_stream_worker' } @consumers), 'one of them under the documented name');

# One goes, the other carries on alone; a third joins.
$workers[0]->stop;
is($workers[0]->describe_status, 'exit status 0', 'one worker ends');
$t->add_message('alone');
ok(wait_until(sub { ($slack->texts)[-1] eq 'alone' }, 5), 'the other goes on');
$t->start_worker(env => {%env});
$t->add_message("again$_") for 1 .. 5;
ok(wait_until(sub { 5 == grep { /^again/ } $slack->texts }, 5), 'and is joined again');

$t->done;
