# Who may connect as a user of the catalogue: the client with its key, and the user with a token that is
# signed under it; and which web pages may.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::Credentials qw(jwt jwt_from_text);
use NotifyTest::WebSocket;

my $t     = NotifyTest->new;
my $edit  = {'header=x-api-key' => 'check=300ms header=x-api-key', 'notify_origin same;' => 'notify_origin same https://app.example.org;'};
my $c     = NotifyTest::Catalog->new($t, edit => $edit, worker => {env => {NOTIQ_TOKEN_TTL => '100s', NOTIQ_TOKEN_MAX_TTL => '2h'}});
my $key   = $c->made('/clients', {client_name => 'Shop'});
my $other = $c->made('/clients', {client_name => 'other'});
my $redis = $t->redis;

sub client ($path, %option) {
    my $client = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port,
        path => "/api/ws/$path", %option);
    $t->loop->run_until(sub { $client->{open} || $client->response->done }, 5);
    return $client;
}
sub order ($body, $with = $key) { return $c->client($with, 'POST', '/notification/token', $body) }
sub made_token ($body, $with = $key) { return order($body, $with)->json->{data}{token} }
sub claims (%claims) { return {iss => 'shop', sub => 'alice', exp => time + 60, %claims} }

# ---- POST /api/notification/token -----------------------------------------------------------------

my $answer = order({user_id => 'alice'});
is($answer->status, 200, 'a client asks for a token') or diag $answer->body;
my $data = $answer->json->{data};
is(join(' ', sort keys %$data), 'client expires_at token ttl user_id', 'which is all that the answer has');
is("$data->{user_id} $data->{client} $data->{ttl}", 'alice shop 100', 'of the user, for as long as the setting says');
is(order({user_id => 'alice', ttl => $_})->json->{data}{ttl}, $_, "for $_ s") for 1, 7200;
for my $row ([{user_id => 'alice', ttl => 7201}, 'body.ttl'], [{user_id => 'alice', ttl => 0}, 'body.ttl'],
    [{user_id => 'alice', ttl => 'x'}, 'body.ttl'], [{}, 'body.user_id'], [{user_id => ''}, 'body.user_id'],
    [{user_id => "a\nb"}, 'body.user_id'], [{user_id => 7}, 'body.user_id']) {
    my ($body, $place) = @$row;
    my $refused = order($body);
    is($refused->status, 422, 'what is no order');
    is($refused->json->{error}[0]{field_name}, $place, "the place: $place");
}
is(order({user_id => 'alice'}, 'x')->status, 401, 'who has no key gets none');
is($c->admin('POST', '/notification/token', {user_id => 'alice'})->status, 401, 'nor the superuser');

# ---- who comes in -------------------------------------------------------------------------------

my $token = $data->{token};
for my $row (
    ['with the token', "Shop/alice?token=$token"],
    ['in the header', 'shop/alice', headers => {Authorization => "Bearer $token"}],
    ['with one that the client has signed', 'shop/alice?token=' . jwt($key, claims())],
    ['which names it in capitals', 'shop/alice?token=' . jwt($key, claims(iss => 'SHOP'))],
    ['of a user whose name needs care', 'shop/a%2Fb%20%C3%BC?token=' . made_token({user_id => "a/b \x{fc}"})],
    ['with the key', "shop/alice?api_key=$key"],
    ['of the other client', 'other/alice?token=' . made_token({user_id => 'alice'}, $other)],
) {
    my ($name, @request) = @$row;
    is(client(@request)->status, 101, "a user $name");
}

my $forged = '{"alg":"none","typ":"JWT"}';
my $claims = '{"iss":"shop","sub":"alice","exp":' . (time + 60) . '}';
for my $row (
    [403, 'nothing', 'shop/alice'],
    [403, 'another user', "shop/bob?token=$token"],
    [401, 'a user of the same name, of another client', "other/alice?token=$token"],
    [401, 'what is no token', 'shop/alice?token=x'],
    [401, 'a letter more', "shop/alice?token=${token}A"],
    [401, 'no signature', 'shop/alice?token=' . jwt_from_text('', $forged, $claims)],
    [401, 'under another key', 'shop/alice?token=' . jwt($other, claims())],
    [401, 'under the name', 'shop/alice?token=' . jwt('shop', claims())],
    [401, 'under nothing', 'shop/alice?token=' . jwt('', claims())],
    [401, 'under the digest as text', 'shop/alice?token=' . jwt($redis->cmd('HGET', 'notify:{catalog}:clients', 'shop'), claims())],
    [401, 'over', 'shop/alice?token=' . jwt($key, claims(exp => time - 1))],
    [401, 'without an end', 'shop/alice?token=' . jwt($key, {iss => 'shop', sub => 'alice'})],
    [401, 'for too long', 'shop/alice?token=' . jwt($key, claims(exp => time + 25 * 3600))],
    [401, 'not yet good', 'shop/alice?token=' . jwt($key, claims(nbf => time + 600))],
    [401, 'for another audience', 'shop/alice?token=' . jwt($key, claims(aud => 'somebody'))],
    [401, 'in the name of another client', 'shop/alice?token=' . jwt($key, claims(iss => 'other'))],
    [401, 'in nobody\'s name', 'shop/alice?token=' . jwt($key, {sub => 'alice', exp => time + 60})],
    [401, 'of nobody', 'shop/alice?token=' . jwt($key, {iss => 'shop', exp => time + 60})],
    [403, 'an unknown client', "nobody/alice?token=$token"],
    [403, 'a wrong key beside a good token', "shop/alice?token=$token&api_key=x"],
    [401, 'a good token, then another one', "shop/alice?token=$token&token=x"],
    [401, 'another token, then a good one', "shop/alice?token=x&token=$token"],
    [401, 'a good token, then an empty one', "shop/alice?token=$token&token="],
    [403, 'a good key, then another one', "shop/alice?api_key=$key&api_key=x"],
    [403, 'another key, then a good one', "shop/alice?api_key=x&api_key=$key"],
) {
    my ($status, $name, $path) = @$row;
    my $refused = client($path);
    is($refused->status, $status, $name);
    my $body = $refused->response->json;
    is(join(' ', $body->{status_code}, sort keys %$body), "$status error message status_code", 'in the shape of all errors');
    is($t->request('GET', "/api/ws/$path")->status, $status, 'by server-sent events, too');
}
is($t->request('GET', '/api/ws/shop/alice', headers => ['x-api-key' => $_->[0], 'x-api-key' => $_->[1]])->status, 403, 'two headers with keys')
    for [$key, 'x'], ['x', $key];
is($redis->cmd('EXISTS', 'test:notiq:notifications:shop:bob'), 0, 'who was refused has made nothing');
for my $log ($t->nginx->access_log, $t->nginx->error_log, $t->worker->output) {
    unlike($log, qr/\Q$token\E|\Q$key\E/, 'no token and no key is in a log');
}

# ---- how long one stays -------------------------------------------------------------------------

my $short = client('shop/alice?token=' . made_token({user_id => 'alice', ttl => 2}));
my $long  = client("shop/alice?token=$token");
my $events = $t->stream(path => '/api/ws/shop/alice?token=' . made_token({user_id => 'alice', ttl => 2}), reconnect => 0);
ok($events->wait_open, 'server-sent events');
ok($short->wait_end(8), 'a token that ends');
is($short->code . ' ' . $short->reason, '1008 the token has expired', 'ends its socket');
ok($t->loop->run_until(sub { grep { ($_->{type} // '') eq 'expired' } $events->events }, 5), 'and its events');
ok($long->is_open, 'another one stays');

my $id = $c->client_id('Shop');
my $new = $c->admin('PUT', "/clients/$id/regenerate_api_key")->json->{data};
ok($long->wait_end(10), 'a key that is replaced');
is($long->code . ' ' . $long->reason, '1008 the key was revoked', 'ends what it has signed');
is(client("shop/alice?token=$token")->status, 401, 'which is good for nothing any more');
my $last = client('shop/alice?token=' . made_token({user_id => 'alice'}, $new));
is($last->status, 101, 'the new key signs');
$c->admin('DELETE', "/clients/$id/mark_inactive");
ok($last->wait_end(10), 'a client that is deactivated has no users');

# ---- web pages ----------------------------------------------------------------------------------

my $fine = made_token({user_id => 'alice'}, $other);
my $port = $t->nginx->port;
for my $row (['the own', "http://localhost:$port", 101], ['the same by TLS in front', "https://localhost:$port", 101],
    ['a listed one', 'https://app.example.org', 101], ['in capitals', 'HTTPS://App.Example.ORG:443', 101],
    ['a foreign one', 'https://evil.example', 403], ['the own name at another port', 'http://localhost:1', 403],
    ['what begins like it', "http://localhost:$port.evil.example", 403], ['a listed name without TLS', 'http://app.example.org', 403],
    ['a sandbox', 'null', 403], ['a file', 'file://', 403], ['nothing', '', 403]) {
    my ($name, $origin, $status) = @$row;
    my %headers = (Host => "localhost:$port", Origin => $origin);
    is(client("other/alice?token=$fine", headers => \%headers)->status, $status, "a page of $name");
}
is(client("other/alice?token=$fine", headers => {Origin => 'https://app.example.org'},
    more => ['Origin: https://evil.example'])->status, 403, 'a page of two');
is(client("other/alice?token=$fine", headers => {'Sec-Fetch-Site' => 'cross-site'})->status, 403,
    'a page that hides its origin');
my $hidden = $t->request('GET', "/api/ws/other/alice?token=$fine", headers => [Origin => 'https://evil.example']);
is($hidden->status, 403, 'server-sent events for a foreign page');
is($hidden->header('Access-Control-Allow-Origin'), undef, 'which may not read why');

$t->done;
