# A webhook of Slack's has taken a message if it says `ok`: any other 200 is somebody else's, or the
# webhook is gone. It is tried again, then given up with the answer's beginning.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
my @wrong = (
    ['no_service',                                   qr/HTTP 200 without Slack's answer: no_service/],
    ['',                                             qr/HTTP 200 without Slack's answer/],
    ['<!DOCTYPE html><html><title>Sign in</title>',  qr/HTTP 200 without Slack's answer: <!DOCTYPE html><html><title>Sign in/],
    ['OK',                                           qr/HTTP 200 without Slack's answer: OK/],
    ['{"status":"fine"}',                            qr/HTTP 200 without Slack's answer: \{"status":"fine"\}/],
    ['not ok',                                       qr/HTTP 200 without Slack's answer: not ok/],
);
$slack->answer(map { my $body = $_->[0]; map { {status => 200, body => $body} } 1 .. 2 } @wrong);
$t->start_worker(env => {NOTIFY_MAX_ATTEMPTS => 2, NOTIFY_RETRY_INITIAL => '50ms', NOTIFY_RETRY_MAX => '50ms', NOTIFY_BUDGET_RATE => 100});

my $dead = 0;
for my $case (@wrong) {
    my ($body, $reason) = @$case;
    my $id = $t->add_message("answered by: $body");
    ++$dead;
    ok(wait_until(sub { $t->redis->cmd('XLEN', 'notify:{test_stream}:dead') == $dead }, 8), "given up: $body");
    is(scalar($slack->requests), 2 * $dead, 'after all attempts');
    my $letters = $t->redis->cmd('XREVRANGE', 'notify:{test_stream}:dead', '+', '-', 'COUNT', 1);
    my %letter  = $letters->[0][1]->@*;
    is($letter{'notify-id'}, $id, 'its dead letter');
    like($letter{'notify-reason'}, $reason, 'says what came instead');
}
for my $body ('ok', "ok\n", '{"ok":true}') {
    $slack->answer({status => 200, body => $body});
    $t->add_message('taken');
    ok(wait_until(sub { $t->pending == 0 }, 5), 'delivered: ' . $body =~ s/\n//r);
    is($t->redis->cmd('XLEN', 'notify:{test_stream}:dead'), $dead, 'and no dead letter');
}
$t->done;
