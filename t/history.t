# GET /api/v1/external/notify/history: what was published to a user as persistent; and notify_history
# of any stream.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(server => <<'END');
        location = /all {
            notify_event data=$value_n;
            notify_history all limit=3 max=1000;
        }
        location = /text {
            notify_errors text;
            notify_history all;
        }
END
my $redis = $t->redis;

sub history ($arguments = '', $user = 'u') {
    return $t->request('GET', '/api/v1/external/notify/history?token=' . jwt(JWT_SECRET, {sub => $user}) . $arguments);
}
sub shown ($answer) { return join ' ', map { $_->{data} } $answer->json->{events}->@* }
sub ids   ($answer) { return map { $_->{id} } $answer->json->{events}->@* }

$t->answers('of nobody', history(), 200, '{"events":[]}', 'Content-Type' => qr{^application/json});
my @ids;
for my $n (1 .. 120) {
    push @ids, $t->publish_user('u', $n, persistent => $n % 2 ? JSON::PP::true : JSON::PP::false)->json->{id};
}
my @persistent = grep { $_ % 2 } 1 .. 120;
is(shown(history()), "@persistent[10 .. 59]", 'the last fifty persistent events, the newest last');
is(shown(history('&limit=2')), '117 119', 'limit');
is(shown(history("&after=$ids[0]&limit=3")), '3 5 7', 'after an id: the first ones behind it');
is(shown(history("&after=$ids[1]&limit=2")), '3 5', 'also after one that is not persistent');
is(shown(history("&before=$ids[4]&limit=50")), '1 3', 'before an id');
is(shown(history("&before=$ids[100]&limit=2")), '97 99', '... the last ones');
is(shown(history("&after=$ids[0]&before=$ids[8]")), '3 5 7', 'between two');
is(shown(history("&after=$ids[119]")), '', 'nothing after the last');
is(shown(history('&after=0-00000000&limit=2')), '1 3', 'from the beginning');
is(shown(history('&before=0-00000000')), '', 'nothing before it');
is(shown(history('&after=18446744073709551615-ffffffffffffffff')), '', 'nothing at the end of all ids');
is(shown(history('', 'v')), '', 'another user has another history');

# Page by page, forwards and backwards.
for my $way ('after', 'before') {
    my ($next, @all) = ($way eq 'after' ? '0-00000000' : '');
    for (1 .. 20) {
        my $page = history("&$way=$next&limit=7");
        @all = $way eq 'after' ? (@all, shown($page)) : (shown($page), @all);
        $next = $page->header('X-History-Next') // last;
    }
    is("@all", "@persistent", "page by page, by $way");
}

# As the stream replays it.
my $stream = $t->user_stream('u', last_event_id => $ids[100]);
my @events = ($stream->wait_events(20))[1 .. 19];
my %replayed = map { $_->{id} => $_->{data} } @events;
my $page = history("&after=$ids[100]");
is_deeply([map { $replayed{$_->{id}} // '' } $page->json->{events}->@*],
    [$page->body =~ /(\{"id".*?\+00:00"\})/g], 'each event to the byte as the stream shows it');
is(scalar($page->json->{events}->@*), 9, '... those that are persistent');
$stream->close_stream;

# ---- who may, and what may be asked --------------------------------------------------------------

my $path = '/api/v1/external/notify/history';
$t->answers('without a token', $t->request('GET', $path), 401, '{"detail":"Missing token"}');
$t->answers('a bad one', $t->request('GET', "$path?token=x"), 401, '{"detail":"Invalid token"}');
$t->answers('without a user', $t->request('GET', "$path?token=" . jwt(JWT_SECRET, {x => 1})), 401,
    '{"detail":"Invalid user claim"}');
is($t->request('GET', $path, headers => [Authorization => 'Bearer ' . jwt(JWT_SECRET, {sub => 'u'})])->status, 200,
    'a token in the header');
$t->answers("POST", $t->request('POST', $path, body => ''), 405, '{"detail":"Method Not Allowed"}', Allow => 'GET, HEAD');
for (['limit=0', 'greater_than_equal'], ['limit=-1', 'greater_than_equal'], ['limit=1001', 'less_than_equal'],
    ['limit=x', 'int_parsing'], ['limit=', 'int_parsing'], ['limit=1e3', 'int_parsing'],
    ['limit=99999999999999999999', 'int_parsing'], ['after=x', 'value_error'], ['before=1-1', 'value_error'],
    ["after=%00", 'value_error'], ['before=' . 'c' x 3000, 'value_error'])
{
    my ($argument, $type) = @$_;
    my ($name) = $argument =~ /^(\w+)/;
    $t->answers(substr($argument, 0, 30), history("&$argument"), 422,
        qr/^\{"detail":\[\{"type":"$type","loc":\["query","$name"\],"msg":"/);
}
$t->answers('in another shape', $t->request('GET', '/text?limit=0'), 400, qr/^query\.limit: .*\n\z/);

# ---- any stream ----------------------------------------------------------------------------------

$t->answers('no stream', $t->request('GET', '/all'), 200, '{"events":[]}');
$redis->cmd('XADD', 'all', "$_-0", 'n', $_) for 1 .. 5;
$redis->cmd('XADD', 'all', '6-0', 'n', 'no JSON');
$t->answers('the last of all', $t->request('GET', '/all'), 200, '{"events":[4,5,"no JSON"]}',
    'X-History-Next' => '4-00000000');
$t->answers('the rest', $t->request('GET', '/all?before=4-00000000'), 200, '{"events":[1,2,3]}',
    'X-History-Next' => undef);
$redis->cmd('XADD', 'all', "$_-0", 'n', '"' . 'x' x 900_000 . '"') for 7 .. 12;
my $large = $t->request('GET', '/all?after=6-00000000&limit=100');
is(scalar $large->json->{events}->@*, 4, 'a page has at most 4 MB');
is($large->header('X-History-Next'), '10-00000000', '... and says from where to go on');
is(scalar $t->request('GET', '/all?after=10-00000000&limit=100')->json->{events}->@*, 2, '... which brings the rest');
$redis->cmd('DEL', 'all');
$redis->cmd('SET', 'all', 'x');
$t->answers('what is no stream', $t->request('GET', '/all'), 500, qr/WRONGTYPE/);
$redis->cmd('XADD', 'user:w', '*', 'type', 't', 'persistent', 'false') for 1 .. 10_001;
my $scanned = history('&limit=1', 'w');
$t->answers('ten thousand that are not asked for', $scanned, 200, '{"events":[]}', 'X-History-Next' => qr/^\d+-\w{8}$/);
is(history('&before=' . $scanned->header('X-History-Next'), 'w')->header('X-History-Next'), undef, '... are looked at in two steps');
$redis->cmd('XADD', 'user:x', '*', 'type', 't', 'persistent', 'false', 'data', 'x' x 1_000_000) for 1 .. 18;
my $heavy = history('&limit=1', 'x');
$t->answers('large ones that are not asked for', $heavy, 200, '{"events":[]}', 'X-History-Next' => qr/^\d+-\w{8}$/);
is(history('&before=' . $heavy->header('X-History-Next'), 'x')->header('X-History-Next'), undef,
    '... are looked at in two steps, too');
$redis->cmd('DEL', 'user:x');
$redis->stop;
$t->answers('Redis is away', history(), 503, qr/"detail":"Redis is unavailable/, 'Retry-After' => 1);

$t->done;
