package NotifyTest::Contract;

# docs/openapi.yaml against what nginx really answers. A child, contract.py, reads the document once
# and compares each answer: status, content type, headers and the body's schema.

use v5.36;

use IPC::Open2   qw(open2);
use JSON::PP     ();
use MIME::Base64 qw(encode_base64);

use constant SAMPLES => 20;

# document => path of the file.
sub new ($class, %option) {
    return bless {json => JSON::PP->new->utf8, complaints => [], %option}, $class;
}

sub complaints ($self) { return $self->{complaints}->@* }

sub checked ($self) { return $self->{checked} // 0 }

sub _helper ($self) {
    return if $self->{pid};
    my $program = __FILE__ =~ s{NotifyTest/Contract\.pm\z}{contract.py}r;
    # The packages are Debian's, whatever python3 comes first in PATH.
    my $python = -x '/usr/bin/python3' ? '/usr/bin/python3' : 'python3';
    $self->{owner} = $$;
    $self->{pid}   = open2($self->{from}, $self->{to}, $python, $program, $self->{document});
    $self->{to}->autoflush(1);
    return;
}

# Keeps what is not as the document says. Not in children of the test: the helper is not theirs.
sub check ($self, $method, $path, $response) {
    return if $method eq 'HEAD' || !$response || !$response->status;
    $self->_helper;
    return if $self->{owner} != $$;
    my %headers = map { lc $_->[0] => $_->[1] } $response->{headers}->@*;
    my $answer  = {
        method => $method, path => $path, status => 0 + $response->status, headers => \%headers,
        body   => encode_base64($response->body, ''),
    };
    s/([^ -~])/sprintf '\\x%02x', ord $1/ge for $answer->{path}, values %headers;
    local $SIG{PIPE} = 'IGNORE';
    print {$self->{to}} $self->{json}->encode($answer), "\n";
    my $line    = readline $self->{from};
    my $verdict = $line ? $self->{json}->decode($line) : {error => 'contract.py has ended'};
    $self->{checked}++;
    push $self->{complaints}->@*, "$method $path: " . $response->status . ": $verdict->{error}"
        if defined $verdict->{error};
    return;
}

# The same for those that come by the thousand: the first of them.
sub check_sample ($self, @answer) {
    return if ($self->{samples}++ // 0) >= SAMPLES;
    return $self->check(@answer);
}

sub end ($self) {
    my $pid = delete $self->{pid} or return;
    return if $self->{owner} != $$;
    local ($?, $!);
    close delete $self->{to};
    close delete $self->{from};
    waitpid $pid, 0;
    return;
}

1;
