package NotifyTest::Database;

# The catalogue's database: a file of SQLite, or a PostgreSQL of the test's own on a Unix socket, run
# as a user without rights, since it refuses to be root's.

use v5.36;

use IPC::Open2 ();
use NotifyTest::Process;
use NotifyTest::Wait qw(wait_until);

use constant {
    BIN  => '/usr/lib/postgresql/15/bin',
    USER => 'postgres',                     # of the system, when we are root
};

# kind => sqlite or postgresql; dir, which is made.
sub new ($class, %option) {
    my $self = bless {%option}, $class;
    mkdir $self->{dir} or die "$self->{dir}: $!\n";
    if ($self->{kind} eq 'postgresql') {
        chmod 0700, $self->{dir};
        if ($> == 0) {
            my ($uid, $gid) = (getpwnam USER)[2, 3];
            defined $uid or die "there is no user postgres: scripts/install-packages test\n";
            chown $uid, $gid, $self->{dir};
            $self->{as} = ['setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', '--'];
        }
        $self->_quietly(BIN . '/initdb', '-D', "$self->{dir}/data", qw(-A trust -U notify -E UTF8),
            '--locale=C', '--no-sync');
        $self->start;
    }
    return $self;
}

sub kind ($self) { return $self->{kind} }

sub path ($self) { return "$self->{dir}/catalog.sqlite" }

sub url ($self) {
    return 'sqlite:' . $self->path if $self->{kind} eq 'sqlite';
    return "postgresql://notify\@/postgres?host=$self->{dir}";
}

sub _quietly ($self, @command) {
    my $log = "$self->{dir}/setup.log";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        open STDOUT, '>>', $log;
        open STDERR, '>&', \*STDOUT;
        chdir '/';
        { no warnings 'exec'; exec { ($self->{as} // \@command)->[0] } ($self->{as} // [])->@*, @command }
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    $? == 0 or die "$command[0] failed, see $log\n";
    return;
}

sub start ($self) {
    $self->{process} = NotifyTest::Process->start(
        name    => 'postgres',
        command => [($self->{as} // [])->@*, BIN . '/postgres', '-D', "$self->{dir}/data",
            '-k', $self->{dir}, '-c', 'listen_addresses=', '-c', 'fsync=off'],
        log => "$self->{dir}/server.log",
        cwd => '/',
    );
    wait_until(sub { defined eval { $self->query('SELECT 1') } }, 20)
        or die "PostgreSQL does not start:\n" . $self->{process}->output;
    return;
}

# Ends PostgreSQL at once: open connections are cut.
sub stop ($self) {
    $self->{process}->stop('INT', 10) or die "PostgreSQL does not stop\n";
    return;
}

# PostgreSQL is there and stands still, with all its backends; thaw() lets it go on.
sub freeze ($self) {
    $self->{process}->signal('STOP');    # first: it makes no more backends
    kill 'STOP', $self->_backends;
    return;
}

sub thaw ($self) {
    kill 'CONT', $self->_backends;
    $self->{process}->signal('CONT');
    return;
}

# They have sessions of their own.
sub _backends ($self) {
    my @pids;
    for my $path (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $path or next;
        my $line = <$file> // next;
        my $parent = (split / /, $line =~ s/^.*\) //sr)[1];
        push @pids, $line =~ /^(\d+)/ if $parent == $self->{process}->pid;
    }
    return @pids;
}

sub _shell ($self) {
    return ('sqlite3', '-batch', '-cmd', '.timeout 5000', $self->path)
        if $self->{kind} eq 'sqlite';
    return ('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', $self->{dir}, '-U', 'notify', 'postgres');
}

# Rows as lists of text.
sub query ($self, $sql) {
    my $pid = IPC::Open2::open2(my $out, my $in, 'sh', '-c', 'exec "$@" 2>/dev/null', 'sh',
        $self->_shell);
    print $in "$sql;\n";
    close $in;
    my @rows = map { chomp; [split /\|/, $_, -1] } <$out>;
    waitpid $pid, 0;
    $? == 0 or die "SQL failed: $sql\n";
    return \@rows;
}

sub value ($self, $sql) { return ($self->query($sql)->[0] // [])->[0] }

# Nobody else writes until unlock().
sub lock ($self) {
    my $sql = $self->{kind} eq 'sqlite' ? "BEGIN IMMEDIATE;\nSELECT 'locked';\n"
        : "BEGIN;\nLOCK TABLE outbox, requests, receivers IN EXCLUSIVE MODE;\nSELECT 'locked';\n";
    $self->{lock_pid} = IPC::Open2::open2(my $out, my $in, $self->_shell);
    $self->{lock} = [$out, $in];
    $in->autoflush(1);
    print $in $sql;
    (<$out> // '') eq "locked\n" or die "the database cannot be locked\n";
    return;
}

sub unlock ($self) {
    my ($out, $in) = (delete $self->{lock})->@*;
    print $in "ROLLBACK;\n";
    close $in;
    close $out;
    waitpid delete $self->{lock_pid}, 0;
    return;
}

1;
