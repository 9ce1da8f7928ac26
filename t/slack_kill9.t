# The worker killed with -9 while it delivers: another one takes over, nothing is lost.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
my @env   = (env => {
    NOTIFY_BUDGET_BURST => 1000, NOTIFY_BUDGET_RATE => 1000, NOTIFY_DESTINATION_CONCURRENCY => 4,
});

# Some are delivered, some on the wire, some waiting for their retry, some not yet taken.
$slack->answer((map { {status => 200} } 1 .. 5), {status => 500}, (map { {hang => 1} } 1 .. 3));
$t->start_worker(@env);
$t->add_message("m$_") for 1 .. 40;
$slack->wait_requests(9, 10);
$t->kill_worker;
my $killed = time;
is($t->worker->describe_status, 'signal 9', 'the worker is killed');
cmp_ok($t->pending, '>', 0, 'it held some');

$slack->answer;
$t->start_worker(@env);
ok(
    wait_until(sub { my %seen = map { $_->{body} => 1 } $slack->accepted; keys %seen == 40 }, 17),
    'all forty are accepted in the end',
);
my $took = time - $killed;
cmp_ok($took, '<', 16, sprintf 'taken over within 15 s (%.1f)', $took);
ok(wait_until(sub { $t->pending == 0 }, 3), 'nothing is pending');

my %accepted;
$accepted{$_}++ for map { $_->{body} =~ /"(m\d+)"/ } $slack->accepted;
is(scalar keys %accepted, 40, 'each message');
my $twice = grep { $_ > 1 } values %accepted;
cmp_ok($twice, '<=', 4, "twice only what was on the wire ($twice)");
is($t->redis->cmd('XLEN', 'test_stream'), 40, 'nothing was added again');

# Between a 429 and its time: the wait is kept by Redis, not by the worker.
$slack->answer({status => 429, retry_after => 4});
my $count = $slack->requests;
$t->add_message('held');
my ($refused) = ($slack->wait_requests($count + 1, 5))[$count];
is($refused->{answer}{status}, 429, 'a delivery is put off');
ok(wait_until(sub { $t->redis->cmd('ZCARD', 'notify:{test_stream}:due') == 1 }, 3),
    'its time is written down');
$t->kill_worker;
$t->start_worker(@env);
$slack->wait_requests($count + 2, 20);
my @held = grep { $_->{body} =~ /held/ } $slack->requests;
is(join(' ', map { $_->{answer}{status} } @held), '429 200', 'the next worker delivers it');
cmp_ok($held[1]{time} - $held[0]{time}, '>=', 4, 'not before its time') if @held == 2;

$t->done;
