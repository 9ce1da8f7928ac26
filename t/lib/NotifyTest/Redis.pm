package NotifyTest::Redis;

# A private redis-server: loopback, own folder, append-only file, so that a restart keeps all.

use v5.36;

use Exporter qw(import);
use NotifyTest::Ports qw(free_port);
use NotifyTest::Process;
use NotifyTest::Wait qw(wait_until);
use Redis ();

our @EXPORT_OK = qw(event_id entry_id);

# dir; config => {name => value} over the defaults; password, if that sets one; name.
sub new ($class, %option) {
    my $self = bless {name => 'redis', port => free_port(), %option}, $class;
    mkdir $self->{dir};
    return $self->start;
}

sub port    ($self) { return $self->{port} }
sub process ($self) { return $self->{process} }
sub url     ($self) { return "redis://127.0.0.1:$self->{port}/0" }
sub log     ($self) { return "$self->{dir}/redis.log" }

sub start ($self) {
    $self->begin;
    wait_until(sub { $self->answers || !$self->{process}->running }, 10)
        && $self->{process}->running
        or die "redis-server does not start:\n" . $self->{process}->output;
    return $self;
}

# Starts without waiting for it to answer.
sub begin ($self) {
    my %config = (
        bind => '127.0.0.1', port => $self->{port}, dir => $self->{dir}, daemonize => 'no',
        appendonly => 'yes', appendfsync => 'everysec', save => '',
        'maxmemory-policy' => 'noeviction', 'protected-mode' => 'yes', logfile => '',
        ($self->{config} // {})->%*,
    );
    my @arguments = map { ("--$_", $config{$_}) } sort CORE::keys %config;
    $self->{client}  = undef;
    $self->{process} = NotifyTest::Process->start(
        name    => $self->{name},
        command => ['redis-server', @arguments],
        log     => $self->log,
    );
    return;
}

sub answers ($self) {
    return eval { $self->cmd('ECHO', 'here') eq 'here' };
}

# One command; an error reply dies.
sub cmd ($self, $name, @arguments) {
    $self->{client} //= $self->connect;
    my $method = lc $name;
    my $reply  = eval { [scalar $self->{client}->$method(@arguments)] };
    if (!$reply) {
        my $error = $@;
        $self->{client} = undef if $error !~ /^\[/;    # not an error reply: the link is lost
        die $error;
    }
    return $reply->[0];
}

sub keys ($self) {
    $self->{client} //= $self->connect;
    return $self->{client}->keys('*');
}

sub connect ($self) {
    return Redis->new(
        server       => "127.0.0.1:$self->{port}",
        cnx_timeout  => 2,
        read_timeout => 5,
        defined $self->{password} ? (password => $self->{password}) : (),
    );
}

sub stop ($self, $signal = 'TERM') {
    $self->{client} = undef;
    return $self->{process}->stop($signal, 10);
}

sub restart ($self) {
    $self->stop;
    return $self->start;
}

# Alive but silent, as behind a network that swallows packets.
sub freeze ($self) { $self->{client} = undef; return $self->{process}->signal('STOP') }
sub thaw   ($self) { return $self->{process}->signal('CONT') }

# True while something that was sent to it has not been read: a frozen one reads nothing.
sub has_unread_input ($self) {
    my $local = sprintf ':%04X', $self->{port};
    open my $table, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";
    for my $line (<$table>) {
        return 1 if $line =~ /^\s*\d+:\s+\S+$local\s+\S+\s+01\s+[0-9A-F]+:(?!0{8})/;
    }
    return 0;
}

# Entries as [id, {field => value}], oldest first.
sub entries ($self, $key, $from = '-', $to = '+') {
    return map { [$_->[0], {$_->[1]->@*}] } $self->cmd('XRANGE', $key, $from, $to)->@*;
}

# The ids of a stream as clients see them.
sub event_ids ($self, $key, $from = '-') {
    return map { event_id($_->[0]) } $self->entries($key, $from);
}

# An entry id <ms>-<seq> as event id <ms>-<8 hex digits>, and back.
sub event_id ($id) {
    my ($time, $number) = split /-/, $id;
    return sprintf '%s-%08x', $time, $number;
}

sub entry_id ($id) {
    my ($time, $number) = split /-/, $id;
    return "$time-" . hex $number;
}

1;
