# What one address may do on all systems: how fast, how much at once, and who is "one address".

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->serving;
my $shape = '{"detail":"Too many requests"}';

# ---- as it ships: nobody notices them -------------------------------------------------------------

my $conf = $t->read_file($t->root . '/conf/limits.conf');
my @rates = $conf =~ /rate=(\d+r\/s)/g;
is("@rates", '20000r/s 1000r/s', 'the rates of docs/security.md');
my $systems = join '', map { $t->read_file($t->root . "/conf/$_.conf") } qw(users alerts streams environments notiq);
my %numbers = map { $_ => 1 } $systems =~ /(zone=notify_\w+ burst=\d+|limit_conn notify_\w+ \d+)/g;
is(join(', ', sort keys %numbers), 'limit_conn notify_requests_open 1000, limit_conn notify_streams_open 4000, '
    . 'zone=notify_requests burst=20000, zone=notify_streams burst=4000', 'and the numbers at once');
my %count;
$count{$t->publish_user('alice', 1)->status}++ for 1 .. 300;
is_deeply(\%count, {202 => 300}, 'three hundred publishes one after the other');

# ---- how fast, who ---------------------------------------------------------------------------------

# The header says which address it is, as behind a proxy.
my $slow = $t->start_other_nginx(shipped => 1,
    http => 'set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;',
    allow => "allow all;\n",
    edit => {'rate=(?:20000|1000)r/s' => 'rate=1r/m', 'burst=20000 ' => 'burst=2 ', 'burst=4000 ' => 'burst=1 ',
        'limit_conn notify_streams_open 4000' => 'limit_conn notify_streams_open 1'});
sub ask ($from, $method, $path, %option) {
    return $t->request($method, $path, %option, port => $slow->port,
        headers => ['X-Real-IP' => $from, ($option{headers} // [])->@*]);
}
sub publish ($from) {
    return ask($from, POST => '/api/v1/internal/notify/publish', body => '{"type":"t","user_id":"u","data":1}',
        headers => ['Content-Type' => 'application/json']);
}
my @refusal = (429, $shape, 'Retry-After' => 1, 'Content-Type' => 'application/json', 'X-Request-ID' => qr/^[0-9a-f]{32}$/);

is(publish('192.0.2.1')->status, 202, 'an address publishes') for 1 .. 3;
$t->answers('until it was too often', publish('192.0.2.1'), @refusal);
is(publish('192.0.2.2')->status, 202, 'its neighbour still may');
$t->answers('an IPv4 address in the form of IPv6 is the same', publish('::ffff:192.0.2.1'), @refusal);
is(publish('::ffff:192.0.2.2')->status, 202, 'and another one is another');

is(publish("2001:db8:1:2::$_")->status, 202, 'a /64 publishes') for 1 .. 3;
$t->answers('any address of a /64 is the same', publish('2001:db8:1:2:ffff:1:2:3'), @refusal);
is(publish('2001:db8:1:3::1')->status, 202, 'the next /64 is another');
# The bytes of an address may be any: also those that end a line, or a text.
is(publish('10.10.0.10')->status, 202, 'an address of line ends') for 1 .. 3;
$t->answers('is counted', publish('10.10.0.10'), @refusal);
is(publish('a0a:a0a::1')->status, 202, 'a /64 of line ends') for 1 .. 3;
$t->answers('is counted', publish('a0a:a0a::2'), @refusal);

$t->answers('a key was not even looked at', ask('192.0.2.1', GET => '/alerts'), @refusal);
$t->answers('nor a token, with the text of the streams', ask('192.0.2.1', GET => '/admin/ping'),
    429, "Too many requests\n", 'Retry-After' => 1);
$t->answers('nor a signature', ask('192.0.2.1', GET => '/status'), @refusal);
is(ask('192.0.2.1', GET => '/api/v1/notify/health/live')->status, 200, 'whether nginx lives, anybody may ask');

# ---- how many at once ------------------------------------------------------------------------------

sub stream_of ($from) {
    my $stream = $t->stream(port => $slow->port, path => $t->stream_path('alice'), reconnect => 0,
        headers => ["X-Real-IP: $from"]);
    $stream->wait_open;
    return $stream;
}
my $first = stream_of('198.51.100.1');
is($first->response->status, 200, 'a stream');
$t->answers('one more than may be open', ask('198.51.100.1', GET => $t->stream_path('bob')), @refusal);
my $other = stream_of('198.51.100.2');
is($other->response->status, 200, 'that of another address');
$_->close_stream for $first, $other;

like($slow->error_log, qr/\[warn\] .* limiting requests.*\[warn\] .* limiting connections by zone/s, 'the log has both');
$t->done;
