# docs/openapi.yaml is valid, has the routes of conf/, and what compares answers with it can fail.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Contract;

my $t = NotifyTest->new;

my ($status, $output) = $t->run(['scripts/check-openapi'], cwd => $t->root, seconds => 60);
is($status, 0, 'the document is valid OpenAPI') or diag $output;

# ---- every route of these files is in the document -----------------------------------------------

my $document = $t->read_file($t->root . '/docs/openapi.yaml');
my @documented = $document =~ m{^  (/\S+):$}mg;
for my $file (qw(environments users alerts streams notiq)) {
    my ($head) = $t->read_file($t->root . "/conf/$file.conf") =~ /\A((?:#.*\n)+)/;
    my @routes = map { s/\[?\?.*//r } $head =~ m!(?<=\s)(/[a-z]\S*)!g;
    cmp_ok(scalar @routes, '>', 2, "$file.conf lists its routes");
    for my $route (@routes) {
        (my $pattern = quotemeta $route) =~ s/\\\{[^}]*\}/\\{[^}]+\\}/g;
        ok((grep { /^$pattern\z/ } @documented), "$route is in the document");
    }
}

# ---- somebody asks for all that it says: NotifyTest::Rows -------------------------------------------

my ($tags) = $document =~ /^tags:\n((?: .*\n)+)/m;
for my $tag ($tags =~ /name: (\w+)/g) {
    my @files = grep { $t->read_file($_) =~ /NotifyTest::Rows->new\(\$t, '$tag'\)/ } 
        glob "$FindBin::Bin/*.t $FindBin::Bin/lib/NotifyTest/*Cases.pm";
    is(scalar @files, 1, "the operations of $tag have a test of their rows");
}

# ---- what it finds -------------------------------------------------------------------------------

sub answer ($status, $head, $body) {
    my $response = NotifyTest::Response->new;
    $response->feed("HTTP/1.1 $status X\r\n" . join('', map { "$_\r\n" } @$head)
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
    return $response;
}

my @id   = ('X-Request-ID: a1');
my @json = (@id, 'Content-Type: application/json');
my @text = (@id, 'Content-Type: text/plain; charset=utf-8', 'X-Content-Type-Options: nosniff');
my @rows = (
    ['a good answer',           'GET /admin/ping',    200, [@json], qq({"status":"PONG"}\n), undef],
    ['a good list',             'GET /admin/streams', 200, [@json], '{"streams":["a"]}',    undef],
    ['a good error',            'GET /admin/ping',    500, [@text], "Redis refused\n", undef],
    ['of another path',         'GET /elsewhere',     200, [],      'x',                    undef],
    ['of another method',       'PUT /admin/ping',    200, [],      'x',                    undef],
    ["a page of nginx's",       'GET /admin/ping',    400, ['Content-Type: text/html'], 'x', undef],
    ['a path that is resolved', 'GET /admin/..%2Fx',  200, [],      'x',                    undef],
    ['another status',          'GET /admin/ping',    202, [@json], '{"status":"PONG"}',    qr/status 202/],
    ['another type',            'GET /admin/ping',    200, [@text], '{"status":"PONG"}',    qr/Content-Type/],
    ['no type',                 'GET /admin/ping',    200, [@id],   '{"status":"PONG"}',    qr/Content-Type/],
    ['no JSON',                 'GET /admin/ping',    200, [@json], '{"status":"PONG"',     qr/no application\/json/],
    ['no UTF-8',                'GET /admin/ping',    200, [@json], qq({"status":"\xff"}),  qr/no application\/json/],
    ['another value',           'GET /admin/ping',    200, [@json], '{"status":"ok"}',      qr/PONG/],
    ['a member too many',       'GET /admin/ping?x=1', 200, [@json], '{"status":"PONG","a":1}', qr/'a'/],
    ['a member too few',        'GET /admin/stats',   200, [@json],
        '{"streams":[{"groups":[],"length":1}]}', qr/'name' is a required/],
    ['a wrong type inside',     'GET /admin/stats',   200, [@json],
        '{"streams":[{"groups":[],"length":"1","name":"x"}]}', qr{streams/0/length}],
    ['the stats of a stream',   'GET /admin/a%2Fb',   200, [@json], '{"streams":[]}',       qr/required|unexpected/],
    ['an error of two lines',   'GET /admin/ping',    500, [@text], "a\nb\n",               qr/does not match/],
    ['an error in JSON',        'GET /admin/ping',    500, [@json], '{"detail":"x"}',       qr/header X-Content-Type-Options/],
    ['no Retry-After',          'GET /admin/ping',    503, [@text], "x\n",                  qr/header Retry-After/],
    ['no X-Request-ID',         'GET /admin/ping',    200, ['Content-Type: application/json'], '{"status":"PONG"}',
        qr/header X-Request-ID is missing/],
    ['an X-Request-ID that is none', 'GET /admin/ping', 200, ['X-Request-ID: a b', 'Content-Type: application/json'],
        '{"status":"PONG"}', qr/header X-Request-ID/],
    ['no WWW-Authenticate',     'GET /admin/ping',    401, [@text], "x\n",                  qr/header WWW-Authenticate/],
);
for (@rows) {
    my ($name, $request, $code, $head, $body, $complaint) = @$_;
    my $contract = $t->{shared_contract} //=
        NotifyTest::Contract->new(document => $t->root . '/docs/openapi.yaml');
    $contract->{complaints} = [];
    $contract->check(split(/ /, $request), answer($code, $head, $body));
    my @got = $contract->complaints;
    if ($complaint) { like("@got", $complaint, "$name is found") }
    else            { is("@got", '', "$name is right") }
}
$t->{shared_contract}->end;

# Of a document that does not have it.
$t->write_file($t->dir . '/small.yaml', <<'END');
paths: {/x: {get: {responses: {'200': {description: x, content: {text/plain: {schema: {}}}}}}}}
END
my $small = NotifyTest::Contract->new(document => $t->dir . '/small.yaml');
$small->check('GET', '/x', answer(200, ['Content-Type: text/plain'], 'x'));
is(join('', $small->complaints), '', 'an answer without an id is right where none is documented');
$small->check('GET', '/x', answer(200, [@text], 'x'));
like(join('', $small->complaints), qr/header x-request-id is not documented/, 'one with an id is found');
$small->end;

$t->done;
