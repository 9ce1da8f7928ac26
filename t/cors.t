# System 002: pages of other origins may listen.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving;
my $stream = '/api/v1/external/notify/stream';
my @origin = (Origin => 'https://app.example.org');

for (['GET', $stream, 401], ['GET', '/api/v1/notify/health/live', 200],
    ['GET', '/api/v1/nowhere', 404], ['POST', $stream, 405])
{
    my ($method, $path, $status) = @$_;
    $t->answers("$method $path with Origin", $t->request($method, $path, headers => [@origin]),
        $status, undef, 'Access-Control-Allow-Origin' => '*');
    $t->answers("$method $path without", $t->request($method, $path), $status, undef,
        'Access-Control-Allow-Origin' => undef);
}

my $open = $t->user_stream('u', headers => ['Origin: https://app.example.org']);
is($open->response->header('Access-Control-Allow-Origin'), '*', 'a stream with Origin');
is($open->response->header('Access-Control-Expose-Headers'), 'X-Request-ID, X-History-Next',
    '... which may read the headers of ours');
is($t->user_stream('u')->response->header('Access-Control-Allow-Origin'), undef,
    'a stream without');

sub preflight ($method, $path = $stream) {
    return $t->request('OPTIONS', $path,
        headers => [@origin, 'Access-Control-Request-Method' => $method]);
}

my $get = preflight('GET');
like($get->status, qr/^20[04]$/, 'the preflight of a GET');
is($get->header('Access-Control-Allow-Origin'), '*', 'allows the origin');
like($get->header('Access-Control-Allow-Methods'), qr/\bGET\b/, 'and GET');

my $headers = $t->request('OPTIONS', $stream, headers => [
    @origin, 'Access-Control-Request-Method' => 'GET',
    'Access-Control-Request-Headers' => 'authorization',
]);
like($headers->header('Access-Control-Allow-Headers') // '', qr/authorization|\*/i,
    'and the header with the token');

for my $method (qw(POST DELETE PUT)) {
    my $answer = preflight($method);
    my $methods = $answer->header('Access-Control-Allow-Methods') // '';
    ok($answer->status == 400 || $methods !~ /\b$method\b/,
        "$method is not allowed from other origins") or diag $answer->head;
}

# ---- the directive --------------------------------------------------------------------------------

my $site = 'https://app.example.org';
my $other = $t->start_other_nginx(http => "notify_redis env:REDIS_URL;\n", server => <<"END");
    location = /listed {
        notify_cors $site http://localhost:3000 max_age=1h;
        notify_jwt HS256 env:JWT_SECRET; notify_auth jwt;
        notify_subscribe s;
        notify_publish s method=PUT|POST; notify_entry a b;
    }
    location = /some    { notify_cors * headers=X-One,X-Two methods=GET,PATCH; notify_history s; }
    location = /cookies { notify_cors $site credentials private_network expose=; notify_history s; }
    location = /proxied { notify_cors $site; proxy_pass http://127.0.0.1:1; }
    location = /upstream {
        notify_cors $site;
        add_header Access-Control-Allow-Origin '*';
        add_header Access-Control-Allow-Credentials true;
        return 200 text;
    }
    location = /always  { notify_cors * always; notify_history s; }
    location = /off     { notify_history s; }
    location = /large   { notify_cors *; client_max_body_size 10; notify_history s; }
END
my $http = sub ($method, $path, @headers) {
    return NotifyTest::Http->new(port => $other->port)->request($method, $path, headers => \@headers);
};
my $asks = sub ($path, $origin, $method, @headers) {
    return $http->('OPTIONS', $path, Origin => $origin, 'Access-Control-Request-Method' => $method,
        @headers ? ('Access-Control-Request-Headers' => $headers[0]) : (), @headers[1 .. $#headers]);
};
my $says = sub ($answer, $name) { return $answer->header("Access-Control-Allow-$name") };

my $asked = $asks->('/listed', $site, 'PUT', 'cache-control, authorization,x-request-id');
is($asked->status, 200, 'a preflight is answered before anybody asks for a token');
is($says->($asked, 'Origin'), $site, '... with the origin');
is($says->($asked, 'Methods'), 'GET, HEAD, POST, PUT', '... the methods of the operations');
is($says->($asked, 'Headers'), 'cache-control, authorization, x-request-id', '... the headers that are asked for');
is($asked->header('Access-Control-Max-Age'), 3600, '... and for how long that is so');
like(join(' ', map { $_->[1] } grep { lc $_->[0] eq 'vary' } $asked->{headers}->@*), qr/Origin/, '... for this origin');
is($says->($asked, $_), undef, "... without Allow-$_") for 'Credentials', 'Private-Network';
is($asks->('/listed', 'http://LOCALHOST:3000', 'GET')->status, 200, 'letters of a host have no case');

for (['/listed', 'https://evil.example', 'GET', 'origin'], ['/listed', 'null', 'GET', 'origin'],
    ['/listed', "$site.evil.example", 'GET', 'origin'], ['/listed', 'https://app.example.org:444', 'GET', 'origin'],
    ['/listed', "http://app.example.org", 'GET', 'origin'], ['/listed', $site, 'DELETE', 'method'],
    ['/listed', $site, 'get', 'method'], ['/some', $site, 'POST', 'method'],
    ['/some', $site, 'PATCH', 'headers', 'x-one, x-three'], ['/some', $site, 'GET', 'headers', "x-\xe9"],
    ['/listed', $site, 'GET', 'headers', 'x' x 2000], ['/listed', $site, 'GET', 'headers', 'a b'])
{
    my ($path, $origin, $method, $what, @headers) = @$_;
    my $answer = $asks->($path, $origin, $method, @headers);
    is($answer->status . ' ' . $answer->body, "400 Disallowed CORS $what", substr "$path from $origin: $method @headers", 0, 80);
    is($says->($answer, 'Headers'), undef, '... allows no header');
    is($says->($answer, 'Origin'), undef, '... nor the origin') if $what eq 'origin';
}
is($asks->('/some', $site, 'PATCH', 'X-ONE')->status, 200, 'one of the headers that are named');
is($asks->('/off', $site, 'GET')->status, 405, 'without the directive nobody is answered');
is($http->('OPTIONS', '/listed', Origin => $site)->status, 405, 'nor what is no preflight');

my @network = ('x-a', 'Access-Control-Request-Private-Network' => 'true');
is($says->($asks->('/listed', $site, 'GET', @network), 'Private-Network'), undef, 'no private network by default');
my $private = $asks->('/cookies', $site, 'GET', @network);
is($says->($private, 'Private-Network'), 'true', '... but where the directive says so');
is($says->($private, 'Credentials'), 'true', 'credentials, too');

for (['/listed', 401], ['/proxied', 502], ['/upstream', 200], ['/cookies', 200]) {
    my ($path, $status) = @$_;
    my $answer = $http->('GET', $path, Origin => $site);
    is($answer->status, $status, "$path from its origin");
    is(join('|', map { $_->[1] } grep { lc $_->[0] eq 'access-control-allow-origin' } $answer->{headers}->@*), $site,
        '... says so once, whoever answers');
    is($says->($answer, 'Credentials'), $path eq '/cookies' ? 'true' : undef, '... and what else the directive says');
    is($says->($http->('GET', $path, Origin => 'https://evil.example'), 'Origin'), undef, '... and not to another one');
    is($http->('GET', $path)->header('Vary'), 'Origin', '... and caches know that it depends');
}
is($says->($http->('GET', '/always'), 'Origin'), '*', 'always, also to who is no page');
my $large = NotifyTest::Http->new(port => $other->port)->request('GET', '/large', headers => [@origin], body => 'x' x 11);
is($large->status . ' ' . $says->($large, 'Origin'), '413 *', 'a page may read the errors of nginx');
is($http->('GET', '/listed', Origin => $site, Origin => $site)->header('Access-Control-Allow-Origin'), undef,
    'an origin that is there twice is none');

# ---- what a foreign page can send without being asked ---------------------------------------------

my $publish = '/api/v1/internal/notify/publish';
my $event   = '{"type":"t","user_id":"victim","data":1}';
for ('text/plain', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
    'application/jsonp', 'json', '', 'text/plain, application/json')
{
    $t->answers("Content-Type: $_", $t->request('POST', $publish, body => $event, headers => ['Content-Type' => $_]),
        415, '{"detail":"Content-Type must be application/json"}', Accept => 'application/json');
}
is($t->request('POST', $publish, body => $event, headers => [('Content-Type' => 'application/json') x 2])->status, 415,
    'two of them');
is($t->request('POST', $publish, body => $event, headers => $_)->status, 403, "a foreign page: @$_")
    for [@origin], [@origin, 'Content-Type' => 'text/plain'], [@origin, 'Content-Type' => 'application/json'], [Origin => 'null'], ['Sec-Fetch-Site' => 'cross-site'];
for my $site ('Cross-Site', 'x', '', 'cross-site, same-origin', 'same-origin, cross-site') {
    is($t->request('POST', $publish, body => $event, headers => ['Content-Type' => 'application/json', 'Sec-Fetch-Site' => $site])->status,
        403, "Sec-Fetch-Site: $site");
}
for my $sites (['cross-site', 'same-origin'], ['same-origin', 'cross-site']) {
    is($t->request('POST', $publish, body => $event, headers => ['Content-Type' => 'application/json', map { ('Sec-Fetch-Site' => $_) } @$sites])->status,
        403, "two of them: @$sites");
}
my $port = $t->nginx->port;
my $ask  = sub ($host) {
    return $t->request('POST', $publish, body => $event, headers =>
        [Host => "$host:$port", Origin => "http://$host:$port", 'Sec-Fetch-Site' => 'same-origin', 'Content-Type' => 'application/json'])->status;
};
is($ask->($_), 403, "a page of $_, whose name leads here now")
    for 'evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'notlocalhost';
is($t->redis->cmd('EXISTS', 'user:victim'), 0, 'and nothing is published');
is($ask->($_), 202, "the server's own page, at $_") for 'localhost', '127.0.0.1', '[::1]', 'app.localhost';
is($t->request('POST', $publish, body => $event, headers => ['Content-Type' => $_])->status, 202, "Content-Type: $_")
    for 'application/json', 'Application/JSON; charset=utf-8', 'application/json;charset="utf-8"';
is($t->request('OPTIONS', $publish, headers => [@origin, 'Access-Control-Request-Method' => 'POST'])->status, 405,
    'no page is promised that it may');

$t->done;
