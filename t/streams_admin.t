# System 003: administration. /admin/ping, info, streams, stats, {stream-name}, flush.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t     = NotifyTest->serving;
my $redis = $t->redis;

my @text = ('Content-Type' => 'text/plain; charset=utf-8', 'X-Content-Type-Options' => 'nosniff');
my @json = ('Content-Type' => 'application/json');

sub admin ($path, %option) { return $t->bearer('GET', "/admin/$path", %option) }

sub names () { return [sort { $a cmp $b } admin('streams')->json->{streams}->@*] }

# ---- who may, and what is there ------------------------------------------------------------------

for my $path (qw(ping info streams stats flush some-stream)) {
    my $method = $path eq 'flush' ? 'POST' : 'GET';
    $t->answers("$method /admin/$path without a token", $t->request($method, "/admin/$path"), 401,
        "Authorization header required\n", @text);
    $t->answers("DELETE /admin/$path is 405, told without a token",
        $t->request('DELETE', "/admin/$path"), 405, "Method Not Allowed\n", @text,
        Allow => $path eq 'flush' ? 'GET, POST' : 'GET');
}
for my $path ('/admin', '/admin/', '/admin/ping/', '/admin/x/y', '/admin//ping', '/admin/x/../ping',
    '/admin/x%2F..%2Fping')
{
    $t->answers("$path is 404", $t->request('GET', $path), 404, "404 page not found\n", @text);
}

# ---- GET /admin/ping, /admin/info ----------------------------------------------------------------

$t->answers('GET /admin/ping', admin('ping'), 200, qq({"status":"PONG"}\n), @json);
$t->answers('GET /admin/info', admin('info'), 200, qr/^redis_version:/m,
    'Content-Type' => qr{^text/plain});

# ---- GET /admin/streams, /admin/stats ------------------------------------------------------------

$t->answers('GET /admin/streams without any', admin('streams'), 200, qq({"streams":[]}\n), @json);
$t->answers('GET /admin/stats without any',   admin('stats'),   200, qq({"streams":[]}\n), @json);

$redis->cmd('XADD', 'orders', "$_-0", 'data', $_) for 1 .. 5;
$redis->cmd('XGROUP', 'CREATE', 'orders', 'late', '$');
$redis->cmd('XGROUP', 'CREATE', 'orders', "g\xc3\xbc\"", '0');
$redis->cmd('XREADGROUP', 'GROUP', "g\xc3\xbc\"", $_, 'COUNT', 2, 'STREAMS', 'orders', '>')
    for qw(c1 c2);
$t->answers('GET /admin/streams', admin('streams'), 200, qq({"streams":["orders"]}\n), @json);
$t->answers('GET /admin/stats', admin('stats'), 200,
    qq({"streams":[{"groups":[{"consumers":2,"lag":1,"name":"g\xc3\xbc\\"","pending":4},)
    . qq({"consumers":0,"lag":0,"name":"late","pending":0}],"length":5,"name":"orders"}]}\n), @json);

# After deletes Redis may not know the lag.
$redis->cmd('XDEL', 'orders', '5-0');
$redis->cmd('XGROUP', 'CREATE', 'orders', 'unknown', '3-0');
is_deeply([map { $_->{lag} } grep { $_->{name} eq 'unknown' }
        admin('stats')->json->{streams}[0]{groups}->@*], [-1], 'an unknown lag is -1');

# What was trimmed before it was read stays in Redis' lag for ever.
sub lag_of ($stream) {
    my ($found) = grep { $_->{name} eq $stream } admin('stats')->json->{streams}->@*;
    return $found->{groups}[0]{lag};
}
$redis->cmd('XADD', 'trimmed', "$_-0", 'data', $_) for 1 .. 5;
$redis->cmd('XGROUP', 'CREATE', 'trimmed', 'g', '0');
my $take = sub ($count) {
    $redis->cmd('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', $count, 'STREAMS', 'trimmed', '>');
};
$take->(1);
$redis->cmd('XTRIM', 'trimmed', 'MAXLEN', 2);
is(lag_of('trimmed'), 2, 'nothing of what there is was read: all of it');
$take->(1);
is(lag_of('trimmed'), -1, 'more than there can be is not known');
$take->(1);
is(lag_of('trimmed'), 0, 'all was read: nothing');
$redis->cmd('XADD', 'trimmed', '6-0', 'data', 6);
isnt(lag_of('trimmed'), 4, 'nor is it believed later');
$take->(1);
$redis->cmd('XDEL', 'trimmed', '6-0');
is(lag_of('trimmed'), 0, 'nor where the last one was deleted');
$redis->cmd('DEL', 'trimmed');

$redis->cmd('XADD', "a/b \"\\", '*', 'x', 'y');
is_deeply([grep { $_->{name} ne 'orders' } admin('stats')->json->{streams}->@*],
    [{name => "a/b \"\\", length => 1, groups => []}], 'a stream without groups, of an odd name');

# ---- what belongs to others ----------------------------------------------------------------------

$redis->cmd('SET', 'a-string', 'x');
$redis->cmd('HSET', 'a-hash', 'x', 'y');
my @others = ('test_stream', 'prod_stream', 'user:7', 'alerts:default', 'alerts:ops',
    'local:notiq:notifications:7', 'notify:{orders}:dead', 'notify:{test_stream}:dead');
$redis->cmd('XADD', $_, '*', 'x', 'y') for @others;
is_deeply(names(), ["a/b \"\\", 'orders'], 'streams of other systems are not listed');
is(scalar(grep { $_->{name} =~ /stream|user|alert|notiq|notify/ } admin('stats')->json->{streams}->@*),
    0, 'and have no figures');

# ---- GET /admin/{stream-name} --------------------------------------------------------------------

my $info = admin('orders');
$t->answers('GET /admin/{stream-name}', $info, 200, qr/^\{"Length":4,.+\}\n\z/, @json);
my $facts = $info->json;
is_deeply([sort keys %$facts], [sort qw(Length RadixTreeKeys RadixTreeNodes Groups LastGeneratedID
    MaxDeletedEntryID EntriesAdded FirstEntry LastEntry RecordedFirstEntryID)], 'all its members');
is($facts->{$_->[0]}, $_->[1], $_->[0]) for ['Length', 4], ['Groups', 3],
    ['LastGeneratedID', '5-0'], ['MaxDeletedEntryID', '5-0'], ['EntriesAdded', 5],
    ['RecordedFirstEntryID', '1-0'];
is_deeply([$facts->{FirstEntry}->@{qw(ID Values)}], ['1-0', {data => '1'}], 'the first entry');
is_deeply([$facts->{LastEntry}->@{qw(ID Values)}],  ['4-0', {data => '4'}], 'the last entry');

$redis->cmd('XADD', 'empty', '1-0', 'a', 'b', 'a', "c\xff\0");
is_deeply(admin('empty')->json->{LastEntry}{Values}, {a => "c\x{fffd}\0"},
    'a repeated field has its last value, text without end is text');
$redis->cmd('XTRIM', 'empty', 'MAXLEN', 0);
is_deeply([admin('empty')->json->{FirstEntry}->@{qw(ID Values)}], ['', undef], 'an empty stream');
is(admin('a%2Fb%20%22%5C')->json->{Length}, 1, 'an odd name, percent-encoded');

my $none = "Failed to get stream info: ERR no such key\n";
$t->answers('an unknown stream',     admin('unknown'), 404, $none, @text);
$t->answers('GET /admin/flush',      admin('flush'),   404, $none, @text);
$t->answers("another system's",      admin('user:7'),  404, $none, @text);
$t->answers('a key of another type', admin('a-string'), 404,
    qr/^Failed to get stream info: WRONGTYPE .+\n\z/, @text);
$t->answers("a name of $_", admin($_), 400, qr/^Invalid stream name: .+\n\z/, @text)
    for '%ff', '%0a', 'x' x 513;

# ---- POST /admin/flush ---------------------------------------------------------------------------

$redis->cmd('SET', $_, 'x') for 'notify:{orders}:mark:g', 'notify:{orders}:idem:' . '0' x 64,
    'notify:{a/b "\\}:due', 'notify:{t}:{t}ag:due', 'notify:{test_stream}:due',
    'notify:{gone}:mark:g', 'notify:{queues}', 'notify:{inflight}:1-0',
    'notify:{orders}:{orders}2:due';
$redis->cmd('XADD', '{t}ag', '*', 'x', 'y');
$redis->cmd('XADD', 'many', '*', 'x', $_) for 1 .. 3;
my @kept = sort 'a-string', 'a-hash', 'notify:{test_stream}:due', 'notify:{gone}:mark:g',
    'notify:{queues}', 'notify:{inflight}:1-0', 'notify:{orders}:{orders}2:due',
    grep { $_ ne 'notify:{orders}:dead' } @others;
$t->answers('POST /admin/flush', $t->bearer('POST', '/admin/flush'), 200,
    qq({"action":"flushed","status":"ok"}\n), @json);
is_deeply([sort $redis->keys], \@kept,
    'streams are gone with what stood beside them; everything else is there');
$t->answers('again', $t->bearer('POST', '/admin/flush', body => '{"x":1}'), 200);
is_deeply([sort $redis->keys], \@kept, 'again: nothing more');

# ---- 10,000 streams ------------------------------------------------------------------------------

my $count = 10_000;
$redis->cmd('EVAL', <<'END', 0, $count);
for i = 1, ARGV[1] do
    local name = string.format('bulk:%05d', i)
    redis.call('XADD', name, '1-0', 'data', i)
    redis.call('XGROUP', 'CREATE', name, 'group', '0')
    redis.call('SET', 'noise:' .. i, i)
end
END
my ($worker) = $t->nginx->workers;
sub resident () {
    return $t->read_file("/proc/$worker/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}
my $before = resident();
my $stats  = $t->http;
my $other  = $t->http;
my $begun  = time;
$stats->send(NotifyTest::Http::compose('GET', '/admin/stats',
    headers => [Authorization => 'Bearer ' . BEARER_TOKEN]));
my (@times, $body);
my $read = IO::Select->new($stats->socket);
my $text = '';
while ($text !~ /\r\n0\r\n\r\n\z/ && time - $begun < 30) {
    my $at = time;
    my $answer = $other->request('POST', '/api/streams/other/messages', body => '{"data":1}',
        headers => [Authorization => 'Bearer ' . BEARER_TOKEN]);
    push @times, time - $at;
    die "no answer\n" unless $answer && $answer->status == 201;
    while ($read->can_read(0)) {
        sysread $stats->socket, $text, 1 << 20, length $text or last;
    }
}
my $response = NotifyTest::Response->new;
$response->feed($text);
ok($response->done, 'GET /admin/stats of 10,000 streams comes whole, in pieces') or diag length $text;
my %seen;
$seen{$_->{name}}++ for $response->json->{streams}->@*;
is(scalar(grep { /^bulk:/ } keys %seen), $count, 'each of them is there');
is_deeply([grep { $seen{$_} > 1 } keys %seen], [], 'and none twice');
my ($slowest) = sort { $b <=> $a } @times;
cmp_ok($slowest, '<', 0.1, sprintf '%d publishes meanwhile: the slowest took %.1f ms, all %.0f ms',
    scalar @times, $slowest * 1000, (time - $begun) * 1000);
cmp_ok(scalar @times, '>', 5, 'publishes were served meanwhile');

# A client that reads nothing: no more is asked of Redis than sockets take.
my @stalled = map { $t->http } 1 .. 20;
$_->send(NotifyTest::Http::compose('GET', '/admin/stats',
    headers => [Authorization => 'Bearer ' . BEARER_TOKEN])) for @stalled;
is($t->bearer('GET', '/admin/ping')->status, 200, '20 clients that read nothing hold nobody up');
my $grown = resident() - $before;
cmp_ok($grown, '<', 32 * 1024, "the nginx worker has grown by $grown kB");
my $late = $stalled[0]->receive;
is(scalar($late->json->{streams}->@*), $count + 1, 'one that begins to read after all gets it whole');
$_->close for @stalled;

is(scalar(names()->@*), $count + 1, 'GET /admin/streams of 10,000');
$t->answers('POST /admin/flush of 10,000', $t->bearer('POST', '/admin/flush'), 200);
is_deeply([sort grep { !/^noise:/ } $redis->keys], \@kept, 'all of them are gone');

# ---- Redis away ----------------------------------------------------------------------------------

$redis->stop;
for my $path (qw(ping stats)) {
    $t->answers("GET /admin/$path, Redis away", admin($path), 503, qr/^Redis .+\n\z/, @text,
        'Retry-After' => '1');
}
$t->answers('POST /admin/flush, Redis away', $t->bearer('POST', '/admin/flush'), 503,
    qr/^Redis .+\n\z/, @text);

$t->done;
