# Bodies that are begun and not finished: all of a worker's have one bound in bytes, with WebSockets' half
# messages, and who has most of them makes room. What is only announced costs nothing.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(http => 'notify_redis ' . $t->redis->url . '; notify_max_unfinished 500k;', server => <<'END');
    client_body_buffer_size 128k;
    notify_field m string;
    notify_entry m $notify_field_m;
    location = /publish { notify_publish s; }
    location = /signed  { notify_auth hmac; notify_hmac secret; notify_publish s; }
    location = /text    { notify_publish s; notify_errors text; }
    location = /stream  { notify_subscribe s; }
END
my ($pid) = $t->nginx->workers;

# MB that the worker has for itself alone.
sub memory () { return ($t->read_file("/proc/$pid/smaps_rollup") =~ /^Private_Dirty: +(\d+) kB/m)[0] / 1024 }
my $body = '{"m":"' . 'x' x 100_000 . '"}';

# A client that sends so many bytes of the body.
sub begin ($path, $bytes, $chunked = 0) {
    my $http   = $t->http(timeout => 5);
    my $length = length $body;
    my $frame  = $chunked ? sprintf("Transfer-Encoding: chunked\r\n\r\n%x", $length) : "Content-Length: $length\r\n";
    $http->send("POST $path HTTP/1.1\r\nHost: h\r\n$frame\r\n" . substr $body, 0, $bytes);
    return $http;
}
sub answered (@clients) { return scalar grep { $_->{early} //= $_->receive(timeout => 0) } @clients }
sub statuses (@clients) { return join ' ', map { $_->receive->status } @clients }

# ---- what is only announced --------------------------------------------------------------------------

my @silent = map { begin('/publish', 0) } 1 .. 200;
my $slow   = begin('/publish', 1000);
is($t->request('POST', '/publish', body => $body)->status, 200, 'two hundred announce a body and send none: others publish');
$slow->send(substr $body, 1000);
is(statuses($slow), 200, 'also one whose body comes in two parts');
is(answered(@silent), 0, 'and nobody had to make room');
$_->close for @silent;

# ---- who has most makes room -------------------------------------------------------------------------

my $why = 'Too many requests are half received';
for my $case (['/publish', 0, qr/^\{"detail":"$why"\}$/, 200], ['/publish', 1, qr/^\{"detail":"$why"\}$/, 200],
    ['/signed', 0, qr/^\{"detail":"$why"\}$/, 403], ['/text', 0, qr/^$why\n$/, 200])
{
    my ($path, $chunked, $text, $status) = @$case;
    my $name  = $path . ($chunked ? ' in chunks' : '');
    my $small = begin('/publish', 1000);
    my $start = memory();
    my @many  = map { begin($path, 90_000, $chunked) } 1 .. 60;
    ok(wait_until(sub { answered(@many) == 55 }, 5), "$name: those that have most make room, and no others")
        or diag answered(@many);
    my @gone = grep { $_->{early} } @many;
    my @stay = grep { !$_->{early} } @many;
    $t->answers('... with an answer', $gone[0]{early}, 503, $text, 'Retry-After' => 1);
    is(join(' ', map { $_->{early}->status } @gone), join(' ', (503) x @gone), '... all of them');
    my $needs = memory() - $start;
    cmp_ok($needs, '<', 3, sprintf '... and what they sent is given back: %.1f MB', $needs);
    $_->send(substr($body, 90_000) . ($chunked ? "\r\n0\r\n\r\n" : '')) for @stay;
    is(statuses(@stay), join(' ', ($status) x @stay), '... and what stayed is taken');
    # Only now: with it the others would be beyond the bound again.
    $small->send(substr $body, 1000);
    is(statuses($small), 200, '... who has little stays');
    $_->close for @many;
}
like($t->nginx->error_log, qr/a half received body made room for others/, 'the log says so');

# ---- what nobody wants -------------------------------------------------------------------------------

sub streams ($name, %option) {
    my $start = memory();
    my @open  = map { $t->http(timeout => 5) } 1 .. 100;
    $_->send(NotifyTest::Http::compose('GET', '/stream', %option)) for @open;
    is(scalar(grep { ($_->read_until(qr/\r\n\r\n/, 2) // '') =~ /200/ } @open), 100, "a hundred streams are opened $name");
    my $needs = memory() - $start;
    return (\@open, $needs);
}
my ($bare, $usual) = streams('without a body');
my ($with, $needs) = streams('with one', body => $body, chunked => 1);
cmp_ok($needs, '<', $usual + 3, sprintf 'and do not keep it: %.1f MB, %.1f without', $needs, $usual);

$t->done;
