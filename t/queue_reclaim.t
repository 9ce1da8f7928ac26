# Work queues: what is not finished in time comes again, to somebody, and not for ever.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Queue
    qw(queue_locations bodies ids consumer add finish figures in_flight set_limit);
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
my @option = (
    http    => 'notify_redis env:REDIS_URL;',
    server  => queue_locations('notify_ack_timeout 2s; notify_max_deliveries 3;'),
    workers => 2,
);
$t->start_nginx(@option);
my $node  = $t->start_other_nginx(@option);
my $redis = $t->redis;
my $loop  = $t->loop;
$t->start_worker(env => {NOTIFY_QUEUE_LOOK => '200ms'});

# ---- who left ------------------------------------------------------------------------------------

my ($id) = map { add($t, 's', $_) } 1;
my $gone = consumer($t, 's', 'g', consumer => 'gone');
$gone->wait_events(1);
my $given = time;
$gone->close_stream;
my $heir = consumer($t, 's', 'g', consumer => 'heir', port => $node->port);
my $same = consumer($t, 's', 'g', consumer => 'gone');
$_->wait_open for $heir, $same;
$loop->run_until(sub { $heir->count + $same->count }, 8);
my $took = time - $given;
cmp_ok($took, '>', 1.9, 'an entry of one that left comes again after the ack timeout');
cmp_ok($took, '<', 4.0, 'and soon after it');
is(join(' ', ids($heir), ids($same)), $id, 'to one consumer');
is(finish($t, $id)->status, 200, 'who finishes it');
$_->close_stream for $heir, $same;

# ---- who is slow ---------------------------------------------------------------------------------

add($t, 'slow', $_) for 1 .. 2;
my $slow = consumer($t, 'slow', 'g', consumer => 'slow', limit => 2);
$slow->wait_events(2);
my $fast = consumer($t, 'slow', 'g', consumer => 'fast', port => $node->port, limit => 5);
$loop->run_until(sub { $fast->count >= 1 || $slow->count > 2 }, 8);
my ($moved) = ids($fast);
ok(defined $moved, 'an entry of one that is still there goes to one that has room');
is(finish($t, $moved, stream => 'slow', group => 'g', consumer => 'slow')->status, 404,
    'the former holder cannot finish it by its long path');
is(finish($t, $moved, stream => 'slow', group => 'g', consumer => 'fast')->status, 200,
    'the new one can');
add($t, 'slow', 3);
$loop->run_until(sub { grep { $_ eq '3' } bodies($slow), bodies($fast) }, 3);
ok((grep { $_ eq '3' } bodies($slow), bodies($fast)), 'and whoever lost one has room');
$_->close_stream for $slow, $fast;

# Its own entry, with nobody else there.
add($t, 'own', 1);
my $own = consumer($t, 'own', 'g', limit => 2);
$own->wait_events(2, 8);
is(join(' ', bodies($own)), '1 1', 'its own one comes again, too');
$own->close_stream;

# One that is full gets nothing again, and may still finish.
my $late = add($t, 'full', 1);
my $full = consumer($t, 'full', 'g');
$full->wait_events(1);
$loop->run_for(3.5);
is($full->count, 1, 'one without room is not given its own entry again');
ok(finish($t, $late, stream => 'full', group => 'g')->status == 200, 'and finishes it late');
$t->answers('by its id alone it would be forgotten', finish($t, $late), 404,
    "Message not found or already processed\n");
$full->close_stream;

# ---- trimmed bodies ------------------------------------------------------------------------------

my @trimmed = map { add($t, 'trim', $_) } 1 .. 5;
my $trim = consumer($t, 'trim', 'g', consumer => 'a', limit => 3);
$trim->wait_events(3);
$redis->cmd('XDEL', 'trim', @trimmed[0, 1]);
$trim->close_stream;
my $next = consumer($t, 'trim', 'g', consumer => 'b', limit => 10);
$next->wait_events(2);
finish($t, $_) for ids($next);
$next->wait_events(3, 8);
is(join(' ', bodies($next)), '4 5 3', 'what is left of a trimmed stream comes');
ok(wait_until(sub { in_flight($t, 'trim', 'g') == 1 }, 5), 'the rest is not pending any more');
ok(wait_until(sub {
    ($t->nginx->error_log . $node->error_log) =~ /group "g" of stream "trim" lost 2 unfinished/ }, 3),
    'and that is told');
$next->close_stream;

# ---- too often -----------------------------------------------------------------------------------

my $poison = $redis->cmd('XADD', 'p', '*', 'data', '{"x":1}', 'more', 'yes');
my $eater  = consumer($t, 'p', 'g', limit => 9);
$loop->run_until(sub { $redis->cmd('XLEN', 'notify:{p}:dead') }, 15);
is($eater->count, 3, 'an entry is given out three times');
my ($letter) = $redis->entries('notify:{p}:dead');
is($letter->[1]{'notify-id'}, $poison, 'then it is a dead letter');
is($letter->[1]{'notify-attempts'}, 3, 'with the number of deliveries');
is($letter->[1]{data} . $letter->[1]{more}, '{"x":1}yes', 'and all its fields');
is($letter->[1]{'notify-group'}, 'g', 'and the group');
ok(wait_until(sub { in_flight($t, 'p', 'g') == 0 }, 3), 'it is not pending any more');
is(finish($t, $poison)->status, 404, 'and cannot be finished');
$loop->run_for(2.5);
is($eater->count, 3, 'nor does it come again');
set_limit($t, 'p', 'g', 1);
add($t, 'p', 2);
$eater->wait_events(4);
is((bodies($eater))[3], 2, 'and it takes up no room');
$eater->close_stream;

# ---- without a worker ----------------------------------------------------------------------------

$t->{worker}->stop;
add($t, 'alone', 1);
my $left = consumer($t, 'alone', 'g');
$left->wait_events(1);
$left->close_stream;
my $finder = consumer($t, 'alone', 'g');
$finder->wait_open;
$loop->run_until(sub { $finder->count }, 20);
is($finder->count, 1, 'without the worker it takes some seconds longer');

$t->done;
