# The main job from end to end: a signed publish stands in Slack within two seconds.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
my $slack = $t->start_slack;
$t->start_nginx(shipped => 1);
$t->start_worker;

sub publish ($environment, $query) {
    my $answer = $t->signed('POST', "/publish/$environment?message=$query");
    $answer->status == 200 or die $answer->body;
    return $answer->json->{message_id};
}

# ---- one message ---------------------------------------------------------------------------------

my $began = time;
publish('test', 'Hello+from+a+client!');
my ($request) = $slack->wait_requests(1, 5);
ok($request, 'Slack is called') or BAIL_OUT('nothing reaches Slack');
cmp_ok($request->{time} - $began, '<', 2, 'within two seconds');
is($request->{method}, 'POST', 'by POST');
is($request->{path}, '/services/T000/B000/hook', 'at the path of the webhook');
is($request->{body}, '{"text":"Hello from a client!"}', 'with {"text": ...}');
like($request->{headers}{'content-type'}, qr{^application/json\b}, 'as JSON');
ok(wait_until(sub { $t->pending == 0 }, 3), 'then nothing is pending');
is($t->redis->cmd('XLEN', 'test_stream'), 1, 'and the entry stays in the stream');

# ---- what a message may hold ---------------------------------------------------------------------

my %texts = (
    'quotes'      => ['%22%5C%22',            '"\\"'],
    'lines'       => ['a%0D%0Ab%09c',         "a\r\nb\tc"],
    'UTF-8'       => ['%C3%BC%F0%9F%98%80',   "\x{fc}\x{1F600}"],
    'markup'      => ['%3C!here%3E+%26amp;',  '<!here> &amp;'],
    'a NUL'       => ['a%00b',                "a\0b"],
    'four thousand' => ['x' x 4000,           'x' x 4000],
);
for my $name (sort keys %texts) {
    my ($query, $text) = $texts{$name}->@*;
    my $count = $slack->requests;
    publish('test', $query);
    my @requests = $slack->wait_requests($count + 1, 5);
    is(($slack->texts)[-1], $text, "$name arrive unchanged") if is(@requests, $count + 1,
        "$name: one request");
}

# ---- all environments, in order ------------------------------------------------------------------

my $count = $slack->requests;
publish($_, "to-$_") for qw(dev test uat prod);
$slack->wait_requests($count + 4, 5);
is(join(' ', sort grep { /^to-/ } $slack->texts), 'to-dev to-prod to-test to-uat',
    'each environment is delivered');
publish('dev', "number$_") for 1 .. 10;
$slack->wait_requests($count + 14, 5);
is(join(' ', grep { /^number/ } $slack->texts), join(' ', map { "number$_" } 1 .. 10),
    'in the order of its stream');

# ---- what is no message --------------------------------------------------------------------------

$t->redis->cmd('XADD', 'test_stream', '*', 'other', 'field');
publish('test', '');
publish('test', 'after');
ok(wait_until(sub { ($slack->texts)[-1] eq 'after' }, 5),
    'entries that are none do not stop those that are');
ok(wait_until(sub { $t->pending == 0 }, 3), 'and do not stay');

# ---- what was there before the worker ------------------------------------------------------------

$t->worker->stop;
publish('test', 'while-away');
$t->start_worker;
ok(wait_until(sub { ($slack->texts)[-1] eq 'while-away' }, 5),
    'what came while no worker ran is delivered');
my %seen;
$seen{$_}++ for $slack->texts;
is(join(' ', grep { $seen{$_} > 1 } sort keys %seen), '', 'and nothing twice');

$t->done;
