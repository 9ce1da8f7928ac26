# make run, start, stop, status and restart in a copy of the tree.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t     = NotifyTest->new;
my $slack = $t->start_slack;
my $copy  = $t->copy('one');
$copy->{env} = {SLACK_WEBHOOK_URL => $slack->url};

sub ask ($copy, $method, $path, %option) {
    my $http = NotifyTest::Http->new(port => $copy->port, %{delete $option{connection} // {}});
    return $http->request($method, $path, %option);
}

sub healthy ($copy) {
    return (eval { ask($copy, 'GET', '/api/v1/notify/health/ready')->status } // 0) == 200;
}

# ---- make run ------------------------------------------------------------------------------------

my $began = time;
if (!ok($copy->run(10), 'make run prints ready within 10 s in a copy')) {
    diag $copy->{make}->output;
    $copy->kill_all;
    $t->done;
    exit;
}
diag sprintf 'make run: ready after %.1f s', time - $began;
unlike($copy->{make}->output, qr/^\s+CXX\s/m, 'without compiling');
my $open = grep { my $port = $_; eval { NotifyTest::Http->new(port => $port) } } $copy->{ports}->@*;
is($open, 3, 'on all ports');
ok(healthy($copy), 'ready means ready');
is(sprintf('%o', (stat $copy->run_dir . '/credentials.env')[2] & 0777), '600',
    'secrets are for the owner only');
for my $name (qw(API_TOKEN JWT_SECRET BEARER_TOKEN NOTIQ_ADMIN_PASSWORD REDIS_PASSWORD)) {
    like($copy->credential($name), qr/^\S{32,}$/, "$name is generated");
}

# The README's example, with the token that was made, on the port that was asked for.
my $example = $t->read_file("$FindBin::Bin/examples/publish.py");
$example =~ s/localhost:10000/'localhost:' . $copy->port(2)/e;
my $token = $copy->credential('API_TOKEN');
$example =~ s/your-secret-token/$token/;
$t->write_file("$t->{dir}/publish.py", $example);
$began = time;
my ($status, $output) = $t->run(['/usr/bin/python3', "$t->{dir}/publish.py"]);
like($output, qr/^Status code: 200$/m, "the README's Python example prints 200") or diag $output;
$slack->wait_requests(1, 5);
is(join('|', $slack->texts), 'Hello from Python client!', 'Slack gets it');
cmp_ok(($slack->requests)[0]{time} - $began, '<', 3, 'in time');

my $bearer = $copy->credential('BEARER_TOKEN');
is(ask($copy, 'POST', '/api/streams/made/messages', body => '{"data":1}',
    headers => [Authorization => "Bearer $bearer"])->status, 201, 'the streams take their token');

like(ask($copy, 'GET', '/docs')->body, qr/<title>Notify: the API</, 'the page of the API is there');
is(ask($copy, 'GET', '/openapi.json')->json->{openapi}, '3.1.0', 'and what it shows');

my ($ctl, $headers) = $t->run(["build/notifyctl", 'sign'], cwd => $copy->dir,
    env => {map { $_ => undef } qw(API_TOKEN JWT_SECRET REDIS_URL)});
like($headers, qr/^token: \Q$token\E$/m, 'notifyctl finds the secrets');

# API keys: the folder is there, and nginx's workers can read what notifyctl puts into it.
my $keys = $copy->run_dir . '/auth/auth.json';
my ($made, $key) = $t->run(['build/notifyctl', 'key', 'create', '-u', 'alice'], cwd => $copy->dir,
    env => {map { $_ => undef } qw(AUTH_STORE_DIR REDIS_URL)});
is($made, 0, 'notifyctl finds where API keys are kept') or diag $key;
like($key, qr/auth\.json\nGenerated API-Key: \S+\n\z/, 'and makes one');
ok(-s $keys, 'in RUN_DIR');
is((stat $keys)[2] & 0007, 0, 'which not everybody may read') if $> == 0;
is((stat _)[5], scalar getgrnam('www-data'), 'but nginx may') if $> == 0;

# ---- a worker that dies --------------------------------------------------------------------------

my $worker = $copy->pid_of('notify-worker');
my $nginx  = $copy->pid_of('nginx');
kill 'KILL', $worker;
$began = time;
my $replaced = sub {
    my $pid = $copy->pid_of('notify-worker');
    return $pid && $pid != $worker && kill 0, $pid;
};
ok(wait_until($replaced, 5), 'a dead worker is started again');
cmp_ok(time - $began, '<', 1.5, 'within a second');
is($copy->pid_of('nginx'), $nginx, 'and nginx did not notice');
ok(healthy($copy), 'nor do its clients');

# ---- two copies, and two RUN_DIRs of one tree ----------------------------------------------------

my $second = $t->copy('two');
ok($second->run(10), 'a second copy runs beside it') or diag $second->{make}->output;
isnt($second->credential('API_TOKEN'), $token, 'with secrets of its own');
my $busy = $t->copy('two');
$busy->{ports}[0] = $copy->port;
$busy->{env}{RUN_DIR} = "$t->{dir}/busy";
my ($busy_status, $busy_output) = $busy->make_and_wait('run', 15);
isnt($busy_status, 0, 'a port that is taken is an error');
like($busy_output, qr/@{[$copy->port]}.*LISTEN_PORTS|LISTEN_PORTS.*@{[$copy->port]}/,
    'that names the port and the setting');
$busy->{ports}[0] = free_port();
$busy->{env}{STAGE}      = 'prod';
$busy->{env}{JWT_SECRET} = 'dev-secret';
my ($known_status, $known_output) = $busy->make_and_wait('run', 15);
isnt($known_status, 0, 'a well-known secret is an error in prod');
like($known_output, qr/^JWT_SECRET: it is well known.*STAGE=prod/m, 'that names both settings');
unlike($known_output, qr/dev-secret/, 'and not the secret');

# ---- the ends of make run ------------------------------------------------------------------------

my $loop = $t->loop;
my $secret = $copy->credential('JWT_SECRET');
my $stream = NotifyTest::Stream->new(loop => $loop, port => $copy->port, reconnect => 0,
    path => '/api/v1/external/notify/stream?token=' . jwt($secret, {sub => 'u'}));
ok($stream->wait_open, 'a stream is open');
$began = time;
kill 'INT', -$copy->{make}->pid;
ok($loop->run_until(sub { !$copy->processes }, 15), 'Ctrl-C to the group ends everything');
cmp_ok(time - $began, '<', 15, sprintf 'within 15 s (%.1f)', time - $began);
ok($stream->{ended_cleanly}, 'and the stream properly');
ok(wait_until(sub { !$copy->{make}->running }, 3), 'make has ended');
is_deeply([glob $copy->run_dir . '/*.pid'], [], 'no pid file is left');
ok(healthy($second), 'the second copy is untouched');

$second->{make}->signal('INT');
ok($second->gone_within(15), 'SIGINT to make alone ends everything');
ok($copy->run(10), 'it starts again') or diag $copy->{make}->output;
is($copy->credential('API_TOKEN'), $token, 'with the same secrets');
$copy->{make}->signal('TERM');
ok($copy->gone_within(15), 'SIGTERM to make alone ends everything');

# ---- in the background ---------------------------------------------------------------------------

isnt(($copy->make_and_wait('status'))[0], 0, 'status: nothing runs');
my ($start_status, $start) = $copy->make_and_wait('start', 20);
is($start_status, 0, 'make start returns') or diag $start;
ok(healthy($copy), 'once all answer');
($status, $output) = $copy->make_and_wait('status');
is($status, 0, 'make status: all runs') or diag $output;
like($output, qr/nginx.*\b@{[$copy->pid_of('nginx')]}\b/, 'with the pids');
my $old = $copy->pid_of('nginx');
is(($copy->make_and_wait('restart'))[0], 0, 'make restart');
isnt($copy->pid_of('nginx'), $old, 'starts another nginx');
ok(healthy($copy), 'that answers');
is(($copy->make_and_wait('start'))[0], 0, 'make start again does no harm');
is(($copy->make_and_wait('stop'))[0], 0, 'make stop');
ok($copy->gone_within(1), 'leaves nothing');
is(($copy->make_and_wait('stop'))[0], 0, 'make stop again does no harm');

# ---- .env ----------------------------------------------------------------------------------------

my $tls_port = free_port();
$t->write_file($copy->dir . '/.env', <<"END");
# comment
API_TOKEN="a token with # and \\"quotes\\" in it"
JWT_SECRET='single \$quoted "secret" of a good length'
export SLACK_WEBHOOK_URL=@{[$slack->url('/from-env-file')]}
LISTEN_TLS_PORTS=$tls_port
INTERNAL_TRUSTED_CIDRS=["127.0.0.2/32", "10.0.0.0/8"]
END
delete $copy->{env}{SLACK_WEBHOOK_URL};
is(($copy->make_and_wait('start', 20))[0], 0, 'settings from .env');
my $quoted = 'a token with # and "quotes" in it';
is(ask($copy, 'POST', '/publish/test?message=x', headers => signed_headers($quoted))->status, 200,
    'a value in double quotes');
my $jwt = jwt('single $quoted "secret" of a good length', {sub => 'u'});
$stream = NotifyTest::Stream->new(loop => $loop, port => $copy->port, reconnect => 0,
    path => "/api/v1/external/notify/stream?token=$jwt");
ok($stream->wait_open, 'a value in single quotes');
$stream->close_stream;
ok(wait_until(sub { grep { $_->{path} eq '/from-env-file' } $slack->requests }, 5),
    'a value after export');
my $publish = '/api/v1/internal/notify/publish';
my @event = (body => '{"type":"t","user_id":"u","data":1}');
is(ask($copy, 'POST', $publish, @event)->status, 403, 'a list of networks');
is(ask($copy, 'POST', $publish, @event, connection => {from => '127.0.0.2'})->status, 202,
    '... lets in whom it names');
my @curl = ('curl', '-sS', '--http2', '--cacert', $copy->run_dir . '/tls/cert.pem');
my ($tls_status, $tls) = $t->run([@curl, '-w', ' %{http_version}',
    "https://localhost:$tls_port/api/v1/notify/health/live"]);
is($tls, '{"status":"ok"} 2', 'a port with TLS and HTTP/2, and a certificate for it');
$copy->make_and_wait('stop');

$copy->{env}{API_TOKEN} = 'the-environment-wins';
$copy->{env}{STAGE}     = 'prod';
is(($copy->make_and_wait('start', 20))[0], 0, 'and the environment');
my $signed = signed_headers('the-environment-wins');
is(ask($copy, 'POST', '/publish/test?message=x', headers => $signed)->status, 200,
    'wins over .env');
is(ask($copy, 'GET', '/docs')->status, 401, 'STAGE=prod: no page of the API');
ok(!-e $copy->run_dir . '/api-page', 'nor is it there');
is(($copy->make_and_wait('stop'))[0], 0, 'make stop');
ok($copy->gone_within(5), 'nothing is left of it');
ok($second->gone_within(5), 'nor of the other');

# ---- where nothing was ever built ----------------------------------------------------------------

rename $second->dir . "/$_", $second->dir . "/was-$_" for qw(build run);
for my $target (qw(stop status)) {
    ($status, $output) = $second->make_and_wait($target, 5);
    like($output, qr/\Anothing runs: nothing is built$/m, "make $target builds nothing to say so");
    $target eq 'stop' ? is($status, 0, '... which is fine') : isnt($status, 0, '... and fails');
}

$t->done;
