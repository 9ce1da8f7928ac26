package NotifyTest::Tls;

# A certificate authority of the test's own and a certificate for localhost.

use v5.36;

# Makes ca.pem, cert.pem and key.pem in a folder.
sub new ($class, $dir) {
    mkdir $dir;
    my $self = bless {dir => $dir}, $class;
    _openssl(
        qw(req -x509 -newkey rsa:2048 -nodes -days 2 -subj), '/CN=notify test authority',
        '-keyout', "$dir/ca.key", '-out', $self->ca,
    );
    _openssl(
        qw(req -newkey rsa:2048 -nodes -subj /CN=localhost),
        '-keyout', $self->key, '-out', "$dir/request.pem",
    );
    open my $file, '>', "$dir/extensions" or die "$dir/extensions: $!\n";
    print $file "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
    close $file;
    _openssl(
        qw(x509 -req -days 2 -CAcreateserial), '-in', "$dir/request.pem", '-CA', $self->ca,
        '-CAkey', "$dir/ca.key", '-extfile', "$dir/extensions", '-out', $self->cert,
    );
    chmod 0644, $self->key;
    return $self;
}

sub ca   ($self) { return "$self->{dir}/ca.pem" }
sub cert ($self) { return "$self->{dir}/cert.pem" }
sub key  ($self) { return "$self->{dir}/key.pem" }

sub _openssl (@arguments) {
    my $pid = open my $output, '-|' // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec 'openssl', @arguments;
    }
    my @lines = <$output>;
    close $output or die "openssl @arguments:\n@lines";
    return;
}

1;
