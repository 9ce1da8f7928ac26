# Work queues: whose a consumer's name is, on all nginx workers of all nodes.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Queue qw(queue_locations ids consumer add finish set_limit figures in_flight);
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
my @option = (
    http    => 'notify_redis env:REDIS_URL;',
    server  => queue_locations(),
    workers => 2,
);
$t->start_nginx(@option);
my $node  = $t->start_other_nginx(@option);
my @ports = ($t->nginx->port, $node->port);
my $redis = $t->redis;
my $loop  = $t->loop;
my $none  = "No consumers found for this stream/group\n";

sub consumers ($group) {
    return sort map { $_->[1] } $redis->cmd('XINFO', 'CONSUMERS', 's', $group)->@*;
}
sub left ($group, @names) {
    return wait_until(sub { join(' ', consumers($group)) eq join ' ', sort @names }, 5);
}

# ---- one connection for a name -------------------------------------------------------------------

my $mine = consumer($t, 's', 'g', consumer => 'mine');
$mine->wait_open;
for my $port (@ports, @ports, @ports) {    # each nginx worker of each node, sooner or later
    $t->answers('taken everywhere',
        $t->request('GET', '/events?stream=s&group=g&consumer=mine', port => $port), 409,
        "Consumer mine is already connected\n");
}
my $same = consumer($t, 's', 'h', consumer => 'mine');
$same->wait_open;
is($same->is_open, 1, 'but not in another group');
# A client that comes back may be quicker than the news that it had left.
my $again = $mine;
my @refused;
for my $turn (1 .. 20) {
    $again->close_stream;
    $again = consumer($t, 's', 'g', consumer => 'mine', port => $ports[$turn % 2]);
    push @refused, $turn unless $again->wait_open(2);
}
is("@refused", '', 'free at once when its client has left, everywhere');
add($t, 's', 1);
$again->wait_events(1);
is($again->count, 1, 'and is given entries');

# ---- it leaves with nothing pending, or with something -------------------------------------------

my ($id) = ids($again);
$again->close_stream;
$same->close_stream;
ok(wait_until(sub { figures($t, 's', 'g')->status == 404 }, 5), 'nobody is connected');
is(join(' ', consumers('g')), 'mine', 'who has something pending stays a consumer');
is(in_flight($t, 's', 'g', 'mine'), 1, 'and it stays pending');
my $back = consumer($t, 's', 'g', consumer => 'mine', limit => 10);
$back->wait_open;
add($t, 's', 2);
$back->wait_events(1);
$loop->run_for(1.2);
is($back->count, 1, 'its own pending entries do not come back before the ack timeout');
isnt((ids($back))[0], $id, 'but new ones come');
is(finish($t, $id, stream => 's', group => 'g', consumer => 'mine')->status, 200,
    'it can still finish what it had');
finish($t, (ids($back))[0]);
$back->close_stream;
ok(left('g'), 'who has nothing pending is removed');

# ---- figures over all nodes ----------------------------------------------------------------------

$t->answers('figures of nobody', figures($t, 's', 'g'), 404, $none);
$t->answers('of no stream', figures($t, 'no', 'g'), 404, $none);
$t->answers('the limit of nobody', set_limit($t, 's', 'g', 3), 404, $none);
my @all = map { consumer($t, 'f', 'g', limit => 2, port => $ports[$_ % 2]) } 1 .. 6;
$_->wait_open for @all;
add($t, 'f', $_) for 1 .. 40;
$loop->run_until(sub { 12 == grep { defined } map { $_->events } @all }, 5);
$t->answers('figures of six at two nodes', figures($t, 'f', 'g', port => $_), 200,
    qq({"consumers":6,"finished":0,"group":"g","messages":12,"stream":"f"}\n)) for @ports;
finish($t, (ids($all[$_]))[0], port => $ports[0]) for 0 .. 3;
$loop->run_until(sub { 16 == grep { defined } map { $_->events } @all }, 5);
is(join(' ', map { $_->count } @all), '3 3 3 3 2 2', 'a finish makes room where it was held');
$t->answers('are counted', figures($t, 'f', 'g'), 200,
    qq({"consumers":6,"finished":4,"group":"g","messages":16,"stream":"f"}\n));
$t->answers('a limit reaches all', set_limit($t, 'f', 'g', 4, port => $node->port), 200,
    qq({"consumers":6,"status":"ok"}\n));
$loop->run_until(sub { 28 == grep { defined } map { $_->events } @all }, 1);
is(28, scalar(map { $_->events } @all), 'within a second');
$_->close_stream for @all[0 .. 2];
ok(wait_until(sub { figures($t, 'f', 'g')->body =~ /"consumers":3,/ }, 5),
    'who has left is not counted');
$_->close_stream for @all;

for my $bad ('-1', '10001', '9' x 30) {
    $t->answers("count $bad", set_limit($t, 's', 'g', $bad), 400, qr/\AInvalid limit: /);
}
for my $bad ('1.5', '"3"', '1e2', 'null', '[]', '{}', 'true') {
    $t->answers("count $bad", set_limit($t, 's', 'g', $bad), 400, qr/\AInvalid JSON: /);
}
$t->answers('no count', $t->request('POST', '/limit?stream=s&group=g', body => '{}'), 400, qr/count/);
$t->answers('no JSON', $t->request('POST', '/limit?stream=s&group=g', body => '{'), 400, qr/./);
$t->answers('another method', $t->request('GET', '/limit?stream=s&group=g'), 405, undef,
    Allow => 'POST');
$t->answers('another method', $t->request('POST', '/consumers?stream=s&group=g'), 405, undef,
    Allow => 'GET');

# ---- a reload, and a worker that is killed -------------------------------------------------------

my $stays = $t->stream(path => '/events?stream=r&group=g&consumer=stays', retry => 0.1);
$stays->wait_open;
$t->nginx->reload;
$loop->run_until(sub { $stays->opened == 2 }, 10);
is($stays->opened, 2, 'a reload hands a name to the next connection');
is(join(' ', $stays->refused), '', 'without a 409');
$stays->close_stream;

my $killed = consumer($t, 'k', 'g', consumer => 'killed', port => $node->port);
$killed->wait_open;
my ($name, $lease) = $redis->cmd('HGETALL', 'notify:{k}:consumers:g')->@*;
my ($expires) = $lease =~ /^(\d+) /;
cmp_ok(abs($expires / 1000 - time - 45), '<', 2, 'a name is leased for 45 s');
$t->allow_log(qr/exited on signal 9/);
$node->kill_worker($_) for $node->workers;
my $heir = consumer($t, 'k', 'g', consumer => 'killed');
$heir->wait_open;
is($heir->is_open, 1, 'but free when its nginx worker is gone (queue_gone.t says how soon)');

# A lease that somebody else has taken over: the first holder is told.
my $usurped = consumer($t, 'u', 'g', consumer => 'u', port => $ports[0]);
$usurped->wait_open;
my ($value) = $redis->cmd('HGET', 'notify:{u}:consumers:g', 'u');
$redis->cmd('HSET', 'notify:{u}:consumers:g', 'u', $value =~ s/^(\d+) \S+/$1 another/r);
$loop->run_until(sub { $usurped->closed }, 10);
is($usurped->closed && $usurped->ended_cleanly, 1, 'whose name is lost is disconnected');
like($redis->cmd('HGET', 'notify:{u}:consumers:g', 'u'), qr/another/, 'and takes nothing along');

$t->done;
