# A server that only says that it is Redis: what a reply may be is bounded before it is believed, in
# nginx, in the worker and in notifyctl.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use IO::Socket::INET;
use NotifyTest::Ports qw(free_port);
use NotifyTest::Process;

my $t = NotifyTest->new;

# Answers whatever comes, for each connection anew: so many greetings right, then this.
sub false_redis ($answer) {
    my $port   = free_port();
    my $listen = IO::Socket::INET->new(Listen => 50, LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1)
        or die "listen: $!\n";
    my $process = NotifyTest::Process->run_code('false Redis', sub {
        local $SIG{CHLD} = 'IGNORE';
        local $SIG{PIPE} = 'IGNORE';
        while (my $client = $listen->accept) {
            next if fork;
            sysread $client, my $asked, 65_536;
            syswrite $client, $answer;
            1 while sysread $client, $asked, 65_536;
            exit 0;
        }
    });
    return ($port, $process);
}

my %rows = (
    'a list of 1,440,370,955 elements' => ["*1440370955\r\n", 'a reply of more than 1,048,576 elements'],
    'lists in lists'                   => ["*1000000\r\n" x 5, 'a reply of more than 1,048,576 elements'],
    'a line without an end'            => ['+' . 'x' x 100_000, 'a line of more than 64 kB'],
    'a length without an end'          => ['$' . '1' x 100_000, 'a line of more than 64 kB'],
);
for my $name (sort keys %rows) {
    my ($answer, $limit) = $rows{$name}->@*;
    my ($port, $server) = false_redis($answer);
    my $url   = "redis://127.0.0.1:$port/0";
    my $nginx = $t->start_other_nginx(http => "notify_redis $url;",
        server => 'location /p { notify_publish s; notify_field m string in=query; notify_entry m $notify_field_m; }');
    my ($worker) = $nginx->workers;
    ok(wait_until(sub { $nginx->error_log =~ /it sent \Q$limit\E/ }), "$name: nginx ends the link, and says why");
    my ($peak) = $t->read_file("/proc/$worker/status") =~ /^VmPeak:\s+(\d+) kB/m;
    cmp_ok($peak, '<', 1_000_000, 'nginx has not asked for memory');
    my ($status, $output) = $t->notifyctl('--redis-url', $url, 'publish', 's', 'm=1');
    isnt($status, 0, 'notifyctl refuses');
    like($output, qr/it sent \Q$limit\E/, 'and says why');
    $nginx->stop;
    $server->stop('KILL');
    $server->{ended_by_test} = 1;
}
$t->done;
