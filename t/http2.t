# Streams over TLS: HTTP/1.1 and HTTP/2.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;
$t->start_nginx(shipped => 1, tls => $tls,
    edit => {'notify_keepalive \S+;' => 'notify_keepalive 1s;'});
my $redis = $t->redis;
my $port  = $t->nginx->tls_port;

# curl as a client, its output parsed as a stream.
sub curl ($name, $ledger, @arguments) {
    my $log     = "$t->{dir}/$name.out";
    my $process = NotifyTest::Process->start(
        name    => $name,
        command => ['curl', '-sSN', '--cacert', $tls->ca, '-D', "$log.head", @arguments],
        log     => $log,
    );
    my $self   = {process => $process, comments => 0, read => 0, log => $log};
    my $parser = NotifyTest::SseParser->new(
        on_event   => sub ($event) { $self->{events}++; $ledger->record($name, $event) },
        on_comment => sub ($text)  { $self->{comments}++ },
    );
    $self->{poll} = sub {
        my $text = $process->output;
        $parser->feed(substr $text, $self->{read});
        $self->{read} = length $text;
        return $self->{events} // 0;
    };
    return $self;
}

my $ledger = $t->ledger;
my $url    = "https://localhost:$port";
my $stream = "$url" . $t->stream_path('u');
my %curl   = (
    'http2'   => curl('http2',   $ledger, '--http2', $stream),
    'http1.1' => curl('http1.1', $ledger, '--http1.1', $stream),
);
my $own = $t->user_stream('u', port => $port, tls => $tls->ca, name => 'own',
    on_event => $ledger->recorder);
ok(wait_until($_->{poll}, 5), "$_->{process}{name}: ready") for values %curl;

is(head_line($curl{'http2'}), 'HTTP/2 200', 'curl speaks HTTP/2');
is(head_line($curl{'http1.1'}), 'HTTP/1.1 200 OK', 'and HTTP/1.1 when asked to');
sub head_line ($client) { return ($t->read_file("$client->{log}.head") =~ /^([^\r\n]*\S)/)[0] }
my $head = $t->read_file("$curl{http2}{log}.head");
unlike($head, qr/^(connection|transfer-encoding|keep-alive):/mi,
    'HTTP/2 has no header that it forbids');
like($head, qr{^content-type: text/event-stream}mi, 'and says that it is a stream');

# Publishing over HTTP/2 too, with bodies from small to more than one frame.
for my $size (1, 100, 20_000, 200_000) {
    my $file = "$t->{dir}/body";
    $t->write_file($file, '{"type":"t","user_id":"u","data":"' . 'x' x $size . '"}');
    my ($status, $output) = $t->run(['curl', '-sS', '--http2', '--cacert', $tls->ca,
        '-w', ' %{http_code} %{http_version}', '-H', 'Content-Type: application/json', '--data-binary', "\@$file",
        "$url/api/v1/internal/notify/publish"]);
    like($output, qr/"accepted":true.* 202 2$/, "$size bytes published over HTTP/2");
}
$t->publish_user('u', $_) for 1 .. 200;

my @expected = $redis->event_ids('user:u');
my @clients  = ('http2', 'http1.1', 'own');
my $complete = sub {
    $_->{poll}->() for values %curl;
    return $ledger->complete(\@clients, @expected);
};
$t->loop->run_until($complete, 10);
is(join("\n", $ledger->faults(\@clients, @expected)), '',
    'every event once, in order, at each client');
is(scalar @expected, 204, 'of all that were published');

my $seen = $curl{http2}{comments};
ok(wait_until(sub { $curl{http2}{poll}->(); $curl{http2}{comments} >= $seen + 2 }, 4),
    'heartbeats come over HTTP/2');

# Many streams on one connection, which HTTP/2 is for.
my @urls = map { ('-o', "$t->{dir}/many$_", "$url" . $t->stream_path("many$_")) } 1 .. 20;
my $many = NotifyTest::Process->start(name => 'many', log => "$t->{dir}/many.log", command =>
    ['curl', '-sSN', '--http2', '--cacert', $tls->ca, '--parallel', '--parallel-max', 20, @urls]);

sub many_with ($text) {
    my @files = grep { -s } map { "$t->{dir}/many$_" } 1 .. 20;
    return scalar grep { $t->read_file($_) =~ $text } @files;
}
ok(wait_until(sub { many_with(qr/stream-open/) == 20 }, 5), 'twenty streams at once');
$t->publish_user("many$_", "for$_") for 1 .. 20;
ok(wait_until(sub { many_with(qr/"data":"for/) == 20 }, 5), 'each gets its event');
is(scalar(grep { $t->read_file("$t->{dir}/many$_") =~ /"for$_"/ } 1 .. 20), 20, 'and its own');
$many->stop;

# A client that goes, in HTTP/2's ways.
my $pid = ($t->nginx->workers)[0];
sub sockets () { return scalar grep { (readlink($_) // '') =~ /^socket/ } glob "/proc/$pid/fd/*" }
my $open = sockets();
$curl{http2}{process}->stop('TERM');
$curl{'http1.1'}{process}->stop('KILL');
ok(wait_until(sub { sockets() <= $open - 2 }, 5), 'clients that go leave nothing open');

# And drains like the others.
my $late = curl('late', $ledger, '--http2', "$url" . $t->stream_path('late'));
wait_until($late->{poll}, 5);
$t->nginx->reload;
ok($late->{process}->wait_exit(8), 'a reload ends an HTTP/2 stream');
is($late->{process}->describe_status, 'exit status 0', 'properly');
$late->{poll}->();
like($late->{process}->output, qr/\nretry: \d+\n\n\z/, 'with a time for coming back');

$t->done;
