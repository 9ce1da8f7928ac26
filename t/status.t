# System 000: figures of the environments' streams.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->serving;
my $redis = $t->redis;

my $empty = {total_messages => 0, pending_messages => 0, first_entry => undef, last_entry => undef};

sub status_of ($path) { return $t->signed('GET', $path)->json }

is_deeply(status_of('/status/test'), {test => {test_stream => $empty}},
    'a stream that is not there yet');

my @ids = map { $t->signed('POST', "/publish/test?message=m$_")->json->{message_id} } 1 .. 3;
my $three = {
    total_messages   => 3,
    pending_messages => 0,
    first_entry      => [$ids[0], {message => 'm1'}],
    last_entry       => [$ids[2], {message => 'm3'}],
};
is_deeply(status_of('/status/test'), {test => {test_stream => $three}}, 'three entries');

my $answer = $t->signed('GET', '/status/test');
$t->answers('the exact text', $answer, 200,
    qq({"test":{"test_stream":{"total_messages":3,"pending_messages":0,"first_entry":["$ids[0]",)
    . qq({"message":"m1"}],"last_entry":["$ids[2]",{"message":"m3"}]}}}),
    'Content-Type' => 'application/json');

$redis->cmd('XGROUP', 'CREATE', 'test_stream', 'test_stream_group', '0');
$redis->cmd('XREADGROUP', 'GROUP', 'test_stream_group', 'c', 'COUNT', 2, 'STREAMS', 'test_stream',
    '>');
$redis->cmd('XGROUP', 'CREATE', 'test_stream', 'another_group', '0');
$redis->cmd('XREADGROUP', 'GROUP', 'another_group', 'c', 'COUNT', 3, 'STREAMS', 'test_stream', '>');
is_deeply(status_of('/status/test'), {test => {test_stream => {%$three, pending_messages => 2}}},
    "pending are those of the stream's own group");

$redis->cmd('XADD', 'other_stream', '*', 'field', 'value');
is_deeply(
    status_of('/status'),
    {
        dev  => {dev_stream  => $empty},
        test => {test_stream => {%$three, pending_messages => 2}},
        uat  => {uat_stream  => $empty},
        prod => {prod_stream => $empty},
    },
    'all environments, and no other stream of the database',
);

$redis->cmd('XADD', 'uat_stream', '1-0', 'a', "\"\\\n\xC3\xBC", 'b', "\xff\0");
my $odd = $t->signed('GET', '/status/uat');
is($odd->json->{uat}{uat_stream}{first_entry}[1]{a}, "\"\\\n\x{fc}",
    'native entries are shown escaped');

$redis->cmd('SET', 'prod_stream', 'text');
$t->answers('a key of another type is 500', $t->signed('GET', '/status/prod'), 500,
    qr/^\{"detail":".+"\}$/);
$t->answers('an unknown environment is 404', $t->signed('GET', '/status/nowhere'), 404,
    '{"detail":"Invalid environment"}');
$t->answers('HEAD is not among the methods', $t->signed('HEAD', '/status'), 405, undef,
    Allow => 'GET');

$t->done;
