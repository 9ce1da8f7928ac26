# A stream that is both subscribed to and consumed: its bell wakes whoever is there.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Queue qw(queue_locations bodies ids consumer finish);
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(
    http   => 'notify_redis env:REDIS_URL;',
    server => queue_locations() . <<'END',
        location = /publish {
            notify_field data any;
            notify_entry data $notify_json_data;
            notify_publish s;
        }
        location = /watch {
            notify_open ready yes;
            notify_subscribe s;
        }
END
);
my $loop   = $t->loop;
my $number = 0;

# Publishes, and tells how long each of these took to hear of it.
sub heard (@streams) {
    my @before = map { $_->count } @streams;
    my $begin  = time;
    $t->request('POST', '/publish', body => '{"data":' . ++$number . '}');
    $loop->run_until(
        sub { !grep { $streams[$_]->count == $before[$_] } 0 .. $#streams }, 3);
    my @times = map { $streams[$_]->count > $before[$_] ? ($streams[$_]->events)[-1]{time} - $begin : 9 }
        0 .. $#streams;
    return sprintf '%.3f', (sort { $b <=> $a } @times)[0];
}
sub listeners ($channel) {
    return $t->redis->cmd('PUBSUB', 'NUMSUB', $channel)->[1];
}
sub watcher () {
    my $stream = $t->stream(path => '/watch', reconnect => 0);
    $stream->wait_events(1);
    return $stream;
}

my $worker = consumer($t, 's', 'g', limit => 100);
$worker->wait_open;
my $watch = watcher();
is($watch->count, 1, 'who subscribes to a stream that is consumed is attached');
cmp_ok(heard($worker, $watch), '<', 0.5, 'both hear the bell');
is(listeners('notify:{s}:bell'), 1, 'which costs one subscription');

$worker->close_stream;
ok(wait_until(sub { listeners('notify:{s}:queue:g') == 0 }, 15), 'the group is forgotten');
is(listeners('notify:{s}:bell'), 1, 'and the bell is not');
cmp_ok(heard($watch), '<', 0.5, 'who is left still hears it');

my $next = consumer($t, 's', 'g', limit => 100);
$next->wait_open;
$loop->run_until(sub { listeners('notify:{s}:queue:g') == 1 }, 5);
cmp_ok(heard($next, $watch), '<', 0.5, 'a consumer that comes later, too');
$t->redis->cmd('CLIENT', 'KILL', 'TYPE', 'pubsub');
ok(wait_until(sub { listeners('notify:{s}:bell') == 1 }, 5), 'the link is made anew');
cmp_ok(heard($next, $watch), '<', 0.5, 'for both');

$t->done;
