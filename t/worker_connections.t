# Connections that say nothing take neither the worker's descriptors nor the catalogue away: so many are
# accepted, the others wait until some of these have gone.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use IO::Socket::UNIX;
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::ProviderCases;
use NotifyTest::SendCases;

my $t    = NotifyTest->new;
my $port = free_port;
my $env  = {NOTIFY_CATALOG_CONNECTIONS => 40, NOTIFY_METRICS_LISTEN => "127.0.0.1:$port", NOTIFY_CATALOG_SCHEMA_STEPS => 1_000,
    NOTIFY_CATALOG_TEMPLATE_STEPS => 1_000, NOTIFY_CATALOG_TEMPLATE_BYTES => 1_000};
my $c = NotifyTest::Catalog->new($t, worker => {env => $env});

sub descriptors () { return scalar(() = glob '/proc/' . $t->worker->pid . '/fd/*') }
sub figures () {
    return ($t->run(['curl', '-sS', '-m', 10, "http://127.0.0.1:$port/metrics"]))[1];
}
sub health () { return $t->request('GET', '/api/health', timeout => 20)->status }

is(health(), 200, 'the catalogue answers');
like(figures(), qr/^notify_worker_redis_up 1$/m, 'so do the figures');
my $before = descriptors();

for my $row (
    ['the catalogue', 40,  sub { IO::Socket::UNIX->new(Peer => $c->socket) }, sub { health() == 200 }],
    ['the figures',   64,  sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }, sub { figures() =~ /redis_up 1$/m }])
{
    my ($name, $most, $connect, $answers) = @$row;
    my @idle = map { $connect->() } 1 .. $most + 10;
    is(scalar(grep { defined } @idle), scalar @idle, "$name: silent connections");
    ok(wait_until(sub { descriptors() >= $before + $most - $most / 8 }, 5), 'so many are accepted');
    cmp_ok(descriptors(), '<=', $before + $most, 'not more');
    splice @idle, 0, 30;
    ok($answers->(), 'some have gone, and the next one is served');
    @idle = ();
    ok(wait_until(sub { descriptors() <= $before + 2 }, 5), 'none is left');
    is($answers->(), 1, 'as ever') for 1 .. 3;
}

# ---- what one send may cost is a setting ----------------------------------------------------------

my $key      = $c->made('/clients', {client_name => 'Shop'});
my $channel  = $c->database->value("SELECT id FROM channels WHERE name = 'push_notification'");
my $provider = $c->made('/providers', {name => 'hook', channel_id => $channel, config => {type => 'webhook', url => 'http://127.0.0.1:9/'}});
my %template = (channel_id => $channel, provider_id => $provider->{id}, template_ref_id => 'T', template_name => 'T',
    meta_data => {text => '{{#a}}{{.}}{{/a}}'});
my $template = $c->made('/templates', {%template, schema => {properties => {a => {items => {type => 'string'}}}}});

sub fault (@list) {
    my $answer = $c->client($key, 'POST', '/notification/send',
        NotifyTest::SendCases::body('anna', template_ref_id => 'T', data => {a => \@list}));
    return $answer->status == 200 ? '' : $answer->json->{error}[0]{message};
}
is(fault(('x') x 100), '', 'what is within the bounds is sent');
like(fault(('x') x 3_000), qr/takes more than 1000 steps/, 'steps of the schema');
like(fault(('x' x 500) x 3), qr/rendered text has more than 1000 bytes/, 'bytes of the text');
$c->admin('PUT', "/templates/$template->{id}", {schema => {}});
like(fault(('') x 900), qr/template and data are too large together/, 'steps of the template');

$t->done;
