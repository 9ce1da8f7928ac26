# Several streams over one EventSource, resumed exactly across all of them by one composite id.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Digest::SHA qw(sha256_hex);

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(http => 'notify_redis env:REDIS_URL; notify_ring 8 1m; '
        . 'log_format s \'$arg_case stream=$notify_stream resume=$notify_resume\'; access_log s.log s;',
    server => <<'END');
    notify_event if=n data=$value_n;
    notify_event if=silent id=off data=silent;
    notify_open ready here;
    location = /p {
        notify_field s string in=query;
        notify_field n string in=query;
        notify_publish $notify_field_s;
        notify_entry n $notify_field_n;
    }
    location = /several { notify_subscribe user:$arg_user broadcast team:$arg_team; }
    location = /wider   { notify_subscribe user:$arg_user broadcast team:$arg_team extra; }
    location = /other   { notify_subscribe extra team:${arg_team} user:$arg_user; }
    location = /one     { notify_subscribe user:$arg_user; }
    location = /first   { notify_subscribe broadcast user:$arg_user; }
    location = /many    { notify_subscribe m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 m12 m13 m14 m15 m16; }
    location = /latest  { notify_replay 2; notify_subscribe user:$arg_user broadcast; }
END
my $redis = $t->redis;

sub publish ($stream, $n) {
    return $t->request('POST', "/p?s=$stream&n=$n")->json->{id};
}

# Texts are shown as JSON: without their quotes.
sub bare ($stream, $event) { $event->{data} =~ s/^"(.*)"$/$1/; return }

sub several ($path, %option) {
    my $stream = $t->stream(path => $path, keep_raw => 1, reconnect => 0, on_event => \&bare, %option);
    $stream->wait_events(1);
    # The id of where it stands may come in a write of its own.
    $t->loop->run_until(sub { length $stream->last_id }, 5) if $path !~ m{^/one};
    return $stream;
}

# What has come, but for marks: sorted, since streams know no order among each other.
sub shown ($stream) {
    return join ' ', sort map { $_->{type} eq 'gap' ? 'gap' : $_->{data} }
        grep { $_->{type} ne 'ready' && $_->{data} !~ /^mark/ } $stream->events;
}

# Publishes one more, and tells all that has come by then.
my $marks = 0;
sub until_mark ($stream, $to = 'broadcast') {
    my $mark = 'mark' . ++$marks;
    publish($to, $mark);
    $t->loop->run_until(sub { grep { $_->{data} eq $mark } $stream->events }, 5)
        or return 'nothing: ' . shown($stream);
    $stream->close_stream;
    return shown($stream);
}

sub resumed ($path, $id) { return until_mark(several($path, last_event_id => $id)) }

# With a right check, whatever stands behind it.
sub composite (@parts) {
    my ($sum, $text) = (2166136261, join '', map { ".$_" } @parts);
    $sum = (($sum ^ ord) * 16777619) % 2**32 for split //, $text;
    return sprintf 'c%08x%s', $sum, $text;
}
sub tag ($stream) { return substr sha256_hex($stream), 0, 12 }

# ---- live, and after a cut -----------------------------------------------------------------------

my $a = several('/several?user=u&team=t');
my @tags = map { tag($_) } 'user:u', 'broadcast', 'team:t';
is($a->last_id, composite(map { "$_:0-00000000" } @tags),
    'the first id says where each stream began');
my $zero = $a->last_id;
my @published = (publish('user:u', 1), publish('broadcast', 2), publish('team:t', 3), publish('user:u', 4));
$a->wait_events(5);
is(shown($a), '1 2 3 4', 'what is published to any of them arrives');
my @ids = map { $_->{id} } ($a->events)[1 .. 4];
is($ids[1], composite("$tags[0]:$published[0]", "$tags[1]:$published[1]", "$tags[2]:0-00000000"),
    'an id says where the client stands in each');
like($a->raw, qr/\n\ndata: 1\nid: c[0-9a-f]{8}\.\S+\n\n/, 'on the last line of its frame');
for my $seen (0 .. 4) {
    my $id = $seen ? $ids[$seen - 1] : $zero;
    is(resumed('/several?user=u&team=t', $id), join(' ', $seen + 1 .. 4), "resumed after $seen of 4");
}
publish("user:u", "r$_") for 1 .. 20;    # beyond the ring
is(resumed('/several?user=u&team=t', $ids[3]), join(' ', sort map { "r$_" } 1 .. 20),
    'from Redis, what the ring has no more');
$a->close_stream;

# Over many pages, of all of them at once, in order.
my $zeros = composite(map { tag($_) . ':0-00000000' } 'user:big', 'broadcast', 'team:big');
for my $n (1 .. 300) {
    $redis->cmd('XADD', $_, '*', 'n', "$_-$n" . 'x' x 500) for 'user:big', 'team:big';
}
my $big = several('/several?user=big&team=big', last_event_id => $zeros);
$t->loop->run_until(sub { 600 <= grep { $_->{data} =~ /-\d+x/ } $big->events }, 10);
$big->close_stream;
for my $name ('user:big', 'team:big') {
    my @seen = map { $_->{data} =~ /^\Q$name\E-(\d+)x/ ? $1 : () } $big->events;
    is("@seen", join(' ', 1 .. 300), "$name: 300 entries, each once, in order");
}

# ---- other streams than before -------------------------------------------------------------------

$a = several('/several?user=v&team=t');
publish('user:v', 'v1');
$a->wait_events(2);
my $id = $a->last_id;
$a->close_stream;
publish('user:v', 'v2');
publish('team:t', 't2');
publish('extra', 'e2');
publish('team:x', 'x2');
is(resumed('/several?user=v&team=t', $id),    't2 v2', 'the same streams');
is(resumed('/wider?user=v&team=t', $id),      't2 v2', 'one more: it begins now');
is(resumed('/several?user=v', $id),           'v2',    'one less');
is(resumed('/several?user=v&team=x', $id),    'v2',    'another one in its place');
is(until_mark(several('/one?user=v', last_event_id => $id), 'user:v'), 'v2', 'one of them alone, on a location of its own');
is(until_mark(several('/other?user=v&team=t', last_event_id => $id), 'extra'), 't2 v2',
    'in another order');
my $plain = ($redis->event_ids('user:v'))[0];
is(resumed('/several?user=v&team=t', $plain), 'v2',    'the id of one stream: of the first one');
is(resumed('/first?user=v', $plain) =~ /v2/ ? 1 : 0, 0, '... and of no other');

# ---- which streams -------------------------------------------------------------------------------

my $none = several('/several?user=w');
publish('team:', 'nobody');
publish('user:w', 'w1');
is(until_mark($none), 'w1', 'an empty variable: that stream is left out');
my $twice = several('/first?user=&case=twice');
publish('broadcast', 'once');
is(until_mark($twice), 'once', 'only one is left');
like($twice->last_id, qr/^c[0-9a-f]{8}\.[0-9a-f]{12}:\d+-[0-9a-f]{8}$/, '... and keeps the kind of id');
my $many = several('/many');
publish("m$_", "m$_") for 1 .. 16;
$many->wait_events(17);
is(shown($many), join(' ', sort map { "m$_" } 1 .. 16), 'sixteen streams');
publish('m1', 'again');
is(scalar(() = $many->last_id =~ /:/g), 16, '... in one id');
$many->close_stream;
is(resumed('/several?user=%FF', undef) =~ /nothing/ ? 1 : 0, 0, 'a name as the client wrote it');
$t->answers('a name that is none', $t->request('GET', '/several?user=' . 'u' x 600), 400,
    qr/Invalid stream name/);
$t->answers('HEAD', $t->request('HEAD', '/several?user=u'), 200);

# An event without an id does not move the client, the next one does.
my $silent = several('/several?user=silent');
$redis->cmd('XADD', 'user:silent', '*', 'silent', 1);
$silent->wait_events(2);
unlike(($silent->events)[1]{text}, qr/^id:/m, 'an event without an id');
publish('user:silent', 'loud');
$silent->wait_events(3);
is(resumed('/several?user=silent', $silent->last_id), '', 'is behind the one that follows');
$silent->close_stream;

# ---- ids that nobody gave out --------------------------------------------------------------------

publish('user:bad', 1);
publish('user:bad', 2);
my ($first) = $redis->event_ids('user:bad');
my $good = composite(tag('user:bad') . ":$first", tag('broadcast') . ':' . ($redis->event_ids('broadcast'))[-1]);
is(resumed('/several?user=bad', $good), '2', 'one that is right');
my @strange;
for my $length (1 .. length($good) - 1) {
    push @strange, [substr($good, 0, $length), "cut at $length"];
}
push @strange, [substr($good, 1), 'cut in front'], ["$good.", 'with more behind it'], ["$good$good", 'twice'],
    [composite((tag('user:bad') . ":$first") x 2), 'a stream that is there twice'],
    ['c', 'one letter'], ['c811c9dc6', 'no stream and a wrong check'],
    [composite(tag('user:bad') . ':'), 'no position'],
    [composite(tag('user:bad') . ':x'), 'a position that is none'],
    [composite(uc(tag('user:bad')) . ":$first"), 'a tag in capitals'],
    [composite(map { sprintf('%012x', $_) . ':1-00000000' } 1 .. 17), 'seventeen streams'],
    [$good =~ s/^c(.)/'c' . ($1 eq '0' ? 1 : 0)/er, 'a wrong check'], ['c' x 5000, '5 kB'];
my %faults;
my @clients = map { [$_->[1], several('/several?user=bad', last_event_id => $_->[0])] } @strange;
publish('broadcast', 'markstrange');
for (@clients) {
    my ($name, $client) = @$_;
    $t->loop->run_until(sub { grep { $_->{data} eq 'markstrange' } $client->events }, 5);
    $faults{$name} = shown($client) if shown($client) ne 'gap gap';
    $client->close_stream;
}
is(join(', ', map { "$_: $faults{$_}" } sort keys %faults), '',
    scalar(@strange) . ' ids that are cut or invented: a gap on each stream, nothing else');
my $gap = JSON::PP->new->decode(($clients[0][1]->events)[1]{data});
is_deeply([$gap->{reason}, $gap->{after}], ['unknown', undef], '... that says that nobody knows');

my ($one, $two) = (tag('user:bad'), tag('broadcast'));
is(resumed('/several?user=bad', composite("$two:$first", "$one:$first")) =~ /2/ ? 1 : 0, 1,
    'places in another order are fine');
is(resumed('/several?user=bad', composite("$one:9999999999999-00000000")), 'gap',
    'a place that a stream has not reached is told');
is(resumed('/several?user=bad', composite("$one:?")), 'gap', 'a place that is said to be unknown is, too');
is(resumed('/several?user=bad', composite('0' x 12 . ':1-00000000')), '', 'streams that nobody knows do not count');
is(until_mark(several('/one?user=bad', last_event_id => composite("$one:?")), 'user:bad'), 'gap',
    'also with one stream');

# ---- the latest, on connect ----------------------------------------------------------------------

publish('user:l', "l$_") for 1 .. 4;
my $latest = several('/latest?user=l');
like(until_mark($latest), qr/^l3 l4\b/, 'replay of the last two of each');
unlike(shown($latest), qr/l[12]/, '... and no more');
like(resumed('/latest?user=l', composite()), qr/^l3 l4\b/,
    'also for who was gone before the first: his id names no stream yet');
is(resumed('/latest?user=l', $latest->last_id), '', 'nothing of it for who comes back');

# ---- slow, reload --------------------------------------------------------------------------------

my $ledger = $t->ledger;
my $slow   = $t->stream(path => '/several?user=slow&team=slow', receive_buffer => 4096, retry => 0.05,
    on_event => \&bare);
$slow->wait_events(1);
$slow->pause;
for my $n (1 .. 400) {
    publish("$_:slow", "$_-$n" . 'x' x 3000) for 'user', 'team';
}
$slow->resume;
my $all = sub { 800 <= grep { $_->{data} =~ /^(?:user|team)-/ } $slow->events };
ok($t->loop->run_until($all, 15), 'a slow client gets all of it, when it reads again');
for my $name ('user', 'team') {
    my @seen = map { $_->{data} =~ /^$name-(\d+)x/ ? $1 : () } $slow->events;
    is("@seen", join(' ', 1 .. 400), "... of $name each once, in order");
}
my $before = $slow->opened;
$t->nginx->reload;
publish('team:slow', 'after');
ok($t->loop->run_until(sub { grep { $_->{data} eq 'after' } $slow->events }, 10), 'also over a reload');
$t->loop->run_until(sub { $slow->opened > $before }, 10);
publish('user:slow', 'last');
ok($t->loop->run_until(sub { grep { $_->{data} eq 'last' } $slow->events }, 10), '... and behind it');
is(scalar(grep { $_->{data} =~ /^(?:after|last)$/ } $slow->events), 2, '... once');
$slow->close_stream;

like($t->read_file($t->nginx->dir . '/s.log'), qr/^twice stream=broadcast resume=new$/m, 'the log names the streams');

$t->done;
