# Many users of the catalogue at once, each on a WebSocket of one nginx worker, while PostgreSQL is
# restarted: each notification that was accepted comes once, and rows, streams and acknowledgements
# agree. NOTIFY_LONG=1: 5,000 users, 500 notifications a second, for a minute.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::Process;

use constant {
    USERS   => $ENV{NOTIFY_LONG} ? 5000 : 300,
    RATE    => $ENV{NOTIFY_LONG} ? 500 : 50,
    SECONDS => $ENV{NOTIFY_LONG} ? 60 : 8,
};

my $t      = NotifyTest->new;
# All users come from one address here.
my $c      = NotifyTest::Catalog->new($t, kind => 'postgresql', edit => {
    'burst=4000 nodelay;\n    limit_conn notify_streams_open 4000;' =>
        'burst=' . USERS . " nodelay;\n    limit_conn notify_streams_open 60000;"});
my $key    = $c->made('/clients', {client_name => 'shop'});
my $ledger = $t->dir . '/ledger';
is(scalar($t->nginx->workers), 1, 'one nginx worker');

my $load = NotifyTest::Process->start(
    name    => 'load',
    command => [$t->build . '/bench/notification_load', '--port', $t->nginx->port, '--key', $key,
        '--users', USERS, '--rate', RATE, '--seconds', SECONDS, '--ledger', $ledger],
    log => $t->dir . '/load.log',
    cwd => $t->dir,
);
ok($load->wait_output(qr/^open$/m, 60), USERS . ' users are connected') or diag $load->output;

# In the midst of it.
my $half = int(SECONDS / 2);
ok($load->wait_output(qr/^$half s:/m, SECONDS + 20), 'half of the time');
$c->database->stop;
$c->database->start;
ok($load->wait_exit(SECONDS + 90), 'all has come') or diag $load->output;
my ($line)  = $load->output =~ /^(\{.*\})$/m;
my $figures = JSON::PP->new->decode($line // '{}');
diag $line // $load->output if $ENV{NOTIFY_LONG} || $load->status;
is($load->status, 0, 'each user has got and acknowledged what was accepted for him');

my %statuses = $figures->{statuses}->%*;
my $accepted = $figures->{accepted};
is($figures->{sent}, RATE * SECONDS, RATE . ' sends a second for ' . SECONDS . ' s');
is(join(' ', grep { !/^(?:200|503)$/ } sort keys %statuses), '', 'answered 200, or 503 while PostgreSQL was away');
cmp_ok($accepted, '>', 0.8 * $figures->{sent}, "$accepted are accepted");
is($figures->{$_}, 0, "none is $_") for qw(missing doubled unwanted differing strange reconnects);
is($figures->{opened}, USERS, 'every socket stood to the end');
cmp_ok($figures->{answer_ms}[2], '<', 10_000, 'the longest wait for an answer: '
    . "$figures->{answer_ms}[2] ms (half: $figures->{answer_ms}[0], 99 of 100: $figures->{answer_ms}[1])");

# ---- rows and streams ----------------------------------------------------------------------------

my $database = $c->database;
ok(wait_until(sub { $database->value('SELECT COUNT(*) FROM outbox') == 0 }, 40), 'the outbox is empty');
my $rows = $database->query(
    'SELECT user_id, message_id, status, payload FROM requests JOIN receivers ON receivers.id = receiver_id '
        . 'WHERE message_id IS NOT NULL');
is(scalar(grep { $_->[2] ne 'ACCEPTED' } @$rows), 0, 'every row of what was sent is ACCEPTED');
is($database->value("SELECT COUNT(*) FROM requests WHERE status = 'PENDING'"), 0, 'no row is pending');
is($database->value("SELECT COUNT(*) FROM requests WHERE status = 'REJECTED' AND message_id IS NOT NULL"), 0,
    'what was rejected was not sent');

# Each of them as "number user id".
my @answers = map { [split / /] } split /\n/, $t->read_file($ledger);
my @told    = sort map { "$_->[0] $_->[2] $_->[3]" } grep { $_->[1] == 200 } @answers;
my @kept    = sort map { ($_->[3] =~ /"title":"(\d+)"/)[0] . " $_->[0] $_->[1]" } @$rows;
my (@there, $pending, %groups);
for my $user (map { "u$_" } 0 .. USERS - 1) {
    my $stream = "test:notiq:notifications:shop:$user";
    push @there, map { ($_->[1]{message} =~ /"title":"(\d+)"/)[0] . " $user $_->[0]" } $t->redis->entries($stream);
    $pending += $t->redis->cmd('XPENDING', $stream, 'test:notiq:notification_group')->[0];
}
@there = sort @there;
is(scalar @there, $accepted, 'as many entries as accepted sends');
ok("@told" eq "@there", 'the entries are what the answers told');
ok("@kept" eq "@there", 'the rows are the entries');
is($pending, 0, 'nothing is pending in the streams');
is(scalar(grep { /:idem:/ } $t->redis->keys), 0, 'no idempotency key is left');
$t->done;
