package NotifyTest::Loop;

# A small event loop over select(), good for some thousands of sockets in one process: select's
# own bit strings have no upper limit in Perl, and only the bits that are set are visited.

use v5.36;

use Time::HiRes qw(time);

sub new ($class) {
    return bless {
        handles => [],                          # by descriptor: [read callback, write callback]
        masks   => ['', ''],
        timers  => [],                          # [due, callback], sorted
        count   => 0,
    }, $class;
}

sub _watch ($self, $which, $handle, $callback) {
    my $number = fileno $handle;
    $self->{handles}[$number][$which] = $callback;
    vec($self->{masks}[$which], $number, 1) = defined $callback ? 1 : 0;
    return;
}

# A callback of undef stops watching.
sub on_read  ($self, $handle, $callback) { return $self->_watch(0, $handle, $callback) }
sub on_write ($self, $handle, $callback) { return $self->_watch(1, $handle, $callback) }

sub forget ($self, $handle) {
    return unless defined fileno $handle;
    $self->_watch($_, $handle, undef) for 0, 1;
    return;
}

# Returns the timer, for cancel().
sub after ($self, $seconds, $callback) { return $self->at(time + $seconds, $callback) }

sub at ($self, $due, $callback) {
    my $timer  = [$due, $callback];
    my $timers = $self->{timers};
    my $place  = @$timers;
    $place-- while $place > 0 && $timers->[$place - 1][0] > $due;
    splice @$timers, $place, 0, $timer;
    return $timer;
}

sub cancel ($self, $timer) {
    $timer->[1] = undef if $timer;
    return;
}

sub _run_timers ($self) {
    my $timers = $self->{timers};
    my $now    = time;
    while (@$timers && $timers->[0][0] <= $now) {
        my $callback = (shift @$timers)->[1];
        $callback->() if $callback;
    }
    return;
}

# One turn; waits $longest seconds at most.
sub turn ($self, $longest = 1) {
    $self->_run_timers;
    my $timers = $self->{timers};
    my $wait   = $longest;
    if (@$timers) {
        my $next = $timers->[0][0] - time;
        $wait = $next < 0 ? 0 : $next if $next < $wait;
    }
    my ($readable, $writable) = $self->{masks}->@*;
    my $ready = select $readable, $writable, undef, $wait;
    if ($ready > 0) {
        $self->_dispatch(0, $readable);
        $self->_dispatch(1, $writable);
    }
    $self->_run_timers;
    return;
}

sub _dispatch ($self, $which, $bits) {
    my $text = unpack 'b*', $bits;
    my $number = -1;
    while (($number = index $text, '1', $number + 1) >= 0) {
        my $callback = $self->{handles}[$number] && $self->{handles}[$number][$which];
        $callback->() if $callback;
    }
    return;
}

# Turns until $done returns something true, which is returned; nothing after $seconds.
sub run_until ($self, $done, $seconds = 10) {
    my $deadline = time + $seconds;
    while (1) {
        my $result = $done->();
        return $result if $result;
        my $left = $deadline - time;
        return if $left <= 0;
        $self->turn($left < 0.05 ? $left : 0.05);
    }
}

# Turns for $seconds, whatever happens.
sub run_for ($self, $seconds) {
    $self->run_until(sub { 0 }, $seconds);
    return;
}

1;
