# Redis away for longer: clear answers in time, open streams, and all flows again when it is back.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t = NotifyTest->serving(workers => 2,
    edit => {'notify_keepalive \S+;' => 'notify_keepalive 1s;'});
my ($redis, $loop) = ($t->redis, $t->loop);

my $publish = '/api/v1/internal/notify/publish';
my $event   = '{"type":"t","user_id":"u0","data":1}';
my $ready   = '/api/v1/notify/health/ready';
my $ledger  = $t->ledger;

# Streams of several users, spread over both workers.
my @names   = map { "u$_" } 0 .. 19;
my @streams = map {
    $t->stream(path => $t->stream_path($_), name => $_, on_event => $ledger->recorder,
        reconnect => 0)
} @names;
$loop->run_until(sub { !grep { !$_->count } @streams }, 10);

# What clients are told while Redis is away.
sub answers_while ($how) {
    my @requests = (
        ['a publish of a user',    POST   => $publish,                 body => $event],
        ['a signed publish',       POST   => '/publish/test?message=x'],
        ['status',                 GET    => '/status'],
        ['clear',                  DELETE => '/clear/test'],
    );
    for (@requests) {
        my ($name, $method, $path, @option) = @$_;
        my $began  = time;
        my $answer = $t->signed($method, $path, @option);
        $t->answers("$how: $name is 503", $answer, 503, qr/^\{"detail":"[^"]+"\}$/,
            'Retry-After' => qr/^\d+$/, 'Content-Type' => 'application/json');
        cmp_ok(time - $began, '<', 3, '... within 3 s');
    }
    $t->answers("$how: ready is 503", $t->request('GET', $ready), 503, qr/^\{"detail":"[^"]+"\}$/);
    $t->answers("$how: live is 200", $t->request('GET', '/api/v1/notify/health/live'), 200);
    $t->answers("$how: a bad token is told so still",
        $t->request('GET', '/api/v1/external/notify/stream?token=x'), 401);
    $t->answers("$how: a bad body too", $t->request('POST', $publish, body => '{}'), 422);
    my $fresh = $t->stream(path => $t->stream_path('u0'), reconnect => 0);
    ok($fresh->wait_open(1), "$how: a new stream gets its head at once");
    my %beats = map { $_ => scalar $_->comments } @streams;
    $loop->run_for(2.2);
    is(scalar(grep { !$_->is_open } @streams), 0, "$how: open streams stay open");
    is(scalar(grep { $_->comments - $beats{$_} < 1 } @streams), 0, "$how: and are kept alive");
    return $fresh;
}

# Redis is back at $since: what is published now comes to every stream.
sub flows_again ($how, $since, $fresh) {
    my %count = map { $_ => $_->count } @streams;
    my $first;
    $loop->run_until(sub { $first = $t->publish_user('u0', 'first')->status == 202 }, 5);
    ok($first, "$how: a publish is accepted");
    $loop->run_until(sub { $streams[0]->count > $count{$streams[0]} }, 5);
    cmp_ok(time - $since, '<', 0.5, "$how: flowing within 500 ms");
    my @statuses = map { $t->publish_user($_, 'again')->status } @names;
    is(join(' ', grep { $_ != 202 } @statuses), '', "$how: and so are the others");
    $loop->run_until(sub { !grep { $_->count <= $count{$_} } @streams }, 5);
    is(join(' ', map { $_->{name} } grep { $_->count <= $count{$_} } @streams), '',
        "$how: no stream is deaf");
    $loop->run_until(sub { $fresh->count }, 5);
    is(($fresh->events)[0]{type}, 'ready', "$how: the one that began meanwhile is ready");
    my $id = $t->publish_user('u0', 'to the new one')->json->{id};
    $loop->run_until(sub { $fresh->last_id eq $id }, 5);
    is(($fresh->events)[-1]{id}, $id, "$how: and not deaf either");
    ok($loop->run_until(sub { $t->request('GET', $ready)->status == 200 }, 6), "$how: ready");
    $fresh->close_stream;
    return;
}

# ---- stopped -------------------------------------------------------------------------------------

$redis->stop;
my $fresh = answers_while('stopped');
$redis->start;
flows_again('stopped', time, $fresh);

# Publishes that wait are bounded in time, and all answered.
$redis->stop;
my @waiting = map {
    my $http = $t->http;
    $http->send(NotifyTest::Http::compose('POST', $publish, body => $event));
    $http;
} 1 .. 50;
my $began = time;
my @answers = map { $_->receive(timeout => 5) } @waiting;
is(join(' ', map { $_ ? $_->status : 'none' } @answers), join(' ', (503) x 50),
    'fifty at once are all told');
cmp_ok(time - $began, '<', 3, 'in time');

# Back within the time that a publish may wait: accepted, as if nothing had been.
my $http = $t->http;
$http->send(NotifyTest::Http::compose('POST', $publish, body => $event));
$loop->run_for(0.3);
$redis->start;
$t->answers('one that waits when Redis comes back is accepted', $http->receive, 202);

# ---- silent --------------------------------------------------------------------------------------

$redis->freeze;
$fresh = answers_while('silent');
$redis->thaw;
flows_again('silent', time, $fresh);

# ---- what the streams have seen ------------------------------------------------------------------

for my $name (@names) {
    my @expected = $redis->event_ids("user:$name");
    $loop->run_until(sub { $ledger->complete([$name], @expected) }, 3);
    is(join("\n", $ledger->faults([$name], @expected)), '',
        "every event once, in order, for $name");
}
is(scalar $ledger->all_gaps, 0, 'without a gap');
is(scalar(grep { $_->closed } @streams), 0, 'over streams that stayed open all the time');

$t->done;
