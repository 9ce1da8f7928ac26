# POST /slack/actions: clicks on a notification's button, as Slack signs and sends them.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Credentials qw(slack_signature);
use JSON::PP ();
use Time::HiRes qw(time);

my $t = NotifyTest->new;
my $redis = $t->start_redis;
my $slack = $t->start_slack;
my $tls = $t->make_tls;
$t->start_nginx(shipped => 1, tls => $tls);
my @env = (env => {
    SLACK_BOT_TOKEN => 'xoxb-secret', SLACK_CHANNEL => 'C0ALL', SLACK_API_URL => $slack->api_url,
    NOTIFY_BUDGET_BURST => 1000, SLACK_WEBHOOK_URL => undef,
});
$t->start_worker(@env);
$t->start_worker(@env);

my $json = JSON::PP->new->utf8->canonical;

sub click ($value, %option) {
    return $t->request('POST', '/slack/actions', slack_click(SLACK_SIGNING_SECRET, $value, %option));
}

sub notify ($text, %option) {
    my $answer = $t->request('POST', '/publish/slack/test', headers => signed_headers(API_TOKEN),
        body => $json->encode({template => 'action', main_text => $text, %option}));
    return $json->decode($answer->body)->{notification_id};
}

sub meta ($id) { return {$redis->cmd('HGETALL', "notification_meta:$id")->@*} }

# One that has reached Slack, and is waited for.
sub shown ($text, %option) {
    my $id = notify($text, %option);
    wait_until(sub { $redis->cmd('ZSCORE', 'pending_notifications:test', $id) }, 10)
        or die "$text did not get to Slack\n";
    return $id;
}

# ---- what is kept --------------------------------------------------------------------------------

my $before = time;
my $id     = shown('first', sub_text => 'below', recipient => 'U1', status => 'error');
my ($post) = $slack->calls('chat.postMessage');
my $meta   = meta($id);
like($meta->{thread_ts}, qr/^\d+\.\d+\z/, 'which message it is');
is(join('|', map { $meta->{$_} } qw(recipient template status reminder_sent_count last_reminder_sent_time)),
    'U1|action|error|0|', 'the fields of the contract');
is($redis->cmd('TTL', "notification_meta:$id"), -1, 'stays');
my $due = $redis->cmd('ZSCORE', 'pending_notifications:test', $id);
ok($due > $before + 599 && $due < time + 601, 'its first reminder comes after ten minutes');
my $text = $redis->cmd('XADD', 'test_stream', '*', 'template', 'text', 'main_text', 'none');
wait_until(sub { $slack->calls('chat.postMessage') == 2 }, 5);
is($redis->cmd('ZCARD', 'pending_notifications:test'), 1, 'a text without a button is not waited for');

# ---- a click -------------------------------------------------------------------------------------

my $asked  = time;
my $answer = click($id);
is($answer->status, 200, 'a click');
cmp_ok(time - $asked, '<', 3, 'within the three seconds that Slack waits');
ok(wait_until(sub { $slack->calls('chat.update') == 1 }, 5), 'changes the message');
my ($update) = $slack->calls('chat.update');
is_deeply($update->{json}, {
    channel => 'C0CLICK', ts => '1700000000.000100', text => '<@U1>',
    attachments => [{
        color => '#2ECC71', fallback => 'first', blocks => [
            {type => 'section', text => {type => 'mrkdwn', text => 'first'}},
            {type => 'section', text => {type => 'mrkdwn', text => 'below'}},
            {type => 'context', elements => [{type => 'mrkdwn', text => 'Resolved by <@U0CLICKER>'}]},
        ],
    }],
}, 'which has no button any more, and says who it was');
is($redis->cmd('EXISTS', "notification_meta:$id", 'pending_notifications:test'), 0, 'it is forgotten');
is(click($id)->status, 404, 'the same click again: nobody knows it');

# Over HTTP/2, with a body of one frame and of several, and without its length in the head.
my $url = 'https://localhost:' . $t->nginx->tls_port . '/slack/actions';
for (['a short one', 0, '"$@"'], ['a long one', 40_000, '"$@"'],
    ['one of unknown length', 40_000, '-X POST -T - "${@:3}" <"${2#@}"'])
{
    my ($name, $size, $arguments) = @$_;
    my %click = slack_click(SLACK_SIGNING_SECRET, shown("HTTP/2: $name"), payload => {state => 'x' x $size});
    my @headers = $click{headers}->@*;
    my @curl    = ('--data-binary', "\@$t->{dir}/click");
    push @curl, '-H', join ': ', splice @headers, 0, 2 while @headers;
    $t->write_file("$t->{dir}/click", $click{body});
    my (undef, $output) = $t->run(['bash', '-c', "exec curl -sS --http2 --cacert '@{[$tls->ca]}' "
        . "-w ' %{http_version} %{http_code}' $url $arguments", '-', @curl]);
    is($output, '{"status":"ok"} 2 200', "over HTTP/2: $name");
}
ok(wait_until(sub { $slack->calls('chat.update') == 4 }, 5), 'which change their messages');

# ---- refusals ------------------------------------------------------------------------------------

$id = shown('second');
my $now  = int time;
my %good = slack_click(SLACK_SIGNING_SECRET, $id);
my $body = $good{body};
my $value = sub ($text) { return 'payload=' . $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger };
my @rows  = (
    ['another secret',          403, signature => slack_signature('other', $now, $body), timestamp => $now],
    ['an empty secret',         403, signature => slack_signature('', $now, $body), timestamp => $now],
    ['no signature',            403, signature => ''],
    ['another version',         403, signature => 'v1=' . 'a' x 64],
    ['upper case',              403, signature => uc slack_signature(SLACK_SIGNING_SECRET, $now, $body), timestamp => $now],
    ['of another body',         403, signature => slack_signature(SLACK_SIGNING_SECRET, $now, "$body "), timestamp => $now],
    ['of another time',         403, signature => slack_signature(SLACK_SIGNING_SECRET, $now - 1, $body), timestamp => $now],
    ['six minutes ago',         403, timestamp => $now - 360],
    ['in six minutes',          403, timestamp => $now + 360],
    ['no number as time',       403, timestamp => 'now'],
    ['a fraction as time',      403, timestamp => "$now.5"],
    ['a time beyond 64 bits',   403, timestamp => '99999999999999999999'],
    ['four minutes ago',        404, timestamp => $now - 240, value => 'unknown'],
    ['no body',                 400, body => ''],
    ['no payload',              400, body => 'other=1'],
    ['a payload that is empty', 400, body => 'payload='],
    ['no JSON',                 400, body => $value->('{"actions":')],
    ['not UTF-8',               400, body => "payload=%7B%22a%22%3A%22%FF%22%7D"],
    ['JSON of another kind',    400, body => $value->('[1,2]')],
    ['no actions',              400, payload => {actions => []}],
    ['no value',                400, payload => {actions => [{action_id => 'resolve'}]}],
    ['an empty value',          400, value => ''],
    ['a value that is none',    400, payload => {actions => [{action_id => 'resolve', value => {a => 1}}]}],
    ['a long value',            400, value => 'x' x 2001],
    ['an unknown action',       400, payload => {actions => [{action_id => 'delete', value => $id}]}],
    ['an unknown notification', 404, value => '1700000000000'],
    ['a value with anything',   404, value => "x\0y\r\nz*"],
    ['deep JSON',               400, body => $value->('{"actions":' . '[' x 5000)],
    ['huge',                    413, body => 'payload=' . 'x' x 70_000],
);
for (@rows) {
    my ($name, $status, %option) = @$_;
    my $refusal = click($option{value} // $id, %option);
    is($refusal->status, $status, "$name: $status") or diag $refusal->body;
    ok(ref $json->decode($refusal->body) eq 'HASH' && !ref $json->decode($refusal->body)->{detail}, '... in a sentence');
}
my %twice = slack_click(SLACK_SIGNING_SECRET, $id);
push $twice{headers}->@*, 'x-slack-signature', $twice{headers}[-1];
is($t->request('POST', '/slack/actions', %twice)->status, 403, 'a signature that is there twice');
is($t->request('GET', '/slack/actions')->status, 405, 'GET');
is($redis->cmd('EXISTS', "notification_meta:$id"), 1, 'none of them resolves anything');
is($redis->cmd('XLEN', 'notify:slack:actions'), 0, 'nor stays');

# ---- many at once --------------------------------------------------------------------------------

my @ids = map { shown("many $_") } 1 .. 20;
my $updates = $slack->calls('chat.update');
click($_) for map { ($_, $_) } @ids;
ok(wait_until(sub { $slack->calls('chat.update') >= $updates + 20 }, 10), 'twenty clicks');
ok(wait_until(sub { $redis->cmd('XLEN', 'notify:slack:actions') == 0 }, 3), 'are all taken');
my %seen;
$seen{$_->{json}{attachments}[0]{fallback}}++ for $slack->calls('chat.update');
is(scalar(grep { $seen{"many $_"} == 1 } 1 .. 20), 20, 'each changes its message once');

# ---- the worker is away --------------------------------------------------------------------------

$_->stop for $t->{worker_processes}->@*;
is(click($id)->status, 200, 'a click while no worker runs');
is($redis->cmd('XLEN', 'notify:slack:actions'), 1, 'is kept');
$updates = $slack->calls('chat.update');
$t->start_worker(@env);
ok(wait_until(sub { $slack->calls('chat.update') == $updates + 1 }, 5), 'and done as soon as one does');
is_deeply([$slack->problems], [], 'nothing that Slack would refuse');

# ---- seen, but nobody knows that -----------------------------------------------------------------

# The answer to the post is lost: it is going to be repeated, and somebody clicks before that.
$slack->answer({hang_up => 'before'});
$id = notify('twice');
ok(wait_until(sub { grep { $_->{body} =~ /twice/ } $slack->requests }, 5), 'a post without an answer');
is(click($id)->status, 200, 'can be clicked');
ok(wait_until(sub { !$redis->cmd('EXISTS', "notification_meta:$id") }, 3), 'is resolved');
ok(wait_until(sub { $t->pending == 0 }, 5), 'and not repeated');
is($redis->cmd('ZCARD', 'pending_notifications:test'), 0, 'nor waited for');

$t->done;
