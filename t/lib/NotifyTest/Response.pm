package NotifyTest::Response;

# An HTTP answer, parsed incrementally: the head, then a body by length, by chunks or to the end.

use v5.36;

use JSON::PP ();

# on_body->(bytes): called with each piece of the body; without it the body is collected.
sub new ($class, %option) {
    return bless {
        %option,
        buffer  => '',
        state   => 'head',    # head, length, chunk-size, chunk, chunk-end, trailer, rest, done
        headers => [],
        body    => '',
    }, $class;
}

sub status  ($self) { return $self->{status} }
sub reason  ($self) { return $self->{reason} }
sub body    ($self) { return $self->{body} }
sub done    ($self) { return $self->{state} eq 'done' }
sub started ($self) { return $self->{state} ne 'head' }
sub head    ($self) { return $self->{head} // '' }

# What came after this answer on the same connection.
sub rest ($self) { return $self->{buffer} }

sub json ($self) { return JSON::PP->new->utf8->allow_nonref->decode($self->{body}) }

# All values of a header, joined by commas; undef when it is absent.
sub header ($self, $name) {
    my @values = map { $_->[1] } grep { lc $_->[0] eq lc $name } $self->{headers}->@*;
    return @values ? join ', ', @values : undef;
}

# True while the connection may carry another request.
sub keep_alive ($self) {
    return $self->done && !$self->{to_end} && lc($self->header('Connection') // '') ne 'close';
}

# The peer has closed; true when the answer was complete by then.
sub finish ($self) {
    $self->{state} = 'done' if $self->{state} eq 'rest';
    return $self->done;
}

sub feed ($self, $bytes) {
    $self->{buffer} .= $bytes;
    while (!$self->done) {
        my $step = '_' . $self->{state} =~ tr/-/_/r;
        last unless $self->$step;
    }
    return;
}

sub _head ($self) {
    my $end = index $self->{buffer}, "\r\n\r\n";
    if ($end < 0) {
        # HTTP/0.9 has no head.
        return 0 unless length $self->{buffer} >= 5 && $self->{buffer} !~ m{^HTTP/};
        $self->{status} = 0;
        return $self->_go('rest');
    }
    my $head = $self->{head} = substr $self->{buffer}, 0, $end;
    substr $self->{buffer}, 0, $end + 4, '';
    my ($first, @lines) = split /\r\n/, $head;
    $first =~ m{^HTTP/\S+ (\d{3}) ?(.*)$} or die "not a status line: $first\n";
    ($self->{status}, $self->{reason}) = ($1, $2);
    $self->{headers} = [map { [split /:[ \t]*/, $_, 2] } @lines];

    if ($self->{status} == 100) {
        $self->{headers} = [];
        return 1;
    }
    my $length = $self->header('Content-Length');
    return $self->_go('done') if $self->{no_body} || $self->{status} =~ /^(?:1..|204|304)$/;
    return $self->_go('chunk-size') if lc($self->header('Transfer-Encoding') // '') eq 'chunked';
    if (defined $length) {
        $self->{left} = $length;
        return $self->_go($length ? 'length' : 'done');
    }
    $self->{to_end} = 1;
    return $self->_go('rest');
}

sub _go ($self, $state) {
    $self->{state} = $state;
    return 1;
}

sub _deliver ($self, $bytes) {
    return $self->{on_body}->($bytes) if $self->{on_body};
    $self->{body} .= $bytes;
    return;
}

# Takes what is there of `left` bytes; true when all have come.
sub _take ($self) {
    my $bytes = substr $self->{buffer}, 0, $self->{left}, '';
    $self->{left} -= length $bytes;
    $self->_deliver($bytes) if length $bytes;
    return $self->{left} == 0;
}

sub _length ($self) { return $self->_take && $self->_go('done') }
sub _chunk  ($self) { return $self->_take && $self->_go('chunk-end') }

sub _rest ($self) {
    my $bytes = $self->{buffer};
    $self->{buffer} = '';
    $self->_deliver($bytes) if length $bytes;
    return 0;
}

sub _chunk_size ($self) {
    $self->{buffer} =~ s/^([0-9A-Fa-f]+)[^\r\n]*\r\n// or return 0;
    $self->{left} = hex $1;
    return $self->_go($self->{left} ? 'chunk' : 'trailer');
}

sub _chunk_end ($self) {
    return 0 if length $self->{buffer} < 2;
    substr($self->{buffer}, 0, 2, '') eq "\r\n" or die "chunk without CRLF at its end\n";
    return $self->_go('chunk-size');
}

sub _trailer ($self) {
    $self->{buffer} =~ s/^([^\r\n]*)\r\n// or return 0;
    return $1 eq '' ? $self->_go('done') : 1;
}

1;
