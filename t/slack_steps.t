# A notification's way, with the worker killed after each step: nothing is lost, and what was on the
# wire is the only thing that comes twice. Then the same way by a webhook.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t = NotifyTest->new;
my $redis = $t->start_redis;
my $slack = $t->start_slack;
my %bot = (
    SLACK_WEBHOOK_URL => undef, SLACK_BOT_TOKEN => 'xoxb-secret', SLACK_CHANNEL => 'C0ALL',
    SLACK_API_URL => $slack->api_url, NOTIFY_BUDGET_BURST => 10_000, NOTIFY_REMINDER_LOOK => '50ms',
);

sub add ($text, $environment = 'test') {
    return $redis->cmd('XADD', "${environment}_stream", '*', 'template', 'action', 'main_text', $text)
        =~ s/-0\z//r;
}

sub click ($id, @more) {
    return $redis->cmd('XADD', 'notify:slack:actions', '*', 'notification', $id, 'user', 'U1', @more);
}

sub waits ($id) { return $redis->cmd('ZSCORE', 'pending_notifications:test', $id) }

sub sent ($text) { return grep { $_->{body} =~ /\Q$text\E/ } $slack->requests }

# ---- added, and no worker has seen it ------------------------------------------------------------

my $id = add('step one');
$t->start_worker(env => \%bot);
ok(wait_until(sub { waits($id) }, 5), 'what was there before is posted');

# ---- posted, and the answer never came -----------------------------------------------------------

$slack->answer({hang => 1});
my $second = add('step two');
ok(wait_until(sub { sent('step two') == 1 }, 5), 'a post is on the wire');
is($redis->cmd('EXISTS', "notification_meta:$second"), 1, 'it is remembered already');
ok($redis->cmd('TTL', "notification_meta:$second") > 80_000, '... for a day');
$t->kill_worker;
$slack->answer;
$t->start_worker(env => \%bot);
ok(wait_until(sub { waits($second) }, 15), 'the next worker posts it');
is(scalar sent('step two'), 2, 'once more');
is($redis->cmd('TTL', "notification_meta:$second"), -1, 'it is remembered for good');
is($redis->cmd('HGET', "notification_meta:$second", 'thread_ts') =~ /^\d+\.\d+\z/, 1, 'with its message');

# ---- killed at once after it was posted ----------------------------------------------------------

my $third = add('step three');
ok(wait_until(sub { sent('step three') == 1 }, 5), 'posted');
$t->kill_worker;
$t->start_worker(env => \%bot);
ok(wait_until(sub { waits($third) }, 15), 'it waits');
cmp_ok(scalar sent('step three'), '<=', 2, 'and came twice at most');

# ---- a click that nobody has taken; then the change is on the wire -------------------------------

$t->kill_worker;
click($_) for $id, $second, $third;
$slack->answer({hang => 1});
$t->start_worker(env => \%bot);
ok(wait_until(sub { $slack->calls('chat.update') == 1 }, 10), 'a change is on the wire');
is($redis->cmd('ZCARD', 'pending_notifications:test'), 0, 'nothing waits any more');
$t->kill_worker;
$slack->answer;
$t->start_worker(env => \%bot);
my %changed;
ok(
    wait_until(sub {
        %changed = ();
        $changed{$_->{json}{attachments}[0]{fallback}}++ for $slack->calls('chat.update');
        return keys %changed == 3 && $slack->calls('chat.update') == 4;
    }, 20),
    'all three are changed',
);
is((sort { $b <=> $a } values %changed)[0], 2, 'twice only what was on the wire');
ok(wait_until(sub { $redis->cmd('XPENDING', 'notify:{test_stream}:notices', 'notices')->[0] == 0 }, 5),
    'nothing is pending');

# ---- the same millisecond in two environments ----------------------------------------------------

my $same = $redis->cmd('XADD', 'uat_stream', '9999999999999-0', 'template', 'action', 'main_text', 'uat');
ok(wait_until(sub { $redis->cmd('ZCARD', 'pending_notifications:uat') == 1 }, 5), 'one');
$redis->cmd('XADD', 'prod_stream', '9999999999999-0', 'template', 'action', 'main_text', 'prod');
ok(wait_until(sub { sent('prod') == 1 }, 5), 'and another are both shown');
$redis->cmd('ZADD', 'pending_notifications:prod', 'XX', 1, '9999999999999');
ok(wait_until(sub { $redis->cmd('ZCARD', 'pending_notifications:prod') == 0 }, 5),
    'the second is not reminded of with the text of the first');
click('9999999999999');
ok(wait_until(sub { $redis->cmd('ZCARD', 'pending_notifications:uat') == 0 }, 5), 'the first is resolved');

# ---- by a webhook --------------------------------------------------------------------------------

$t->worker->stop;
$t->start_worker(env => {
    SLACK_WEBHOOK_URL => $slack->url, NOTIFY_BUDGET_BURST => 10_000,
    NOTIFY_REMINDER_LOOK => '50ms', NOTIFY_REMINDER_AFTER => '1h',
});
my $hook = add('by webhook');
ok(wait_until(sub { waits($hook) }, 5), 'posted');
my ($post) = sent('by webhook');
is($post->{path}, '/services/T000/B000/hook', 'to the webhook');
like($post->{body}, qr/"value":"$hook"/, 'with its button');
$redis->cmd('ZADD', 'pending_notifications:test', time - 1, $hook);
ok(wait_until(sub { sent('Reminder 1, not resolved yet: by webhook') == 1 }, 5), 'a reminder');
click($hook, 'response_url', $slack->url('/actions/1'));
ok(wait_until(sub { grep { $_->{path} eq '/actions/1' } $slack->requests }, 5), 'is changed by the address of the click');
my ($change) = grep { $_->{path} eq '/actions/1' } $slack->requests;
like($change->{body}, qr/"replace_original":true.*Resolved by <\@U1>/, '... and says who it was');

my $other = add('elsewhere');
ok(wait_until(sub { waits($other) }, 5), 'another');
click($other, 'response_url', 'http://127.0.0.1:1/x');
ok(wait_until(sub { $redis->cmd('XLEN', 'notify:{test_stream}:notify:{test_stream}:notices:dead') }, 5),
    'an address on another server is not called');
is_deeply([$slack->problems], [], 'nothing that Slack would refuse');

$t->done;
