# notify_zone off: nothing is counted, everything else goes on. What the directive refuses.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
my $redis = $t->start_redis;
my $key   = $t->make_key('alice');

my $server = <<'END';
location = /publish {
    notify_auth key;
    notify_key env:AUTH_STORE_DIR;
    notify_publish news method=POST;
    notify_field data string;
    notify_entry data $notify_field_data;
}
location = /stream  { notify_subscribe news; }
location = /work    { notify_consume jobs crew consumer=$arg_consumer_id limit=2; }
location = /live    { notify_health live; }
location = /ready   { notify_health ready; }
location = /metrics { notify_metrics; }
location = /sum     { notify_metrics sum; }
location = /queues {
    notify_metrics;
    notify_metrics_queue jobs crew;
}
END
my $redis_url = "notify_redis env:REDIS_URL;\nnotify_drain 200ms;\n";
my $nginx     = $t->start_nginx(workers => 2, http => "${redis_url}notify_zone off;\n", server => $server);

sub publish ($data, @headers) {
    return $t->request('POST', '/publish', headers => \@headers, body => qq({"data":"$data"}));
}
my @good = (Authorization => "Bearer $key");

# What works as ever.
my $stream = $t->stream(path => '/stream');
$stream->wait_open;
is(publish('one', @good)->status, 200, 'a publish with a key, which has memory of its own');
is(publish('x', Authorization => 'Bearer x')->status, 401, 'a wrong key');
like(($stream->wait_events(1))[0]{data}, qr/one/, 'a subscriber has it');
is($t->request('GET', "/$_")->status, 200, $_) for qw(live ready);

$redis->cmd('XADD', 'jobs', '*', 'n', $_) for 1 .. 3;
my $consumer = $t->stream(path => '/work?consumer_id=c1', reconnect => 0);
ok($consumer->wait_events(2), 'a consumer has what it may have in flight');

# What is told.
for my $path (qw(/metrics /sum)) {
    $t->answers("$path has nothing to tell", $t->request('GET', $path), 200, '', 'Content-Type' => qr{^text/plain});
}
my $figures = '';
ok(wait_until(sub {
    $figures = $t->request('GET', '/queues')->body;
    $figures =~ /^notify_queue_pending\{stream="jobs",group="crew"\} 2$/m;
}, 10), 'notify_metrics_queue is told, as Redis has it') or diag $figures;
unlike($figures, qr/^notify_(?!queue_(?:known|pending|lag|oldest_pending_seconds|consumers)\{)/m, '... and nothing else');

# Workers come and go without it.
$nginx->reload;
is(publish('two', @good)->status, 200, 'a publish after a reload');
$nginx->kill_worker;
$t->allow_log(qr/exited on signal 9/);
is(publish('three', @good)->status, 200, 'a publish after a worker was killed');
ok(wait_until(sub { $t->loop->run_for(0.05); 3 == $stream->count }, 10), 'the subscriber has all of them');
is(join(' ', map { $_->{data} =~ /(one|two|three)/ } $stream->events), 'one two three', '... once, in order');

# With a zone from the next reload on, and without again: figures begin at 0.
sub reload_with ($line) {
    $nginx->{http} = "$redis_url$line\n";
    $nginx->write_conf;
    $nginx->reload;
    return;
}
sub published () { return $t->request('GET', '/sum')->body =~ /^notify_publishes_total\{result="accepted"\} (\d+)/m ? $1 : 'none' }
reload_with('notify_zone 128k;');
is(publish('four', @good)->status, 200, 'a reload brings a zone');
is(published(), 1, '... which counts from then on');
reload_with('notify_zone off;');
is(publish('five', @good)->status, 200, 'a reload takes it away');
is(published(), 'none', '... and nothing is counted');
reload_with('');
is(published(), 0, 'the zone that there is by default begins at 0');
$_->close_stream for $stream, $consumer;

# What `nginx -t` refuses.
sub tried (%text) {
    my $other = $t->make_nginx(http => $text{http} // '', server => "location / { notify_health live; }\n" . ($text{server} // ''));
    return $other->check;
}
for (
    ['notify_zone;',                      qr/number of arguments/],
    ['notify_zone off 1m;',               qr/number of arguments/],
    ['notify_zone on;',                   qr/"on"/],
    ['notify_zone OFF;',                  qr/"OFF"/],
    ['notify_zone 0;',                    qr/"0"/],
    ['notify_zone 63k;',                  qr/"63k"/],
    ['notify_zone 2g;',                   qr/"2g"/],
    ['notify_zone -1m;',                  qr/"-1m"/],
    ['notify_zone 99999999999999999999;', qr/"99999999999999999999"/],
    ["notify_zone off;\nnotify_zone 1m;", qr/is duplicate/],
    ["notify_zone 1m;\nnotify_zone off;", qr/is duplicate/],
) {
    my ($line, $why) = @$_;
    my ($status, $output) = tried(http => $line);
    isnt($status, 0, $line =~ tr/\n/ /r);
    like($output, $why, '... for that reason');
    like($output, qr/"notify_zone".*nginx\.conf:\d+/, '... and where');
}
my ($status, $output) = tried(server => 'notify_zone off;');
isnt($status, 0, 'in a server it is refused');
like($output, qr/"notify_zone" directive is not allowed here/, '... for that reason');
for my $line ('notify_zone off;', 'notify_zone 64k;') {
    ($status, $output) = tried(http => $line);
    is($status, 0, "$line is accepted") or diag $output;
}

$t->done;
