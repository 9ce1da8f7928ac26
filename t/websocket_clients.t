# WebSocket with the clients that people use: npm's ws and Chromium, plainly, through TLS and through
# another nginx in front.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;
my $page = "$t->{dir}/page.html";
$t->write_file($page, <<'END');
<!doctype html><title>notify</title><script>
const path = location.pathname.replace('page.html', 'chat');
window.es = new WebSocket(`${location.protocol.replace('http', 'ws')}//${location.host}${path}`, 'v1');
window.es.onmessage = (event) => console.log('message', event.data);
window.es.onclose = (event) => console.log('close', event.code, event.reason, event.wasClean);
window.es.onopen = () => { console.log('protocol', es.protocol); es.send('from the browser \u00e9'); };
</script>
END
$t->start_nginx(tls => $tls, http => "notify_redis env:REDIS_URL;\nnotify_drain 1s;",
    server => <<"END");
    notify_websocket envelope protocol=v1;
    notify_event 'data=\$value_text';
    location = /chat {
        notify_receive chat 'text=\$notify_message' at=\$notify_time;
        notify_subscribe chat;
    }
    location = /quiet  { notify_subscribe chat; }
    location = /kept   { notify_replay 1 30m; notify_receive kept text=\$notify_message; notify_subscribe kept; }
    location = /slowly { notify_receive slowly text=\$notify_message; notify_receive_rate 10 burst=2;
        notify_subscribe slowly; }
    location = /page.html { alias $page; }
END
my $proxy = $t->start_other_nginx(
    http   => "map \$http_upgrade \$connection_upgrade { default upgrade; '' close; }",
    server => <<"END");
    location / {
        proxy_pass http://127.0.0.1:@{[$t->nginx->port]};
        proxy_http_version 1.1;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection \$connection_upgrade;
    }
END
my $redis = $t->redis;

my $clients = 0;
sub client ($url, @arguments) {
    my $log = "$t->{dir}/client" . $clients++ . '.log';
    return NotifyTest::Process->start(name => 'ws', log => $log,
        command => ['node', "$FindBin::Bin/clients/ws.js", $url, @arguments]);
}
sub add ($text) { return event_id($redis->cmd('XADD', 'chat', '*', 'text', $text)) }
sub shows ($client, $pattern, $name) {
    ok($client->wait_output($pattern, 10), $name) or diag $client->output;
    return;
}

# What a client has sent is the latest for the next one.
my $kept = 'ws://127.0.0.1:' . $t->nginx->port . '/kept';
shows(client($kept, '-', 'text first', 'text second'), qr/"data":"second"\}$/m, 'sent to a stream that is replayed');
shows(client($kept, '-'), qr/^message \{"id":"[^"]+","data":"second"\}$/m, '... its latest comes first');

my %way = (
    plain => ['ws://127.0.0.1:' . $t->nginx->port, '-'],
    TLS   => ['wss://localhost:' . $t->nginx->tls_port, $tls->ca],
    proxy => ['ws://127.0.0.1:' . $proxy->port, '-'],
);
for my $name (sort keys %way) {
    my ($base, $ca) = $way{$name}->@*;
    my $client = client("$base/chat", $ca, "text hello by $name", 'ping abc', "fragments a b c-$name",
        'text ' . 'x' x 70_000);
    shows($client, qr/^open plain$/m, "$name: ws opens");
    shows($client, qr/^message \{"id":"[^"]+","data":"hello by $name"\}$/m, "$name: is heard");
    shows($client, qr/^pong abc$/m, "$name: gets its pong");
    shows($client, qr/"data":"abc-$name"\}$/m, "$name: speaks in pieces");
    shows($client, qr/"data":"(?:x{35000}){2}"\}$/m, "$name: and at length");
    my $id = add("to $name");
    shows($client, qr/^message \{"id":"\Q$id\E","data":"to $name"\}$/m, "$name: and listens");
    $client->signal('TERM');
    shows($client, qr/^close 1000 $/m, "$name: and closes");
    ok($client->wait_exit(5), "$name: at once");

    my $quiet = client("$base/quiet", $ca, 'text hello');
    shows($quiet, qr/^close 1003 no messages are taken here$/m, "$name: where nobody listens");
    $quiet->wait_exit(5);
    my $binary = client("$base/chat", $ca, 'binary hello');
    shows($binary, qr/^close 1003 only text is taken here$/m, "$name: binary data");
    $binary->wait_exit(5);
}

my $burst = client("$way{plain}[0]/slowly", '-', map { "text $_" } 1 .. 8);
shows($burst, qr/"data":\{"text":"8"\}|"data":8/, 'who sends too fast is heard');
my @times = map { (split /-/)[0] } map { $_->[0] } $redis->cmd('XRANGE', 'slowly', '-', '+')->@*;
is(scalar @times, 8, 'each message once');
cmp_ok($times[-1] - $times[0], '>=', 500, 'but no faster than is allowed');
$burst->signal('TERM');
$burst->wait_exit(5);

# ---- Redis away ----------------------------------------------------------------------------------

my $waiting = client("$way{plain}[0]/chat", '-');
shows($waiting, qr/^open/m, 'a client');
$redis->stop;
my $lost = client("$way{plain}[0]/chat", '-', 'text lost');
shows($lost, qr/^close 1013 Redis is unavailable, nothing was done$/m, 'Redis away: it is told');
$lost->wait_exit(5);
$redis->start;
my $back = wait_until(sub { eval { add('back') } }, 10);
shows($waiting, qr/"data":"back"\}/, 'who only listens goes on when Redis is back');
$waiting->signal('TERM');
$waiting->wait_exit(5);

# ---- Chromium ------------------------------------------------------------------------------------

my $browser = NotifyTest::Process->start(name => 'browser', env => {HOME => $t->dir},
    command => ['node', "$FindBin::Bin/clients/browser.js",
        'http://127.0.0.1:' . $t->nginx->port . '/page.html'],
    log => "$t->{dir}/browser.log");
shows($browser, qr/console protocol v1$/m, 'Chromium opens it, with its protocol') or diag '';
shows($browser, qr/console message .*"data":"from the browser \x{c3}\x{a9}"\}$/m, 'is heard');
my $id = add('to the browser');
shows($browser, qr/console message \{"id":"\Q$id\E","data":"to the browser"\}$/m, 'and listens');
$t->nginx->reload;
shows($browser, qr/console close 1012 retry=\d+ true$/m, 'a reload closes it cleanly');
$browser->stop;

ok(wait_until(sub { !$t->nginx->draining }, 5), 'and the old worker goes');
$t->done;
