# Clearing an environment also drops the deliveries that wait for their retry.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
$t->start_nginx(shipped => 1);
$t->start_worker;

$slack->answer({status => 500});
$t->signed('POST', '/publish/test?message=cleared');
$slack->wait_requests(1, 5);
my $due = 'notify:{test_stream}:due';
ok(wait_until(sub { $t->redis->cmd('ZCARD', $due) == 1 }, 3), 'a delivery waits for its retry');
is($t->signed('DELETE', '/clear/test')->status, 200, 'the environment is cleared');
is($t->redis->cmd('EXISTS', $due), 0, 'nothing waits any more');
ok(!pause_for(2.5, sub { $slack->requests > 1 }), 'and it is not delivered');

$t->signed('POST', '/publish/test?message=next');
$slack->wait_requests(2, 5);
is(join(' ', $slack->texts), 'cleared next', 'what comes next is');
ok(wait_until(sub { $t->pending == 0 }, 3), 'and nothing is pending');

# Emptied by hand, with everything that belongs to it: the worker goes on with what comes.
$t->redis->cmd('FLUSHALL');
$t->signed('POST', '/publish/test?message=afresh');
ok(wait_until(sub { ($slack->texts)[-1] eq 'afresh' }, 10), 'even after FLUSHALL');

$t->done;
