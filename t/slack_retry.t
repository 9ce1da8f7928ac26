# Slack answering 500 twice, then 429 with Retry-After, then 200: one accepted delivery, none early.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use POSIX qw(strftime);

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
$slack->answer({status => 500}, {status => 500}, {status => 429, retry_after => 3});
$t->start_worker(env => {
    SLACK_WEBHOOK_URL_UAT => $slack->url('/other'), NOTIFY_HTTP_TIMEOUT => '1500ms',
});

$t->add_message('persistent');
my @requests = $slack->wait_requests(3, 10);
is(scalar @requests, 3, 'two errors are retried');
$t->add_message('behind it');
$t->add_message('to another destination', 'uat');
my ($other) = grep { $_->{path} eq '/other' } $slack->wait_requests(4, 2);
ok($other, 'another destination is not held up by the 429');

$slack->wait_accepted(3, 10);
my @all = $slack->requests;
my @to  = grep { $_->{path} ne '/other' } @all;
my @times    = map { $_->{time} } grep { $_->{body} =~ /persistent/ } @to;
my @statuses = map { $_->{answer}{status} } grep { $_->{body} =~ /persistent/ } @to;
is("@statuses", '500 500 429 200', 'four requests, the last accepted');
my @waits = map { $times[$_] - $times[$_ - 1] } 1 .. $#times;
cmp_ok($waits[0], '>', 0.4, sprintf 'the first retry comes after about a second (%.2f)', $waits[0]);
cmp_ok($waits[0], '<', 2.5, 'not much later');
cmp_ok($waits[1], '>', $waits[0] * 0.7, sprintf 'the second takes longer (%.2f)', $waits[1]);
cmp_ok($waits[1], '<', 5, 'not much longer');
cmp_ok($waits[2], '>=', 3, sprintf 'Retry-After is obeyed (%.2f)', $waits[2]);
cmp_ok($waits[2], '<', 5, 'and not overdone');
my $held = grep { $_->{time} > $times[2] && $_->{time} < $times[2] + 3 } @to;
is($held, 0, 'nothing at all goes to that destination meanwhile');
is(scalar(grep { $_ eq 'behind it' } $slack->texts), 1, 'what stood behind it comes once');

ok(wait_until(sub { $t->pending == 0 }, 3), 'nothing is pending');
is($t->redis->cmd('XLEN', 'test_stream'), 2, 'nothing was added again');
is($t->redis->cmd('EXISTS', 'notify:{test_stream}:dead'), 0, 'nothing was given up');

# ---- other ways to fail --------------------------------------------------------------------------

my %ways = (
    'hang_up before an answer' => [{hang_up => 'before'}],
    'hang_up within a head'    => [{hang_up => 'head'}],
    '503 with Retry-After'     => [{status => 503, retry_after => 1}],
    '502'                      => [{status => 502}],
);
for my $way (sort keys %ways) {
    $slack->answer($ways{$way}->@*);
    my $before = $slack->requests;
    $t->add_message($way);
    $slack->wait_requests($before + 2, 6);
    my @times = map { $_->{time} } grep { $_->{body} =~ /\Q$way\E/ } $slack->requests;
    is(scalar @times, 2, "$way: is retried, once");
    cmp_ok($times[1] - $times[0], '>=', $way =~ /Retry/ ? 1 : 0.4,
        '... not at once') if @times == 2;
}

# Retry-After as a date, which has no fractions: two seconds ahead is at least one.
my $date = strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time + 3));
$slack->answer({status => 429, retry_after => $date});
my $count = $slack->requests;
$t->add_message('dated');
$slack->wait_requests($count + 2, 8);
my @dated = map { $_->{time} } grep { $_->{body} =~ /dated/ } $slack->requests;
cmp_ok($dated[1] - $dated[0], '>', 1.5, 'a date in Retry-After is obeyed') if @dated == 2;
is(scalar @dated, 2, '... and then it is delivered');

# An answer that does not come in time is no answer.
$slack->answer({hang => 1});
$t->add_message('hanging');
$slack->wait_requests($count + 4, 10);
my @hanging = grep { $_->{body} =~ /hanging/ } $slack->requests;
is(scalar @hanging, 2, 'a request that hangs is tried again');
is($hanging[1]{headers}{'idempotency-key'}, $hanging[0]{headers}{'idempotency-key'},
    '... under the same id');
isnt($hanging[0]{headers}{'idempotency-key'}, undef, '... which goes along');

# Once the status has been read, the message has been taken: the rest of the answer does not matter.
$slack->answer({hang_up => 'body'});
my $before = $slack->requests;
$t->add_message('cut body');
$slack->wait_requests($before + 1, 6);
ok(wait_until(sub { $t->pending == 0 }, 3), 'a 200 whose body is cut counts');
is(scalar(grep { $_ eq 'cut body' } $slack->texts), 1, '... and is not repeated');

# Slack not there at all.
my $port = $slack->port;
$slack->stop;
$t->add_message('nobody listens');
ok($t->worker->wait_output(qr/refused|connect/i, 5), 'a refused connection is told');
is($t->pending, 1, 'and the message kept');

$t->done;
