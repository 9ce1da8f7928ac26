package NotifyTest::Publisher;

# Publishes numbered messages at a steady rate over keep-alive connections, on a Loop. Each message
# has one fate: accepted (with its id), refused (an answer that is no 2xx) or unknown (the
# connection was lost before an answer came). Nothing is ever sent twice.

use v5.36;

use Errno qw(EINPROGRESS);
use NotifyTest::Http;
use NotifyTest::Response;
use Socket      qw(pack_sockaddr_in inet_aton SOL_SOCKET SO_ERROR IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

# loop, port; request->(number) gives [method, path, options for NotifyTest::Http::compose];
# rate => messages a second; connections => number.
sub new ($class, %option) {
    my $self = bless {
        rate     => 20,
        number   => 0,
        accepted => {},    # number => id
        refused  => {},    # number => [status, time]
        unknown  => {},    # number => time
        times    => [],    # seconds that each answer took
        waiting  => [],    # numbers for which no connection was free
        idle     => [],
        busy     => 0,
        %option,
    }, $class;
    $self->{connections} //= 8;
    return $self;
}

sub accepted ($self) { return $self->{accepted} }
sub refused  ($self) { return $self->{refused} }
sub unknown  ($self) { return $self->{unknown} }
sub number   ($self) { return $self->{number} }
sub times    ($self) { return $self->{times}->@* }

sub start ($self) {
    $self->{due} = time;
    $self->_tick;
    return $self;
}

# No further messages; those under way go on.
sub stop ($self) {
    $self->{loop}->cancel($self->{timer});
    $self->{stopped} = 1;
    return;
}

# Every message that was begun has its fate.
sub settled ($self) { return $self->{busy} == 0 && !$self->{waiting}->@* }

# Publishes for $seconds and until all is settled, at most $patience seconds longer.
sub run_for ($self, $seconds, $patience = 10) {
    $self->start;
    $self->{loop}->run_for($seconds);
    $self->stop;
    return $self->{loop}->run_until(sub { $self->settled }, $patience);
}

sub _tick ($self) {
    return if $self->{stopped};
    my $now = time;
    while ($self->{due} <= $now) {
        push $self->{waiting}->@*, ++$self->{number};
        $self->{due} += 1 / $self->{rate};
    }
    $self->_drain;
    $self->{timer} = $self->{loop}->at($self->{due}, sub { $self->_tick });
    return;
}

sub _drain ($self) {
    while ($self->{waiting}->@*) {
        my $connection = $self->_idle;
        if (!$connection) {
            return if $self->{busy} >= $self->{connections};
            $connection = $self->_open or return;
        }
        $self->_send($connection, shift $self->{waiting}->@*);
    }
    return;
}

# A connection that the server has closed meanwhile is not used again: no request may be lost for
# that.
sub _idle ($self) {
    while (my $connection = pop $self->{idle}->@*) {
        my $bits = '';
        vec($bits, fileno $connection->{socket}, 1) = 1;
        return $connection unless select $bits, undef, undef, 0;
        $self->_close($connection);
    }
    return;
}

sub _open ($self) {
    CORE::socket(my $socket, Socket::AF_INET, Socket::SOCK_STREAM, 0) or die "socket: $!\n";
    # Loopback: the connection is there at once or is refused.
    connect $socket, pack_sockaddr_in($self->{port}, inet_aton('127.0.0.1')) or return;
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
    $socket->blocking(0);
    my $connection = {socket => $socket};
    $self->{loop}->on_read($socket, sub { $self->_readable($connection) });
    return $connection;
}

sub _send ($self, $connection, $number) {
    my ($method, $path, %option) = $self->{request}->($number)->@*;
    $connection->{number}   = $number;
    $connection->{sent}     = time;
    $connection->{response} = NotifyTest::Response->new;
    $self->{busy}++;
    local $SIG{PIPE} = 'IGNORE';
    my $text = NotifyTest::Http::compose($method, $path, %option);
    my $sent = syswrite $connection->{socket}, $text;
    $self->_lost($connection) unless defined $sent && $sent == length $text;
    return;
}

sub _readable ($self, $connection) {
    my $got = sysread $connection->{socket}, my $bytes, 16_384;
    return if !defined $got && $!{EAGAIN};
    return $self->_lost($connection) unless $got;
    my $response = $connection->{response} or return $self->_lost($connection);
    $response->feed($bytes);
    $self->_answered($connection) if $response->done;
    return;
}

sub _answered ($self, $connection) {
    my ($response, $number) = @$connection{qw(response number)};
    my $now = time;
    push $self->{times}->@*, $now - $connection->{sent};
    if ($response->status =~ /^2/) {
        ($self->{accepted}{$number}) = $response->body =~ /"(?:message_)?id":"([^"]+)"/;
    }
    else {
        $self->{refused}{$number} = [$response->status, $now];
    }
    $connection->{response} = undef;
    $self->{busy}--;
    if ($response->keep_alive) {
        push $self->{idle}->@*, $connection;
    }
    else {
        $self->_close($connection);
    }
    $self->{on_answer}->($number) if $self->{on_answer};
    $self->_drain;
    return;
}

sub _lost ($self, $connection) {
    if ($connection->{response}) {
        $self->{busy}--;
        $self->{unknown}{$connection->{number}} = time;
        $connection->{response} = undef;
    }
    $self->{idle} = [grep { $_ != $connection } $self->{idle}->@*];
    $self->_close($connection);
    return;
}

sub _close ($self, $connection) {
    $self->{loop}->forget($connection->{socket});
    close $connection->{socket};
    return;
}

1;
