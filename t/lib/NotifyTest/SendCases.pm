package NotifyTest::SendCases;

# Notifications through the catalogue: sent, acknowledged, refused; and what becomes of them when a
# worker is killed at each step. The same for each database.

use v5.36;

use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::Http;

my $nothing = '00000000-0000-4000-8000-000000000000';
my $json    = JSON::PP->new->utf8->canonical;
my $group   = 'test:notiq:notification_group';

sub stream ($user, $client = 'shop') { return "test:notiq:notifications:$client:$user" }

# A body of send; members with undef are left out.
sub body ($user, %member) {
    my %all = (user_id => $user, type => 'info', color_code => '#a1B2c3', title => 'Title',
        message => 'Message', timeout => 5000, is_sticky => JSON::PP::false, %member);
    delete $all{$_} for grep { !defined $all{$_} } keys %all;
    return \%all;
}

# The entries of a user's stream, as hashes with their ids.
sub entries ($t, $user, $client = 'shop') {
    return map { {id => $_->[0], $_->[1]->@*} } $t->redis->cmd('XRANGE', stream($user, $client), '-', '+')->@*;
}

sub row ($c, $user, $what = 'status') {
    return $c->database->value(
        "SELECT $what FROM requests WHERE receiver_id IN (SELECT id FROM receivers WHERE user_id = '$user')");
}

sub run ($class, $t, $c) {
    my $key   = $c->made('/clients', {client_name => 'Shop'});
    my $other = $c->made('/clients', {client_name => 'other'});
    sending($t, $c, $key);
    acknowledging($t, $c, $key, $other);
    refusing($c, $key);
    by_superuser($t, $c);
    told($t, $c, $key);
    return $key;
}

sub sending ($t, $c, $key) {
    my $answer = $c->client($key, 'POST', '/notification/send', body('alice'));
    is($answer->status, 200, 'POST /notification/send') or diag $answer->body;
    my $said = $answer->json;
    is($said->{message}, 'Notification sent successfully', 'says so');
    my ($entry) = entries($t, 'alice');
    is_deeply($said->{data}, {user_id => 'alice', message_id => $entry->{id}}, 'and its id');
    is_deeply($json->decode($entry->{message}), body('alice'), 'the entry holds the body');
    like($entry->{timestamp}, qr/^\d{4}-\d\d-\d\dT/, 'and the time');
    ok(wait_until(sub { (row($c, 'alice', 'message_id') // '') eq $entry->{id} }, 5), 'the row has its id');
    is(row($c, 'alice'), 'PENDING', 'and is pending');
    is(row($c, 'alice', 'id'), $entry->{request}, 'the entry tells of the row');
    ok(wait_until(sub { $c->database->value('SELECT COUNT(*) FROM outbox') == 0 }, 5), 'the outbox is empty');
    ok(wait_until(sub { !grep { /:idem:/ } $t->redis->keys }, 5), 'and no idempotency key stays');
    my $id = $c->client_id('Shop');
    is($c->admin('GET', "/clients/$id/receivers")->json->{data}[0]{user_id}, 'alice', 'a receiver was made');

    my $full = body('bob', icon_url => 'https://x.example/i.png', metadata => {a => 'b'},
        redirection => {type => 'internal', url => '/x', open_in_new_tab => JSON::PP::true},
        actions => [{label => 'Go', action => 'open_url', color_code => '#fff', url => '/y', data => {value => [1]}}]);
    is($c->client($key, 'POST', '/notification/send', {%$full, unknown => 1})->status, 200, 'all members');
    is_deeply($json->decode((entries($t, 'bob'))[0]{message}), $full, 'are handed on; unknown ones are not');
    $c->client($key, 'POST', '/notification/send', $json->encode(body('lax')) =~ s/5000/"5000"/r);
    is($json->decode((entries($t, 'lax'))[0]{message})->{timeout}, 5000, 'a number as text is a number');
    is(scalar entries($t, 'alice', 'other'), 0, "another client's users are others");
    return;
}

sub acknowledging ($t, $c, $key, $other) {
    my ($entry) = entries($t, 'alice');
    $t->redis->cmd('XGROUP', 'CREATE', stream('alice'), $group, '0');
    $t->redis->cmd('XREADGROUP', 'GROUP', $group, 'alice', 'STREAMS', stream('alice'), '>');
    my $pending = sub { $t->redis->cmd('XPENDING', stream('alice'), $group)->[0] };
    my $call = sub ($with, @ids) {
        return $c->client($with, 'POST', '/notification/acknowledge', {user_id => 'alice', message_ids => [@ids]});
    };
    is($call->($other, $entry->{id})->status, 200, 'another client may acknowledge');
    is($pending->(), 1, 'but not this one');
    is(row($c, 'alice'), 'PENDING', 'nor its row');
    my $answer = $call->($key, $entry->{id}, '1-1', 'no id', '9999999999999999999999-1');
    is($answer->status, 200, 'POST /notification/acknowledge, unknown ids among them');
    ok($answer->json->{data}, 'data is true');
    is(row($c, 'alice'), 'ACCEPTED', 'the row is accepted');
    is($pending->(), 0, 'and nothing is pending');
    is($call->($key, $entry->{id})->status, 200, 'again');
    is($call->($key)->status, 200, 'nothing at all');
    is($c->client($key, 'POST', '/notification/acknowledge', {user_id => 'nobody', message_ids => ['1-1']})->status, 200,
        'an unknown user');
    for my $wrong ({}, {user_id => 'a'}, {user_id => 'a', message_ids => 'x'}, {user_id => 'a', message_ids => [1]}) {
        is($c->client($key, 'POST', '/notification/acknowledge', $wrong)->status, 422, 'a body that is none');
    }
    is($c->request('POST', '/notification/acknowledge', {user_id => 'a', message_ids => []})->status, 401, 'without a key');

    # The entry is acknowledged, and the database takes nothing for longer than anybody waits.
    is($c->client($key, 'POST', '/notification/send', body('owen'))->status, 200, 'one more');
    my ($owed) = entries($t, 'owen');
    ok(wait_until(sub { (row($c, 'owen', 'message_id') // '') eq $owed->{id} }, 5), 'is recorded');
    $c->database->lock;
    $answer = $c->client($key, 'POST', '/notification/acknowledge', {user_id => 'owen', message_ids => [$owed->{id}]});
    $c->database->unlock;
    is($answer->status, 200, 'acknowledged while the database is locked') or diag $answer->body;
    ok(wait_until(sub { row($c, 'owen') eq 'ACCEPTED' }, 20), 'the row is accepted once it is not');
    return;
}

sub refusing ($c, $key) {
    my %places = (
        user_id => {user_id => 7}, type => {type => 'loud'}, color_code => {color_code => '#12'},
        title => {title => undef}, message => {message => []}, timeout => {timeout => 1.5},
        is_sticky => {is_sticky => 'perhaps'}, icon_url => {icon_url => 1},
        'redirection.type' => {redirection => {type => 'x', url => '/'}}, 'redirection.url' => {redirection => {type => 'internal'}},
        'actions.0.action' => {actions => [{label => 'x', action => 'explode', color_code => '#fff'}]},
        'actions.1.label' => {actions => [{label => 'x', action => 'retry', color_code => '#fff'}, {action => 'retry', color_code => '#fff'}]},
        'actions.0.color_code' => {actions => [{label => 'x', action => 'retry', color_code => 'red'}]},
        'actions.0.data.value' => {actions => [{label => 'x', action => 'retry', color_code => '#fff', data => {}}]},
        'metadata.a' => {metadata => {a => 1}}, actions => {actions => [({}) x 21]},
    );
    for my $place (sort keys %places) {
        my $answer = $c->client($key, 'POST', '/notification/send', body('carl', $places{$place}->%*));
        is($answer->status, 422, "422 for $place") or diag $answer->body;
        is($answer->json->{error}[0]{field_name}, "body.$place", 'says where');
    }
    is($c->client($key, 'POST', '/notification/send', body("a\0b"))->status, 422, 'a user with a NUL');
    is($c->client($key, 'POST', '/notification/send', body('x' x 256))->status, 422, 'a user that is too long');
    is($c->client($key, 'POST', '/notification/send', '{')->json->{error}[0]{type}, 'json_invalid', 'no JSON');

    for my $wrong (undef, 'test-Shop-' . '0' x 64, "' OR '1'='1") {
        my @header = defined $wrong ? ('x-api-key' => $wrong) : ();
        my $answer = $c->request('POST', '/notification/send', body('carl'), @header);
        is($answer->status, 401, 'a wrong key');
        is($answer->json->{error}, 'Invalid or inactive API key', 'says so');
        ok($answer->header('WWW-Authenticate'), 'and how');
    }
    is($c->request('POST', '/notification/send', '{', 'x-api-key' => 'x')->status, 401, 'the key counts first');
    my $answer = $c->client($key, 'POST', '/notification/send', body('carl', channel => 'fax'));
    is($answer->status, 404, 'an unknown channel');
    is($answer->json->{status_code}, 2105, 'says so');
    is(row($c, 'carl', 'COUNT(*)'), 0, 'nothing of these is kept');
    is($c->database->value("SELECT COUNT(*) FROM receivers WHERE user_id = 'carl'"), 0, 'and no receiver');

    my $id = $c->client_id('Shop');
    $c->admin('DELETE', "/clients/$id/mark_inactive");
    is($c->client($key, 'POST', '/notification/send', body('carl'))->status, 401, 'an inactive client');
    $c->admin('PUT', "/clients/$id", {is_active => JSON::PP::true});
    my $channel = $c->admin('GET', '/channels/name/push_notification')->json->{data}{id};
    $c->admin('DELETE', "/channels/$channel/mark_inactive");
    $answer = $c->client($key, 'POST', '/notification/send', body('carl'));
    is($answer->json->{status_code}, 2105, 'an inactive channel');
    $c->admin('PUT', "/channels/$channel", {is_active => JSON::PP::true});
    $c->client($key, 'POST', '/notification/send', body('dora'));
    my $receiver = $c->database->value("SELECT id FROM receivers WHERE user_id = 'dora'");
    $c->admin('DELETE', "/receivers/$receiver/mark_inactive");
    is($c->client($key, 'POST', '/notification/send', body('dora'))->json->{status_code}, 2305, 'an inactive receiver');
    return;
}

sub by_superuser ($t, $c) {
    my $client   = $c->client_id('Shop');
    my $channel  = $c->admin('GET', '/channels/name/push_notification')->json->{data}{id};
    my $receiver = $c->made('/receivers', {client_id => $client, user_id => 'emil'});
    my %all = (client_id => $client, channel_id => $channel, receiver_id => $receiver->{id}, payload => {any => [1, 'x']});
    my $made = $c->made('/requests', \%all);
    is($made->{status}, 'PENDING', 'POST /requests');
    is($made->{request_source}, 'api', 'from the API');
    is_deeply($json->decode((entries($t, 'emil'))[0]{message}), {any => [1, 'x']}, 'is sent');
    is($c->admin('GET', "/requests/$made->{id}")->json->{data}{receiver_id}, $receiver->{id}, 'GET /requests/{id}');
    is_deeply($c->admin('GET', "/receivers/$receiver->{id}/requests")->json->{data}[0]{payload}, {any => [1, 'x']},
        'GET /receivers/{id}/requests');
    is($c->admin('GET', "/requests/$made->{id}/status")->json->{data}{status}, 'PENDING', 'GET /requests/{id}/status');
    is($c->admin('PUT', "/requests/$made->{id}/status", {status => 'REJECTED', error_message => "a\0b"})->status, 422,
        'no text of a row holds a NUL');
    is($c->admin('PUT', "/requests/$made->{id}/status", {status => 'REJECTED', error_message => 'no more'})->json->{data}{error_message},
        'no more', 'PUT /requests/{id}/status');
    is($c->admin('PUT', "/requests/$made->{id}/status", {status => 'ACCEPTED'})->status, 409, 'is final');
    is($c->admin('PUT', "/requests/$made->{id}/status", {status => 'PENDING'})->status, 422, 'PENDING is no end');
    cmp_ok($c->admin('GET', '/requests?limit=1')->header('X-Total-Count'), '>', 3, 'GET /requests');
    is($c->admin('POST', '/requests', {%all, receiver_id => $nothing})->json->{status_code}, 2305, 'an unknown receiver');
    is($c->admin('POST', '/requests', {%all, channel_id => $nothing})->json->{status_code}, 2105, 'an unknown channel');
    is($c->admin('POST', '/requests', {%all, client_id => $nothing})->json->{status_code}, 2004, 'an unknown client');
    is($c->admin('POST', '/requests', {})->status, 422, 'nothing');
    return;
}

# Acknowledged elsewhere: what nginx writes for a socket.
sub told ($t, $c, $key) {
    $c->client($key, 'POST', '/notification/send', body('fritz'));
    my ($entry) = entries($t, 'fritz');
    my $acks = 'notify:{catalog}:acks';
    $t->redis->cmd('XADD', $acks, '*', 'x', 'y');
    $t->redis->cmd('XADD', $acks, '*', 'stream', 'strange', 'id', '1-1');
    $t->redis->cmd('XADD', $acks, '*', 'stream', stream('fritz', 'nobody'), 'id', '1-1');
    $t->redis->cmd('XADD', $acks, '*', 'stream', stream('fritz'), 'id', $entry->{id}) for 1 .. 2;
    ok(wait_until(sub { row($c, 'fritz') eq 'ACCEPTED' }, 5), 'what a socket acknowledges is accepted');
    ok(wait_until(sub { $t->redis->cmd('XLEN', $acks) == 0 }, 5), 'and its stream is empty');
    is($t->redis->cmd('XPENDING', $acks, 'catalog')->[0], 0, 'with nothing pending');
    return;
}

# ---- crashes -------------------------------------------------------------------------------------

# Sends without waiting for the answer.
sub send_only ($t, $key, $user) {
    my $http = $t->http(timeout => 30);
    $http->send(NotifyTest::Http::compose('POST', '/api/notification/send', body => $json->encode(body($user)),
        headers => ['x-api-key' => $key, 'Content-Type' => 'application/json']));
    return $http;
}

sub outbox ($c) { return $c->database->value('SELECT COUNT(*) FROM outbox') }

sub once ($t, $c, $user, $name) {
    ok(wait_until(sub { entries($t, $user) == 1 && outbox($c) == 0 }, 10), "$name: it is sent");
    my ($entry) = entries($t, $user);
    is(row($c, $user, 'message_id'), $entry->{id}, 'the row has its id');
    is(row($c, $user), 'PENDING', 'and is pending');
    is(row($c, $user, 'COUNT(*)'), 1, 'there is one');
    return;
}

sub crashes ($class, $t, $c, $key) {
    my $redis = $t->redis;

    # Before the commit: nothing was done.
    $c->database->lock;
    my $http = send_only($t, $key, 'k0');
    pause_for(0.3, sub { outbox($c) });    # it may be at the lock, or not: neither leaves a trace
    $t->kill_worker;
    is($http->receive->status, 503, 'killed before the commit: 503');
    $c->database->unlock;
    $c->start_worker;
    is($c->client($key, 'POST', '/notification/send', body('k0b'))->status, 200, 'goes on');
    is(scalar entries($t, 'k0'), 0, 'and has not sent it');
    is(row($c, 'k0', 'COUNT(*)'), 0, 'nor kept it');

    # Between the commit and Redis.
    $redis->stop;
    $http = send_only($t, $key, 'k1');
    ok(wait_until(sub { outbox($c) == 1 }, 10), 'committed, while Redis is away');
    $t->kill_worker;
    is($http->receive->status, 503, 'killed there: 503');
    $redis->start;
    $c->start_worker;
    once($t, $c, 'k1', 'killed between commit and Redis');

    # Published, and not recorded.
    $redis->freeze;
    $http = send_only($t, $key, 'k2');
    ok(wait_until(sub { outbox($c) == 1 }, 10), 'committed, while Redis stands still');
    $c->database->lock;
    $redis->thaw;
    is($http->receive->status, 200, 'published: 200, though nothing can be recorded');
    is(outbox($c), 1, 'the outbox does not know');
    $t->kill_worker;
    $c->database->unlock;
    $c->start_worker;
    once($t, $c, 'k2', 'killed between Redis and record');

    # Another worker takes over what the killed one held.
    $redis->stop;
    $http = send_only($t, $key, 'k3');
    ok(wait_until(sub { outbox($c) == 1 }, 10), 'committed');
    $t->kill_worker;
    $http->receive;
    $redis->start;
    $c->database->query('UPDATE outbox SET lease_until = 1');
    $c->start_worker(env => {RUN_DIR => $t->dir . '/elsewhere'});
    once($t, $c, 'k3', 'its lease has lapsed');

    # Redis is away for longer than anybody waits.
    $redis->stop;
    my $answer = $c->client($key, 'POST', '/notification/send', body('k4'));
    is($answer->status, 503, 'Redis away: 503');
    is($answer->json->{status_code}, 2501, 'says so');
    is($answer->header('Retry-After'), 1, 'and when to come again');
    is(row($c, 'k4'), 'REJECTED', 'the row is rejected');
    like(row($c, 'k4', 'error_message'), qr/^Redis did not take/, 'says why');
    is(outbox($c), 0, 'and withdrawn');
    is($c->client($key, 'POST', '/notification/acknowledge', {user_id => 'k4', message_ids => ['1-1']})->json->{status_code},
        2504, 'nor can be acknowledged');
    $redis->start;
    is($c->client($key, 'POST', '/notification/send', body('k5'))->status, 200, 'Redis is back');
    is(scalar entries($t, 'k4'), 0, 'what was refused is not sent');
    return;
}

# The link to Redis is lost while an entry is on its way: the answer is 503, and nobody knows. When
# Redis is back the row ends in the truth, whatever becomes of the worker meanwhile.
sub lost ($class, $t, $c, $key) {
    my $redis = $t->redis;
    my $begin = sub ($user) {
        $redis->freeze;
        my $answer = $c->client($key, 'POST', '/notification/send', body($user));
        is($answer->status, 503, "$user: the link is lost: 503");
        like($answer->json->{error}, qr/^Redis was lost; whether/, 'says what is not known');
        is(row($c, $user), 'PENDING', 'the row waits');
        is(outbox($c), 1, 'in the outbox');
    };
    my $rejected = sub ($user, $name) {
        ok(wait_until(sub { row($c, $user) eq 'REJECTED' && outbox($c) == 0 }, 10), "$name: it is rejected");
        like(row($c, $user, 'error_message'), qr/^Redis was lost, and did not take/, 'says why');
        is(scalar entries($t, $user), 0, 'and not there');
    };
    # While it stands still, so that it reads no more.
    my $killed = sub {
        $redis->process->signal('KILL');
        $redis->process->wait_exit(5);
        $redis->start;
    };
    # What it had been sent it reads, though nobody listens any more.
    $begin->('l1');
    $redis->thaw;
    once($t, $c, 'l1', 'Redis had it');
    $begin->('l2');
    $killed->();
    $rejected->('l2', 'Redis was killed');
    is($c->client($key, 'POST', '/notification/send', body('l3'))->status, 200, 'others are sent');

    $begin->('l4');
    $t->kill_worker;
    $redis->thaw;
    $c->start_worker;
    once($t, $c, 'l4', 'the worker was killed');
    $begin->('l5');
    $t->kill_worker;
    $killed->();
    $c->start_worker;
    $rejected->('l5', 'both were killed');
    return;
}

# The database is restarted under load: a wait for some, an error for nobody.
sub restarts ($class, $t, $c, $key) {
    my @waiting = map { send_only($t, $key, "r$_") } 1 .. 5;
    $c->database->stop;
    push @waiting, map { send_only($t, $key, "r$_") } 6 .. 10;
    $c->database->start;
    push @waiting, map { send_only($t, $key, "r$_") } 11 .. 15;
    is(join(' ', map { $_->receive->status } @waiting), join(' ', (200) x 15), 'a restart is no error');
    ok(wait_until(sub { outbox($c) == 0 }, 10), 'all is recorded');
    is(join(' ', map { scalar entries($t, "r$_") } 1 .. 15), join(' ', (1) x 15), 'each once in its stream');
    is($c->database->value("SELECT COUNT(*) FROM requests WHERE message_id IS NOT NULL AND receiver_id IN "
        . "(SELECT id FROM receivers WHERE user_id LIKE 'r%')"), 15, 'and once in its table');
    return;
}

1;
