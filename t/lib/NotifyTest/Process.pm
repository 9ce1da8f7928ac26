package NotifyTest::Process;

# One child in a session of its own. Whatever it starts carries the session's number, so that
# processes that are left over are found by number and never by name.

use v5.36;

use NotifyTest::Wait qw(wait_until);
use POSIX            qw(WNOHANG);

my @all;    # every process that this test has started, also those that have ended

# name, command => [...]; env => {...} (undef removes a variable), log => file, cwd => folder.
sub start ($class, %option) {
    my $self = bless {%option, status => undef}, $class;
    my $pid  = fork // die "fork: $!\n";
    $self->_become if $pid == 0;
    $self->{pid} = $pid;
    push @all, $self;
    return $self;
}

# Runs $code in a child of its own, which leaves by _exit: no END block, no destructor.
sub run_code ($class, $name, $code) {
    my $self = bless {name => $name, status => undef}, $class;
    my $pid  = fork // die "fork: $!\n";
    if ($pid == 0) {
        POSIX::setsid();
        $SIG{$_} = 'DEFAULT' for qw(INT TERM);
        my $lived = eval { $code->(); 1 };
        print STDERR "$name: $@" unless $lived;
        POSIX::_exit($lived ? 0 : 1);
    }
    $self->{pid} = $pid;
    push @all, $self;
    return $self;
}

sub _become ($self) {
    POSIX::setsid();
    $SIG{$_} = 'DEFAULT' for qw(INT TERM PIPE HUP);
    my $env = $self->{env} // {};
    for my $name (keys %$env) {
        defined $env->{$name} ? $ENV{$name} = $env->{$name} : delete $ENV{$name};
    }
    my $log = $self->{log} // '/dev/null';
    open STDIN,  '<',  '/dev/null' or POSIX::_exit(126);
    open STDOUT, '>>', $log        or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT    or POSIX::_exit(126);
    chdir $self->{cwd} if defined $self->{cwd};
    my @command = $self->{command}->@*;
    { no warnings 'exec'; exec {$command[0]} @command }
    print STDERR "cannot start $command[0]: $!\n";
    POSIX::_exit(127);
}

sub all_started ($class) { return @all }
sub name        ($self)  { return $self->{name} }
sub pid         ($self)  { return $self->{pid} }

# Reaps the child when it has ended; status is what waitpid left in $?.
sub running ($self) {
    return 0 if defined $self->{status};
    my $got = waitpid $self->{pid}, WNOHANG;
    return 1 if $got == 0;
    $self->{status} = $got == $self->{pid} ? $? : -1;
    return 0;
}

sub status ($self) { return $self->running ? undef : $self->{status} }

sub describe_status ($self) {
    my $status = $self->status // return 'still runs';
    return $status & 127 ? 'signal ' . ($status & 127) : 'exit status ' . ($status >> 8);
}

sub signal ($self, $signal) {
    return kill $signal, $self->{pid} if $self->running;
    return 0;
}

sub wait_exit ($self, $seconds = 10) {
    return wait_until(sub { !$self->running }, $seconds);
}

# Asks the child to end; kills it after $seconds. True when it ended by itself.
sub stop ($self, $signal = 'TERM', $seconds = 10) {
    return 1 unless $self->running;
    $self->signal('CONT');
    $self->signal($signal);
    return 1 if $self->wait_exit($seconds);
    $self->kill_session;
    $self->wait_exit(5);
    return 0;
}

sub output ($self) {
    open my $file, '<:raw', $self->{log} or return '';
    local $/ = undef;
    return scalar(<$file>) // '';
}

sub wait_output ($self, $pattern, $seconds = 10) {
    return wait_until(sub { $self->output =~ $pattern || !$self->running }, $seconds)
        && $self->output =~ $pattern;
}

# The processes that still belong to the session, zombies left out.
sub session ($self) {
    my @pids;
    for my $path (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $path or next;
        my $line = <$file> // next;
        my ($pid) = $line =~ /^(\d+)/;
        my ($state, $session) = (split / /, $line =~ s/^.*\) //sr)[0, 3];
        push @pids, $pid if $session == $self->{pid} && $state ne 'Z';
    }
    return @pids;
}

# Processor time of a process, ours or not, in seconds.
sub seconds_used ($pid) {
    open my $file, '<', "/proc/$pid/stat" or die "/proc/$pid/stat: $!\n";
    my ($user, $system) = (split / /, <$file> =~ s/^.*\) //sr)[11, 12];
    return ($user + $system) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

sub kill_session ($self) {
    kill 'KILL', $self->session;
    $self->running;
    return;
}

1;
