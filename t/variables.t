# The log that ships tells of each request its stream, its subject, its event, how it resumed and
# why it ended.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(http => "notify_send_timeout 1s;\nnotify_drain 1s;\n");

# The fields behind the request in the newest line that has $pattern in it.
sub logged ($pattern, $seconds = 5) {
    my $line;
    my $look = sub { ($line) = grep { /$pattern/ } reverse split /\n/, $t->nginx->access_log };
    wait_until($look, $seconds);
    my %field = ($line // '') =~ / (stream|subject|event|resume|closed)="([^"]*)"/g;
    my @names = grep { $field{$_} !~ /^-?$/ } sort keys %field;
    return join ' ', map { "$_=$field{$_}" } @names;
}

my $id = $t->publish_user('alice', 1)->json->{id};
is(logged(qr/publish.* 202 /), "event=$id stream=user:alice", 'a publish');
$t->signed('POST', '/publish/test?message=x');
my ($entry) = $t->redis->event_ids('test_stream');
is(logged(qr/publish\/test.* 200 /), "event=$entry stream=test_stream", 'a signed publish');
$t->request('GET', '/nowhere');
is(logged(qr/nowhere/), '', 'a request that is none of these');
$t->request('GET', '/api/v1/external/notify/stream?token=x');
is(logged(qr/stream.* 401 /), '', 'a stream that was refused');

# ---- streams: how they began and how they ended --------------------------------------------------

sub stream_of ($user, %option) {
    return $t->user_stream($user, reconnect => 0, headers => ["User-Agent: $user"], %option);
}

# A client that leaves before its first page was read has resumed from nowhere: wait for what it gets.
sub ended ($stream, $events = 1) {
    $stream->wait_events($events);
    $stream->close_stream;
    return logged(qr/"\Q$stream->{name}\E"/);
}

is(ended(stream_of('new')), 'closed=client resume=new stream=user:new subject=new', 'a new one');
my @ids = map { $t->publish_user('back', $_)->json->{id} } 1 .. 3;
is(ended(stream_of('back', last_event_id => $ids[0]), 3),
    'closed=client resume=replayed stream=user:back subject=back', 'one that resumed from Redis');
my $listener = $t->user_stream('ring');
@ids = map { $t->publish_user('ring', $_)->json->{id} } 1 .. 3;
$listener->wait_events(4);
is(ended(stream_of('ring', last_event_id => $ids[0]), 3),
    'closed=client resume=ring stream=user:ring subject=ring', 'one that resumed from the ring');
is(ended(stream_of('gap', last_event_id => '99999999999999-00000000'), 2),
    'closed=client resume=gap stream=user:gap subject=gap', 'one that got a gap');

my $deaf = stream_of('deaf', receive_buffer => 4096);
$deaf->pause;
$t->publish_user('deaf', 'x' x 100_000) for 1 .. 100;
is(logged(qr/"deaf"/), 'closed=slow resume=new stream=user:deaf subject=deaf',
    'one that took nothing for too long');
$deaf->close_stream;

my $drained = stream_of('drained');
$t->nginx->reload;
$t->loop->run_until(sub { !$drained->is_open }, 5);
is(logged(qr/"drained"/),
    'closed=drain resume=new stream=user:drained subject=drained', 'one that a reload ended');

$t->done;
