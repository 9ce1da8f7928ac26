package NotifyTest::SweepCases;

# Requests whose notification nobody can acknowledge any more: the user's stream was cut, has expired,
# or was deleted. They are rejected with the reason, and no acknowledgement is overtaken. The same for
# each database.

use v5.36;

use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::SendCases;

my $acks = 'notify:{catalog}:acks';

# Settings of the worker: looked for often, and about one notification of a user is kept.
sub worker ($class) {
    return {env => {NOTIFY_CATALOG_SWEEP => '200ms', NOTIFY_CATALOG_WAIT => '1s', NOTIFY_CATALOG_STREAM_LENGTH => 1}};
}

sub stream ($user) { return NotifyTest::SendCases::stream($user) }

# The statuses of a user's requests, in the order of their sends.
sub statuses ($c, $user) {
    return join ' ', map { $_->[0] } $c->database->query('SELECT status FROM requests JOIN receivers ON '
        . "receivers.id = receiver_id WHERE user_id = '$user' ORDER BY requests.created_at")->@*;
}

# Sends, and waits until the rows have their ids, which are returned.
sub sent ($t, $c, $key, $user, $count = 1) {
    for (1 .. $count) {
        my $answer = $c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body($user));
        $answer->status == 200 or die $answer->body;
    }
    wait_until(sub { $c->database->value('SELECT COUNT(*) FROM outbox') == 0 }, 10) or die "the outbox is not empty\n";
    return map { $_->{id} } NotifyTest::SendCases::entries($t, $user);
}

sub acknowledge ($c, $key, $user, @ids) {
    return $c->client($key, 'POST', '/notification/acknowledge', {user_id => $user, message_ids => [@ids]})->status;
}

sub becomes ($c, $user, $statuses, $name) {
    my $got;
    wait_until(sub { ($got = statuses($c, $user)) eq $statuses }, 40);
    return is($got, $statuses, $name);
}

# The steps share their waits: what is looked for takes a period and the worker's patience, 6 s, each time.
sub run ($class, $t, $c) {
    my $key  = $c->made('/clients', {client_name => 'Shop'});
    my $many = 450;
    sent($t, $c, $key, 'many', $many);
    my $kept = $t->redis->cmd('XLEN', stream('many'));
    cmp_ok($kept, '<', $many, 'the product cuts the stream');
    my %ids = map { $_->[0] => [sent($t, $c, $key, @$_)] } ['middle', 3], ['cut', 2], ['done', 2], ['away', 2], ['late'],
        map { [$_] } qw(gone strange nameless beside);
    is(acknowledge($c, $key, 'done', $ids{done}[0]), 200, 'one is acknowledged');
    $c->database->query(q{UPDATE requests SET message_id = NULL WHERE receiver_id IN (SELECT id FROM receivers WHERE user_id = 'nameless')});

    told($t, $ids{late}[0]);
    frozen($t, $c);
    gone($t, $c, \%ids);
    becomes($c, 'many', join(' ', ('REJECTED') x ($many - $kept), ('PENDING') x $kept), 'all that the product had cut, and no other');
    is(statuses($c, 'nameless'), 'PENDING', 'whose id is not known yet is left alone');
    is(NotifyTest::SendCases::row($c, 'gone', 'error_message'),
        "Trimmed before it was acknowledged: the user's stream does not hold it any more", 'with the reason');
    like($t->worker->output, qr/requests whose entries are gone were rejected/, 'the log says how many');
    is(acknowledge($c, $key, 'gone', '1-1'), 200, 'who acknowledges it later is told nothing else');
    is(statuses($c, 'gone'), 'REJECTED', 'and it stays so');
    several($t, $c, $key, \%ids);
    return;
}

# Acknowledged before it is cut, and recorded much later: taken by a worker that was killed then.
sub told ($t, $id) {
    my $order = q{redis.call('XADD', KEYS[1], '*', 'stream', KEYS[2], 'id', ARGV[1]) }
        . q{return redis.call('XREADGROUP', 'GROUP', 'catalog', 'killed', 'COUNT', 1000, 'STREAMS', KEYS[1], '>')};
    return $t->redis->cmd('EVAL', $order, 2, $acks, stream('late'), $id);
}

# Redis stands still: nothing is known, and nothing is rejected by mistake.
sub frozen ($t, $c) {
    $t->redis->freeze;
    pause_for(7, sub { statuses($c, 'away') ne 'PENDING PENDING' });    # longer than a period and what it waits for
    is(statuses($c, 'away'), 'PENDING PENDING', 'Redis stands still: nothing is known, and nothing is rejected');
    $t->redis->thaw;
    ok(wait_until(sub { ($t->redis->cmd('XLEN', stream('away')) // 0) == 2 }, 10), 'Redis is back');
    return;
}

# What is there stays; what is not becomes rejected, whatever became of it. But not before what was
# acknowledged is recorded.
sub gone ($t, $c, $ids) {
    my $redis = $t->redis;
    $redis->cmd('XDEL', stream('middle'), $ids->{middle}[1]);
    $redis->cmd('XTRIM', stream('cut'), 'MAXLEN', 1);
    $redis->cmd('XTRIM', stream('done'), 'MAXLEN', 0);
    $redis->cmd('DEL', stream($_)) for qw(gone strange nameless late beside);
    $redis->cmd('SET', stream('strange'), 'x');
    my ($late, $beside);
    ok(wait_until(sub { ($beside, $late) = (statuses($c, 'beside'), statuses($c, 'late')); $late ne 'PENDING' }, 60),
        'an acknowledgement that was under way');
    is($late, 'ACCEPTED', 'is not overtaken');
    is($beside, 'PENDING', 'and others wait for it');
    becomes($c, 'beside',  'REJECTED',                 'they are rejected after it');
    becomes($c, 'middle',  'PENDING REJECTED PENDING', 'one that was deleted');
    becomes($c, 'cut',     'REJECTED PENDING',         'one that was cut');
    becomes($c, 'done',    'ACCEPTED REJECTED',        'what was acknowledged before stays accepted');
    becomes($c, 'gone',    'REJECTED',                 'a stream that has expired');
    becomes($c, 'strange', 'REJECTED',                 'one whose place another key has');
    return;
}

# A worker of another environment, with its own place to serve the catalogue, and what it has sent.
sub stranger ($t, $c, $key) {
    my %env    = (APP_ENV => 'other', RUN_DIR => $t->dir . '/other', NOTIFY_CATALOG_SOCKET => $t->dir . '/other.sock');
    my $worker = $c->start_worker(env => {$c->{worker}{env}->%*, %env});
    wait_until(sub { -S $env{NOTIFY_CATALOG_SOCKET} }, 10) or die "the other environment is not served\n";
    for my $user (qw(away-there told-there)) {
        my ($status, $said) = $t->run(['curl', '-sS', '--unix-socket', $env{NOTIFY_CATALOG_SOCKET}, '-H', "x-api-key: $key",
            '--json', JSON::PP::encode_json(NotifyTest::SendCases::body($user)), 'http://x/api/notification/send']);
        like($said, qr/sent successfully/, "the other environment sends to $user");
    }
    wait_until(sub { $c->database->value('SELECT COUNT(*) FROM outbox') == 0 }, 10) or die "the outbox is not empty\n";
    return $worker;
}

# One of several workers of an environment sweeps, when it leaves another one does, and none touches
# what another environment has sent. Meanwhile the database takes nothing.
sub several ($t, $c, $key, $ids) {
    my $redis    = $t->redis;
    my $first    = $t->worker;
    my $second   = $c->start_worker(env => {$c->{worker}{env}->%*, RUN_DIR => $t->dir . '/second'});
    my $stranger = stranger($t, $c, $key);
    my $there    = sub ($user) { "other:notiq:notifications:shop:$user" };
    my $count    = 30;
    sent($t, $c, $key, "s$_") for 1 .. $count;
    my $rejected = sub {
        return $c->database->value(q{SELECT COUNT(*) FROM requests WHERE status = 'REJECTED' AND receiver_id IN }
            . q{(SELECT id FROM receivers WHERE user_id LIKE 's_' OR user_id LIKE 's__')});
    };

    $c->database->lock;
    $redis->cmd('DEL', $there->('away-there'), map { stream("s$_") } 1 .. $count);
    $redis->cmd('XDEL', stream('away'), $ids->{away}[0]);
    pause_for(7, sub { statuses($c, 'away') ne 'PENDING PENDING' });
    is(statuses($c, 'away'), 'PENDING PENDING', 'the database takes nothing');
    $c->database->unlock;
    becomes($c, 'away', 'REJECTED PENDING', 'and then it does');
    ok(wait_until(sub { $rejected->() == $count }, 40), 'of several workers one rejects them');
    unlike($second->output, qr/were rejected/, 'and the other one none');
    becomes($c, 'away-there', 'REJECTED', 'what another environment has sent is rejected by its own worker');

    $stranger->stop;
    my ($entry) = $redis->cmd('XRANGE', $there->('told-there'), '-', '+')->@*;
    $redis->cmd('XADD', $acks, '*', 'stream', $there->('told-there'), 'id', $entry->[0]);
    becomes($c, 'told-there', 'ACCEPTED', 'what is acknowledged there is recorded by whoever takes it');
    $first->stop;
    ok(wait_until(sub { $second->output =~ /the catalogue is served socket/ }, 10), 'the catalogue is served by the other one');
    sent($t, $c, $key, 'heir');
    $redis->cmd('DEL', stream('heir'), stream('away'));
    if ($c->database->kind eq 'postgresql') {
        $c->database->stop;
        $c->database->start;
    }
    becomes($c, 'heir', 'REJECTED', 'when it has left the other one does, also when PostgreSQL was restarted');
    becomes($c, 'away', 'REJECTED REJECTED', 'and nothing is forgotten');
    like($second->output, qr/were rejected/, 'as it says');
    unlike($stranger->output, qr/were rejected requests=(?!1\b)/, 'the other environment has rejected its own at most');
    is(statuses($c, 'middle'), 'PENDING REJECTED PENDING', 'and nothing that is there');
    return;
}

1;
