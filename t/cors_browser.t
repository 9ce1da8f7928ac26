# A page of another origin in a real browser: what notify_cors lets it do, and what it does not.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $page  = "$t->{dir}/page.html";
my $pages = $t->start_other_nginx(server => "location = /page.html { alias $page; }");
my $origin = 'http://127.0.0.1:' . $pages->port;
$t->start_nginx(shipped => 1, server => <<"END");
    location = /listed {
        notify_cors $origin;
        notify_content_type application/json;
        notify_field  data any;
        notify_publish listed;
        notify_subscribe listed;
        notify_entry  data \$notify_json_data;
    }
    location = /other   { notify_cors https://app.example.org; notify_subscribe listed; notify_publish listed; notify_entry a b; }
    location = /closed  { notify_subscribe listed; }
    location = /cookies { notify_cors $origin credentials; notify_return 200 '{"cookie":"\$http_cookie"}'; }
END
my $redis = $t->redis;
my $base  = 'http://127.0.0.1:' . $t->nginx->port;
my $jwt   = jwt(JWT_SECRET, {sub => 'u'});
my $key   = $t->make_key('alice');
$t->publish_user('u', 1, persistent => JSON::PP::true);

my $script = <<'END';
const results = [];
async function attempt(name, work) {
  let outcome;
  try { outcome = String(await work()); } catch (error) { outcome = error.name; }
  console.log(`${name}: ${outcome}`);
}
async function first(path, headers) {
  const control = new AbortController();
  const answer = await fetch(BASE + path, { headers, signal: control.signal, cache: 'no-store' });
  const bytes = await answer.body.getReader().read();
  control.abort();
  return answer.status + ' ' + new TextDecoder().decode(bytes.value).length;
}
async function head(path, headers) {
  const control = new AbortController();
  const answer = await fetch(BASE + path, { headers, signal: control.signal, cache: 'no-store' });
  control.abort();
  return answer.status;
}
const status = async (path, options) => (await fetch(BASE + path, options)).status;
const json = (body, headers) => ({ method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
const opened = (path) => new Promise((resolve, reject) => {
  const source = new EventSource(BASE + path);
  source.onopen = () => { source.close(); resolve('open'); };
  source.onerror = () => { source.close(); reject(new TypeError('closed')); };
});
(async () => {
  const users = '/api/v1/external/notify';
  await attempt('EventSource', () => opened(`${users}/stream?token=${JWT}`));
  // As eventsource@2 and launchdarkly's ask, by fetch or XMLHttpRequest.
  await attempt('cache-control', () => first(`${users}/stream?token=${JWT}`, { 'cache-control': 'no-cache', accept: 'text/event-stream' }));
  await attempt('authorization', () => first(`${users}/stream`, { authorization: `Bearer ${JWT}`, 'last-event-id': '1-00000000', 'x-request-id': 'a' }));
  await attempt('history', async () => {
    const answer = await fetch(`${BASE}${users}/history`, { headers: { authorization: `Bearer ${JWT}`, 'x-request-id': 'mine-1', 'x-whatever': '1' } });
    return answer.status + ' ' + answer.headers.get('x-request-id') + ' ' + (await answer.json()).events.length;
  });
  await attempt('refused', () => status(`${users}/history`, { headers: { authorization: 'Bearer x' } }));
  await attempt('not found', () => status('/api/v1/nowhere'));
  await attempt('too large', () => status('/api/v1/nowhere', { method: 'POST', body: 'x'.repeat(3000000) }));
  await attempt('DELETE', () => status(`${users}/stream`, { method: 'DELETE' }));
  await attempt('consume', () => head('/api/events?stream=q&group=g', { authorization: `Bearer ${BEARER}`, 'cache-control': 'no-cache' }));
  await attempt('catalogue', () => status('/api/health', { headers: { 'x-api-key': 'k', 'x-user-id': 'u' } }));
  await attempt('catalogue JSON', () => status('/api/clients', json('{}', { authorization: 'Basic eDp5' })));
  // An internal endpoint without a secret is not for pages of other origins.
  await attempt('publish JSON', () => status('/api/v1/internal/notify/publish', json(EVENT)));
  await attempt('publish text', () => status('/api/v1/internal/notify/publish', { method: 'POST', body: EVENT, mode: 'no-cors' }));
  await attempt('publish bytes', () => status('/api/v1/internal/notify/publish', { method: 'POST', body: new Blob([EVENT]), mode: 'no-cors' }));
  await attempt('publish form', () => status('/api/v1/internal/notify/publish', { method: 'POST', body: new URLSearchParams({ a: EVENT }), mode: 'no-cors' }));
  await attempt('listed', async () => {
    const answer = await fetch(`${BASE}/listed`, json('{"data":1}', { 'idempotency-key': 'k', 'x-request-id': 'r' }));
    return answer.status + ' ' + (await answer.json()).id.length;
  });
  await attempt('listed stream', () => opened('/listed'));
  await attempt('another origin', () => opened('/other'));
  await attempt('another origin JSON', () => status('/other', json('{}')));
  await attempt('closed', () => opened('/closed'));
  await attempt('credentials', async () => (await fetch(`${BASE}/cookies`, { credentials: 'include' })).status);
  await attempt('credentials of *', () => status(`${users}/history`, { credentials: 'include' }));
  window.es = { readyState: 1 };
})();
END
my %values = (BASE => $base, JWT => $jwt, BEARER => BEARER_TOKEN,
    EVENT => '{"type":"t","user_id":"victim","data":1}');
my $constants = join '', map { "const $_ = " . JSON::PP->new->allow_nonref->encode($values{$_}) . ";\n" } sort keys %values;
$t->write_file($page, "<!doctype html><title>page</title><script>\n$constants$script</script>\n");

my $client = NotifyTest::Process->start(
    name    => 'browser',
    command => ['node', "$FindBin::Bin/clients/browser.js", "$origin/page.html"],
    env     => {HOME => $t->dir},
    log     => "$t->{dir}/browser.log",
);
ok($client->wait_output(qr/^open$/m, 60), 'the page is at its end') or diag $client->output;
my %got = $client->output =~ /^\d+ console ([\w *-]+): (.*)$/mg;

my %expected = (
    'EventSource'   => qr/^open/,    'cache-control' => qr/^200 [1-9]/, 'authorization' => qr/^200 [1-9]/,
    'history'       => qr/^200 mine-1 1/, 'refused' => qr/^401/, 'not found' => qr/^404/,
    'too large'     => qr/^413/,     'DELETE' => qr/^TypeError/,
    'consume'       => qr/^200/,    'catalogue' => qr/^TypeError/, 'catalogue JSON' => qr/^TypeError/,
    'publish JSON'  => qr/^TypeError/, 'publish text' => qr/^0/, 'publish form' => qr/^0/, 'publish bytes' => qr/^0/,
    'listed'        => qr/^200 [1-9]/, 'listed stream' => qr/^open/,
    'another origin' => qr/^TypeError/, 'another origin JSON' => qr/^TypeError/, 'closed' => qr/^TypeError/,
    'credentials'   => qr/^200/, 'credentials of *' => qr/^TypeError/,
);
like($got{$_} // 'nothing', $expected{$_}, "a page of another origin: $_") for sort keys %expected;
is($redis->cmd('EXISTS', 'user:victim'), 0, 'nothing is published in the name of who looks at the page');
is($redis->cmd('XLEN', 'listed'), 1, 'nor to what its origin is not listed for');
$client->stop;

$t->done;
