# A client that comes back with Last-Event-ID goes on exactly where it stopped; if something is gone
# it is told so by a gap event.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(http => "notify_ring 4 1m;\n");
my $redis   = $t->redis;
my @workers = $t->nginx->workers;

# Publishes to a user and returns the ids.
sub publish ($user, $count) {
    return map { $t->publish_user($user, $_)->json->{id} } 1 .. $count;
}

sub ids (@events) { return join ' ', map { $_->{id} } grep { $_->{type} eq 'message' } @events }

# Opens a stream after an id, publishes one event more, and returns all that has come by then.
sub resume ($user, $last_id, %option) {
    my $stream = $t->stream(path => $t->stream_path($user, $option{arguments} // ''),
        name => $user, last_event_id => $last_id, headers => $option{headers} // []);
    $stream->wait_events(1);
    my ($live) = publish($user, 1);
    $t->loop->run_until(sub { grep { $_->{id} eq $live } $stream->events }, 5);
    $stream->close_stream;
    return ([$stream->events], $live);
}

sub resumes ($name, $user, $last_id, @expected) {
    my ($events, $live) = resume($user, $last_id);
    is(ids(@$events), "@expected" . (@expected ? ' ' : '') . $live, $name);
    is(scalar(grep { $_->{type} eq 'gap' } @$events), 0, '... without a gap');
    return;
}

# ---- from Redis: nobody has listened to these users ----------------------------------------------

my @a = publish('a', 5);
resumes('after the second of five',    'a', $a[1], @a[2 .. 4]);
my @b = publish('b', 3);
resumes('after the last',              'b', $b[2]);
my @c = publish('c', 3);
resumes('without an id: what is new',  'c', undef);
my @d = publish('d', 3);
resumes('after the very beginning',    'd', '0-00000000', @d);
my @e = publish('e', 600);
resumes('over many pages',             'e', $e[0], @e[1 .. 599]);

my @f = publish('f', 2);
my ($events, $live) = resume('f', undef, arguments => "&last_event_id=$f[0]");
is(ids(@$events), "$f[1] $live", 'the id may stand in the query');
($events, $live) = resume('f', $f[1], arguments => "&last_event_id=$f[0]");
is(ids(@$events), join(' ', ids(@$events) =~ /(\S+) \S+$/, $live),
    'the id in the header is newer than the one in the URL');

is(($t->user_stream('f')->events)[0]{type}, 'ready', 'ready is the first frame when it begins');
($events) = resume('f', $f[0]);
is($events->[0]{type}, 'ready', 'and when it resumes');

# ---- from the ring, and beyond it: somebody listens ----------------------------------------------

my $listener = $t->user_stream('ring');
my @ring     = publish('ring', 10);
$listener->wait_events(11);
resumes('within the ring',  'ring', $ring[7], @ring[8, 9]);
push @ring, ($redis->event_ids('user:ring'))[-1];
resumes('beyond the ring',  'ring', $ring[1], @ring[2 .. 10]);
push @ring, ($redis->event_ids('user:ring'))[-1];
is(ids($listener->wait_events(13)), "@ring", 'the one that listened has all, each once');

# ---- a cut connection ----------------------------------------------------------------------------

my $ledger = $t->ledger;
my $cut    = $t->user_stream('cut', on_event => $ledger->recorder, retry => 0.01);
my @cut    = publish('cut', 1);
$cut->wait_events(2);    # who has seen nothing yet has nothing to go on from
for (1 .. 20) {
    push @cut, publish('cut', 3);
    $cut->{retry} = 0.01;
    $cut->cut if $_ % 2;
    push @cut, publish('cut', 3);
    $t->loop->run_for(0.02);
}
$t->loop->run_until(sub { $ledger->complete(['cut'], @cut) }, 5);
is(join('; ', $ledger->faults(['cut'], @cut)), '', 'ten cuts lose and double nothing');
cmp_ok($cut->opened, '>=', 10, 'there were ten');

# ---- what is gone --------------------------------------------------------------------------------

sub gap_of ($events) {
    my @gaps = grep { $_->{type} eq 'gap' } @$events;
    is(scalar @gaps, 1, 'one gap event');
    my $data = @gaps ? JSON::PP->new->utf8->decode($gaps[0]{data}) : {};
    is(delete $data->{id}, $gaps[0]{id}, 'with an id: where the stream goes on');
    return $data;
}

my @g = publish('g', 6);
$redis->cmd('XTRIM', 'user:g', 'MAXLEN', 2);
($events, $live) = resume('g', $g[1]);
is_deeply(gap_of($events), {stream => 'user:g', reason => 'trimmed', after => $g[1]},
    'trimmed is said');
is(ids(@$events), "@g[4, 5] $live", 'then comes what is left, then what is new');
my ($told) = grep { $_->{type} eq 'gap' } @$events;
(my $once_more) = resume('g', $g[1]);
is((grep { $_->{type} eq 'gap' } @$once_more)[0]{id}, $told->{id},
    'who comes back to the same place is told the same gap');
($events, $live) = resume('g', $told->{id});
is(join(' ', map { $_->{type} } grep { $_->{type} eq 'gap' } @$events), '',
    'and who comes back with its id is not told again');
like(ids(@$events), qr/^$g[4] $g[5] .*\Q$live\E\z/, '... and misses nothing');
($events, $live) = resume('g', $g[4]);
is(ids(@$events), join(' ', ($redis->event_ids('user:g'))[1 .. 5]),
    'what was not trimmed is resumed');
is(scalar(grep { $_->{type} eq 'gap' } @$events), 0, 'without a gap');

my @h = publish('h', 3);
my $ahead = ($h[2] =~ /^(\d+)/)[0] + 1_000_000 . '-00000000';
($events, $live) = resume('h', $ahead);
is_deeply(gap_of($events), {stream => 'user:h', reason => 'ahead', after => $ahead},
    'ahead is said');
like(ids(@$events), qr/\Q$live\E$/, 'then comes what is new');

my @i = publish('i', 2);
$redis->cmd('DEL', 'user:i');
($events, $live) = resume('i', $i[1]);
gap_of($events);
like(ids(@$events), qr/\Q$live\E$/, 'a stream that was deleted meanwhile');

# ---- what is no id -------------------------------------------------------------------------------

my @odd = (
    ['empty',              ''],
    ['a word',             'hello'],
    ['negative',           '-1'],
    ['a negative part',    '1700000000000--1'],
    ['binary',             "\x01\x02\xff\xfe\x80"],
    ['10 kB',              '1' x 10_000],
    ['10 kB of letters',   'x' x 10_000],
    ['two dashes',         '1-2-3'],
    ['more than 64 bits',  '99999999999999999999-00000000'],
    ['the greatest',       '18446744073709551615-ffffffff'],
    ['a sequence too big', '1-fffffffffffffffff'],
    ['blanks',             '1700000000000 -00000000'],
    ['a dollar',           '$'],
    ['plus',               '+'],
    ['a quote',            '"; DROP'],
    ['an escape',          '%00'],
    ['a comma',            '1-00000000,2-00000000'],
    ['half an id',         '1700000000000-'],
    ['dash',               '-'],
    ['UTF-8',              "\xE2\x82\xAC"],
);
for my $place (qw(header query)) {
    for (@odd) {
        my ($name, $value) = @$_;
        my $path = $t->stream_path('odd', $place eq 'header' ? ''
            : '&last_event_id=' . $value =~ s/([^A-Za-z0-9])/sprintf '%%%02x', ord $1/ger);
        my $stream = $t->stream(path => $path, keep_raw => 1, reconnect => 0,
            headers => $place eq 'header' ? ["Last-Event-ID: $value"] : []);
        $t->loop->run_until(sub { $stream->events || $stream->refused || !$stream->socket }, 5);
        if ($stream->is_open) {
            my ($id) = publish('odd', 1);
            $t->loop->run_until(sub { grep { $_->{id} eq $id } $stream->events }, 5);
            my @types = map { $_->{type} } $stream->events;
            is("$types[0] $types[-1]", 'ready message', "$name in the $place: the stream is live");
            is(($stream->events)[-1]{id}, $id, '... and not deaf');
            my $gaps = grep { $_ eq 'gap' } @types;
            is($gaps, $name eq 'empty' ? 0 : 1, $gaps ? '... after a gap' : '... from now on');
        }
        else {
            like($stream->response->status, qr/^4\d\d$/, "$name in the $place is refused");
        }
        $stream->close_stream;
    }
}

is_deeply([$t->nginx->workers], \@workers, 'it is the same worker as before');
$t->done;
