package NotifyTest::Rows;

# The rows of a system's table: each operation of docs/openapi.yaml with one tag, and each status that
# it documents. A test asks for them one by one; `done` fails for what nobody has asked for, so that
# neither an endpoint nor a status can be documented without a test. That the answers are as documented
# is checked with every answer (NotifyTest::Contract).

use v5.36;

use JSON::PP ();
use Test::More;

# tag => of the document.
sub new ($class, $t, $tag) {
    my ($status, $json) = $t->run(['/usr/bin/python3', '-c', <<'END', $t->root . '/docs/openapi.yaml']);
import json, sys, yaml
print(json.dumps(yaml.load(open(sys.argv[1], encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))))
END
    $status == 0 or die "docs/openapi.yaml: $json\n";
    my $document = JSON::PP->new->utf8->decode($json);
    my %operations;
    for my $path (keys $document->{paths}->%*) {
        my $item = $document->{paths}{$path};
        for my $method (qw(get put post delete patch)) {
            my $operation = $item->{$method} or next;
            next unless grep { $_ eq $tag } $operation->{tags}->@*;
            $operations{uc($method) . " $path"} = {$operation->%*, seen => {}};
        }
    }
    return bless {t => $t, operations => \%operations}, $class;
}

sub names ($self) { return sort keys $self->{operations}->%* }

sub statuses ($self, $name) { return sort keys $self->{operations}{$name}{responses}->%* }

# That this is what the operation answered.
sub row ($self, $name, $status, $answer, $why = '') {
    my $operation = $self->{operations}{$name} or return fail("$name is no operation of the document");
    my $got = ref $answer ? $answer->status : $answer;
    return fail("$name: $status is not documented") unless $operation->{responses}{$status};
    $operation->{seen}{$status} = 1;
    return is($got, $status, "$name: $status" . ($why && " ($why)")) || diag(ref $answer ? $answer->body : '');
}

# Another nginx, where each address has one request a minute of each kind, and has had it.
sub used_up ($self, @asked) {
    my $nginx = $self->{t}->start_other_nginx(shipped => 1,
        edit => {'rate=(?:20000|1000)r/s' => 'rate=1r/m', 'burst=(?:20000|4000) nodelay' => 'nodelay'});
    $_->($nginx->port) for @asked;
    return $nginx->port;
}

# The status of the answer to a WebSocket's handshake.
sub handshake ($self, $path, $version = 13, @headers) {
    my $answer = $self->{t}->http->request('GET', $path, headers => [
        Connection => 'Upgrade', Upgrade => 'websocket', 'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version' => $version, @headers]);
    return $answer ? $answer->status : 0;
}

sub done ($self) {
    my ($operations, $count) = (0, 0);
    for my $name ($self->names) {
        my $operation = $self->{operations}{$name};
        my @all       = $self->statuses($name);
        my @missing   = grep { !$operation->{seen}{$_} } @all;
        $count += @all;
        $operations++;
        is("@missing", '', "$name: every documented status was seen");
    }
    note "$operations operations, $count documented statuses";
    return;
}

1;
