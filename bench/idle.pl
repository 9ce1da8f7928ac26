#!/usr/bin/perl
# 5,000 consumers in 500 groups that have nothing to do, on one nginx worker: connections to Redis,
# processor time of nginx and Redis, memory.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../t/lib";
use NotifyTest;
use NotifyTest::Process;
use Time::HiRes qw(time);

use constant { CONSUMERS => 5_000, GROUPS => 500, SECONDS => $ENV{BENCH_SECONDS} // 30 };

my $t = NotifyTest->serving(workers => 1);
my ($nginx) = $t->nginx->workers;
my $redis = $t->redis->process->pid;

# Proportional set size in kB; it counts what only this process has, and its share of the rest.
sub memory ($pid) {
    open my $file, '<', "/proc/$pid/smaps_rollup" or die "smaps_rollup: $!\n";
    my ($kb) = map { /^Pss:\s+(\d+)/ ? $1 : () } <$file>;
    return $kb;
}

sub processor ($pid) { return NotifyTest::Process::seconds_used($pid) }

$t->bearer('GET', '/admin/ping');    # the first request makes what all share
my $before = memory($nginx);
my $load   = NotifyTest::Process->start(
    name    => 'idle',
    command => [$t->build . '/bench/queue_load', 'idle', '--port', $t->nginx->port, '--token',
        BEARER_TOKEN, '--consumers', CONSUMERS, '--groups', GROUPS],
    log     => $t->dir . '/idle.log',
    cwd     => $t->dir,
);
$load->wait_output(qr/ready/, 60) or die "the consumers do not connect\n" . $load->output;

# Past what connecting has started: leases, the first claim of each group.
pause_for(5, sub { !$load->running });
my $clients = () = $t->redis->cmd('CLIENT', 'LIST') =~ /name=nginx-notify:/g;
my $memory  = memory($nginx) - $before;
my %began   = (time => time, nginx => processor($nginx), redis => processor($redis));
pause_for(SECONDS, sub { !$load->running });
my $seconds = time - $began{time};
my %used    = (
    nginx => (processor($nginx) - $began{nginx}) / $seconds,
    redis => (processor($redis) - $began{redis}) / $seconds,
);
printf "%d idle consumers in %d groups on one nginx worker, for %.0f s\n", CONSUMERS, GROUPS,
    $seconds;
printf "  connections to Redis      %d\n", $clients;
printf "  processor, nginx          %.1f %% of a core\n", 100 * $used{nginx};
printf "  processor, Redis          %.1f %% of a core\n", 100 * $used{redis};
printf "  memory for each consumer  %.1f kB\n", $memory / CONSUMERS;
$load->stop;
$t->done;
