# System 003: the consumers' endpoints, in the configuration that ships.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use NotifyTest;
use NotifyTest::Queue qw(escaped bodies ids in_flight);

my $t     = NotifyTest->serving(edit => {'notify_keepalive 60s' => 'notify_keepalive 1s'});
my $redis = $t->redis;
my $loop  = $t->loop;
my @text  = ('Content-Type' => 'text/plain; charset=utf-8', 'X-Content-Type-Options' => 'nosniff');
my @json  = ('Content-Type' => 'application/json');
my $done  = qq({"action":"finished","status":"ok"}\n);
my $gone  = "Message not found or already processed\n";
my $held  = "Message not found in pending list or already acknowledged\n";
my $none  = "No consumers found for this stream/group\n";

sub events ($query, %option) {
    return $t->stream(path => "/api/events?$query", reconnect => 0,
        headers => ['Authorization: Bearer ' . BEARER_TOKEN], %option);
}
sub publish ($stream, $data) {
    my $body = qq({"data":$data});
    return $t->bearer('POST', "/api/streams/" . escaped($stream) . '/messages', body => $body)
        ->json->{id};
}

# ---- GET /api/events -----------------------------------------------------------------------------

my @id  = map { publish('orders', $_) } '{"n":1}', 2, '"three"';
my $one = events('stream=orders&group=billing&consumer=one', keep_raw => 1);
$one->wait_events(1);
is($one->response->status, 200, 'GET /api/events');
is($one->response->header('Content-Type'), 'text/event-stream', 'is a stream');
is($one->response->header('Access-Control-Allow-Origin'), '*', 'for pages of any origin');
is($one->response->header('Cache-Control'), 'no-cache', 'that nobody keeps');
$loop->run_until(sub { $one->comments >= 2 }, 4);
like($one->raw, qr/\Adata: \{"body":\{"n":1\},"id":"$id[0]"\}\n\n(?:: keepalive\n\n){2}\z/,
    'an entry from before the first connection, then a sign of life, to the byte');
my @unnamed = map { events('stream=orders&group=billing') } 1, 2;
$loop->run_until(sub { 2 == grep { $_->count == 1 } @unnamed }, 5);
is(join(' ', sort map { ids($_) } $one, @unnamed), join(' ', sort @id), 'each consumer has one');

for (
    ['', 400, qr/stream/], ['stream=orders', 400, qr/group/], ['group=billing', 400, qr/stream/],
    ['stream=orders&group=billing&limit=-1',         400, qr/\AInvalid limit: [^\n]+\n\z/],
    ['stream=orders&group=billing&limit=1.5',        400, qr/\AInvalid limit: [^\n]+\n\z/],
    ['stream=orders&group=billing&limit=x',          400, qr/\AInvalid limit: [^\n]+\n\z/],
    ['stream=orders&group=billing&limit=99999999',   400, qr/\AInvalid limit: [^\n]+\n\z/],
    ['stream=orders&group=billing&consumer=one',     409, "Consumer one is already connected\n"],
    ['stream=%FF&group=billing',                     400, qr/\AInvalid stream name/],
    ['stream=orders&group=%00',                      400, qr/\AInvalid group name/],
    )
{
    my ($query, $status, $body) = @$_;
    $t->answers("?$query", $t->bearer('GET', "/api/events?$query"), $status, $body, @text);
}
$redis->cmd('SET', 'text', 1);
$t->answers('a key of another type', $t->bearer('GET', '/api/events?stream=text&group=g'), 500,
    qr/WRONGTYPE/, @text);
$t->answers('without a token', $t->request('GET', '/api/events?stream=s&group=g'), 401,
    "Authorization header required\n", @text);
$t->answers('another method', $t->request('PUT', '/api/events'), 405, undef, Allow => 'GET, HEAD');

# ---- POST /api/messages/{message-id}/finish ------------------------------------------------------

$t->answers('finish', $t->bearer('POST', "/api/messages/$id[0]/finish"), 200, $done, @json);
$t->answers('twice', $t->bearer('POST', "/api/messages/$id[0]/finish"), 404, $gone, @text);
$t->answers('of no message', $t->bearer('POST', "/api/messages/$_/finish"), 404, $gone, @text)
    for '1-1', 'x', '%20', '1-1%2F';
my $other = events('stream=orders&group=mail&limit=10');
$other->wait_events(3);
$t->answers('in two groups', $t->bearer('POST', "/api/messages/$id[1]/finish"), 409, qr/group/,
    @text);
$t->answers('of one of them',
    $t->bearer('POST', "/api/messages/$id[1]/finish?stream=orders&group=mail"), 200, $done, @json);
is(in_flight($t, 'orders', 'billing'), 2, 'the other one still has it');

# ---- POST /api/streams/…/finish ------------------------------------------------------------------

my $odd    = 'a/b c%?#{x}';
my $path   = join '/', '/api/streams', escaped($odd), 'groups', escaped($odd), 'consumers',
    escaped($odd);
my @odd_id = map { publish($odd, $_) } 1 .. 9;
my $strange = events(join '&', map { "$_=" . escaped($odd) } qw(stream group consumer));
$strange->wait_events(1);
$t->answers('the long path', $t->bearer('POST', "$path/messages/$odd_id[0]/finish"), 200, $done,
    @json);
$t->answers('twice', $t->bearer('POST', "$path/messages/$odd_id[0]/finish"), 404, $held, @text);
$t->answers('another consumer', $t->bearer('POST',
        "/api/streams/orders/groups/mail/consumers/x/messages/$id[2]/finish"), 404, $held, @text);
$strange->wait_events(2);
$t->answers('a list', $t->bearer('POST', "$path/finish",
        body => qq({"message_ids":["$odd_id[1]","$odd_id[7]","nonsense"]})), 200,
    qq({"acked":1,"action":"batch_finished","deleted":0,"received":3,"status":"ok"}\n), @json);
$t->answers("a list: $_", $t->bearer('POST', "$path/finish", body => $_), 400, qr/\A[^\n]+\n\z/,
    @text) for '{"message_ids":[]}', '{', '', '[]', '{"message_ids":{}}', '{"message_ids":[1]}';

# ---- POST /api/consumers/{stream}/{group}/limit --------------------------------------------------

for my $last ('limit', 'rdy') {
    $t->answers($last, $t->bearer('POST', "/api/consumers/orders/billing/$last",
            body => '{"count":2}'), 200, qq({"consumers":3,"status":"ok"}\n), @json);
}
$t->answers('of nobody', $t->bearer('POST', '/api/consumers/orders/nobody/limit',
        body => '{"count":2}'), 404, $none, @text);
$t->answers("limit: $_", $t->bearer('POST', '/api/consumers/orders/billing/limit', body => $_), 400,
    qr/\A[^\n]+\n\z/, @text)
    for '{', '', '[]', '{"count":-1}', '{"count":1.5}', '{"count":"2"}', '{"count":1e99}',
    '{"count":null}', '{"count":99999999999999999999}', '{}';

# ---- GET /api/consumers/{stream}/{group} ---------------------------------------------------------

$t->answers('figures', $t->bearer('GET', '/api/consumers/orders/billing'), 200,
    qq({"consumers":3,"finished":1,"group":"billing","messages":3,"stream":"orders"}\n), @json);
my $figures = $t->bearer('GET', '/api/consumers/' . escaped($odd) . '/' . escaped($odd))->json;
is_deeply($figures, {consumers => 1, finished => 2, group => $odd, messages => 3, stream => $odd},
    'of odd names');
$t->answers('of nobody', $t->bearer('GET', '/api/consumers/orders/nobody'), 404, $none, @text);
$t->answers('of a group that is called limit', $t->bearer('GET', '/api/consumers/orders/limit'), 404,
    $none, @text);
$t->answers("$_->[0] $_->[1]", $t->bearer(@$_), 404, "404 page not found\n", @text)
    for ['GET', '/api/consumers/orders'], ['POST', '/api/messages//finish'], ['GET', '/api/events/x'],
    ['POST', '/api/streams/s/groups/g/consumers//finish'];
$t->answers('another method', $t->bearer('DELETE', '/api/consumers/orders/billing'), 405, undef,
    Allow => 'GET');

# ---- the stream is deleted -----------------------------------------------------------------------

$redis->cmd('DEL', 'orders');
$loop->run_until(sub { $one->closed && $other->closed }, 5);
ok($one->ended_cleanly && $other->ended_cleanly, 'all consumers of a deleted stream are closed');

# ---- POST /admin/flush ---------------------------------------------------------------------------

publish('flushed', $_) for 1 .. 3;
my $last = $t->stream(path => '/api/events?stream=flushed&group=g&limit=5&consumer=x', retry => 0.1,
    headers => ['Authorization: Bearer ' . BEARER_TOKEN]);
$last->wait_events(3);
is($t->bearer('POST', '/admin/flush')->status, 200, 'flush');
$loop->run_until(sub { $last->closed == 1 }, 5);
is($last->closed, 1, 'closes the consumers');
$loop->run_until(sub { $last->opened == 2 }, 5);
is(join(' ', $last->refused), '', 'who come back under their names');
publish('flushed', 4);
$last->wait_events(4);
is((bodies($last))[3], 4, 'and get what is new');
$last->close_stream;

$t->done;
