package NotifyTest::Ledger;

# Checks that each client was given exactly what stands in the Redis stream, in that order: nothing
# lost, doubled or out of order, and no `gap`. The stream is the truth; that it holds every message
# that was accepted is checked first.

use v5.36;

use NotifyTest::Redis;

sub new ($class) { return bless {clients => {}, gaps => {}}, $class }

# For on_event of a Stream; its name tells clients apart.
sub recorder ($self) {
    return sub ($stream, $event) { $self->record($stream->{name}, $event) };
}

sub record ($self, $client, $event) {
    if ($event->{type} eq 'gap') {
        push $self->{gaps}{$client}->@*, $event->{data};
    }
    elsif ($event->{type} ne 'ready') {
        $self->{clients}{$client} .= "$event->{id} ";
    }
    return;
}

sub received ($self, $client) { return split / /, $self->{clients}{$client} // '' }
sub gaps     ($self, $client) { return ($self->{gaps}{$client} // [])->@* }

sub all_gaps ($self) { return map { @$_ } values $self->{gaps}->%* }

sub total ($self) {
    my $total = 0;
    $total += tr/ // for values $self->{clients}->%*;
    return $total;
}

# True when every client has the last of @ids.
sub complete ($self, $clients, @ids) {
    my $last = @ids ? "$ids[-1] " : '';
    for my $client (@$clients) {
        my $got = $self->{clients}{$client} // '';
        return 0 if substr($got, -length $last) ne $last;
    }
    return 1;
}

# What is wrong, as lines; none when every one of @$clients has exactly @ids.
sub faults ($self, $clients, @ids) {
    my $expected = join '', map { "$_ " } @ids;
    my @faults;
    for my $client (@$clients) {
        next if ($self->{clients}{$client} // '') eq $expected;
        push @faults, "$client: " . _compare([$self->received($client)], \@ids);
    }
    return @faults;
}

sub _compare ($got, $expected) {
    my (%count, %known);
    $count{$_}++ for @$got;
    $known{$_} = 1 for @$expected;
    my @lost    = grep { !$count{$_} } @$expected;
    my @doubled = grep { $count{$_} > 1 } sort keys %count;
    my @strange = grep { !$known{$_} } sort keys %count;
    my $last    = '';
    my @late;

    for my $id (@$got) {
        push @late, $id if $id lt $last;
        $last = $id;
    }
    my @parts = (@$got . ' of ' . @$expected);
    for ([lost => \@lost], [doubled => \@doubled], ['out of order' => \@late],
        ['not in the stream' => \@strange])
    {
        my ($name, $ids) = @$_;
        next unless @$ids;
        my $shown = join ' ', @$ids > 5 ? (@$ids[0 .. 4], '...') : @$ids;
        push @parts, @$ids . " $name ($shown)";
    }
    return join ', ', @parts;
}

# Messages that were accepted and do not stand in the stream under the id that was answered.
sub missing ($accepted, @ids) {
    my %known = map { $_ => 1 } @ids;
    return grep { !$known{$accepted->{$_}} } sort { $a <=> $b } keys %$accepted;
}

1;
