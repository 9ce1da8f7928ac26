# Work queues: the ways to finish an entry, and who cannot.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use NotifyTest;
use NotifyTest::Queue qw(queue_locations escaped ids consumer add finish figures in_flight);

my $t = NotifyTest->new;
$t->start_redis;
my @option = (
    http    => 'notify_redis env:REDIS_URL;',
    server  => queue_locations('client_max_body_size 20m; notify_max_message 20m;'),
    workers => 2,
);
$t->start_nginx(@option);
my $node  = $t->start_other_nginx(@option);
my $redis = $t->redis;
my $loop  = $t->loop;
my $done  = qq({"action":"finished","status":"ok"}\n);
my $gone  = "Message not found or already processed\n";
my $held  = "Message not found in pending list or already acknowledged\n";

sub batch ($stream, $group, $consumer, $body) {
    my $query = join '&', map { escaped($_) =~ s/%3D/=/r } "stream=$stream", "group=$group",
        "consumer=$consumer";
    return $t->request('POST', "/finish?$query", body => $body, timeout => 30);
}

# ---- POST /api/messages/{message-id}/finish ------------------------------------------------------

my @s = map { add($t, 's', $_) } 1 .. 40;
my $one = consumer($t, 's', 'g', consumer => 'one', limit => 2);
$one->wait_events(2);
$t->answers('an id that is in flight', finish($t, $s[0]), 200, $done,
    'Content-Type' => 'application/json');
$one->wait_events(3, 1);
is((ids($one))[2], $s[2], 'makes room for the next one');
is(in_flight($t, 's', 'g'), 2, 'and is not pending any more');
$t->answers('a second time', finish($t, $s[0]), 404, $gone);
$t->answers('one that was not given out', finish($t, $s[30]), 404, $gone);
$t->answers('one that never was', finish($t, '1-1'), 404, $gone);
is($redis->cmd('XLEN', 's'), 40, 'the stream keeps its entries');
$t->answers("a malformed id: $_", finish($t, escaped($_)), 404, $gone)
    for '0', 'x', '-', '1-', '-1', '1-2-3', '1-x', '18446744073709551616-0', ' 1-1',
    '9' x 200, '*', '1-*', "\xff";

# Through the other nginx worker, another node, and after a restart of nginx.
finish($t, $s[1], port => $node->port);
$one->wait_events(4, 1);
is((ids($one))[3], $s[3], 'finished at another node: there is room at once');
my @through = map { finish($t, $s[$_])->status } 2, 3;
is("@through", '200 200', 'through whatever nginx worker');
$node->reload;
$loop->run_until(sub { $one->count >= 6 }, 2);
is(finish($t, $s[4], port => $node->port)->status, 200, 'after a reload');
is(finish($t, $s[5], stream => 's', group => 'g')->status, 200, 'with stream and group');
$loop->run_until(sub { $one->count >= 8 }, 2);
is(in_flight($t, 's', 'g'), 2, 'two in flight');

# ---- one id in several groups --------------------------------------------------------------------

my $two = consumer($t, 's', 'h', consumer => 'two', limit => 10);
$two->wait_events(10);
my $both = $s[6];
$loop->run_until(sub { grep { $_ eq $both } ids($one) }, 2);
$t->answers('in flight in two groups', finish($t, $both), 409, qr/stream=.*group=/);
is(join(',', map { in_flight($t, 's', $_) } qw(g h)), '2,10', 'nothing happens');
$t->answers('a group without it', finish($t, $both, stream => 's', group => 'nobody'), 404, $gone);
$t->answers('only the stream', finish($t, $both, stream => 's'), 400, qr/Invalid group/);
$t->answers('with the group', finish($t, $both, stream => 's', group => 'h'), 200, $done);
is(in_flight($t, 's', 'g'), 2, 'the other group still has it');
$t->answers('then it is unique', finish($t, $both), 200, $done);
$t->answers('and then gone', finish($t, $both), 404, $gone);
$redis->cmd('XADD', 'same', $s[9], 'data', 1);
my $same = consumer($t, 'same', 'g');
$same->wait_events(1);
$t->answers('in two streams', finish($t, $s[9]), 409, qr/several/);
$redis->cmd('DEL', 'same');
$t->answers('one of which is deleted', finish($t, $s[9]), 200, $done);

# ---- POST .../groups/{group}/consumers/{consumer}/messages/{messageId}/finish --------------------

my @l = map { add($t, 'l', $_) } 1 .. 10;
my $mine   = consumer($t, 'l', 'g', consumer => 'mine', limit => 2);
my $theirs = consumer($t, 'l', 'g', consumer => 'theirs', limit => 2);
$loop->run_until(sub { $mine->count == 2 && $theirs->count == 2 }, 5);
my ($id) = ids($mine);
my %path = (stream => 'l', group => 'g');
$t->answers("another's", finish($t, $id, %path, consumer => 'theirs'), 404, $held);
$t->answers("nobody's", finish($t, $id, %path, consumer => 'nobody'), 404, $held);
$t->answers('of another group', finish($t, $id, %path, group => 'x', consumer => 'mine'), 404, $held);
$t->answers('of another stream', finish($t, $id, stream => 'x', group => 'g', consumer => 'mine'),
    404, $held);
is(in_flight($t, 'l', 'g'), 4, 'nothing happens');
$t->answers('its own', finish($t, $id, %path, consumer => 'mine'), 200, $done);
$t->answers('again', finish($t, $id, %path, consumer => 'mine'), 404, $held);
$t->answers('a malformed id', finish($t, 'x', %path, consumer => 'mine'), 404, $held);
$mine->wait_events(3, 1);
is($mine->count, 3, 'and there is room');

add($t, 'k', $_) for 1, 2;
my $robbed = consumer($t, 'k', 'g', consumer => 'mine');
$robbed->wait_events(1);
$redis->cmd('XCLAIM', 'k', 'g', 'native', 0, (ids($robbed))[0]);
$t->answers('what a native client has claimed',
    finish($t, (ids($robbed))[0], stream => 'k', group => 'g', consumer => 'mine'), 404, $held);
$robbed->wait_events(2, 3);
is($robbed->count, 2, 'takes up no room any more');
$redis->cmd('SET', 'text', 1);
$t->answers('a key of another type',
    finish($t, $id, stream => 'text', group => 'g', consumer => 'mine'), 500, qr/WRONGTYPE/);

# ---- POST .../consumers/{consumer}/finish --------------------------------------------------------

sub received ($acked, $received) {
    return qq({"acked":$acked,"action":"batch_finished","deleted":0,"received":$received,)
        . qq("status":"ok"}\n);
}
my ($first, $second) = (ids($mine))[1, 2];
$t->answers('a list', batch('l', 'g', 'mine', qq({"message_ids":["$first","$second","$first",)
            . qq("$id","x","1-1",") . (ids($theirs))[0] . '"]}'), 200, received(2, 7));
$mine->wait_events(5, 1);
is($mine->count, 5, 'there is room for as many');
$t->answers('of a group that is not', batch('l', 'no', 'mine', qq({"message_ids":["$first"]})), 200,
    received(0, 1));
$t->answers("a list that is $_->[0]", batch('l', 'g', 'mine', $_->[1]), 400, $_->[2]) for
    ['empty', '{"message_ids":[]}', "At least one message id is required\n"],
    ['missing', '{}', qr/message_ids/],
    ['no list', '{"message_ids":"1-1"}', qr/\AInvalid JSON: /],
    ['of numbers', '{"message_ids":[1]}', qr/\AInvalid JSON: /],
    ['null', '{"message_ids":null}', qr/./],
    ['no JSON', '{"message_ids":[', qr/./];
my @b = map { add($t, 'b', $_) } 1 .. 1200;
my $many = consumer($t, 'b', 'g', consumer => 'm', limit => 1000, forget_events => 1);
$loop->run_until(sub { $many->count == 1000 }, 10);
is($many->count, 1000, 'a consumer with a thousand entries in flight');
my $list = JSON::PP->new->encode({message_ids => \@b});
$t->answers('finishes them in one go', batch('b', 'g', 'm', $list), 200, received(1000, 1200));
$loop->run_until(sub { $many->count == 1200 }, 10);
is($many->count, 1200, 'and gets the others');
my $ten_mb = JSON::PP->new->encode({message_ids => [('x' x 100) x 100_000]});
$t->answers('ten megabytes of nonsense', batch('b', 'g', 'm', $ten_mb), 200, received(0, 100_000));

# ---- with delete ---------------------------------------------------------------------------------

my $deleted = $b[1100];
is($t->request('POST', "/delete?stream=b&group=g&id=$deleted")->status, 200, 'deleted as well');
is(scalar $redis->cmd('XRANGE', 'b', $deleted, $deleted)->@*, 0, 'the stream has it no more');

# ---- twice at the same time ----------------------------------------------------------------------

my @t = map { add($t, 't', $_) } 1 .. 50;
my $fast = consumer($t, 't', 'g', consumer => 'f', limit => 50);
$fast->wait_events(50);
my ($ok, $not) = (0, 0);
for my $each (@t) {
    my @http = map { $t->http(port => $_) } $t->nginx->port, $node->port, $t->nginx->port;
    $_->send(NotifyTest::Http::compose('POST', "/messages/$each/finish")) for @http;
    my @status = sort map { $_->receive->status } @http;
    $ok++  if "@status" eq '200 404 404';
    $not++ if "@status" ne '200 404 404';
}
is("$ok $not", '50 0', 'who finishes first is told so, and the others are not');
is(in_flight($t, 't', 'g'), 0, 'each is finished');
$t->answers('the figures', figures($t, 't', 'g', port => $node->port), 200,
    qq({"consumers":1,"finished":50,"group":"g","messages":50,"stream":"t"}\n));
my %wanted = map { ("notify:{inflight}:$_" => 1) } @t;
ok(wait_until(sub { !grep { $wanted{$_} } $redis->keys }, 2), 'and soon nothing remembers them');

$t->done;
