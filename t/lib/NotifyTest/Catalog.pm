package NotifyTest::Catalog;

# The catalogue as its users see it: nginx, the worker and a database, and requests in their names.

use v5.36;

use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use NotifyTest::Database;

use constant {
    ADMIN    => 'chief',
    PASSWORD => 'test-password-of-the-catalogue',
};

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# kind => sqlite or postgresql; worker => options of start_worker; edit => as of NotifyTest::Nginx.
sub new ($class, $t, %option) {
    my $kind = $option{kind} // 'sqlite';
    my $self = bless {t => $t, %option}, $class;
    $self->{database} = NotifyTest::Database->new(kind => $kind, dir => $t->dir . "/$kind");
    my ($status, $output) = $t->run([$t->build . '/notifyctl', 'migrate'], env => $self->environment);
    $status == 0 or die "notifyctl migrate: $output\n";
    $t->start_redis unless $t->redis;
    $t->start_nginx(shipped => 1, env => $self->environment, edit => $self->{edit} // {});
    $self->start_worker;
    return $self;
}

sub database ($self) { return $self->{database} }
sub socket   ($self) { return $self->{t}->dir . '/catalog.sock' }

sub environment ($self) {
    return {
        DATABASE_URL          => $self->{database}->url,
        NOTIQ_ADMIN_USERNAME  => ADMIN,
        NOTIQ_ADMIN_PASSWORD  => PASSWORD,
        NOTIFY_CATALOG_SOCKET => $self->socket,
        APP_ENV               => 'test',
        TARGET_ALLOWED_CIDRS  => '127.0.0.0/8',    # where the tests' stand-ins are
    };
}

sub start_worker ($self, %option) {
    my %all = (($self->{worker} // {})->%*, %option);
    my $env = delete $all{env} // {};
    return $self->{t}->start_worker(%all, env => {$self->environment->%*, %$env});
}

sub basic ($name, $password) {
    return (Authorization => 'Basic ' . encode_base64("$name:$password", ''));
}

# A body that is no text is sent as JSON.
sub request ($self, $method, $path, $body = undef, @headers) {
    if (defined $body) {
        $body = $json->encode($body) if ref $body;
        push @headers, 'Content-Type' => 'application/json';
    }
    return $self->{t}->request($method, "/api$path", body => $body, headers => \@headers,
        timeout => 30);
}

sub admin ($self, $method, $path, $body = undef, @headers) {
    return $self->request($method, $path, $body, basic(ADMIN, PASSWORD), @headers);
}

sub client ($self, $key, $method, $path, $body = undef, @headers) {
    return $self->request($method, $path, $body, 'x-api-key' => $key, @headers);
}

# The data of a request of the superuser's that must succeed.
sub made ($self, $path, $body) {
    my $answer = $self->admin('POST', $path, $body);
    $answer->status == 201 or die "POST $path: " . $answer->status . ' ' . $answer->body . "\n";
    return $answer->json->{data};
}

# The row of a client by its name.
sub client_id ($self, $name) {
    return $self->{database}->value("SELECT id FROM clients WHERE client_name = '$name'");
}

1;
