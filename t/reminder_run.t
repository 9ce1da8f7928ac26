# System 000: POST /internal/reminder/run_once and run_continuous.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Http;
use Time::HiRes qw(time);

my $t     = NotifyTest->serving(workers => 2);
my $redis = $t->redis;
my @runs  = map { "/internal/reminder/$_" } qw(run_once run_continuous);

# A notification that waits, as the worker leaves it once Slack has it.
sub waits ($environment, $id, $due) {
    $redis->cmd('HSET', "notification_meta:$id", environment => $environment, template => 'action',
        main_text => "n$id", stream => "${environment}_stream", waiting => "pending_notifications:$environment",
        notices => "notify:{${environment}_stream}:notices", reminder_sent_count => 0);
    $redis->cmd('ZADD', "pending_notifications:$environment", $due, $id);
    return;
}
sub notices ($environment) { return $redis->cmd('XLEN', "notify:{${environment}_stream}:notices") }
sub sent ($count) { return qq({"status":"success","reminders_sent":$count}) }

# ---- what is due ---------------------------------------------------------------------------------

$t->answers("POST $_: nothing waits", $t->signed('POST', $_), 200, sent(0)) for @runs;
waits('test', 1, time - 1);
waits('test', 2, time - 100);
waits('prod', 3, time - 1);
waits('prod', 4, time + 100);
$t->answers("POST $runs[0]", $t->signed('POST', $runs[0]), 200, sent(3), 'Content-Type' => 'application/json',
    'X-Request-ID' => qr/^\w+/);
is(join(' ', map { notices($_) } qw(dev test uat prod)), '0 2 0 1', 'a reminder for each that was due');
my ($notice) = $redis->cmd('XRANGE', 'notify:{prod_stream}:notices', '-', '+')->[0];
my %notice = $notice->[1]->@*;
is("@notice{qw(kind notification number main_text)}", 'reminder 3 1 n3', 'which says of what');
my $next = $redis->cmd('ZSCORE', 'pending_notifications:prod', 3);
ok($next > time + 590 && $next < time + 610, 'the next one is due in ten minutes');
$t->answers("POST $runs[1]: nothing is due", $t->signed('POST', $runs[1]), 200, sent(0));
$redis->cmd('ZADD', 'pending_notifications:prod', time - 1, 3);
$t->answers("POST $runs[1]", $t->signed('POST', $runs[1]), 200, sent(1));
is($redis->cmd('HGET', 'notification_meta:3', 'reminder_sent_count'), 2, 'is the second one');

# Ten at the same time: each reminder once.
waits('uat', "9$_", time - 1) for 1 .. 50;
my @asked = map { $t->http } 1 .. 10;
my $request = NotifyTest::Http::compose('POST', $runs[0], headers => signed_headers(API_TOKEN));
$_->send($request) for @asked;
my $all = 0;
$all += $_->receive->json->{reminders_sent} for @asked;
is("$all " . notices('uat'), '50 50', 'ten who ask at once share them');

# ---- who may, and how -----------------------------------------------------------------------------

for my $run (@runs) {
    $t->answers("POST $run: without a token", $t->request('POST', $run), 403, '{"detail":"Invalid token"}');
    $t->answers("POST $run: no time", $t->request('POST', $run, headers => [token => API_TOKEN]), 400,
        '{"detail":"Invalid timestamp"}');
    $t->answers("POST $run: a body is of no concern", $t->signed('POST', $run, body => '{'), 200, sent(0));
    $t->answers("POST $run: but not an endless one", $t->signed('POST', $run, body => 'x' x 1_100_000), 413,
        '{"detail":"Request body is too large"}');
    $t->answers("GET $run", $t->signed('GET', $run), 405, '{"detail":"Method Not Allowed"}', Allow => 'POST');
}
$t->answers('another one', $t->signed('POST', '/internal/reminder/run'), 404, '{"detail":"Not Found"}');

# ---- what is in the way ---------------------------------------------------------------------------

waits('test', 5, time - 1);
$redis->cmd('SET', 'pending_notifications:dev', 'x');
$t->answers("POST $_: a key of another type", $t->signed('POST', $_), 500, qr/^\{"detail":".*WRONGTYPE/) for @runs;
$redis->cmd('DEL', 'pending_notifications:dev');
is(notices('test'), 3, 'the other environments are served');
$redis->stop;
$t->answers("POST $_: Redis away", $t->signed('POST', $_), 503, qr/^\{"detail":"Redis/, 'Retry-After' => 1) for @runs;

# ---- the configuration ----------------------------------------------------------------------------

my @bad = (
    ['notify_remind test;', qr/invalid number of arguments/],
    ['notify_remind "" s;', qr/invalid value ""/],
    ['notify_remind test "";', qr/invalid value ""/],
    ['notify_remind test s after=0;', qr/invalid parameter "after=0"/],
    ['notify_remind test s after=soon;', qr/invalid parameter "after=soon"/],
    ['notify_remind test s limit=-1;', qr/invalid parameter "limit=-1"/],
    ['notify_remind test s often;', qr/invalid parameter "often"/],
    ['notify_remind test s; notify_response 200 $notify_field_x;', qr/notify_field_x|"x"/],
    ['notify_remind test s; notify_publish s; notify_entry a b;', qr/conflicts with "notify_remind"/],
);
for (@bad) {
    my ($text, $complaint) = @$_;
    my ($status, $output) = $t->make_nginx(http => 'notify_redis env:REDIS_URL;',
        server => "location /x { $text }")->check;
    isnt($status, 0, "refused: $text");
    like($output, $complaint, '... and why');
}

$t->done;
