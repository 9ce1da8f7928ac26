# Where a client says that it was: by each name that clients have for it, and several times.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket;

my $t   = NotifyTest->serving;
my @ids = map { $t->publish_user('u', $_)->json->{id} } 1 .. 6;

sub came ($arguments = '', @headers) {
    my $stream = $t->user_stream('u', arguments => $arguments, headers => \@headers, reconnect => 0);
    my $last   = $t->publish_user('u', 'last')->json->{id};
    $t->loop->run_until(sub { grep { ($_->{id} // '') eq $last } $stream->events }, 5);
    my @came = map { $_->{type} eq 'gap' ? 'gap ' . ($_->{data} =~ /"reason":"(\w+)"/)[0]
        : $_->{data} =~ /"data":(\d)/ ? $1 : () } $stream->events;
    $stream->close_stream;
    return "@came";
}

# event-source-polyfill and reconnecting-eventsource, Mercure, and what people write.
for my $name (qw(last_event_id lastEventId lastEventID last-event-id Last-Event-ID Last-Event-Id
    LAST_EVENT_ID lasteventid LastEventId last%2Devent%2Did))
{
    is(came("&$name=$ids[2]"), '4 5 6', "?$name=");
}
is(came("&my_last_event_id=$ids[2]"), '', 'another name is another argument');
is(came("&lastEventId="), '', 'one that is empty says nothing');

# Several: the earliest, for an event that comes again can be recognised.
is(came("&last_event_id=$ids[4]&lastEventId=$ids[1]"), '3 4 5 6', 'two names');
is(came("&last_event_id=$ids[1]&lastEventId=$ids[4]"), '3 4 5 6', '... in the other order');
is(came("&lastEventId=$ids[3]&lastEventId=$ids[3]"), '5 6', 'the same twice');
is(came("&lastEventId=x&last_event_id=$ids[3]"), 'gap unknown', 'one that nobody understands');
is(came('', "Last-Event-ID: $ids[4]", "Last-Event-ID: $ids[1]"), '3 4 5 6', 'two headers');
is(came('', "Last-Event-ID: $ids[1]", "Last-Event-ID: $ids[4]"), '3 4 5 6', '... in the other order');
is(came('', "Last-Event-ID: $ids[1]", 'Last-Event-ID: what'), 'gap unknown', '... of which one is nonsense');
is(came('', 'Last-Event-ID:', "Last-Event-ID: $ids[4]"), '6', '... of which one is empty');
is(came("&lastEventId=$ids[0]", "Last-Event-ID: $ids[4]"), '6',
    'the header wins: the URL is that of the first connection');

# A WebSocket cannot have headers of a page's.
my $socket = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port,
    path => $t->stream_path('u', "&lastEventId=$ids[4]"));
my @messages = $socket->wait_messages(2);
ok((grep { /\Q$ids[5]\E/ } @messages), 'a WebSocket goes on there, too') or diag "@messages";
$socket->cut;

# ---- who somebody is ---------------------------------------------------------------------------------

my ($one, $two) = map { jwt(JWT_SECRET, {sub => $_}) } 'one', 'two';
my $history = '/api/v1/external/notify/history';
for ("token=$one&token=$two", "token=$two&token=$one", "token=$one&token=", "token=x&token=$one") {
    $t->answers("two tokens that differ", $t->request('GET', "$history?$_"), 401, '{"detail":"Invalid token"}');
}
is($t->request('GET', "$history?token=$one&token=$one")->status, 200, 'the same token twice is one');
is($t->request('GET', "$history?token=$one&limit=1&limit=2")->status, 422, 'two limits that differ');
is($t->request('GET', "$history?token=$one&limit=2&limit=2")->status, 200, '... and that do not');
my $key   = $t->make_key('alice');
my $other = $t->make_key('bob');
is($t->request('GET', "/health?token=$key&token=$other")->status, 401, 'two keys');
is($t->request('GET', "/health?token=$key&token=$key")->status, 200, 'the same key twice');
is($t->request('GET', $history, headers => [(Authorization => "Bearer $one") x 2])->status, 400,
    'Authorization twice is refused by nginx');

# ---- the scheme ---------------------------------------------------------------------------------------

for my $scheme ('Bearer', 'bearer', 'BEARER', 'bEaReR', 'bearer  ') {
    is($t->request('GET', $history, headers => [Authorization => "$scheme $one"])->status, 200,
        "Authorization: $scheme TOKEN");
}
is($t->request('GET', $history, headers => [Authorization => $_])->status, 401, "Authorization: $_")
    for 'bearer', 'Basic abc', "Bearer$one", "Bearer\t$one";

$t->done;
