# What the catalogue refuses: all faults of a body in one answer, and what would take long. And what a
# client sends is escaped wherever Slack shows it.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::ProviderCases;
use NotifyTest::SendCases;
use Time::HiRes qw(time);

my $json = JSON::PP->new->utf8->canonical;
my $t    = NotifyTest->new;
my $c    = NotifyTest::Catalog->new($t, kind => 'sqlite', worker => NotifyTest::ProviderCases->worker);
my $key  = $c->made('/clients', {client_name => 'Shop'});
my $hook = $t->start_slack;

sub places ($answer) { return join ' ', sort map { $_->{field_name} } $answer->json->{error}->@* }

sub refuses ($name, $answer, @places) {
    is($answer->status, 422, "$name: refused");
    is(places($answer), join(' ', sort @places), "$name: all faults are told");
    return;
}

# ---- F13's kind: each body of each endpoint ------------------------------------------------------------

my $send = sub (%member) {
    return $c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body('anna', %member));
};
refuses('two members', $send->(type => 'loud', color_code => 'red'), qw(body.type body.color_code));
refuses(
    'members and objects',
    $send->(
        user_id     => "a\nb", type => undef, timeout => 'soon', template_id => 'x',
        redirection => {type => 'x', url => 7},
        metadata    => {a => 1, b => 'x', c => []},
        actions     => [{label => 7, action => 'x', color_code => 'red', data => {}}, 7, {action => 'dismiss', color_code => '#12'}],
        channel     => "a\0", template_ref_id => "b\0"
    ),
    qw(body.user_id body.type body.timeout body.template_id body.redirection.type body.redirection.url body.metadata.a body.metadata.c
        body.actions.0.label body.actions.0.action body.actions.0.color_code body.actions.0.data.value body.actions.1
        body.actions.2.label body.actions.2.color_code body.channel body.template_ref_id)
);
refuses('no object', $c->client($key, 'POST', '/notification/send', '[]'), 'body');
refuses('an acknowledgement', $c->client($key, 'POST', '/notification/acknowledge', {user_id => "a\nb", message_ids => [1, 'x', {}]}),
    qw(body.user_id body.message_ids.0 body.message_ids.2));
refuses('a client', $c->admin('POST', '/clients', {client_name => 'a/b'}), 'body.client_name');
refuses('a channel', $c->admin('POST', '/channels', {name => 'a:b', description => 7}), qw(body.name body.description));
refuses(
    'a provider',
    $c->admin('POST', '/providers', {name => '', channel_id => 'x', config => {url => 'http://@/', type => 'webhook', headers => {Host => 'x', A => 7, B => 'c'}}}),
    qw(body.name body.channel_id body.config.url body.config.headers.Host body.config.headers.A)
);
refuses('a receiver', $c->admin('POST', '/receivers', {client_id => 'x', user_id => "a\nb", email => 7, meta_data => []}),
    qw(body.client_id body.user_id body.email body.meta_data));
refuses(
    'a template',
    $c->admin('POST', '/templates', {channel_id => 7, provider_id => 'x', template_name => 'x', meta_data => {text => '{{#a}}'}, schema => {type => 7}}),
    qw(body.channel_id body.provider_id body.template_ref_id body.meta_data.text body.schema)
);
refuses('a request', $c->admin('POST', '/requests', {client_id => 'x', channel_id => 7, receiver_id => 'y', payload => []}),
    qw(body.client_id body.channel_id body.receiver_id body.payload));

# ---- Slack's markup ------------------------------------------------------------------------------------

my $channel  = $c->admin('GET', '/channels/name/push_notification')->json->{data}{id};
my $provider = $c->made('/providers', {name => 'slack', channel_id => $channel, config => {type => 'slack', url => $hook->url}});
my $markup   = '<!channel> <https://evil.example|Click> &amp;';
my $escaped  = '&lt;!channel&gt; &lt;https://evil.example|Click&gt; &amp;amp;';
for my $case (
    [{title => '',      message => '', metadata => {a => $markup}}, qr/"a":"\Q$escaped\E"/],
    [{title => $markup, message => ''},                             qr/^\Q$escaped\E$/],
    [{title => '',      message => $markup},                        qr/^\Q$escaped\E$/],
    [{title => $markup, message => $markup},                        qr/^\*\Q$escaped\E\*\n\Q$escaped\E$/],
    )
{
    my ($member, $text) = @$case;
    my $count = $hook->requests;
    is($send->(%$member)->status, 200, 'a notification with markup');
    $hook->wait_requests($count + 1);
    like(($hook->texts)[-1], $text, 'is shown as it was typed');
}

# ---- what would take long ------------------------------------------------------------------------------

my %template = (channel_id => $channel, provider_id => $provider->{id}, template_ref_id => 'T', template_name => 'long');
my $list     = {properties => {a => {allOf => [map { {contains => {const => -$_}} } 1 .. 600]}}};
my $template = $c->made('/templates', {%template, schema => $list, meta_data => {text => '{{#a}}{{.}}{{/a}}'}});
my $costly   = {a => [1 .. 4_900]};
my $began    = time;
my $answer   = $send->(template_ref_id => 'T', data => $costly);
is($answer->status, 422, 'a schema and data that take long together');
is(places($answer), 'body.data', 'say where');
like($answer->json->{error}[0]{message}, qr/more than 100000 steps/, 'and why');
cmp_ok(time - $began, '<', 1, 'at once');
$c->admin('PUT', "/templates/$template->{id}", {schema => {properties => {a => {allOf => [map { {uniqueItems => JSON::PP::true} } 1 .. 600]}}}});
$began = time;
is($send->(template_ref_id => 'T', data => $costly)->status, 200, 'elements that are unique, told 600 times');
cmp_ok(time - $began, '<', 1, 'are no cost');
my %depth = (schema => {definitions => {d0 => {type => 'string'}}, '$ref' => '#/definitions/d19'});
$depth{schema}{definitions}{"d$_"} = {allOf => [map { {'$ref' => $_} } ('#/definitions/d' . ($_ - 1)) x 2]} for 1 .. 19;
$answer = $c->admin('POST', '/templates', {%template, %depth});
is($answer->status, 422, 'a schema that doubles with each reference is refused when it is made');
is(places($answer), 'body.schema', 'at its place');
for my $number (qw(18446744073709551615.5 1e400 -0 12345678901234567890123 1e999999999 -1e-999999999)) {
    $c->admin('PUT', "/templates/$template->{id}", {schema => {properties => {a => {type => 'number', maximum => 1}}}});
    my $body = $json->encode(NotifyTest::SendCases::body('anna', template_ref_id => 'T', data => {a => 'NUMBER'})) =~ s/"NUMBER"/$number/r;
    is($c->client($key, 'POST', '/notification/send', $body)->status, $number =~ /^-/ ? 200 : 422, "the number $number");
}
$t->done;
