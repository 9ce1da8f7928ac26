package NotifyTest::Ports;

# Ports that nothing else uses, below the range from which the kernel takes ports for outgoing
# connections. The UDP socket of the same number is held for the life of this process: it is the
# lock that keeps two tests that run at the same time from choosing the same port.

use v5.36;

use Exporter qw(import);
use IO::Socket::INET;

our @EXPORT_OK = qw(free_port);

use constant { LOWEST => 12_000, HIGHEST => 32_000, TRIES => 200 };

my @locks;

sub free_port () {
    for (1 .. TRIES) {
        my $port = LOWEST + int rand(HIGHEST - LOWEST);
        my $lock = IO::Socket::INET->new(Proto => 'udp', LocalAddr => "127.0.0.1:$port") or next;
        my $probe = IO::Socket::INET->new(
            Proto     => 'tcp',
            LocalAddr => "127.0.0.1:$port",
            Listen    => 1,
            ReuseAddr => 1,
        ) or next;
        close $probe;
        push @locks, $lock;
        return $port;
    }
    die "no free port between @{[LOWEST]} and @{[HIGHEST]}\n";
}

1;
