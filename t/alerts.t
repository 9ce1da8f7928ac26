# System 001: PUT and POST /alerts, GET /alerts, groups, GET /health, what an alert may be.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::Local qw(timegm);

my $t     = NotifyTest->serving;
my $redis = $t->redis;
my $key   = $t->make_key('alice');
my @auth  = (Authorization => "Bearer $key");

sub alert ($method, $path, $body, @headers) {
    return $t->request($method, $path, body => $body, headers => [@auth, @headers]);
}

sub alerts ($path = '/alerts', %option) {
    my $stream = $t->stream(path => $path, keep_raw => 1, headers => ["Authorization: Bearer $key"],
        reconnect => 0, %option);
    $stream->wait_open;
    $t->loop->run_until(sub { $stream->comments }, 5);
    return $stream;
}

sub decoded ($event) { return JSON::PP->new->utf8->decode($event->{data}) }

# ---- GET /health ---------------------------------------------------------------------------------

$t->answers('GET /health', $t->request('GET', '/health', headers => \@auth), 200, '{"status":"ok"}');

# ---- the README's curl lines, unchanged but for the port -----------------------------------------

my $port = $t->nginx->port;
my $put  = <<'END' =~ s/localhost:8080/localhost:$port/r;
curl -X PUT \
  -H "Authorization: Bearer $API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"message":"Deploy completed","level":"info","metadata":{"version":"1.2.3"}}' \
  http://localhost:8080/alerts
END
my $get = <<'END' =~ s/localhost:8080/localhost:$port/r;
curl -N -H "Authorization: Bearer $API_KEY" http://localhost:8080/alerts
END
my $health = <<'END' =~ s/localhost:8080/localhost:$port/r;
curl -H "Authorization: Bearer $API_KEY" http://localhost:8080/health
END
my $listener = NotifyTest::Process->start(name => 'curl', command => ['sh', '-c', "exec $get"],
    env => {API_KEY => $key}, log => "$t->{dir}/curl.log");
ok($listener->wait_output(qr/: keep-alive\n/, 10), 'curl -N subscribes') or diag $listener->output;
my ($status, $output) = $t->run(['sh', '-c', $put], env => {API_KEY => $key});
my $sent = '{"message":"Deploy completed","level":"info","metadata":{"version":"1.2.3"}}';
like($output, qr/\Q{"status":"alert stored","alert":$sent}\E$/, 'curl -X PUT stores an alert');
my $time = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/;
ok($listener->wait_output(qr/data: \{"data":\Q$sent\E,"received_at":"$time"\}\nid: \d+-\w{8}\n\n/m, 5),
    'and the subscriber gets it, to the byte') or diag $listener->output;
($status, $output) = $t->run(['sh', '-c', $health], env => {API_KEY => $key});
like($output, qr/\{"status":"ok"\}$/, 'curl for the health');
$listener->stop;

# ---- the head, and the latest on connect ---------------------------------------------------------

my $late   = alerts();
my $answer = $late->response;
is($answer->status, 200, 'GET /alerts');
like($answer->header('Content-Type'), qr{^text/event-stream}, '... a stream');
is($answer->header('Cache-Control'), 'no-cache', '... that nobody keeps');
is($answer->header('X-Accel-Buffering'), 'no', '... or buffers');
like($late->raw, qr/^: keep-alive\n\n/, 'a comment comes at once');
my ($event) = $late->wait_events(1);
is_deeply(decoded($event)->{data}, {message => 'Deploy completed', level => 'info',
        metadata => {version => '1.2.3'}}, 'who comes later gets the latest');
my ($y, $mo, $d, $h, $mi, $s) = decoded($event)->{received_at} =~ /(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)/;
cmp_ok(abs(timegm($s, $mi, $h, $d, $mo - 1, $y) - time), '<', 60, 'with the time when it came');
my $received = decoded($event)->{received_at};
is(decoded((alerts()->wait_events(1))[0])->{received_at}, $received, 'which stays the same');

# ---- live, once ----------------------------------------------------------------------------------

$t->answers('POST /alerts', alert(POST => '/alerts', '{"message":"two"}'), 200,
    '{"status":"alert stored","alert":{"message":"two"}}');
my @two = $late->wait_events(2);
is(decoded($two[1])->{data}{message}, 'two', 'arrives at who is there');
my $fresh = alerts();
$fresh->wait_events(1);
alert(PUT => '/alerts', '{"message":"three"}');
$fresh->wait_events(2);
is(join(' ', map { decoded($_)->{data}{message} } $fresh->events), 'two three',
    'a new one gets the latest and what follows');

# While alerts come without a pause: the latest once, then all that follow.
my $publisher = NotifyTest::Publisher->new(loop => $t->loop, port => $port, rate => 200,
    request => sub ($n) { ['PUT', '/alerts/busy', headers => \@auth, body => qq({"message":"$n"})] });
$publisher->start;
$t->loop->run_for(0.2);
my @busy;
for (1 .. 20) {
    push @busy, $t->stream(path => '/alerts/busy', headers => ["Authorization: Bearer $key"], reconnect => 0);
    $t->loop->run_for(0.03);
}
$publisher->stop;
$t->loop->run_until(sub { $publisher->settled }, 5);
my $total = $publisher->number;
my $last  = ($redis->event_ids('alerts:busy'))[-1];
$t->loop->run_until(sub { !grep { !$_->count || ($_->events)[-1]{id} ne $last } @busy }, 5);
my @all    = $redis->event_ids('alerts:busy');
my @faults = grep {
    my @got = map { $_->{id} } $_->events;
    "@got" ne "@all[@all - @got .. $#all]" || @got < 2
} @busy;
is(scalar @faults, 0, "twenty that come while $total alerts do: each id once, in order");
$_->close_stream for @busy;

# ---- resuming ------------------------------------------------------------------------------------

my @ids  = $redis->event_ids('alerts:default');
my $back = alerts('/alerts', last_event_id => $ids[0]);
$back->wait_events(2);
is(join(' ', map { $_->{id} } $back->events), "@ids[1, 2]", 'Last-Event-ID goes on there, and gets no more');
my $none = alerts('/alerts', last_event_id => $ids[2]);
my $lost = alerts('/alerts', last_event_id => 'nonsense');
alert(PUT => '/alerts', '{"message":"four"}');
$none->wait_events(1);
$lost->wait_events(3);
is(join(' ', map { decoded($_)->{data}{message} } $none->events), 'four', 'who has the latest does not get it again');
is(join(' ', map { $_->{type} } $lost->events), 'gap message message', 'who was nobody knows where is told so, and gets the latest');

# ---- a group that nobody uses is forgotten -------------------------------------------------------

my $days = $redis->cmd('TTL', 'alerts:default') / 86400;
ok($days > 29.9 && $days <= 30, "a group without alerts is forgotten after 30 days ($days)");

# ---- the latest is given for half an hour --------------------------------------------------------

my $left = $redis->cmd('TTL', 'notify:{alerts:default}:latest');
ok($left > 1790 && $left <= 1800, "the latest alert is replayed for 1800 s ($left left)");
$redis->cmd('PEXPIRE', 'notify:{alerts:default}:latest', 1);
wait_until(sub { !$redis->cmd('EXISTS', 'notify:{alerts:default}:latest') }, 2);
my $after = alerts();
alert(PUT => '/alerts', '{"message":"five"}');
is(decoded(($after->wait_events(1))[0])->{data}{message}, 'five', 'then no more');
$redis->cmd('SET', 'notify:{alerts:old}:latest', '1-1');
$redis->cmd('XADD', 'alerts:old', '1-1', 'data', '{"message":"ancient"}');
my $old = alerts('/alerts/old');
alert(PUT => '/alerts/old', '{"message":"young"}');
is(decoded(($old->wait_events(1))[0])->{data}{message}, 'young', 'an alert that is too old is none');

# ---- groups --------------------------------------------------------------------------------------

my $ops = alerts('/alerts/ops');
my $dev = alerts('/alerts/dev');
$t->answers("PUT /alerts/{group}", alert(PUT => '/alerts/ops', '{"message":"o"}'), 200, qr/alert stored/);
$t->answers("POST /alerts/{group}", alert(POST => '/alerts/dev', '{"message":"d"}'), 200, qr/alert stored/);
$_->wait_events(1) for $ops, $dev;
is(join(' ', map { decoded($_)->{data}{message} } $ops->events, $dev->events), 'o d', 'a group gets its own alerts only');
alert(PUT => '/alerts/default', '{"message":"six"}');
is(decoded(($after->wait_events(2))[1])->{data}{message}, 'six', '/alerts is the group default');
alert(PUT => '/alerts/x%2F..%2Fops', '{"message":"o"}');
is($redis->cmd('XLEN', 'alerts:ops'), 1, 'no name leads into another group');
my $umlaut = alerts('/alerts/%C3%BC%20%7B%7D');
alert(PUT => '/alerts/%C3%BC%20%7B%7D', '{"message":"u"}');
is(decoded(($umlaut->wait_events(1))[0])->{data}{message}, 'u', 'a name may have any letters');
for (['%FF', 'no UTF-8'], ['a%0Ab', 'a line end'], ['g' x 600, 'too long']) {
    $t->answers("a group: $_->[1]", alert(PUT => "/alerts/$_->[0]", '{"message":"m"}'), 400, qr/^\{"detail":"Invalid/);
}

# ---- what an alert may be ------------------------------------------------------------------------

my @good = (
    '{"message":""}', '{"message":"m","level":"warn"}', '{"message":"m","level":"error","metadata":{}}',
    '{"message":"m","extra":[1,{"a":null}],"metadata":{"n":18446744073709551617,"b":true,"x":1e999}}',
    qq({\n "message" : "\\u00fc\\u0000"\n}), '{"message":"' . 'x' x 100_000 . '"}',
);
for my $body (@good) {
    my $name = 'accepted: ' . substr $body, 0, 60;
    $t->answers($name, alert(PUT => '/alerts/good', $body), 200, qq({"status":"alert stored","alert":$body}));
    is($redis->cmd('XREVRANGE', 'alerts:good', '+', '-', 'COUNT', 1)->[0][1][1], $body, '... and kept as it is');
}
my @bad = (
    ['no body', undef], ['an empty one', ''], ['no JSON', 'hello'], ['an array', '[]'], ['a string', '"m"'],
    ['null', 'null'], ['half of it', '{"message":'], ['no message', '{"level":"info"}'],
    ['a message that is a number', '{"message":1}'], ['a message of null', '{"message":null}'],
    ['another level', '{"message":"m","level":"fatal"}'], ['a level of null', '{"message":"m","level":null}'],
    ['metadata that is a list', '{"message":"m","metadata":[]}'], ['no UTF-8', qq({"message":"\xff"})],
    ['a NUL', qq({"message":"\0"})], ['too deep', '{"message":"m","a":' . '[' x 5000 . ']' x 5000 . '}'],
);
my $count = $redis->cmd('XLEN', 'alerts:default');
for (@bad) {
    $t->answers("refused: $_->[0]", alert(PUT => '/alerts', $_->[1]), 422, qr/^\{"detail":\[\{"type":/);
}
$t->answers('refused: too large', alert(PUT => '/alerts', '{"message":"' . 'x' x 1_100_000 . '"}'), 413,
    '{"detail":"Request body is too large"}');
is($redis->cmd('XLEN', 'alerts:default'), $count, 'nothing of these is stored');
my @same = map { alert(PUT => '/alerts/idem', '{"message":"m","x":1}', 'Idempotency-Key' => 'k')->status } 1, 2;
is("@same " . $redis->cmd('XLEN', 'alerts:idem'), '200 200 1', 'Idempotency-Key: one alert');
is(alert(PUT => '/alerts/idem', '{"message":"m","x":2}', 'Idempotency-Key' => 'k')->status, 422,
    '... and any other member makes another one');

# ---- methods and paths ---------------------------------------------------------------------------

for my $method (qw(DELETE PATCH OPTIONS)) {
    $t->answers("$method /alerts", alert($method => '/alerts', ''), 405, '{"detail":"Method Not Allowed"}',
        Allow => qr/^(?=.*\bGET\b)(?=.*\bPUT\b)(?=.*\bPOST\b)/);
}
$t->answers("$_->[0] $_->[1]", alert($_->[0] => $_->[1], $_->[2]), 405, '{"detail":"Method Not Allowed"}',
    Allow => $_->[3]) for ['DELETE', '/alerts/ops', '{', 'GET, HEAD, POST, PUT'], ['POST', '/health', '', 'GET, HEAD'];
$t->answers("$_->[0] $_->[1] without a key", $t->request($_->[0], $_->[1]), 401, qr/Invalid or missing token/,
    'WWW-Authenticate' => 'Bearer') for ['DELETE', '/alerts'], ['PATCH', '/alerts/ops'], ['POST', '/health'];
$t->answers("$_ with a key", alert(GET => $_, undef), 404, '{"detail":"Not Found"}')
    for '/alerts/a/b', '/alerts/a%2Fb', '/alertsx';
$t->answers("$_ without a key", $t->request('GET', $_), 401, qr/Invalid or missing token/,
    'WWW-Authenticate' => 'Bearer')
    for '/alerts/a/b', '/alerts', '/health', '/alerts/ops';
$t->answers('a slash too many', alert(GET => '/alerts/?x=1', undef), 307, undef, Location => '/alerts?x=1');

# ---- keys ----------------------------------------------------------------------------------------

my @keys = (
    ['wrong', "Bearer $key" . 'x'], ['empty', 'Bearer '], ['Basic', "Basic $key"], ['bare', $key],
    ['malformed', 'Bearer ***'], ['10 kB', 'Bearer ' . 'x' x 7_000], ['of nobody', 'Bearer bm9ib2R5OnNlY3JldHNlY3JldHNlY3JldHNlY3JldA'],
);
$t->answers("a key: $_->[0]", $t->request('PUT', '/alerts', headers => [Authorization => $_->[1]],
        body => '{"message":"m"}'), 401, '{"detail":"Invalid or missing token"}') for @keys;
is($t->request('PUT', "/alerts?token=$key", body => '{"message":"by token"}')->status, 200, '?token= is a key, too');
my $token = $t->stream(path => "/alerts?token=$key", reconnect => 0);
is(decoded(($token->wait_events(1))[0])->{data}{message}, 'by token', '... for streams');
is($t->request('GET', "/health?token=$key")->status, 200, '... and for the health');
$token->close_stream;
$t->nginx->reload;    # the log of a stream is written when it ends
for my $log (glob $t->nginx->dir . '/*.log') {
    unlike($t->read_file($log), qr/\Q$key\E/, "no key in $log");
}

# ---- the lenient switch --------------------------------------------------------------------------

my $lenient = $t->start_other_nginx(shipped => 1,
    edit => {'include conf/alerts_fields.conf;' => 'include conf/alerts_fields_lenient.conf;'});

sub lenient ($body) {
    return $t->request('PUT', '/alerts/lenient', port => $lenient->port, headers => \@auth, body => $body);
}
for my $body ('{}', '{"level":"bogus"}', '{"message":1,"metadata":null}', '{"x":[]}') {
    $t->answers("lenient: $body", lenient($body), 200, qq({"status":"alert stored","alert":$body}));
}
$t->answers('lenient, but no object: ' . ($_ // 'nothing'), lenient($_), 422) for undef, '', '[]', '"x"', 'x', 'null';

$t->done;
