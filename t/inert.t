# Loaded but not configured, the module does nothing: no shared memory, no timer, no connection.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;

# A Redis where an unconfigured module could look for one, if nothing is there already.
my $tempting = IO::Socket::INET->new(
    LocalAddr => '127.0.0.1', LocalPort => 6379, Listen => 5, ReuseAddr => 1, Blocking => 0,
);

my %option = (server => 'location / { return 204; }', workers => 2);
my %nginx  = (
    with    => $t->start_nginx(%option),
    without => $t->start_other_nginx(%option, without_module => 1),
);

# What a process has: descriptors by kind, shared memory that is not a file's, threads.
sub has ($pid) {
    my %kinds;
    for my $link (glob "/proc/$pid/fd/*") {
        my $target = readlink $link // next;
        $kinds{$target =~ s{^.*/nginx\d+/}{}r =~ s/\d+/N/gr}++;
    }
    my @maps    = split /\n/, $t->read_file("/proc/$pid/maps");
    my @shared  = grep { /\brw-s\b/ && m{/dev/zero|SYSV|/memfd| 0 *$} } @maps;
    my @threads = glob "/proc/$pid/task/*";
    return {descriptors => \%kinds, shared => scalar @shared, threads => scalar @threads};
}

sub sockets ($nginx) {
    my @links = map { readlink // '' } map { glob "/proc/$_/fd/*" } $nginx->workers;
    return scalar grep { /^socket/ } @links;
}

# How often a process was woken: one that has a timer wakes up.
sub switches ($pid) {
    my $sum = 0;
    my $status = $t->read_file("/proc/$pid/status");
    $sum += $_ for $status =~ /^(?:non)?voluntary_ctxt_switches:\s+(\d+)/mg;
    return $sum;
}

# Workers forget the channels of those that have gone a moment later.
sub compare ($when) {
    wait_until(sub { has_all('with') eq has_all('without') }, 3);
    is(has_all('with'), has_all('without'), "$when: the same as without the module");
    return;
}

sub has_all ($which) {
    my $nginx = $nginx{$which};
    my $json  = JSON::PP->new->canonical->pretty;
    return join '', map { $json->encode(has($_)) } $nginx->pid, $nginx->workers;
}

like($t->read_file('/proc/' . $nginx{with}->pid . '/maps'), qr/ngx_http_notify_module\.so/,
    'the module is loaded');
compare('at start');
is($t->request('GET', '/')->status, 204, 'nginx serves');

# Once the last connection is closed nothing is left to wake up for.
my ($sum, $last) = (0, -1);
my $still = sub {
    ($last, $sum) = ($sum, 0);
    $sum += switches($_) for $nginx{with}->workers;
    return $sum == $last;
};
ok(wait_until($still, 5, 0.5), 'idle workers come to rest');
ok(!pause_for(2.5, sub { !$still->() }), 'and sleep: there is no timer');

# Nor do directives that only refine start anything.
my $refined = $t->start_other_nginx(%option,
    http => "notify_redis redis://127.0.0.1:1;\nnotify_drain 1s;\nnotify_keepalive 1s;\n");
wait_until(sub { sockets($refined) == sockets($nginx{without}) }, 3);
is(sockets($refined), sockets($nginx{without}),
    'settings without an operation open no connection');

$_->reload for values %nginx;
ok(wait_until(sub { !grep { $_->draining } values %nginx }, 3), 'the old workers go at once');
compare('after a reload');
ok(!$tempting || !$tempting->accept, 'nobody called Redis');

# Variables of the module in the log of requests that it never saw.
my @variables = qw(stream subject claim_sub field_a json_a entry_id event_id resume close_reason);
my $format    = join ' ', map { qq("\$notify_$_") } @variables;
my $logging   = $t->start_other_nginx(
    http   => "log_format all '$format';\n",
    server => 'access_log logs.txt all; location / { return 204; }',
);
my $http = NotifyTest::Http->new(port => $logging->port);
is($http->request('GET', '/x')->status, 204, 'its variables in a log');
$http->send("nonsense\r\n\r\n");
$http->close;
my $log = $logging->dir . '/logs.txt';
ok(wait_until(sub { -e $log && $t->read_file($log) =~ /\n.*\n/ }, 3), 'are written');
like($t->read_file($log), qr/^(?:"-?" ?){9}\n(?:"-?" ?){9}\n\z/, 'as nothing');

$t->done;
