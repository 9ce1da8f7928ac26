# Pages of other origins, in the browser of a superuser who has typed his password once: they get and
# change nothing, whatever a page can send. And the catalogue takes JSON that says that it is JSON.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;

my $t = NotifyTest->new;
my $c = NotifyTest::Catalog->new($t);
my @superuser = NotifyTest::Catalog::basic(NotifyTest::Catalog::ADMIN, NotifyTest::Catalog::PASSWORD);
my $key     = $c->made('/clients', {client_name => 'shop'});
my $id      = $c->client_id('shop');
my $channel = $c->admin('GET', '/channels/name/push_notification')->json->{data}{id};
my $port    = $t->nginx->port;

sub ask ($method, $path, $body, %headers) {
    return $t->request($method, "/api$path", body => $body, headers => [@superuser, %headers]);
}
sub refused ($name, $status, $answer) {
    is($answer->status, $status, $name) or diag $answer->body;
    my $body = $answer->json;
    is(join(' ', $body->{status_code}, sort keys %$body), "$status error message status_code", '... in the shape of all errors');
    is($answer->header('Access-Control-Allow-Origin'), undef, '... which it may not read');
    return $body->{error};
}
my $provider = qq({"name":"evil","channel_id":"$channel","config":{"type":"webhook","url":"https://evil.example/"},"pad":"="});
sub unchanged () {
    is($c->database->value('SELECT COUNT(*) FROM providers'), 0, '... and nothing was made');
    return;
}

# ---- what a page can send without asking first ---------------------------------------------------

my @simple = ('text/plain', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x');
for my $type (@simple, 'application/json', undef) {
    refused('a form of a foreign page, ' . ($type // 'without a type'), 403, ask(POST => '/providers', $provider,
        Origin => 'https://evil.example', 'Sec-Fetch-Site' => 'cross-site', defined $type ? ('Content-Type' => $type) : ()));
}
refused('with a hidden origin', 403, ask(POST => '/providers', $provider, Origin => 'null', 'Content-Type' => 'text/plain'));
refused('from a browser that says the site alone', 403,
    ask(POST => '/providers', $provider, 'Sec-Fetch-Site' => 'cross-site', 'Content-Type' => 'application/json'));
refused('a picture of a foreign page', 403, ask(GET => '/clients', undef, 'Sec-Fetch-Site' => 'cross-site'));
unchanged();

# ---- what it can send once it was told that it may ------------------------------------------------

for my $row ([PUT => "/clients/$id/regenerate_api_key"], [PUT => "/clients/$id", '{"client_name":"x"}'],
    [DELETE => "/clients/$id/mark_inactive"], [GET => '/clients'], [GET => '/health'],
    [POST => '/notification/send', '{}'], [POST => '/notification/token', '{"user_id":"u"}']) {
    my ($method, $path, $body) = @$row;
    refused("$method $path", 403, ask($method, $path, $body, Origin => 'https://evil.example', 'x-api-key' => $key,
        'Content-Type' => 'application/json', 'Access-Control-Request-Method' => 'PUT'));
}
my $preflight = ask(OPTIONS => '/clients', undef, Origin => 'https://evil.example', 'Access-Control-Request-Method' => 'PUT');
is($preflight->header('Access-Control-Allow-Origin'), undef, 'whoever asks first is not told that it may');
is($t->redis->cmd('HEXISTS', 'notify:{catalog}:clients', 'shop'), 1, 'the client is as it was');

# ---- the server's own pages, and programs ---------------------------------------------------------

my %own = (Host => "localhost:$port", Origin => "http://localhost:$port", 'Sec-Fetch-Site' => 'same-origin');
is(ask(GET => '/clients', undef, %own)->status, 200, 'a page of the own origin');
is(ask(GET => '/clients', undef, 'Sec-Fetch-Site' => 'none')->status, 200, 'an address that somebody typed');
is(ask(GET => '/clients', undef)->status, 200, 'a program');

# ---- what a body must say that it is ---------------------------------------------------------------

my $number = 0;
for my $type ('application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8', ' application/json ') {
    is(ask(POST => '/clients', '{"client_name":"c' . ++$number . '"}', 'Content-Type' => $type)->status, 201, "\"$type\"");
}
for my $type (@simple, 'application/jsonp', 'text/json', 'application/json-patch+json', 'x', undef) {
    my $error = refused('a body that says ' . ($type // 'nothing'), 415, ask(POST => '/providers', $provider, %own,
        defined $type ? ('Content-Type' => $type) : ()));
    is($error, 'Send JSON, with the header Content-Type: application/json', '... and what would be right');
}
unchanged();
is($c->client($key, POST => "/notification/$_", undef)->status, 422, "no body for $_ is one that lacks") for qw(send acknowledge token);
is($t->request('POST', "/api/notification/$_", body => '{}', headers => ['x-api-key' => $key])->status, 415,
    "clients say it, too: $_") for qw(send acknowledge token);
is(ask(PUT => "/clients/$id/regenerate_api_key", undef)->status, 200, 'no body needs no type');

# ---- what cannot be guessed -------------------------------------------------------------------------

isnt($channel, 'c0000000-0000-4000-8000-000000000001', "the first channel's id is this database's own");
like($channel, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'at random');

# ---- the first line of an answer ------------------------------------------------------------------

my %reason = (200 => 'OK', 201 => 'Created', 401 => 'Unauthorized', 403 => 'Forbidden', 404 => 'Not Found', 405 => 'Method Not Allowed',
    409 => 'Conflict', 415 => 'Unsupported Media Type', 422 => 'Unprocessable Entity');
my @json = ('Content-Type' => 'application/json');
for my $row ([200, ask(GET => '/clients', undef)], [201, ask(POST => '/clients', '{"client_name":"new"}', @json)],
    [401, $c->request('GET', '/clients')], [403, ask(GET => '/clients', undef, Origin => 'null')], [404, ask(GET => '/nothing', undef)],
    [405, ask(DELETE => '/clients', undef)], [409, ask(POST => '/clients', '{"client_name":"new"}', @json)],
    [415, ask(POST => '/clients', '{}')], [422, ask(POST => '/clients', '{}', @json)]) {
    my ($status, $answer) = @$row;
    like($answer->head, qr{^HTTP/1\.1 \Q$status $reason{$status}\E\r}, "$status $reason{$status}");
}

$t->done;
