# Ids of the catalogue are nobody's guess: those that earlier programs gave are replaced, with all that refers
# to them, and one client's request is none of another one's.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::Database;
use NotifyTest::OldCatalog;
use NotifyTest::SendCases;

my $t = NotifyTest->new;

# ---- databases of earlier programs ----------------------------------------------------------------

my $old  = NotifyTest::OldCatalog::CHANNEL;
my $time = '2026-01-02T03:04:05.000000Z';
my %id   = map { $_->[0] => "00000000-0000-4000-8000-00000000000$_->[1]" }
    [client => 1], [provider => 2], [receiver => 3], [template => 4], [request => 5], [sent => 6], [outbox => 7], [sms => 8], [other => 9];
my @rows = (
    "INSERT INTO channels VALUES ('$id{sms}', 'sms', NULL, TRUE, '$time', '$time')",
    "UPDATE channels SET is_active = FALSE, description = 'Ours', created_at = '$time' WHERE id = '$old'",
    "INSERT INTO clients VALUES ('$id{client}', 'Shop', 'shop', 'digest', TRUE, '$time', '$time')",
    (map { "INSERT INTO providers VALUES ('$id{$_->[0]}', '$_->[0]', '$_->[0]', '$_->[1]', '{}', TRUE, '0-0', '$time', '$time')" }
        [provider => $old], [other => $id{sms}]),
    "INSERT INTO receivers VALUES ('$id{receiver}', '$id{client}', 'u', NULL, NULL, NULL, TRUE, '$time', '$time')",
    "INSERT INTO templates VALUES ('$id{template}', '$old', '$id{provider}', 'T', 'T', NULL, NULL, NULL, TRUE, '$time', '$time')",
    (map { "INSERT INTO requests (id, client_id, channel_id, provider_id, receiver_id, template_id, payload, request_source, created_at, updated_at) "
        . "VALUES ('$_', '$id{client}', '$old', '$id{provider}', '$id{receiver}', '$id{template}', '{}', 'api', '$time', '$time')" } @id{qw(request sent)}),
    "UPDATE requests SET status = 'ACCEPTED', message_id = '1-1' WHERE id = '$id{sent}'",
    "INSERT INTO outbox (id, request_id, stream, is_entry, fields, holder, lease_until, created_at) "
        . "VALUES ('$id{outbox}', '$id{request}', 's', TRUE, '[]', 'h', 0, '$time')",
);

sub migrated ($db) {
    my ($status, $output) = $t->run([$t->build . '/notifyctl', 'migrate'], env => {DATABASE_URL => $db->url});
    is($status, 0, 'is migrated') or diag $output;
    return $output;
}
sub contents ($db, $channel) {
    my @tables = map { [$_, $db->query("SELECT * FROM $_ ORDER BY 1")] } qw(clients providers receivers templates requests outbox);
    my $text = join "\n", map { my $name = $_->[0]; map { "$name: " . join('|', map { $_ // '' } @$_) } $_->[1]->@* } @tables;
    return $text =~ s/\Q$channel\E/CHANNEL/gr =~ s/\|+$//gmr;    # columns that were added have nothing
}

my %seen;
for my $row ((map { ['sqlite', $_] } 1 .. 4), ['postgresql', 4]) {
    my ($kind, $step) = @$row;
    my $name = "$kind at migration $step";
    my $db = NotifyTest::Database->new(kind => $kind, dir => $t->dir . "/$kind-$step");
    NotifyTest::OldCatalog::make($db, $step);
    $db->query($_) for @rows;
    my $before = contents($db, $old);
    like(migrated($db), qr/random id of the first channel/, "$name: told");
    is($db->value("SELECT COUNT(*) FROM channels"), 2, 'no channel is lost, none is added');
    is($db->value("SELECT COUNT(*) FROM channels WHERE id = '$old'"), 0, 'the known id is gone');
    my $new = $db->value("SELECT id FROM channels WHERE name = 'push_notification'");
    like($new, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'the name has a random one');
    is($seen{$new}++, 0, 'of its own');
    is($db->value("SELECT COUNT(*) FROM channels WHERE id = '$new' AND description = 'Ours' AND NOT is_active AND created_at = '$time'"), 1,
        'what was said of it stays');
    is(contents($db, $new), $before, 'all that referred to it does, and nothing else has changed');
    migrated($db);
    is($db->value("SELECT id FROM channels WHERE name = 'push_notification'"), $new, 'once more changes nothing');
}

# Who has renamed or removed it keeps that.
for my $row (["UPDATE channels SET name = 'push' WHERE id = '$old'", 'push sms'], ["DELETE FROM channels WHERE id = '$old'", 'sms']) {
    my ($change, $names) = @$row;
    my $db = NotifyTest::Database->new(kind => 'sqlite', dir => $t->dir . '/names-' . length $names);
    NotifyTest::OldCatalog::make($db, 4);
    $db->query($_) for $rows[0], $change;
    migrated($db);
    is(join(' ', map { $_->[0] } $db->query('SELECT name FROM channels ORDER BY name')->@*), $names, "'$names' stays");
    is($db->value("SELECT COUNT(*) FROM channels WHERE id = '$old'"), 0, 'without the known id');
}

# ---- ids of requests ------------------------------------------------------------------------------

# As where somebody lets clients name their requests' ids; as it ships nginx makes them.
my $c      = NotifyTest::Catalog->new($t, edit => {'notify_request_id uuid header=;' => 'notify_request_id uuid header=X-Request-ID;'});
my $shop   = $c->made('/clients', {client_name => 'Shop'});
my $spy    = $c->made('/clients', {client_name => 'Spy'});
my $database = $c->database;
my $given  = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
my $secret = NotifyTest::SendCases::body('alice', message => 'the secret of alice');

# With a connection of its own: what this configuration answers is not what ships.
sub sent ($key, $body, $id = $given) {
    return NotifyTest::Http->new(port => $t->nginx->port)->request('POST', '/api/notification/send',
        body => ref $body ? JSON::PP->new->utf8->encode($body) : $body,
        headers => ['Content-Type' => 'application/json', 'x-api-key' => $key, 'X-Request-ID' => $id]);
}

my $first = sent($shop, $secret);
is($first->status, 200, 'a client sends');
my $state = sub { join '|', map { $_ // '' } $database->query("SELECT * FROM requests WHERE id = '$given'")->[0]->@* };
ok(wait_until(sub { $database->value("SELECT COUNT(*) FROM outbox") == 0 }, 5), 'which is noted');
my $there = $state->();
my $again = sent($shop, $secret);
is($again->status, 200, 'the same client, the same id');
is($again->json->{data}{message_id}, $first->json->{data}{message_id}, 'gets the same answer');
for my $row (['as it stands', $given], ['in capitals', uc $given]) {
    my ($name, $id) = @$row;
    for my $user (qw(alice bob)) {
        my $other = sent($spy, NotifyTest::SendCases::body($user), $id);
        is($other->status, 409, "another client with that id, $name: 409");
        unlike($other->body, qr/alice|shop|secret|\Q@{[$first->json->{data}{message_id}]}\E/i, '... and nothing of what it is');
    }
}
is(sent($spy, NotifyTest::SendCases::body('bob'), 'no-uuid')->status, 200, 'with another one it is served');
my $taken = sent($spy, 'no JSON');
is($taken->status, 422, 'its own faults are told as ever');
is(sent('x', $secret)->status, 401, 'without a key it is none of anybody\'s business');
is($database->value("SELECT COUNT(*) FROM requests WHERE id = '$given'"), 1, 'there is one such request');
is($state->(), $there, 'as it was');
is(scalar NotifyTest::SendCases::entries($t, 'alice'), 1, 'sent once');
is(scalar($t->redis->entries('test:notiq:notifications:spy:alice')), 0, 'and nothing to the other\'s user');

$t->done;
