# Entries are read in turns: with notify_max_reading of one entry, many clients that all want a
# backlog of large ones get it whole, and those that do not read keep nobody waiting.

use v5.36;

use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/lib";
use NotifyTest;

use constant { LARGE => 500_000, ENTRIES => 4, READERS => 24, DEAF => 12 };

my $t = NotifyTest->serving(http => "notify_max_reading 1m;\n");
my @ids = map { $t->publish_user('u', 'x' x LARGE, persistent => JSON::PP::true)->json->{id} } 1 .. ENTRIES;

# Each has asked for all of it, and takes nothing.
my @deaf = map {
    my $stream = $t->stream(path => $t->stream_path('u'), name => "deaf$_", last_event_id => '0-00000000');
    $stream->wait_events(1);
    $stream->pause;
    $stream;
} 1 .. DEAF;

my @readers = map {
    $t->stream(path => $t->stream_path('u'), name => "reader$_", last_event_id => '0-00000000')
} 1 .. READERS;
my $messages = sub ($stream) { join ' ', map { $_->{id} } grep { $_->{type} eq 'message' } $stream->events };

my @histories = map {
    $t->request('GET', '/api/v1/external/notify/history?token=' . jwt(JWT_SECRET, {sub => 'u'}) . '&limit=' . $_)
} 1 .. 6;
is(scalar(grep { $_->status == 200 } @histories), 6, 'histories are answered meanwhile');

$t->loop->run_until(sub { READERS == grep { $messages->($_) eq "@ids" } @readers }, 20);
is(scalar(grep { $messages->($_) eq "@ids" } @readers), READERS, 'all who read get all of it, in order');
is($t->request('GET', '/api/v1/notify/health/ready')->status, 200, 'the link to Redis is there');

my ($live) = $t->publish_user('u', 'live')->json->{id};
$t->loop->run_until(sub { READERS == grep { $messages->($_) eq "@ids $live" } @readers }, 5);
is(scalar(grep { $messages->($_) eq "@ids $live" } @readers), READERS, 'and what comes after');

$t->done;
