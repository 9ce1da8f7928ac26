# WebSocket: RFC 6455, section by section, against the running nginx.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket qw(frame handshake accept_of TEXT BINARY CLOSE PING PONG);

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(http => 'notify_redis env:REDIS_URL;', server => <<'END');
    location = /ws    { notify_subscribe s; notify_open ready '{"v":1}'; }
    location = /named {
        notify_event if=name 'name=$text_name' 'data=$value_data';
        notify_event id=off 'data=$value_data';
        notify_subscribe s;
    }
    location = /bare  { notify_websocket data; notify_event id=off 'data=$value_data'; notify_subscribe s; }
    location = /off   { notify_websocket off; notify_subscribe s; }
    location = /sub   { notify_websocket envelope protocol=notify.v1 protocol=notify.v2; notify_subscribe s; }
    location = /small { notify_max_message 100; notify_subscribe s; }
    location = /part  { notify_keepalive 300ms; notify_message_timeout 1500ms; notify_subscribe s; }
    location = /ping  { notify_keepalive 500ms; notify_pong_timeout 500ms; notify_subscribe s; }
END
my $redis = $t->redis;
my $port  = $t->nginx->port;

sub add (@fields) { return event_id($redis->cmd('XADD', 's', '*', @fields)) }
sub client ($path = '/ws', %option) {
    return NotifyTest::WebSocket->new(loop => $t->loop, port => $port, path => $path, %option);
}
sub opened ($path = '/ws', %option) {
    my $client = client($path, %option);
    $client->wait_open or die "$path does not open: " . ($client->status // 'no answer') . "\n";
    return $client;
}

# ---- 4.2: the opening handshake ------------------------------------------------------------------

my $first = opened();
$first->wait_messages(1);
my $head = $first->response;
is($head->status,                         101,               'the protocols are switched');
is($head->reason,                         'Switching Protocols', 'in words');
is($head->header('Upgrade'),              'websocket',       'Upgrade');
is(lc $head->header('Connection'),        'upgrade',         'Connection');
is($head->header('Sec-WebSocket-Accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', "the RFC's own example");
is($head->header($_), undef, "no $_") for qw(Content-Length Transfer-Encoding Content-Type
    Sec-WebSocket-Protocol Sec-WebSocket-Extensions);
is(($first->messages)[0], '{"event":"ready","data":{"v":1}}', 'notify_open comes first');

my @refused = (
    ['no Connection: Upgrade', 400, {Connection => 'keep-alive'}],
    ['no key',                 400, {'Sec-WebSocket-Key' => undef}],
    ['a short key',            400, {'Sec-WebSocket-Key' => 'c2hvcnQ='}],
    ['a key that is no Base64', 400, {'Sec-WebSocket-Key' => '!' x 24}],
    ['version 8',              426, {'Sec-WebSocket-Version' => 8}],
    ['no version',             426, {'Sec-WebSocket-Version' => undef}],
    ['a body',                 400, {'Content-Length' => 1}, 'x'],
);
for my $row (@refused) {
    my ($name, $status, $headers, $body) = @$row;
    my $http = $t->http;
    $http->send(handshake('/ws', headers => $headers) . ($body // ''));
    my $answer = $http->receive;
    $t->answers($name, $answer, $status, qr/^\{"detail":"/,
        $status == 426 ? ('Sec-WebSocket-Version' => '13', Upgrade => 'websocket') : ());
}
for my $row (['in other letters', {Upgrade => 'WebSocket', Connection => 'keep-alive, UPGRADE'}],
    ['among others', {Upgrade => 'h2c, websocket'}]) {
    is(opened('/ws', headers => $row->[1])->status, 101, "asked for $row->[0]");
}
for my $row (['HTTP/1.0', version => '1.0'], ['HEAD', method => 'HEAD'],
    ['notify_websocket off', path => '/off'], ['another protocol', headers => {Upgrade => 'h2c'}]) {
    my ($name, %option) = @$row;
    my $http = $t->http;
    $http->send(handshake($option{path} // '/ws', %option));
    like($http->read_until(qr/\r\n\r\n/), qr{^HTTP/1.1 200 OK\r.*text/event-stream}s,
        "$name: server-sent events");
}
is(opened('/sub', headers => {'Sec-WebSocket-Protocol' => 'x, notify.v2 ,notify.v1'})
        ->response->header('Sec-WebSocket-Protocol'), 'notify.v2', 'a subprotocol is agreed on');
is(opened('/sub', headers => {'Sec-WebSocket-Protocol' => 'x'})
        ->response->header('Sec-WebSocket-Protocol'), undef, 'or not');

# ---- what comes ----------------------------------------------------------------------------------

my ($named, $bare) = (opened('/named'), opened('/bare'));
my @ids = (add(name => 'n', data => '{"a": 1}'), add(data => "not\njson"), add(data => 'null'));
$_->wait_messages(3) for $named, $bare;
is(join('|', $named->messages),
    qq({"id":"$ids[0]","event":"n","data":{"a": 1}}|{"data":"not\\njson"}|{"data":null}),
    'messages in the envelope');
is(join('|', $bare->messages), qq({"a": 1}|"not\\njson"|null), 'and bare');
$first->wait_messages(4);
is(join('|', ($first->messages)[1 .. 3]), join('|',
    qq({"id":"$ids[0]","data":{"name":"n","data":"{\\"a\\": 1}"}}),
    qq({"id":"$ids[1]","data":{"data":"not\\njson"}}), qq({"id":"$ids[2]","data":{"data":"null"}})),
    'as by default');

my $again = opened("/ws?last_event_id=$ids[0]");
$again->wait_messages(3);
is(join(' ', $again->ids), "@ids[1, 2]", 'a client goes on where it was');
my $lost = opened('/ws?last_event_id=nonsense');
$lost->wait_messages(2);
is(($lost->messages)[1] =~ s/\d+-[0-9a-f]{8}/ID/gr,
    '{"id":"ID","event":"gap","data":{"stream":"s","reason":"unknown","after":null,"id":"ID"}}',
    'a gap is told, and where the stream goes on');
my ($place) = ($lost->messages)[1] =~ /"id":"([^"]+)"/;
my $behind = opened("/ws?last_event_id=$place");
add(data => '"behind the gap"');
$behind->wait_messages(2);
unlike(join(' ', $behind->messages), qr/"gap"/, '... and who comes back with that is not told again');
$behind->cut;
for my $size (125, 126, 65_535, 65_536, 900_000) {
    my $id = add(data => 'x' x $size);
    $t->loop->run_until(sub { ($bare->messages)[-1] eq '"' . 'x' x $size . '"' }, 5);
    is(length(($bare->messages)[-1]), $size + 2, "a message of $size bytes");
}

# ---- 5.5: control frames -------------------------------------------------------------------------

sub pongs ($client, $count) {
    $t->loop->run_until(sub { $client->pongs >= $count }, 5);
    return join '|', $client->pongs;
}
my $ping = frame(PING, 'hello');
my $client = opened('/ws', early => $ping);
is(pongs($client, 1), 'hello', 'a ping that came along with the request is answered');
for my $byte (split //, $ping) {
    $client->send_bytes($byte);
    $t->loop->run_for(0.01);
}
is(pongs($client, 2), 'hello|hello', 'one that comes byte by byte, too');
$client->send_bytes(frame(PING, 'x' x 125) . frame(PONG, 'unasked'));
like(pongs($client, 3), qr/\|x{125}\z/, 'the largest one');
$client->send_close(1000, 'bye');
ok($client->wait_end, 'a close ends it');
is($client->code, 1000, 'with the same code');

for my $row ([1005, ''], [1001, pack 'n', 1001], [4999, pack('n', 4999) . "caf\xc3\xa9"]) {
    my ($code, $payload) = @$row;
    my $closing = opened();
    $closing->send_bytes(frame(CLOSE, $payload) . frame(TEXT, 'late'));
    ok($closing->wait_end, 'closed');
    is($closing->code, $code, "as $code");
}

# ---- 5.2, 5.4, 5.5, 7.4, 8.1: what is not allowed ------------------------------------------------

my @wrong = (
    ['an unmasked frame',          1002, frame(PING, 'x', mask => '')],
    ['a reserved bit',             1002, frame(PING | 0x40, '')],
    ['the second reserved bit',    1002, frame(TEXT | 0x20, 'x')],
    ['the third reserved bit',     1002, frame(TEXT | 0x10, 'x')],
    (map { [sprintf('opcode %x', $_), 1002, frame(0x80 | $_, '')] } 3 .. 7, 11 .. 15),
    ['a fragmented ping',          1002, frame(0x09, '')],
    ['a fragmented close',         1002, frame(0x08, '')],
    ['a long ping',                1002, frame(PING, 'x' x 126)],
    ['a continuation of nothing',  1002, frame(0x80, 'x')],
    ['a message in a message',     1002, frame(0x01, 'a') . frame(TEXT, 'b')],
    ['a length in two bytes too many', 1002, frame(TEXT, 'x', length => pack 'Cn', 126, 1)],
    ['a length in eight bytes too many', 1002, frame(TEXT, 'x', length => pack 'CQ>', 127, 1)],
    ['a length of 64 bits',        1002, frame(TEXT, '', length => pack 'CN2', 127, 0xffffffff, 0)],
    ['a close of one byte',        1002, frame(CLOSE, "\x03")],
    (map { ["close code $_", 1002, frame(CLOSE, pack 'n', $_)] } 0, 999, 1004 .. 1006, 1015, 2999,
        5000, 65_535),
    ['a reason that is no UTF-8',  1007, frame(CLOSE, pack('n', 1000) . "\xff")],
    ['a text that is no UTF-8',    1007, frame(TEXT, "\xc3\x28")],
    ['an overlong form',           1007, frame(TEXT, "\xc0\xaf")],
    ['a surrogate',                1007, frame(TEXT, "\xed\xa0\x80")],
    ['no UTF-8 before its end',    1007, frame(0x01, "ok \xff")],
    ['a text that ends early',     1007, frame(0x01, "\xc3") . frame(0x80, '')],
    ['a message that is too big',  1009, frame(TEXT, '', length => pack 'CQ>', 127, 1 << 40)],
    ['one that grows too big',     1009, frame(0x01, 'x' x 60) . frame(0x80, 'x' x 60)],
    ['a text, where none is taken', 1003, frame(TEXT, 'hello')],
    ['a text in pieces',           1003, frame(0x01, 'a') . frame(PING, '') . frame(0x00, 'b') . frame(0x80, 'c')],
    ['binary data',                1003, frame(BINARY, "\xff\x00")],
    ['an empty text',              1003, frame(TEXT, '')],
);
for my $row (@wrong) {
    my ($name, $code, $bytes) = @$row;
    for my $early (0, 1) {
        my $wrong = opened('/small', $early ? (early => $bytes) : ());
        $wrong->send_bytes($bytes) unless $early;
        $wrong->wait_end;
        is($wrong->code, $code, $name . ($early ? ', early' : ''));
    }
}
like($t->nginx->error_log, qr/WebSocket ended: a client's frame must be masked/, 'the log says why');

# ---- the client's life ---------------------------------------------------------------------------

my ($alive, $dead) = (opened('/ping'), opened('/ping', silent => 1));
ok($dead->wait_end(5), 'who does not answer a ping is closed');
is($dead->code, 1008, 'as a policy has it');
ok($alive->is_open && $alive->pings >= 1, 'who answers stays');

# ---- a message that has begun is to end ------------------------------------------------------------

# Whatever comes between its frames, and however slowly they come.
my %part = map { $_ => opened('/part', silent => $_ eq 'frame') } qw(frame pieces idle);
my $count = 0;
$part{frame}->send_bytes(substr frame(TEXT, 'hello'), 0, 8);
$part{pieces}->send_bytes(frame(0x01, 'a'));
my $tick;
$tick = sub {
    return if $part{pieces}->ended || ++$count > 100;
    $part{pieces}->send_bytes(frame(0x00, 'b'));
    $part{pieces}->send_bytes(frame(PING, 'x'));
    $t->loop->after(0.1, $tick);
};
$tick->();
for my $name (qw(frame pieces)) {
    ok($part{$name}->wait_end(5), "$name: who does not end a message is closed");
    is($part{$name}->code, 1008, 'as a policy has it');
    is($part{$name}->reason, 'a message was not complete in time', 'with the reason');
}
cmp_ok($part{pieces}->pongs, '>=', 5, 'though its pings were answered');
ok($part{idle}->is_open, 'who says nothing stays');

my $id = add(data => 'last');
$first->wait_messages(11);
is(($first->ids)[-1], $id, 'and the first one is still there');

$t->done;
