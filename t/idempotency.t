# A publisher that says Idempotency-Key may send the same again: it gets the first id, and nothing is
# added.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Wire;

my $t = NotifyTest->serving(workers => 2, server => <<'END');
        location = /off {
            notify_idempotency off;
            notify_field message string;
            notify_publish off;
            notify_entry message $notify_field_message;
        }
        location = /short {
            notify_idempotency 1500ms;
            notify_field message string;
            notify_publish short;
            notify_entry message $notify_field_message;
        }
        location = /tagged {
            notify_field message string;
            notify_publish 'a{b}c';
            notify_entry message $notify_field_message;
        }
END
my $other = $t->start_other_nginx(shipped => 1);
my $redis = $t->redis;

sub publish ($key, $path, $body, %option) {
    return $t->request('POST', $path, body => $body, %option,
        headers => ['Idempotency-Key' => $key, ($option{headers} // [])->@*]);
}

sub publish_user ($key, $user, $data, %option) {
    return publish($key, '/api/v1/internal/notify/publish',
        qq({"type":"t","user_id":"$user","data":$data}), %option);
}

# ---- once ----------------------------------------------------------------------------------------

my $stream = $t->user_stream('u');
my $first  = publish_user('key-1', 'u', '1');
my $again  = publish_user('key-1', 'u', '1');
is($first->status, 202, 'a publish with a key is accepted');
is($first->header('Idempotent-Replayed'), undef, 'as any other');
is($again->status, 202, 'and so is its repeat');
is($again->json->{id}, $first->json->{id}, '... with the first id');
is($again->header('Idempotent-Replayed'), 'true', '... and says that it is one');
is(publish_user('key-1', 'u', '1', port => $other->port)->json->{id}, $first->json->{id},
    'at another nginx, too');
my $next = publish_user('key-2', 'u', '1')->json->{id};
isnt($next, $first->json->{id}, 'another key is another entry');
is(join(' ', $redis->event_ids('user:u')), $first->json->{id} . " $next", 'two entries in all');
my @events = $stream->wait_events(3);
is($events[2]{id}, $next, 'subscribers see each once');
my ($key) = grep { /idem/ } $redis->keys;
my $left = $redis->cmd('PTTL', $key);
cmp_ok(abs($left - 86_400_000), '<', 60_000, 'a key is remembered for a day');
like($key, qr/^notify:\{user:u\}:idem:[0-9a-f]{64}$/, 'beside its stream, by a digest');

isnt(publish_user('key-1', 'v', '1')->json->{id}, $first->json->{id}, 'a key belongs to its stream');
my @signed = map { $t->signed('POST', '/publish/test?message=a+b',
        headers => ['Idempotency-Key' => 'k'])->json->{message_id} } 1 .. 2;
is($signed[0], $signed[1], 'an entry of an environment');
is($redis->cmd('XLEN', 'test_stream'), 1, '... is there once');
my @tagged = map { publish('k', '/tagged', '{"message":"x"}')->json->{id} } 1 .. 2;
is($tagged[0], $tagged[1], "a stream's own hash tag is kept");
is($redis->cmd('EXISTS', 'notify:{b}:a{b}c:idem:' . substr($key, -64)), 0, '... for its own keys');
ok((grep { /^notify:\{b\}:a\{b\}c:idem:/ } $redis->keys), '... beside it');

# Many at the same time, at both.
my @many = map { $t->http(port => $_ % 2 ? $other->port : $t->nginx->port) } 1 .. 20;
$_->send(NotifyTest::Http::compose('POST', '/api/v1/internal/notify/publish',
    headers => ['Idempotency-Key' => 'race'], body => '{"type":"t","user_id":"race","data":1}'))
    for @many;
my %ids = map { $_->receive->json->{id} => 1 } @many;
is(scalar keys %ids, 1, 'of twenty at once all get one id');
is($redis->cmd('XLEN', 'user:race'), 1, '... of one entry');

# ---- for something else --------------------------------------------------------------------------

my $reused = publish_user('key-1', 'u', '2');
$t->answers('a key that comes with something else', $reused, 422,
    qr/^\{"detail":\[\{"type":"value_error","loc":\["header","Idempotency-Key"\],"msg":"[^"]*before/);
is($redis->cmd('XLEN', 'user:u'), 2, '... publishes nothing');
my $spaced = publish('key-1', '/api/v1/internal/notify/publish',
    '{ "data": 1, "user_id":"u", "type":"t", "unknown": 5 }');
is($spaced->json->{id}, $first->json->{id}, 'how a body is written makes no difference');

# ---- what a key may be ---------------------------------------------------------------------------

for (['the longest', 'k' x 255], ['bytes of any kind', "\xff\"\\{}"], ['blanks inside', 'a b']) {
    my ($name, $text) = @$_;
    my @ids = map { publish_user($text, 'kinds', '1')->json->{id} } 1 .. 2;
    ok(defined $ids[0] && $ids[0] eq $ids[1], "a key: $name");
}
$t->answers('a key of 256 bytes', publish_user('k' x 256, 'u', '1'), 422,
    qr/"string_too_long","loc":\["header","Idempotency-Key"\]/);
$t->answers('a key of 7 kB', publish_user('k' x 7000, 'u', '1'), 422, qr/string_too_long/);
$t->answers('an empty key', publish_user('', 'u', '1'), 422, qr/"string_too_short"/);
$t->answers('two keys', publish_user('a', 'u', '1', headers => ['idempotency-key' => 'b']), 422,
    qr/twice/);
is($redis->cmd('XLEN', 'user:u'), 2, 'nothing was published by these');

# ---- for how long --------------------------------------------------------------------------------

my @off = map { publish('k', '/off', '{"message":"x"}')->json->{id} } 1 .. 2;
isnt($off[0], $off[1], 'off: keys mean nothing');
my @short = map { publish('k', '/short', '{"message":"x"}')->json->{id} } 1 .. 2;
is($short[0], $short[1], 'within its time a key counts');
ok(wait_until(sub { !grep { /^notify:\{short\}:idem/ } $redis->keys }, 4), 'then it is forgotten');
isnt(publish('k', '/short', '{"message":"y"}')->json->{id}, $short[0], 'and may be used again');

# ---- when Redis' answer is lost ------------------------------------------------------------------

my $wire = NotifyTest::Wire->new(loop => $t->loop, to => $redis->port);
my $cut  = $t->start_other_nginx(shipped => 1,
    env => {REDIS_URL => 'redis://127.0.0.1:' . $wire->port . '/0'});
my $number = 0;
my $publisher = NotifyTest::Publisher->new(
    loop => $t->loop, port => $cut->port, rate => 100,
    request => sub ($n) {
        ['POST', '/api/v1/internal/notify/publish', headers => ['Idempotency-Key' => "n$n"],
            body => qq({"type":"t","user_id":"cut","data":$n})];
    },
    on_answer => sub ($n) { $wire->cut_all if ++$number % 20 == 0 },
);
$publisher->run_for(2);
is(scalar keys $publisher->refused->%*, 0, 'a link that is cut again and again is not noticed');
is(scalar keys $publisher->unknown->%*, 0, 'by anybody');
cmp_ok($wire->cuts, '>=', 5, 'though it was: ' . $wire->cuts . ' connections');
is($redis->cmd('XLEN', 'user:cut'), $publisher->number, 'each entry stands there once');

$t->done;
