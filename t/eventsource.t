# npm's eventsource as a client: the README's example outside of a browser.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t    = NotifyTest->serving;
my $base = 'http://127.0.0.1:' . $t->nginx->port;

# Node has no page to be relative to; beyond that, and the token, the example is unchanged.
my $example = $t->read_file("$FindBin::Bin/examples/listen.js");
is($example =~ s/YOUR_JWT/jwt(JWT_SECRET, {sub => '123'})/e, 1,
    'the example has a place for the token');
is($example =~ s{"(/api/v1)}{"$base$1}, 1, 'and one URL');
$t->write_file("$t->{dir}/listen.mjs", <<"END");
import { createRequire } from 'node:module';
const { EventSource } = createRequire('@{[$t->root]}/package.json')('eventsource');
$example
es.onopen = () => console.log('open');
END

my $client = NotifyTest::Process->start(
    name    => 'eventsource',
    command => ['node', "$t->{dir}/listen.mjs"],
    log     => "$t->{dir}/eventsource.log",
);
ok($client->wait_output(qr/^open$/m, 20), 'the stream is open') or diag $client->output;
$t->publish_user('123', $_) for 1 .. 20;
my @ids = $t->redis->event_ids('user:123');
ok($client->wait_output(qr/"id":"$ids[-1]"/, 5), 'events are printed');

# Two ways to lose the connection: a reload, and a worker that is killed.
$t->nginx->reload;
$t->publish_user('123', $_) for 21 .. 40;
wait_until(sub { !$t->nginx->draining }, 8);
$t->publish_user('123', $_) for 41 .. 60;
@ids = $t->redis->event_ids('user:123');
ok($client->wait_output(qr/"id":"$ids[-1]"/, 8), 'it reconnects after a reload');
$t->allow_log(qr/exited on signal 9/);
$t->nginx->kill_worker;
$t->publish_user('123', $_) for 61 .. 80;
@ids = $t->redis->event_ids('user:123');
ok($client->wait_output(qr/"id":"$ids[-1]"/, 8), 'and after kill -9');
my @printed = $client->output =~ /^event: \{"id":"([^"]+)"/mg;
is(join(' ', @printed), join(' ', @ids), 'every event once, in order');

$client->stop;
$t->done;
