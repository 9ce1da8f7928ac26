# What a publisher calls an event is never one of the product's own; and a heartbeat is no event to
# anybody.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(edit => {'notify_keepalive \S+;' => 'notify_keepalive 1s;'});

my $stream = $t->user_stream('u', arguments => '&named=1', keep_raw => 1, reconnect => 0);
my @types  = qw(gap expired ready open place error _gap __ready Gap note);
for my $type (@types, "g\nap", "gap\r\n") {
    my $body = JSON::PP->new->encode({type => $type, user_id => 'u', data => 1});
    is($t->request('POST', '/api/v1/internal/notify/publish', body => $body)->status, 202, 'it is published');
}
my @events = $stream->wait_events(@types + 3);
is($events[0]{type}, 'ready', 'the first event is ours');
is(join(' ', map { $_->{type} } @events[1 .. $#events]),
    '_gap _expired _ready _open _place _error __gap ___ready Gap note _gap _gap', 'the others are not');
is(JSON::PP->new->decode($events[1]{data})->{type}, 'gap', 'the data say what it was');

# Some clients make an event of each blank line once they have had an id.
my $comments = $stream->comments;
ok($t->loop->run_until(sub { $stream->comments >= $comments + 2 }, 5), 'heartbeats come');
like($stream->raw, qr/\n\n(?::\n){2,}\z/, '... without a blank line behind them');
my $id = $t->publish_user('u', 2)->json->{id};
is(($stream->wait_events(@types + 4))[-1]{id}, $id, 'and the next event is whole');

$t->done;
