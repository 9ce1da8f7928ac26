# POST /publish/slack/{env} and what reaches Slack's Web API: templates, colours, limits, errors.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use JSON::PP ();

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
$t->start_nginx(shipped => 1);
$t->start_worker(env => {
    SLACK_WEBHOOK_URL => undef, SLACK_BOT_TOKEN => 'xoxb-secret', SLACK_CHANNEL => 'C0ALL',
    SLACK_CHANNEL_UAT => 'C0UAT', SLACK_API_URL => $slack->api_url,
    SLACK_WEBHOOK_URL_DEV => $slack->url, SLACK_BOT_TOKEN_PROD => 'xoxb-other',
    NOTIFY_BUDGET_BURST => 1000, NOTIFY_RETRY_INITIAL => '200ms', NOTIFY_MAX_ATTEMPTS => 4,
});

my $json = JSON::PP->new->utf8->canonical;

sub publish ($environment, $body, %option) {
    return $t->request('POST', "/publish/slack/$environment",
        headers => signed_headers(API_TOKEN), body => ref $body ? $json->encode($body) : $body, %option);
}

# What reaches Slack of one notification.
sub delivered ($environment, $body) {
    my $count  = $slack->calls('chat.postMessage');
    my $answer = publish($environment, $body);
    is($answer->status, 200, 'is accepted') or diag $answer->body;
    my $data = $json->decode($answer->body);
    is($data->{status}, 'queued', 'and queued');
    like($data->{notification_id}, qr/^\d+(?:-\d+)?\z/, 'under an id');
    wait_until(sub { $slack->calls('chat.postMessage') > $count }, 10);
    my ($call) = ($slack->calls('chat.postMessage'))[$count];
    return ($call, $data->{notification_id});
}

sub section ($text) { return {type => 'section', text => {type => 'mrkdwn', text => $text}} }

# ---- templates and colours -----------------------------------------------------------------------

my %colors = (success => '#2ECC71', error => '#E74C3C', info => '#3498DB', '' => '#CCCCCC');
for my $status (sort keys %colors) {
    my ($call) = delivered('test', {
        template => 'text', main_text => "Main $status", sub_text => 'below',
        length $status ? (status => $status) : (),
    });
    is_deeply($call->{json}, {
        channel     => 'C0ALL',
        attachments => [{
            color => $colors{$status}, fallback => "Main $status",
            blocks => [section("Main $status"), section('below')],
        }],
    }, "text, status '$status'");
}
my ($call, $id) = delivered('uat', {template => 'action', main_text => 'Do it', recipient => 'U024BE7LH', sub_text => undef});
is($call->{headers}{authorization}, 'Bearer xoxb-secret', "the bot's token goes along");
is_deeply($call->{json}, {
    channel => 'C0UAT', text => '<@U024BE7LH>',
    attachments => [{
        color => '#CCCCCC', fallback => 'Do it',
        blocks => [
            section('Do it'),
            {type => 'actions', elements => [{
                type => 'button', text => {type => 'plain_text', text => 'Resolve'},
                style => 'primary', action_id => 'resolve', value => $id,
            }]},
        ],
    }],
}, 'action: one button, the recipient is named, the channel is that of its environment');
($call) = delivered('prod', {template => 'text', main_text => 'x'});
is($call->{headers}{authorization}, 'Bearer xoxb-other', 'a token for one environment');

# ---- what a text may be --------------------------------------------------------------------------

my $mark  = "\x{2026}";
my %texts = (
    'markup'     => ['<!channel> & <http://x|y>', '&lt;!channel&gt; &amp; &lt;http://x|y&gt;'],
    'too long'   => ['x' x 3001, 'x' x 2999 . $mark],
    'just right' => ['x' x 3000, 'x' x 3000],
    'escapes at the edge' => ['x' x 2997 . '&&', 'x' x 2997 . $mark],
    'UTF-8'      => ["\x{fc}\x{1F600}" x 10, "\x{fc}\x{1F600}" x 10],
    'a million'  => ['&' x 200_000, '&amp;' x 599 . $mark],
    'a NUL'      => ["a\0b", "a\0b"],
);
for my $name (sort keys %texts) {
    my ($text, $shown) = $texts{$name}->@*;
    my ($sent) = delivered('test', {template => 'action', main_text => $text, sub_text => $text});
    is_deeply([map { $_->{text}{text} } $sent->{json}{attachments}[0]{blocks}->@[0, 1]], [$shown, $shown], $name);
}
$t->add_message('<!here> ' . 'y' x 50_000);
wait_until(sub { grep { ($_->{json}{text} // '') =~ /^<!here>/ } $slack->calls('chat.postMessage') }, 5);
my ($plain) = grep { ($_->{json}{text} // '') =~ /^<!here>/ } $slack->calls('chat.postMessage');
is(length $plain->{json}{text}, 40_000, 'a message keeps its markup, and ends at the limit');
is_deeply([$slack->problems], [], 'nothing that Slack would refuse');


# ---- refusals ------------------------------------------------------------------------------------

my @rows = (
    ['no body',             '',                                        422, qr/missing/],
    ['no JSON',             '{"template":',                            422, qr/json_invalid/],
    ['no template',         {main_text => 'x'},                        422, qr/"template"/],
    ['unknown template',    {template => 'x', main_text => 'x'},       422, qr/literal_error/],
    ['no main text',        {template => 'text'},                      422, qr/"main_text"/],
    ['empty main text',     {template => 'text', main_text => ''},     422, qr/string_too_short/],
    ['main text no text',   {template => 'text', main_text => [1]},    422, qr/string_type/],
    ['unknown status',      {template => 'text', main_text => 'x', status => 'red'}, 422, qr/literal_error/],
    ['too large',           'x' x 1_100_000,                           413, qr/detail/],
);
for (@rows) {
    my ($name, $body, $status, $says) = @$_;
    my $answer = publish('test', $body);
    is($answer->status, $status, "$name: $status");
    like($answer->body, $says, '... and says so');
}
is(publish('nowhere', {template => 'text', main_text => 'x'})->status, 400, 'an unknown environment');
is($t->request('POST', '/publish/slack/test', body => '{}')->status, 403, 'without a signature');
is($t->request('GET', '/publish/slack/test', headers => signed_headers(API_TOKEN))->status, 405, 'GET');
is($t->request('POST', '/publish/slack/test/', headers => signed_headers(API_TOKEN))->status, 307, 'a slash too many');
is(publish('test%2Fx', {template => 'text', main_text => 'x'})->status, 404, 'an encoded slash');

# ---- what Slack says -----------------------------------------------------------------------------

sub attempts ($text) {
    return grep { ($_->{json}{text} // '') eq $text } $slack->calls('chat.postMessage');
}

my %passing = (
    'internal_error' => [{error => 'internal_error'}],
    'a proxy'        => [{body => '<html>welcome</html>'}],
    '500'            => [{status => 500}],
    '429'            => [{status => 429, retry_after => 1}],
    'ratelimited'    => [{error => 'ratelimited', retry_after => 1}],
);
for my $name (sort keys %passing) {
    $slack->answer($passing{$name}->@*);
    $t->add_message("passing $name");
    ok(wait_until(sub { attempts("passing $name") == 2 }, 8), "$name: again");
    my @times = map { $_->{time} } attempts("passing $name");
    cmp_ok($times[1] - $times[0], '>=', $name =~ /429|ratelimited/ ? 1 : 0.1, '... after a while');
}
# Slack repeats the message in its answer: what is kept of that says enough.
$slack->answer({body => '{"ok":true,"channel":"C0ALL","ts":"1700000000.000300","message":{"text":"' . 'x' x 300_000});
my $long = $t->redis->cmd('XADD', 'test_stream', '*', 'template', 'action', 'main_text', 'long answer') =~ s/-0\z//r;
ok(wait_until(sub { $t->redis->cmd('ZSCORE', 'pending_notifications:test', $long) }, 5), 'a long answer');
is($t->redis->cmd('HGET', "notification_meta:$long", 'thread_ts'), '1700000000.000300', '... says which message it is');
is(scalar(grep { $_->{body} =~ /long answer/ } $slack->requests), 1, '... and nothing is repeated');
for my $error (qw(channel_not_found invalid_auth msg_too_long something_new)) {
    $slack->answer({error => $error});
    my $dead = $t->redis->cmd('XLEN', 'notify:{test_stream}:dead');
    $t->add_message("permanent $error");
    ok(wait_until(sub { $t->redis->cmd('XLEN', 'notify:{test_stream}:dead') == $dead + 1 }, 5), "$error: kept as a dead letter");
    is(scalar attempts("permanent $error"), 1, '... after one attempt');
}
my ($status, $list) = $t->notifyctl('dead', 'list', 'test_stream');
like($list, qr/Slack says: channel_not_found/, 'with what Slack has said');
unlike($list . $t->worker->output, qr/xoxb/, 'and the token nowhere');
ok(wait_until(sub { $t->pending == 0 }, 3), 'nothing is pending');

$t->done;
