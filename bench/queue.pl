#!/usr/bin/perl
# publish → deliver → finish: work queues through nginx beside native clients of Redis, in one run.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../t/lib";
use JSON::PP;
use NotifyTest;
use NotifyTest::Process;

use constant { TOTAL => $ENV{BENCH_TOTAL} // 100_000, CONSUMERS => 8, LIMIT => 100, ROUNDS => 3 };

my $t = NotifyTest->serving(workers => 2, edit => {'access_log [^;]*;' => 'access_log off;'});
my @common = ('--total', TOTAL, '--consumers', CONSUMERS, '--limit', LIMIT);
my $build  = $t->build;

sub rate ($output) { return JSON::PP->new->decode($output)->{rate} }

# Processor time of nginx's workers and of Redis, in seconds.
sub used () {
    my %used = (nginx => 0, Redis => NotifyTest::Process::seconds_used($t->redis->process->pid));
    $used{nginx} += NotifyTest::Process::seconds_used($_) for $t->nginx->workers;
    return \%used;
}

sub native () {
    my @command = ("$build/bench/queue_native", '--port', $t->redis->port, @common);
    my ($status, $output) = $t->run(\@command, seconds => 150);
    return rate($output);
}

# Publishes and consumes at the same time, as the native clients do.
sub through_nginx ($round, $batch) {
    my @load = (
        "$build/bench/queue_load", '--port', $t->nginx->port, '--token', BEARER_TOKEN,
        '--stream', "bench$batch-$round", '--batch', $batch, @common,
    );
    my ($program, @options) = @load;
    my $before    = used();
    my $publisher = NotifyTest::Process->start(
        name => "publish$batch-$round", command => [$program, 'publish', @options],
        log  => $t->dir . '/publish.log', cwd => $t->dir,
    );
    my ($status, $output) = $t->run([$program, 'consume', @options], seconds => 150);
    $publisher->wait_exit(10);
    my $after = used();
    return rate($output), map { 1e6 * ($after->{$_} - $before->{$_}) / TOTAL } qw(nginx Redis);
}

sub median (@values) { return (sort { $a <=> $b } @values)[@values / 2] }

my (@native, %ratios, %rates, %nginx, %redis);
for my $round (1 .. ROUNDS) {
    my $native = native();
    push @native, $native;
    for my $batch (1, 100) {
        my ($rate, $nginx, $redis) = through_nginx($round, $batch);
        push $rates{$batch}->@*,  $rate;
        push $ratios{$batch}->@*, $rate / $native;
        push $nginx{$batch}->@*,  $nginx;
        push $redis{$batch}->@*,  $redis;
    }
}
printf "%d entries, %d consumers, limit %d, 2 nginx workers; medians of %d rounds\n", TOTAL,
    CONSUMERS, LIMIT, ROUNDS;
printf "  native clients, pipelined        %7.0f entries/s\n", median(@native);
for my $batch (1, 100) {
    printf "  through nginx, %3d in a publish  %7.0f entries/s  %.2f of it;"
        . " processor for each: nginx %.0f us, Redis %.0f us\n",
        $batch, map { median($_->{$batch}->@*) } \%rates, \%ratios, \%nginx, \%redis;
}
$t->done;
