# Work queues: what a consumer is given, when, and what it may ask for.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Queue
    qw(queue_locations escaped bodies ids consumer add finish set_limit in_flight);
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
my $publish = 'location = /publish { notify_field data any; notify_entry data $notify_json_data;'
    . ' notify_publish s; }';
$t->start_nginx(
    http   => 'notify_redis env:REDIS_URL;',
    server => queue_locations('notify_max_limit 1000;') . $publish,
);
my $redis = $t->redis;
my $loop  = $t->loop;

sub settled () { $loop->run_for(1.3); return }    # longer than any look at the stream

# ---- GET /api/events: the frames -----------------------------------------------------------------

my @added = map { add($t, 's', $_) } '{"n":1}', '"two"', 'three', '18446744073709551617',
    "{\"a\" :\r\n[1e400,\n\"\\u0000<>&\"]}", '';
my $one = consumer($t, 's', 'g', consumer => 'a', keep_raw => 1);
$one->wait_events(1);
is($one->response->status, 200, 'a consumer is a stream');
is($one->response->header('Content-Type'), 'text/event-stream', 'of events');
is($one->response->header('Cache-Control'), 'no-cache', 'that nobody stores');
is($one->raw, qq(data: {"body":{"n":1},"id":"$added[0]"}\n\n), 'its frame, to the byte');
my $number = 1;
for my $shown ('"two"', '"three"', '18446744073709551617', '{"a" :  [1e400, "\u0000<>&"]}', '""') {
    finish($t, $added[$number - 1]);
    $one->wait_events($number + 1);
    is(($one->events)[$number]{data}, qq({"body":$shown,"id":"$added[$number]"}), "body $shown");
    $number++;
}
is(in_flight($t, 's', 'g', 'a'), 1, 'one is in flight at a time');
my $native = $redis->cmd('XADD', 's', '*', 'x', '1', 'y', '{}');
finish($t, $added[5]);
$one->wait_events(7);
is(($one->events)[6]{data}, qq({"body":{"x":"1","y":"{}"},"id":"$native"}),
    'an entry without data is an object of its fields');
finish($t, $native);

# ---- wake-ups ------------------------------------------------------------------------------------

my $begin = time;
add($t, 's', 8);
$one->wait_events(8);
cmp_ok(time - $begin, '<', 1.3, 'an entry from a native client is there within a second');
finish($t, (ids($one))[7]);
$begin = time;
$t->request('POST', '/publish', body => '{"data":[9]}');
$one->wait_events(9);
cmp_ok(time - $begin, '<', 0.3, 'one that nginx publishes at once');
is_deeply((bodies($one))[8], [9], 'as it was sent');
finish($t, (ids($one))[8]);

# ---- several consumers, in turn ------------------------------------------------------------------

add($t, 'turn', $_) for 1 .. 12;
my @three = map { consumer($t, 'turn', 'g', consumer => "c$_", limit => 4) } 1 .. 3;
$loop->run_until(sub { 12 == grep { defined } map { $_->events } @three }, 5);
is(join(' ', map { scalar $_->count } @three), '4 4 4', 'each gets its share');
is(join(' ', sort { $a <=> $b } map { bodies($_) } @three), join(' ', 1 .. 12), 'and nothing twice');
my $other = consumer($t, 'turn', 'other', limit => 100);
$other->wait_events(12);
is(join(' ', bodies($other)), join(' ', 1 .. 12), 'another group has all of it, in order');
like(join(' ', map { $_->[1] } $redis->cmd('XINFO', 'CONSUMERS', 'turn', 'other')->@*),
    qr/\Aconsumer-[0-9a-f]{16}\z/, 'a consumer without a name has a name of its own');

# ---- limit ---------------------------------------------------------------------------------------

add($t, 'limits', $_) for 1 .. 20;
my $paused = consumer($t, 'limits', 'paused', limit => 0);
$paused->wait_open;
my $five = consumer($t, 'limits', 'five', limit => 5, consumer => 'five');
$five->wait_events(5);
settled();
is($paused->count, 0, 'limit=0 pauses');
is($five->count, 5, 'limit=5: five, and no more');
$t->answers('a higher limit', set_limit($t, 'limits', 'five', 8), 200,
    qq({"consumers":1,"status":"ok"}\n));
$five->wait_events(8, 1);
is($five->count, 8, 'is used at once');
set_limit($t, 'limits', 'five', 7);
finish($t, $_, stream => 'limits', group => 'five') for (ids($five))[0, 1];
$five->wait_events(9);
settled();
is($five->count, 9, 'a lower one is exact');
set_limit($t, 'limits', 'five', 0);
finish($t, $_, stream => 'limits', group => 'five') for (ids($five))[2 .. 8];
settled();
is($five->count, 9, 'none pauses');
set_limit($t, 'limits', 'paused', 1000);
$paused->wait_events(20, 1);
is($paused->count, 20, 'and one that pauses is woken');

# ---- what is refused -----------------------------------------------------------------------------

my $text = {'Content-Type' => 'text/plain; charset=utf-8', 'X-Content-Type-Options' => 'nosniff'};
sub refused ($name, $query, $status, $body) {
    return $t->answers($name, $t->request('GET', "/events?$query"), $status, $body, %$text);
}

refused('no stream', 'group=g', 400, qr/stream.*required/i);
refused('no group', 'stream=s', 400, qr/group.*required/i);
refused('an empty stream', 'stream=&group=g', 400, qr/stream/);
refused("limit=$_", 'stream=s&group=g&limit=' . escaped($_), 400, qr/\AInvalid limit: [^\n]+\n\z/)
    for '-1', '1.5', '1e3', 'ten', '0x10', ' 1', '+1', '1001', '18446744073709551616', '9' x 400,
    "1\0", "\xc3\xbc";
refused("limit=$_", "stream=s&group=g&limit=$_", 400, "Invalid limit: it must be at most 1000\n")
    for '1001', '18446744073709551616';
refused('a name that is no UTF-8', 'stream=%FF&group=g', 400, qr/\AInvalid stream name/);
refused('a group with a line end', 'stream=s&group=a%0Ab', 400, qr/\AInvalid group name/);
refused('a consumer with NUL', 'stream=s&group=g&consumer=a%00b', 400, qr/\AInvalid consumer name/);
refused('a name that is too long', 'stream=' . 'x' x 513 . '&group=g', 400, qr/\AInvalid stream name/);
refused('a name that is taken', 'stream=s&group=g&consumer=a', 409,
    "Consumer a is already connected\n");
$redis->cmd('SET', 'text', 'no stream');
refused('a key of another type', 'stream=text&group=g', 500, qr/WRONGTYPE/);
is($redis->cmd('GET', 'text'), 'no stream', 'which stays as it is');
$t->answers('another method', $t->request('POST', '/events?stream=s&group=g'), 405, undef,
    Allow => 'GET, HEAD');
my $head = $t->request('HEAD', '/events?stream=unborn&group=g');
is($head->status, 200, 'HEAD');
is($redis->cmd('EXISTS', 'unborn'), 0, 'makes no group');

# ---- names ---------------------------------------------------------------------------------------

for my $odd ("\xc3\xbcber:{x}/%*?", "it's \"q\"", '{', '}', 'a}b{c}', '~', 'x' x 512, '$0', '..') {
    my $stream = "s$odd";
    $stream = substr $stream, 0, 512;
    add($t, $stream, 1);
    my $odd_one = consumer($t, $stream, $odd, consumer => $odd);
    $odd_one->wait_events(1);
    is($odd_one->count, 1, 'a name of odd letters: ' . substr $odd =~ s/[^ -~]/?/gr, 0, 20);
    is(finish($t, (ids($odd_one))[0], stream => $stream, group => $odd, consumer => $odd)->status, 200,
        'finishes');
    $odd_one->close_stream;
}

$t->done;
