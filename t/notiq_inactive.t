# Who was deactivated hears nothing: a client with all its users, or one user of it. With a token or with
# the client's key, from the next connection on; sockets that are open end.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::Credentials qw(jwt);
use NotifyTest::WebSocket;

my $t    = NotifyTest->new;
my $c    = NotifyTest::Catalog->new($t, edit => {'header=x-api-key' => 'check=300ms header=x-api-key'});
my %key  = map { $_ => $c->made('/clients', {client_name => $_}) } qw(shop other);
my $id   = $c->client_id('shop');
my %user = map { $_->[0] => $c->made('/receivers', {client_id => $c->client_id($_->[1]), user_id => $_->[2]})->{id} }
    ['alice', 'shop', 'alice'], ['odd', 'shop', "a:b/ \x{fc}"], ["other's", 'other', 'alice'];

sub client ($path) {
    my $client = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port, path => "/api/ws/$path");
    $t->loop->run_until(sub { $client->{open} || $client->response->done }, 5);
    return $client;
}
sub order ($name, $key = $key{shop}) { return $c->client($key, 'POST', '/notification/token', {user_id => $name}) }
sub token ($name, $key = $key{shop}) { return order($name, $key)->json->{data}{token} }
sub own ($name, $client = 'shop') { return jwt($key{$client}, {iss => $client, sub => $name, exp => time + 60}) }

# ---- a user ---------------------------------------------------------------------------------------

my $made = token('alice');
my %open = (
    'with a token' => client("shop/alice?token=$made"), 'with the key' => client("shop/alice?api_key=$key{shop}"),
    'with a token that the client has signed' => client('shop/alice?token=' . own('alice')));
my %stays = (
    'another user' => client('shop/bob?token=' . token('bob')), 'one of the same name, of another client' => client('other/alice?token=' . own('alice', 'other')),
    'one whose name needs care' => client('shop/a%3Ab%2F%20%C3%BC?token=' . token("a:b/ \x{fc}")));
is($_->status, 101, 'a user is there') for values %open, values %stays;

is($c->admin('DELETE', "/receivers/$user{alice}/mark_inactive")->status, 200, 'a user is deactivated');
for my $row (['the token of before', "token=$made"], ['a token that the client signs', 'token=' . own('alice')], ['the key', "api_key=$key{shop}"]) {
    my ($name, $query) = @$row;
    is(client("shop/alice?$query")->status, 403, "$name opens nothing, at once");
    is(client("SHOP/alice?$query")->status, 403, '... in capitals neither');
    is($t->request('GET', "/api/ws/shop/alice?$query")->status, 403, '... by server-sent events neither');
}
my $refused = order('alice');
is($refused->status, 403, 'nor is a token made');
is($refused->json->{error}, 'The receiver of this user is inactive', 'which is told to the client');
is(order('alice', 'x')->status, 401, '... and to nobody else');
is($c->client($key{shop}, 'POST', '/notification/token', {})->status, 422, 'faults of a body are told as ever');
for my $name (sort keys %open) {
    ok($open{$name}->wait_end(10), "who is there $name leaves");
    is($open{$name}->code, 1008, '... by 1008');
}
ok($stays{$_}->is_open, "$_ stays") for sort keys %stays;
is($c->admin('POST', '/receivers', {client_id => $id, user_id => 'alice'})->status, 409, 'there is no second one of that name');
is(client("shop/alice?token=$made")->status, 403, '... and it changes nothing');

# A name with a colon is not cut at another place.
is($c->admin('DELETE', "/receivers/$user{odd}/mark_inactive")->status, 200, 'one whose name needs care');
ok($stays{'one whose name needs care'}->wait_end(10), 'leaves as well');
is(client('shop/a?token=' . token('a'))->status, 101, 'what its name begins with is another one');
is(client('shop%3Aa/b?token=x')->status, 403, 'and no client');

$t->redis->cmd('DEL', 'notify:{catalog}:clients');
ok(wait_until(sub { client('shop/bob?api_key=' . $key{shop})->status == 101 }, 8), 'Redis has lost all, and knows it again');
is(client("shop/alice?token=$made")->status, 403, 'this as well');

is($c->admin('PUT', "/receivers/$user{alice}", {is_active => JSON::PP::true})->status, 200, 'brought back');
is(client("shop/alice?token=$made")->status, 101, 'is served again, at once');
is(order('alice')->status, 200, 'and gets tokens');
is($c->admin('PUT', "/receivers/$user{alice}", {is_active => JSON::PP::false})->status, 200, 'deactivated by a change');
is(client("shop/alice?token=$made")->status, 403, 'is refused as well');

# ---- a client -------------------------------------------------------------------------------------

my $there = $stays{'another user'};
my $bobs  = token('bob');
is($c->admin('DELETE', "/clients/$id/mark_inactive")->status, 200, 'a client is deactivated');
is(client("shop/bob?$_")->status, 403, 'its users are refused') for "token=$bobs", 'token=' . own('bob'), "api_key=$key{shop}";
is(order('bob')->status, 401, 'its key makes no token');
ok($there->wait_end(10), 'who was there leaves');
is($c->admin('POST', '/clients', {client_name => 'SHOP'})->status, 409, 'there is no second one of that name');
is(client("other/alice?api_key=$key{other}")->status, 101, 'other clients do not notice');

# One of the same name, of another database: Redis is the same, the key is not.
is($c->admin('PUT', "/clients/$id", {client_name => 'gone'})->status, 409, 'a client with users keeps its name');
$c->database->query("UPDATE clients SET client_name = 'gone', name_key = 'gone' WHERE id = '$id'");
my $new = $c->made('/clients', {client_name => 'shop'});
is(client("shop/bob?$_")->status, 401, 'tokens of the former owner of a name are no good') for "token=$bobs", 'token=' . own('bob');
is(client("shop/bob?api_key=$key{shop}")->status, 403, 'nor is its key');
is(client("shop/alice?api_key=$new")->status, 101, 'and whom it had deactivated is another one');

$t->done;
