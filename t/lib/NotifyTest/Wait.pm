package NotifyTest::Wait;

# Waiting for something to become true, with a deadline. Nothing in t/ waits for a fixed time.

use v5.36;

use Exporter qw(import);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(wait_until pause_for);

use constant STEP => 0.02;

# Calls $check until it returns something true, which is returned, or until $seconds are over,
# which returns nothing.
sub wait_until ($check, $seconds = 10, $step = STEP) {
    my $deadline = time + $seconds;
    while (1) {
        my $result = $check->();
        return $result if $result;
        return         if time >= $deadline;
        select undef, undef, undef, $step;
    }
}

# For tests that show that something does NOT happen: lets $seconds go by, and stops earlier when
# $broken returns something true, which is returned.
sub pause_for ($seconds, $broken) {
    return wait_until($broken, $seconds);
}

1;
