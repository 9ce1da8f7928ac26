# Reminders of what nobody has resolved: one for each time that is due, whoever makes it, until then.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use JSON::PP ();
use Time::HiRes qw(time);

my $t = NotifyTest->new;
my $redis = $t->start_redis;
my $slack = $t->start_slack;
$t->start_nginx(shipped => 1);
my %env = (
    SLACK_WEBHOOK_URL => undef, SLACK_BOT_TOKEN => 'xoxb-secret', SLACK_CHANNEL => 'C0ALL',
    SLACK_API_URL => $slack->api_url, NOTIFY_BUDGET_BURST => 10_000,
    NOTIFY_REMINDER_LOOK => '50ms', NOTIFY_REMINDER_AFTER => '3s', NOTIFY_RETRY_INITIAL => '200ms',
);

sub reminders ($text) {
    return grep { ($_->{json}{text} // '') =~ /^Reminder \d+, not resolved yet: \Q$text\E\z/ }
        $slack->calls('chat.postMessage');
}

sub notify ($text) {
    return $redis->cmd('XADD', 'test_stream', '*', 'template', 'action', 'main_text', $text) =~ s/-0\z//r;
}

sub resolve ($id) {
    return $redis->cmd('XADD', 'notify:slack:actions', '*', 'notification', $id, 'user', 'U1');
}

# ---- three workers, twenty notifications ---------------------------------------------------------

$t->start_worker(env => \%env) for 1 .. 3;
my @ids = map { notify("n$_") } 1 .. 20;
ok(wait_until(sub { $redis->cmd('ZCARD', 'pending_notifications:test') == 20 }, 15), 'twenty wait');
ok(wait_until(sub { 20 == grep { reminders("n$_") >= 2 } 1 .. 20 }, 20), 'each has two reminders');
resolve($_) for @ids;
ok(wait_until(sub { $slack->calls('chat.update') == 20 }, 10), 'all are resolved');
is($redis->cmd('ZCARD', 'pending_notifications:test'), 0, 'none waits');
my $wrong = 0;
for my $n (1 .. 20) {
    my @all  = reminders("n$n");
    my ($post) = grep { ($_->{json}{attachments}[0]{fallback} // '') eq "n$n" } $slack->calls('chat.postMessage');
    my @numbers = map { $_->{json}{text} =~ /^Reminder (\d+)/ } @all;
    $wrong++ if "@numbers" ne join ' ', 1 .. @all;
    $wrong++ if $all[0]{time} - $post->{time} < 2.9;
    $wrong++ if grep { !defined $_->{json}{thread_ts} } @all;
}
is($wrong, 0, 'each reminder once, in its time, in the thread of its message');
my $count = $slack->calls('chat.postMessage');

# ---- killed between each two steps ---------------------------------------------------------------

# What is written down at each step is all that the next worker needs.
my $id = notify('killed');
ok(wait_until(sub { $redis->cmd('ZSCORE', 'pending_notifications:test', $id) }, 5), 'posted');
$t->kill_worker($_) for $t->{worker_processes}->@*;
$redis->cmd('ZADD', 'pending_notifications:test', time - 1, $id);
$slack->answer({hang => 1});
$t->start_worker(env => \%env);
ok(wait_until(sub { reminders('killed') == 1 }, 15), 'a reminder is on the wire');
$t->kill_worker;
is($redis->cmd('XLEN', 'notify:{test_stream}:notices') >= 1, 1, 'it stays');
$slack->answer;
$t->start_worker(env => {%env, NOTIFY_REMINDER_AFTER => '1h'});
ok(wait_until(sub { reminders('killed') >= 2 }, 20), 'and is sent by the next worker');
is($redis->cmd('HGET', "notification_meta:$id", 'reminder_sent_count') <= 2, 1, 'not as another one');

# Resolved while the reminder cannot be delivered: it is not any more.
$id = notify('cancelled');
ok(wait_until(sub { $redis->cmd('ZSCORE', 'pending_notifications:test', $id) }, 5), 'posted');
$slack->answer({status => 500}, {status => 500});
$redis->cmd('ZADD', 'pending_notifications:test', time - 1, $id);
ok(wait_until(sub { reminders('cancelled') >= 1 }, 5), 'a reminder fails');
resolve($id);
ok(wait_until(sub { grep { $_->{json}{attachments}[0]{fallback} eq 'cancelled' } $slack->calls('chat.update') }, 5),
    'it is resolved');
$slack->answer;
notify('after that');
ok(wait_until(sub { grep { $_->{body} =~ /after that/ } $slack->requests }, 5), 'others come');
cmp_ok(scalar reminders('cancelled'), '<=', 2, 'the reminder is given up');
my $notices = sub { $redis->cmd('XPENDING', 'notify:{test_stream}:notices', 'notices')->[0] };
ok(wait_until(sub { $notices->() == 0 }, 5), 'nothing of the reminders is pending');
ok(wait_until(sub { $t->pending == 0 }, 3), 'nothing is pending');

# ---- POST /internal/reminder/run_once: what is due now, however seldom the workers look ------------

$t->kill_worker;
$t->start_worker(env => {%env, NOTIFY_REMINDER_LOOK => '1h', NOTIFY_REMINDER_AFTER => '1h'});
$id = notify('asked for');
ok(wait_until(sub { $redis->cmd('ZSCORE', 'pending_notifications:test', $id) }, 5), 'posted');
$redis->cmd('ZADD', 'pending_notifications:test', time - 1, $id);
my $sent = $t->signed('POST', '/internal/reminder/run_once')->json;
cmp_ok($sent->{reminders_sent}, '>=', 1, 'a reminder is made');
ok(wait_until(sub { reminders('asked for') == 1 }, 10), 'and the worker delivers it');

is_deeply([$slack->problems], [], 'nothing that Slack would refuse');
$t->done;
