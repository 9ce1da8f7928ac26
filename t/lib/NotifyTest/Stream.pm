package NotifyTest::Stream;

# An EventSource on a Loop: parses the stream fully, reconnects with Last-Event-ID and obeys
# `retry:`. Many of them live in one process.

use v5.36;

use Errno qw(EAGAIN EINPROGRESS EWOULDBLOCK EINTR);
use IO::Socket::INET;
use IO::Socket::SSL;
use NotifyTest::Response;
use NotifyTest::SseParser;
use Socket      qw(pack_sockaddr_in inet_aton SOL_SOCKET SO_ERROR SO_RCVBUF);
use Time::HiRes qw(time);

use constant DEFAULT_RETRY => 1;

# loop, port, path; headers => [..], tls => CA file, last_event_id, name,
# on_event->(stream, event), receive_buffer => bytes, reconnect => 0 to stay closed; contract => what
# answers are compared with.
sub new ($class, %option) {
    my $self = bless {
        headers  => [],
        reconnect => 1,
        retry    => DEFAULT_RETRY,
        last_id  => $option{last_event_id},
        count    => 0,
        events   => [],
        comments => [],
        retries  => [],
        refused  => [],      # status of answers that were no stream
        opened   => 0,       # how often a stream has begun
        closed   => 0,       # how often it has ended
        raw      => '',      # bytes of the body; only with keep_raw
        %option,
    }, $class;
    $self->connect;
    return $self;
}

sub events   ($self) { return $self->{events}->@* }
sub count    ($self) { return $self->{count} }
sub comments ($self) { return $self->{comments}->@* }
sub opened   ($self) { return $self->{opened} }
sub closed   ($self) { return $self->{closed} }
sub refused  ($self) { return $self->{refused}->@* }
sub retry    ($self) { return $self->{retry} }
sub last_id  ($self) { return $self->{parser}->last_id }
sub ended_cleanly ($self) { return $self->{ended_cleanly} }
sub raw      ($self) { return $self->{raw} }
sub is_open  ($self) { return $self->{open} }
sub response ($self) { return $self->{response} }
sub socket   ($self) { return $self->{socket} }

sub connect ($self) {
    $self->{open}   = 0;
    $self->{parser} = NotifyTest::SseParser->new(
        last_id    => $self->{last_id} // '',
        on_event   => sub ($event) { $self->_event($event) },
        on_comment => sub ($text)  { push $self->{comments}->@*, [time, $text] },
        on_retry   => sub ($milliseconds) {
            $self->{retry} = $milliseconds / 1000;
            push $self->{retries}->@*, $milliseconds;
        },
    );
    $self->{response} = NotifyTest::Response->new(
        on_body => sub ($bytes) {
            $self->{raw} .= $bytes if $self->{keep_raw};
            $self->{parser}->feed($bytes);
        },
    );
    return $self->{tls} ? $self->_connect_tls : $self->_connect_plain;
}

sub _connect_plain ($self) {
    CORE::socket(my $socket, Socket::AF_INET, Socket::SOCK_STREAM, 0) or die "socket: $!\n";
    $socket->blocking(0);
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, $self->{receive_buffer} if $self->{receive_buffer};
    my $done = CORE::connect $socket, pack_sockaddr_in($self->{port}, inet_aton('127.0.0.1'));
    $self->{socket} = $socket;
    return $self->_lost unless $done || $! == EINPROGRESS;
    $self->{loop}->on_write($socket, sub { $self->_connected });
    return;
}

sub _connect_tls ($self) {
    my $socket = IO::Socket::SSL->new(
        PeerAddr     => '127.0.0.1',
        PeerPort     => $self->{port},
        SSL_ca_file  => $self->{tls},
        SSL_hostname => 'localhost',
        SSL_verifycn_name => 'localhost', SSL_verifycn_scheme => 'http',
    );
    return $self->_lost unless $socket;
    $socket->blocking(0);
    $self->{socket} = $socket;
    return $self->_connected;
}

sub _connected ($self) {
    my $socket = $self->{socket};
    my $error  = $self->{tls} ? 0 : unpack 'i', getsockopt $socket, SOL_SOCKET, SO_ERROR;
    return $self->_lost if $error;
    my @headers = ('Host: localhost', 'Accept: text/event-stream', $self->{headers}->@*);
    push @headers, "Last-Event-ID: $self->{last_id}" if length($self->{last_id} // '');
    local $SIG{PIPE} = 'IGNORE';
    my $request = join "\r\n", "GET $self->{path} HTTP/1.1", @headers, '', '';
    my $sent    = syswrite $socket, $request;
    return $self->_lost unless defined $sent && $sent == length $request;
    $self->{loop}->on_write($socket, undef);
    $self->{loop}->on_read($socket, sub { $self->_readable }) unless $self->{deaf};
    return;
}

# Stops, and starts again, taking bytes from the socket.
sub pause  ($self) { $self->{loop}->on_read($self->{socket}, undef); return }
sub resume ($self) { $self->{loop}->on_read($self->{socket}, sub { $self->_readable }); return }

sub _readable ($self) {
    my $socket = $self->{socket};
    while (1) {
        my $got = sysread $socket, my $bytes, 65_536;
        if (!defined $got) {
            return if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
            return $self->_lost;
        }
        return $self->_lost if $got == 0;
        my $response = $self->{response};
        $response->feed($bytes);
        $self->_head if $response->started && !$self->{open};
        return $self->_lost if $response->done;
        return if $got < 65_536 && !$self->{tls};
    }
}

sub _head ($self) {
    my $response = $self->{response};
    my $is_stream = $response->status == 200
        && ($response->header('Content-Type') // '') =~ m{^text/event-stream\b};
    if ($is_stream) {
        $self->{open} = 1;
        $self->{opened}++;
        $self->{opened_at} = time;
    }
    elsif ($response->done) {
        push $self->{refused}->@*, $response->status;
    }
    $self->{contract}->check_sample('GET', $self->{path}, $response)
        if $self->{contract} && ($is_stream || $response->done);
    return;
}

sub _event ($self, $event) {
    $event->{time} = time;
    $self->{count}++;
    push $self->{events}->@*, $event unless $self->{forget_events};
    $self->{on_event}->($self, $event) if $self->{on_event};
    return;
}

sub _lost ($self) {
    my $loop = $self->{loop};
    if ($self->{socket}) {
        $loop->forget($self->{socket});
        close $self->{socket};
        $self->{socket} = undef;
    }
    $self->{closed}++ if $self->{open};
    $self->{last_id} = $self->{parser}->last_id;
    $self->{ended_cleanly} = $self->{response}->done;
    $self->{open} = 0;
    if ($self->{reconnect}) {
        $self->{timer} = $loop->after($self->{retry}, sub { $self->connect });
    }
    return;
}

sub close_stream ($self) {
    $self->{reconnect} = 0;
    $self->{loop}->cancel($self->{timer});
    $self->_lost if $self->{socket};
    return;
}

# Cuts the connection as a network that fails would, and reconnects after `retry`.
sub cut ($self) {
    $self->_lost if $self->{socket};
    return;
}

# Turns the loop until the stream has $count events, and returns them all; dies after $seconds.
sub wait_events ($self, $count, $seconds = 5) {
    $self->{loop}->run_until(sub { $self->{events}->@* >= $count }, $seconds);
    return $self->events;
}

sub wait_open ($self, $seconds = 5) {
    return $self->{loop}->run_until(sub { $self->{open} }, $seconds);
}

1;
