package NotifyTest;

# The surroundings of a test: real Redis, nginx with the module, notify-worker and a stand-in for
# Slack, each private to the test. `$t->done` ends a test: everything is stopped, and that this went
# cleanly is part of what is tested.

use v5.36;

use Cwd        qw(abs_path);
use Exporter   qw(import);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use JSON::PP   ();
use NotifyTest::Contract;
use NotifyTest::Copy;
use NotifyTest::Credentials qw(signed_headers slack_click jwt);
use NotifyTest::Http;
use NotifyTest::Ledger;
use NotifyTest::Loop;
use NotifyTest::Nginx;
use NotifyTest::Ports qw(free_port);
use NotifyTest::Process;
use NotifyTest::Publisher;
use NotifyTest::Redis qw(event_id entry_id);
use NotifyTest::Slack;
use NotifyTest::Stream;
use NotifyTest::Tls;
use NotifyTest::Wait qw(wait_until pause_for);
use Test::More;

our @EXPORT = (
    @Test::More::EXPORT,
    qw(signed_headers slack_click jwt free_port event_id entry_id wait_until pause_for),
);

# Secrets of every test; each is given to the programs by environment, as in production.
use constant {
    API_TOKEN    => 'test-token-of-the-environments',
    JWT_SECRET   => 'test-secret-of-the-users-that-is-long-enough',
    BEARER_TOKEN => 'test-token-of-the-streams',
    SLACK_SIGNING_SECRET => 'test-secret-of-slack',
};
push @EXPORT, qw(API_TOKEN JWT_SECRET BEARER_TOKEN SLACK_SIGNING_SECRET);

my $current;

sub new ($class) {
    my $root = abs_path(__FILE__ =~ s{[^/]*\z}{../..}r);
    my $self = bless {
        root    => $root,
        build   => abs_path($ENV{NOTIFY_BUILD_DIR} // "$root/build"),
        dir     => tempdir('notify-test-XXXXXXXX', TMPDIR => 1),
        loop    => NotifyTest::Loop->new,
        allowed => [],
        owner   => $$,
    }, $class;
    chmod 0755, $self->{dir};
    $SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
    return $current = $self;
}

# The usual test: Redis, and nginx with the configuration that ships.
sub serving ($class, %option) {
    my $self = $class->new;
    $self->start_redis;
    $self->start_nginx(shipped => 1, %option);
    return $self;
}

sub root  ($self) { return $self->{root} }
sub build ($self) { return $self->{build} }
sub dir   ($self) { return $self->{dir} }
sub loop  ($self) { return $self->{loop} }
sub redis ($self) { return $self->{redis} }
sub nginx ($self) { return $self->{nginx} }
sub slack ($self) { return $self->{slack} }

sub worker ($self) { return $self->{worker} }

# ---- what a test starts --------------------------------------------------------------------------

sub start_redis ($self, %option) {
    my $count = keys $self->{redises}->%*;
    my $redis = NotifyTest::Redis->new(dir => "$self->{dir}/redis$count", %option);
    $self->{redises}{$redis->port} = $redis;
    return $self->{redis} = $redis;
}

sub environment ($self) {
    return {
        API_TOKEN    => API_TOKEN,
        JWT_SECRET   => JWT_SECRET,
        BEARER_TOKEN => BEARER_TOKEN,
        SLACK_SIGNING_SECRET => SLACK_SIGNING_SECRET,
        AUTH_STORE_DIR => $self->key_store,
        $self->{redis} ? (REDIS_URL         => $self->{redis}->url) : (),
        $self->{slack} ? (SLACK_WEBHOOK_URL => $self->{slack}->url) : (),
        map { $_ => undef } qw(
            INTERNAL_TRUSTED_CIDRS RUN_DIR LISTEN_PORTS STAGE APP_ENV DATABASE_URL NOTIQ_ADMIN_USERNAME
            NOTIQ_ADMIN_PASSWORD NOTIFY_CATALOG_SOCKET SLACK_BOT_TOKEN SLACK_CHANNEL SLACK_API_URL),
    };
}

# The folder of the API keys.
sub key_store ($self) {
    my $folder = "$self->{dir}/auth";
    mkdir $folder, 0755;
    return $folder;
}

# A new API key, by notifyctl.
sub make_key ($self, $user) {
    my ($status, $output) = $self->notifyctl('key', 'create', '-u', $user);
    $status == 0 or die "notifyctl key create: $output\n";
    return ($output =~ /^Generated API-Key: (\S+)$/m)[0];
}

sub revoke_keys ($self, $user) {
    my ($status, $output) = $self->notifyctl('key', 'revoke', '-u', $user);
    $status == 0 or die "notifyctl key revoke: $output\n";
    return;
}

# A configuration that is not started yet; see NotifyTest::Nginx.
sub make_nginx ($self, %option) {
    my $number = $self->{nginxes}++ // 0;
    return NotifyTest::Nginx->new(
        %option,
        name    => "nginx$number",
        dir     => "$self->{dir}/nginx$number",
        build   => $self->{build},
        root    => $self->{root},
        preload => $ENV{NOTIFY_PRELOAD},
        env     => {$self->environment->%*, ($option{env} // {})->%*},
    );
}

sub start_nginx ($self, %option) {
    my $nginx = $self->make_nginx(%option);
    push $self->{started}->@*, $nginx;
    $nginx->start;
    return $self->{nginx} //= $nginx;
}

# Another nginx beside the first.
sub start_other_nginx ($self, %option) {
    my $nginx = $self->make_nginx(%option);
    push $self->{started}->@*, $nginx;
    return $nginx->start;
}

sub start_slack ($self, %option) {
    my $slack = NotifyTest::Slack->new(dir => "$self->{dir}/slack", %option);
    return $self->{slack} = $slack;
}

sub make_tls ($self) { return $self->{tls} //= NotifyTest::Tls->new("$self->{dir}/tls") }

# One notify-worker more, ready unless `ready => 0`. arguments => [...], env => {...}.
sub start_worker ($self, %option) {
    my $number = $self->{workers}++ // 0;
    my $ready  = "$self->{dir}/worker$number.ready";
    my $worker = NotifyTest::Process->start(
        name    => "notify-worker$number",
        command => ["$self->{build}/notify-worker", '--ready-file', $ready,
            ($option{arguments} // [])->@*],
        env     => {
            $self->environment->%*, RUN_DIR => $self->{dir},
            $> == 0 ? (NOTIFY_SOCKET_GROUP => NotifyTest::Nginx::USER) : (),
            ($option{env} // {})->%*,
        },
        log     => "$self->{dir}/worker$number.log",
        cwd     => $self->{dir},
    );
    push $self->{worker_processes}->@*, $worker;
    $self->{worker} = $worker;
    return $worker if exists $option{ready} && !$option{ready};
    wait_until(sub { -e $ready || !$worker->running }, 10) && $worker->running
        or die "notify-worker does not start:\n" . $worker->output;
    return $worker;
}

# Ends a worker as the kernel would.
sub kill_worker ($self, $worker = $self->{worker}) {
    $worker->{ended_by_test} = 1;
    $worker->signal('KILL');
    $worker->wait_exit(5);
    return;
}

# Publishes into the stream of an environment as nginx would, without one.
sub add_message ($self, $message, $environment = 'test') {
    return $self->{redis}->cmd('XADD', "${environment}_stream", '*', 'message', $message);
}

# What the group of an environment has taken and not finished.
sub pending ($self, $environment = 'test') {
    my $stream = "${environment}_stream";
    return $self->{redis}->cmd('XPENDING', $stream, "${stream}_group")->[0];
}

# A copy of the tree in a folder of that name; a second call gives the same folder.
sub copy ($self, $name) {
    my $copy = NotifyTest::Copy->new(
        root => $self->{root}, build => $self->{build}, dir => "$self->{dir}/$name",
    );
    push $self->{copies}->@*, $copy;
    return $copy;
}

# Runs a program to its end: (exit status, output). env, input and seconds are options.
sub run ($self, $command, %option) {
    my $number  = $self->{runs}++ // 0;
    my $process = NotifyTest::Process->start(
        name    => $command->[0],
        command => $command,
        env     => {$self->environment->%*, ($option{env} // {})->%*},
        log     => "$self->{dir}/run$number.log",
        cwd     => $option{cwd},
    );
    $process->stop unless $process->wait_exit($option{seconds} // 20);
    return ($process->status, $process->output);
}

sub read_file ($self, $path) {
    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/ = undef;
    return scalar <$file>;
}

sub write_file ($self, $path, $text) {
    open my $file, '>:raw', $path or die "$path: $!\n";
    print $file $text;
    close $file or die "$path: $!\n";
    return;
}

sub notifyctl ($self, @arguments) {
    return $self->run(["$self->{build}/notifyctl", @arguments]);
}

# ---- what a test asks ----------------------------------------------------------------------------

sub http ($self, %option) {
    my $port     = $option{port} // $self->{nginx}->port;
    my $contract = $self->_contract_of($port);
    return NotifyTest::Http->new(port => $port, contract => $contract, %option);
}

# What ships must answer as docs/openapi.yaml says: see NotifyTest::Contract.
sub _contract_of ($self, $port) {
    my $ships = grep {
        $_->{shipped} && ($_->port == $port || ($_->tls_port // 0) == $port)
    } ($self->{started} // [])->@*;
    return unless $ships;
    return $self->{contract} //=
        NotifyTest::Contract->new(document => "$self->{root}/docs/openapi.yaml");
}

# One request on a connection of its own.
sub request ($self, $method, $path, %option) {
    my $http = $self->http(map { $_ => delete $option{$_} } grep { exists $option{$_} }
        qw(port tls from timeout));
    return $http->request($method, $path, %option);
}

# The environments' requests, signed.
sub signed ($self, $method, $path, %option) {
    my @headers = (signed_headers(API_TOKEN)->@*, ($option{headers} // [])->@*);
    return $self->request($method, $path, %option, headers => \@headers);
}

# The streams' requests, with their token.
sub bearer ($self, $method, $path, %option) {
    my @headers = (Authorization => 'Bearer ' . BEARER_TOKEN, ($option{headers} // [])->@*);
    return $self->request($method, $path, %option, headers => \@headers);
}

# The path of a user's stream.
sub stream_path ($self, $user, $arguments = '') {
    return '/api/v1/external/notify/stream?token=' . jwt(JWT_SECRET, {sub => $user}) . $arguments;
}

sub stream ($self, %option) {
    my $port = $option{port} // $self->{nginx}->port;
    return NotifyTest::Stream->new(
        loop     => $self->{loop},
        port     => $port,
        contract => scalar $self->_contract_of($port),
        %option,
    );
}

# A user's stream that is attached: its `ready` has come.
sub user_stream ($self, $user, %option) {
    my $arguments = delete $option{arguments} // '';
    my $path   = $self->stream_path($user, $arguments);
    my $stream = $self->stream(path => $path, name => $user, %option);
    $stream->wait_events(1);
    return $stream;
}

# Publishes to a user and returns the answer.
sub publish_user ($self, $user, $data, %option) {
    my $event = JSON::PP->new->utf8->canonical->allow_nonref->encode(
        {type => 'note', user_id => $user, data => $data, %option});
    return $self->request('POST', '/api/v1/internal/notify/publish', body => $event,
        headers => ['Content-Type' => 'application/json']);
}

# For NotifyTest::Publisher: numbered events for one user.
sub user_publisher ($self, $user, %option) {
    return NotifyTest::Publisher->new(
        loop    => $self->{loop},
        port    => $self->{nginx}->port,
        request => sub ($number) {
            [   POST => '/api/v1/internal/notify/publish',
                body => qq({"type":"number","user_id":"$user","data":{"n":$number}}),
            ];
        },
        %option,
    );
}

# One call a row: status, body (a text or a pattern) and, where given, headers.
sub answers ($self, $name, $response, $status, $body = undef, %headers) {
    return subtest $name => sub {
        ok($response, 'there is an answer') or return;
        _fits($response->status, $status, 'status');
        _fits($response->body, $body, 'body') if defined $body;
        _fits($response->header($_), $headers{$_}, $_) for sort keys %headers;
    };
}

sub _fits ($got, $expected, $name) {
    return ref $expected ? like($got, $expected, $name) : is($got, $expected, $name);
}

sub ledger ($self) { return NotifyTest::Ledger->new }

# Tests that all that was accepted for the user `u` stands in Redis and has come to each of @$clients,
# within so many seconds; $publishers: those whose word counts. Returns the ids.
sub all_came ($self, $ledger, $clients, $publishers, $seconds = 5) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @expected = $self->redis->event_ids('user:u');
    my @missing  = map { NotifyTest::Ledger::missing($_->accepted, @expected) } @$publishers;
    is("@missing", '', 'nothing accepted is missing');
    $self->loop->run_until(sub { $ledger->complete($clients, @expected) }, $seconds);
    is(join("\n", $ledger->faults($clients, @expected)), '',
        'every event once, in order, at every client');
    is(scalar $ledger->all_gaps, 0, 'without a gap');
    return @expected;
}

# ---- the end -------------------------------------------------------------------------------------

# Expected lines of level alert, emerg or crit (a worker that the test itself kills).
sub allow_log ($self, $pattern) {
    push $self->{allowed}->@*, $pattern;
    return;
}

sub done ($self) {
    my @unclean = $self->stop_all;
    is("@unclean", '', 'everything ended by itself when asked to');

    if (my $contract = $self->{contract}) {
        $contract->end;
        is(join("\n", $contract->complaints), '', 'every answer is as docs/openapi.yaml says');
    }

    my $log   = join '', map { $_->error_log } ($self->{started} // [])->@*;
    my @grave = grep { /\[(?:alert|emerg|crit)\]/ } split /\n/, $log;
    for my $pattern ($self->{allowed}->@*) { @grave = grep { !/$pattern/ } @grave }
    is(join("\n", @grave), '', 'no alert in the error log');

    is(join("\n", $self->_sanitizer_reports($log)), '', 'no sanitizer report');

    my @left = map { $_->session } NotifyTest::Process->all_started;
    is("@left", '', 'no process is left');

    $self->show_logs unless Test::More->builder->is_passing;
    return done_testing();
}

# Stops what runs, clients first; returns the names of what had to be killed or ended badly.
sub stop_all ($self) {
    my (@unclean, %done);
    for my $nginx (($self->{started} // [])->@*) {
        next unless $nginx->process;
        $done{$nginx->process} = 1;
        push @unclean, $self->_end($nginx->process, 'QUIT');
    }
    for my $process (($self->{worker_processes} // [])->@*) {
        $done{$process} = 1;
        push @unclean, $self->_end($process, 'TERM');
    }
    for my $process (NotifyTest::Process->all_started) {
        $process->stop('TERM', 5) unless $done{$process};
    }
    return @unclean;
}

sub _end ($self, $process, $signal) {
    return if !$process->running && $process->{ended_by_test};
    my $stopped = $process->stop($signal, 20);
    return if $stopped && $process->status == 0;
    return $process->name . ($stopped ? '' : ' (killed)') . ': ' . $process->describe_status;
}

sub _sanitizer_reports ($self, $log) {
    my @reports = grep { /Sanitizer|runtime error:/ } split /\n/, $log;
    for my $process (($self->{worker_processes} // [])->@*) {
        push @reports, grep { /Sanitizer|runtime error:/ } split /\n/, $process->output;
    }
    push @reports, glob "$self->{dir}/nginx*/sanitizer*";
    return @reports;
}

sub show_logs ($self) {
    return if $self->{shown}++;
    for my $path (glob "$self->{dir}/nginx*/error.log $self->{dir}/nginx*/output.log "
        . "$self->{dir}/*/sanitizer* $self->{dir}/worker*.log $self->{dir}/redis*/redis.log")
    {
        next unless -s $path;
        open my $file, '<', $path or next;
        my @lines = <$file>;
        my $from  = @lines > 60 ? @lines - 60 : 0;
        diag("---- the end of $path");
        diag(map { s/[^[:print:]\n]/?/gr } @lines[$from .. $#lines]);
    }
    return;
}

# A test that dies leaves nothing either.
END {
    if ($current && $current->{owner} == $$) {
        local $?;
        for my $process (NotifyTest::Process->all_started) {
            $process->kill_session;
        }
        $_->kill_all for ($current->{copies} // [])->@*;
        $current->{contract}->end if $current->{contract};
        $current->show_logs if !Test::More->builder->is_passing || $ENV{NOTIFY_LOGS};
        remove_tree($current->{dir}) unless $ENV{NOTIFY_KEEP};
    }
}

1;
