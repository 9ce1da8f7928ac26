# Work queues: the group is deleted, flushed or evicted; Redis goes away; nginx is killed.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Queue qw(queue_locations bodies ids consumer add finish in_flight set_limit);

my $t = NotifyTest->new;
$t->start_redis;
my @option = (
    http    => 'notify_redis env:REDIS_URL; notify_redis_timeout 500ms;',
    server  => queue_locations(),
    workers => 2,
);
$t->start_nginx(@option);
my $redis = $t->redis;
my $loop  = $t->loop;

# A consumer that comes back, as an EventSource does.
sub stays ($stream, $group, %option) {
    my $name = $option{consumer} // 'c';
    my $limit = $option{limit} // 1;
    my $one = $t->stream(retry => 0.2,
        path => "/events?stream=$stream&group=$group&consumer=$name&limit=$limit");
    $one->wait_open;
    return $one;
}
# Ids are two numbers: of "7-18446744073709551615" and "7-2" the first one is later.
sub reaches ($mark, $id) {
    my ($ms, $seq) = split /-/, $mark // '0-0';
    my ($its_ms, $its_seq) = split /-/, $id;
    return $ms > $its_ms || ($ms == $its_ms && $seq >= $its_seq);
}
sub log_says ($pattern) {
    return wait_until(sub { $t->nginx->error_log =~ $pattern }, 5);
}

# ---- XGROUP DESTROY: it begins again before what was not finished --------------------------------

my @id  = map { add($t, 's', $_) } 1 .. 10;
my $one = stays('s', 'g', limit => 5);
my $two = stays('s', 'g', limit => 1, consumer => 'd');
$loop->run_until(sub { $one->count + $two->count == 6 }, 5);
my %has = map { $_ => 1 } ids($one), ids($two);
finish($t, $_) for @id[0 .. 2];    # the oldest one that is unfinished is the fourth
$loop->run_until(sub { $one->count + $two->count == 9 }, 5);
ok(wait_until(sub { reaches($redis->cmd('GET', 'notify:{s}:mark:g'), $id[2]) }, 8),
    'the mark is kept') or diag($redis->cmd('GET', 'notify:{s}:mark:g'));
my $before = $one->count;
$redis->cmd('XGROUP', 'DESTROY', 's', 'g');
$loop->run_until(sub { $one->closed == 1 && $two->closed == 1 }, 5);
ok($one->ended_cleanly, 'its consumers are closed, in order');
ok(log_says(qr/\[error\].*group "g" of stream "s" is gone from Redis/), 'an error is logged');
$loop->run_until(sub { $one->opened == 2 && $two->opened == 2 }, 5);
$loop->run_until(sub { $one->count >= $before + 5 }, 5);
my @again = (ids($one))[$before .. $one->count - 1];
my @second = grep { my $id = $_; !grep { $_ eq $id } @id[0 .. 2] } @again;
is("@second", "@again", 'what was finished does not come again');
ok(log_says(qr/\[error\].*group "g" of stream "s" had been lost; it begins again/),
    'and that it was lost is told');
for (1 .. 20) {
    finish($t, $_) for ids($one), ids($two);
    $loop->run_for(0.05);
}
my %came = map { $_ => 1 } (ids($one))[$before .. $one->count - 1], ids($two);
is(join(' ', grep { !$came{$_} } @id[3 .. 9]), '', 'all else does');
is(in_flight($t, 's', 'g'), 0, 'and is finished');
$_->close_stream for $one, $two;

# ---- DEL, FLUSHALL -------------------------------------------------------------------------------

for my $how (['DEL', 'd'], ['FLUSHALL'], ['RENAME', 'd', 'elsewhere'], ['SET', 'd', 'text']) {
    my $name = $how->[0];
    add($t, 'd', "$name $_") for 1 .. 3;
    my $client = stays('d', 'g', limit => 3);
    my $seen = $client->wait_events(3);
    $redis->cmd(@$how);
    $loop->run_until(sub { $client->closed }, 5);
    is($client->closed, 1, "$name: the stream is closed");
    $redis->cmd('DEL', 'd');
    $loop->run_until(sub { $client->is_open }, 5);
    is($redis->cmd('EXISTS', 'd'), 1, 'the client is back, and the group with it');
    my $count = $client->count;
    add($t, 'd', "after $name");
    $client->wait_events($count + 1);
    is((bodies($client))[-1], "after $name", 'it gets what is new');
    $client->close_stream;
    $redis->cmd('DEL', 'd');
}

# ---- the leases are gone: by hand, or evicted ----------------------------------------------------

my @held = map { stays('l', 'g', limit => 2, consumer => $_) } qw(a b);
for my $how (['DEL', 'notify:{l}:consumers:g'], ['HDEL', 'notify:{l}:consumers:g', 'a']) {
    my $had = $held[0]->count + $held[1]->count;
    $redis->cmd(@$how);
    my @added = map { add($t, 'l', "$how->[0] $_") } 1 .. 4;
    $loop->run_until(sub { $held[0]->count + $held[1]->count == $had + 4 }, 5);
    is($held[0]->count + $held[1]->count, $had + 4, "$how->[0]: its entries come");
    is($held[0]->closed + $held[1]->closed, 0, '... and nobody is closed');
    ok(wait_until(sub { $redis->cmd('HLEN', 'notify:{l}:consumers:g') == 2 }, 5), '... the names are held again');
    my $other = $t->request('GET', '/events?stream=l&group=g&consumer=a');
    is($other->status, 409, '... by those who had them');
    finish($t, $_) for @added;
}
# Somebody else was quicker: there is one holder, the other.
$redis->cmd('HGET', 'notify:{l}:consumers:g', 'a') =~ /^(\d+) \S+ (.*)/;
$redis->cmd('HSET', 'notify:{l}:consumers:g', 'a', "$1 another $2");
add($t, 'l', "more $_") for 1 .. 4;
$loop->run_until(sub { $held[0]->closed }, 5);
is($held[0]->closed, 1, 'a name that is held by another one is given up');
$_->close_stream for @held;

# ---- Redis restarts ------------------------------------------------------------------------------

my $client = stays('r', 'g', limit => 2);
my $first  = add($t, 'r', 1);
$client->wait_events(1);
$redis->restart;
wait_until(sub { eval { $redis->cmd('XLEN', 'r') } }, 5);    # it may still be loading
is($client->closed, 0, 'a stream stays open while Redis restarts');
add($t, 'r', 2);
$client->wait_events(2, 8);
is(join(' ', bodies($client)), '1 2', 'and goes on');
is(finish($t, $first)->status, 200, 'what was in flight before is finished by its id alone');
add($t, 'r', $_) for 3, 4;
$client->wait_events(3, 5);
$loop->run_for(1.2);
is(join(' ', bodies($client)), '1 2 3', 'within its limit');

# Finished elsewhere while nginx hears nothing.
$redis->cmd('CLIENT', 'KILL', 'TYPE', 'pubsub');
$redis->cmd('XACK', 'r', 'g', $_) for (ids($client))[1, 2];
$client->wait_events(4, 5);
is(join(' ', bodies($client)), '1 2 3 4', 'an audit finds what was acknowledged unheard');
$client->close_stream;

# Frozen: nobody is told anything false, and nothing is lost.
my $frozen = stays('f', 'g', limit => 100);
add($t, 'f', $_) for 1 .. 3;
$frozen->wait_events(3);
$redis->freeze;
my $refused = $t->request('GET', '/events?stream=f&group=x', timeout => 15);
is($refused->status, 503, 'a new consumer gets a 503');
like($refused->body, qr/\ARedis [^\n]+\n\z/, 'with a reason');
is($t->request('POST', "/messages/$first/finish", timeout => 15)->status, 503, 'a finish, too');
$redis->thaw;
add($t, 'f', 4);
$frozen->wait_events(4, 8);
is($frozen->closed, 0, 'who was there goes on');
is(join(' ', bodies($frozen)), '1 2 3 4', 'when Redis is back');

# Redis did what it was asked for, and nobody heard the answer.
my $unheard = stays('u', 'g', limit => 5);
my $links = () = $t->nginx->error_log =~ /redis: lost/g;
add($t, 'u', 1);    # rings no bell: the look of each second finds it
$redis->freeze;
ok(wait_until(sub { $links < (() = $t->nginx->error_log =~ /redis: lost/g) }, 10), 'an answer is lost');
$redis->thaw;
$unheard->wait_events(1, 10);
is(join(' ', bodies($unheard)), '1', 'what was given by it comes at once');
is($unheard->closed, 0, 'on the same connection');
$unheard->close_stream;

# Who gave up meanwhile has its name back: a join that nobody waits for any more is executed late, and a
# name could not be given back.
my $patient = stays('n', 'g', consumer => 'patient');
$redis->freeze;
$patient->close_stream;
is($t->request('GET', '/events?stream=n&group=g&consumer=early', timeout => 15)->status, 503,
    'a consumer that gives up');
$loop->run_for(2.5);    # longer than a command waits for Redis
$redis->thaw;
for my $name ('patient', 'early') {
    my $again = $t->stream(retry => 0.2, path => "/events?stream=n&group=g&consumer=$name");
    $loop->run_until(sub { $again->is_open }, 10);
    ok($again->is_open, "... $name has its name when Redis is back");
    $again->close_stream;
}

# Scripts that Redis has forgotten are sent again.
$redis->cmd('SCRIPT', 'FLUSH');
my $fifth = add($t, 'f', 5);
$frozen->wait_events(5);
is((ids($frozen))[4], $fifth, 'without its scripts Redis is given them');
is(finish($t, $fifth)->status, 200, 'again');

# ---- memory is full ------------------------------------------------------------------------------

add($t, 'full', $_) for 1 .. 4;
my $full = stays('full', 'g', limit => 0);
$redis->cmd('CONFIG', 'SET', 'maxmemory', '1');
$t->answers('a consumer when memory is full', $t->request('GET', '/events?stream=full&group=x'), 503,
    qr/OOM/);
# A consumer of a group that exists is what empties it.
is(set_limit($t, 'full', 'g', 1)->status, 200, 'the limit can be set all the same');
$full->wait_events(1);
$redis->cmd('CLIENT', 'KILL', 'TYPE', 'pubsub');    # the names are renewed then
is(finish($t, (ids($full))[0])->status, 200, 'and an entry finished, by its id alone');
$full->wait_events(2);
my $helper = consumer($t, 'full', 'g', consumer => 'helper');
$helper->wait_events(1);
is(join(' ', bodies($full), bodies($helper)), '1 2 3', 'the queue is worked off');
$redis->cmd('CONFIG', 'SET', 'maxmemory', '0');
set_limit($t, 'full', 'g', 10);
$loop->run_until(sub { $full->count + $helper->count == 4 }, 5);
is($full->count + $helper->count, 4, 'and all goes on when there is room');

# ---- kill -9 of the nginx worker -----------------------------------------------------------------

$t->allow_log(qr/exited on signal 9/);
add($t, 'k', $_) for 1 .. 3;
my $killed = $t->stream(retry => 0.2, path => '/events?stream=k&group=g&limit=2');
$killed->wait_events(2);
kill 'KILL', $t->nginx->workers;
$loop->run_until(sub { $killed->opened == 2 }, 10);
$killed->wait_events(3, 5);
is(join(' ', bodies($killed)), '1 2 3', 'the next connection goes on with what is new');
is(in_flight($t, 'k', 'g'), 3, 'what the killed one had stays pending');
is(finish($t, (ids($killed))[0])->status, 200, 'and can be finished');

$t->done;
