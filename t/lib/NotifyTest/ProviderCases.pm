package NotifyTest::ProviderCases;

# What goes out through providers, with templates; the same for each database.

use v5.36;

use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::Http;
use NotifyTest::SendCases;
use NotifyTest::Slack;

my $json    = JSON::PP->new->utf8->canonical;
my $nothing = '00000000-0000-4000-8000-000000000000';

# Settings of the worker: quick retries, and no budget that a test would wait for.
sub worker ($class) {
    return {env => {NOTIFY_MAX_ATTEMPTS => 3, NOTIFY_RETRY_INITIAL => '100ms', NOTIFY_RETRY_MAX => '200ms',
        NOTIFY_BUDGET_RATE => 100}};
}

sub run ($class, $t, $c) {
    my $key  = $c->made('/clients', {client_name => 'Shop'});
    my $hook = $t->start_slack;
    my $web  = NotifyTest::Slack->new(dir => $t->dir . '/web');
    slack($t, $c, $key, $hook);
    webhook($t, $c, $key, $web);
    failing($t, $c, $key, $web);
    refusing($c);
    return;
}

sub channel ($c, $name) { return $c->made('/channels', {name => $name})->{id} }

sub sent ($c, $key, $user, %member) {
    my $answer = $c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body($user, %member));
    $answer->status == 200 or die $answer->body;
    return;
}

sub row ($c, $user, $what) { return NotifyTest::SendCases::row($c, $user, $what) }

sub slack ($t, $c, $key, $hook) {
    my $channel  = $c->admin('GET', '/channels/name/push_notification')->json->{data}{id};
    my $provider = $c->made('/providers', {name => 'slack', channel_id => $channel, config => {type => 'slack', url => $hook->url}});
    sent($c, $key, 'anna', title => 'A & B', message => '<!here> {{x}}');
    my ($request) = $hook->wait_requests(1);
    is_deeply($json->decode($request->{body}), {text => "*A &amp; B*\n&lt;!here&gt; {{x}}"}, 'Slack gets title and message');
    is(scalar NotifyTest::SendCases::entries($t, 'anna'), 1, 'and the user gets it');
    is(row($c, 'anna', 'provider_id'), $provider->{id}, 'the row names the provider');
    is(row($c, 'anna', 'status'), 'PENDING', 'and is pending until it is acknowledged');

    my %template = (channel_id => $channel, provider_id => $provider->{id}, template_ref_id => 'T', template_name => 'order');
    my $template = $c->made('/templates', {%template,
        meta_data => {text => "{{title}}: {{#items}}{{n}} x {{name}}; {{/items}}{{^items}}none{{/items}}"}});
    sent($c, $key, 'bert', title => 'Order', data => {items => [{n => 2, name => 'a<b'}, {n => 1, name => 'c'}]});
    is(($hook->wait_requests(2) && ($hook->texts)[1]), 'Order: 2 x a&lt;b; 1 x c; ', 'the template is rendered');
    is(row($c, 'bert', 'template_id'), $template->{id}, 'the row names it');
    ok(!exists $json->decode((NotifyTest::SendCases::entries($t, 'bert'))[0]{message})->{data}, 'the user gets no data');
    sent($c, $key, 'cleo');
    is(($hook->wait_requests(3) && ($hook->texts)[2]), 'Title: none', 'without data, too');

    $c->admin('PUT', "/templates/$template->{id}",
        {schema => {type => 'object', required => ['items'], properties => {items => {type => 'array'}}}});
    sent($c, $key, 'dirk', template_ref_id => 'T', data => {items => []});
    my $answer = $c->client($key, 'POST', '/notification/send',
        NotifyTest::SendCases::body('eva', template_id => $template->{id}, data => {items => 7}));
    is($answer->status, 422, 'data that does not fit the schema');
    like($answer->json->{error}[0]{field_name}, qr/^body\.data/, 'says where');
    is(row($c, 'eva', 'COUNT(*)'), 0, 'and nothing is kept');
    for my $wrong ({template_id => $nothing}, {template_ref_id => 'x'}) {
        is($c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body('eva', %$wrong))->json->{status_code},
            2407, 'an unknown template');
    }
    $c->admin('PUT', "/templates/$template->{id}", {meta_data => {text => '{{#items}}{{#items}}{{#items}}x{{/items}}{{/items}}{{/items}}'}});
    $answer = $c->client($key, 'POST', '/notification/send',
        NotifyTest::SendCases::body('eva', template_ref_id => 'T', data => {items => [(1) x 1000]}));
    is($answer->status, 422, 'a rendering without end');
    $c->admin('DELETE', "/templates/$template->{id}/mark_inactive");

    # Deactivated: what comes later does not go out.
    $c->admin('DELETE', "/providers/$provider->{id}/mark_inactive");
    my $count = $hook->wait_requests(4);
    sent($c, $key, 'fred');
    ok(!row($c, 'fred', 'provider_id'), 'an inactive provider is none');
    is(scalar($hook->requests), $count, 'and gets nothing');
    return;
}

sub webhook ($t, $c, $key, $web) {
    my $channel  = channel($c, 'web');
    my $config   = {type => 'webhook', url => $web->url('/in'), headers => {'X-Secret' => 'word-of-the-webhook'}};
    my $provider = $c->made('/providers', {name => 'web', channel_id => $channel, config => $config});
    sent($c, $key, 'gina', channel => 'WEB', metadata => {a => 'b'});
    my ($request) = $web->wait_requests(1);
    my $body = $json->decode($request->{body});
    is($body->{user_id}, 'gina', 'a webhook gets the user');
    is($body->{text}, "Title\nMessage", 'the text');
    is_deeply($body->{notification}, NotifyTest::SendCases::body('gina', metadata => {a => 'b'}), 'the notification');
    is($body->{request_id}, row($c, 'gina', 'id'), 'and the request');
    is($request->{headers}{'x-secret'}, 'word-of-the-webhook', 'with the headers of the configuration');
    ok($request->{headers}{'idempotency-key'}, 'and an idempotency key');
    is($request->{path}, '/in', 'at its URL');

    $c->admin('PUT', "/providers/$provider->{id}", {config => {%$config, url => $web->url('/other')}});
    sent($c, $key, 'gina', channel => 'web');
    is(($web->wait_requests(2))[1]{path}, '/other', 'a changed URL counts at once');
    my $none = $c->made('/providers', {name => 'mail', channel_id => $channel, config => {type => 'smtp', host => 'x'}});
    sent($c, $key, 'gina', channel => 'web');
    is(scalar($web->wait_requests(3)), 3, 'a provider that delivers nothing is passed over');
    my $text = $t->worker->output;
    unlike($text, qr{/in\b|/other|word-of-the-webhook}, 'the log has neither path nor header');
    return;
}

# Rejected with the reason when the provider fails for good.
sub failing ($t, $c, $key, $web) {
    my $channel  = channel($c, 'broken');
    my $provider = $c->made('/providers', {name => 'broken', channel_id => $channel, config => {url => $web->url('/broken')}});
    $web->answer({status => 503}, {status => 500}, {status => 200});
    sent($c, $key, 'hans', channel => 'broken');
    $web->wait_accepted(4);
    is(row($c, 'hans', 'status'), 'PENDING', 'a failure that passes is none');
    $web->answer({status => 404, body => 'gone from here'});
    sent($c, $key, 'ida', channel => 'broken');
    ok(wait_until(sub { row($c, 'ida', 'status') eq 'REJECTED' }, 10), 'a 404 rejects');
    is(row($c, 'ida', 'error_message'), 'The provider failed: HTTP 404', 'says why, and nothing of an internal answer');
    is(scalar NotifyTest::SendCases::entries($t, 'ida'), 1, 'the user has it all the same');
    $web->answer(map { {status => 500} } 1 .. 3);
    sent($c, $key, 'jo', channel => 'broken');
    ok(wait_until(sub { row($c, 'jo', 'status') eq 'REJECTED' }, 10), 'so do too many failures');

    # Not seen by a worker that was killed: by the next one.
    $t->kill_worker;
    my $id = row($c, 'hans', 'id');
    my ($dead) = grep { /\Q$provider->{id}\E.*:dead$/ } $t->redis->keys;
    $t->redis->cmd('XADD', $dead, '*', 'notify-reason', 'told late', 'request', $id);
    $c->start_worker;
    ok(wait_until(sub { row($c, 'hans', 'status') eq 'REJECTED' }, 10), 'a dead letter that nobody saw');

    # A worker that is killed in the middle delivers again, with the same key.
    $web->answer({hang => 1});
    my $count = $web->requests;
    sent($c, $key, 'kim', channel => 'broken');
    $web->wait_requests($count + 1);
    $t->kill_worker;
    $c->start_worker;
    my @requests = $web->wait_requests($count + 2);
    is($requests[-1]{headers}{'idempotency-key'}, $requests[-2]{headers}{'idempotency-key'}, 'delivered again, with the same key');
    return;
}

# More than may wait: the oldest are given up, with the reason, and the others come.
sub crowded ($class, $t, $c) {
    $t->worker->stop;
    $c->start_worker(env => {$class->worker->{env}->%*, NOTIFY_CATALOG_BACKLOG => 200, NOTIFY_BUDGET_RATE => 1000,
        NOTIFY_BUDGET_BURST => 1000, NOTIFY_DESTINATION_CONCURRENCY => 1, NOTIFY_PREFETCH => 10});
    my $web      = NotifyTest::Slack->new(dir => $t->dir . '/crowded');
    my $channel  = channel($c, 'crowded');
    my $key      = $c->made('/clients', {client_name => 'crowd'});
    my $provider = $c->made('/providers', {name => 'crowded', channel_id => $channel, config => {url => $web->url('/crowded')}});
    my $stream   = "notify:{$provider->{id}}:outgoing";
    $web->answer({hang => 1});
    sent($c, $key, "crowd$_", channel => 'crowded') for 0 .. 450;
    my $count = sub ($status) {
        return $c->database->value("SELECT COUNT(*) FROM requests WHERE provider_id = '$provider->{id}' AND status = '$status'");
    };
    ok(wait_until(sub { $count->('REJECTED') > 200 }, 20), 'more wait than may: the oldest are rejected');
    ok(wait_until(sub { $t->redis->cmd('XLEN', $stream) <= 200 }, 20), 'the others wait');
    like(row($c, 'crowd30', 'error_message'), qr/^The provider failed: more than 200 were waiting/, 'with the reason');
    is(row($c, 'crowd440', 'status'), 'PENDING', 'the newest are not');
    my $rejected = $count->('REJECTED');
    ok(wait_until(sub { $web->accepted >= 451 - $rejected }, 40), 'and come');
    my %seen     = map { $json->decode($_->{body})->{user_id} => 1 } $web->requests;
    my %rejected = map { $_->[0] => 1 } $c->database->query(
        "SELECT user_id FROM receivers JOIN requests ON receiver_id = receivers.id WHERE status = 'REJECTED'")->@*;
    is(join(' ', grep { $rejected{$_} } sort keys %seen), '', 'none is both delivered and rejected');
    is(scalar(grep { !$seen{"crowd$_"} && !$rejected{"crowd$_"} } 0 .. 450), 0, 'each is one of them');
    return;
}

# No more are active than have a place: the next one is refused, and none waits without a word.
sub places ($class, $t, $c) {
    my $db  = $c->database;
    my $old = q{'2020-01-01T00:00:00.000000Z'};
    $db->query("UPDATE providers SET is_active = FALSE");
    $db->query("UPDATE requests SET created_at = $old");
    $t->worker->stop;
    my $metrics = $t->dir . '/metrics.sock';
    my $figure  = sub ($name) {
        my ($status, $text) = $t->run(['curl', '-sS', '--unix-socket', $metrics, 'http://x/metrics']);
        return $text =~ /^notify_worker_$name (\S+)$/m ? $1 : -1;
    };
    my $start = sub ($most) {
        return $c->start_worker(env => {$class->worker->{env}->%*, NOTIFY_CATALOG_PROVIDERS => $most},
            arguments => ['--metrics-listen', "unix:$metrics"]);
    };
    my $worker  = $start->(3);
    my $web     = NotifyTest::Slack->new(dir => $t->dir . '/places');
    my $key     = $c->made('/clients', {client_name => 'places'});
    my $number  = 0;
    my $create  = sub ($name) {
        return {name => $name, channel_id => channel($c, $name), config => {url => $web->url("/$name")}};
    };
    my $arrives = sub ($name, $user) {
        sent($c, $key, $user, channel => $name);
        return wait_until(sub { grep { $_->{path} eq "/$name" && $json->decode($_->{body})->{user_id} eq $user } $web->requests }, 15);
    };
    my $activate = sub ($id) { return $c->admin('PUT', "/providers/$id", {is_active => JSON::PP::true}) };
    my %id = map { $_ => $c->made('/providers', $create->($_))->{id} } qw(p1 p2 p3);
    my $answer = $c->admin('POST', '/providers', $create->('p4'));
    is($answer->status, 409, 'one more than have a place');
    is($answer->json->{status_code}, 2201, 'says so');
    like($answer->json->{error}, qr/^There are 3 providers that are active.*; 3 may be \(NOTIFY_CATALOG_PROVIDERS\)/, 'and how many');
    is($db->value(q{SELECT COUNT(*) FROM providers WHERE name = 'p4'}), 0, 'nothing of it is kept');
    ok($arrives->('p3', 'u1'), 'the last one delivers');
    ok(wait_until(sub { $figure->('providers') == 3 }, 10), 'the metrics have them');
    is($activate->($id{p3})->status, 200, 'what is active may be told so');

    # Unused, it gives its place at once; used, when nothing of it can be on its way any more.
    $c->admin('DELETE', "/providers/$id{p1}/mark_inactive");
    my @calls = map { $t->http(timeout => 30) } 1 .. 6;
    for my $call (@calls) {
        my $body = $json->encode($create->('r' . ++$number));
        $call->send(NotifyTest::Http::compose('POST', '/api/providers', body => $body, headers => [
            'Content-Type' => 'application/json', NotifyTest::Catalog::basic(NotifyTest::Catalog::ADMIN, NotifyTest::Catalog::PASSWORD)]));
    }
    is(join(' ', sort map { $_->receive->status } @calls), '201 409 409 409 409 409', 'of six at once one has the place');
    is($activate->($id{p1})->json->{status_code}, 2202, 'the other one has none any more');
    $c->admin('DELETE', "/providers/$id{p3}/mark_inactive");
    is($activate->($id{p1})->status, 409, 'what was used a moment ago keeps its place');
    is($activate->($id{p3})->status, 200, 'and may have it back');
    $c->admin('DELETE', "/providers/$id{p3}/mark_inactive");
    $db->query("UPDATE requests SET created_at = $old");
    is($activate->($id{p1})->status, 200, 'a day later it is free');
    ok(wait_until(sub { $worker->output =~ /the provider is not served any more .*$id{p3}/ }, 15), 'the worker lets it go');
    ok($arrives->('p1', 'u2'), 'and serves who has the place');
    $db->query("UPDATE requests SET created_at = $old");
    $c->admin('DELETE', "/providers/$id{p2}/mark_inactive");
    is($activate->($id{p3})->status, 200, 'it comes back');
    ok($arrives->('p3', 'u3'), 'and is served again');
    is($figure->('providers_without_place'), 0, 'none is without a place');

    # The setting was lowered: who is not served is told of, and waits.
    $t->worker->stop;
    $worker = $start->(2);
    ok(wait_until(sub { $figure->('providers_without_place') == 1 }, 10), 'one has no place any more');
    like($worker->output, qr/error.*more providers than NOTIFY_CATALOG_PROVIDERS/i, 'the log says so');
    my ($late) = map { $_->[0] } $db->query('SELECT name FROM providers WHERE is_active = TRUE ORDER BY created_at DESC LIMIT 1')->@*;
    my $count = $web->requests;
    sent($c, $key, 'u4', channel => $late);
    ok($arrives->('p1', 'u5'), 'the others go on');
    is(row($c, 'u4', 'status'), 'PENDING', 'what goes out through it waits');
    $t->worker->stop;
    $start->(3);
    ok(wait_until(sub { grep { $json->decode($_->{body})->{user_id} eq 'u4' } $web->requests }, 15), 'and comes when there is a place');
    return;
}

sub refusing ($c) {
    my $channel = channel($c, 'wrong');
    my %all = (name => 'x', channel_id => $channel);
    for my $config ({url => 'ftp://x'}, {type => 'slack'}, {url => "https://x/\n"}, {url => 'https:///x'}, {url => 7, type => 'webhook'},
        {url => 'https://x', headers => {"a\nb" => 'x'}}, {url => 'https://x', headers => {a => "x\r\ny"}},
        {url => 'https://x', headers => {Host => 'y'}}, {url => 'https://x', headers => []}) {
        is($c->admin('POST', '/providers', {%all, config => $config})->status, 422, 'a configuration: ' . $json->encode($config));
    }
    my $provider = $c->made('/providers', {%all, config => {}});
    my %template = (channel_id => $channel, provider_id => $provider->{id}, template_ref_id => 'x', template_name => 'x');
    for my $text ('{{x', '{{#a}}', '{{/a}}', '{{> self}}', '{{=<%=}}', ('{{#a}}' x 20) . ('{{/a}}' x 20), 7) {
        my $answer = $c->admin('POST', '/templates', {%template, meta_data => {text => $text}});
        is($answer->status, 422, "a template: $text");
        is($answer->json->{error}[0]{field_name}, 'body.meta_data.text', 'says where');
    }
    for my $schema ({type => 7}, {allOf => [{'$ref' => '#'}]}, {'$ref' => 'http://127.0.0.1/'}, {properties => {a => {pattern => '(a+)+$'}}}) {
        is($c->admin('POST', '/templates', {%template, schema => $schema})->json->{error}[0]{field_name}, 'body.schema',
            'a schema: ' . $json->encode($schema));
    }
    return;
}

1;
