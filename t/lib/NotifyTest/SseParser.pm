package NotifyTest::SseParser;

# Server-sent events as the HTML standard parses them: CR, LF and CRLF end lines, a byte order mark
# at the start is skipped, `id` sticks until it is replaced, a block without data is no event.

use v5.36;

use constant { CACHE_LIMIT => 20_000, BOM => "\xEF\xBB\xBF" };

# Streams of one channel carry the same bytes, so that each block is parsed once for all of them.
my %cache;

# on_event->({type, data, id, text}), on_comment->(text), on_retry->(milliseconds); last_id.
sub new ($class, %on) {
    return bless {last_id => '', %on, buffer => '', start => 1}, $class;
}

sub last_id ($self) { return $self->{last_id} }

# The bytes that are not a whole block yet.
sub rest ($self) { return $self->{buffer} }

sub feed ($self, $bytes) {
    my $buffer = $self->{buffer} . $bytes;
    if ($self->{start}) {
        return $self->_keep($buffer) if length $buffer < 3 && BOM =~ /^\Q$buffer/;
        $self->{start} = 0;
        $buffer =~ s/^@{[BOM]}//;
    }
    if (index($buffer, "\r") >= 0) {
        my $held = $buffer =~ s/\r\z// ? "\r" : '';    # its LF may still come
        $buffer =~ s/\r\n?/\n/g;
        $buffer .= $held;
    }
    my $from = 0;
    while ((my $end = index $buffer, "\n\n", $from) >= 0) {
        $self->_block(substr $buffer, $from, $end - $from);
        $from = $end + 2;
    }
    my $rest = substr $buffer, $from;
    # A comment is one as soon as its line ends, whatever follows.
    $self->_block($1) while $rest =~ s/\A(:[^\n]*)\n//;
    return $self->_keep($rest);
}

sub _keep ($self, $buffer) {
    $self->{buffer} = $buffer;
    return;
}

sub _block ($self, $text) {
    my $block = $cache{$text};
    if (!$block) {
        %cache        = () if keys %cache >= CACHE_LIMIT;
        $cache{$text} = $block = _parse($text);
    }
    if ($block->{comments} && $self->{on_comment}) {
        $self->{on_comment}->($_) for $block->{comments}->@*;
    }
    $self->{last_id} = $block->{id} if defined $block->{id};
    $self->{on_retry}->($block->{retry}) if defined $block->{retry} && $self->{on_retry};
    if (defined $block->{data} && $self->{on_event}) {
        $self->{on_event}->({
            type => $block->{type} // 'message',
            data => $block->{data},
            id   => $self->{last_id},
            text => $text,
        });
    }
    return;
}

sub _parse ($text) {
    my (%block, @data);
    for my $line (split /\n/, $text) {
        next if $line eq '';
        my ($name, $value) = split /:/, $line, 2;
        $value //= '';
        if ($line =~ /^:/) { push $block{comments}->@*, $value; next }
        $value =~ s/^ //;
        if    ($name eq 'data')  { push @data, $value }
        elsif ($name eq 'event') { $block{type} = $value if $value ne '' }
        elsif ($name eq 'id')    { $block{id}    = $value if $value !~ /\0/ }
        elsif ($name eq 'retry') { $block{retry} = $value if $value =~ /^[0-9]+$/ }
    }
    $block{data} = join "\n", @data if @data;
    return \%block;
}

1;
