# Where the catalogue's providers may lead: not into the operator's own network, unless
# TARGET_ALLOWED_CIDRS names it; and nothing of an answer from there is shown.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::ProviderCases;
use NotifyTest::SendCases;
use NotifyTest::Slack;

my $json = JSON::PP->new->utf8->canonical;
my $t    = NotifyTest->new;
my $c    = NotifyTest::Catalog->new($t, kind => 'sqlite');
my $web  = NotifyTest::Slack->new(dir => $t->dir . '/web');
my $key  = $c->made('/clients', {client_name => 'shop'});
$t->worker->stop;

my %quick = (NOTIFY_MAX_ATTEMPTS => 2, NOTIFY_RETRY_INITIAL => '50ms', NOTIFY_RETRY_MAX => '50ms', NOTIFY_BUDGET_RATE => 100);

sub start ($allowed, %env) {
    return $c->start_worker(env => {%quick, TARGET_ALLOWED_CIDRS => $allowed, %env});
}

sub channel ($name) { return $c->made('/channels', {name => $name})->{id} }

sub provider ($name, %config) {
    return $c->made('/providers', {name => $name, channel_id => channel($name), config => \%config});
}

# Past the API, as a name that leads to another address a moment later.
sub moved ($name, $url, $type = 'webhook') {
    my $provider = provider($name, type => $type, url => 'https://host.example/');
    my $config   = $json->encode({type => $type, url => $url});
    $c->database->query("UPDATE providers SET config = '$config' WHERE id = '$provider->{id}'");
    return;
}

sub sent ($user, $channel) {
    my $answer = $c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body($user, channel => $channel));
    $answer->status == 200 or die $answer->body;
    return;
}

sub row ($user, $what) { return NotifyTest::SendCases::row($c, $user, $what) }

sub rejected ($user) {
    return wait_until(sub { row($user, 'status') eq 'REJECTED' }, 15) ? row($user, 'error_message') : 'still pending';
}

# ---- by default --------------------------------------------------------------------------------------

start('');
my $wrong = channel('wrong');
for my $url (
    $web->url('/in'), 'http://localhost/', 'http://x.localhost./', 'http://10.0.0.1/', 'http://[::1]/', 'http://[fd00:ec2::254]/',
    'http://[::ffff:127.0.0.1]/', 'http://[64:ff9b::7f00:1]/', 'http://[2002:7f00:1::1]/', 'http://169.254.169.254/latest/meta-data/',
    'http://0/', 'http://127.1/', 'http://0x7f.1/', 'http://2130706433/', 'http://0177.0.0.1/', 'http://@/', 'http://user:word@host.example/',
    'http://1.1.1.1\\@127.0.0.1/', 'http://127%2e0%2e0%2e1/', 'http://host.example:0/', "http://\x{ff11}\x{ff12}\x{ff17}.0.0.1/",
    )
{
    for my $type ('webhook', 'slack') {
        my $answer = $c->admin('POST', '/providers', {name => 'x', channel_id => $wrong, config => {type => $type, url => $url}});
        my $shown = $url =~ s/[^ -~]/?/gr;
        is($answer->status, 422, "$type $shown is refused");
        is($answer->json->{error}[0]{field_name}, 'body.config.url', 'at its place');
    }
}
my $kept = provider('kept', type => 'webhook', url => 'https://host.example/');
is($c->admin('PUT', "/providers/$kept->{id}", {config => {url => $web->url('/in')}})->status, 422, 'a change to one, too');

moved('inside',  $web->url('/in'));
moved('slacky',  $web->url('/in'), 'slack');
moved('mapped',  'http://[::ffff:127.0.0.1]:' . $web->port . '/in');
moved('unnamed', 'http://0.0.0.0:' . $web->port . '/in');
moved('named',   'http://localhost:' . $web->port . '/in');
provider('last', type => 'webhook', url => 'https://host.example/');    # the worker looks at all of them now
for my $name (qw(inside slacky mapped unnamed named)) {
    sent("user-$name", $name);
    like(rejected("user-$name"), qr/^The provider failed: the target has no public address/, "$name: what is on its way is not sent");
}
is(scalar($web->requests), 0, 'nobody inside was asked');

# ---- with a network that the operator named ----------------------------------------------------------

# The proxy would connect in the worker's place.
my $proxy = NotifyTest::Slack->new(dir => $t->dir . '/proxy');
$t->worker->stop;
start('10.0.0.0/8, 127.0.0.1', map { $_ => $proxy->url('') } qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY));
sent('friend', 'inside');
ok(scalar($web->wait_requests(1)), 'a network that is allowed is reached');
is(scalar($proxy->requests), 0, 'without a proxy');
$web->answer({status => 401, body => 'word of the inner server'}, {status => 200, body => 'no_service of the inner server'},
    {status => 200, body => '<html>of the inner server'});
sent('closed', 'inside');
is(rejected('closed'), 'The provider failed: HTTP 401', 'nothing of its answer is shown');
sent('other', 'slacky');
is(rejected('other'), "The provider failed: 2 attempts, the last one: HTTP 200 without Slack's answer", 'nor of what is not Slack\'s');
unlike($t->worker->output, qr/inner server/, 'nor in the log');
sent('loose', 'unnamed');
like(rejected('loose'), qr/no public address/, 'others are not');
$t->done;
