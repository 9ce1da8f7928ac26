# SIGTERM: the worker finishes what is on the wire, at most 5 s, and leaves the rest in the stream.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;

# ---- a slow answer is waited for -----------------------------------------------------------------

$slack->answer({status => 200, delay => 1.5});
my $worker = $t->start_worker;
$t->add_message("m$_") for 1 .. 5;
$slack->wait_requests(1, 5);
my $began = time;
$worker->signal('TERM');
ok($worker->wait_exit(5), 'the worker ends');
cmp_ok(time - $began, '>', 1, 'after the answer has come');
is($worker->describe_status, 'exit status 0', 'with exit status 0');
is(join(' ', $slack->texts), 'm1', 'one was on the wire, none was begun after');
my $pending = $t->redis->cmd('XPENDING', 'test_stream', 'test_stream_group', '-', '+', 100);
my %pending = map { $_->[0] => 1 } @$pending;
my ($first) = map { $_->[0] } $t->redis->entries('test_stream');
ok(!$pending{$first}, 'and it is finished');
is($t->redis->cmd('XLEN', 'test_stream'), 5, 'the rest stands in the stream');

# ---- the next worker goes on ---------------------------------------------------------------------

$worker = $t->start_worker;
$slack->wait_requests(5, 8);
is(join(' ', sort $slack->texts), 'm1 m2 m3 m4 m5', 'the next worker delivers the rest, each once');
ok(wait_until(sub { $t->pending == 0 }, 3), 'nothing is pending');

# ---- an answer that never comes ------------------------------------------------------------------

$slack->answer({hang => 1});
$t->add_message('stuck');
$slack->wait_requests(6, 5);
$began = time;
$worker->signal('TERM');
ok($worker->wait_exit(8), 'one that never comes');
cmp_ok(time - $began, '<', 6, 'is waited for 5 s at most');
is($worker->describe_status, 'exit status 0', 'with exit status 0');
is($t->pending, 1, 'the message is not lost');
$t->start_worker;
$slack->wait_requests(7, 20);
is(($slack->texts)[-1], 'stuck', 'the next worker delivers it');

# ---- with nothing to do, and with Redis away -----------------------------------------------------

wait_until(sub { $t->pending == 0 }, 3);
$began = time;
ok($t->worker->stop('TERM'), 'a worker that has nothing to do');
cmp_ok(time - $began, '<', 1, 'ends at once');
$worker = $t->start_worker;
ok($worker->stop('INT'), 'SIGINT ends it too');
is($worker->describe_status, 'exit status 0', 'with exit status 0');
$worker = $t->start_worker;
$t->redis->stop;
$worker->wait_output(qr/redis|lost|refused/i, 3);
$began = time;
ok($worker->stop('TERM'), 'and so does one whose Redis is gone');
cmp_ok(time - $began, '<', 6, 'in time');
is($worker->describe_status, 'exit status 0', 'with exit status 0');

$t->done;
