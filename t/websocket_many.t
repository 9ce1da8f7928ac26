# A thousand WebSockets: what an idle one costs, every message once at each, one that does not read,
# and a reload.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket;

use constant { SOCKETS => 1000, MESSAGES => 40, KILOBYTES => 14 };

my $t = NotifyTest->new;
$t->start_redis;
my $reasons = "$t->{dir}/reasons.log";
$t->start_nginx(http => <<"END", server => <<'END');
    notify_redis env:REDIS_URL;
    notify_drain 2s;
    log_format why '\$status \$notify_close_reason';
    access_log $reasons why;
END
    notify_send_timeout 2s;
    location = /ws { notify_event 'data=$value_n'; notify_subscribe s; }
    location = /publish { notify_field n any; notify_entry n $notify_json_n; notify_publish s; }
END
my ($pid) = $t->nginx->workers;
sub resident () {
    my $text = $t->read_file("/proc/$pid/smaps_rollup");
    return ($text =~ /^Pss:\s+(\d+)/m)[0];
}
sub client (%option) {
    return NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port, path => '/ws',
        %option);
}
sub publish ($n) {
    my $answer = $t->request('POST', '/publish', body => qq({"n":$n}));
    $answer->status == 200 or die $answer->body;
    return $answer->json->{id};
}

my $warm = client();
$warm->wait_open;
my $before  = resident();
my @clients = map { client() } 1 .. SOCKETS;
ok($t->loop->run_until(sub { !grep { !$_->is_open } @clients }, 20), SOCKETS . ' WebSockets open');
my $each = (resident() - $before) / SOCKETS;
cmp_ok($each, '<', KILOBYTES, sprintf 'each costs %.1f kB', $each);

my @ids = map { publish($_) } 1 .. MESSAGES;
$t->loop->run_until(sub { !grep { $_->messages < MESSAGES } @clients }, 30);
is(scalar(grep { join(' ', $_->ids) ne "@ids" } @clients), 0, 'each got every message once, in order');
my $after = (resident() - $before) / SOCKETS;
cmp_ok($after, '<', KILOBYTES + 4, sprintf 'and costs %.1f kB afterwards', $after);

# ---- one that does not read ----------------------------------------------------------------------

my $slow = client(receive_buffer => 4096);
$slow->wait_open;
$slow->pause;
my $payload = 'x' x 300_000;
$_->{forget} = 1 for @clients;
$_->cut for splice @clients, 20;
for (1 .. 15) { $t->redis->cmd('XADD', 's', '*', 'n', qq("$payload")) }
ok(wait_until(sub { $t->loop->turn(0.05); $t->read_file($reasons) =~ /^101 slow$/m }, 20),
    'who takes nothing is cut');
is(scalar(grep { !$_->is_open } @clients), 0, 'the others go on');
$slow->cut;

# ---- a reload ------------------------------------------------------------------------------------

$t->nginx->reload;
ok($t->loop->run_until(sub { !grep { !$_->ended } @clients }, 6), 'a reload closes all');
is(join(' ', map { $_->code // 'none' } grep { ($_->code // 0) != 1012 } @clients), '', 'as a restart');
my %wait = map { $_->reason => 1 } @clients;
cmp_ok(scalar(keys %wait), '>', 10, 'not all at the same time');
ok(wait_until(sub { !$t->nginx->draining }, 5), 'and the old worker goes');

$t->done;
