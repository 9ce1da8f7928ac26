# Alerts with clients that are not ours: Python's standard library, and EventSource in headless
# Chromium, which gives its key as ?token=.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Process;

my $t = NotifyTest->new;
$t->start_redis;
my $key  = $t->make_key('alice');
my $page = "$t->{dir}/page.html";
$t->write_file($page, <<"END");
<!doctype html><title>alerts</title><script>
window.es = new EventSource("/alerts?token=$key");
es.onmessage = (e) => console.log("alert: " + e.data);
</script>
END
$t->start_nginx(shipped => 1, server => "location = /page.html { alias $page; }");
my $base = 'http://127.0.0.1:' . $t->nginx->port;

sub client ($name, @command) {
    return NotifyTest::Process->start(
        name    => $name,
        command => \@command,
        env     => {HOME => $t->dir},
        log     => "$t->{dir}/$name.log",
    );
}

my $clients = "$FindBin::Bin/clients";
my $browser = client('browser', 'node', "$clients/browser.js", "$base/page.html");
my $python  = client('python', 'python3', "$clients/alerts.py", "$base/alerts", $key, 2);
ok($browser->wait_output(qr/^open$/m, 60), 'Chromium has the alerts open');
ok($python->wait_output(qr{^open text/event-stream$}m, 20), 'and Python');

sub store ($message) {
    my $answer = $t->request('PUT', '/alerts', body => qq({"message":"$message"}),
        headers => [Authorization => "Bearer $key"]);
    is($answer->status, 200, "$message is stored");
    return;
}
store('one');
store('two');
ok($python->wait_exit(20), 'Python gets what it waits for');
is($python->output, "open text/event-stream\nalert one\nalert two\nstored alert stored\n",
    'each alert once, in order, and its own one is stored');
ok($browser->wait_output(qr/"message": "from Python"/, 10), 'Chromium hears of it too');

$t->nginx->reload;
ok(wait_until(sub { !$t->nginx->draining }, 8), 'nginx is reloaded');
store('after');
ok($browser->wait_output(qr/"message":"after"/, 10), 'Chromium comes back by itself');
my @seen = $browser->output =~ /"message": ?"([^"]+)"/g;
is(join('|', @seen), 'one|two|from Python|after', 'with every alert once, in order');
unlike($t->nginx->access_log . $t->nginx->error_log, qr/\Q$key\E/, 'and no log has the key');

$browser->stop;
$t->done;
