# Redis is there and stands still, and clients go on publishing: what waits is bounded in number and in
# bytes, beyond it 503, and the memory comes back. The product's own commands are not refused for it.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving;
my ($pid) = $t->nginx->workers;

# MB that the worker has for itself alone.
sub memory () {
    my ($kilobytes) = $t->read_file("/proc/$pid/smaps_rollup") =~ /^Private_Dirty: +(\d+) kB/m;
    return $kilobytes / 1024;
}
my @json = ('Content-Type' => 'application/json');
sub event ($size) { return '{"type":"t","user_id":"u","data":"' . 'x' x ($size - 40) . '"}' }
# Sends so many at once, and returns their answers.
sub publish_many ($count, $size, $peak = undef) {
    my @clients = map { $t->http(timeout => 20) } 1 .. $count;
    for my $client (@clients) {
        $client->send(NotifyTest::Http::compose('POST', '/api/v1/internal/notify/publish',
            body => event($size), headers => \@json));
        my $now = memory();
        $$peak = $now if $peak && $now > $$peak;
    }
    return map { $_->receive } @clients;
}

# ---- bytes ------------------------------------------------------------------------------------------

my %before;
$before{$_->status}++ for publish_many(10, 1_000_000);
is_deeply(\%before, {202 => 10}, 'ten megabytes at once, and Redis takes them');
my $start = memory();
my $peak  = $start;
$t->redis->freeze;
my %status;
for my $answer (publish_many(150, 1_000_000, \$peak)) {
    $status{$answer->status}++;
    next if $status{seen}++;
    $t->answers('one that was refused', $answer, 503, qr/^\{"detail":"Redis /, 'Retry-After' => 1);
}
delete $status{seen};
is_deeply(\%status, {503 => 150}, 'a hundred and fifty, and Redis stands still');
# notify_max_pending, and what is half received meanwhile: its bound is notify_max_unfinished, here less, since 150 bodies
# have at most client_body_buffer_size in memory, 256 kB each. And what a single request takes until it is refused.
my $most = 64 + 150 / 4 + 8;
cmp_ok($peak - $start, '<', $most, sprintf 'nginx needed %d MB more, less than %d', $peak - $start, $most);
my @refused = $t->nginx->error_log =~ /publish failed: too many commands wait for its answer/g;
cmp_ok(scalar @refused, '>', 100, 'most were refused at once, and the log says why');

$t->redis->thaw;
ok(wait_until(sub { $t->publish_user('u', 1)->status == 202 }), 'Redis goes on');
ok(wait_until(sub { memory() < $start + 10 }, 10), 'and the memory comes back') or diag(memory() . " MB, from $start");

# ---- number ------------------------------------------------------------------------------------------

my $few = $t->start_other_nginx(http => 'notify_redis ' . $t->redis->url . '; notify_max_pending 20 1m;', server => <<'END');
    location = /publish { notify_publish s; notify_field m string in=query; notify_entry m $notify_field_m; }
    location = /stream  { notify_subscribe s; }
END
is($t->request('POST', '/publish?m=1', port => $few->port)->status, 200, 'another nginx publishes');
my $stream = $t->stream(path => '/stream', port => $few->port, reconnect => 0);
$stream->wait_open;
$t->redis->freeze;
my @clients = map { $t->http(port => $few->port) } 1 .. 50;
$_->send("POST /publish?m=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n") for @clients;
my $quick = grep { my $answer = $_->receive(timeout => 0.5); $answer && $answer->status == 503 } @clients[20 .. 49];
is($quick, 30, 'what is beyond twenty is refused at once');
$t->redis->thaw;
is(join(' ', map { $_->receive->status } @clients[0 .. 19]), join(' ', (200) x 20), 'the twenty are done');
$stream->wait_events(20);
is(scalar($stream->events), 20, 'and come to who listens');
unlike($few->error_log, qr/probe|alert/, 'nothing of the product was refused');

$t->done;
