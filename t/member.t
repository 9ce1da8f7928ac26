# notify_member: who may is a field of a hash in Redis; whoever is no member any more leaves.

use v5.36;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket;

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(http => 'notify_redis env:REDIS_URL;', server => <<'END');
    notify_websocket data;
    location /chat/ {
        notify_path '/chat/{room}';
        notify_member rooms $notify_path_room header=x-api-key arg=api_key check=200ms;
        notify_subscribe chat:$notify_member;
    }
    location /closed/ {
        notify_path '/closed/{room}';
        notify_member rooms $notify_path_room arg=api_key required check=0;
        notify_inbox inbox:$notify_member g u;
    }
END
my $redis = $t->redis;
my ($key, $other) = ('the key', 'another key');
$redis->cmd('HSET', 'rooms', 'red', sha256_hex($key), 'blue', sha256_hex($key), ':state', 'x' x 32, 'upper',
    uc sha256_hex($key));

sub client ($path, %option) {
    my $client = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port, path => $path, %option);
    $t->loop->run_until(sub { $client->{open} || $client->response->done }, 5);
    return $client;
}
sub still ($name, @clients) {
    $t->loop->run_for(1);
    is(scalar(grep { $_->is_open } @clients), scalar @clients, $name);
    return;
}
sub ended ($name, $client) {
    ok($client->wait_end(5), "$name ends");
    is($client->code, 1008, 'with 1008');
    is($client->reason, 'the key was revoked', 'and the reason');
    return;
}

for my $row (['a member', '/chat/red', 101], ['in capitals', '/chat/RED', 101], ['none', '/chat/green', 403],
    ['what is no digest', '/chat/:state', 403], ['nor this', '/chat/upper', 403],
    ['with the key', '/chat/red?api_key=the%20key', 101], ['with another one', '/chat/red?api_key=x', 403],
    ['where a key is required', '/closed/red', 403], ['and comes', '/closed/red?api_key=the%20key', 101],
    ['in the header', '/chat/red', 101, headers => {'X-API-Key' => $key}],
    ['wrong in the header', '/chat/red', 403, headers => {'X-API-Key' => $other}]) {
    my ($name, $path, $status, @more) = @$row;
    my $client = client($path, @more);
    is($client->status, $status, $name);
    $client->cut;
}

# ---- those who are in ----------------------------------------------------------------------------

my ($open, $keyed, $blue) = (client('/chat/red'), client('/chat/red', headers => {'X-API-Key' => $key}), client('/chat/blue'));
my $unwatched = client('/closed/red?api_key=the%20key');
my $events    = $t->stream(path => '/chat/red?api_key=the%20key', reconnect => 0);
ok($events->wait_open, "one by server-sent events");
still('members stay', $open, $keyed, $blue, $unwatched);

$redis->stop;
still('also while Redis is away', $open, $keyed, $blue, $unwatched);
$redis->start;
$redis->cmd('HSET', 'rooms', 'red', sha256_hex($key), 'blue', sha256_hex($key));

$redis->cmd('HSET', 'rooms', 'red', sha256_hex($other));
ended('whose key was replaced', $keyed);
ok($t->loop->run_until(sub { grep { ($_->{type} // '') eq 'expired' } $events->events }, 5), 
    'server-sent events end, too');
is(($events->events)[-1]{data}, '{"reason":"key"}', 'and say why');
still('who came without one stays', $open, $blue, $unwatched);

$redis->cmd('HDEL', 'rooms', 'red');
ended('who is no member any more', $open);
still('others stay, and who is not looked at', $blue, $unwatched);

# A client that takes nothing is cut.
my $slow = client('/chat/blue', silent => 1);
$slow->pause;
$redis->cmd('HDEL', 'rooms', 'blue');
ended('the last one', $blue);
$slow->resume;
ok($slow->wait_end(8), 'one that does not answer ends, too');

$t->done;
