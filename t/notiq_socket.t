# Notiq's users: what clients send to them comes by WebSocket, again on every connection until it is
# acknowledged through the catalogue.

use v5.36;

use Encode qw(encode_utf8);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::WebSocket;

my $t     = NotifyTest->new;
my $c     = NotifyTest::Catalog->new($t, kind => 'sqlite');
my $key   = $c->made('/clients', {client_name => 'Shop'});
my $other = $c->made('/clients', {client_name => 'other'});
my $json  = JSON::PP->new->utf8->canonical;

sub body ($user, $title) {
    return {user_id => $user, type => 'info', color_code => '#fff', title => $title, message => 'text',
        timeout => 1000, is_sticky => JSON::PP::false};
}
sub post ($path, $body, $with = $key) {
    my $answer = $c->client($with, 'POST', "/notification/$path", $body);
    is($answer->status, 200, "POST /notification/$path") or diag $answer->body;
    return $answer->json->{data};
}
sub sent ($user, $title, $with = $key) { return post('send', body($user, $title), $with)->{message_id} }

# With the key of the client that the path names, unless headers or arguments say else.
sub client ($path, %option) {
    my ($name) = map { lc } $path =~ m{^(\w+)/};
    $option{headers} //= {'x-api-key' => $name eq 'shop' ? $key : $other} if $path !~ /\?/;
    my $client = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port,
        path => "/api/ws/$path", %option);
    $t->loop->run_until(sub { $client->{open} || $client->response->done }, 5);
    return $client;
}
sub ids ($client, @expected) {
    $t->loop->run_until(sub { $client->messages >= @expected }, 5);
    return join ' ', map { $_->{message_id} } $client->json;
}

# ---- who may -------------------------------------------------------------------------------------

for my $row (['an unknown client', 'nobody/alice'],
    ["what is no client's name", ":database/alice?api_key=$key"],
    ['nor this', ":revision/alice?api_key=$key"], ['a wrong key', "shop/alice?api_key=$other"],
    ['a wrong key in the header', 'shop/alice', headers => {'X-API-Key' => $other}],
    ['another letter in the key', "shop/alice?api_key=${key}0"]) {
    my ($name, @request) = @$row;
    my $refused = client(@request);
    is($refused->status, 403, $name);
    is($refused->response->body, '{"status_code":403,"message":"HTTP Exception","error":"Forbidden"}',
        'in the shape of all errors');
}
for my $row (['in capitals', 'SHOP/alice'], ['with its key', "shop/alice?api_key=$key"],
    ['with its key in the header', 'Shop/alice', headers => {'X-API-Key' => $key}]) {
    my ($name, @request) = @$row;
    is(client(@request)->status, 101, "a client $name");
}
is($t->request('GET', '/api/ws/shop')->status, 404, 'without a user');
unlike($t->nginx->access_log, qr/\Q$key\E/, 'no key is in the log');

# The longest names of a client and a user that are taken are names of a stream, too.
my $long     = "\x{e9}" x 84 . 'abc';
my $long_key = encode_utf8($c->made('/clients', {client_name => $long}));
my $longest  = join '/', map { join '', map { sprintf '%%%02x', ord } split //, encode_utf8($_) } $long, 'u' x 255;
my $sent     = sent('u' x 255, 'to the longest', $long_key);
is(ids(client($longest, headers => {'x-api-key' => $long_key}), $sent), $sent, 'a client of 171 bytes, a user of 255');
is($c->admin('POST', '/clients', {client_name => "\x{e9}" x 86})->status, 422, 'a longer name is refused');
is($c->client($key, 'POST', '/notification/send', body("a\nb", 'x'))->status, 422, 'as is a user who could not connect');

# ---- what comes ----------------------------------------------------------------------------------

my @ids = (sent('alice', 'offline'));
my ($one, $two) = (client('shop/alice'), client('Shop/alice'));
push @ids, sent('alice', 'live');
is(ids($one, @ids), "@ids", 'what was sent before, and what is sent now');
is(ids($two, @ids), "@ids", 'to all sockets of the user');
my ($first) = $one->json;
is_deeply([sort keys %$first], ['message', 'message_id'], 'a frame has two members');
is_deeply($json->decode($first->{message}), body('alice', 'offline'), 'the message is the JSON of the body');

ok(post('acknowledge', {user_id => 'alice', message_ids => [$ids[1]]}), 'one that came live is acknowledged');
is(ids(client('shop/alice'), $ids[0]), $ids[0], 'the other one comes again');
post('acknowledge', {user_id => 'alice', message_ids => [$ids[0]]});
my $empty = client('shop/alice');
$t->loop->run_for(0.3);
is(scalar($empty->messages), 0, 'then nothing is left');
$empty->send_text('hello');
ok($empty->wait_end(5), 'who speaks');
is($empty->code, 1003, 'is told that nobody listens');
is($t->redis->cmd('XLEN', 'test:notiq:notifications:shop:alice'), 2, 'and nothing was added');

# What one socket may hold is bounded.
use NotifyTest::WebSocket qw(frame);
my ($big, $part) = (client('shop/zoe'), client('shop/zoe'));
$big->send_text('x' x 65_537);
ok($big->wait_end(5), 'a message of more than 64 kB');
is($big->code, 1009, 'is too big');
$part->send_bytes(substr frame(0x81, 'x' x 60_000), 0, 50_000);
ok($part->wait_end(15), 'one that does not end');
is($part->code, 1008, 'is not waited for');

# Acknowledged before anybody was there; and other clients' users of the same name.
my $unseen = sent('bob', 'unseen');
my $kept   = sent('bob', 'kept');
my $theirs = sent('bob', 'theirs', $other);
post('acknowledge', {user_id => 'bob', message_ids => [$unseen, '1-1']});
is(ids(client('shop/bob'), $kept), $kept, 'an acknowledgement needs no connection');
is(ids(client('other/bob'), $theirs), $theirs, "another client's user is another one");

my $events = $t->stream(path => "/api/ws/shop/bob?api_key=$key", reconnect => 0);
$events->wait_events(1);
is($json->decode(($events->events)[0]{data})->{message_id}, $kept, 'the same by server-sent events');

# Redis has lost the clients: they are shown to nginx again.
my $kept_open = client('other/carl');
$t->redis->cmd('DEL', 'notify:{catalog}:clients');
is(client('other/carl')->status, 403, 'nobody is known');
ok(wait_until(sub { client('other/carl')->status == 101 }, 8), 'and all are, a moment later');
$t->loop->run_for(0.1);
ok($kept_open->is_open, 'who was there stays');

my $id = $c->client_id('Shop');
is($c->admin('DELETE', "/clients/$id/mark_inactive")->status, 200, 'a client is deactivated');
ok(wait_until(sub { client('shop/alice')->status == 403 }, 5), 'and may connect no more');

$t->done;
