package NotifyTest::Wire;

# A wire between nginx and Redis, on the test's loop, that can be cut and can go silent.

use v5.36;

use IO::Socket::INET;
use NotifyTest::Ports qw(free_port);

# loop, to => port. cut_after->() gives the number of bytes from Redis after which a new connection
# is cut; undef: never.
sub new ($class, %option) {
    my $self = bless {cut_after => sub { undef }, cuts => 0, pairs => {}, %option}, $class;
    $self->{port}     = free_port();
    $self->{listener} = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => $self->{port}, Listen => 16, ReuseAddr => 1,
        Blocking => 0,
    ) or die "wire: $!\n";
    $self->{loop}->on_read($self->{listener}, sub { $self->_accept });
    return $self;
}

sub port ($self) { return $self->{port} }
sub cuts ($self) { return $self->{cuts} }

sub _accept ($self) {
    my $near = $self->{listener}->accept or return;
    my $far  = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{to})
        or return close $near;
    my $pair = {near => $near, far => $far, left => $self->{cut_after}->()};
    $_->blocking(0) for $near, $far;
    $self->{pairs}{$pair} = $pair;
    $self->{loop}->on_read($near, sub { $self->_pass($pair, $near, $far) });
    $self->{loop}->on_read($far,  sub { $self->_pass($pair, $far,  $near) });
    return;
}

sub _pass ($self, $pair, $from, $to) {
    my $got = sysread $from, my $bytes, 65_536;
    return if !defined $got && $!{EAGAIN};
    return $self->_end($pair) unless $got;
    my $cut = 0;
    if ($from == $pair->{far} && defined $pair->{left}) {
        $pair->{left} -= $got;
        if ($pair->{left} <= 0) {
            $bytes = substr $bytes, 0, $got + $pair->{left};
            $cut   = 1;
        }
    }
    local $SIG{PIPE} = 'IGNORE';
    $to->blocking(1);
    my $sent = syswrite $to, $bytes;
    $to->blocking(0);
    if ($cut) {
        $self->{cuts}++;
        return $self->_end($pair);
    }
    return $self->_end($pair) unless defined $sent;
    return;
}

sub _end ($self, $pair) {
    delete $self->{pairs}{$pair};
    for my $socket ($pair->@{qw(near far)}) {
        next unless defined fileno $socket;
        $self->{loop}->forget($socket);
        close $socket;
    }
    return;
}

# All connections, now.
sub cut_all ($self) {
    for my $pair (values $self->{pairs}->%*) {
        $self->{cuts}++;
        $self->_end($pair);
    }
    return;
}

# Swallows everything until it is cut: no byte passes, no connection ends.
sub silence ($self) {
    for my $pair (values $self->{pairs}->%*) {
        $self->{loop}->on_read($pair->{$_}, undef) for qw(near far);
    }
    return;
}

1;
