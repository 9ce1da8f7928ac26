#!/usr/bin/perl
# What neighbours notice of each attack that docs/security.md lists. 127.0.0.1 attacks nginx, Redis and the
# worker, with the configuration that ships, for some seconds each. Meanwhile 127.0.0.2 asks in turns
# whether nginx lives, and for something of the system that is attacked. Fails where a median is
# beyond its limit, and where an attack did not take place: the last column is what came of it.
#
#   bench/attacks.pl [pattern of the attacks' names]

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../t/lib";
use JSON::PP     ();
use MIME::Base64 qw(encode_base64url);
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::Loop;
use NotifyTest::Process;
use NotifyTest::SendCases;
use NotifyTest::WebSocket qw(frame handshake TEXT);
use POSIX  ();
use Socket qw(pack_sockaddr_in inet_aton SOL_SOCKET SO_RCVBUF);
use Time::HiRes qw(time);

use constant { ASKED => 100, MOST_LIVE => 0.050, MOST_OTHER => 0.250, WORKERS => 2, MB => 1_000_000 };
# Seconds from one attack to the next one. The limits of 127.0.0.1 forget an attack in 4 (burst divided by
# rate): one that goes beyond a limit does not stand right before one that needs the same.
use constant BETWEEN => 1;

my $json = JSON::PP->new->utf8->canonical;
my $true = JSON::PP::true;
my $only = $ARGV[0] // '';

# ---- who attacks: one process, a loop, and a count of what came of it -----------------------------

my ($loop, %seen, @open, $port);

# One connection. bytes: what is said; answers: how many come of it, until it is said again;
# once => 1: it is said once, and the connection stays; leave => 1: a new connection for each answer;
# deaf => 1: nothing is read, into a small buffer.
sub attacker (%how) {
    my $self = {%how, answers => $how{answers} // 1};
    socket $self->{socket}, Socket::AF_INET, Socket::SOCK_STREAM, 0 or die "socket: $!\n";
    setsockopt $self->{socket}, SOL_SOCKET, SO_RCVBUF, 4096 if $how{deaf};
    if (!connect $self->{socket}, pack_sockaddr_in($port, inet_aton('127.0.0.1'))) {
        $seen{'not connected'}++;
        $loop->after(0.1, sub { attacker(%how) });
        return;
    }
    $self->{socket}->blocking(0);
    $seen{sockets}++;
    push @open, $self if $how{deaf};    # or nothing would hold it
    $self->{again} = sub { attacker(%how) };
    $loop->on_read($self->{socket}, sub { hear($self) }) unless $how{deaf};
    say_it($self);
    return;
}

sub say_it ($self) {
    ($self->{from}, $self->{came}, $self->{carry}) = (0, 0, '');
    $loop->on_write($self->{socket}, sub { go_on($self) });
    return;
}

sub go_on ($self) {
    my $sent = syswrite $self->{socket}, $self->{bytes}, 262_144, $self->{from};
    if (!defined $sent) { return $!{EAGAIN} ? undef : leave($self) }
    $seen{bytes} += $sent;
    $self->{from} += $sent;
    $loop->on_write($self->{socket}, undef) if $self->{from} == length $self->{bytes};
    return;
}

sub hear ($self) {
    my $got = sysread $self->{socket}, my $bytes, 65_536;
    return if !defined $got && $!{EAGAIN};
    return leave($self) unless $got;
    my $text = $self->{carry} . $bytes;
    while ($text =~ m{HTTP/1\.1 (\d\d\d) }g) { $seen{$1}++; $self->{came}++ }
    $seen{'close 1013'}++ if $text =~ /\x88.\x03\xf5/s;
    $self->{carry} = substr $text, -12;
    $self->{carry} = '' if $self->{carry} =~ /H.*1 \d\d\d /;
    return if $self->{once} || $self->{came} < $self->{answers};
    return leave($self) if $self->{leave} || $self->{from} < length $self->{bytes};
    return say_it($self);
}

sub leave ($self) {
    $loop->forget($self->{socket});
    close $self->{socket};
    $loop->after(0.001, $self->{again});
    return;
}

# So many connections that say this, until the attack is over.
sub storm ($connections, $bytes, %how) {
    return sub { attacker(bytes => $bytes, %how) for 1 .. $connections };
}

# ---- what is asked -----------------------------------------------------------------------------------

sub text ($method, $path, @headers) { return NotifyTest::Http::compose($method, $path, headers => \@headers) }
sub post ($path, $body, @headers) {
    return NotifyTest::Http::compose('POST', $path, body => $body,
        headers => ['Content-Type' => 'application/json', @headers]);
}

# A token whose payload is this text, signed with another secret.
sub forged ($payload) {
    return join '.', encode_base64url('{"alg":"HS256","typ":"JWT"}'), encode_base64url($payload), 'A' x 43;
}
sub nested ($depth) { return '[' x $depth . ']' x $depth }
sub event ($user, $size) { return qq({"type":"t","user_id":"$user","data":") . 'x' x $size . '"}' }

my $t   = NotifyTest->new;
# WebSockets that may say something: as they ship they may not, and what they say is thrown away.
my $c   = NotifyTest::Catalog->new($t, workers => WORKERS, edit => {'#notify_echo' => 'notify_echo'});
my $hook = $t->start_slack;
my $key = $c->made('/clients', {client_name => 'shop'});
my $neighbours_key = $c->made('/clients', {client_name => 'neighbour'});
my $alert_key      = $t->make_key('neighbour');
$port = $t->nginx->port;

my @bearer = (Authorization => 'Bearer ' . BEARER_TOKEN);
my @client = ('x-api-key' => $key);

# A client's templates, which are as costly as templates may be, and what it sends for them.
my $channel  = $c->admin('GET', '/channels/name/push_notification')->json->{data}{id};
my $provider = $c->made('/providers', {name => 'hook', channel_id => $channel, config => {type => 'slack', url => $hook->url}});
sub bomb ($name, $data, %template) {
    $c->made('/templates', {channel_id => $channel, provider_id => $provider->{id}, template_ref_id => $name,
        template_name => $name, %template});
    return post('/api/notification/send',
        $json->encode(NotifyTest::SendCases::body('victim', template_ref_id => $name, data => $data)), @client);
}
# Rules that refer to rules, in a chain; each of them looks at all elements.
sub chain ($links) {
    my %schema = (definitions => {"d$links" => {uniqueItems => $true}}, properties => {a => {'$ref' => '#/definitions/d0'}});
    $schema{definitions}{"d$_"} = {allOf => [{contains => {const => -1 - $_}}, {'$ref' => '#/definitions/d' . ($_ + 1)}]}
        for 0 .. $links - 1;
    return \%schema;
}
my @objects = map { {n => $_, text => 'x' x 100, list => [$_, $_]} } 1 .. 700;
my %bomb    = (
    unique   => bomb('unique', {a => [@objects]}, schema => {properties => {a => {allOf => [map { {uniqueItems => $true} } 1 .. 600]}}}),
    contains => bomb('contains', {a => [1 .. 4900]}, schema => {properties => {a => {allOf => [map { {contains => {const => -$_}} } 1 .. 600]}}}),
    refs     => bomb('refs', {a => [1 .. 4900]}, schema => chain(30)),
    enum     => bomb('enum', {a => [@objects]}, schema => {properties => {a => {items => {anyOf => [map { {enum => [$_, {n => $_}]} } 1 .. 300]}}}}),
    mustache => bomb('mustache', {a => [1 .. 4900]}, meta_data => {text => '{{#a}}{{#a}}{{.}}{{/a}}{{/a}}'}),
    wide     => bomb('wide', {a => [map { 'x' x 50 } 1 .. 4900]}, meta_data => {text => '{{#a}}{{.}}{{{.}}}{{x}}{{/a}}' x 3}),
);

# ---- the neighbours -------------------------------------------------------------------------------------

# What 127.0.0.2 asks, and the status of a right answer.
my $about = 0;
my %neighbour = (
    users   => [200, sub { return (GET => '/api/v1/external/notify/history', headers => [Authorization => 'Bearer ' . jwt(JWT_SECRET, {sub => 'n'})]) }],
    streams => [201, sub { return (POST => '/api/streams/neighbour/messages', body => '{"data":1}', headers => \@bearer) }],
    alerts  => [200, sub { return (PUT => '/alerts/neighbour', body => '{"message":"m","level":"info"}', headers => [Authorization => "Bearer $alert_key"]) }],
    superuser => [200, sub { return (GET => '/api/clients', headers => [NotifyTest::Catalog::basic(NotifyTest::Catalog::ADMIN, NotifyTest::Catalog::PASSWORD)]) }],
    catalog => [200, sub {
        return (POST => '/api/notification/send', body => $json->encode(NotifyTest::SendCases::body('n' . $about++ % 50)),
            headers => ['x-api-key' => $neighbours_key, 'Content-Type' => 'application/json']);
    }],
);

# How long an answer takes; too long if it is not the right one.
sub asked ($wrong, $status, $method, $path, %option) {
    my $began  = time;
    my $answer = eval { $t->request($method, $path, from => '127.0.0.2', timeout => 20, %option) };
    return time - $began if $answer && $answer->status == $status;
    $wrong->{$answer ? $answer->status : 'nothing'}++;
    return 20;
}

# ---- the attacks ----------------------------------------------------------------------------------------

my $token  = jwt(JWT_SECRET, {sub => 'u'});
my $url    = '/api/streams/a' . '/groups/a' x 30 . '/consumers/a' x 30 . '/messages/a' x 30 . '/h';
my $stream = '/api/v1/external/notify/stream';
my $zeros  = '{"messages":[' . join(',', (0) x 4_000_000) . ']}';
my $large  = post('/api/v1/internal/notify/publish', event('u', MB - 100));
my @headers = map { ("X-H$_" => 'h' x 60_000) } 1 .. 3;
my $half   = handshake('/api/ws/shop/u', headers => {'x-api-key' => $key}) . substr frame(TEXT, 'x' x 65_000), 0, 64_000;
my @slow   = (bytes => text('GET', "$stream?token=" . jwt(JWT_SECRET, {sub => 'slow'}) . '&last_event_id=0-00000000'), deaf => 1, once => 1);

# Each: name; the neighbour's system; what proves that it took place, {count => least}; what attacks.
# More: frozen => 1: Redis stands still.
my @attacks = (
    ['none', 'catalog', {}, sub { }],
    ['hostile URLs, pipelined on 3 connections', 'streams', {404 => 300}, storm(3, text('GET', $url) x 60, answers => 60)],
    ['headers of 180 kB on 20 connections', 'users', {401 => 300}, storm(20, text('GET', $stream, @headers))],
    ['tokens of 60 kB, 20 connections', 'users', {401 => 300}, storm(20, text('GET', "$stream?token=" . forged(nested(22_000))))],
    ['guessed API keys on 20 connections', 'alerts', {401 => 100}, storm(20, text('GET', '/alerts', Authorization => 'Bearer alice-' . 'x' x 32))],
    ['guessed passwords of the superuser', 'superuser', {401 => 10, 429 => 300}, \&passwords],
    ["guessed clients' keys on 20 connections", 'catalog', {401 => 300}, storm(20, post('/api/notification/send', '{}', 'x-api-key' => 'x' x 43))],
    ['3,000 streams of one address', 'users', {200 => 2900}, storm(3000, text('GET', "$stream?token=$token"), once => 1)],
    ['200 readers that do not read', 'users', {'MB unread' => 20}, \&slow_readers],
    ['3,000 half WebSocket messages of 64 kB', 'catalog', {101 => 2900, 'close 1013' => 100}, storm(3000, $half, once => 1)],
    ['sockets of strangers, again and again', 'catalog', {403 => 1000}, storm(200, handshake('/api/ws/shop/u', headers => {'x-api-key' => 'x' x 43}), leave => 1)],
    ['batches of four million zeros', 'streams', {413 => 8}, storm(4, post('/api/streams/s/messages/batch', $zeros, @bearer))],
    ['bodies of 1 MB of [, to the streams', 'streams', {400 => 40}, storm(20, post('/api/streams/s/messages', '{"data":' . nested(499_000) . '}', @bearer))],
    ['bodies of 1 MB of [, to the catalogue', 'catalog', {422 => 40}, storm(20, post('/api/notification/send', '{"metadata":' . nested(499_000) . '}', @client))],
    ['publishes of 1 MB on 20 connections', 'users', {202 => 40}, storm(20, $large)],
    ['publishes of 1 MB on 150, Redis stands still', undef, {503 => 100}, storm(150, $large), frozen => 1],
    ['schemas: unique elements', 'catalog', {200 => 20}, storm(20, $bomb{unique})],
    ['schemas: contains', 'catalog', {422 => 20}, storm(20, $bomb{contains})],
    ['schemas: references in a chain', 'catalog', {422 => 20}, storm(20, $bomb{refs})],
    ['schemas: enum', 'catalog', {422 => 20}, storm(20, $bomb{enum})],
    ['templates: sections in sections', 'catalog', {422 => 20}, storm(20, $bomb{mustache})],
    ['templates: 256 kB of text', 'catalog', {422 => 20}, storm(20, $bomb{wide})],
    ['these schemas and templates on 50 connections', 'catalog', {422 => 100}, sub { storm(10, $bomb{$_})->() for qw(contains refs enum mustache wide) }],
    ['all at once', 'catalog', {401 => 100, 404 => 100, 413 => 2, 422 => 20}, \&all_at_once],
);

# Another one each time: the same one is no new guess.
sub passwords () {
    for my $guess (1 .. 40) {
        attacker(bytes => text('GET', '/api/clients', NotifyTest::Catalog::basic(NotifyTest::Catalog::ADMIN, "guess$guess")));
    }
    return;
}

# They ask for 20 MB of history each, and 1 MB more comes for them again and again.
sub slow_readers () {
    storm(1, post('/api/v1/internal/notify/publish', event('slow', MB - 100)))->();
    attacker(@slow) for 1 .. 200;
    return;
}

sub all_at_once () {
    storm(1, text('GET', $url) x 60, answers => 60)->();
    storm(5, text('GET', '/alerts', Authorization => 'Bearer alice-' . 'x' x 32))->();
    storm(5, post('/api/notification/send', '{}', 'x-api-key' => 'x' x 43))->();
    storm(1, post('/api/streams/s/messages/batch', $zeros, @bearer))->();
    storm(5, $bomb{$_})->() for qw(contains mustache);
    storm(2, $large)->();
    storm(500, $half, once => 1)->();
    storm(500, text('GET', "$stream?token=$token"), once => 1)->();
    return;
}

# ---- the measurement ------------------------------------------------------------------------------------

# An attack in a process of its own. TERM ends it; then the file has what came of it.
sub begin ($name, $code, $file) {
    return NotifyTest::Process->run_code($name, sub {
        my $over = 0;
        $SIG{TERM} = sub { $over = 1 };
        $SIG{PIPE} = 'IGNORE';
        $loop = NotifyTest::Loop->new;
        $code->();
        $loop->turn(0.05) until $over;
        $t->write_file($file, $json->encode(\%seen));
    });
}

# What stands in the sockets between nginx and those who do not read, in MB: the kernel's own figures.
sub unread () {
    my $bytes = 0;
    my $local = sprintf ':%04X', $port;
    for (grep { /^ *\d+:/ } split /\n/, $t->read_file('/proc/net/tcp')) {
        my (undef, $from, $to, undef, $queues) = split;
        my ($out, $in) = map { hex } split /:/, $queues;
        $bytes += $out if $from =~ /$local$/;
        $bytes += $in  if $to   =~ /$local$/;
    }
    return int($bytes / MB);
}

sub memory (@pids) {
    my $kb = 0;
    $t->read_file("/proc/$_/smaps_rollup") =~ /^Pss:\s+(\d+)/m and $kb += $1 for @pids;
    return $kb / 1024;
}

sub median (@took) { return (sort { $a <=> $b } @took)[@took / 2] // 0 }

sub measure ($name, $system, $proof, $code, %how) {
    $t->redis->freeze if $how{frozen};
    my $file    = $t->dir . '/seen.json';
    my $process = begin($name, $code, $file);
    pause_for($how{before} // 2, sub { !$process->running });
    my (@live, @other, %wrong);
    for (1 .. ASKED) {
        push @live, asked(\%wrong, 200, GET => '/api/v1/notify/health/live');
        if ($system) {
            my ($status, $request) = $neighbour{$system}->@*;
            push @other, asked(\%wrong, $status, $request->());
        }
        pause_for(0.02, sub { !$process->running });
    }
    my ($unread, $nginx, $worker) = (unread(), memory($t->nginx->workers), memory($t->worker->pid));
    my $lived = $process->running;
    $process->stop('TERM', 20);
    $t->redis->thaw if $how{frozen};
    my %came = $lived ? ($json->decode($t->read_file($file))->%*, 'MB unread' => $unread) : ();
    $came{'MB sent'} = int(($came{bytes} // 0) / MB);
    my @complaints;
    push @complaints, 'NEIGHBOUR GOT ' . join ', ', map { "$_: $wrong{$_}" } sort keys %wrong if %wrong;
    push @complaints, 'TOO SLOW' if median(@live) > MOST_LIVE || median(@other) > MOST_OTHER;
    push @complaints, 'NO ATTACK' if grep { ($came{$_} // 0) < $proof->{$_} } keys %$proof;
    my @shown = grep { $came{$_} } (sort grep { /^\d/ || /^close|^not/ } keys %came), 'sockets', 'MB sent', 'MB unread';
    my $other = $system ? sprintf '%.1f ms', 1000 * median(@other) : '-';
    printf "| %-45s | %5.1f ms | %8s | %4.0f MB | %4.0f MB | %s |%s\n", $name, 1000 * median(@live), $other, $nginx, $worker,
        join(', ', map { /^MB/ ? "$came{$_} $_" : "$_: $came{$_}" } @shown), join '; ', '', @complaints;
    return @complaints ? 1 : 0;
}

$| = 1;
my $failed = 0;
printf "| %-45s | %8s | %8s | %7s | %7s | %s |\n", 'attack', 'live', 'its own', 'nginx', 'worker', 'what came of it';
for my $attack (@attacks) {
    next if $attack->[0] !~ /$only/;
    pause_for(BETWEEN, sub { 0 }) if $attack != $attacks[0];
    $failed += measure(@$attack);
    $t->redis->cmd('UNLINK', qw(user:u user:slow s));
}
$t->stop_all;
exit($failed ? 1 : 0);
