# Links to Redis that are cut at any byte, killed or silent: nothing accepted is missing, nothing is
# published twice, and every client has exactly what the stream has.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Wire;

my $t = NotifyTest->new;
$t->start_redis;
my ($redis, $loop) = ($t->redis, $t->loop);
my $wire = NotifyTest::Wire->new(loop => $loop, to => $redis->port);
$t->start_nginx(shipped => 1, workers => 2,
    edit => {'notify_retain \d+' => 'notify_retain 100000'},
    env  => {REDIS_URL => 'redis://127.0.0.1:' . $wire->port});

my $ledger  = $t->ledger;
my @names   = map { "client$_" } 1 .. 10;
my @streams = map {
    $t->stream(path => $t->stream_path('u'), name => $_, on_event => $ledger->recorder,
        forget_events => 1)
} @names;
ok($loop->run_until(sub { !grep { !$_->count } @streams }, 10), 'ten streams are ready');

# Publishes while $disturb is called every $every seconds, then checks everything.
sub survives ($name, $seconds, $every, $disturb) {
    my $publisher = publisher($name, rate => 100, connections => 64)->start;
    my $timer;
    my $again = sub ($self) {
        $disturb->();
        $timer = $loop->after($every, sub { $self->($self) });
    };
    $again->($again);
    $loop->run_for($seconds);
    $loop->cancel($timer);
    $wire->{cut_after} = sub { undef };
    $publisher->stop;
    ok($loop->run_until(sub { $publisher->settled }, 10), "$name: all publishes have a fate");

    my ($accepted, $refused) = ($publisher->accepted, $publisher->refused);
    cmp_ok(scalar(keys %$accepted), '>', $publisher->number / 4,
        "$name: " . keys(%$accepted) . ' accepted, ' . keys(%$refused) . ' refused');
    is(join(' ', grep { $_ != 503 } map { $_->[0] } values %$refused), '', "$name: with 503");
    is(scalar(keys $publisher->unknown->%*), 0, "$name: no client lost its connection");

    # After one more event that is accepted for sure.
    my $last;
    $loop->run_until(sub { $last = event_after() }, 10);
    my @entries  = $redis->entries('user:u');
    my @expected = map { event_id($_->[0]) } @entries;
    is(join(' ', NotifyTest::Ledger::missing($accepted, @expected)), '',
        "$name: nothing is missing");
    my %count;
    $count{$_->[1]{data}}++ for @entries;
    is(join(' ', grep { $count{$_} > 1 } keys %count), '', "$name: nothing is there twice");
    $loop->run_until(sub { $ledger->complete(\@names, @expected) }, 10);
    is(join("\n", $ledger->faults(\@names, @expected)), '',
        "$name: every client has all, in order");
    is(scalar $ledger->all_gaps, 0, "$name: without a gap");

    return;
}

my $rounds = 0;

sub publisher ($name, %option) {
    my $round = ++$rounds;
    return $t->user_publisher('u', %option, request => sub ($number) {
        [POST => '/api/v1/internal/notify/publish',
            body => qq({"type":"t","user_id":"u","data":"$name $round $number"})];
    });
}

sub event_after () {
    my $publisher = publisher('after', rate => 20);
    $publisher->run_for(0.04);
    return scalar keys $publisher->accepted->%*;
}

# Where, is chosen anew for each connection: in the greeting, in a length, in a message, anywhere.
# Half of them let through what a subscriber has missed: were all cut before, none would ever catch
# up, and what is published behind its page of entries would be lost with the link each time.
$wire->{cut_after} = sub { 1 + int rand(rand() < 0.5 ? 3_000 : 300_000) };
survives('cut at any byte', 6, 0.5, sub { $wire->cut_all });
cmp_ok($wire->cuts, '>', 20, 'over ' . $wire->cuts . ' cuts');

survives('killed by Redis', 3, 0.2, sub {
    eval { $redis->cmd('CLIENT', 'KILL', 'TYPE', $_, 'SKIPME', 'yes') } for qw(normal pubsub);
});
survives('without its scripts', 2, 0.1, sub { $redis->cmd('SCRIPT', 'FLUSH') });
survives('silent', 5, 60, sub { $wire->silence });

is(scalar(grep { $_->closed } @streams), 0, 'all that over streams that stayed open');
$t->done;
