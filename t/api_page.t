# GET /openapi.json and GET /docs: docs/openapi.yaml as JSON, Swagger UI over it in headless Chromium,
# the plain page where Swagger UI is not installed, and STAGE=prod, where there is neither.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Rows;

my $t = NotifyTest->new;
$t->start_redis;
my $key  = $t->make_key('alice');
my $rows = NotifyTest::Rows->new($t, 'description');

# Pages of the test's own, as `make api-page` makes them with Swagger UI and without.
sub make_page ($name, $with_swagger) {
    my $folder = "$t->{dir}/$name";
    my @steps  = ($with_swagger ? ['scripts/install-swagger-ui', $folder] : (), ['scripts/make-api-page', $folder]);
    for my $step (@steps) {
        my ($status, $output) = $t->run($step, cwd => $t->root, seconds => 90);
        is($status, 0, "$step->[0] makes $name") or diag $output;
    }
    return $folder;
}

$t->start_nginx(shipped => 1, api_page => make_page('page', 1));
my $base = 'http://127.0.0.1:' . $t->nginx->port;

# ---- GET /openapi.json ---------------------------------------------------------------------------

my $answer   = $t->request('GET', '/openapi.json');
$rows->row('GET /openapi.json', 200, $answer);
my $document = $answer->json;
$t->answers('GET /openapi.json', $answer, 200, undef, 'Content-Type' => 'application/json',
    'X-Content-Type-Options' => 'nosniff');
my ($status, $yaml) = $t->run(['/usr/bin/python3', '-c', <<'END', $t->root . '/docs/openapi.yaml']);
import json, sys, yaml
print(json.dumps(yaml.safe_load(open(sys.argv[1]))))
END
is_deeply($document, JSON::PP->new->decode($yaml), 'it is docs/openapi.yaml, and nothing else');
my %systems = (
    environments => '/publish/{environment}', alerts => '/alerts', users => '/api/v1/internal/notify/publish',
    streams => '/api/streams/{stream}/messages', notiq => '/api/notification/send',
);
ok($document->{paths}{$systems{$_}}, "it has the $_") for sort keys %systems;

# ---- GET /docs -----------------------------------------------------------------------------------

my $page = $t->request('GET', '/docs');
$rows->row('GET /docs', 200, $page);
$t->answers('GET /docs', $page, 200, qr/<title>Notify: the API</, 'Content-Type' => 'text/html; charset=utf-8',
    'Content-Security-Policy' => qr/\Adefault-src 'none'; script-src 'self'; /);
unlike($page->body, qr{(?:src|href)="(?:\w+:)?//}, 'it names no other server');
for (['/docs/swagger-ui.css', 'text/css'], ['/docs/swagger-ui-bundle.js', 'text/javascript'],
    ['/docs/page.js', 'text/javascript'])
{
    $t->answers("GET $_->[0]", $t->request('GET', $_->[0]), 200, undef, 'Content-Type' => "$_->[1]; charset=utf-8",
        'X-Content-Type-Options' => 'nosniff');
}
$t->answers("GET $_: nothing else", $t->request('GET', $_), 404, '{"detail":"Not Found"}')
    for '/docs/index.html', '/docs/.installed-from', '/docs/LICENSE', '/docs/x/page.js', '/docs/page.js/',
    '/docs/..%2Fconf%2Fdocs.conf', '/docs/openapi.json';
$t->answers('a slash too many', $t->request('GET', '/docs/'), 307, undef, Location => '/docs');
$t->answers("$_: only reading", $t->request('POST', $_, body => 'x'), 405, '{"detail":"Method Not Allowed"}',
    Allow => 'GET, HEAD') for '/docs', '/openapi.json', '/docs/page.js';

# ---- in a browser --------------------------------------------------------------------------------

my ($exit, $output) = $t->run(['node', "$FindBin::Bin/clients/api_page.js", "$base/docs", $key],
    env => {HOME => $t->dir}, seconds => 90);
is($exit, 0, 'Chromium shows the page') or diag $output;
my $seen = eval { JSON::PP->new->decode($output) } // {};
my @operations;
for my $path (keys $document->{paths}->%*) {
    push @operations, map { uc . " $path" } grep { !/^parameters$/ } keys $document->{paths}{$path}->%*;
}
is_deeply([sort(($seen->{operations} // [])->@*)], [sort @operations],
    'all ' . @operations . ' operations of all systems are there');
is_deeply($seen->{open}, {status => 200, body => qq({\n  "status": "ok"\n})}, 'one is tried out');
is($seen->{keyed}{status}, 200, 'and one with a key') or diag explain $seen->{keyed};
is($t->redis->cmd('XREVRANGE', 'alerts:default', '+', '-')->[0][1][1], '{"message":"from the page"}',
    'which does what it says');
is_deeply($seen->{console}, [], 'nothing stands in the console');
is_deeply($seen->{failed}, [], 'no request fails');
is_deeply([grep { !/\A(?:\Q$base\E\/|data:)/ } ($seen->{asked} // ['nothing'])->@*], [], 'none goes elsewhere');

# ---- without Swagger UI --------------------------------------------------------------------------

my $plain = $t->start_other_nginx(shipped => 1, api_page => make_page('plain', 0));
my $text  = $t->request('GET', '/docs', port => $plain->port);
$t->answers('GET /docs without Swagger UI', $text, 200, qr/<code>make api-page</,
    'Content-Security-Policy' => qr/default-src/);
unlike($text->body, qr/<script/, 'it has no scripts');
my @rows = $text->body =~ m{<tr><td>(\w+)</td><td>([^<]+)</td>}g;
is(@rows / 2, scalar @operations, 'it lists every operation');
is($t->request('GET', '/openapi.json', port => $plain->port)->body, $answer->body, 'the document is the same');
$t->answers('and no script is there', $t->request('GET', '/docs/swagger-ui-bundle.js', port => $plain->port), 404,
    '{"detail":"Not Found"}');

# Neither npm nor what it has installed: the script says so, and whoever can do without goes on.
my $bare = "$t->{dir}/bare";
mkdir $_ for $bare, "$bare/scripts", "$bare/bin";
for (['package.json'], ['package-lock.json'], ['scripts/install-swagger-ui']) {
    $t->write_file("$bare/$_->[0]", $t->read_file($t->root . "/$_->[0]"));
}
for my $tool (qw(bash cmp dirname)) {
    symlink((grep { -x } map { "$_/$tool" } qw(/usr/bin /bin))[0], "$bare/bin/$tool");
}
my @install = ("$bare/bin/bash", 'scripts/install-swagger-ui', "$bare/page");
for (['', 1], ['--optional', 0]) {
    my ($code, $said) = $t->run([@install, $_->[0] || ()], cwd => $bare, env => {PATH => "$bare/bin"});
    is($code >> 8, $_->[1], "without npm: status $_->[1]");
    like($said, qr/^no npm for Swagger UI: .*make api-page/m, '... and what is to be done');
}

$t->answers('GET /redoc', $t->request('GET', '/redoc'), 401, '{"detail":"Invalid or missing token"}');
$t->answers('GET /redoc with a key', $t->request('GET', '/redoc', headers => [Authorization => "Bearer $key"]), 404);

# ---- STAGE=prod ----------------------------------------------------------------------------------

my $prod = $t->start_other_nginx(shipped => 1, edit => {'include conf/docs.conf;' => 'include conf/docs_prod.conf;'});
for my $path (qw(/openapi.json /docs /redoc)) {
    my $nobody   = $t->request('GET', $path, port => $prod->port);
    my $somebody = $t->request('GET', $path, port => $prod->port, headers => [Authorization => "Bearer $key"]);
    $t->answers("prod: $path", $nobody, 401);
    $t->answers("prod: $path with a key", $somebody, 404, '{"detail":"Not Found"}');
    $rows->row("GET $path", 401, $nobody, 'STAGE=prod');
    $rows->row("GET $path", 404, $somebody, 'STAGE=prod');
}
$t->answers('prod: what belongs to the page', $t->request('GET', '/docs/page.js', port => $prod->port), 404,
    '{"detail":"Not Found"}');

$rows->done;
$t->done;
