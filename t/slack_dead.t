# What cannot be delivered is kept as a dead letter, can be looked at, and can be sent again.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
$slack->answer({status => 404, body => 'no_service'}, map { {status => 500} } 1 .. 3);
$t->start_worker(env => {
    NOTIFY_MAX_ATTEMPTS => 3, NOTIFY_RETRY_INITIAL => '100ms', NOTIFY_RETRY_MAX => '200ms',
});
my $redis = $t->redis;

my $gone = $t->add_message('the channel is gone');
$slack->wait_requests(1, 5);
my $tired = $t->add_message('never again');
ok(wait_until(sub { $redis->cmd('XLEN', 'notify:{test_stream}:dead') == 2 }, 8),
    'two dead letters');
is(scalar($slack->requests), 4, 'a 404 is final, a 500 has three attempts');
ok(wait_until(sub { $t->pending == 0 }, 3), 'neither is pending');
is($redis->cmd('XLEN', 'test_stream'), 2, 'the entries stay in the stream');

# ---- notifyctl dead ------------------------------------------------------------------------------

my ($status, $list) = $t->notifyctl('dead', 'list', 'test_stream');
is($status, 0, 'dead list');
my @lines = split /\n/, $list;
is(scalar @lines, 2, 'a line for each');
like($lines[0], qr/^(\d+-\d+)\s.*\Q$gone\E.*404/, 'the first with its entry and the reason');
like($lines[1], qr/^(\d+-\d+)\s.*\Q$tired\E.*500/, 'and the second');
my ($first)  = $lines[0] =~ /^(\S+)/;
my ($second) = $lines[1] =~ /^(\S+)/;
is(($t->notifyctl('dead', 'list', 'test_stream', '--count'))[1], "2\n", 'dead list --count');
my ($json_status, $json) = $t->notifyctl('dead', 'list', 'test_stream', '--json');
my @objects = map { JSON::PP->new->utf8->decode($_) } split /\n/, $json;
is(scalar @objects, 2, 'dead list --json');

my ($shown, $page) = $t->notifyctl('dead', 'show', 'test_stream', $first);
is($shown, 0, 'dead show');
like($page, qr/the channel is gone/, 'has the message');
like($page, qr/404/, 'and the reason');
unlike("$list$json$page", qr{/services/T000}, 'and the webhook nowhere');
is(($t->notifyctl('dead', 'show', 'test_stream', '1-1'))[0] >> 8, 1,
    'one that is not there: exit status 1');
is(($t->notifyctl('dead', 'show', 'test_stream', 'x'))[0] >> 8, 2, 'what is no id: exit status 2');
is(($t->notifyctl('dead', 'list', 'dev_stream'))[1], '', 'a stream without any');

# ---- redrive -------------------------------------------------------------------------------------

my ($redriven, $output) = $t->notifyctl('dead', 'redrive', 'test_stream', $first);
is($redriven, 0, 'dead redrive');
like($output, qr/^\Q$first\E pending \Q$gone\E$/m, 'says what became of it');
$slack->wait_accepted(1, 5);
is(join('|', map { $_->{body} } $slack->accepted), '{"text":"the channel is gone"}',
    'it is delivered');
is($redis->cmd('XLEN', 'notify:{test_stream}:dead'), 1, 'and no dead letter any more');
ok(wait_until(sub { $t->pending == 0 }, 3), 'nor pending');
is($redis->cmd('XLEN', 'test_stream'), 2, 'and not added again');

# An entry that was trimmed meanwhile lives in its dead letter only.
$redis->cmd('XTRIM', 'test_stream', 'MAXLEN', 0);
($redriven, $output) = $t->notifyctl('dead', 'redrive', 'test_stream', '--all');
is($redriven, 0, 'dead redrive --all');
like($output, qr/^\Q$second\E added \d+-\d+$/m, 'makes a new entry of it');
$slack->wait_accepted(2, 5);
is(($slack->texts)[-1], 'never again', 'which is delivered');
is($redis->cmd('XLEN', 'notify:{test_stream}:dead'), 0, 'none is left');
is(($t->notifyctl('dead', 'redrive', 'test_stream', $first))[0] >> 8, 1,
    'what is gone cannot be redriven');

$t->done;
