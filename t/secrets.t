# Secrets, files and sockets: nothing stands on a command line, and nothing of RUN_DIR is for others.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;

# ---- no secret as an argument --------------------------------------------------------------------

# program, arguments, what is to be used instead.
my @refused = (
    ['notifyctl', ['sign', '--token', 'SECRET'], 'API_TOKEN.*--token-file'],
    ['notifyctl', ['sign', '--token=SECRET'], 'API_TOKEN.*--token-file'],
    ['notifyctl', ['tail', 's', '--redis-url', 'redis://:SECRET@127.0.0.1'], 'REDIS_URL'],
    ['notifyctl', ['--redis-url=redis://me:SECRET@127.0.0.1:1/0', 'doctor'], 'REDIS_URL'],
    ['notifyctl', ['publish', 's', 'a=1', '--redis-url', 'unix://:SECRET@/x'], 'REDIS_URL'],
    ['notifyctl', ['migrate', '--database-url', 'postgresql://u:SECRET@h/d'], 'DATABASE_URL'],
    ['notifyctl', ['migrate', '--database-url', 'postgresql://h/d?password=SECRET'], 'DATABASE_URL'],
    ['notify-worker', ['--redis-url', 'redis://:SECRET@127.0.0.1'], 'REDIS_URL'],
    ['notify-worker', ['--redis-url=redis://me:SECRET@127.0.0.1'], 'REDIS_URL'],
    ['notify-worker', ['--database-url', 'postgresql://u:SECRET@h/d'], 'DATABASE_URL.*file:PATH'],
    ['notify-worker', ['--database-url', 'postgresql:///d?user=u&password=SECRET'], 'DATABASE_URL'],
    ['notify-worker', ['--catalog-admin-password', 'SECRET'], 'NOTIQ_ADMIN_PASSWORD.*file:PATH'],
    ['notify-worker', ['--catalog-admin-password=SECRET'], 'NOTIQ_ADMIN_PASSWORD.*file:PATH'],
    ['notify-worker', ['--slack-bot-token', 'xoxb-SECRET'], 'SLACK_BOT_TOKEN.*file:PATH'],
    ['notify-worker', ['--slack-webhook-url=https://h/SECRET'], 'SLACK_WEBHOOK_URL.*file:PATH'],
);
for my $row (@refused) {
    my ($program, $arguments, $instead) = @$row;
    my ($status, $output) = $t->run([$t->build . "/$program", @$arguments], cwd => $t->dir);
    my $name = "$program @$arguments";
    isnt($status, 0, "$name is refused");
    like($output, qr/every user of this machine.*$instead/, '... and says what to use instead');
    unlike($output, qr/SECRET/, '... without the secret');
}
my ($status, $output) = $t->notifyctl('publish', 's', 'a=1', '--redis-url', $t->redis->url);
is($status, 0, 'a URL without a password may stand there') or diag $output;
my $file = "$t->{dir}/token";
$t->write_file($file, "from a file\nsecond line\n");
($status, $output) = $t->notifyctl('sign', '--token-file', $file);
like($output, qr/^token: from a file$/m, 'sign --token-file');

# What curl reads from its configuration may hold anything that a header may.
my $odd = 'blank "quoted" back\\slash #1 \'x\' $(y)';
$t->start_nginx(shipped => 1, env => {API_TOKEN => $odd});
my $url = 'http://127.0.0.1:' . $t->nginx->port . '/publish/test?message=curl';
my $ctl = $t->build . '/notifyctl';
($status, $output) = $t->run(['sh', '-c', "$ctl sign --curl | curl -sS -K - -X POST '$url'"],
    env => {API_TOKEN => $odd});
like($output, qr/"status":"success"/, 'sign --curl is a configuration for curl, whatever the token');
my $stream = 'http://127.0.0.1:' . $t->nginx->port . '/api/v1/external/notify/history';
($status, $output) = $t->run(['sh', '-c', "$ctl token --sub u --curl | curl -sS -K - '$stream'"]);
is($output, '{"events":[]}', 'token --curl as well');

# ---- a Redis of its own, and files ---------------------------------------------------------------

my $copy = $t->copy('kept');
my $run  = "$t->{dir}/" . 'long' x 25;    # longer than the path of a socket may be

# As an earlier version left it.
mkdir $run, 0755;
$t->write_file("$run/access.log", "old\n");
chmod 0644, "$run/access.log";
$copy->{env} = {RUN_DIR => $run};
($status, $output) = $copy->make_and_wait('start', 30);
is($status, 0, 'make start with a long RUN_DIR') or diag $output;

sub mode ($path) { return sprintf '%04o', (lstat $path)[2] & 07777 }
my $group = getgrnam 'www-data';
is(mode($run), '0750', 'RUN_DIR is closed');
is((stat $run)[5], $group, '... but for nginx') if $> == 0;
is(mode("$run/$_"), '0600', "$_ is its owner's") for 'credentials.env', 'redis.conf', 'catalog.sqlite';
is(mode("$run/$_"), '0640', "$_ is not for others") for 'access.log', 'error.log', 'nginx.log',
    'notify-worker.log', 'supervisor.log', 'nginx.conf';
is(mode("$run/$_"), '0750', "$_/ is not for others") for 'auth', 'tmp', 'conf', 'api-page';
my @open = grep { /\S/ } split /\n/, `find $run ! -type l -perm /007`;
is_deeply(\@open, [], 'nothing in RUN_DIR is for others');

chomp(my $folder = $t->read_file("$run/socket-folder"));
like($folder, qr{/notify\.\w{10}\z}, 'a socket that finds no place there has a folder of its own');
is(mode($folder), '0750', '... that is closed');
is(mode("$folder/catalog.sock"), '0660', '... with a socket that is closed');
is((stat "$folder/catalog.sock")[5], $group, '... but for nginx') if $> == 0;
my $health = NotifyTest::Http->new(port => $copy->port)->request('GET', '/api/health');
is($health->status, 200, '... which nginx reaches') or diag $health->body;

# What a user of the machine sees of us.
my @secrets = map { $copy->credential($_) }
    qw(API_TOKEN JWT_SECRET BEARER_TOKEN NOTIQ_ADMIN_PASSWORD REDIS_PASSWORD);
is(scalar(grep { length($_ // '') >= 32 } @secrets), 5, 'five secrets are made');
my $arguments = join "\n", map { eval { $t->read_file("/proc/$_/cmdline") } // '' } $copy->processes;
is(scalar(grep { index($arguments, $_) >= 0 } @secrets), 0, 'none is an argument of a process');

my @asked = ('redis-cli', '-h', '127.0.0.1', '-p', $copy->{redis_port});
like(($t->run([@asked, 'PING']))[1], qr/NOAUTH/, 'the Redis that is started wants a password');
my %known = (REDISCLI_AUTH => $secrets[4]);
like(($t->run([@asked, 'CONFIG', 'GET', 'maxmemory*'], env => \%known))[1],
    qr/maxmemory\n[1-9]\d+\n/, 'has a bound');
like(($t->run([@asked, 'CONFIG', 'GET', 'maxmemory-policy'], env => \%known))[1], qr/noeviction/,
    'and throws nothing away');
my %plain = (REDIS_URL => "redis://127.0.0.1:$copy->{redis_port}/0", RUN_DIR => $run);
($status, $output) = $t->run([$ctl, 'publish', 's', 'a=1'], env => \%plain);
is($status, 0, 'notifyctl finds the password') or diag $output;

# Where such a Redis runs already, another `make run` needs its password.
my $other = $t->copy('other');
$other->{redis_port} = $copy->{redis_port};
($status, $output) = $other->make_and_wait('start', 30);
isnt($status, 0, 'a Redis whose password is not known is an error');
like($output, qr/^REDIS_URL: .* refuses the user or password; set REDIS_PASSWORD/m, 'that says so');
$other->{env} = {REDIS_PASSWORD => $secrets[4]};
($status, $output) = $other->make_and_wait('start', 30);
is($status, 0, 'REDIS_PASSWORD is what it wants') or diag $output;
$other->make_and_wait('stop');

is(($copy->make_and_wait('stop'))[0], 0, 'make stop');
ok(!-e $folder, 'and the folder of the socket is gone');

# A Redis that wants none is used as it is.
$other->{env}        = {};
$other->{redis_port} = $t->redis->port;
($status, $output) = $other->make_and_wait('start', 30);
is($status, 0, 'a Redis without a password is used') or diag $output;
is(($other->make_and_wait('stop'))[0], 0, 'make stop');
ok($copy->gone_within(5) && $other->gone_within(5), 'nothing is left');

# ---- traps in the place of our files -------------------------------------------------------------

symlink "$t->{dir}/trapped", "$t->{dir}/trap.sock.lock";
my $worker = $t->start_worker(env => {NOTIQ_ADMIN_PASSWORD => 'p' x 32,
    NOTIFY_CATALOG_SOCKET => "$t->{dir}/trap.sock"});
ok($worker->wait_output(qr/the catalogue cannot be served.*trap\.sock\.lock/, 10),
    'a link in the place of the lock is an error');
ok(!-e "$t->{dir}/trapped" && !-e "$t->{dir}/trap.sock", 'it is not followed, and nothing is served');
$worker->stop;

$t->done;
