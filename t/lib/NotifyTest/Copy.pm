package NotifyTest::Copy;

# A copy of the tree with what is built, as somebody would deploy it, and `make` in it.

use v5.36;

use NotifyTest::Ports qw(free_port);
use NotifyTest::Process;
use NotifyTest::Wait qw(wait_until);

# root (of the tree), dir (of the copy), build.
sub new ($class, %option) {
    my @ports = map { free_port() } 1 .. 3;
    my $self  = bless {%option, ports => \@ports, redis_port => free_port()}, $class;
    return $self if !mkdir $self->{dir};
    my @parts = grep { -e } map { "$self->{root}/$_" } qw(Makefile config config.make
        nginx.conf.example conf scripts shared ngx_notify_module worker ctl README.md docs api-page
        package.json package-lock.json);
    system('cp', '-a', @parts, "$self->{dir}/") == 0 or die "cp failed\n";
    system('cp', '-a', $self->{build}, "$self->{dir}/build") == 0 or die "cp failed\n";
    return $self;
}

sub dir     ($self) { return $self->{dir} }
sub run_dir ($self) { return $self->{env}{RUN_DIR} // "$self->{dir}/run" }
sub port    ($self, $number = 0) { return $self->{ports}[$number] }

sub environment ($self) {
    my %unset = map { $_ => undef } qw(AUTH_STORE_DIR API_TOKEN JWT_SECRET BEARER_TOKEN RUN_DIR LISTEN_TLS_PORTS
        LISTEN_ADDRESS REDIS_PASSWORD REDIS_MAXMEMORY NGINX_USER NOTIFY_SOCKET_GROUP INTERNAL_TRUSTED_CIDRS STAGE ALERTS_VALIDATION MAKEFLAGS MFLAGS MAKELEVEL SLACK_WEBHOOK_URL NOTIFY_BUILD_DIR);
    return {
        %unset,
        LISTEN_PORTS => join(' ', $self->{ports}->@*),
        REDIS_URL    => "redis://127.0.0.1:$self->{redis_port}/0",
        ($self->{env} // {})->%*,
    };
}

# `make TARGET` in the background of the test.
sub make ($self, $target) {
    return $self->{make} = NotifyTest::Process->start(
        name    => "make $target",
        command => ['make', $target],
        cwd     => $self->{dir},
        env     => $self->environment,
        log     => "$self->{dir}.$target." . ++$self->{makes} . '.log',
    );
}

# The same to its end: (exit status, output).
sub make_and_wait ($self, $target, $seconds = 30) {
    my $process = $self->make($target);
    $process->wait_exit($seconds);
    return ($process->status // -1, $process->output);
}

# `make run` until it is ready; true when it was in time.
sub run ($self, $seconds = 10) {
    return $self->make('run')->wait_output(qr/^ready/m, $seconds);
}

# The value of a generated secret.
sub credential ($self, $name) {
    open my $file, '<', $self->run_dir . '/credentials.env' or return;
    my ($value) = join('', <$file>) =~ /^$name=(.*)$/m;
    return $value;
}

sub pid_of ($self, $name) {
    open my $file, '<', $self->run_dir . "/$name.pid" or return;
    my $pid = <$file> // return;
    chomp $pid;
    return $pid;
}

# Processes that work in this copy or for its RUN_DIR, whatever session they are in.
sub processes ($self) {
    my @pids;
    for my $folder (glob '/proc/[0-9]*') {
        my ($pid) = $folder =~ /(\d+)/;
        next if $pid == $$;
        open my $state, '<', "$folder/stat" or next;
        next if (<$state> // '') =~ /^.*\) Z /;
        my $text = (readlink "$folder/cwd") // '';
        for my $file (qw(cmdline environ)) {
            open my $content, '<:raw', "$folder/$file" or next;
            local $/ = undef;
            $text .= "\n" . (<$content> // '');
        }
        push @pids, $pid if $text =~ /\Q$self->{dir}\E(?:[\/\0\n]|\z)/;
    }
    return @pids;
}

sub gone_within ($self, $seconds) {
    return wait_until(sub { !$self->processes }, $seconds);
}

sub kill_all ($self) {
    kill 'KILL', $self->processes;
    return;
}

1;
