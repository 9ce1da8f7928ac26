# A client that takes nothing for notify_send_timeout is closed, and resumes exactly.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(http => "notify_send_timeout 1s;\n");

my $ledger = $t->ledger;
my $stream = $t->user_stream('u', receive_buffer => 4096, on_event => $ledger->recorder);
$stream->pause;
my $payload = 'x' x 100_000;
$t->publish_user('u', "$payload$_") for 1 .. 120;
ok(
    wait_until(sub { $t->nginx->access_log =~ m{GET /api/v1/external/notify/stream} }, 8),
    'the stream of a client that reads nothing is ended',
);
$stream->resume;
my @expected = $t->redis->event_ids('user:u');
ok($t->loop->run_until(sub { $ledger->complete(['u'], @expected) }, 15), 'it comes back');
is(join("\n", $ledger->faults(['u'], @expected)), '', 'and has every event once, in order');
cmp_ok($stream->opened, '>=', 2, 'over more than one connection');

$t->done;
