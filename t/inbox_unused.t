# Looking at an inbox makes nothing in Redis; its first entry does, and without use it goes.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
my $redis = $t->start_redis;
$t->start_nginx(http => 'notify_redis ' . $redis->url . ';', server => <<'END');
    location /inbox/ {
        notify_path '/inbox/{user}';
        notify_event id=off 'data=$json_message';
        notify_inbox inbox:$notify_path_user g $notify_path_user expire=1h;
    }
    location /kept/ {
        notify_path '/kept/{user}';
        notify_event id=off 'data=$json_message';
        notify_inbox inbox:$notify_path_user g $notify_path_user expire=0;
    }
    location = /acknowledge { notify_field id string in=query; notify_acknowledge $notify_field_id inbox:u g u; }
END
sub inbox ($user, $where = 'inbox') {
    my $stream = $t->stream(path => "/$where/$user", reconnect => 0);
    $stream->wait_open or die "no inbox\n";
    return $stream;
}
my @many = map { inbox("stranger$_") } 1 .. 50;
my $client = inbox('u');
is(join(' ', $redis->keys), '', 'fifty-one inboxes are looked at, and Redis has no key');

my $id = $redis->cmd('XADD', 'inbox:u', '*', 'message', 'hello');
$client->wait_events(1);
is(($client->events)[0]{data}, '"hello"', 'the first entry comes to who waits for it');
is($t->request('POST', "/acknowledge?id=$id")->json->{acknowledged}[0], $id, 'and is acknowledged');
my $next = $redis->cmd('XADD', 'inbox:u', '*', 'message', 'again');
my $later = inbox('u');
$later->wait_events(1);
is(($later->events)[0]{data}, '"again"', 'what is not acknowledged comes with the next connection');
my $left = $redis->cmd('PTTL', 'inbox:u');
ok($left > 3_500_000 && $left <= 3_600_000, 'from the connection on it is kept for an hour');
$redis->cmd('XADD', 'inbox:v', '*', 'message', 'hello');
inbox('v', 'kept')->wait_events(1);
is($redis->cmd('PTTL', 'inbox:v'), -1, 'or for ever, where the configuration says so');
$t->done;
