# notifyctl up, down and status: one that is killed leaves nothing behind, what dies comes back, and
# a URL of Redis means the same to what starts it and to what uses it.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use NotifyTest;
use Time::HiRes qw(time);

my $t     = NotifyTest->new;
my $ctl   = $t->build . '/notifyctl';
my $run   = $t->dir . '/run';
my $port  = free_port();
my $redis = free_port();
my %env   = (
    RUN_DIR => $run, LISTEN_PORTS => $port, LISTEN_TLS_PORTS => undef, LISTEN_ADDRESS => undef, AUTH_STORE_DIR => undef,
    REDIS_PASSWORD => 'p@ss:w/rd%', REDIS_URL => "redis://127.0.0.1:$redis?db=3", NGINX_USER => undef,
);

sub ctl (@arguments) {
    return $t->run([$ctl, @arguments], cwd => $t->dir, env => \%env, seconds => 30);
}
sub up () { return ctl('up', '--detach', '--source', $t->root) }

# What runs, by name.
sub pids () {
    my ($status, $output) = ctl('status', '--json');
    return JSON::PP::decode_json($output);
}
sub pid ($name) { return pids()->{pids}{$name} // 0 }

sub ready () {
    my $http = eval { NotifyTest::Http->new(port => $port) } or return 0;
    return $http->request('GET', '/api/v1/notify/health/ready')->status == 200;
}

# Those of them that run; one that has ended may not have been waited for yet.
sub alive (@pids) {
    return grep { -e "/proc/$_" && (eval { $t->read_file("/proc/$_/stat") } // ') Z') !~ /^.*\) Z/s } @pids;
}
sub gone (@pids) {
    return wait_until(sub { !alive(@pids) }, 10);
}

# ---- one grammar of URLs -------------------------------------------------------------------------

is((ctl('status'))[0] >> 8, 3, 'nothing runs');
my ($status, $output) = up();
is($status, 0, 'notifyctl up') or diag $output;
like($output, qr{^ready: http://localhost:$port \(Redis at redis://127\.0\.0\.1:$redis/3, state in \Q$run\E\)$}m,
    'says what it has started');
unlike($output, qr/p\@ss|p%40ss/, '... without the password');
ok(ready(), 'ready means ready');
my $now = pids();
is($now->{run_dir}, $run, 'status --json');
ok($now->{ready}, '... is ready');
is(join(' ', sort keys $now->{pids}->%*), 'nginx notify-worker redis supervisor', '... and knows all four');
is((ctl('publish', 'here', 'a=1'))[0], 0, 'notifyctl finds its Redis');
my @asked = ('redis-cli', '-h', '127.0.0.1', '-p', $redis);
like(($t->run([@asked, '-n', 3, 'XLEN', 'here'], env => {REDISCLI_AUTH => $env{REDIS_PASSWORD}}))[1], qr/^1$/m,
    '?db=3 is database 3');

my ($again, $busy) = $t->run([$ctl, 'up', '--source', $t->root], cwd => $t->dir, env => \%env);
isnt($again, 0, 'another one from the same RUN_DIR is an error');
like($busy, qr/^already running from \Q$run\E/m, '... that says so');
is((up())[0], 0, 'where it runs in the background already, that is fine');
is(pid('supervisor'), $now->{pids}{supervisor}, '... and nothing is started again');

my ($lost, $where) = $t->run([$ctl, 'up', '--source', $t->dir], cwd => $t->dir, env => {%env, RUN_DIR => "$run-none"});
isnt($lost, 0, 'without the sources it does not start');
like($where, qr/^cannot read .*nginx\.conf\.example: No such file .*--source/m, '... and says what is missing');
ok(!-e "$run-none", '... before it has made anything');

# ---- what dies comes back ------------------------------------------------------------------------

kill 'KILL', pid('nginx');
ok(wait_until(sub { my $new = pid('nginx'); $new && $new != $now->{pids}{nginx} && ready() }, 10),
    'a killed nginx is started again, and answers');
for my $round (1, 2) {
    my $worker = pid('notify-worker');
    my $began  = time;
    kill 'KILL', $worker;
    ok(wait_until(sub { my $new = pid('notify-worker'); $new && $new != $worker }, 5), "a worker, time $round");
    my $rest = time - $began;
    $round == 1 ? cmp_ok($rest, '<', 0.9, '... at once') : cmp_ok($rest, '>', 0.9, '... after a rest');
}

# ---- one that is killed --------------------------------------------------------------------------

my @all = values pids()->{pids}->%*;
kill 'KILL', pid('supervisor');
ok(gone(@all), 'a killed supervisor takes all with it');
isnt((ctl('status'))[0], 0, 'nothing runs');

# ---- two at once --------------------------------------------------------------------------------

my @both = map {
    NotifyTest::Process->start(
        name => "up $_", command => [$ctl, 'up', '--detach', '--source', $t->root], cwd => $t->dir,
        env  => {$t->environment->%*, %env}, log => $t->dir . "/both$_.log",
    )
} 1, 2;
for my $one (@both) {
    ok($one->wait_exit(20), 'it starts again');
    is($one->status, 0, '... whoever is first');
    like($one->output, qr/^ready: /m, '... and both return once all answer');
}
ok(ready(), 'they do');

# Stopped, the worker cannot hear that it is to end.
my $worker = pid('notify-worker');
kill 'STOP', $worker;
@all = grep { $_ != $worker } values pids()->{pids}->%*;
kill 'KILL', pid('supervisor');
ok(gone(@all), 'all end that can');
($status, $output) = up();
is($status, 0, 'what is left is no obstacle') or diag $output;
like($output, qr/^ending notify-worker \(pid $worker\), which was left from before$/m, 'it is ended');
is(join(' ', alive($worker)), '', '... for good');
@all = values pids()->{pids}->%*;
my $began = time;
is((ctl('down'))[1], "stopped what ran from $run\n", 'notifyctl down');
is(join(' ', alive(@all)), '', 'ends all before it returns');
cmp_ok(time - $began, '<', 9, 'in time');
is_deeply([grep { -e } glob("$run/*.pid"), "$run/supervisor.ready"], [], 'and leaves no file of it');
is((ctl('down'))[1], "nothing runs from $run\n", 'once more does no harm');

# ---- a Unix socket, which every new Redis makes anew --------------------------------------------

$env{REDIS_URL} = "redis+unix://$run/redis.sock";
($status, $output) = up();
is($status, 0, 'a Unix socket') or diag $output;
my $old = pid('redis');
kill 'KILL', $old;
ok(wait_until(sub { my $new = pid('redis'); $new && $new != $old }, 5), 'a killed Redis is started again');
ok(wait_until(\&ready, 10), 'and nginx reaches its new socket');
is(sprintf('%04o', (stat "$run/redis.sock")[2] & 07777), '0660', '... which is closed to others');
is((ctl('down'))[0], 0, 'notifyctl down');

# ---- what is refused before anything starts ------------------------------------------------------

my %refused = (
    'REDIS_URL: invalid Redis URL: rediss:// needs TLS' => 'rediss://127.0.0.1',
    'REDIS_URL: invalid Redis URL: it must begin'       => 'http://127.0.0.1',
    'REDIS_URL: invalid Redis URL: database number given twice' => 'redis://127.0.0.1/1?db=2',
    # Nothing of a URL becomes a line of its own in redis.conf.
    'REDIS_URL: a Redis of our own has users of letters' => "redis://u%0Amaxclients%207:pw\@127.0.0.1:$redis",
    'REDIS_URL: the password of a Redis of our own holds no zero byte' => "redis://:a%00b\@127.0.0.1:$redis",
);
for my $problem (sort keys %refused) {
    $env{REDIS_URL} = $refused{$problem};
    ($status, $output) = up();
    isnt($status, 0, "$refused{$problem} is refused");
    like($output, qr/^\Q$problem\E/m, '... and why');
}

$t->done;
