# Work queues: a name whose nginx worker is gone is free again within two seconds, and a name whose
# worker is alive is not to be had, also when Redis was away.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Queue qw(queue_locations ids consumer add finish);
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(http => 'notify_redis env:REDIS_URL;', server => queue_locations(), workers => 2);
my ($redis, $loop) = ($t->redis, $t->loop);

# A client that wants the name until it has it. Each attempt is one connection.
sub heir ($name) {
    return $t->stream(path => "/events?stream=s&group=g&consumer=$name", retry => 0.05);
}

# ---- a worker is killed --------------------------------------------------------------------------

$t->allow_log(qr/exited on signal 9/);
for my $turn (1 .. 3) {
    my $name   = "killed$turn";
    my $killed = consumer($t, 's', 'g', consumer => $name, reconnect => 0);
    $killed->wait_open;
    kill KILL => $t->nginx->workers;
    my $since = time;
    $loop->run_until(sub { $killed->closed }, 5);
    my $heir = heir($name);
    $loop->run_until(sub { $heir->is_open }, 10);
    cmp_ok(time - $since, '<', 2, "kill -9 ($turn): the name is free again within 2 s")
        or diag join ' ', $heir->refused;
    add($t, 's', "entry $turn");
    $heir->wait_events(1);
    is($heir->count, 1, '... and its consumer is given entries');
    finish($t, (ids($heir))[0]);
    $heir->close_stream;
}

# ---- a reload meets an outage of Redis -----------------------------------------------------------

for my $turn (1 .. 2) {
    my @names = map { "paused$turn-$_" } 1 .. 4;
    my @old   = map { consumer($t, 's', 'g', consumer => $_, reconnect => 0) } @names;
    $_->wait_open for @old;
    $redis->cmd('CLIENT', 'PAUSE', 3000, 'ALL');
    my $back = time + 3;
    $t->nginx->reload;
    $loop->run_until(sub { !grep { !$_->closed } @old }, 10);
    my @heirs = map { heir($_) } @names;
    $loop->run_until(sub { !grep { !$_->is_open } @heirs }, 15);
    cmp_ok(time - $back, '<', 2, "a reload in an outage ($turn): free within 2 s after it");
    is(scalar(grep { $_->is_open } @heirs), 4, '... for all');
    $_->close_stream for @heirs;
}

# ---- who is alive keeps its name -----------------------------------------------------------------

my $holder = consumer($t, 's', 'g', consumer => 'holder', reconnect => 0);
$holder->wait_open;
my $began = time;
$t->answers('a name that is held', $t->request('GET', '/events?stream=s&group=g&consumer=holder'),
    409, "Consumer holder is already connected\n");
cmp_ok(time - $began, '<', 1.5, '... is refused soon');

my $rival = heir('holder');
$redis->cmd('CLIENT', 'PAUSE', 3000, 'ALL');
my $until = time + 6;
$loop->run_until(sub { $holder->closed || $rival->is_open || time > $until }, 10);
is($holder->closed, 0, 'an outage takes no name away');
is($rival->is_open, 0, '... and gives none to a second client');
add($t, 's', 'to the holder');
$holder->wait_events(1);
is($holder->count, 1, '... and the holder goes on');
$holder->close_stream;
$loop->run_until(sub { $rival->is_open }, 5);
is($rival->is_open, 1, 'when it leaves the name is free at once');

$t->done;
