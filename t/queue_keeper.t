# The worker looks after work queues: it rings for entries that were not finished in time, removes
# consumers that nobody needs, and forgets queues that are gone. Their clients are native ones here.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $redis = $t->redis;

use constant QUEUES => 'notify:{queues}';

sub pair ($stream, $group) { return join '', map { length($_) . ":$_" } $stream, $group }

sub queue ($stream, $group, $timeout_ms) {
    $redis->cmd('XGROUP', 'CREATE', $stream, $group, '0', 'MKSTREAM');
    $redis->cmd('HSET', QUEUES, pair($stream, $group), "$timeout_ms 16");
    return;
}

# What is rung on the control channel of a group.
my %rings;
my $listener = $redis->connect;
sub listen_to ($stream, $group) {
    my $heard = sub ($message, $, $) { $rings{"$stream/$group"} .= "$message " };
    $listener->subscribe("notify:{$stream}:queue:$group", $heard);
    return;
}
sub rung ($name, $seconds = 5) {
    my $look = sub { $listener->wait_for_messages(0.05); ($rings{$name} // '') =~ /reclaim/ };
    return wait_until($look, $seconds);
}

queue('orders', 'billing', 300);
queue('orders', 'mail',    60_000);
listen_to('orders', $_) for qw(billing mail);
$redis->cmd('XADD', 'orders', '*', 'data', $_) for 1 .. 3;
$redis->cmd('XREADGROUP', 'GROUP', $_, 'native', 'COUNT', 2, 'STREAMS', 'orders', '>')
    for qw(billing mail);

my %quick = (
    NOTIFY_QUEUE_LOOK   => '100ms',
    NOTIFY_QUEUE_SWEEP  => '200ms',
    NOTIFY_QUEUE_FORGET => '100ms',
);
my $worker = $t->start_worker(env => {%quick, NOTIFY_LOG_LEVEL => 'debug'});

# ---- bells ---------------------------------------------------------------------------------------

ok(rung('orders/billing'), 'a queue with entries that were not finished in time is rung');
ok(!exists $rings{'orders/mail'}, 'one whose entries have time left is not');
my $lease = $redis->cmd('GET', 'notify:{queues}:keeper');
ok($lease, 'one worker has the lease');

# ---- another worker takes over -------------------------------------------------------------------

my $other = $t->start_worker(env => {%quick});
$t->kill_worker($worker);
$redis->cmd('PEXPIRE', 'notify:{queues}:keeper', 50);
delete $rings{'orders/billing'};
ok(rung('orders/billing'), 'the other one takes over when the lease lapses');
isnt($redis->cmd('GET', 'notify:{queues}:keeper'), $lease, 'which is its own now');

# ---- Redis goes and comes back -------------------------------------------------------------------

$redis->stop;
$other->wait_output(qr/Redis is away/, 5);
$redis->start;
%rings    = ();
$listener = $redis->connect;
listen_to('orders', 'billing');
ok(rung('orders/billing', 10), 'it goes on after Redis was away');

# ---- consumers -----------------------------------------------------------------------------------

sub consumers ($stream, $group) {
    my $consumers = $redis->cmd('XINFO', 'CONSUMERS', $stream, $group);
    return join ' ', sort map { my %facts = @$_; $facts{name} } @$consumers;
}

$redis->cmd('XGROUP', 'CREATECONSUMER', 'orders', 'billing', $_) for qw(idle leased);
$redis->cmd('HSET', 'notify:{orders}:consumers:billing', 'leased', '99999999999999 token 1 0 0',
    'lapsed', '1 token 1 0 0');
ok(wait_until(sub { consumers('orders', 'billing') eq 'leased native' }, 5),
    'a consumer is removed that has no lease and nothing pending, and no other one');
is(join(' ', $redis->cmd('HKEYS', 'notify:{orders}:consumers:billing')->@*), 'leased',
    'and leases that lapsed');

# ---- queues --------------------------------------------------------------------------------------

$redis->cmd('HSET', QUEUES, 'what is this', '1 2', pair('never', 'there'), '300 16',
    pair('orders', 'x'), 'nonsense');
queue("a:{b}\x{fc}", 'g r', 300);
$redis->cmd('DEL', 'notify:{orders}:consumers:billing');
ok(wait_until(sub { $redis->cmd('HLEN', QUEUES) == 3 }, 10),
    'what is no queue, or gone, is taken from the list');
is(join('|', sort $redis->cmd('HKEYS', QUEUES)->@*),
    join('|', sort(pair("a:{b}\x{fc}", 'g r'), map { pair('orders', $_) } qw(billing mail))),
    'the others stay, whatever their names are');

# ---- dead letters of queues ----------------------------------------------------------------------

my ($id) = map { $_->[0] } $redis->entries('orders');
my $dead = $redis->cmd('XADD', 'notify:{orders}:dead', '*', 'notify-id', $id,
    'notify-group', 'billing', 'notify-reason', 'not finished after 16 deliveries',
    'notify-attempts', 16, 'notify-at', 1, 'data', 'again');
$redis->cmd('XACK', 'orders', 'billing', $id);
my ($shown, $page) = $t->notifyctl('dead', 'show', 'orders', $dead);
is($shown, 0, 'notifyctl dead show');
like($page, qr/not finished after 16 deliveries/, 'tells why');
my ($status, $output) = $t->notifyctl('dead', 'redrive', 'orders', $dead);
is("$status $output", "0 $dead pending $id\n", 'notifyctl dead redrive');
is($redis->cmd('EXISTS', 'notify:{orders}:due'), 0, 'a queue has no due records');
my ($pending) = $redis->cmd('XPENDING', 'orders', 'billing', $id, $id, 1)->@*;
cmp_ok($pending->[2], '>', 86_400_000, 'the entry counts as late, so that the next claim takes it');

ok($other->stop('TERM'), 'the worker ends');
is($other->describe_status, 'exit status 0', 'with exit status 0');
$t->done;
