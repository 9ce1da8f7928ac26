# A stream that was opened with an API key ends when the key is revoked, at every nginx worker.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket;
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
my $shared = free_port();
$t->start_nginx(shipped => 1, workers => 2, server => "listen 127.0.0.1:$shared reuseport;");
my $store = $t->key_store . '/auth.json';
my %key   = map { $_ => $t->make_key($_) } qw(alice bob);

sub alerts ($user, $name, %option) {
    my $stream = $t->stream(path => "/alerts?token=$key{$user}", port => $shared, name => $name,
        reconnect => 0, %option);
    $stream->wait_open;
    return $stream;
}
sub socket_of ($user) {
    my $socket = NotifyTest::WebSocket->new(loop => $t->loop, port => $shared, path => '/alerts',
        headers => {Authorization => "Bearer $key{$user}"});
    $socket->wait_open;
    return $socket;
}
sub say_alert ($text) {
    return $t->request('PUT', '/alerts', body => qq({"message":"$text"}),
        headers => [Authorization => "Bearer $key{bob}"])->status;
}

my @alice  = map { alerts('alice', "alice$_") } 1 .. 40;
my @bob    = map { alerts('bob',   "bob$_") } 1 .. 10;
my $socket = socket_of('alice');
my $other  = socket_of('bob');

# ---- what does not end them ----------------------------------------------------------------------

my $whole = $t->read_file($store);
my $more  = $t->make_key('carol');
$t->write_file($store, '{');
$t->loop->run_for(0.8);
unlink $store;
$t->loop->run_for(0.8);
$t->write_file($store, $whole);
chmod 0644, $store;
$t->loop->run_for(0.8);
is(scalar(grep { $_->is_open } @alice, @bob, $socket, $other), 52,
    'a new key, a store that is broken, gone, and back: all streams stay');
is(say_alert('first'), 200, 'an alert');
$_->wait_events(1) for @alice, @bob;

# ---- what does -----------------------------------------------------------------------------------

$t->revoke_keys('alice');
my $revoked = time;
$t->loop->run_until(sub { !(grep { !$_->closed } @alice) && $socket->ended }, 5);
cmp_ok(time - $revoked, '<', 1.2, 'within a second');
is(scalar(grep { $_->ended_cleanly } @alice), 40, 'all streams of the key end');
is(scalar(grep { my $last = ($_->events)[-1]; $last->{type} eq 'expired' && $last->{data} eq '{"reason":"key"}' } @alice),
    40, 'each is told why');
is($socket->code . ' ' . $socket->reason, '1008 the key was revoked', 'a WebSocket, too');
is(scalar(grep { $_->is_open } @bob, $other), 11, "nobody else's");
is(say_alert('second'), 200, 'they go on');
$_->wait_events(2) for @bob;
is(join(' ', map { scalar $_->events } @alice), join(' ', (2) x 40), 'and those have nothing of it');

my $again = $t->stream(path => "/alerts?token=$key{alice}", port => $shared, reconnect => 0);
$t->loop->run_until(sub { $again->refused }, 5);
is(($again->refused)[0], 401, 'who comes back is refused');

# ---- after a reload ------------------------------------------------------------------------------

$t->nginx->reload;
ok(wait_until(sub { $t->loop->run_for(0.05); !$t->nginx->draining }, 10), 'nginx is reloaded');
my @anew = map { alerts('bob', "anew$_") } 1 .. 4;
$t->revoke_keys('bob');
$t->loop->run_until(sub { !grep { !$_->closed } @anew }, 5);
is(scalar(grep { $_->ended_cleanly && ($_->events)[-1]{type} eq 'expired' } @anew), 4,
    'workers that began since know of it, too');
like($t->nginx->access_log, qr/closed="expired"/, 'the access log says so');

$t->done;
