# Entries that programs add to the stream by Redis' own commands reach the subscribers too.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t     = NotifyTest->serving;
my $redis = $t->redis;

# As users.conf writes them: one entry a published event.
$t->publish_user('model', {a => 1});
my %model = ($redis->entries('user:model'))[0][1]->%*;

sub add_native ($user, %change) {
    my %fields = (%model, user_id => $user, %change);
    my @command = ('redis-cli', '-h', '127.0.0.1', '-p', $redis->port, 'XADD', "user:$user", '*');
    my ($status, $output) = $t->run([@command, map { $_ => $fields{$_} } sort keys %fields]);
    my ($id) = $output =~ /^"?(\d+-\d+)"?$/m;
    die "redis-cli: $output" unless $id;
    return event_id($id);
}

# ---- one entry -----------------------------------------------------------------------------------

my $stream = $t->user_stream('one');
my $id     = add_native('one');
my $begin  = time;
my ($event) = grep { $_->{type} eq 'message' } $stream->wait_events(2);
ok($event, 'redis-cli XADD reaches the stream');
cmp_ok(time - $begin, '<', 1.1, 'within a second');
is($event->{id}, $id, 'under its id');
my $shown = JSON::PP->new->utf8->decode($event->{data});
is($shown->{id}, $id, 'as an event like others');
is_deeply($shown->{data}, {a => 1}, 'with its data');

# ---- in order with what is published -------------------------------------------------------------

my $ledger = $t->ledger;
my @users  = map {
    $t->user_stream('mixed', name => "client$_", on_event => $ledger->recorder)
} 1 .. 3;
for (1 .. 15) {
    $redis->cmd('XADD', 'user:mixed', '*', %model) if $_ % 3;
    $t->publish_user('mixed', $_)                  if $_ % 2;
    $t->loop->run_for(0.03);
}
my @expected = $redis->event_ids('user:mixed');
my @clients  = map { "client$_" } 1 .. 3;
$t->loop->run_until(sub { $ledger->complete(\@clients, @expected) }, 3);
is(join("\n", $ledger->faults(\@clients, @expected)), '',
    'native and published entries: all, once, in order');
is(scalar $ledger->all_gaps, 0, 'without a gap');

# ---- entries of another form ---------------------------------------------------------------------

my $odd = $t->user_stream('odd');
my @ids = map { event_id($redis->cmd('XADD', 'user:odd', '*', @$_)) }
    (['field', 'value'], ['data', 'no json'], ['data', "\xff\xfe\0"], ['', ''],
        ['data', "a\nb\r\n\nevent: gap"]);
$odd->wait_events(6, 3);
is(join(' ', map { $_->{id} } grep { $_->{type} eq 'message' } $odd->events), "@ids",
    'entries of any form are shown, each as one event');

# ---- the first entry of a stream, and a burst ----------------------------------------------------

my $plain = $t->user_stream('late');
my $first = add_native('late');
ok($t->loop->run_until(sub { grep { $_->{id} eq $first } $plain->events }, 2),
    'a first entry of a new stream');
my $several = $redis->cmd('EVAL', <<'END', 1, 'user:late', %model);
local last
for i = 1, 500 do last = redis.call('XADD', KEYS[1], '*', unpack(ARGV)) end
return last
END
ok($t->loop->run_until(sub { grep { $_->{id} eq event_id($several) } $plain->events }, 2),
    'five hundred at once');
is(scalar(grep { $_->{type} eq 'message' } $plain->events), 501, 'are all there');
is(scalar(grep { $_->{type} eq 'gap' } $plain->events), 0, 'without a gap');

# ---- a stream that is made anew ------------------------------------------------------------------

my $anew = $t->user_stream('anew');
$t->publish_user('anew', 1);
$anew->wait_events(2);
$redis->cmd('DEL', 'user:anew');
$redis->cmd('XADD', 'user:anew', '5-1', %model);
$t->loop->run_until(sub { grep { $_->{type} eq 'gap' } $anew->events }, 4);
$redis->cmd('XADD', 'user:anew', '6-1', %model);
$t->loop->run_until(sub { $anew->last_id eq event_id('6-1') }, 2);
is(join(' ', map { $_->{type} } $anew->events), 'ready message gap message',
    'lower ids than before: a gap is told, then the stream goes on');

$t->done;
