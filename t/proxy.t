# Another nginx in front, configured as plainly as can be: streams are not held back.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t = NotifyTest->serving(edit => {'notify_keepalive \S+;' => 'notify_keepalive 1s;'});
my $back = $t->nginx->port;
my %proxy;
$proxy{plain} = $t->start_other_nginx(server => <<"END");
        location / {
            proxy_pass http://127.0.0.1:$back;
        }
END
$proxy{'HTTP/1.1 with gzip'} = $t->start_other_nginx(
    http   => "gzip on;\ngzip_types text/event-stream application/json;\ngzip_min_length 1;\n",
    server => <<"END");
        location / {
            proxy_pass http://127.0.0.1:$back;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
        }
END

for my $name (sort keys %proxy) {
    my $port   = $proxy{$name}->port;
    my $user   = $name =~ s/\W//gr;
    my $began  = time;
    my $stream = $t->user_stream($user, port => $port);
    ok($stream->is_open, "$name: a stream opens");
    cmp_ok(time - $began, '<', 1, "$name: at once");
    my @ids;
    for my $number (1 .. 5) {
        $began = time;
        push @ids, $t->publish_user($user, $number)->json->{id};
        $stream->wait_events(1 + @ids);
        cmp_ok(time - $began, '<', 0.8, "$name: event $number comes at once");
    }
    is(join(' ', map { $_->{id} } grep { $_->{type} eq 'message' } $stream->events), "@ids",
        "$name: each once");
    ok($t->loop->run_until(sub { $stream->comments >= 2 }, 4), "$name: heartbeats pass");
    $stream->cut;
    my $id = $t->publish_user($user, 'meanwhile')->json->{id};
    $stream->{retry} = 0.05;
    $t->loop->run_until(sub { $stream->last_id eq $id }, 5);
    is(($stream->events)[-1]{id}, $id, "$name: Last-Event-ID passes");
    $t->answers("$name: a signed publish passes",
        $t->signed('POST', '/publish/test?message=x', port => $port), 200);
    $stream->close_stream;
}

# The client goes, so the proxy goes, so our stream ends.
my ($pid) = $t->nginx->workers;
sub sockets () { return scalar grep { (readlink($_) // '') =~ /^socket/ } glob "/proc/$pid/fd/*" }
$t->loop->run_for(0.2);
my $few     = sockets();
my @streams = map { $t->user_stream("many$_", port => $proxy{plain}->port) } 1 .. 20;
cmp_ok(sockets(), '>=', $few + 20, 'twenty streams through the proxy');
$_->close_stream for @streams;
ok(wait_until(sub { sockets() <= $few }, 5), 'end behind it when their clients go');

$t->done;
