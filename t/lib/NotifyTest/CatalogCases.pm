package NotifyTest::CatalogCases;

# Every endpoint of the catalogue's nouns; the same for each database.

use v5.36;

use Digest::SHA qw(sha256_hex);
use JSON::PP    ();
use NotifyTest;
use NotifyTest::Catalog;

my $uuid    = qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
my $nothing = '00000000-0000-4000-8000-000000000000';
my @leaks;

# An error: HTTP status, code, and what `error` says.
sub refused ($name, $answer, $status, $code, $error = undef) {
    push @leaks, "$name: " . $answer->body
        if $answer->body =~ /SELECT|INSERT|UPDATE|sqlite|PostgreSQL|api_key"|[0-9a-f]{64}/i;
    return subtest $name => sub {
        is($answer->status, $status, 'status') or diag $answer->body;
        my $body = $answer->json;
        is(join(' ', sort keys %$body), 'error message status_code', 'the shape of an error');
        is($body->{status_code}, $code, 'code');
        like($body->{error}, $error, 'error') if $error;
        like($answer->header('X-Request-ID'), $uuid, 'with a request id');
    };
}

# 422, and the places of what is wrong.
sub invalid ($name, $answer, @fields) {
    return subtest $name => sub {
        is($answer->status, 422, 'status') or diag $answer->body;
        my $body = $answer->json;
        is($body->{message}, 'Validation Error', 'message');
        is(join(' ', map { $_->{field_name} } $body->{error}->@*), "@fields", 'fields');
        is(join(' ', sort keys $body->{error}[0]->%*), 'field_name message type', 'each says why');
    };
}

sub fine ($name, $answer, $status = 200) {
    is($answer->status, $status, $name) or diag $answer->body;
    my $body = $answer->json;
    is(join(' ', sort keys %$body), 'data message status_code', "$name: shape");
    is($body->{status_code}, $status, "$name: code");
    like($answer->header('X-Request-ID'), $uuid, "$name: request id");
    return $body->{data};
}

# Everything, against a catalogue that is empty.
sub run ($class, $t, $c) {
    my $db = $c->database;
    @leaks = ();

    # ---- clients
    my $answer = $c->request('GET', '/health');
    is($answer->body, '"healthy"', 'GET /health');
    is($answer->status, 200, 'is open to all');

    my $key = fine('POST /clients', $c->admin('POST', '/clients', {client_name => 'Shop'}), 201);
    like($key, qr/^test-Shop-[0-9a-f]{64}$/, 'answers the API key');
    is($db->value("SELECT api_key FROM clients WHERE client_name = 'Shop'"), sha256_hex($key),
        'of which the digest is kept');
    is($t->redis->cmd('HGET', 'notify:{catalog}:clients', 'shop'), sha256_hex($key),
        'and shown to nginx');
    my $id = $c->client_id('Shop');
    refused('a name that is taken', $c->admin('POST', '/clients', {client_name => 'sHOP'}), 409, 2001);
    invalid('no name', $c->admin('POST', '/clients', {}), 'body.client_name');
    invalid('an empty name', $c->admin('POST', '/clients', {client_name => ''}), 'body.client_name');
    invalid('a name that is none', $c->admin('POST', '/clients', {client_name => 7}), 'body.client_name');
    invalid("the name $_", $c->admin('POST', '/clients', {client_name => $_}), 'body.client_name')
        for 'a:b', 'a/b', "a\nb", '{a}', ' a', "a\0b", 'x' x 129;
    invalid('no JSON', $c->admin('POST', '/clients', '{"client_name":'), 'body.15');
    invalid('no body', $c->admin('POST', '/clients'), 'body');
    is(fine('the same with SQL in it', $c->admin('POST', '/clients',
        {client_name => "Robert'); DROP TABLE clients;--"}), 201) =~ /DROP TABLE/, 1, 'is a name');

    my $row = fine('GET /clients/{id}', $c->admin('GET', "/clients/$id"));
    is($row->{client_name}, 'Shop', 'has the name');
    ok($row->{is_active}, 'and is active');
    my $list = fine('GET /clients', $c->admin('GET', '/clients'));
    is(scalar @$list, 2, 'lists all');
    $answer = $c->admin('GET', '/clients?limit=1&offset=1');
    is(join(' ', map { $_->{client_name} } $answer->json->{data}->@*),
        "Robert'); DROP TABLE clients;--", 'a page of them');
    is($answer->header('X-Total-Count'), 2, 'and how many there are');
    invalid("limit=$_", $c->admin('GET', "/clients?limit=$_"), 'query.limit') for 0, 1001, 'x';

    my $new = fine('PUT /clients/{id}/regenerate_api_key',
        $c->admin('PUT', "/clients/$id/regenerate_api_key"));
    like($new, qr/^test-Shop-[0-9a-f]{64}$/, 'answers another key');
    isnt($new, $key, 'which is new');
    is($t->redis->cmd('HGET', 'notify:{catalog}:clients', 'shop'), sha256_hex($new), 'at once');
    refused('an unknown client', $c->admin('PUT', "/clients/$nothing/regenerate_api_key"), 404, 2004);
    invalid('an id that is none', $c->admin('PUT', '/clients/17/regenerate_api_key'), 'path.client_id');

    is(fine('PUT /clients/{id}', $c->admin('PUT', "/clients/$id", {client_name => 'Store'}))
        ->{client_name}, 'Store', 'renames');
    is($t->redis->cmd('HGET', 'notify:{catalog}:clients', 'store'), sha256_hex($new),
        'nginx knows the new name');
    ok(!$t->redis->cmd('HGET', 'notify:{catalog}:clients', 'shop'), 'and not the old one');
    is(fine('DELETE /clients/{id}/mark_inactive', $c->admin('DELETE', "/clients/$id/mark_inactive")),
        'Store', 'answers the name');
    ok(!$t->redis->cmd('HGET', 'notify:{catalog}:clients', 'store'), 'nginx knows it no more');
    refused('a new key for it', $c->admin('PUT', "/clients/$id/regenerate_api_key"), 404, 2004);
    refused('an unknown one', $c->admin('DELETE', "/clients/$nothing/mark_inactive"), 404, 2004);
    ok(fine('it may come back', $c->admin('PUT', "/clients/$id", {is_active => JSON::PP::true}))
        ->{is_active}, 'active');

    # ---- channels
    my $channel = fine('POST /channels',
        $c->admin('POST', '/channels', {name => 'SMS', description => 'texts'}), 201);
    is(join(' ', sort keys %$channel), 'description id name', 'answers id, name and description');
    is($channel->{name}, 'sms', 'the name in lower case');
    refused('a name that is taken', $c->admin('POST', '/channels', {name => 'sMs'}), 409, 2101);
    is(fine('without a description', $c->admin('POST', '/channels', {name => 'mail'}), 201)
        ->{description}, undef, 'it is null');
    is_deeply(fine('GET /channels/name/{name}', $c->admin('GET', '/channels/name/sMS')), $channel,
        'in any case');
    refused('an unknown name', $c->admin('GET', '/channels/name/fax'), 404, 2105);
    refused('a name that is no UTF-8', $c->admin('GET', '/channels/name/%FF'), 404, 2105);
    ok(fine('push_notification', $c->admin('GET', '/channels/name/push_notification')), 'is there');
    is(fine('PUT /channels/{id}', $c->admin('PUT', "/channels/$channel->{id}", {description => undef}))
        ->{description}, undef, 'changes it');
    is(fine('GET /channels/{id}', $c->admin('GET', "/channels/$channel->{id}"))->{name}, 'sms', 'one');
    is(scalar fine('GET /channels', $c->admin('GET', '/channels'))->@*, 3, 'all');

    # ---- providers
    my $config   = {url => 'https://hooks.example/1', nested => {b => [1, 2], a => undef}};
    my $provider = fine('POST /providers', $c->admin('POST', '/providers',
        {name => 'Twilio', channel_id => $channel->{id}, config => $config}), 201);
    is(join(' ', sort keys %$provider), 'channel_id config id is_active name', 'its members');
    is_deeply($provider->{config}, $config, 'the configuration as it was sent');
    refused('an unknown channel', $c->admin('POST', '/providers',
        {name => 'x', channel_id => $nothing, config => {}}), 404, 2201);
    invalid('a channel that is no id', $c->admin('POST', '/providers',
        {name => 'x', channel_id => 'x', config => {}}), 'body.channel_id');
    invalid('a configuration that is none', $c->admin('POST', '/providers',
        {name => 'x', channel_id => $channel->{id}, config => 'x'}), 'body.config');
    is_deeply(fine('GET /providers/name/{name}', $c->admin('GET', '/providers/name/tWILIO')),
        $provider, 'in any case');
    refused('an unknown name', $c->admin('GET', '/providers/name/x'), 404, 2205);
    is_deeply(fine('GET /channels/{id}/providers', $c->admin('GET', "/channels/$channel->{id}/providers")),
        [$provider], 'a list');
    my $mail = fine('another channel', $c->admin('GET', '/channels/name/mail'));
    refused('has none', $c->admin('GET', "/channels/$mail->{id}/providers"), 404, 2205);
    is_deeply(fine('PUT /providers/{id}', $c->admin('PUT', "/providers/$provider->{id}",
        {config => {}}))->{config}, {}, 'changes it');
    is(scalar fine('GET /providers', $c->admin('GET', '/providers'))->@*, 1, 'all');
    is(fine('GET /providers/{id}', $c->admin('GET', "/providers/$provider->{id}"))->{name}, 'Twilio', 'one');

    # ---- templates
    my %template = (channel_id => $channel->{id}, provider_id => $provider->{id},
        template_ref_id => 'T1', template_name => 'welcome');
    is_deeply(fine('GET /templates', $c->admin('GET', '/templates')), [], 'may be empty');
    refused('GET /channels/{id}/templates', $c->admin('GET', "/channels/$channel->{id}/templates"), 404, 2407);
    refused('GET /providers/{id}/templates', $c->admin('GET', "/providers/$provider->{id}/templates"), 404, 2407);
    my $template = fine('POST /templates', $c->admin('POST', '/templates',
        {%template, schema => {type => 'object'}, meta_data => {a => 1}}), 201);
    is_deeply($template, {%template, id => $template->{id}, description => undef,
        meta_data => {a => 1}, schema => {type => 'object'}}, 'answers what was sent, and the id');
    refused('an unknown channel', $c->admin('POST', '/templates', {%template, channel_id => $nothing}), 404, 2401);
    refused('an unknown provider', $c->admin('POST', '/templates', {%template, provider_id => $nothing}), 404, 2401);
    refused("another channel's provider", $c->admin('POST', '/templates', {%template, channel_id => $mail->{id}}), 404, 2401);
    invalid('nothing', $c->admin('POST', '/templates', {}),
        map { "body.$_" } qw(channel_id provider_id template_ref_id template_name));
    is_deeply(fine('PUT /templates/{id}', $c->admin('PUT', "/templates/$template->{id}",
        {schema => {type => 'object', required => ['x']}})),
        {%$template, schema => {type => 'object', required => ['x']}}, 'changes the schema');
    refused('an unknown template', $c->admin('PUT', "/templates/$nothing", {description => 'x'}), 404, 2407);
    is(scalar fine("GET $_", $c->admin('GET', $_))->@*, 1, 'lists it')
        for '/templates', "/channels/$channel->{id}/templates", "/providers/$provider->{id}/templates";
    is(fine('GET /templates/{id}', $c->admin('GET', "/templates/$template->{id}"))->{template_name}, 'welcome', 'one');
    is(fine('DELETE /templates/{id}/mark_inactive', $c->admin('DELETE', "/templates/$template->{id}/mark_inactive")),
        'welcome', 'answers the name');

    # ---- receivers
    refused('GET /clients/{id}/receivers', $c->admin('GET', "/clients/$id/receivers"), 404, 2305);
    my $receiver = fine('POST /receivers', $c->admin('POST', '/receivers',
        {client_id => $id, user_id => 'u1', email => 'u1@example.org'}), 201);
    is_deeply($receiver, {id => $receiver->{id}, client_id => $id, user_id => 'u1',
        email => 'u1@example.org', phone_number => undef, meta_data => undef}, 'its members');
    is_deeply(fine('GET /clients/{id}/receivers', $c->admin('GET', "/clients/$id/receivers")), [$receiver], 'a list');
    refused('the same user', $c->admin('POST', '/receivers', {client_id => $id, user_id => 'u1'}), 409, 2301);
    refused('an unknown client', $c->admin('POST', '/receivers', {client_id => $nothing, user_id => 'u1'}), 404, 2301);
    is(fine('PUT /receivers/{id}', $c->admin('PUT', "/receivers/$receiver->{id}", {phone_number => '1'}))
        ->{phone_number}, '1', 'changes it');
    is(fine('GET /receivers/{id}', $c->admin('GET', "/receivers/$receiver->{id}"))->{user_id}, 'u1', 'one');
    is(scalar fine('GET /receivers', $c->admin('GET', '/receivers'))->@*, 1, 'all');
    refused('GET /receivers/{id}/requests', $c->admin('GET', "/receivers/$receiver->{id}/requests"), 404, 2502);
    is(fine('DELETE /receivers/{id}/mark_inactive', $c->admin('DELETE', "/receivers/$receiver->{id}/mark_inactive")),
        'u1', 'answers the user');
    refused('a client with receivers', $c->admin('PUT', "/clients/$id", {client_name => 'Other'}), 409, 2002);

    # ---- pages that would be too large
    my $large = $c->admin('POST', '/channels', {name => 'large'})->json->{data}{id};
    my $blob  = 'x' x 64_000;
    is($c->admin('POST', '/providers', {name => "p$_", channel_id => $large, config => {blob => $blob}})
        ->status, 201, 'a large row') for 1 .. 70;
    my ($offset, %seen) = 0;
    my $pages = 0;
    while ($pages++ < 10) {
        my $part = $c->admin('GET', "/channels/$large/providers?offset=$offset");
        cmp_ok(length $part->body, '<', 4_500_000, 'a page of them ends at 4 MB');
        is($part->header('X-Total-Count'), 70, 'and tells of all');
        my @names = map { $_->{name} } $part->json->{data}->@* or last;
        $seen{$_}++ for @names;
        $offset += @names;
        last if $offset >= 70;
    }
    cmp_ok($pages, '>', 1, 'there is more than one');
    is(join(' ', map { $seen{"p$_"} // 0 } 1 .. 70), join(' ', (1) x 70), 'all come, once each');

    # ---- deactivated
    is(fine('DELETE /providers/{id}/mark_inactive', $c->admin('DELETE', "/providers/$provider->{id}/mark_inactive")),
        'Twilio', 'answers the name');
    refused('a template for it', $c->admin('POST', '/templates', \%template), 404, 2401);
    is(fine('DELETE /channels/{id}/mark_inactive', $c->admin('DELETE', "/channels/$mail->{id}/mark_inactive")),
        'mail', 'answers the name');
    refused('a provider for it', $c->admin('POST', '/providers', {name => 'x', channel_id => $mail->{id}, config => {}}), 404, 2201);
    for my $noun (qw(clients channels providers receivers templates requests)) {
        my %code = (clients => 2004, channels => 2105, providers => 2205, receivers => 2305,
            templates => 2407, requests => 2502);
        refused("GET /$noun/{id} of none", $c->admin('GET', "/$noun/$nothing"), 404, $code{$noun});
        my $one = $noun =~ s/s\z//r;
        invalid("GET /$noun/x", $c->admin('GET', "/$noun/x"), "path.${one}_id");
    }

    # ---- who may
    refused('no credentials', $c->request('GET', '/clients'), 401, 401, qr/^Not authenticated$/);
    like($c->request('GET', '/clients')->header('WWW-Authenticate'), qr/^Basic /, 'says how');
    my @wrong = (NotifyTest::Catalog::basic('chief', 'x'), NotifyTest::Catalog::basic('x', NotifyTest::Catalog::PASSWORD));
    while (my @header = splice @wrong, 0, 2) {
        refused('wrong ones', $c->request('GET', '/clients', undef, @header), 401, 401, qr/^Invalid admin credentials$/);
    }
    refused('what is no Base64', $c->request('GET', '/clients', undef, Authorization => 'Basic %%%'), 401, 401);
    refused('another scheme', $c->request('GET', '/clients', undef, Authorization => 'Bearer x'), 401, 401);
    refused('a path that is none', $c->admin('GET', '/nothing'), 404, 404, qr/^Not Found$/);
    refused('the prefix alone', $c->admin('GET', ''), 404, 404, qr/^Not Found$/);
    my $method = $c->admin('PATCH', '/clients');
    refused('a method that is none', $method, 405, 405, qr/^Method Not Allowed$/);
    is($method->header('Allow'), 'POST, GET', 'says which there are');
    $method = $c->admin('BREW', '/clients');
    refused('a method that nobody knows', $method, 405, 405, qr/^Method Not Allowed$/);
    is($method->header('Allow'), 'GET, POST, PUT, DELETE', 'says which there are here');
    refused('a body that is too large', $c->admin('POST', '/clients', 'x' x 1_100_000), 413, 413);

    # ---- other origins
    my $preflight = $c->request('OPTIONS', '/clients', undef, Origin => 'https://a.example',
        'Access-Control-Request-Method' => 'POST');
    refused('a preflight of a foreign page', $preflight, 403, 403);
    is($preflight->header('Access-Control-Allow-Origin'), undef, 'which may nothing');
    my $foreign = $c->request('GET', '/health', undef, Origin => 'https://a.example');
    refused('what it asks all the same', $foreign, 403, 403);
    is($foreign->header('Access-Control-Allow-Origin'), undef, 'which it may not read');

    # ---- the log
    my $log = $t->worker->output;
    like($log, qr{request request=[0-9a-f-]{36} method=GET path=/api/health status=200 ms=\d+}, 'a line for each request');
    unlike($log, qr/\Q$key\E|\Q$new\E|@{[sha256_hex($key)]}|@{[NotifyTest::Catalog::PASSWORD]}|INSERT|SELECT/,
        'none holds a key, a digest, a password or SQL');
    is("@leaks", '', 'no error tells of SQL, keys or digests');
    return;
}

1;
