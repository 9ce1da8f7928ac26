# What belongs to another system: whoever has BEARER_TOKEN reaches none of it, by no request, and no
# name of a stream leads to the product's own keys.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->serving;
my $redis = $t->redis;
my $uuid  = 'c0000000-0000-4000-8000-000000000001';

# ---- the list has what the systems make ----------------------------------------------------------

my ($list) = $t->read_file($t->root . '/conf/ownership.conf') =~ /^notify_stream_except(.*?);/ms;
my @patterns = map { s/#.*//r =~ /\S+/g } split /\n/, $list;
my ($environments) = $t->read_file($t->root . '/conf/environments.conf') =~ /\(\?<environment>([^)]+)\)/;
for my $environment (split /\|/, $environments) {
    ok((grep { $_ eq "${environment}_stream" } @patterns), "the stream of $environment is in the list");
}
$t->signed('POST', "/publish/test?message=m");
$t->publish_user('alice', 1);
my $key = $t->make_key('ops');
$t->request('PUT', '/alerts/ops', headers => [Authorization => "Bearer $key"], body => '{"message":"m","level":"info"}');
my @made = sort grep { $redis->cmd('TYPE', $_) eq 'stream' } $redis->keys;
is_deeply([grep { !/^notify:/ } @made], ['alerts:ops', 'test_stream', 'user:alice'], 'three systems have made streams');

# ---- by any request ------------------------------------------------------------------------------

my @others = (@made, 'dev_stream', 'uat_stream', 'prod_stream', 'user:', 'user:7', 'alerts:default',
    'local:notiq:notifications:shop:7', 'prod:notiq:x', 'pending_notifications:prod', 'notification_meta:1700000000000');
my @own = ('notify:{catalog}:acks', 'notify:slack:actions', "notify:{$uuid}:outgoing", 'notify:{orders}:dead',
    'notify:{test_stream}:notices', 'notify:{queues}', 'notify:', 'notify:x');
for my $stream (@others) {
    next if $redis->cmd('EXISTS', $stream) || $stream =~ /^(?:pending|notification)_/;
    $redis->cmd('XADD', $stream, '1-1', 'message', 'secret');
}
$redis->cmd('XADD', $_, '1-1', 'message', 'secret') for grep { /acks|actions|outgoing|dead|notices/ } @own;
for my $stream (grep { $redis->cmd('EXISTS', $_) } @others, @own) {
    $redis->cmd('XGROUP', 'CREATE', $stream, 'g', '0');
    $redis->cmd('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 1, 'STREAMS', $stream, '>');
}

# All that a stream says about itself, and what else is there.
sub state_of () {
    return {map {
        my $key = $_;
        $key => $redis->cmd('TYPE', $key) eq 'stream'
            ? [$redis->cmd('XRANGE', $key, '-', '+'), $redis->cmd('XPENDING', $key, 'g')->[0]] : 1
    } grep { !/^notify:\{[^}]*\}:requests$/ } $redis->keys};
}

sub encoded ($text) { return $text =~ s/([^A-Za-z0-9_.-])/sprintf '%%%02X', ord $1/ger }

my $before = state_of();
for my $stream (@others, @own) {
    my $s    = encoded($stream);
    my $long = "/api/streams/$s/groups/g/consumers/c";
    my $told = $stream =~ /^notify:/ ? qr/are reserved\n\z/ : qr/belongs to another system: choose another stream name\n\z/;
    for (
        ['POST', "/api/streams/$s/messages",       '{"data":1}'],
        ['POST', "/api/streams/$s/messages/batch", '{"messages":[1]}'],
        ['GET',  "/api/events?stream=$s&group=g"],
        ['GET',  "/api/events?stream=$s&group=new&consumer=c&limit=5"],
        ['POST', "/api/messages/1-1/finish?stream=$s&group=g"],
        ['POST', "$long/messages/1-1/finish"],
        ['POST', "$long/finish",                   '{"message_ids":["1-1"]}'],
        ['POST', "/api/consumers/$s/g/limit",      '{"count":0}'],
        ['POST', "/api/consumers/$s/g/rdy",        '{"count":0}'],
        ['GET',  "/api/consumers/$s/g"],
        )
    {
        my ($method, $path, $body) = @$_;
        my $answer = $t->bearer($method, $path, body => $body);
        $t->answers("$method $path", $answer, $stream =~ /^notify:/ ? 400 : 403, $told);
    }
    $t->answers("GET /admin/$s", $t->bearer('GET', "/admin/$s"), 404, qr/no such key/);
}
is($t->bearer('GET', '/admin/streams')->json->{streams}->@*, 0, 'none is listed');
is($t->bearer('GET', '/admin/stats')->json->{streams}->@*,   0, 'none has figures');
is($t->bearer('POST', '/admin/flush')->status, 200, 'flushed');
is_deeply(state_of(), $before, 'and everything is as it was');

# ---- by the id alone -----------------------------------------------------------------------------

sub pair ($stream, $group) { return length($stream) . ":$stream" . length($group) . ":$group" }
my $id = '5-5';
for my $stream ('prod_stream', 'user:7', 'notify:slack:actions') {
    $redis->cmd('XADD', $stream, $id, 'message', 'secret');
    $redis->cmd('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', $stream, '>');
    $redis->cmd('SADD', "notify:{inflight}:$id", pair($stream, 'g'));
    is($t->bearer('POST', "/api/messages/$id/finish")->status, 404, "what is in flight in $stream is not to be found");
}
$redis->cmd('XADD', 'orders', $id, 'data', '1');
$redis->cmd('XGROUP', 'CREATE', 'orders', 'g', '0');
$redis->cmd('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'orders', '>');
$redis->cmd('SADD', "notify:{inflight}:$id", pair('orders', 'g'));
is($t->bearer('POST', "/api/messages/$id/finish")->status, 200, 'what is in flight here is, and is no conflict');
is($redis->cmd('XPENDING', 'orders', 'g')->[0], 0, 'it is finished');
is($redis->cmd('XPENDING', $_, 'g')->[0], 2, "nothing of $_ is") for 'prod_stream', 'user:7', 'notify:slack:actions';

# ---- names like the product's tags ----------------------------------------------------------------

my %kept = map { $_ => 1 } 'notify:{catalog}:withdrawn', 'notify:{catalog}:sweep:local', 'notify:{catalog}:clients',
    'notify:{catalog}:acks', "notify:{$uuid}:outgoing", 'notify:{queues}', 'notify:{queues}:keeper',
    "notify:{inflight}:$id", 'notify:{slack}:own', 'notify:slack:actions', 'notify:ready', 'notify:budget:{abc}';
$redis->cmd('SET', $_, 'x') for grep { !$redis->cmd('EXISTS', $_) } keys %kept;
my @names = ('catalog', 'inflight', 'queues', $uuid, 'slack', 'ready', 'budget', '{catalog}', 'x{catalog}y', 'catalog}',
    'catalog}:acks', '{inflight}', 'actions', 'acks');
for my $name (@names) {
    my $s = encoded($name);
    is($t->bearer('POST', "/api/streams/$s/messages", body => '{"data":1}', headers => ['Idempotency-Key' => 'k'])->status,
        201, "a stream may be named $name");
}
$redis->cmd('XADD', "notify:{$_}:dead", '*', 'x', 'y') for 'catalog', $uuid;
is($t->bearer('POST', '/admin/flush')->status, 200, 'flushed');
my %left = map { $_ => 1 } $redis->keys;
is_deeply([grep { !$left{$_} } sort keys %kept], [], "the product's own keys are there");
is_deeply([grep { $left{$_} } @names], [], 'the streams are not');
is_deeply([grep { /:idem:|:dead\z/ && !/orders/ } sort keys %left], [], 'nor what stood beside them');

$t->done;
