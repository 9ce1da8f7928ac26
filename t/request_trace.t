# One id runs through publish, entry, delivery and every line of a log about them.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::SendCases;

my $json  = JSON::PP->new->utf8->canonical;
my $t     = NotifyTest->new;
my $redis = $t->start_redis;
my $slack = $t->start_slack;
my %delivery = (
    SLACK_WEBHOOK_URL => undef, SLACK_BOT_TOKEN => 'xoxb-secret', SLACK_CHANNEL => 'C0ALL',
    SLACK_API_URL => $slack->api_url, NOTIFY_BUDGET_BURST => 10_000, NOTIFY_LOG_LEVEL => 'debug',
    NOTIFY_REMINDER_LOOK => '50ms', NOTIFY_REMINDER_AFTER => '1s', NOTIFY_MAX_ATTEMPTS => 3,
    NOTIFY_RETRY_INITIAL => '100ms', NOTIFY_RETRY_MAX => '200ms', NOTIFY_BUDGET_RATE => 100,
);
my $c = NotifyTest::Catalog->new($t, kind => 'sqlite', worker => {env => \%delivery});

sub lines ($pattern) { return grep { $_ =~ $pattern } split /\n/, $t->worker->output }

# The fields of the newest entry of a stream.
sub newest ($stream) {
    return $redis->cmd('XREVRANGE', $stream, '+', '-', 'COUNT', 1)->[0][1];
}

sub publish ($id, $message, @headers) {
    my $text = $message =~ s/ /+/gr;
    my $answer = $t->signed('POST', "/publish/test?message=$text",
        headers => ['X-Request-ID' => $id, @headers]);
    is($answer->status, 200, "$id: published");
    return $answer;
}

sub access_lines ($id) { return grep { / id="\Q$id\E" / } split /\n/, $t->nginx->access_log }

# ---- environments: a delivery that fails, and one that does not --------------------------------------

$slack->answer(map { {status => 500} } 1 .. 3);
my $answer = publish('trace-dead', 'never');
is($answer->header('X-Request-ID'), 'trace-dead', 'the answer has it');
my $entry = newest('test_stream');
is("@$entry", 'message never', 'the entry has one field, as its readers know it');
ok(wait_until(sub { $redis->cmd('XLEN', 'notify:{test_stream}:dead') == 1 }, 10), 'a dead letter');
is(scalar(lines(qr/later again.* request=trace-dead$/)), 2, 'each retry is logged with it');
is(scalar(lines(qr/dead letter.* request=trace-dead$/)), 1, 'and the end');
my @sent = $slack->requests;
is(join(' ', map { $_->{headers}{'x-request-id'} } @sent), join(' ', ('trace-dead') x 3),
    'each request to Slack carries it');
my ($line) = access_lines('trace-dead');
like($line, qr/POST \/publish\/test\?message=never .* stream="test_stream"/, 'the access log has it');
my $id = $answer->json->{message_id};
is(scalar(lines(qr/ id=\Q$id\E .* request=(?!trace-dead$)/)), 0, 'no line about the entry lacks it');

like(($t->notifyctl('dead', 'list', 'test_stream'))[1], qr/ request=trace-dead reason=/, 'dead list');
my ($dead) = (($t->notifyctl('dead', 'list', 'test_stream'))[1] =~ /^(\S+)/);
like(($t->notifyctl('dead', 'show', 'test_stream', $dead))[1], qr/^request +trace-dead$/m, 'dead show');
is($json->decode(($t->notifyctl('dead', 'list', 'test_stream', '--json'))[1])->{request},
    'trace-dead', 'dead list --json');
$t->notifyctl('dead', 'redrive', 'test_stream', '--all');
ok(wait_until(sub { lines(qr/info delivered .* request=trace-dead$/) == 1 }, 10),
    'it is the same after it was redriven');

publish('trace-good', 'at once');
ok(wait_until(sub { lines(qr/info delivered .* request=trace-good$/) == 1 }, 10), 'a delivery');

# What nobody has published through us, and what would break a header.
$t->add_message('native');
$redis->cmd('XADD', 'test_stream', '*', 'message', 'evil', 'request', "a\r\nX-Evil: 1");
$redis->cmd('XADD', 'test_stream', '*', 'message', 'told', 'request', 'told-by-the-entry');
ok(wait_until(sub { lines(qr/info delivered .* request=told-by-the-entry$/) }, 10),
    'an entry of another layout may tell it itself');
is(scalar(lines(qr/info delivered .* request=-$/)), 2, 'others have none');
is(scalar(grep { $_->{headers}{'x-evil'} } $slack->requests), 0, 'and add no header');

# ---- a repeat is the first one again -----------------------------------------------------------------

my $first = publish('trace-first', 'once', 'Idempotency-Key' => 'k');
my $again = publish('trace-second', 'once', 'Idempotency-Key' => 'k');
is($again->json->{message_id}, $first->json->{message_id}, 'the first entry again');
is($again->header('X-Request-ID'), 'trace-first', 'and the first request');
is(scalar(access_lines('trace-first')), 2, 'in the access log, too');
like($t->nginx->error_log,
    qr/notify: repeats the publish of request id "trace-first".*, request id: "trace-second"/,
    'the error log has both ids');
my $other = $t->signed('POST', '/publish/test?message=other',
    headers => ['X-Request-ID' => 'trace-third', 'Idempotency-Key' => 'k']);
is($other->status . ' ' . $other->header('X-Request-ID'), '422 trace-third',
    'what is refused keeps its own');

# ---- a notification, its reminder and its click ------------------------------------------------------

$t->request('POST', '/publish/slack/test',
    headers => [signed_headers(API_TOKEN)->@*, 'X-Request-ID' => 'trace-notice'],
    body => $json->encode({template => 'action', main_text => 'Look'}));
my $is_reminder = sub ($call) { return ($call->{json}{text} // '') =~ /^Reminder 1.*Look/ };
my @reminders;
ok(wait_until(sub { @reminders = grep { $is_reminder->($_) } $slack->calls('chat.postMessage') }, 10),
    'a reminder');
is($reminders[0]{headers}{'x-request-id'}, 'trace-notice', 'is of the same request');
my ($notice) = $redis->cmd('ZRANGE', 'pending_notifications:test', 0, 0)->@*;
my %click = slack_click(SLACK_SIGNING_SECRET, $notice);
push $click{headers}->@*, 'X-Request-ID' => 'trace-click';
is($t->request('POST', '/slack/actions', %click)->header('X-Request-ID'), 'trace-click', 'a click');
my @updates;
ok(wait_until(sub { @updates = $slack->calls('chat.update') }, 10), 'changes the message');
is($updates[0]{headers}{'x-request-id'}, 'trace-click', 'under its own id');
is(scalar(lines(qr/info resolved .* request=trace-click$/)), 1, 'and is logged with it');

# ---- the other systems -------------------------------------------------------------------------------

$t->request('POST', '/api/v1/internal/notify/publish', headers => ['X-Request-ID' => 'trace-user'],
    body => '{"type":"t","user_id":"trace","data":1}');
my %event = newest('user:trace')->@*;
is($event{request}, 'trace-user', 'an event of a user has it');

my $key = $t->make_key('trace');
my $alert = $t->request('PUT', '/alerts/trace', body => '{"message":"m"}',
    headers => [Authorization => "Bearer $key", 'X-Request-ID' => 'trace-alert']);
is($alert->header('X-Request-ID'), 'trace-alert', 'an alert');
my %alert = newest('alerts:trace')->@*;
is($alert{request}, 'trace-alert', 'has it in its entry');

for my $case (['messages', '{"data":1}', 1], ['messages/batch', '{"messages":[1,2]}', 2]) {
    my ($path, $body, $data) = @$case;
    my $streams = $t->bearer('POST', "/api/streams/trace/$path", body => $body,
        headers => ['X-Request-ID' => 'trace-stream']);
    is($streams->status . ' ' . $streams->header('X-Request-ID'), '201 trace-stream', $path);
    is(join(' ', newest('trace')->@*), "data $data", "$path: the entry is exactly as it was");
}
like((access_lines('trace-stream'))[0], qr/ event="\d+-[0-9a-f]{8}"/, 'the access log says which entry it was');

my $web      = NotifyTest::Slack->new(dir => $t->dir . '/web');
my $client   = $c->made('/clients', {client_name => 'Shop'});
my $channel  = $c->admin('GET', '/channels/name/push_notification')->json->{data}{id};
$c->made('/providers', {name => 'web', channel_id => $channel, config => {url => $web->url('/in')}});
my $send = $c->client($client, 'POST', '/notification/send', NotifyTest::SendCases::body('tracy'),
    'X-Request-ID' => '00000000-0000-4000-8000-000000000000');
is($send->status, 200, 'a notification of a client');
my $uuid = $send->header('X-Request-ID');
isnt($uuid, '00000000-0000-4000-8000-000000000000', 'has an id that the client did not choose');
is(NotifyTest::SendCases::row($c, 'tracy', 'id'), $uuid, 'which is the row');
my ($out) = $web->wait_requests(1);
is($json->decode($out->{body})->{request_id}, $uuid, 'what goes out');
is($out->{headers}{'x-request-id'}, $uuid, 'and its header');
is((NotifyTest::SendCases::entries($t, 'tracy'))[0]{request}, $uuid, 'the entry');
ok(wait_until(sub { lines(qr/info delivered .* request=\Q$uuid\E$/) }, 5), 'the delivery');
is(scalar(lines(qr/\Q$uuid\E.*notification\/send|notification\/send.*\Q$uuid\E/)), 1,
    'and the line of the request');

$t->done;
