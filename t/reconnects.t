# 200 reconnects of a client while 200 messages a second are published: nothing lost, nothing doubled,
# on one stream and on three at once, over HTTP/1.1 and HTTP/2. And 50 subscribers on all nginx
# workers. NOTIFY_LONG=1: the whole of it; else a part.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $long  = $ENV{NOTIFY_LONG};
my $times = $long ? 200 : 40;
my $rate  = 200;

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;
$t->start_nginx(workers => 3, tls => $tls, http => 'notify_redis env:REDIS_URL;', server => <<'END');
    notify_event data=$value_n;
    location = /p {
        notify_field s string in=query;
        notify_field n integer in=query;
        notify_publish $notify_field_s;
        notify_entry n $notify_field_n;
    }
    location = /three {
        notify_replay 1;
        notify_subscribe $arg_s-a $arg_s-b $arg_s-c;
    }
    location = /one {
        notify_replay 1;
        notify_subscribe $arg_s-a;
    }
END
my $redis = $t->redis;
my $port  = $t->nginx->port;

# What each client has seen, as "stream number"; the number tells the stream, too (n modulo three).
sub publisher ($streams, $name) {
    return NotifyTest::Publisher->new(loop => $t->loop, port => $port, rate => $rate, connections => 16,
        request => sub ($n) {
            my $letter = (qw(a b c))[$n % $streams];
            ['POST', "/p?s=$name-$letter&n=$n"];
        });
}

# Exactly the numbers from the first that was seen in each stream to its last, in order.
sub faults ($streams, $name, @seen) {
    my @faults;
    for my $k (0 .. $streams - 1) {
        my $letter = (qw(a b c))[$k];
        my @stored = map { $_->[1]{n} } $redis->entries("$name-$letter");
        my @got    = grep { $_ % $streams == $k } @seen;
        my $from   = @stored - @got;
        push @faults, "$name-$letter: " . @got . ' of ' . @stored
            if $from < 0 || "@got" ne "@stored[$from .. $#stored]";
    }
    return join ', ', @faults;
}

sub last_numbers ($streams, $name) {
    return map { $redis->cmd('XREVRANGE', "$name-$_", '+', '-', 'COUNT', 1)->[0][1][1] }
        (qw(a b c))[0 .. $streams - 1];
}

# ---- HTTP/1.1: cut by the client, at any byte ----------------------------------------------------

for my $streams (1, 3) {
    my $name = "h1s$streams";
    my $path = ($streams == 1 ? '/one' : '/three') . "?s=$name";
    my $publisher = publisher($streams, $name)->start;
    $t->loop->run_for(0.3);
    my (@seen, @gaps);
    my $client = $t->stream(path => $path, retry => 0.001, forget_events => 1,
        on_event => sub ($stream, $event) {
            push @{$event->{type} eq 'gap' ? \@gaps : \@seen}, $event->{data};
        });
    $t->loop->run_until(sub { @seen >= $streams }, 10);
    for (1 .. $times) {
        my $opened = $client->opened;
        $t->loop->run_until(sub { $client->is_open }, 5);
        my $wanted = @seen + int rand 8;
        $t->loop->run_until(sub { @seen >= $wanted }, 2);
        $client->cut;
        $t->loop->run_until(sub { $client->opened > $opened }, 5);
    }
    $publisher->stop;
    $t->loop->run_until(sub { $publisher->settled }, 5);
    my @last = last_numbers($streams, $name);
    my $done = sub { my %seen = map { $_ => 1 } @seen; return !grep { !$seen{$_} } @last };
    ok($t->loop->run_until($done, 10), "HTTP/1.1, $streams stream(s): the last has come");
    is(faults($streams, $name, @seen), '', '... and all before it once, in order: ' . @seen);
    is(scalar @gaps, 0, '... without a gap');
    cmp_ok($client->opened, '>', $times, '... over ' . $client->opened . ' connections');
    $client->close_stream;
}

# ---- HTTP/2: curl, killed again and again --------------------------------------------------------

my $url = 'https://localhost:' . $t->nginx->tls_port;
for my $streams (1, 3) {
    my $name = "h2s$streams";
    my $path = ($streams == 1 ? '/one' : '/three') . "?s=$name";
    my $publisher = publisher($streams, $name)->start;
    $t->loop->run_for(0.3);
    my (@seen, @gaps, $id, @last);
    for my $time (1 .. $times + 1) {
        my $log   = "$t->{dir}/$name.log";
        my $curl  = NotifyTest::Process->start(name => 'curl', log => $log, command =>
            ['curl', '-sSN', '--http2', '--cacert', $tls->ca, ($id ? ('-H', "Last-Event-ID: $id") : ()), "$url$path"]);
        my $read   = 0;
        my $parser = NotifyTest::SseParser->new(last_id => $id // '', on_event => sub ($event) {
            push @{$event->{type} eq 'gap' ? \@gaps : \@seen}, $event->{data};
        });
        my $poll = sub {
            my $text = $curl->output;
            $parser->feed(substr $text, $read);
            $read = length $text;
            return scalar @seen;
        };
        my $wanted = @seen + ($time == 1 ? 3 : int rand 8);
        if ($time > $times) {
            $publisher->stop;
            $t->loop->run_until(sub { $publisher->settled }, 5);
            @last = last_numbers($streams, $name);
            my $done = sub { $poll->(); my %seen = map { $_ => 1 } @seen; return !grep { !$seen{$_} } @last };
            ok($t->loop->run_until($done, 10), "HTTP/2, $streams stream(s): the last has come");
        }
        else {
            $t->loop->run_until(sub { $poll->() >= $wanted }, 3);
        }
        $curl->stop('KILL');
        $poll->();
        $id = $parser->last_id;
        unlink $log;
    }
    is(faults($streams, $name, @seen), '', "... and all before it once, in order: " . @seen);
    is(scalar @gaps, 0, '... without a gap');
}

# ---- 50 subscribers on all workers ---------------------------------------------------------------

my %got;
my @clients = map {
    my $number = $_;
    $t->stream(path => '/three?s=fan', name => $number, reconnect => 0,
        on_event => sub ($stream, $event) { push $got{$number}->@*, $event->{data} });
} 1 .. 50;
$t->loop->run_until(sub { !grep { !$_->is_open } @clients }, 10);
my %sockets;
for my $pid ($t->nginx->workers) {
    $sockets{$pid} = grep { (readlink($_) // '') =~ /^socket/ } glob "/proc/$pid/fd/*";
}
$t->request('POST', "/p?s=fan-$_->[0]&n=$_->[1]") for ['a', 1], ['b', 2], ['c', 3];
my $all = sub { 50 == grep { ($got{$_} // [])->@* >= 3 } 1 .. 50 };
ok($t->loop->run_until($all, 10), 'fifty subscribers get what is published');
$t->loop->run_for(0.5);
my %each = map { join(' ', sort $got{$_}->@*) => 1 } 1 .. 50;
is(join('|', keys %each), '1 2 3', '... exactly once each');
diag('sockets of the workers: ' . join ' ', map { $sockets{$_} } sort keys %sockets) if $long;

$t->done;
