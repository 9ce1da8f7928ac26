package NotifyTest::Slack;

# A stand-in for Slack's incoming webhooks and Web API, in a process of its own, that answers as it is told and
# records every request with its time.
#
# An answer is a hash: status (200), retry_after, delay (seconds before it answers), hang (never
# answers), hang_up => 'before' (closes without an answer), 'head' or 'body' (in the middle of it).
# Answers are used up one by one; when none is left the answer is 200. Paths under /api/ are the Web
# API's: there a 200 is JSON, with a `ts` of its own for each message, and error => 'name' makes it
# {"ok":false,"error":"name"}. What Slack would refuse is refused, too: `problems` tells why.

use v5.36;

use IO::Socket::INET;
use IO::Socket::SSL;
use JSON::PP ();
use NotifyTest::Http;
use NotifyTest::Loop;
use NotifyTest::Ports qw(free_port);
use NotifyTest::Process;
use NotifyTest::SlackRules qw(problem_of);
use NotifyTest::Wait qw(wait_until);
use Time::HiRes qw(time);

my $json = JSON::PP->new->utf8->canonical;

# dir; tls => a NotifyTest::Tls for https; answers => [...].
sub new ($class, %option) {
    my $self = bless {answers => [], %option, port => free_port()}, $class;
    mkdir $self->{dir};
    $self->{record} = "$self->{dir}/requests.$self->{port}.jsonl";
    open my $file, '>', $self->{record} or die "$self->{record}: $!\n";
    close $file;
    my $listener = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => $self->{port},
        Listen => 128, ReuseAddr => 1, Blocking => 0,
    ) or die "slack: $!\n";
    $self->{process} =
        NotifyTest::Process->run_code('slack stub', sub { $self->_serve($listener) });
    close $listener;
    return $self;
}

sub process ($self) { return $self->{process} }
sub port    ($self) { return $self->{port} }
sub stop    ($self) { return $self->{process}->stop('TERM', 5) }

sub url ($self, $path = '/services/T000/B000/hook') {
    return ($self->{tls} ? 'https://localhost' : 'http://127.0.0.1') . ":$self->{port}$path";
}

sub api_url ($self) { return $self->url('/api') }

# What Slack would not have taken, and why.
sub problems ($self) { return map { $_->{problem} // () } $self->requests }

# The requests to one method of the Web API, with their bodies decoded as `json`.
sub calls ($self, $method) {
    return map { {%$_, json => $json->decode($_->{body})} }
        grep { $_->{path} eq "/api/$method" } $self->requests;
}

# Replaces the answers that are still to be given.
sub answer ($self, @answers) {
    my $http = NotifyTest::Http->new(
        port => $self->{port}, $self->{tls} ? (tls => $self->{tls}->ca) : (),
    );
    my $response = $http->request('PUT', '/answers', body => $json->encode(\@answers));
    $response && $response->status == 204 or die "the slack stub does not listen\n";
    return;
}

# All requests so far: {time, path, headers => {name in lower case => value}, body, answer}.
sub requests ($self) {
    open my $file, '<:raw', $self->{record} or die "$self->{record}: $!\n";
    return map { $json->decode($_) } grep { /\n\z/ } <$file>;
}

sub texts    ($self) { return map { $json->decode($_->{body})->{text} } $self->requests }
sub accepted ($self) { return grep { ($_->{answer}{status} // 0) == 200 } $self->requests }

# Waits for $count requests and returns them; dies when they do not come in time.
sub wait_requests ($self, $count, $seconds = 10) {
    wait_until(sub { $self->requests >= $count }, $seconds);
    return $self->requests;
}

sub wait_accepted ($self, $count, $seconds = 10) {
    wait_until(sub { $self->accepted >= $count }, $seconds);
    return $self->accepted;
}

# ---- in the stub's own process -------------------------------------------------------------------

sub _serve ($self, $listener) {
    $SIG{PIPE} = 'IGNORE';
    open $self->{out}, '>>', $self->{record} or die "$self->{record}: $!\n";
    $self->{out}->autoflush(1);
    my $loop = $self->{loop} = NotifyTest::Loop->new;
    $loop->on_read($listener, sub { $self->_accept($listener) });
    $loop->turn while 1;
    return;
}

sub _accept ($self, $listener) {
    my $socket = $listener->accept or return;
    if (my $tls = $self->{tls}) {
        $socket->blocking(1);
        IO::Socket::SSL->start_SSL($socket, SSL_server => 1, Timeout => 5,
            SSL_cert_file => $tls->cert, SSL_key_file => $tls->key) or return close $socket;
    }
    $socket->blocking(0);
    my $connection = {socket => $socket, buffer => ''};
    $self->{loop}->on_read($socket, sub { $self->_readable($connection) });
    return;
}

sub _readable ($self, $connection) {
    my $socket = $connection->{socket};
    while (1) {
        my $got = sysread $socket, my $bytes, 65_536;
        if (!defined $got) {
            last if $!{EAGAIN} || $!{EWOULDBLOCK};
            return $self->_close($connection);
        }
        return $self->_close($connection) if $got == 0;
        $connection->{buffer} .= $bytes;
    }
    while ($connection->{buffer} =~ /^(.*?)\r\n\r\n/s) {
        my $head     = $1;
        my ($length) = $head =~ /^Content-Length:\s*(\d+)/mi;
        my $whole    = length($head) + 4 + ($length // 0);
        last if length $connection->{buffer} < $whole;
        my $body = substr $connection->{buffer}, length($head) + 4, $length // 0;
        substr $connection->{buffer}, 0, $whole, '';
        $self->_request($connection, $head, $body);
    }
    return;
}

sub _request ($self, $connection, $head, $body) {
    my ($first, @lines) = split /\r\n/, $head;
    my ($method, $path) = split / /, $first;
    if ($method eq 'PUT') {
        $self->{answers} = $json->decode($body);
        return $self->_write($connection, "HTTP/1.1 204 No Content\r\n\r\n");
    }
    my $answer = shift $self->{answers}->@* // {};
    $answer->{status} //= 200 unless $answer->{hang} || $answer->{hang_up};
    my $problem = scalar problem_of($path, $body);
    if ($problem && ($answer->{status} // 0) == 200) {
        $answer = {status => 200, error => 'invalid_arguments'} if $path =~ m{^/api/};
        $answer = {status => 400, body => 'invalid_blocks'} unless $path =~ m{^/api/};
    }
    $answer->{body} //= $self->_api_body($answer, $body)
        if $path =~ m{^/api/} && ($answer->{status} // 0) == 200;
    my %headers = map { my ($name, $value) = split /:\s*/, $_, 2; (lc $name, $value) } @lines;
    print {$self->{out}} $json->encode({
        time => time, method => $method, path => $path, headers => \%headers, body => $body,
        answer => $answer, defined $problem ? (problem => $problem) : (),
    }) . "\n";
    return if $answer->{hang};
    return $self->_close($connection) if ($answer->{hang_up} // '') eq 'before';
    return $self->_answer($connection, $answer) unless $answer->{delay};
    $self->{loop}->after($answer->{delay}, sub { $self->_answer($connection, $answer) });
    return;
}

sub _api_body ($self, $answer, $body) {
    return $json->encode({ok => JSON::PP::false, error => $answer->{error}}) if $answer->{error};
    my $sent = eval { $json->decode($body) } // {};
    my $ts   = $sent->{ts} // sprintf '%d.%06d', time, ++$self->{messages};
    return $json->encode({
        ok => JSON::PP::true, channel => $sent->{channel}, ts => $ts, message => $sent,
    });
}

sub _answer ($self, $connection, $answer) {
    if (my $where = $answer->{hang_up}) {
        my $part = 'HTTP/1.1 200 OK' . ($where eq 'body' ? "\r\nContent-Length: 100\r\n\r\no" : '');
        $self->_write($connection, $part);
        return $self->_close($connection);
    }
    my $text = $answer->{body} // ($answer->{status} == 200 ? 'ok' : 'error');
    my $head = "HTTP/1.1 $answer->{status} Answer\r\nContent-Type: text/plain\r\n";
    $head .= "Retry-After: $answer->{retry_after}\r\n" if defined $answer->{retry_after};
    $head .= "Location: $answer->{location}\r\n"       if defined $answer->{location};
    $head .= 'Content-Length: ' . length($text) . "\r\n\r\n";
    return $self->_write($connection, $head . $text);
}

sub _write ($self, $connection, $bytes) {
    syswrite $connection->{socket}, $bytes if defined fileno $connection->{socket};
    return;
}

sub _close ($self, $connection) {
    return unless defined fileno $connection->{socket};
    $self->{loop}->forget($connection->{socket});
    close $connection->{socket};
    return;
}

1;
