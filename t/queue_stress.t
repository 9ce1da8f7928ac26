# Work queues under load and in trouble: each entry is finished, none is lost, and where nothing
# breaks each is given out exactly once. NOTIFY_LONG=1 does it with 100,000 entries.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use NotifyTest;
use NotifyTest::Process;

use constant {
    TOTAL     => $ENV{NOTIFY_LONG} ? 100_000 : 10_000,
    CONSUMERS => 8,
    LIMIT     => 100,
    ABSENCE   => $ENV{NOTIFY_LONG} ? 60 : 5,    # seconds
};
# In trouble each consumer works on an entry for so long that some time goes by.
use constant WORK => 200;    # ms

my $t = NotifyTest->serving(
    workers => 2,
    edit    => {'notify_ack_timeout 5m' => 'notify_ack_timeout 2s', 'rate=20000r/s' => 'rate=1000000r/s'},
);
my $redis  = $t->redis;
my $worker = $t->start_worker(env => {NOTIFY_QUEUE_LOOK => '200ms'});

my $number = 0;

sub load ($mode, $stream, %option) {
    my $name    = 'load' . $number++;
    my @options = map { ("--$_" => $option{$_}) } sort keys %option;
    return NotifyTest::Process->start(
        name    => $name,
        command => [$t->build . '/bench/queue_load', $mode, '--port', $t->nginx->port,
            '--token', BEARER_TOKEN, '--stream', $stream, @options],
        log     => $t->dir . "/$name.log",
        cwd     => $t->dir,
    );
}

sub figures ($load, $seconds) {
    $load->wait_exit($seconds + 5) or return {};
    return eval { JSON::PP->new->decode($load->output) } // {};
}

# Fills a stream, and has it consumed while `disturb` does what it does.
sub consume ($stream, $disturb = undef, %option) {
    my $published = figures(load('publish', $stream, total => TOTAL), 60);
    is($published->{published}, TOTAL, "$stream: " . TOTAL . ' entries');
    my %common = (total => TOTAL, consumers => CONSUMERS, limit => LIMIT, seconds => 150);
    my $load   = load('consume', $stream, %common, %option);
    $disturb->($load) if $disturb;
    my $figures = figures($load, 150);
    is($figures->{finished}, TOTAL, "$stream: each is finished, in $figures->{seconds} s")
        or diag $load->output;
    is(scalar(grep { $_ > 0 } $figures->{received}->@*), CONSUMERS,
        "$stream: every consumer was served");
    ok(wait_until(sub { $redis->cmd('XPENDING', $stream, 'workers')->[0] == 0 }, 10),
        "$stream: nothing is pending") or diag $redis->cmd('XPENDING', $stream, 'workers')->[0];
    return $figures;
}

# Waits until a good part has been given out, so that the trouble comes in the midst of it.
sub wait_for_share ($stream, $share) {
    my $given = sub {
        my ($group) = eval { $redis->cmd('XINFO', 'GROUPS', $stream)->@* } or return 0;
        my %facts = @$group;
        return ($facts{'entries-read'} // 0) >= $share * TOTAL;
    };
    return wait_until($given, 60) || fail("$stream: $share is not reached");
}

# ---- calm ----------------------------------------------------------------------------------------

my $calm = consume('calm');
is($calm->{delivered_twice}, 0, 'none was given out twice');
is($calm->{finished_twice},  0, 'nor finished twice');
is(join(' ', keys $calm->{answers}->%*), '200', 'each finish was the first');

# ---- a consumer is killed each second ------------------------------------------------------------

my $every  = $ENV{NOTIFY_LONG} ? 1000 : 300;
my $killed = consume('killed', undef, work => WORK, 'kill-every' => $every);
cmp_ok($killed->{kills}, '>', 3, "$killed->{kills} consumers were killed");
diag "killed: $killed->{delivered_twice} of " . TOTAL . ' were given out again';

# ---- an nginx worker is killed -------------------------------------------------------------------

$t->allow_log(qr/exited on signal 9/);
consume('nginx', sub ($) { wait_for_share('nginx', 0.3); $t->nginx->kill_worker }, work => WORK);

# ---- the worker process is away ------------------------------------------------------------------

consume('away', sub ($load) {
    wait_for_share('away', 0.2);
    $worker->stop('TERM');
    pause_for(ABSENCE, sub { !$load->running });
    $worker = $t->start_worker(env => {NOTIFY_QUEUE_LOOK => '200ms'});
}, work => WORK, 'kill-every' => 500);

# ---- Redis is restarted --------------------------------------------------------------------------

$t->allow_log(qr/connect\(\) failed|Connection refused|Redis/);
consume('redis', sub ($) { wait_for_share('redis', 0.3); $redis->restart }, work => WORK);

# ---- nothing is left behind ----------------------------------------------------------------------

my $leases = sub {
    return grep { $redis->cmd('HLEN', "notify:{$_}:consumers:workers") }
        qw(calm killed nginx away redis);
};
ok(wait_until(sub { !$leases->() }, 60), 'no consumer has a lease');

$t->done;
