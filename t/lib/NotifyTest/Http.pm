package NotifyTest::Http;

# One blocking HTTP/1.1 connection, for requests in sequence and for bytes that no library sends.

use v5.36;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::SSL;
use NotifyTest::Response;
use Time::HiRes qw(time);

# port; tls => CA file; timeout => seconds for each answer; from => own address; contract => what
# answers are compared with (NotifyTest::Contract).
sub new ($class, %option) {
    my $self = bless {timeout => 10, buffer => '', %option}, $class;
    my %peer = (PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => 5,
        $self->{from} ? (LocalAddr => $self->{from}) : ());
    $self->{socket} =
        $self->{tls}
        ? IO::Socket::SSL->new(%peer, SSL_ca_file => $self->{tls}, SSL_hostname => 'localhost',
            SSL_verifycn_name => 'localhost', SSL_verifycn_scheme => 'http')
        : IO::Socket::INET->new(%peer);
    $self->{socket} or die "cannot connect to port $self->{port}: $@ $!\n";
    $self->{socket}->blocking(0);
    return $self;
}

sub socket ($self) { return $self->{socket} }

sub close ($self) {
    CORE::close $self->{socket};
    return;
}

# The text of a request. headers: [name, value, ...], kept in order and case, repeats allowed.
sub compose ($method, $path, %option) {
    my @headers = ($option{headers} // [])->@*;
    my $text    = "$method $path HTTP/1.1\r\n";
    $text .= "Host: localhost\r\n" unless grep { /^host$/i } @headers;
    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n";
    }
    my $body = $option{body};
    if ($option{chunked}) {
        my @pieces = ref $body ? @$body : ($body);
        $text .= "Transfer-Encoding: chunked\r\n\r\n";
        $text .= sprintf "%x\r\n%s\r\n", length $_, $_ for @pieces;
        return $text . "0\r\n\r\n";
    }
    $text .= 'Content-Length: ' . length($body) . "\r\n" if defined $body;
    return "$text\r\n" . ($body // '');
}

sub request ($self, $method, $path, %option) {
    $self->send(compose($method, $path, %option));
    my $response = $self->receive(no_body => $method eq 'HEAD');
    $self->{contract}->check($method, $path, $response) if $self->{contract};
    return $response;
}

# False when the peer stops reading before all is sent.
sub send ($self, $bytes) {
    local $SIG{PIPE} = 'IGNORE';
    my $deadline = time + $self->{timeout};
    my $from     = 0;
    while ($from < length $bytes) {
        my $sent = syswrite $self->{socket}, $bytes, length($bytes) - $from, $from;
        if ($sent) { $from += $sent; next }
        return 0 unless $!{EAGAIN} || $!{EWOULDBLOCK};
        my $left = $deadline - time;
        return 0 if $left <= 0 || !IO::Select->new($self->{socket})->can_write($left);
    }
    return 1;
}

# More bytes: '' at the end of the connection, undef when none came in time.
sub _read ($self, $deadline) {
    my $socket = $self->{socket};
    while (1) {
        my $got = sysread $socket, my $bytes, 65_536;
        return $bytes if $got;
        return '' if defined $got || !($!{EAGAIN} || $!{EWOULDBLOCK});
        my $left = $deadline - time;
        return if $left <= 0 || !IO::Select->new($socket)->can_read($left);
    }
}

# The next answer, or undef when it did not come whole in time.
sub receive ($self, %option) {
    my $deadline = time + ($option{timeout} // $self->{timeout});
    my $response = NotifyTest::Response->new(no_body => $option{no_body});
    $response->feed($self->{buffer});
    $self->{buffer} = '';
    while (!$response->done) {
        my $bytes = $self->_read($deadline) // return;
        if ($bytes eq '') {
            return $response->finish ? $response : undef;
        }
        $response->feed($bytes);
    }
    $self->{buffer} = $response->rest;
    return $response;
}

# All that comes until $pattern matches, the peer closes or the time is over.
sub read_until ($self, $pattern, $timeout = $self->{timeout}) {
    my $deadline = time + $timeout;
    my $text     = $self->{buffer};
    while ($text !~ $pattern) {
        my $bytes = $self->_read($deadline) // last;
        last if $bytes eq '';
        $text .= $bytes;
    }
    $self->{buffer} = '';
    return $text;
}

# True when the peer closes within $timeout; what it sends before is thrown away.
sub closed_within ($self, $timeout) {
    my $deadline = time + $timeout;
    while (defined(my $bytes = $self->_read($deadline))) {
        return 1 if $bytes eq '';
    }
    return 0;
}

1;
