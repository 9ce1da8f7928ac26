# notifyctl: the operator's hand.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->serving;
my $redis = $t->redis;
my $ctl   = $t->build . '/notifyctl';

sub lines ($text) { return split /\n/, $text }

# ---- publish -------------------------------------------------------------------------------------

my ($status, $output) = $t->notifyctl('publish', 'test_stream', 'message=Hello world', 'note=a=b');
is($status, 0, 'publish');
like($output, qr/^\d+-\d+\n\z/, 'prints the id');
chomp(my $id = $output);
is_deeply([$redis->entries('test_stream')], [[$id, {message => 'Hello world', note => 'a=b'}]],
    'of an entry with its fields');

my $stream = $t->user_stream('u');
my ($user_status, $user_id) = $t->notifyctl('publish', 'user:u', 'type=note', 'user_id=u',
    'data={"a":1}', 'permalink=null', 'created_at=2026-01-01T00:00:00.000000+00:00');
my $event = ($stream->wait_events(2))[1];
chomp $user_id;
is($event->{id}, event_id($user_id), 'and rings the bell: an open stream has it');
is_deeply(JSON::PP->new->utf8->decode($event->{data})->{data}, {a => 1}, 'as an event');

my @command = ('publish', 'once', 'a=1', '--idempotency-key', 'k');
my @once    = map { ($t->notifyctl(@command))[1] =~ /^(\S+)/ } 1 .. 3;
is($once[1], $once[0], 'a repeat with the same key prints the first id');
is($redis->cmd('XLEN', 'once'), 1, 'and adds nothing');
$t->notifyctl('publish', 'short', "a=$_", '--retain', 2) for 1 .. 3;
cmp_ok($redis->cmd('XLEN', 'short'), '<=', 3, '--retain bounds the stream');

for (['no field', 'publish', 's'], ['no value', 'publish', 's', 'a'], ['no stream', 'publish'],
    ['an empty stream', 'publish', '', 'a=1'], ['an unknown command', 'publsh'], ['nothing'],
    ['an unknown option', 'tail', 's', '--lst', '3'], ['a bad id', 'tail', 's', '--from', 'x'])
{
    my ($name, @arguments) = @$_;
    my ($status, $output) = $t->notifyctl(@arguments);
    is($status >> 8, 2, "$name: exit status 2");
    isnt($output, '', '... and a word why');
}
is(($t->notifyctl('--help'))[0], 0, '--help');
like(($t->notifyctl('--version'))[1], qr/^notifyctl \d/, '--version');

# ---- tail ----------------------------------------------------------------------------------------

sub tail (@arguments) {
    return NotifyTest::Process->start(
        name => 'tail', command => [$ctl, 'tail', @arguments],
        env  => $t->environment, log => "$t->{dir}/tail" . ++$t->{tails},
    );
}

my $tail = tail('test_stream', '--last', 1);
ok($tail->wait_output(qr/^\Q$id\E\s+message='Hello world' note=a=b$/m, 5),
    'tail shows what is there');
my $next = $t->add_message('second line');
ok($tail->wait_output(qr/^\Q$next\E\s+message='second line'$/m, 3), 'and what comes');
$redis->restart;
my $after = $t->add_message('after the restart');
ok($tail->wait_output(qr/^\Q$after\E\s/m, 8), 'also after a restart of Redis');
$tail->signal('INT');
ok($tail->wait_exit(3), 'until Ctrl-C');
is($tail->describe_status, 'exit status 0', 'with exit status 0');
is(scalar(grep { /^\d+-\d+ / } lines($tail->output)), 3, 'each entry once');

my $json = tail('test_stream', '--from', 0, '--json');
ok($json->wait_output(qr/after the restart.*\n/, 3), 'tail --json --from 0');
my @objects = map { JSON::PP->new->utf8->decode($_) } grep { /^\{/ } lines($json->output);
is(scalar @objects, 3, 'shows all, an object each');
$json->stop('INT');

for my $count (qw(-1 +1 1.5 x 9223372036854775808 99999999999999999999)) {
    for my $row (['--retain', 'publish', 'test_stream', 'a=b'], ['--last', 'tail', 'test_stream']) {
        my ($option, @command) = @$row;
        my ($refused, $said) = $t->notifyctl(@command, "$option=$count");
        is($refused >> 8, 2, "$command[0] $option $count is wrong usage");
        like($said, qr/\Q$option\E: "?\Q$count\E"? is not a number from 0 to 9223372036854775807/, '... which says what would be right');
    }
}

# ---- sign and token ------------------------------------------------------------------------------

($status, $output) = $t->notifyctl('sign');
is($status, 0, 'sign');
my %header = $output =~ /^([\w-]+): (.*)$/mg;
is_deeply([sort keys %header], [qw(token x-signature x-timestamp)], 'prints the three headers');
my $answer = $t->request('POST', '/publish/test?message=signed', headers => [%header]);
$t->answers('which open the door', $answer, 200);
my $port = $t->nginx->port;
my $url = "http://127.0.0.1:$port/publish/test?message=curl";
($status, $output) = $t->run(['sh', '-c', "$ctl sign --curl | curl -sS -K - -X POST '$url'"]);
like($output, qr/"status":"success"/, 'sign --curl is for curl');

($status, $output) = $t->notifyctl('token', '--sub', 'ctl-user', '--ttl', '1h', '--claim', 'x=[1]');
is($status, 0, 'token');
chomp(my $token = $output);
for my $row (['-5s', 'is not a time'], ['1e3', 'is not a time'], ['99999999999999999999d', 'is not a time'], ['1 h', 'is not a time'],
    ['999ms', 'is less than a second'], ['3651d', 'is more than ten years'], ['200000000h', 'is not a time|is more than ten years']) {
    my ($ttl, $why) = @$row;
    my ($refused, $said) = $t->notifyctl('token', '--sub', 'u', "--ttl=$ttl");
    is($refused >> 8, 2, "--ttl $ttl is wrong usage");
    like($said, qr/^notifyctl: --ttl: "\Q$ttl\E" (?:$why)/m, '... which says why');
}
my ($endless_status, $endless) = $t->notifyctl('token', '--sub', 'u', '--ttl', '0');
is($endless_status, 0, '--ttl 0: a token without an end');
like($endless, qr/^notifyctl: this token never expires/m, '... with a warning');
my $exp = time + 60;
unlike(($t->notifyctl('token', '--sub', 'u', '--ttl', '0', '--claim', "exp=$exp"))[1], qr/never expires/, '... unless it has one');
my $opened = $t->stream(path => "/api/v1/external/notify/stream?token=$token");
ok($opened->wait_open, 'opens a stream');
($status, $output) = $t->run([$ctl, 'sign'], env => {API_TOKEN => undef}, cwd => $t->dir);
is($status >> 8, 1, 'without a secret: exit status 1');
like($output, qr/API_TOKEN/, 'which names it');

# ---- doctor --------------------------------------------------------------------------------------

my $worker = $t->start_worker(env => {SLACK_WEBHOOK_URL => 'http://127.0.0.1:9/x'});
my @doctor = ('doctor', '--run-dir', $t->dir, '--nginx-conf', $t->nginx->conf_path);
($status, $output) = $t->notifyctl(@doctor);
is($status >> 8, 1, 'doctor: a Redis without a bound and a password is worth a warning');
is(scalar(grep { /^warn/ } lines($output)), 2, '... a line each') or diag $output;
like($output, qr/^warn\s+memory\s+.*set maxmemory$/m, '... that says what to set');
like($output, qr/^warn\s+password\s+.*set requirepass/m, '... both of them');
$redis->cmd('CONFIG', 'SET', 'maxmemory', '1gb');
$redis->cmd('CONFIG', 'SET', 'requirepass', 'x' x 32);
my %password = (env => {REDIS_PASSWORD => 'x' x 32});
($status, $output) = $t->run([$ctl, @doctor], %password);
is($status >> 8, 0, 'doctor: all is well') or diag $output;
like($output, qr/^ok\s+secrets\s+.*API_TOKEN, BEARER_TOKEN, JWT_SECRET.*REDIS_PASSWORD$/m, 'no secret is weak');
$t->write_file($t->dir . '/weak', "hunter2\n");
for my $row (
    [API_TOKEN => 'your-secret-token', 'it is well known'], [API_TOKEN => 'x' x 15, 'it has less than 16 characters'],
    [BEARER_TOKEN => 'Secret', 'it is well known'], [JWT_SECRET => 'dev-secret', 'it is well known'],
    [SLACK_SIGNING_SECRET => 'abc', 'it has less than 16 characters'], [NOTIQ_ADMIN_PASSWORD => 'ADMIN', 'it is well known'],
    [NOTIQ_ADMIN_PASSWORD => 'short', 'it has less than 12 characters'],
    [NOTIQ_ADMIN_PASSWORD => 'file:' . $t->dir . '/weak', 'it has less than 12 characters'],
    [NOTIQ_ADMIN_PASSWORD => 'the-name-itself', 'it is the name, too', NOTIQ_ADMIN_USERNAME => 'The-Name-Itself'],
) {
    my ($name, $value, $why, %more) = @$row;
    my ($weak_status, $weak) = $t->run([$ctl, @doctor], env => {$password{env}->%*, $name => $value, %more});
    is($weak_status >> 8, 1, "a weak $name is a warning");
    like($weak, qr/^warn\s+secrets\s+$name: $why; set one such as/m, "... $why");
    unlike($weak, qr/\Q$value\E|hunter2/, '... without the secret') if length $value > 6;
}
is(($t->run([$ctl, 'publish', 'by-password', 'a=1'], %password))[0], 0, 'REDIS_PASSWORD is for all');
is(($t->notifyctl('publish', 'by-password', 'a=1'))[0] >> 8, 1, '... that ask Redis');
$redis->cmd('CONFIG', 'SET', 'requirepass', '');
my @lines = lines($output);
is(scalar(grep { !/^(?:ok|warn|FAIL) +\S/ } @lines), 0, 'a line each');
like($output, qr/^ok\s+$_/m, "tells of $_")
    for 'redis', 'version', 'memory', 'persistence', 'output buffer';
like($output, qr/noeviction/, 'with the policy');

$redis->cmd('CONFIG', 'SET', 'appendonly', 'no');
$redis->cmd('CONFIG', 'SET', 'maxmemory', '100mb');
$redis->cmd('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
($status, $output) = $t->notifyctl('doctor', '--run-dir', $t->dir);
is($status >> 8, 2, 'what breaks a promise: exit status 2');
like($output, qr/^FAIL\s+memory.*allkeys-lru/m, 'eviction');
like($output, qr/^FAIL\s+persistence/m, 'and no persistence');
$redis->stop;
($status, $output) = $t->notifyctl('doctor', '--run-dir', $t->dir);
is($status >> 8, 2, 'no Redis: exit status 2');
like($output, qr/^FAIL\s+redis/m, 'in its line');
is(($t->notifyctl('publish', 's', 'a=1'))[0] >> 8, 1, 'and publish: exit status 1');
$redis->start;

$t->done;
