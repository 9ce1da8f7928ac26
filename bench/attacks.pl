#!/usr/bin/perl
# What a neighbour notices of each attack that docs/security.md lists: 127.0.0.1 attacks an nginx with the
# configuration that ships, for some seconds each, and 127.0.0.2 asks whether nginx lives, a hundred
# times. Fails where the median is beyond 50 ms.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../t/lib";
use NotifyTest;
use NotifyTest::Process;
use NotifyTest::WebSocket qw(frame handshake TEXT);
use Time::HiRes qw(time);

use constant { ASKED => 100, MOST => 0.050, WORKERS => 2 };

my $t    = NotifyTest->serving(workers => WORKERS);
my $port = $t->nginx->port;
my @json = ('Content-Type' => 'application/json');
my @bearer = (Authorization => 'Bearer ' . BEARER_TOKEN);

sub client () { return NotifyTest::Http->new(port => $port, timeout => 5) }
sub text ($method, $path, %option) { return NotifyTest::Http::compose($method, $path, %option) }
sub event ($size) { return '{"type":"t","user_id":"u","data":"' . 'x' x $size . '"}' }

# Sends these bytes on as many connections, again and again; a connection that ends is made anew.
sub storm ($connections, $bytes, $wait = 1) {
    my @clients;
    while (1) {
        for my $i (0 .. $connections - 1) {
            $clients[$i] //= eval { client() } // next;
            $clients[$i]->send($bytes) or $clients[$i] = undef;
        }
        for my $i ($wait ? 0 .. $connections - 1 : ()) {
            $clients[$i] &&= $clients[$i]->receive(timeout => 3) ? $clients[$i] : undef;
        }
        @clients = () unless $wait;
    }
}
# Opens so many connections, says this on each and leaves them open.
sub hold ($connections, @bytes) {
    my @clients = grep { $_ } map { eval { my $client = client(); $client->send($_) for @bytes; $client } } 1 .. $connections;
    sleep 60;
}

my $token = jwt(JWT_SECRET, {sub => 'u'});
my $url   = '/api/streams/a' . '/groups/a' x 30 . '/consumers/a' x 30 . '/messages/a' x 30 . '/h';
my $zeros = '{"messages":[' . join(',', (0) x 4_000_000) . ']}';
my $talk  = handshake("/api/v1/external/notify/stream?token=$token");
my @attacks = (
    ['none',                                 sub { sleep 60 }],
    ['hostile URLs, pipelined',              sub { storm(3, text('GET', $url) x 60, 0) }],
    ['guessed passwords of the superuser',   sub { storm(20, text('GET', '/api/clients', headers => [Authorization => 'Basic YWRtaW46eA=='])) }],
    ['guessed API keys',                     sub { storm(20, text('GET', '/alerts', headers => [Authorization => 'Bearer alice-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'])) }],
    ['sockets of strangers',                 sub { storm(200, handshake('/api/ws/shop/u'), 0) }],
    ['3,000 streams of one address',         sub { hold(3000, text('GET', "/api/v1/external/notify/stream?token=$token")) }],
    ['half WebSocket messages',              sub { hold(900, $talk, substr frame(TEXT, 'x' x 1_000_000), 0, 200_000) }],
    ['batches of four million zeros',        sub { storm(4, text('POST', '/api/streams/s/messages/batch', body => $zeros, headers => [@json, @bearer])) }],
    ['publishes of 1 MB',                    sub { storm(20, text('POST', '/api/v1/internal/notify/publish', body => event(1_000_000), headers => \@json)) }],
    ['readers that do not read, of 20 MB',   sub { hold(200, text('GET', "/api/v1/external/notify/stream?token=$token&last_event_id=0-00000000")) }],
    ['publishes of 1 MB, Redis stands still', sub { storm(150, text('POST', '/api/v1/internal/notify/publish', body => event(1_000_000), headers => \@json)) }, 'frozen'],
);

my $failed = 0;
printf "%-40s %10s %10s %10s\n", 'attack', 'median', 'p99', 'nginx';
for my $attack (@attacks) {
    my ($name, $code, $frozen) = @$attack;
    $t->redis->freeze if $frozen;
    my $process = NotifyTest::Process->run_code($name, $code);
    pause_for(1, sub { !$process->running });
    my @took;
    for (1 .. ASKED) {
        my $began  = time;
        my $answer = $t->request('GET', '/api/v1/notify/health/live', from => '127.0.0.2', timeout => 20);
        push @took, $answer && $answer->status == 200 ? time - $began : 20;
        pause_for(0.02, sub { !$process->running });
    }
    my $rss = 0;
    $t->read_file("/proc/$_/smaps_rollup") =~ /^Pss:\s+(\d+)/m and $rss += $1 for $t->nginx->workers;
    $process->signal('KILL');
    $process->wait_exit;
    $process->{ended_by_test} = 1;
    $t->redis->thaw if $frozen;
    @took = sort { $a <=> $b } @took;
    printf "%-40s %7.1f ms %7.1f ms %7.0f MB%s\n", $name, 1000 * $took[ASKED / 2], 1000 * $took[ASKED * 0.99],
        $rss / 1024, $took[ASKED / 2] > MOST ? '  TOO SLOW' : '';
    $failed++ if $took[ASKED / 2] > MOST;
}
$t->stop_all;
exit($failed ? 1 : 0);
