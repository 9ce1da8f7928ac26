# README's own page in a real browser: EventSource in headless Chromium.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t = NotifyTest->new;
$t->start_redis;
my $page = "$t->{dir}/page.html";

# The example of the replaced users service's README, unchanged but for the token.
my $example = $t->read_file("$FindBin::Bin/examples/listen.js");
is($example =~ s/YOUR_JWT/jwt(JWT_SECRET, {sub => '123'})/e, 1,
    'the example has a place for the token');
$t->write_file($page, <<"END");
<!doctype html><title>notify</title><script>
$example
window.es = es;
</script>
END
$t->start_nginx(shipped => 1, server => "location = /page.html { alias $page; }");

my $base   = 'http://127.0.0.1:' . $t->nginx->port;
my $client = NotifyTest::Process->start(
    name    => 'browser',
    command => ['node', "$FindBin::Bin/clients/browser.js", "$base/page.html"],
    env     => {HOME => $t->dir},
    log     => "$t->{dir}/browser.log",
);
ok($client->wait_output(qr/^open$/m, 60),
    'the browser has the stream open') or diag $client->output;

# The README's own publish, by curl.
my $event = '{"type":"report_ready","user_id":"123","data":{"file":"report.pdf"}}';
my @delays;
for my $number (1 .. 5) {
    my $began = time;
    my ($status, $output) = $t->run(['curl', '-sS', '-H', 'Content-Type: application/json',
        '-d', $event, "$base/api/v1/internal/notify/publish"]);
    my ($id) = $output =~ /"id":"([^"]+)"/;
    my $published = time;
    ok($client->wait_output(qr/^(\d+) console event: .*"id":"$id"/m, 5),
        "event $number is printed") or last;
    my ($printed) = $client->output =~ /^(\d+) console event: .*"id":"$id"/m;
    push @delays, $printed / 1000 - $began;
}
my ($best) = sort { $a <=> $b } @delays;
cmp_ok($best, '<', 0.2,
    'within 200 ms, curl included: ' . join ' ', map { sprintf '%.3f', $_ } @delays);
my $envelope = '"type":"report_ready","user_id":"123","data":{"file":"report.pdf"},"permalink":';
like($client->output, qr/console event: \{"id":"[^"]+",\Q$envelope\E/, 'as the envelope');

# The browser reconnects by itself after a reload of nginx, and misses nothing.
$t->nginx->reload;
ok(wait_until(sub { !$t->nginx->draining }, 8), 'nginx is reloaded');
my $id = $t->publish_user('123', 'after')->json->{id};
ok($client->wait_output(qr/console event: .*"id":"$id"/, 8), 'the browser goes on');
my @ids = $client->output =~ /console event: \{"id":"([^"]+)"/g;
is(join(' ', @ids), join(' ', $t->redis->event_ids('user:123')), 'with every event once, in order');

$client->stop;
$t->done;
