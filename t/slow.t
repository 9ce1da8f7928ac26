# A subscriber that reads nothing costs nobody anything, and catches up when it reads again.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

use constant { DEAF => 20, EVENTS => 400, SIZE => 50_000 };

my $t = NotifyTest->serving;
my ($pid) = $t->nginx->workers;
my $redis = $t->redis;

sub resident () {
    my ($kilobytes) = $t->read_file("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m;
    return $kilobytes / 1024;
}

my $ledger = $t->ledger;
my %option = (on_event => $ledger->recorder, forget_events => 1);
my @deaf   = map {
    my $stream = $t->stream(path => $t->stream_path('u'), name => "deaf$_", receive_buffer => 4096,
        retry => 0.05, %option);
    $t->loop->run_until(sub { $stream->count }, 5);
    $stream->pause;
    $stream;
} 1 .. DEAF;
my $awake = $t->stream(path => $t->stream_path('u'), name => 'awake', %option);
my $other = $t->stream(path => $t->stream_path('other'), name => 'other', %option);
$t->loop->run_until(sub { $awake->count && $other->count }, 5);

my $before = resident();
my $peak   = $before;
my @delays;
my $payload = 'x' x SIZE;
my $http = $t->http;
for my $number (1 .. EVENTS) {
    my $began  = time;
    my $answer = $http->request('POST', '/api/v1/internal/notify/publish',
        body => qq({"type":"t","user_id":"u","data":"$payload"}));
    my $id = $answer->json->{id};
    $t->loop->run_until(sub { $ledger->complete(['awake'], $id) }, 5);
    push @delays, time - $began;
    if ($number % 20 == 0) {
        $t->publish_user('other', $number);
        my $now = resident();
        $peak = $now if $now > $peak;
    }
}
my @expected = $redis->event_ids('user:u');
is(scalar @expected, EVENTS, EVENTS . ' events of 50 kB are published');
is(join("\n", $ledger->faults(['awake'], @expected)), '', 'the client that reads has them all');
my @others = $redis->event_ids('user:other');
$t->loop->run_until(sub { $ledger->complete(['other'], @others) }, 5);
is(join("\n", $ledger->faults(['other'], @others)), '', 'so has a client of another user');
@delays = sort { $a <=> $b } @delays;
cmp_ok($delays[@delays * 0.95], '<', 0.1, 'each at once');
cmp_ok($peak - $before, '<', 30,
    sprintf 'the worker holds nothing for %d deaf clients (%.1f MB more)', DEAF, $peak - $before);

# They read again.
my @names = map { "deaf$_" } 1 .. DEAF;
my $behind = grep { !$ledger->complete([$_], @expected) } @names;
is($behind, DEAF, 'the deaf ones are behind');
$_->resume for @deaf;
$t->loop->run_until(sub { $ledger->complete(\@names, @expected) }, 30);
is(join("\n", $ledger->faults(\@names, @expected)), '', 'and catch up: every event once, in order');
is(scalar $ledger->all_gaps, 0, 'without a gap');

my $last = $t->publish_user('u', 'live')->json->{id};
push @expected, $last;
ok($t->loop->run_until(sub { $ledger->complete([@names, 'awake'], @expected) }, 5),
    'then all are live again');
is(join("\n", $ledger->faults([@names, 'awake'], @expected)), '', 'each with the new event');

is_deeply([$t->nginx->workers], [$pid], 'it is the same worker as before');
$t->done;
