# Work queues: a finish that was carried out although its client was told 503 is answered by
# `already` when it is repeated. One that was answered is not there any more, as ever.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Queue qw(queue_locations ids consumer add finish);

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(
    http   => "notify_redis env:REDIS_URL;\n    notify_redis_timeout 500ms;",
    server => queue_locations(),
);
my ($redis, $loop) = ($t->redis, $t->loop);

my $gone = "Message not found or already processed\n";
my $held = "Message not found in pending list or already acknowledged\n";
my @json = ('Content-Type' => 'application/json');

my @clients = map { consumer($t, 's', $_, consumer => 'mine', limit => 20) } 'g', 'h';
$_->wait_open for @clients;
add($t, 's', $_) for 1 .. 8;
$_->wait_events(8) for @clients;
my @ids = ids($clients[0]);

# Redis carries it out, and the answer does not come in time.
sub unanswered ($what, $ask) {
    $redis->freeze;
    my $answer = $ask->();
    $t->answers("$what: the outcome is unknown", $answer, 503, qr/unknown/, 'Retry-After' => qr/./);
    $redis->thaw;
    return;
}
sub pending ($group, $id) {
    return scalar $redis->cmd('XPENDING', 's', $group, $id, $id, 1)->@*;
}
sub carried_out ($group, @all) {
    return ok(wait_until(sub { !grep { pending($group, $_) } @all }, 5), '... and it was done');
}

my %g = (stream => 's', group => 'g');
my $ask = sub { finish($t, $ids[0], %g, consumer => 'mine') };
unanswered('by its path', $ask);
carried_out('g', $ids[0]);
for my $time ('repeated', 'and once more') {
    $t->answers($time, $ask->(), 200, qq({"action":"finished","already":true,"status":"ok"}\n), @json);
}
$t->answers('without the consumer', finish($t, $ids[0], %g), 200, qr/"already":true/);
$t->answers("not another consumer's", finish($t, $ids[0], %g, consumer => 'theirs'), 404, $held);
$t->answers('nor in another group', finish($t, $ids[0], stream => 's', group => 'nobody'), 404, $gone);
is(pending('h', $ids[0]), 1, 'and the other group still has it');

$t->answers('one that was answered', finish($t, $ids[1], %g, consumer => 'mine'), 200,
    qq({"action":"finished","status":"ok"}\n), @json);
$t->answers('is not there', finish($t, $ids[1], %g, consumer => 'mine'), 404, $held);
$t->answers('one that never was', finish($t, '1-1', %g, consumer => 'mine'), 404, $held);

# By the id alone: as an nginx worker leaves it that was killed before it had the answer. The other
# group's was finished.
finish($t, $ids[2], stream => 's', group => 'h');
my $script = $t->read_file("$FindBin::Bin/../shared/redis/scripts/finish.lua");
$redis->cmd('EVAL', $script, 4, 's', 'notify:{s}:consumers:g', 'notify:{s}:finished:g',
    'notify:{s}:finished-before:g', 'g', 'notify:{s}:queue:g', '', 0, $ids[2]);
$t->answers('by the id alone', finish($t, $ids[2]), 200, qr/"already":true/, @json);

# A list.
sub finish_list (@list) {
    return $t->request('POST', '/finish?stream=s&group=g&consumer=mine',
        body => '{"message_ids":[' . join(',', map { qq("$_") } @list) . ']}');
}
unanswered('a list', sub { finish_list(@ids[3, 4]) });
carried_out('g', @ids[3, 4]);
$t->answers('repeated, with one that is new', finish_list(@ids[3 .. 5]), 200,
    qq({"acked":1,"action":"batch_finished","already":2,"deleted":0,"received":3,"status":"ok"}\n), @json);

# What is kept for it is bounded, and goes by itself.
my $notes = 'notify:{s}:finished:g';
ok(wait_until(sub { $redis->cmd('HLEN', $notes) <= 4 }, 5), 'only what was not answered is remembered');
cmp_ok($redis->cmd('PTTL', $notes), '<=', 600_000, 'for ten minutes');
cmp_ok($redis->cmd('PTTL', $notes), '>', 500_000, 'since the last one');

$t->done;
