# notify_metrics: what is counted, by whom, and that it outlives reloads and killed workers.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $nginx = $t->start_nginx(
    workers => 2,
    http    => "notify_redis env:REDIS_URL;\nnotify_drain 500ms;\n",
    server  => <<'END',
location = /publish {
    notify_publish news method=POST;
    notify_field data string;
    notify_entry data $notify_field_data;
}
location = /batch {
    notify_publish_batch many items;
    notify_field items array;
    notify_entry data $notify_item;
}
location = /stream { notify_subscribe news; }
location = /guarded {
    notify_auth bearer;
    notify_bearer env:BEARER_TOKEN;
    notify_subscribe news;
}
location = /work { notify_consume jobs crew consumer=$arg_consumer_id limit=$arg_limit; }
location = /metrics {
    notify_metrics;
    notify_metrics_queue jobs crew;
    notify_metrics_queue 'odd"\\name' nobody;
}
location = /sum { notify_metrics sum; }
END
);

sub text ($path = '/sum') { return $t->request('GET', $path)->body }

# The value of a series, or undef; over all workers by /sum.
sub figure ($series, $path = '/sum') {
    return text($path) =~ /^notify_\Q$series\E (\S+)$/m ? $1 : undef;
}

sub becomes ($series, $value, $name) {
    my $got;
    wait_until(sub { $got = figure($series); defined $got && $got == $value }, 5);
    return is($got, $value, $name);
}

sub lint ($path) {
    my $file = $t->dir . '/metrics.txt';
    $t->write_file($file, text($path));
    my ($status, $output) = $t->run(['sh', '-c', "promtool check metrics <$file"]);
    return is("$status $output", '0 ', "promtool has nothing to say about $path");
}

my $first = $t->request('GET', '/metrics');
is($first->status, 200, 'it answers');
is($first->header('Content-Type'), 'text/plain; version=0.0.4; charset=utf-8', 'as Prometheus likes it');
is(figure('publishes_total{result="accepted"}'), 0, 'what never happened is 0');

# ---- events --------------------------------------------------------------------------------------

sub publish () { return $t->request('POST', '/publish', body => '{"data":"x"}')->status }

my @streams = map { $t->stream(path => '/stream', reconnect => 0) } 1 .. 3;
$_->wait_open for @streams;
becomes('subscribers', 3, 'subscribers');
is(publish(), 200, 'a publish') for 1 .. 4;
$_->wait_events(4) for @streams;
becomes('publishes_total{result="accepted"}', 4, 'publishes');
becomes('deliveries_total{kind="subscriber"}', 12, 'deliveries');
$_->close_stream for @streams;
becomes('closes_total{reason="client"}',  3, 'streams that their clients left');
becomes('replays_total{from="new"}',      3, 'how they began');
becomes('subscribers',                    0, 'no subscriber is left');
is($t->request('GET', '/guarded')->status, 401, 'no token');
becomes('auth_failures_total{reason="unauthorized"}', 1, 'a refused request');
cmp_ok(figure('redis_latency_seconds_count'), '>', 4, 'commands are timed');
is(figure('redis_up{link="commands"}'), 2, 'both workers have their link');

# ---- queues --------------------------------------------------------------------------------------

my $consumer = $t->stream(path => '/work?consumer_id=c1&limit=5', reconnect => 0);
$consumer->wait_open;
becomes('consumers', 1, 'a consumer');
$t->redis->cmd('XADD', 'jobs', '*', 'n', $_) for 1 .. 7;
$consumer->wait_events(5);
becomes('deliveries_total{kind="consumer"}', 5, 'deliveries of entries');
my $queue = '{stream="jobs",group="crew"}';
# Each nginx worker keeps what it was told for 5 s, so that two may answer differently.
sub queue_becomes ($name, $pattern) {
    my $got;
    wait_until(sub { ($got = figure("queue_$name$queue", '/metrics') // '') =~ $pattern }, 15);
    return like($got, $pattern, "queue: $name");
}
queue_becomes('pending',   qr/^5$/);
queue_becomes('lag',       qr/^2$/);
queue_becomes('known',     qr/^1$/);
queue_becomes('consumers', qr/^1$/);
queue_becomes('oldest_pending_seconds', qr/^\d+\.\d{3}$/);
like(text('/metrics'), qr/^notify_queue_known\{stream="odd\\"\\\\name",group="nobody"\} 0$/m,
    'a queue that is not there, its name escaped');
lint($_) for qw(/metrics /sum);

# ---- a reload and a kill -------------------------------------------------------------------------

$nginx->reload;
becomes('publishes_total{result="accepted"}', 4, 'counters outlive a reload');
$t->loop->run_until(sub { !$nginx->draining }, 10);
becomes('closes_total{reason="drain"}', 1, 'what a reload closes');
becomes('consumers', 0, 'gauges of a process that is gone do not count');

my $stays = $t->stream(path => '/stream', reconnect => 0);
$stays->wait_open;
becomes('subscribers', 1, 'a subscriber');
$nginx->kill_worker($_) for $nginx->workers;
wait_until(sub { $nginx->workers == 2 && $t->request('GET', '/sum')->status == 200 }, 10);
becomes('subscribers', 0, 'a killed worker leaves no subscriber behind');
becomes('publishes_total{result="accepted"}', 4, 'and its counters do');

# ---- a batch that is sent again ------------------------------------------------------------------

my $before = figure('publishes_total{result="accepted"}');
for my $time ('first', 'second') {
    my $answer = $t->request('POST', '/batch', body => '{"items":[1,2,3]}',
        headers => ['Idempotency-Key' => 'k']);
    is($answer->status, 200, "a batch for the $time time");
}
becomes('publishes_total{result="accepted"}', $before + 3, 'is accepted once');
becomes('publishes_total{result="repeated"}', 3, 'and repeated once, entry by entry');

# ---- Redis away ----------------------------------------------------------------------------------

$t->redis->stop;
wait_until(sub { (figure('redis_up{link="commands"}') // -1) == 0 }, 5);
is(figure('redis_up{link="commands"}'), 0, 'links that are away');
wait_until(sub { figure("queue_known$queue", '/metrics') eq '0' }, 15);
is($t->request('GET', '/metrics')->status, 200, 'it answers without Redis');
ok(wait_until(sub { text('/metrics') !~ /^notify_queue_pending\{/m }, 15),
    'and tells nothing that it does not know');
lint('/metrics');

my ($checked) = $t->run(['promtool', 'check', 'rules', $t->root . '/docs/alerts.rules.yml']);
is($checked, 0, 'the example of alert rules is right');

$t->allow_log(qr/exited on signal 9/);
$t->done;
