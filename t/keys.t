# notify_auth key: API keys from a store that changes while nginx runs.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

use MIME::Base64 qw(encode_base64url);
use Time::HiRes  qw(time);

my $t      = NotifyTest->new;
my $store  = $t->key_store . '/auth.json';
my $shared = free_port();

# A guard needs nothing else of the module: no Redis here. Connections to $shared go to either
# worker, by the client's port.
$t->start_nginx(
    workers => 2,
    http    => 'log_format keys "$request_uri $notify_subject"; access_log keys.log keys;',
    server  => <<"END",
listen 127.0.0.1:$shared reuseport;
add_header X-Worker \$pid always;
add_header X-User \$notify_subject always;
large_client_header_buffers 4 32k;
notify_key env:AUTH_STORE_DIR arg=token;
notify_auth_failures 1000;
location / {
    notify_auth key;
    try_files /none =204;
}
location /header {
    notify_auth key;
    notify_key env:AUTH_STORE_DIR header=X-API-Key;
    try_files /none =204;
}
location /few {
    notify_auth key;
    notify_auth_failures 5;
    try_files /none =204;
}
location /text {
    notify_auth key;
    notify_errors text;
    try_files /none =204;
}
location /both {
    notify_auth key jwt;
    notify_jwt HS256 env:JWT_SECRET;
    notify_auth_failures 5;
    try_files /none =204;
}
location /any {
    satisfy any;
    allow 127.0.0.9;
    deny all;
    notify_auth key;
    try_files /none =204;
}
END
);

sub ask ($key, $path = '/', %option) {
    my @headers = defined $key ? ('Authorization', "Bearer $key") : ();
    return $t->request('GET', $path, headers => \@headers, %option);
}

my $refused = '{"detail":"Invalid or missing token"}';
sub refuses ($name, $response) {
    return $t->answers($name, $response, 401, $refused, 'WWW-Authenticate' => 'Bearer',
        'Content-Type' => 'application/json');
}

# ---- before there is a store ---------------------------------------------------------------------

my $made_up = encode_base64url('alice:' . 'x' x 24);
refuses('no store, a key', ask($made_up));
like($t->nginx->error_log, qr/notice.*\Q$store\E: there is none yet/, 'which the log tells');

# ---- a key is taken without a reload -------------------------------------------------------------

my $alice = $t->make_key('alice');
$t->answers('a new key', ask($alice), 204, '', 'X-User' => 'alice');
my $second = $t->make_key('alice');
$t->answers('a second one of the user', ask($second), 204);
$t->answers('and still the first', ask($alice), 204);
my %odd = map { $_ => $t->make_key($_) } 'a b', "\xc3\xbc", '"?&%', 'x' x 256;
$t->answers("a user named $_", ask($odd{$_}), 204, '', 'X-User' => $_) for sort keys %odd;

# ---- where it stands -----------------------------------------------------------------------------

$t->answers('in the query', ask(undef, "/?token=$alice"), 204);
$t->answers('escaped', ask(undef, '/?token=' . join '', map { sprintf '%%%02x', ord } split //,
    $alice), 204);
$t->answers('the header wins', ask($alice, '/?token=wrong'), 204);
refuses('also a wrong one', ask($made_up, "/?token=$alice"));
refuses('another scheme',
    $t->request('GET', '/', headers => [Authorization => "Basic $alice"]));
refuses('in lower case',
    $t->request('GET', '/', headers => [Authorization => "bearer $alice"]));
$t->answers('a header of its own',
    $t->request('GET', '/header', headers => ['x-api-key' => $alice]), 204);
refuses('that one alone', ask($alice, '/header'));
refuses('no query there', ask(undef, "/header?token=$alice"));
$t->answers('the location shapes the refusal', ask(undef, '/text'), 401,
    "Invalid or missing token\n", 'Content-Type' => qr{^text/plain},
    'WWW-Authenticate' => 'Bearer');

# ---- what is refused -----------------------------------------------------------------------------

my @wrong = (
    ['nothing',                  ''],
    ['a word',                   'x'],
    ['one letter less',          substr $alice, 0, -1],
    ['one letter more',          $alice . 'A'],
    ['padding',                  "$alice="],
    ['a blank in front',         " $alice x"],
    ['other random bytes',       $made_up],
    ["another user's bytes",     encode_base64url('nobody:' . 'x' x 24)],
    ['no user',                  encode_base64url(':' . 'x' x 24)],
    ['no colon',                 encode_base64url('alice')],
    ['only the user',            encode_base64url('alice:')],
    ['a user with a NUL',        encode_base64url("alice\0:" . 'x' x 24)],
    ['any byte',                 encode_base64url(join('', map { chr } 0 .. 255) . ':x')],
    ['bytes that are no Base64', "\xff\xfe\x01"],
    ['a path',                   '../../../etc/passwd'],
    ['10 kB',                    'x' x 10_240],
    ['10 kB of a user',          encode_base64url('x' x 7_700 . ':' . 'x' x 24)],
    ['10 kB behind the user',    encode_base64url('alice:' . 'x' x 7_700)],
);
refuses($_->[0], ask($_->[1])) for @wrong;
refuses('bytes in the query', ask(undef, '/?token=%00%ff%0a'));
refuses('an empty argument', ask(undef, '/?token='));
refuses('no key', ask(undef));

# ---- together with others ------------------------------------------------------------------------

my $jwt = jwt(JWT_SECRET, {sub => 'j'});
$t->answers('a token where both are good', ask($jwt, '/both'), 204, '', 'X-User' => 'j')
    for 1 .. 10;
$t->answers('a key there', ask($alice, '/both'), 204, '', 'X-User' => 'alice');
$t->answers('satisfy any, by key', ask($alice, '/any'), 204);
$t->answers('by address', ask(undef, '/any', from => '127.0.0.9'), 204);
is(ask('x', '/any')->status, 401, 'by neither');

# ---- how often one may fail ----------------------------------------------------------------------

my @from = (from => '127.0.0.3');
refuses('neither a token nor a key', ask('x', '/both', @from));
is(ask("wrong$_", '/few', @from)->status, 401, "failure $_") for 2 .. 5;
my $limited = ask('wrong', '/few', @from);
$t->answers('one too many', $limited, 429, '{"detail":"Too many failed attempts"}',
    'Retry-After' => qr/^\d+$/);
cmp_ok($limited->header('Retry-After'), '<=', 60, 'for a minute at most');
is(ask($alice, '/few', @from)->status, 204, 'a key that was verified before is let in');
my $fresh = $t->make_key('fresh');
is(ask($fresh, '/few', @from)->status, 429, 'one that was not is not looked at');
is(ask($fresh, '/few', from => '127.0.0.4')->status, 204, 'another address may try');
is(ask($fresh, '/few', @from)->status, 204, 'and then it is known');
is(ask(undef, '/few', @from)->status, 401, 'no key at all is no failure');
is(ask('wrong', '/', @from)->status, 401, 'where more are allowed it is let in');
is(ask('wrong', '/both', @from)->status, 429, 'with a token, too');
is(ask($jwt, '/both', @from)->status, 204, 'but a good token is let in');

# ---- all workers ---------------------------------------------------------------------------------

# A connection that stays, to each worker.
sub connections () {
    my %worker;
    wait_until(sub {
        my $http = NotifyTest::Http->new(port => $shared);
        my $pid  = $http->request('GET', '/')->header('X-Worker');
        $worker{$pid} //= $http;
        return keys %worker == 2;
    }) or BAIL_OUT('one worker takes all connections');
    return @worker{sort keys %worker};
}
my @workers = connections();

sub status_at ($http, $key) {
    return $http->request('GET', '/', headers => [Authorization => "Bearer $key"])->status;
}

my $shared_key = $t->make_key('shared');
is(status_at($_, $shared_key), 204, 'a new key is good at each worker') for @workers;
for my $round (1 .. 5) {
    my $key = $t->make_key("round$round");
    is(status_at($_, $key), 204, "round $round: good at once") for @workers;
    $t->revoke_keys("round$round");
    my $revoked = time;
    for my $http (@workers) {
        ok(wait_until(sub { status_at($http, $key) == 401 }, 5), 'and refused once revoked');
    }
    cmp_ok(time - $revoked, '<', 1, 'within a second');
}
is(status_at($_, $shared_key), 204, 'the others stay good') for @workers;

# ---- a store that is broken ----------------------------------------------------------------------

sub replace_store ($text) {
    $t->write_file("$store.test", $text);
    rename "$store.test", $store or die "rename: $!\n";
    return;
}

my $whole  = $t->read_file($store);
my $half   = substr $whole, 0, length($whole) / 2;
my @broken = (
    ['cut',     sub { $t->write_file($store, $half) }, qr/not JSON/],
    ['empty',   sub { $t->write_file($store, '') },    qr/it is empty/],
    ['no JSON', sub { replace_store('hello') },        qr/not JSON/],
    ['a list',  sub { replace_store('[]') },           qr/not a JSON object/],
    ['of other types', sub { replace_store('{"users":{"1":{"username":7}}}') },
        qr/username is not a string/],
    ['missing',  sub { unlink $store },                qr/there is none/],
    ['a folder', sub { mkdir $store },                 qr/not a regular file/],
);
push @broken, ['unreadable', sub { rmdir $store; replace_store($whole); chmod 0600, $store },
    qr/Permission denied/] if $> == 0;
for (@broken) {
    my ($name, $break, $told) = @$_;
    my $logged = length $t->nginx->error_log;
    my $lines;
    $break->();
    # A key that nobody knows makes each of them look.
    ok(wait_until(sub {
        status_at($_, $made_up) for @workers;
        $lines = () = substr($t->nginx->error_log, $logged)
            =~ /\[error\].*\Q$store\E: .*$told.*stays in force/g;
        return $lines >= 2;
    }), "a store that is $name: logged by each worker, with the reason");
    is(status_at($_, $shared_key), 204, 'the last good one stays in force') for @workers;
    is(status_at($_, $made_up),    401, 'for wrong keys, too')              for @workers;
}
# Also for workers that begin meanwhile.
$t->nginx->reload;
@workers = connections();
is(status_at($_, $shared_key), 204, 'after a reload, too') for @workers;
$t->nginx->kill_worker for 1 .. 2;
$t->allow_log(qr/exited on signal 9/);
@workers = connections();
is(status_at($_, $shared_key), 204, 'and in a worker that takes the place of one that was killed')
    for @workers;
is(status_at($_, $made_up), 401, 'where no other key is good') for @workers;
rmdir $store;
chmod 0644, $store;
replace_store($whole);
my $late = $t->make_key('late');
is(status_at($_, $late), 204, 'once it is good again new keys are') for @workers;
like($t->nginx->error_log, qr/notice.*\Q$store\E is good again/, 'and that is logged');

# ---- a store that the service before has made ----------------------------------------------------

my $ours   = $t->read_file($store);
my $python = <<'PYTHON';
import base64, hashlib, json, secrets, sys, uuid
key = base64.urlsafe_b64encode(b'carol:' + secrets.token_bytes(24)).decode().rstrip('=')
salt = secrets.token_hex(16)
digest = hashlib.pbkdf2_hmac('sha256', key.encode(), salt.encode(), 100000, dklen=32).hex()
now = '2025-01-01T00:00:00+00:00'
user = {'id': str(uuid.uuid4()), 'created_at': now, 'username': 'carol', 'api_keys': [
    {'id': str(uuid.uuid4()), 'created_at': now, 'salt': salt, 'hash': digest}]}
with open(sys.argv[1], 'r+') as store:
    store.write(json.dumps({'users': {'1': user}}, indent=json.loads(sys.argv[2])))
    store.truncate()
print(key)
PYTHON
for my $indent ('null', 4) {
    my (undef, $output) = $t->run(['python3', '-c', $python, $store, $indent]);
    chomp(my $carol = $output);
    is(status_at($_, $carol), 204, "its keys are good, indent $indent") for @workers;
    my $more = $t->make_key('dave');
    is(status_at($_, $more),  204, 'so are those that notifyctl adds')  for @workers;
    is(status_at($_, $carol), 204, 'and they stay good')                for @workers;
}
replace_store($ours);

# ---- many at once, and those who leave -----------------------------------------------------------

my $busy    = $t->make_key('busy');
my @http    = map { NotifyTest::Http->new(port => $shared) } 1 .. 60;
my $request = NotifyTest::Http::compose('GET', '/', headers => [Authorization => "Bearer $busy"]);
$_->send($request) for @http;
my %status;
$status{$_->receive->status}++ for @http;
is_deeply(\%status, {204 => 60}, '60 that come with a new key at once wait for one proof');

for my $round (1 .. 20) {
    my $http = NotifyTest::Http->new(port => $shared);
    $http->send(NotifyTest::Http::compose('GET', "/?round=$round",
        headers => [Authorization => 'Bearer ' . encode_base64url("alice:$round" . 'y' x 24)]));
    $http->close;
}
is(ask($alice)->status, 204, 'clients that leave while they wait hurt nobody');

# ---- reload --------------------------------------------------------------------------------------

my $waiting = $t->http;
$waiting->send(NotifyTest::Http::compose('GET', '/',
    headers => [Authorization => 'Bearer ' . $t->make_key('leaving')]));
$t->nginx->reload;
is($waiting->receive->status, 204, 'a reload while a key is verified');
is(ask($late, '/few', @from)->status, 204, 'keys that were verified are known after it');

# ---- nothing is told -----------------------------------------------------------------------------

my $logs = $t->nginx->error_log . $t->nginx->access_log
    . $t->read_file($t->nginx->dir . '/keys.log');
is(scalar(grep { index($logs, $_) >= 0 } $alice, $second, $fresh), 0, 'no key is in any log');
like($logs, qr{^/\?token=\*+ alice$}m, 'where one came in the query there are asterisks');

$t->done;
