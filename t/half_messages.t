# WebSocket messages that are begun and not finished: all of a worker's have one bound in bytes, and who
# has most of them makes room.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket qw(frame TEXT);

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(http => 'notify_redis ' . $t->redis->url . '; notify_max_unfinished 500k;', server => <<'END');
    location = /talk {
        notify_subscribe s; notify_websocket data; notify_event data=$json_message;
        notify_max_message 64k; notify_message_timeout 30s;
        notify_receive s message=$notify_message;
    }
END
sub talker () {
    my $client = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port, path => '/talk');
    $client->wait_open or die "no WebSocket\n";
    return $client;
}
my $text = 'x' x 60_000;
my $half = substr frame(TEXT, $text), 0, 50_000;

my @few = map { talker() } 1 .. 5;
$_->send_bytes($half) for @few;
my $small = talker();
$small->send_bytes(substr frame(TEXT, 'y' x 2000), 0, 1000);
$t->loop->run_for(0.1);
is(scalar(grep { $_->is_open } @few, $small), 6, 'within the bound nobody is asked to leave');

my @many = map { talker() } 1 .. 20;
$_->send_bytes($half) for @many;
my $left = sub { scalar grep { $_->ended } @few, @many };
# Their memory grows in steps of its own: from 50 to 64 kB each.
$t->loop->run_until(sub { $left->() >= 15 }, 5);
cmp_ok($left->(), '>=', 15, 'beyond it those that have most make room');
cmp_ok($left->(), '<=', 19, 'and no more than that');
my %codes = map { ($_->code // 'none') => 1 } grep { $_->ended } @few, @many;
is_deeply(\%codes, {1013 => 1}, 'they are asked to come again later');
my ($gone) = grep { $_->ended } @few, @many;
is($gone->reason, 'too many messages are half finished', 'and are told why');
ok($small->is_open, 'who has little stays');

# ---- what is there goes on --------------------------------------------------------------------------

my ($stays) = grep { $_->is_open } @few, @many;
$stays->send_bytes(substr frame(TEXT, $text), 50_000);
ok($t->loop->run_until(sub { $t->redis->cmd('XLEN', 's') == 1 }, 5), 'a half message that is finished is taken');
$_->cut for grep { $_->is_open } @few, @many;
my @again = map { talker() } 1 .. 6;
$_->send_bytes($half) for @again;
$t->loop->run_for(0.1);
is(scalar(grep { $_->is_open } @again), 6, 'the room of those that left is free');
my ($begun, $rest) = unpack 'a1 a*', substr frame(TEXT, 'y' x 2000), 1000;
$small->send_bytes($begun . $rest);
ok($t->loop->run_until(sub { $t->redis->cmd('XLEN', 's') == 2 }, 5), 'that of the small one, too');
$t->done;
