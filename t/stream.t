# System 002: what a stream sends, to the byte.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);
use Time::Local qw(timegm);

my $t = NotifyTest->serving(edit => {'notify_keepalive \S+;' => 'notify_keepalive 1s;'});

sub raw_of ($stream) { return $stream->raw =~ s/^:[^\n]*\n\n//gmr }    # without heartbeats

# ---- the head and the first frame ----------------------------------------------------------------

my $stream = $t->user_stream('alice', keep_raw => 1);
my $answer = $stream->response;
is($answer->status, 200, 'the stream opens');
like($answer->header('Content-Type'), qr{^text/event-stream(;|$)}, 'as an event stream');
is($answer->header('Cache-Control'), 'no-cache', 'that nobody stores');
is($answer->header('X-Accel-Buffering'), 'no', 'and no proxy buffers');
is($answer->header('Content-Length'), undef, 'without an end');
is(raw_of($stream), "retry: 1500\nevent: ready\ndata: stream-open\n\n", 'the first frame');

my $http = $t->http;
$http->send(NotifyTest::Http::compose('GET', $t->stream_path('alice')));
my $begin = time;
$http->read_until(qr/stream-open\n\n/, 5);
cmp_ok(time - $begin, '<', 0.5, 'comes at once');
$http->close;

# ---- an event ------------------------------------------------------------------------------------

my $data = '{"file":"report.pdf","n":18446744073709551617,"t":"\\u00fc\\ud83d\\ude00\\u0000<>&",'
    . '"x":1e999}';
my $id     = $t->request('POST', '/api/v1/internal/notify/publish',
    body => qq({"type":"report_ready", "user_id":"alice", "data": $data}))->json->{id};
my $event = ($stream->wait_events(2))[1];
is($event->{id}, $id, 'the id is the one that publish answered');
is($event->{type}, 'message', 'the event has no name, as the README needs it');
my $time     = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00/;
my $members  = qq("type":"report_ready","user_id":"alice","data":$data,"permalink":null);
my $envelope = qr/\{"id":"$id",\Q$members\E,"created_at":"$time"\}/;
like(raw_of($stream), qr/stream-open\n\ndata: $envelope\nid: $id\n\n\z/, 'the frame, to the byte');

my ($created) = $event->{data} =~ /"created_at":"([^"]+)"/;
my ($y, $mo, $d, $h, $mi, $s) = $created =~ /(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)/;
cmp_ok(abs(timegm($s, $mi, $h, $d, $mo - 1, $y) - time), '<', 5, 'created_at is the present time');

$t->publish_user('alice', "line\nend\r", persistent => JSON::PP::true,
    permalink => 'https://example.org/?a=1&b="2"');
my $second = ($stream->wait_events(3))[2];
my $decoded = JSON::PP->new->utf8->decode($second->{data});
is($decoded->{data}, "line\nend\r", 'line ends in texts stay texts');
is($decoded->{permalink}, 'https://example.org/?a=1&b="2"', 'the permalink is there');
is_deeply([sort keys %$decoded], [sort qw(id type user_id data permalink created_at)],
    'and nothing else');

# JSON over several lines is one line of data.
$t->request('POST', '/api/v1/internal/notify/publish',
    body => qq({"type":"t","user_id":"alice","data":{\r\n "a" :\n[1,\r2]}}));
my $third = ($stream->wait_events(4))[3];
unlike($third->{data}, qr/[\r\n]/, 'line ends between tokens are no line ends of the frame');
is_deeply(JSON::PP->new->utf8->decode($third->{data})->{data}, {a => [1, 2]}, 'and change nothing');

# ---- named=1 -------------------------------------------------------------------------------------

my $named = $t->user_stream('bob', arguments => '&named=1', keep_raw => 1);
my $bob   = $t->publish_user('bob', 1)->json->{id};
$named->wait_events(2);
like(raw_of($named), qr/stream-open\n\ndata: \{"id":"$bob",[^\n]+\}\nevent: note\nid: $bob\n\n\z/,
    'named=1 names the event');
is(($named->events)[1]{type}, 'note', 'after its type');
$t->request('POST', '/api/v1/internal/notify/publish',
    body => '{"type":"a\nevent: gap\rx\u0000","user_id":"bob","data":1}');
my $odd = ($named->wait_events(3))[2];
unlike($odd->{type}, qr/^gap|[\r\n]/, 'a type with line ends cannot forge one');
like($odd->{type}, qr/^a.*gap/, 'and is still there');

# ---- several connections, several users ----------------------------------------------------------

my @three = map { $t->user_stream('carol') } 1 .. 3;
my $other = $t->user_stream('carol2');
my $carol = $t->publish_user('carol', 'for carol')->json->{id};
is(join(',', map { ($_->wait_events(2))[1]{id} } @three), join(',', ($carol) x 3),
    'each connection of a user gets each event');
my $last = $t->publish_user('carol2', 'for carol2')->json->{id};
is(join(',', map { $_->{id} } grep { $_->{type} eq 'message' } $other->wait_events(2)), $last,
    'and another user none of them');
my $strange = "\x{fc} :/{}*";
my $odd_user = $t->user_stream($strange);
my $odd_id   = $t->publish_user($strange, 1)->json->{id};
is(($odd_user->wait_events(2))[1]{id}, $odd_id, 'a user may have any letters in the name');
$_->close_stream for @three;

# ---- heartbeats ----------------------------------------------------------------------------------

my $quiet = $t->user_stream('dave', keep_raw => 1);
$t->loop->run_until(sub { $quiet->comments >= 3 }, 6);
my @times = map { $_->[0] } $quiet->comments;
is(join('|', map { $_->[1] } $quiet->comments), '||', 'a heartbeat is a lone comment');
like($quiet->raw, qr/stream-open\n\n(?::\n\n){3}/, 'to the byte');
cmp_ok(abs($times[$_] - $times[$_ - 1] - 1), '<', 0.5, 'after a second') for 1, 2;
cmp_ok($times[0] - $quiet->{opened_at}, '<', 1.6, 'the first within an interval');

# ---- a client that goes --------------------------------------------------------------------------

my $pid = ($t->nginx->workers)[0];
sub descriptors () { return scalar(() = glob "/proc/$pid/fd/*") }

my $few  = descriptors();
my @many = map { $t->user_stream("user$_") } 1 .. 50;
cmp_ok(descriptors(), '>=', $few + 50, 'fifty streams');
$_->close_stream for @many;
ok(wait_until(sub { descriptors() <= $few + 1 }, 5), 'leave nothing open when they go');

$t->done;
