# System 000: emptying the environments' streams, and nothing else.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->serving;
my $redis = $t->redis;

sub publish ($environment, $count) {
    $t->signed('POST', "/publish/$environment?message=m$_") for 1 .. $count;
    return;
}

sub pending ($environment) {
    return $redis->cmd('XPENDING', "${environment}_stream", "${environment}_stream_group")->[0];
}

for my $environment (qw(test dev)) {
    publish($environment, 3);
    my $stream = "${environment}_stream";
    $redis->cmd('XGROUP', 'CREATE', $stream, "${stream}_group", '0');
    $redis->cmd('XREADGROUP', 'GROUP', "${stream}_group", 'c', 'COUNT', 2, 'STREAMS', $stream, '>');
    $redis->cmd('ZADD', "notify:{$stream}:due", 1, '1:1-0');
}
$redis->cmd('XADD', 'other_stream', '*', 'field', 'value');
$redis->cmd('SET', 'key', 'value');

$t->answers('one environment', $t->signed('DELETE', '/clear/test'), 200, '{"test":["test_stream"]}',
    'Content-Type' => 'application/json');
is($redis->cmd('XLEN', 'test_stream'), 0, 'its entries are gone');
is(pending('test'), 0, 'nothing is pending');
is($redis->cmd('EXISTS', 'notify:{test_stream}:due'), 0, 'nor due');
is($redis->cmd('TYPE', 'test_stream'), 'stream', 'the key is kept');
is(scalar $redis->cmd('XINFO', 'GROUPS', 'test_stream')->@*, 1, 'and its group');

is($redis->cmd('XLEN', 'dev_stream'), 3, 'another environment keeps its entries');
is(pending('dev'), 2, 'and what is pending');
is($redis->cmd('XLEN', 'other_stream'), 1, 'other streams are left alone');
is($redis->cmd('GET', 'key'), 'value', 'and other keys');

publish('test', 1);
my $read =
    $redis->cmd('XREADGROUP', 'GROUP', 'test_stream_group', 'c', 'STREAMS', 'test_stream', '>');
is(scalar $read->[0][1]->@*, 1, 'the group goes on with what comes next');

my $all = $t->signed('DELETE', '/clear');
is($all->status, 200, 'all environments');
is_deeply([sort keys $all->json->%*], [qw(dev prod test uat)], 'each has its member');
is_deeply([@{$all->json}{qw(dev test)}], [['dev_stream'], ['test_stream']],
    'which names its stream');
is($redis->cmd('XLEN', $_), 0, "$_ is empty") for qw(dev_stream test_stream);
is(pending($_), 0, "nothing of $_ is pending") for qw(dev test);
is($redis->cmd('XLEN', 'other_stream'), 1, 'other streams are still there');

is($redis->cmd('EXISTS', 'uat_stream', 'prod_stream'), 0, 'no stream is made by clearing it');
$t->answers('an unknown environment is 404', $t->signed('DELETE', '/clear/nowhere'), 404,
    '{"detail":"Invalid environment"}');

# A big stream does not stop the others.
my $entries = 100_000;
$redis->cmd('EVAL', "for i = 1, ARGV[1] do redis.call('XADD', KEYS[1], '*', 'message', i) end",
    1, 'prod_stream', $entries);
$t->answers('a hundred thousand entries', $t->signed('DELETE', '/clear/prod'), 200,
    '{"prod":["prod_stream"]}');
is($redis->cmd('XLEN', 'prod_stream'), 0, 'are gone at once');

$t->done;
