# A fresh `make run` is for this machine alone, and each setting that opens it is checked and told.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use NotifyTest;

my $t    = NotifyTest->new;
my $copy = $t->copy('closed');

# Does anybody take connections there?
sub connects ($address, $port) {
    return !!IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port, Timeout => 2);
}

# The machine's addresses, but those of the loopback.
sub other_addresses () {
    return grep { !/^127\.|:/ } split ' ', `hostname -I`;
}

# A start that is refused: what it said. Nothing may be left of it.
sub refusal ($name, $expected, %env) {
    local $copy->{env} = {($copy->{env} // {})->%*, %env};
    my ($status, $output) = $t->run(['build/notifyctl', 'up', '--detach'], cwd => $copy->dir,
        env => $copy->environment);
    isnt($status, 0, "$name is an error");
    like($output, $expected, '... that says what would be right');
    $copy->make_and_wait('stop') if $status == 0;
    return $output;
}

sub publish ($port, %connection) {
    my $http = NotifyTest::Http->new(port => $port, %connection);
    return $http->request('POST', '/api/v1/internal/notify/publish',
        headers => ['Content-Type' => 'application/json'],
        body    => '{"type":"t","user_id":"u","data":1}')->status;
}

# ---- as it comes ---------------------------------------------------------------------------------

my ($status, $output) = $copy->make_and_wait('start', 30);
is($status, 0, 'make start') or diag $output;
my $port = $copy->port;
ok(connects('127.0.0.1', $_), "port $_ takes connections of this machine") for $copy->{ports}->@*;
for my $address ('127.0.0.2', other_addresses()) {
    my @open = grep { connects($address, $_) } $copy->{ports}->@*, $copy->{redis_port};
    is_deeply(\@open, [], "nothing takes connections to $address");
}
my ($curl_status) = $t->run(['curl', '-sS', "http://127.0.0.2:$port/"]);
is($curl_status >> 8, 7, 'curl to another address is refused');

is(publish($port), 202, 'events for users come from 127.0.0.1');
is(publish($port, from => '127.0.0.2'), 403, 'and from no other address');
like($output, qr/^open: to this machine alone.*\n(?:.*\n)*ready/m, 'a line before `ready` says so');
like($output, qr{^open: .*notify/publish for 127\.0\.0\.1, ::1 \(INTERNAL_TRUSTED_CIDRS\)}m,
    '... and who publishes');
unlike($output, qr/^open: .*NOTIQ_/m, '... and the sockets of the catalogue are not');
like($output, qr{^open: .*/docs for this machine \(STAGE=dev\)}m, '... and of the page of the API');

my ($doctor_status, $doctor) = $t->run(['build/notifyctl', 'doctor'], cwd => $copy->dir,
    env => {REDIS_URL => "redis://127.0.0.1:$copy->{redis_port}/0", AUTH_STORE_DIR => undef});
like($doctor, qr/^ok\s+listens\s+for this machine alone/m, 'doctor says where nginx listens');
like($doctor, qr/^ok\s+open\s+\S+publish for 127/m, 'what is open');
like($doctor, qr/^ok\s+password\s+wanted/m, 'that Redis wants a password');
like($doctor, qr/^ok\s+memory\s+noeviction, .* of \d+ MB used/m, 'and that its memory has a bound');

if ($> == 0) {
    my $master = $copy->pid_of('nginx');
    my @owners = map { (stat "/proc/$_")[4] } split ' ',
        $t->read_file("/proc/$master/task/$master/children");
    cmp_ok(scalar @owners, '>', 0, 'nginx has workers');
    is_deeply([grep { $_ == 0 } @owners], [], 'none runs as root');
}
is(($copy->make_and_wait('stop'))[0], 0, 'make stop');

# ---- what opens it -------------------------------------------------------------------------------

$copy->{env} = {LISTEN_ADDRESS => '127.0.0.1,127.0.0.2', INTERNAL_TRUSTED_CIDRS => '127.0.0.2'};
is(($copy->make_and_wait('start', 30))[0], 0, 'with two addresses');
ok(connects('127.0.0.2', $port), 'LISTEN_ADDRESS opens another one');
is(publish($port), 403, 'INTERNAL_TRUSTED_CIDRS is all that may publish');
is(publish($port, from => '127.0.0.2'), 202, '... and it may');
is(($copy->make_and_wait('stop'))[0], 0, 'make stop');

# Not bound here, where it would open this machine: the lines that nginx would get.
sub listens ($value) {
    my ($status, $conf) = $t->run(['build/notifyctl', 'up', '--print'], cwd => $copy->dir,
        env => {$copy->environment->%*, LISTEN_ADDRESS => $value, LISTEN_PORTS => 80});
    return join ' ', $conf =~ /^ *listen (\S+);$/mg;
}
like(listens('*'), qr/^0\.0\.0\.0:80(?: \[::\]:80)?\z/, '* is every address');
is(listens('0.0.0.0'), '0.0.0.0:80', 'an address of IPv4');
is(listens('[::]'), '[::]:80', 'of IPv6');
is(listens('fd00::0:1, 10.0.0.5'), '[fd00::1]:80 10.0.0.5:80', 'several, with or without brackets');
is(listens('127.0.0.1 127.0.0.1'), '127.0.0.1:80', 'one that is there twice');
like(listens(''), qr/^127\.0\.0\.1:80/, 'nothing is this machine');

# ---- what is refused -----------------------------------------------------------------------------

$copy->{env} = {};
for my $value ('localhost:80', '10.0.0.256', 'example.com', '127.0.0.1:8080', '[::1', '127.0.0.1/8',
    '1.2.3.4; }', '$host')
{
    refusal("LISTEN_ADDRESS=$value", qr/^LISTEN_ADDRESS: ".*" is not an address.*127\.0\.0\.1/m,
        LISTEN_ADDRESS => $value);
}
refusal('STAGE=prod alone', qr/^INTERNAL_TRUSTED_CIDRS: STAGE=prod needs/m, STAGE => 'prod');
refusal('STAGE=prod with an empty list', qr/^INTERNAL_TRUSTED_CIDRS: STAGE=prod/m,
    STAGE => 'prod', INTERNAL_TRUSTED_CIDRS => '[]');
refusal('a network that is none', qr/^INTERNAL_TRUSTED_CIDRS: "10\.0\.0\.0\/33" is not/m,
    INTERNAL_TRUSTED_CIDRS => '10.0.0.0/33');
refusal("REDIS_MAXMEMORY=$_", qr/^REDIS_MAXMEMORY: "\Q$_\E" is not a size.*512mb/m,
    REDIS_MAXMEMORY => $_) for '0', 'much', '-1', '1 gb';

# ---- folders that nginx's workers cannot enter ---------------------------------------------------

if ($> == 0) {
    my $private = "$t->{dir}/private";
    mkdir $private, 0700;
    refusal('a RUN_DIR below a private folder',
        qr{^RUN_DIR: .*cannot reach \Q$private\E .*`chmod o\+x \Q$private\E`}m,
        RUN_DIR => "$private/run");
    refusal('a private RUN_DIR', qr{^RUN_DIR: .*`chgrp www-data \Q$private\E && chmod 750 },
        RUN_DIR => $private);
    refusal('a private AUTH_STORE_DIR', qr{^AUTH_STORE_DIR: .*`chgrp www-data \Q$private\E && chmod},
        AUTH_STORE_DIR => $private);
    is((stat $private)[2] & 0777, 0700, 'the folder stays as it is');
    my $shared = "$t->{dir}/shared";
    mkdir $shared;
    chmod 01777, $shared;
    refusal('a RUN_DIR that all write into', qr/^RUN_DIR: every user of this machine can write into \Q$shared\E/m,
        RUN_DIR => $shared);
    refusal('no such user', qr/^NGINX_USER: there is no user "nobody-there"/m,
        NGINX_USER => 'nobody-there');
    refusal('workers that are root', qr/^NGINX_USER: nginx's workers do not run as root/m,
        NGINX_USER => 'root');

    # A clone in root's home: nobody chose where its state is, so it is where nginx can use it.
    my $home = $t->copy('private/clone');
    my ($home_status, $home_output) = $home->make_and_wait('start', 30);
    is($home_status, 0, 'a clone in a private folder runs') or diag $home_output;
    my $place = readlink $home->run_dir;
    like($place, qr{^/var/lib/notify-run/[0-9a-f]{16}\z}, 'its state has a place in /var/lib');
    like($home_output, qr{\./run is a link to \Q$place\E}, 'and a line says so');
    like($home->credential('API_TOKEN'), qr/^\S{32,}$/, 'and ./run leads to it');
    is(($home->make_and_wait('stop'))[0], 0, 'make stop');
    ok($home->gone_within(5), 'nothing is left');
    system 'rm', '-rf', $place if $place;
    rmdir '/var/lib/notify-run';
}
ok($copy->gone_within(5), 'nothing is left of the other');

$t->done;
