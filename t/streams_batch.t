# System 003: POST /api/streams/{stream}/messages/batch.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->serving;
my $redis = $t->redis;

my @text = ('Content-Type' => 'text/plain; charset=utf-8', 'X-Content-Type-Options' => 'nosniff');

sub batch ($stream, $body, %option) {
    return $t->bearer('POST', "/api/streams/$stream/messages/batch", body => $body, %option);
}

sub stored ($stream) {
    return [map { join '=', $_->[1]->@* } $redis->cmd('XRANGE', $stream, '-', '+')->@*];
}

# ---- what is stored ------------------------------------------------------------------------------

my @values = ('1', '18446744073709551617', '-0.0e+7', 'null', 'true', '"a\u003c\/"', '"<>&"',
    '{"b":[1, 2],"a":{}}', "[\n]", '""', '[[[]]]', '"],[{"', "\"\xc3\xbc\"");
$t->answers('a batch', batch('b', '{"messages":[' . join(' , ', @values) . ']}'), 201,
    qq({"count":13,"status":"ok","stream":"b"}\n), 'Content-Type' => 'application/json');
is_deeply(stored('b'), [map { "data=$_" } @values], 'each value is stored as it was sent, in order');

$t->answers('one', batch('one', '{"messages":["x"]} and more'), 201,
    qq({"count":1,"status":"ok","stream":"one"}\n));
$t->answers('a name that must be quoted', batch('a%2F%22', '{"messages":[1]}'), 201,
    qq({"count":1,"status":"ok","stream":"a/\\""}\n));
$t->answers('1,000', batch('many', '{"messages":[' . join(',', 1 .. 1000) . ']}'), 201,
    qr/"count":1000,/);
is_deeply(stored('many'), [map { "data=$_" } 1 .. 1000], '1,000: all in order');
my $large = join ',', map { '"' . 'x' x 100_000 . '"' } 1 .. 70;
$t->answers('7 MB', batch('large', qq({"messages":[$large]})), 201, qr/"count":70,/);
is($redis->cmd('XLEN', 'large'), 70, '7 MB: all are there');

# ---- bad input -----------------------------------------------------------------------------------

my $none = "At least one message is required\n";
for (['no list', '{}'], ['an empty list', '{"messages":[]}'], ['null', '{"messages":null}'],
    ['another name', '{"message":["x"]}'])
{
    my ($name, $body) = @$_;
    $t->answers($name, batch('bad', $body), 400, $none, @text);
}
for (['no body', ''], ['a list alone', '["x"]'], ['a text', '{"messages":"x"}'],
    ['an object', '{"messages":{"a":1}}'], ['a number', '{"messages":7}'],
    ['half a list', '{"messages":["x"'], ['a comma too many', '{"messages":["x",]}'],
    ['a hole', '{"messages":[1,,2]}'], ['invalid UTF-8', qq({"messages":["\xff"]})],
    ['no JSON', 'messages=x'])
{
    my ($name, $body) = @$_;
    $t->answers("$name: Invalid JSON", batch('bad', $body), 400, qr/^Invalid JSON: [^\n]+\n\z/, @text);
}
$t->answers('1,001', batch('bad', '{"messages":[' . join(',', 0 .. 1000) . ']}'), 413,
    qr/more than 1000/, @text);
$t->answers('10 MB', batch('bad', '{"messages":["' . 'x' x (10 * 1024 * 1024) . '"]}'), 413,
    "Request body is too large\n", @text);
$t->answers('a bad name', batch('%ff', '{"messages":[1]}'), 400, qr/^Invalid stream name: /, @text);
is($redis->cmd('EXISTS', 'bad'), 0, 'nothing of that was published');
$redis->cmd('SET', 'text', 'x');
$t->answers('a key of another type', batch('text', '{"messages":[1,2]}'), 500,
    qr/^Failed to publish: .*WRONGTYPE.*\n\z/, @text);
$t->answers('no token', $t->request('POST', '/api/streams/b/messages/batch', body => '{}'), 401,
    "Authorization header required\n", @text);
$t->answers('GET', $t->request('GET', '/api/streams/b/messages/batch'), 405,
    "Method Not Allowed\n", @text, Allow => 'POST');

# ---- Idempotency-Key ------------------------------------------------------------------------------

my $again = '{"messages":[1,2,3]}';
my $once  = batch('once', $again, headers => ['Idempotency-Key' => 'k']);
$t->answers('the first time', $once, 201, qr/"count":3,/);
is($once->header('Idempotent-Replayed'), undef, 'the first time: nothing is repeated');
$t->answers('again', batch('once', $again, headers => ['Idempotency-Key' => 'k']), 201, $once->body,
    'Idempotent-Replayed' => 'true');
is($redis->cmd('XLEN', 'once'), 3, 'again: nothing is added');
$t->answers('with something else', batch('once', '{"messages":[4]}',
    headers => ['Idempotency-Key' => 'k']), 400, qr/idempotency-key/i, @text);
$t->answers('for one message', $t->bearer('POST', '/api/streams/once/messages', body => '{"data":1}',
    headers => ['Idempotency-Key' => 'k']), 400, qr/idempotency-key/i, @text);
is($redis->cmd('XLEN', 'once'), 3, 'with something else: nothing is added');

# ---- bells: subscribers of the stream get all, once and in order ---------------------------------

my $nginx = $t->start_other_nginx(http => 'notify_redis env:REDIS_URL;', server => <<'END');
    location = /listen {
        notify_open ready open;
        notify_event data=$value_n;
        notify_subscribe listened;
    }
    location = /batch {
        notify_field list array min=1;
        notify_entry n $notify_item;
        notify_entry time $notify_time;
        notify_max_batch 5000;
        notify_retain 3000;
        notify_publish_batch listened list;
        notify_response 200 '$notify_count $notify_entry_id';
    }
    location = /latest {
        notify_replay 1 30m;
        notify_field list array min=1;
        notify_entry n $notify_item;
        notify_publish_batch latest list;
        notify_open ready open;
        notify_event data=$value_n;
        notify_subscribe latest;
    }
    location = /required {
        notify_field list array min=1;
        notify_field order string;
        notify_require order:$notify_field_order 409 'No such order';
        notify_entry n $notify_item;
        notify_publish_batch required list 'failure=Failed: ';
    }
END
my $stream = $t->stream(port => $nginx->port, path => '/listen', name => 'listener');
$stream->wait_events(1);
my $number = 0;
for my $size (1, 2, 100, 101, 3, 2500, 1) {
    my $list = join ',', map { $number++ } 1 .. $size;
    my $answer = $t->request('POST', '/batch', port => $nginx->port, body => qq({"list":[$list]}));
    my $last = $redis->cmd('XREVRANGE', 'listened', '+', '-', 'COUNT', 1)->[0][0];
    $t->answers("$size at once", $answer, 200, "$size $last");
}
$stream->wait_events(1 + $number);
is_deeply([map { $_->{data} } ($stream->events)[1 .. $number]], [0 .. $number - 1],
    'a listener gets all of them once, in order');

# ---- what new subscribers are given, what must be there ------------------------------------------

sub many ($path, $body, @headers) {
    return $t->request('POST', $path, port => $nginx->port, body => $body, headers => \@headers);
}

my @kept = ('Idempotency-Key' => 'k');
is(many('/latest', '{"list":[1,2]}', @kept)->status, 200, 'a batch of a stream that is replayed') for 1, 2;
is($redis->cmd('XLEN', 'latest'), 2, '... with an Idempotency-Key: once');
my $late = $t->stream(port => $nginx->port, path => '/latest', name => 'late');
is(($late->wait_events(2))[1]{data}, '2', 'its last entry is the latest, for who comes later');
cmp_ok($redis->cmd('PTTL', 'notify:{latest}:latest'), '>', 1_790_000, '... for so long');
$late->close_stream;

$t->answers('what a batch requires is not there', many('/required', '{"list":[1],"order":"7"}'), 409,
    '{"detail":"No such order"}');
is($redis->cmd('EXISTS', 'required'), 0, '... and nothing is published');
$redis->cmd('SET', 'order:7', '');
is(many('/required', '{"list":[1,2],"order":"7"}')->status, 200, 'it is');
is($redis->cmd('XLEN', 'required'), 2, '... and all is published');

# ---- Redis away ----------------------------------------------------------------------------------

$stream->close_stream;
$redis->stop;
$t->answers('Redis away: what is required is not known', many('/required', '{"list":[1],"order":"7"}'), 503,
    '{"detail":"Failed: Redis is unavailable, nothing was done"}', 'Retry-After' => '1');
$t->answers('Redis away', batch('b', '{"messages":[1]}'), 503, qr/^Failed to publish: .+\n\z/, @text,
    'Retry-After' => '1');

$t->done;
