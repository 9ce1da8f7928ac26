# Work queues: clients that read nothing, or leave at the wrong moment, and many of them.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Queue
    qw(queue_locations bodies ids consumer add finish figures in_flight set_limit);

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(
    http   => 'notify_redis env:REDIS_URL;',
    server => queue_locations('notify_send_timeout 2s;'),
);
my $redis = $t->redis;
my $loop  = $t->loop;

# ---- one that reads nothing ----------------------------------------------------------------------

my $big  = '"' . 'x' x 100_000 . '"';
my $deaf = consumer($t, 's', 'g', consumer => 'deaf', limit => 1000, receive_buffer => 4096,
    deaf => 1);
ok($loop->run_until(sub { figures($t, 's', 'g')->status == 200 }, 5), 'a client that reads nothing');
add($t, 's', $big) for 1 .. 60;
ok(wait_until(sub { in_flight($t, 's', 'g') > 0 }, 5), 'is given entries');
$loop->run_for(1.2);
my $held = in_flight($t, 's', 'g', 'deaf');
cmp_ok($held, '<', 50, "but only until its socket is full ($held)");
my $other = consumer($t, 's', 'g', consumer => 'other', limit => 1000, forget_events => 1);
$loop->run_until(sub { $other->count == 60 - $held }, 10);
is($other->count, 60 - $held, 'the others get the rest');
ok(wait_until(sub { $t->nginx->error_log =~ /client takes no events/ }, 8),
    'after notify_send_timeout it is closed');
ok(wait_until(sub { figures($t, 's', 'g')->body =~ /"consumers":1,/ }, 5), 'its name is free');
is(in_flight($t, 's', 'g', 'deaf'), $held, 'and what it had is pending');
$_->close_stream for $deaf, $other;

# One that is slow, and reads in the end.
my $slow = consumer($t, 'w', 'g', limit => 1000, receive_buffer => 4096, forget_events => 1);
$slow->wait_open;
$slow->pause;
add($t, 'w', $big) for 1 .. 60;
$loop->run_for(0.5);
$slow->resume;
$loop->run_until(sub { $slow->count == 60 }, 20);
is($slow->count, 60, 'a slow client gets all of it');
$slow->close_stream;

# ---- clients that come and go --------------------------------------------------------------------

add($t, 'c', $_) for 1 .. 200;
my %seen;
for my $round (1 .. 15) {
    my @some = map { consumer($t, 'c', 'g', limit => 3) } 1 .. 10;
    $loop->run_for(0.02 * ($round % 4));
    $_->close_stream for @some;
}
ok(wait_until(sub { figures($t, 'c', 'g')->status == 404 }, 5), 'all have left');
my $pending = in_flight($t, 'c', 'g');
cmp_ok($pending, '<=', 200, "what they had is pending ($pending)");
my @names = map { {@$_}->{name} } $redis->cmd('XINFO', 'CONSUMERS', 'c', 'g')->@*;
my @empty = grep { in_flight($t, 'c', 'g', $_) == 0 } @names;
is("@empty", '', 'and only those who had something are still consumers');
my $rest = consumer($t, 'c', 'g', limit => 1000);
$loop->run_until(sub { $rest->count == 200 - $pending }, 5);
is($rest->count, 200 - $pending, 'the others were not touched');
$rest->close_stream;

# ---- one that leaves before it is given what was asked for it -------------------------------------

my $hasty = consumer($t, 'o', 'g', consumer => 'hasty', limit => 2);
add($t, 'o', 1);    # rings no bell: the look of each second finds it
$hasty->wait_events(1, 5);
$loop->run_for(0.2);    # more is asked for at once, and then each second
add($t, 'o', 2);
$redis->freeze;
$loop->run_for(1.1);
ok($redis->has_unread_input, 'more is asked for');
$hasty->close_stream;
ok(wait_until(sub { $t->nginx->access_log =~ m{GET /events\?consumer=hasty} }, 2), 'the client leaves');
$redis->thaw;
my $next = consumer($t, 'o', 'g', consumer => 'next');
$next->wait_events(1, 5);
is(join(' ', bodies($next)), '2', 'what nobody saw is given to the next one at once');
$next->close_stream;

# ---- a body that comes late, a body at all -------------------------------------------------------

my $http = $t->http;
$http->send("GET /events?stream=b&group=g HTTP/1.1\r\nHost: l\r\nContent-Length: 5\r\n\r\n");
like($http->read_until(qr/\n\z/, 3), qr/\AHTTP\/1.1 400 /, 'a body that comes late is refused');
$http->close;
my $chunked = $t->http;
$chunked->send("GET /events?stream=b&group=g&consumer=x HTTP/1.1\r\nHost: l\r\n"
        . "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
like($chunked->read_until(qr/event-stream/, 3), qr/ 200 .*event-stream/s, 'a whole one is not');
$chunked->close;
ok(wait_until(sub { figures($t, 'b', 'g')->status == 404 }, 5), 'and its client is seen to leave');

$t->done;
