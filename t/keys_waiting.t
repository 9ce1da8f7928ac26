# What a request goes through while its key is verified on a thread: bodies, pipelining, HTTP/2,
# streams, clients that leave, and more of them than are let wait.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket;

use MIME::Base64 qw(encode_base64url);
use Time::HiRes  qw(time);

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;
$t->start_nginx(
    tls    => $tls,
    http   => 'notify_redis env:REDIS_URL;',
    server => <<'END',
notify_key env:AUTH_STORE_DIR;
notify_auth_failures off;
client_max_body_size 4m;
location / {
    notify_auth key;
    notify_field data any;
    notify_publish s;
    notify_entry data $notify_json_data;
    notify_max_message 4m;
}
location /stream {
    notify_auth key;
    notify_subscribe s;
}
location /redirect {
    notify_auth key;
    error_page 405 = /stream;
    return 405;
}
location /guard {
    notify_auth key;
    try_files /none =204;
}
location /open {
    try_files /none =204;
}
END
);

my $number = 0;
sub fresh () { return $t->make_key('user' . ++$number) }
sub bearer ($key) { return (Authorization => "Bearer $key") }

# ---- bodies --------------------------------------------------------------------------------------

my $big = '{"data":"' . 'x' x 3_000_000 . '"}';
for (['small', '{"data":1}'], ['3 MB', $big]) {
    my ($name, $body) = @$_;
    for my $chunked (0, 1) {
        my $answer = $t->request('POST', '/', headers => [bearer(fresh())], body => $body,
            chunked => $chunked);
        is($answer->status, 200, "a body of $name" . ($chunked ? ', chunked' : ''));
    }
}
my $http = $t->http;
$http->send(NotifyTest::Http::compose('POST', '/', headers => [bearer(fresh()),
    'Content-Length' => 10, 'Expect' => '100-continue']));
like($http->read_until(qr/\r\n\r\n/, 5), qr{^HTTP/1.1 100 }, 'Expect: 100-continue is answered');
$http->send('{"data":1}');
is($http->receive->status, 200, 'and the body taken');
$http = $t->http;
my $late = NotifyTest::Http::compose('POST', '/', headers => [bearer(fresh())],
    body => '{"data":"late"}');
$http->send(substr $late, 0, -5);
$t->loop->run_for(0.3);
$http->send(substr $late, -5);
is($http->receive->status, 200, 'a body that comes later than the verdict');

my $wrong = encode_base64url('user1:' . 'x' x 24);
$http = $t->http;
is($http->request('POST', '/', headers => [bearer($wrong)], body => $big)->status, 401,
    'a wrong key with a body of 3 MB');
is($http->request('POST', '/', headers => [bearer(fresh())], body => '{"data":1}')->status, 200,
    'and the connection goes on');

# ---- several on a connection ---------------------------------------------------------------------

my @keys = map { fresh() } 1 .. 4;
$http = $t->http;
$http->send(join '', map {
    NotifyTest::Http::compose('POST', '/', headers => [bearer($_)], body => '{"data":2}')
} $keys[0], $wrong, @keys[1 .. 3]);
is(join(' ', map { $http->receive->status } 1 .. 5), '200 401 200 200 200', 'pipelined');

my $https = 'https://localhost:' . $t->nginx->tls_port;
my @curl  = ('-sS', '--http2', '--cacert', $tls->ca, '-o', '/dev/null', '-w',
    '%{http_version}:%{http_code} ');
my @eight = map { (@curl, '-H', "Authorization: Bearer $_", "$https/guard", '--next') }
    map { fresh() } 1 .. 8;
my (undef, $output) = $t->run(['curl', '--parallel', @eight, @curl, "$https/guard"]);
is(join('', $output =~ /(2:\d+ )/g), '2:401 ' . '2:204 ' x 8, 'nine at once over HTTP/2')
    or diag $output;
$t->write_file("$t->{dir}/big", $big);
for (['small body', '{"data":3}'], ['3 MB', "\@$t->{dir}/big"]) {
    my ($name, $data) = @$_;
    for ([fresh(), 200], [$wrong, 401]) {
        my ($key, $status) = @$_;
        my (undef, $output) = $t->run(['curl', @curl, '-H', "Authorization: Bearer $key", '-d',
            $data, "$https/"]);
        is($output, "2:$status ", "a $name over HTTP/2: $status");
    }
}

# ---- streams -------------------------------------------------------------------------------------

my $stream = $t->stream(path => '/stream', headers => ['Authorization: Bearer ' . fresh()]);
$stream->wait_open;
$t->request('POST', '/', headers => [bearer($keys[0])], body => '{"data":"event"}');
is(($stream->wait_events(1))[0]{data}, '{"data":"\"event\""}', 'a stream');
my $redirected = $t->stream(path => '/redirect', headers => ["Authorization: Bearer $keys[0]"]);
ok($redirected->wait_open, 'behind an internal redirect');

my $socket = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port,
    path => '/stream', headers => {Authorization => 'Bearer ' . fresh()});
ok($socket->wait_open, 'a WebSocket');
$t->request('POST', '/', headers => [bearer($keys[0])], body => '{"data":"event"}');
like(($socket->wait_messages(1))[0], qr/event/, 'has what is published');
my $refused = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port,
    path => '/stream', headers => {Authorization => "Bearer $wrong"});
$refused->wait_end;
is($refused->status, 401, 'but not with a wrong key');

# ---- those who leave, and too many ---------------------------------------------------------------

# Distinct wrong keys of a user who has one: each is a proof of its own. times: how often each is sent.
sub send_wrong ($count, %option) {
    my $times = delete $option{times} // 1;
    return map {
        my $request = NotifyTest::Http::compose('GET', '/stream',
            headers => [bearer(encode_base64url('user1:' . sprintf '%024d', ++$number))]);
        map {
            my $http = $t->http(timeout => 60, %option);
            $http->send($request);
            $http;
        } 1 .. $times;
    } 1 .. $count;
}
my @gone = send_wrong(200);
$_->close for @gone;
my $began = time;
is($t->request('GET', '/open')->status, 204, 'others are served at once meanwhile');
cmp_ok(time - $began, '<', 2, 'indeed');
is($t->request('POST', '/', headers => [bearer(fresh())], body => '{"data":1}')->status, 200,
    'and a new key is good');

# Those who have left before their request was looked at: the word of both comes at once.
my ($worker) = $t->nginx->workers;
kill 'STOP', $worker;
$_->close for send_wrong(40);
my $behind = $t->http(timeout => 60);
$behind->send(NotifyTest::Http::compose('GET', '/guard', headers => [bearer(fresh())]));
my $lines = () = $t->nginx->access_log =~ /\n/g;
kill 'CONT', $worker;
is($behind->receive->status, 204, 'a new key behind 40 that have left');
my @lines = split /\n/, $t->nginx->access_log;
is(scalar(grep { m{"GET /stream HTTP/1\.1" 499 } } @lines[$lines .. $#lines]), 40, '... none of which is verified');

my @many  = send_wrong(400);
my $known = $t->request('POST', '/', headers => [bearer($keys[0])], body => '{"data":1}');
is($known->status, 200, 'a known key is let in while as many wait as may');
my %got;
push $got{$_->status}->@*, $_ for map { $_->receive } @many;
is(join(' ', sort keys %got), '401 503', 'of 400 different keys not all are looked at');
$t->answers('the others may come again', $got{503}[0], 503,
    '{"detail":"Too many keys are being verified"}', 'Retry-After' => qr/^\d+$/);
is($t->request('POST', '/', headers => [bearer(fresh())], body => '{"data":1}')->status, 200,
    'and then there is room again');

# Whoever sends them, another address is served in its turn, and has room: whether the floods are of
# many keys, of requests that are as many as may wait, or from several addresses.
my @floods = (
    ['many keys',          [5],         300, 1],
    ['many requests',      [6],         160, 8],
    ['several addresses',  [10 .. 17],  100, 1],
);
for (@floods) {
    my ($of, $addresses, $keys, $times) = @$_;
    my $elsewhere = fresh();
    my @flood     = map { send_wrong($keys, from => "127.0.0.$_", times => $times) } @$addresses;
    my $began     = time;
    is($t->request('POST', '/', from => '127.0.0.99', headers => [bearer($elsewhere)], body => '{"data":1}')->status,
        200, "a flood of $of: a new key from elsewhere is good");
    my $took = time - $began;
    my @ends = map { $_->receive->status } @flood;
    my $all  = time - $began;
    note sprintf 'it took %.2f s, the flood %.2f s', $took, $all;
    my %ends = map { $_ => 1 } @ends;
    is(join(' ', sort keys %ends), '401 503', '... of which some are looked at, and some not');
    cmp_ok($took, '<', $all / 2, '... and it does not wait for them');
}

# As many as the configuration says: six different keys come in one turn of the event loop, before any
# proof has begun.
for (['3 9', '204 204 204 503 503 503'], ['9 2', '204 204 503 503 503 503']) {
    my ($places, $ends) = @$_;
    my $few = $t->start_other_nginx(
        http   => "notify_redis env:REDIS_URL; notify_auth_waiting $places;",
        server => 'notify_key env:AUTH_STORE_DIR; location / { notify_auth key; try_files /none =204; }'
            . 'location /open { return 204; }');
    my @keys  = map { fresh() } 1 .. 6;
    my @asked = map { $t->http(port => $few->port, timeout => 60) } @keys;
    is($_->request('GET', '/open')->status, 204, 'a connection that nginx has') for @asked;
    my ($worker) = $few->workers;
    kill 'STOP', $worker;
    while (my ($i, $http) = each @asked) {
        $http->send(NotifyTest::Http::compose('GET', '/', headers => [bearer($keys[$i])]));
    }
    kill 'CONT', $worker;
    is(join(' ', sort map { $_->receive->status } @asked), $ends, "notify_auth_waiting $places");
}

# A worker that is told to leave does not leave anybody without an answer.
my @waiting = send_wrong(20);
$t->request('GET', '/open');
$t->nginx->reload;
is(join(' ', map { $_->receive->status } @waiting), join(' ', (401) x 20),
    'a reload while 20 wait: each is answered');

$_->close_stream for $stream, $redirected;
$socket->cut;
$t->done;
