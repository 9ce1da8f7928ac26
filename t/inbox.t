# An inbox: what is not acknowledged comes again on every connection, every client of a user gets
# everything, and acknowledging once is enough.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket;

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(http => "notify_redis env:REDIS_URL;\nnotify_drain 2s;", server => <<'END');
    notify_event id=off 'data={"message_id":"$entry_id","message":$json_message}';
    location /inbox/ {
        notify_path '/inbox/{user}';
        notify_websocket data;
        notify_retain 1000;
        notify_receive inbox:$notify_path_user 'message=[Echo] $notify_message'
            timestamp=$notify_time;
        notify_inbox inbox:$notify_path_user g $notify_path_user;
    }
    location /live/ { notify_path '/live/{user}'; notify_publish inbox:$notify_path_user;
        notify_field message string; notify_entry message $notify_field_message; }
    location = /acknowledge {
        notify_field user string;
        notify_field ids  any;
        notify_acknowledge ids=$notify_json_ids inbox:$notify_field_user g $notify_field_user;
    }
    location ~ ^/acknowledge/(\w+)/([^/]+)$ { notify_acknowledge $2 inbox:$1 g $1; }
END
my $redis = $t->redis;

sub add ($user, $message) { return $redis->cmd('XADD', "inbox:$user", '*', 'message', $message) }

sub publish ($user, $message) {
    my $answer = $t->request('POST', "/live/$user", body => qq({"message":"$message"}));
    $answer->status == 200 or die $answer->body;
    return entry_id($answer->json->{id});
}

sub inbox ($user, %option) {
    my $client = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port,
        path => "/inbox/$user", %option);
    $client->wait_open or die "no inbox: " . ($client->status // 'no answer') . "\n";
    return $client;
}

# [id message] of each.
sub seen ($client) { return join ' ', map { "$_->{message_id}=$_->{message}" } $client->json }
sub ids  ($client) { return join ' ', map { /"message_id":"([^"]+)"/ } $client->messages }
sub has  ($client, @ids) {
    $t->loop->run_until(sub { ids($client) eq "@ids" }, 5);
    return ids($client);
}
sub acknowledge ($user, @ids) {
    my $list = join ',', map { qq("$_") } @ids;
    return $t->request('POST', '/acknowledge', body => qq({"user":"$user","ids":[$list]}));
}
sub pending ($user) { return $redis->cmd('XPENDING', "inbox:$user", 'g')->[0] }

# ---- before, while and after anybody is connected ------------------------------------------------

my @ids = map { add('u', "m$_") } 1 .. 3;
my ($one, $two) = (inbox('u'), inbox('u'));
is(has($one, @ids), "@ids", 'what came while nobody was there');
is(has($two, @ids), "@ids", 'comes to every client');
push @ids, publish('u', 'live');
is(has($one, @ids), "@ids", 'what comes now, too');
is(has($two, @ids), "@ids", 'to every client');
is(seen($one), "$ids[0]=m1 $ids[1]=m2 $ids[2]=m3 $ids[3]=live", 'as it is');

my $again = inbox('u');
is(has($again, @ids), "@ids", 'what is not acknowledged comes again');
$t->answers('acknowledged', acknowledge('u', $ids[0], $ids[3]), 200,
    qq({"acknowledged":["$ids[0]","$ids[3]"]}));
$t->answers('and again', acknowledge('u', $ids[0], $ids[3], '1-1'), 200, '{"acknowledged":[]}');
my $after = inbox('u');
is(has($after, @ids[1, 2]), "@ids[1, 2]", 'once is enough');
$t->answers('one by its path', $t->request('POST', "/acknowledge/u/$ids[1]"), 200,
    qq({"acknowledged":["$ids[1]"]}));
$t->answers('one that is none', $t->request('POST', '/acknowledge/u/x'), 200,
    '{"acknowledged":[]}');
$t->answers('no list', $t->request('POST', '/acknowledge', body => '{"user":"u","ids":"x"}'), 400);
my $other = inbox('other');
is(has($other), '', 'nothing of it is shown to others');

my $events = $t->stream(path => '/inbox/u', reconnect => 0);
$events->wait_events(1);
is(($events->events)[0]{data}, qq({"message_id":"$ids[2]","message":"m3"}),
    'server-sent events are the same');

# ---- many, and trimmed ones ----------------------------------------------------------------------

my @many = map { add('many', "m$_") } 1 .. 350;
my $all = inbox('many');
is(has($all, @many), "@many", 'no cap at 100');
is(pending('many'), 350, 'they are pending');
acknowledge('many', @many[0 .. 299]);
$redis->cmd('XDEL', 'inbox:many', @many[300 .. 319]);
my $rest = inbox('many');
$rest->wait_messages(31);
is(($rest->messages)[0], '{"stream":"inbox:many","reason":"trimmed","after":"0-00000000"}',
    'what was trimmed is told');
is(join(' ', map { $_->{message_id} // () } $rest->json), "@many[320 .. 349]", 'the others come');
is(pending('many'), 30, 'and does not stay pending');

# Large ones, to a client that does not read.
my @large = map { add('slow', 'x' x 200_000) } 1 .. 40;
my $slow = inbox('slow');
$slow->pause;
$t->loop->run_for(0.5);
push @large, publish('slow', 'at last');
$slow->resume;
is(has($slow, @large), "@large", 'a slow client gets its pages as it reads');

# Acknowledged by one while another one is between its pages.
my @pages = map { add('pages', 'y' x 100_000) } 1 .. 60;
my $reader = inbox('pages');
$reader->pause;
acknowledge('pages', @pages);
$reader->resume;
$t->loop->run_for(0.3);
my $last = publish('pages', 'last');
$t->loop->run_until(sub { ids($reader) =~ /\Q$last\E$/ }, 5);
my %count;
$count{$_}++ for split / /, ids($reader);
is(join(' ', grep { $count{$_} > 1 } keys %count), '', 'nothing comes twice');
ok($count{$last}, 'and what is new comes');
is(has(inbox('pages'), $last), $last, 'what was acknowledged does not come again');

# ---- what a client sends -------------------------------------------------------------------------

my ($talker, $listener) = (inbox('talk'), inbox('talk'));
$talker->send_text('hello');
$talker->send_text("caf\xc3\xa9");
$_->wait_messages(2) for $talker, $listener;
is(join('|', map { $_->{message} } $listener->json), "[Echo] hello|[Echo] caf\x{e9}", 'an echo');
is(ids($talker), ids($listener), 'at every client');
my $entry = $redis->cmd('XRANGE', 'inbox:talk', '-', '+')->[0][1];
is("@$entry[0, 1, 2]", 'message [Echo] hello timestamp', 'the entry has its fields');
like($entry->[3], qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}/, 'and the time');

# ---- Redis away, nginx reloaded ------------------------------------------------------------------

my $kept = add('restart', 'kept');
my $through = inbox('restart');
has($through, $kept);
$redis->restart;
my $new = wait_until(sub { eval { publish('restart', 'new') } }, 10);
is(has($through, $kept, $new), "$kept $new", 'a client goes on after a restart of Redis');

$redis->stop;
my $early = inbox('restart');
ok($early->is_open, 'Redis is away: an inbox opens');
$redis->start;
is(has($early, $kept, $new), "$kept $new", 'and its entries come when Redis is back');

$t->nginx->reload;
ok($through->wait_end(5), 'a reload closes it');
is($through->code, 1012, 'as a restart');
like($through->reason, qr/^retry=\d+$/, 'with a time to come back');
ok(wait_until(sub { !$t->nginx->draining }, 5), 'and is over');
is(has(inbox('restart'), $kept, $new), "$kept $new", 'then all is there again');

for my $row (['no name', '/inbox/', 404], ['a long one', '/inbox/' . 'x' x 600, 400]) {
    my ($name, $path, $status) = @$row;
    is($t->request('GET', $path)->status, $status, $name);
}

$t->done;
