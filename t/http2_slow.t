# Two streams on one HTTP/2 connection: one that is not read holds nothing and does not hold up the
# other, and catches up when it is read again.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

use constant { EVENTS => 300, SIZE => 50_000 };

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;
$t->start_nginx(shipped => 1, tls => $tls);
my ($pid) = $t->nginx->workers;

sub resident () {
    return ($t->read_file("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m)[0] / 1024;
}

my $client = NotifyTest::Process->start(
    name    => 'http2',
    command => ['node', "$FindBin::Bin/clients/http2.js",
        'https://localhost:' . $t->nginx->tls_port, $tls->ca, ($t->stream_path('u')) x 2],
    log     => "$t->{dir}/http2.log",
);
ok($client->wait_output(qr/^0 paused$/m, 10) && $client->wait_output(qr/^1 ready$/m, 5),
    'two streams on one connection, one of them not read') or diag $client->output;

sub ids ($number) { return join ' ', $client->output =~ /^$number (\d{13}-[0-9a-f]{8})$/mg }

my $before  = resident();
my $payload = 'x' x SIZE;
for (1 .. EVENTS) {
    my $answer = $t->publish_user('u', $payload);
    $answer->status == 202 or die $answer->body;
}
my $expected = join ' ', $t->redis->event_ids('user:u');
ok(wait_until(sub { ids(1) eq $expected }, 10),
    'the stream that is read has every event, in order');
isnt(ids(0), $expected, 'the other one is behind');
my $growth = resident() - $before;
cmp_ok($growth, '<', 20,
    sprintf 'and costs the worker nothing to speak of (%.1f MB more)', $growth);

$client->signal('USR1');
ok(wait_until(sub { ids(0) eq $expected }, 15), 'once it is read it has every event, in order');
my $id = $t->publish_user('u', 'live')->json->{id};
ok(wait_until(sub { ids(0) =~ /\Q$id\E$/ && ids(1) =~ /\Q$id\E$/ }, 5), 'and both are live');
unlike($client->output, qr/error|end|closed/, 'over one connection all the time');

$client->stop;
$t->done;
