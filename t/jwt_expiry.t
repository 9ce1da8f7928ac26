# A stream ends with the token that opened it, after an event that says so.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket;

use Time::HiRes qw(time);

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;
$t->start_nginx(
    tls  => $tls,
    http => 'notify_redis env:REDIS_URL; log_format ends "$arg_name $notify_close_reason";'
        . 'access_log ends.log ends;',
    server => <<'END',
notify_jwt HS256 env:JWT_SECRET;
notify_retry 100ms;
location = /stream {
    notify_auth jwt;
    notify_subscribe s;
    notify_keepalive 300ms;
}
location = /silent {
    notify_auth jwt;
    notify_subscribe s;
    notify_keepalive off;
}
location = /leeway {
    notify_auth jwt;
    notify_jwt HS256 env:JWT_SECRET leeway=2s;
    notify_subscribe s;
    notify_open ready yes;
}
location = /consume {
    notify_auth jwt;
    notify_consume s g;
}
location = /publish {
    notify_field data any;
    notify_publish s;
    notify_entry data $notify_json_data;
    notify_retain 10000;
}
END
);

my %end;
sub open_stream ($name, $path, $exp, %option) {
    my $token  = jwt(JWT_SECRET, {sub => 'u', defined $exp ? (exp => $exp) : ()});
    my $stream = $t->stream(name => $name, path => "$path?name=$name&token=$token",
        reconnect => 0, %option);
    $stream->{exp} = $exp;
    return $stream;
}

sub publish ($data) {
    return $t->request('POST', '/publish', body => qq({"data":$data}));
}

# Every 50 ms a number, while others wait.
my $sent = 0;
my $keep_on;
$keep_on = sub { publish(++$sent); $t->loop->after(0.05, $keep_on) };
$t->loop->after(0, $keep_on);

my $now = time;
my @streams = (
    open_stream('whole',    '/stream', int($now) + 2),
    open_stream('fraction', '/stream', $now + 1.5),
    open_stream('silent',   '/silent', $now + 1.5),
    open_stream('leeway',   '/leeway', $now + 0.5),
    open_stream('tls',      '/stream', $now + 1.5, port => $t->nginx->tls_port, tls => $tls->ca),
    open_stream('soon',     '/stream', $now + 0.2),
);
my $consumer = open_stream('consumer', '/consume', $now + 1.5);
my $socket   = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port,
    path => '/stream?name=socket&token=' . jwt(JWT_SECRET, {sub => 'u', exp => $now + 1.5}));
my $forever = open_stream('forever', '/stream', undef);
my $later   = open_stream('later',   '/stream', 253_402_300_799);
$t->loop->run_until(sub { !grep { !$_->closed } @streams }, 10)
    or diag 'not all streams have ended';
my $ended = time;

for my $stream (@streams) {
    my $name   = $stream->{name};
    my @events = $stream->events;
    my $last   = pop @events;
    is($last->{type}, 'expired', "$name: the last event says so");
    is($last->{data}, '{"reason":"token"}', 'and why');
    my $due = $stream->{exp} + ($name eq 'leeway' ? 2 : 0);
    cmp_ok($last->{time}, '>=', $due - 0.01, 'not before its time');
    cmp_ok($last->{time}, '<', $due + 1, 'nor long after it');
    ok($stream->ended_cleanly, 'the response is complete');
    my @numbers = map { $_->{data} =~ /^\{"data":"(\d+)"\}$/ } @events;
    ok(@numbers > 3 || $name eq 'soon', 'messages came until then');
    is_deeply(\@numbers, [$numbers[0] // 1 .. $numbers[-1] // 0], 'each once, in order');
}
$t->loop->run_until(sub { $consumer->closed }, 5);
is(($consumer->events)[-1]{type}, 'expired', 'a consumer of a work queue is told, too');
ok($consumer->ended_cleanly, 'and its response is complete');
$socket->wait_end(5);
is($socket->code . ' ' . $socket->reason, '1008 the token has expired', 'a WebSocket is told, too');
ok($_->is_open, "$_->{name}: stays open") for $forever, $later;
my $seen = $forever->count;
$forever->wait_events($seen + 3);
pass('and goes on');

# The client that comes back with the old token is told.
my $again = open_stream('again', '/stream', int($now) + 2, last_event_id => '1-00000000');
$t->loop->run_until(sub { $again->refused }, 5);
is(($again->refused)[0], 401, 'with the same token it does not come in again');

# Many at the same moment.
my $moment = time + 2.5;
my @many   = map { open_stream("many$_", '/stream', $moment) } 1 .. 300;
$t->loop->run_until(sub { !grep { !$_->closed } @many }, 10);
is(scalar(grep { $_->ended_cleanly && ($_->events)[-1]{type} eq 'expired' } @many), 300,
    '300 at one moment are told, each');
cmp_ok(time, '<', $moment + 2, 'soon');

# Who takes nothing cannot be told, and does not stay for that.
my $big  = '"' . 'x' x 900_000 . '"';
my $deaf = open_stream('deaf', '/stream', time + 3, receive_buffer => 4096, deaf => 1);
$t->loop->run_for(0.5);
publish($big) for 1 .. 10;
ok(wait_until(sub { $t->read_file($t->nginx->dir . '/ends.log') =~ /^deaf expired$/m }, 10),
    'a client that takes nothing is cut');

# HTTP/2.
my $token = jwt(JWT_SECRET, {sub => 'u', exp => time + 1.5});
my ($status, $output) = $t->run(['curl', '-sSN', '--http2', '--cacert', $tls->ca, '--max-time', 10,
    'https://localhost:' . $t->nginx->tls_port . "/silent?name=h2&token=$token"]);
is($status, 0, 'HTTP/2: the stream is complete');
like($output, qr/data: \{"reason":"token"\}\nevent: expired\n\n\z/, 'and its last event says why');

my $log = $t->read_file($t->nginx->dir . '/ends.log');
like($log, qr/^$_ expired$/m, "$_: the log has the reason")
    for (map { $_->{name} } @streams), qw(consumer socket h2);

$keep_on = sub { };
$_->close_stream for $forever, $later;
$t->done;
