# Delivery over HTTPS: the certificate is verified.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;
my $slack = $t->start_slack(tls => $tls);

# With the authority that signed it.
my $worker = $t->start_worker(env => {SSL_CERT_FILE => $tls->ca});
$t->add_message('over TLS');
$slack->wait_requests(1, 5);
is(join(' ', $slack->texts), 'over TLS', 'a message arrives over HTTPS');
$worker->stop;

# Without it nothing is sent, and nothing is lost.
$worker = $t->start_worker;
$t->add_message('not to strangers');
ok($worker->wait_output(qr/certificate/i, 5),
    'an unknown certificate is refused, and the log says so');
is(join(' ', $slack->texts), 'over TLS', 'nothing was sent');
is($t->pending, 1, 'the message stays pending');
unlike($worker->output, qr{/services/T000}, 'and the webhook is in no log');
$worker->stop;

# The right authority, another host name.
$worker = $t->start_worker(env => {SSL_CERT_FILE => $tls->ca,
    SLACK_WEBHOOK_URL => 'https://127.0.0.2:' . $slack->port . '/hook'});
ok($worker->wait_output(qr/certificate|subject|127\.0\.0\.2/i, 5), 'so is one for another host');
$worker->stop;

# Mended: what waited comes.
$t->start_worker(env => {SSL_CERT_FILE => $tls->ca});
ok(wait_until(sub { ($slack->texts)[-1] eq 'not to strangers' }, 15),
    'what waited is delivered then');
ok(wait_until(sub { $t->pending == 0 }, 3), 'and finished');

$t->done;
