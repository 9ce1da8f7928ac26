# System 003: the curl lines of its README, with the token that they use.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(env => {BEARER_TOKEN => 'your-secret-token'});

my ($publish, $consume, $finish) = split /\n\n/,
    $t->read_file("$FindBin::Bin/examples/streams.sh") =~ s/localhost:8080/'localhost:' . $t->nginx->port/ger;

# Only the body: curl tells of its progress where it is no terminal.
sub shell ($command) {
    my ($status, $output) = $t->run(['sh', '-c', $command =~ s/^curl/curl -sS/r]);
    return $output;
}

my $answer = shell($publish);
like($answer, qr/^\{"id":"\d+-0","status":"ok","stream":"test-stream"\}\n\z/, 'publish');
my ($id) = $answer =~ /"id":"([^"]+)"/;

# As it is printed there, the shell takes the URL apart at its ampersand.
$consume =~ s/(http\S+)/'$1'/;
is(shell("$consume --max-time 1" =~ s/^curl/curl --no-progress-meter/r) =~ s/^curl: \(28\).*\n//mr,
    qq(data: {"body":{"hello": "world"},"id":"$id"}\n\n), 'consume');

$finish =~ s/1234567890123-0/$id/;
is(shell($finish), qq({"action":"finished","status":"ok"}\n), 'finish');
is(shell($finish), "Message not found or already processed\n", 'finish, again');

$t->done;
