# nginx's limit_rate slows a stream down; it does not make it deaf.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(http => "limit_rate 4k;\n");

my $ledger = $t->ledger;
my $stream = $t->user_stream('u', on_event => $ledger->recorder);
$t->publish_user('u', 'x' x 500 . $_) for 1 .. 20;
my @expected = $t->redis->event_ids('user:u');
ok($t->loop->run_until(sub { $ledger->complete(['u'], @expected) }, 15), 'all events come');
is(join("\n", $ledger->faults(['u'], @expected)), '', 'once, in order');

# After all was sent the limit's timer is nginx's, and must still end the delay.
for my $number (1 .. 3) {
    my $before = () = $stream->events;
    $t->publish_user('u', 'y' x 3000 . $number);
    ok($t->loop->run_until(sub { (() = $stream->events) > $before }, 5),
        "so does one after a pause ($number)");
}
is($stream->opened, 1, 'on the one connection');

$t->done;
