# The product's own keys are nobody's stream: a client cannot name one, the configuration can.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Queue qw(queue_locations);

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(http => 'notify_redis env:REDIS_URL;', server => queue_locations() . <<'END');
    location = /publish { notify_field s string in=query; notify_publish $arg_s; notify_entry data x; }
    location = /prefixed { notify_field s string in=query; notify_publish not$arg_s; notify_entry data x; }
    location = /batch {
        notify_field items array;
        notify_publish_batch $arg_s items;
        notify_entry data $notify_item;
    }
    location = /subscribe { notify_subscribe $arg_s; }
    location = /several   { notify_subscribe here $arg_s; }
    location = /receive   { notify_receive $arg_s text=$notify_message; notify_subscribe here; }
    location = /history   { notify_history $arg_s; }
    location = /inbox     { notify_inbox $arg_s g c; }
    location = /acknowledge/1-1 { notify_field s string in=query; notify_acknowledge 1-1 $arg_s g c; }
    location = /status    { notify_status label $arg_s; }
    location = /clear     { notify_clear label $arg_s; }
    location = /admin     { notify_admin stream $arg_s; }
    location = /configured { notify_field s string in=query; notify_publish notify:$arg_s; notify_entry data x; }
END
my $redis = $t->redis;
my $dead  = $redis->cmd('XADD', 'notify:{orders}:dead', '*', 'notify-id', '1-1');
my @keys  = $redis->keys;
my @upgrade = (headers => [
    Upgrade => 'websocket', Connection => 'Upgrade', 'Sec-WebSocket-Version' => 13,
    'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==',
]);

for my $key ('notify:{orders}:dead', 'notify:{catalog}:acks', 'notify:') {
    my $s = "s=$key";
    my $q = "stream=$key&group=g";
    for (
        ['POST', "/publish?$s"],
        ['POST', "/prefixed?s=" . substr($key, 3)],
        ['POST', "/batch?$s", body => '{"items":[1]}'],
        ['GET',  "/subscribe?$s"],
        ['GET',  "/several?$s"],
        ['GET',  "/receive?$s", @upgrade],
        ['GET',  "/history?$s"],
        ['GET',  "/inbox?$s"],
        ['POST', "/acknowledge/1-1?$s"],
        ['GET',  "/status?$s"],
        ['DELETE', "/clear?$s"],
        ['GET',  "/admin?$s"],
        ['GET',  "/events?$q"],
        ['POST', "/messages/1-1/finish?$q"],
        ['POST', "/finish/1-1?$q&consumer=c"],
        ['POST', "/finish?$q&consumer=c", body => '{"message_ids":["1-1"]}'],
        ['POST', "/limit?$q", body => '{"count":1}'],
        ['GET',  "/consumers?$q"],
        )
    {
        my ($method, $path, @more) = @$_;
        $t->answers("$method $path", $t->request($method, $path, @more), 400,
            qr/Invalid stream name: names that begin with \\?"notify:\\?" are reserved/);
    }
}
is_deeply([$redis->keys], \@keys, 'no key is made');
is(($redis->entries('notify:{orders}:dead'))[0][0], $dead, 'none is lost');

is($t->request('POST', '/publish?s=notify')->status, 200, 'a name that only looks like one is free');
is($t->request('POST', '/configured?s=mine')->status, 200, 'the configuration may name one');
is($redis->cmd('XLEN', 'notify:mine'), 1, 'and has it');

$t->done;
