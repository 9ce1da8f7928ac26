# Several streams over one WebSocket: the same as over one EventSource (t/several.t), with the id of
# all places in each envelope. And reconnects while 200 messages a second are published:
# NOTIFY_LONG=1: 200 of them; else a part.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket;

my $times = $ENV{NOTIFY_LONG} ? 200 : 40;
my $t     = NotifyTest->new;
$t->start_redis;
$t->start_nginx(workers => 2, http => "notify_redis env:REDIS_URL;\nnotify_ring 64 1m;\nnotify_drain 1s;\n"
        . 'log_format s \'$arg_case $status $notify_stream $notify_resume $notify_close_reason\'; access_log s.log s;',
    server => <<'END');
    notify_event if=n data=$value_n;
    notify_event if=silent id=off data=silent;
    notify_event name=named data=$object;
    location = /p {
        notify_field s string in=query;
        notify_field n integer in=query;
        notify_publish $notify_field_s;
        notify_entry n $notify_field_n;
    }
    location = /three { notify_subscribe $arg_s-a $arg_s-b $arg_s-c; }
    location = /some  { notify_subscribe user:$arg_user all team:$arg_team; }
    location = /open  { notify_open ready '{"a":1}'; notify_replay 2; notify_subscribe user:$arg_user all; }
    location = /data  { notify_websocket data; notify_subscribe user:$arg_user all; }
    location = /off   { notify_websocket off; notify_subscribe user:$arg_user all; }
    location = /say   {
        notify_max_message 1k;
        notify_receive said:$arg_user n=$notify_message from=$arg_user;
        notify_subscribe user:$arg_user said:$arg_user;
    }
    location = /ping  { notify_keepalive 200ms; notify_pong_timeout 300ms; notify_subscribe a b; }
    location = /slow  { notify_send_timeout 1s; notify_subscribe a b; }
END
my $redis = $t->redis;
my $loop  = $t->loop;

sub publish ($stream, $n) { return $t->request('POST', "/p?s=$stream&n=$n")->json->{id} }

sub client ($path, %option) {
    return NotifyTest::WebSocket->new(loop => $loop, port => $t->nginx->port, path => $path, %option);
}
# With the first id that it was given.
sub placed ($path, %option) {
    my $client = client($path, %option);
    $client->wait_open or die 'no WebSocket: ' . ($client->status // '');
    $client->wait_messages(1);
    return $client;
}
sub after ($path, $id) { return client("$path&last_event_id=$id") }
sub data ($client) { return join ' ', map { $_->{data} // 'null' } grep { ($_->{event} // '') ne 'place' } $client->json }

# ---- what comes ----------------------------------------------------------------------------------

my $one   = placed('/some?user=u&team=t');
my $first = ($one->json)[0];
is_deeply([sort keys %$first], [qw(data event id)], 'the first message');
is("$first->{event} " . ($first->{data} // 'null'), 'place null', '... says where each stream began');
like($first->{id}, qr/^c[0-9a-f]{8}(?:\.[0-9a-f]{12}:0-00000000){3}$/, '... by the id of all three');
my @published = (publish('user:u', 1), publish('all', 2), publish('team:t', 3), publish('user:u', 4));
$one->wait_messages(5);
is(data($one), '1 2 3 4', 'what is published to any of them arrives');
my @ids = $one->ids;
is(scalar(grep { /^c[0-9a-f]{8}(?:\.[0-9a-f]{12}:\d+-[0-9a-f]{8}){3}$/ } @ids), 5, 'with the ids of all places');
for my $seen (0 .. 4) {
    my $again = after('/some?user=u&team=t', $ids[$seen]);
    $again->wait_messages(1 + 4 - $seen);
    is(join(' ', sort split / /, data($again)), join(' ', $seen + 1 .. 4), "resumed after $seen of 4");
    $again->cut;
}
my $sse = $t->stream(path => '/some?user=u&team=t', last_event_id => $ids[2], reconnect => 0);
$sse->wait_events(2);
is(join(' ', sort map { $_->{data} } $sse->events), '3 4', 'over server-sent events, too');
$sse->close_stream;

$redis->cmd('XADD', 'all', '*', 'silent', 1);
$redis->cmd('XADD', 'all', '*', 'x', 'y' x 70_000);
$redis->cmd('XADD', 'team:t', '*', 'x', 'y' x 5000);
$redis->cmd('XADD', 'team:t', '*', 'x', 'y' x 100);
$one->wait_messages(9);
my @more = ($one->json)[5 .. 8];
is_deeply([sort grep { defined } map { $_->{event} } @more], [('named') x 3], 'names stand in the envelope');
is_deeply([grep { !exists $_->{id} } @more], [{data => 'silent'}], 'an event without an id has none');
is_deeply([sort { $b <=> $a } map { length $_->{data}{x} } grep { ref $_->{data} } @more], [70_000, 5000, 100],
    'large ones are whole');
$one->cut;

my $gap = after('/some?user=u', 'c0000');
$gap->wait_messages(3);
is_deeply([map { "$_->{event} $_->{data}{reason}" } grep { $_->{event} eq 'gap' } $gap->json],
    ['gap unknown', 'gap unknown'], 'an id that nobody gave out: a gap on each stream');
$gap->cut;

my $open = placed('/open?user=u');
$open->wait_messages(5);
my @opened = $open->json;
is_deeply([@{$opened[0]}{qw(event data)}], ['ready', {a => 1}], 'notify_open comes first');
is($opened[1]{event}, 'place', 'the place behind it');
is(join(' ', map { ref $_->{data} ? length $_->{data}{x} : $_->{data} } @opened[2 .. $#opened]), '1 4 70000',
    'then the latest of each, as many as are not too large');
$open->cut;

my $bare = client('/data?user=u');
$bare->wait_open;
ok(wait_until(sub { $loop->turn(0.05); $redis->cmd('PUBSUB', 'NUMSUB', 'notify:{user:u}:bell')->[1] }, 5),
    'data alone: it stands');
publish('user:u', 5);
publish('all', 6);
$bare->wait_messages(2);
is(join(' ', $bare->messages), '5 6', '... and has no ids, so no place');
$bare->cut;

is(client('/some?team=t')->wait_open, 1, 'streams without a name are left out');
my $refused = client('/say', headers => {'Sec-WebSocket-Key' => 'x'});
$refused->wait_end;
is($refused->status, 400, 'a handshake that is malformed');
my $off = client('/off?user=u');
$loop->run_until(sub { ($off->status // 0) == 200 }, 5);
is($off->status, 200, 'off: server-sent events');
$off->cut;

# ---- what the client says ------------------------------------------------------------------------

my $say = placed('/say?user=u&case=say');
$say->send_text('7');
$say->wait_messages(2);
is(data($say), '7', 'its message goes to the stream that notify_receive names');
is_deeply({@{$redis->cmd('XREVRANGE', 'said:u', '+', '-')->[0][1]}}, {n => 7, from => 'u'}, '... as it says');
is($redis->cmd('XLEN', 'user:u'), 3, '... and to no other');
$say->send_bytes(NotifyTest::WebSocket::frame(NotifyTest::WebSocket::PING, 'hello'));
$loop->run_until(sub { $say->pongs }, 5);
is(join(' ', $say->pongs), 'hello', 'a ping is answered');
$say->send_text('x' x 1025);
$say->wait_end;
is($say->code, 1009, 'a message that is too large');
my $quiet = placed('/some?user=u');
$quiet->send_text('hello');
$quiet->wait_end;
is($quiet->code, 1003, 'where nothing is taken');
my $leaves = placed('/some?user=u&case=leaves');
publish('user:u', 8);
$leaves->send_close;
ok($leaves->wait_end, 'a Close is answered');
is($leaves->code, 1000, '... with its code');

my $answers = placed('/ping');
my $silent  = placed('/ping?case=silent', silent => 1);
ok($silent->wait_end(8), 'who answers no ping is closed');
ok($answers->is_open && $answers->pings > 0, '... who does stays');
$answers->cut;

# ---- a slow one ----------------------------------------------------------------------------------

my $slow = placed('/slow?case=slow', receive_buffer => 4096);
$slow->pause;
$redis->cmd('XADD', $_ % 2 ? 'a' : 'b', '*', 'n', qq("$_-) . 'x' x 30_000 . '"') for 1 .. 40;
$slow->resume;
$slow->wait_messages(41, 10);
my @numbers = map { /^(\d+)-/ ? $1 : () } split / /, data($slow);
is(join(' ', grep { $_ % 2 } @numbers), join(' ', grep { $_ % 2 } 1 .. 40), 'a slow client gets all, when it reads');
is(join(' ', grep { $_ % 2 == 0 } @numbers), join(' ', grep { $_ % 2 == 0 } 1 .. 40), '... of both');
$slow->pause;
for (1 .. 15) { $redis->cmd('XADD', 'a', '*', 'n', '"' . 'x' x 300_000 . '"') }
ok(wait_until(sub { $loop->turn(0.05); $t->read_file($t->nginx->dir . '/s.log') =~ /^slow 101 a b \S+ slow$/m }, 20),
    'who takes nothing is cut');
$slow->cut;

# ---- reconnects ----------------------------------------------------------------------------------

my $publisher = NotifyTest::Publisher->new(loop => $loop, port => $t->nginx->port, rate => 200, connections => 16,
    request => sub ($n) { ['POST', '/p?s=r-' . (qw(a b c))[$n % 3] . "&n=$n"] });
my ($id, $gaps, @seen) = (undef, 0);
my $note = sub ($client, $text) {
    my $message = JSON::PP->new->decode($text);
    $id = $message->{id} // $id;
    my $event = $message->{event} // '';
    $gaps++ if $event eq 'gap';
    push @seen, $message->{data} if $event eq '';
};
my $connect = sub {
    return client('/three?s=r' . (defined $id ? "&last_event_id=$id" : ''), on_message => $note, forget => 1);
};
my $again = $connect->();
$loop->run_until(sub { defined $id }, 5);
$publisher->start;
for my $time (1 .. $times) {
    my $wanted = @seen + int rand 8;
    $loop->run_until(sub { @seen >= $wanted }, 3);
    if    ($time % 10 == 0) { $again->send_close; $again->wait_end }
    elsif ($time == 25)     { $t->nginx->reload; $again->wait_end(8) }
    else                    { $again->cut }
    $again = $connect->();
    $again->wait_open if $time % 3;    # else it is cut before it was answered
}
$publisher->stop;
$loop->run_until(sub { $publisher->settled }, 5);
my @stored = map { [map { $_->[1]{n} } $redis->entries("r-$_")] } qw(a b c);
my $total  = 0;
$total += @$_ for @stored;
$loop->run_until(sub { @seen >= $total }, 10);
for my $k (0 .. 2) {
    my @got = grep { $_ % 3 == $k } @seen;
    is("@got", "@{$stored[$k]}", 'stream ' . (qw(a b c))[$k] . ': ' . @got . " messages, each once, in order, over $times reconnects");
}
is($gaps, 0, '... without a gap');
$again->cut;

my $log = $t->read_file($t->nginx->dir . '/s.log');
like($log, qr/^say 101 user:u said:u new protocol$/m,  'the log names the streams and the reason');
like($log, qr/^leaves 101 user:u all new client$/m,    '... also where the client closed');
like($log, qr/^silent 101 a b new silent$/m,           '... or said nothing any more');

# ---- npm's ws ------------------------------------------------------------------------------------

my $node = NotifyTest::Process->start(name => 'ws', log => "$t->{dir}/ws.log",
    command => ['node', "$FindBin::Bin/clients/ws.js", 'ws://127.0.0.1:' . $t->nginx->port . '/some?user=node', '-']);
ok($node->wait_output(qr/"event":"place"/, 10), "npm's ws is told its place") or diag $node->output;
publish('user:node', 11);
ok($node->wait_output(qr/"id":"c[^"]+","data":11\}/, 10), '... and gets a message with the next one') or diag $node->output;
$node->stop;

$t->done;
