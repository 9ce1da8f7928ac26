# System 003, row by row: every operation, and every status that it documents.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Rows;

my $t     = NotifyTest->serving;
my $rows  = NotifyTest::Rows->new($t, 'streams');
my $redis = $t->redis;
my @token = (Authorization => 'Bearer ' . BEARER_TOKEN);

my $long = '/api/streams/{stream}/groups/{group}/consumers/{consumer}';
my %body = (
    'POST /api/streams/{stream}/messages'       => '{"data":1}',
    'POST /api/streams/{stream}/messages/batch' => '{"messages":[1,2]}',
    "POST $long/finish"                         => '{"message_ids":["1-1"]}',
    'POST /api/consumers/{stream}/{group}/limit' => '{"count":1}',
    'POST /api/consumers/{stream}/{group}/rdy'   => '{"count":1}',
);
my $events = 'GET /api/events';

# What is not given is right: stream, group, consumer, id, arguments, body, headers.
sub path_of ($name, %option) {
    my ($path) = $name =~ / (.+)/;
    my %part = (stream => 's', group => 'g', consumer => 'c', id => '1-1', %option);
    $path =~ s/\{(\w+)\}/$part{$1}/g;
    $path .= "?stream=$part{stream}&group=$part{group}&consumer=$part{consumer}" if $name eq $events;
    return $path . ($option{arguments} // '');
}
sub ask ($name, %option) {
    my ($method) = split / /, $name;
    return $t->request($method, path_of($name, %option), body => $option{body} // $body{$name},
        headers => $option{headers} // \@token, port => $option{port} // $t->nginx->port);
}
sub consumer (%option) {
    my $stream = $t->stream(path => path_of($events, %option), reconnect => 0, headers => ["Authorization: Bearer " . BEARER_TOKEN]);
    $stream->wait_open;
    return $stream;
}

# ---- what succeeds --------------------------------------------------------------------------------

$rows->row($_, 201, ask($_)) for grep { /messages(?:\/batch)?\z/ } sort keys %body;
my $consumer = consumer(arguments => '&limit=10');
$rows->row($events, 200, $consumer->response);
$consumer->wait_events(3);
my @ids = map { $_->[0] } $redis->cmd('XRANGE', 's', '-', '+')->@*;
$rows->row('POST /api/messages/{id}/finish', 200, ask('POST /api/messages/{id}/finish', id => $ids[0]));
$rows->row("POST $long/messages/{id}/finish", 200, ask("POST $long/messages/{id}/finish", id => $ids[1]));
$rows->row("POST $long/finish", 200, ask("POST $long/finish", body => qq({"message_ids":["$ids[2]"]})));
$rows->row($_, 200, ask($_)) for grep { m{/api/consumers/} } $rows->names;
$rows->row($_, 200, ask($_)) for grep { m{/admin/} && !/flush/ } $rows->names;

# ---- what a request is refused for ----------------------------------------------------------------

for my $name ($rows->names) {
    $rows->row($name, 401, ask($name, headers => []), 'no token');
    $rows->row($name, 401, ask($name, headers => [Authorization => 'Bearer x']), 'another one');
    $rows->row($name, 413, ask($name, body => 'x' x 9_000_000));
}
$rows->row($_, 400, ask($_, body => '{'), 'half a body') for sort keys %body;
$rows->row($_, 400, ask($_, stream => '%FF'), 'no name for a stream') for grep { /\{stream\}/ } $rows->names;
$rows->row($events, 400, ask($events, arguments => '&limit=x'), 'no limit');
my $finish = 'POST /api/messages/{id}/finish';
$rows->row($_, 403, ask($_, stream => 'user:7'), "another system's stream")
    for $events, grep { /\{stream\}/ && !/admin/ } $rows->names;
$rows->row($finish, 403, ask($finish, arguments => '?stream=user:7&group=g'), "another system's stream");
$rows->row($finish, 404, ask($finish, id => $_), 'nothing in flight') for '1-1', 'x';
$rows->row($finish, 400, ask($finish, arguments => '?stream=s'), 'a stream without a group');
$rows->row("POST $long/messages/{id}/finish", 404, ask("POST $long/messages/{id}/finish"), 'nothing in flight');
$rows->row("POST $_", 404, ask("POST $_", group => 'nobody'), 'no consumers')
    for '/api/consumers/{stream}/{group}/limit', '/api/consumers/{stream}/{group}/rdy';
$rows->row('GET /api/consumers/{stream}/{group}', 404, ask('GET /api/consumers/{stream}/{group}', group => 'nobody'));
$rows->row('GET /admin/{stream}', 404, ask('GET /admin/{stream}', stream => 'nobody'));
$rows->row("POST $long/finish", 404, ask("POST $long/finish", consumer => 'c%2Fmessages%2F1'), 'a name like another path');
$rows->row($events, 409, ask($events), 'a name that is connected');

# One entry in flight in two groups.
my $second = consumer(group => 'g2', consumer => 'c2', arguments => '&limit=10');
$second->wait_events(3);
my $third = consumer(group => 'g3', consumer => 'c3', arguments => '&limit=10');
$third->wait_events(3);
$rows->row($finish, 409, ask($finish, id => $ids[0]), 'in flight twice');
$_->close_stream for $consumer, $second, $third;

my $port = $rows->used_up(sub ($port) { ask($_, port => $port, headers => []) for 'GET /admin/ping', $events });
$rows->row($_, 429, ask($_, port => $port), 'too often') for $rows->names;

# ---- Redis ------------------------------------------------------------------------------------------

$redis->cmd('ACL', 'SETUSER', 'default', map { "-$_" } qw(ping info scan xinfo smembers evalsha eval));
$rows->row($_, 500, ask($_), 'Redis refuses') for grep { $_ ne 'POST /admin/flush' } $rows->names;
$rows->row('POST /admin/flush', 500, ask('POST /admin/flush'), 'Redis refuses');
$redis->cmd('ACL', 'SETUSER', 'default', '+@all');
$rows->row('POST /admin/flush', 200, ask('POST /admin/flush'));
$redis->stop;
$rows->row($_, 503, ask($_), 'no Redis') for $rows->names;

$rows->done;
$t->done;
