package NotifyTest::WebSocket;

# A WebSocket client on a Loop: makes frames as it is told, wrong ones too, and keeps what comes.

use v5.36;

use Digest::SHA  qw(sha1_base64);
use Errno        qw(EAGAIN EINPROGRESS EWOULDBLOCK EINTR);
use Exporter     qw(import);
use IO::Socket::SSL;
use JSON::PP     ();
use MIME::Base64 qw(encode_base64);
use NotifyTest::Response;
use Socket       qw(pack_sockaddr_in inet_aton SOL_SOCKET SO_RCVBUF);

our @EXPORT_OK = qw(frame handshake accept_of TEXT BINARY CLOSE PING PONG);

use constant {TEXT => 0x81, BINARY => 0x82, CLOSE => 0x88, PING => 0x89, PONG => 0x8a};
use constant KEY => 'dGhlIHNhbXBsZSBub25jZQ==';

# A client's frame: first byte, payload; mask => 4 bytes, or '' for none; length => bytes that stand
# for the length instead of the shortest form.
sub frame ($first, $payload = '', %option) {
    my $mask   = $option{mask} // pack 'N', 0x37fa213d;
    my $size   = length $payload;
    my $length = $option{length}
        // ($size < 126 ? chr $size : $size < 65_536 ? pack 'Cn', 126, $size : pack 'CQ>', 127, $size);
    return chr($first) . $length . $payload if $mask eq '';
    substr $length, 0, 1, chr(0x80 | ord $length);
    my $pad = substr $mask x ($size / 4 + 1), 0, $size;
    return chr($first) . $length . $mask . ($payload ^. $pad);
}

# The request; headers => {name => value, or undef to leave it out}, more => [lines].
sub handshake ($path, %option) {
    my $version = $option{version} // '1.1';
    my %header  = (
        'Host'                  => 'localhost',
        'Upgrade'               => 'websocket',
        'Connection'            => 'Upgrade',
        'Sec-WebSocket-Key'     => KEY,
        'Sec-WebSocket-Version' => '13',
        ($option{headers} // {})->%*,
    );
    return join "\r\n", ($option{method} // 'GET') . " $path HTTP/$version",
        (map { "$_: $header{$_}" } grep { defined $header{$_} } sort keys %header),
        ($option{more} // [])->@*, '', '';
}

sub accept_of ($key) {
    return sha1_base64($key . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11') . '=';
}

# loop, port, path; headers, more as for handshake; tls => CA file; receive_buffer => bytes;
# early => bytes that are sent along with the request; silent => 1: answers no ping and no close;
# on_message->(socket, text).
sub new ($class, %option) {
    my $self = bless {
        messages => [], pings => 0, pongs => [], buffer => '', name => $option{path}, %option,
    }, $class;
    my $socket;
    if ($self->{tls}) {
        $socket = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port},
            SSL_ca_file => $self->{tls}, SSL_hostname => 'localhost',
            SSL_verifycn_name => 'localhost', SSL_verifycn_scheme => 'http')
            or die "cannot connect: $@\n";
        $socket->blocking(0);
    }
    else {
        CORE::socket($socket, Socket::AF_INET, Socket::SOCK_STREAM, 0) or die "socket: $!\n";
        setsockopt $socket, SOL_SOCKET, SO_RCVBUF, $self->{receive_buffer}
            if $self->{receive_buffer};
        CORE::connect($socket, pack_sockaddr_in($self->{port}, inet_aton('127.0.0.1')))
            or die "connect: $!\n";
        $socket->blocking(0);
    }
    $self->{socket}   = $socket;
    $self->{response} = NotifyTest::Response->new;
    $self->{loop}->on_read($socket, sub { $self->_readable });
    $self->send_bytes(handshake($self->{path}, %$self{qw(headers more version method)})
            . ($self->{early} // ''));
    return $self;
}

sub status   ($self) { return $self->{response}->status }
sub response ($self) { return $self->{response} }
sub is_open  ($self) { return $self->{open} && !$self->{ended} }
sub messages ($self) { return $self->{messages}->@* }
sub pings    ($self) { return $self->{pings} }
sub pongs    ($self) { return $self->{pongs}->@* }
sub socket   ($self) { return $self->{socket} }
sub ended    ($self) { return $self->{ended} }
# What the server's Close said; undef: none came.
sub code     ($self) { return $self->{code} }
sub reason   ($self) { return $self->{reason} }

sub json ($self) {
    my $json = JSON::PP->new->utf8->allow_nonref;
    return map { $json->decode($_) } $self->messages;
}

# The ids of what came as envelopes; a gap has none.
sub ids ($self) { return grep { defined } map { $_->{id} } $self->json }

sub send_bytes ($self, $bytes) {
    local $SIG{PIPE} = 'IGNORE';
    my $from = 0;
    while ($from < length $bytes && $self->{socket}) {
        my $sent = syswrite $self->{socket}, $bytes, length($bytes) - $from, $from;
        if ($sent) { $from += $sent; next }
        return 0 unless $!{EAGAIN} || $!{EWOULDBLOCK};
        $self->{loop}->turn(0.01);
    }
    return $from == length $bytes;
}

sub send_text  ($self, $text) { return $self->send_bytes(frame(TEXT, $text)) }
sub send_close ($self, $code = 1000, $reason = '') {
    return $self->send_bytes(frame(CLOSE, pack('n', $code) . $reason));
}

sub pause  ($self) { $self->{loop}->on_read($self->{socket}, undef); return }
sub resume ($self) { $self->{loop}->on_read($self->{socket}, sub { $self->_readable }); return }

sub _readable ($self) {
    while ($self->{socket}) {
        my $got = sysread $self->{socket}, my $bytes, 65_536;
        if (!defined $got) {
            return if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
            return $self->_end;
        }
        return $self->_end if $got == 0;
        $self->{buffer} .= $bytes;
        $self->_head unless $self->{open};
        $self->_frames if $self->{open};
        return if $got < 65_536 && !$self->{tls};
    }
    return;
}

sub _head ($self) {
    my $response = $self->{response};
    $response->feed($self->{buffer});
    $self->{buffer} = '';
    return unless $response->started && ($response->status == 101 || $response->done);
    if ($response->status == 101) {
        $self->{open}   = 1;
        $self->{buffer} = $response->rest;
    }
    return;
}

sub _frames ($self) {
    while (length $self->{buffer} >= 2) {
        my ($first, $size) = unpack 'CC', $self->{buffer};
        my $at = 2;
        if    ($size == 126) { return if length $self->{buffer} < 4;  $at = 4;  $size = unpack 'x2n', $self->{buffer} }
        elsif ($size == 127) { return if length $self->{buffer} < 10; $at = 10; $size = unpack 'x2Q>', $self->{buffer} }
        return if length $self->{buffer} < $at + $size;
        my $payload = substr $self->{buffer}, $at, $size;
        substr $self->{buffer}, 0, $at + $size, '';
        $self->_frame($first, $payload);
    }
    return;
}

sub _frame ($self, $first, $payload) {
    if ($first == TEXT) {
        die "a frame after Close\n" if defined $self->{code};
        push $self->{messages}->@*, $payload unless $self->{forget};
        $self->{on_message}->($self, $payload) if $self->{on_message};
    }
    elsif ($first == PING) {
        $self->{pings}++;
        $self->send_bytes(frame(PONG, $payload)) unless $self->{silent};
    }
    elsif ($first == PONG) { push $self->{pongs}->@*, $payload }
    elsif ($first == CLOSE) {
        ($self->{code}, $self->{reason}) =
            length $payload ? (unpack('n', $payload), substr $payload, 2) : (1005, '');
        $self->send_bytes(frame(CLOSE, substr $payload, 0, 2)) unless $self->{silent};
    }
    else { die sprintf "a server's frame begins with %02x\n", $first }
    return;
}

sub _end ($self) {
    return if $self->{ended}++;
    $self->{response}->finish;
    $self->{loop}->forget($self->{socket});
    CORE::close $self->{socket};
    $self->{socket} = undef;
    return;
}

# Cuts the connection as a network that fails would.
sub cut ($self) { $self->_end if $self->{socket}; return }

sub wait_open ($self, $seconds = 5) {
    return $self->{loop}->run_until(sub { $self->{open} || $self->{ended} }, $seconds)
        && $self->is_open;
}

# Turns the loop until there are $count messages, and returns them all.
sub wait_messages ($self, $count, $seconds = 5) {
    $self->{loop}->run_until(sub { $self->{messages}->@* >= $count }, $seconds);
    return $self->messages;
}

sub wait_end ($self, $seconds = 5) {
    return $self->{loop}->run_until(sub { $self->{ended} }, $seconds);
}

1;
