# Tokens in URLs appear in no log, at whatever level and however the request ends.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;
$t->start_nginx(
    shipped => 1,
    tls  => $tls,
    http => <<'END',
log_format all '$remote_addr [$time_local] "$request" $status "$http_referer" $notify_stream '
    '$notify_subject $notify_event_id $notify_entry_id $notify_resume $notify_close_reason';
END
);

# A token that would be recognised anywhere: the signature of the real one, and a word.
my $token  = jwt(JWT_SECRET, {sub => 'logged'});
my $secret = (split /\./, $token)[2];
my $word   = 'SECRETWORD';
my $path   = '/api/v1/external/notify/stream';

sub ask ($method, $target, @headers) {
    my $http = $t->http(timeout => 2);
    $http->send(NotifyTest::Http::compose($method, $target, headers => [@headers]));
    $http->read_until(qr/\r\n\r\n/, 2);
    $http->close;
    return;
}

my @targets = (
    # whose name is written in many ways
    (map { "$path?$_" } "token=$token", "x=1&token=$token&y=2", "TOKEN=$word", "token=$word",
        "Token=$word&tOkEn=$word", "api_key=$word", "API_KEY=$word&z", "token=$word&token=$word",
        "%74oken=$word", "tok%65n=$word", "token=%53%45CRETWORD$word", "token=$word#fragment",
        "a=token&token=$word", "token=$word%00", "&token=$word&", ";token=$word",
        "x=y?token=$word", "token=\"$word\"", "token=a\"$word"),
    # at other places
    "/nowhere?token=$word", "/status?token=$word", "/publish/test?message=a&token=$word",
    "/publish/test/?api_key=$word", "/?token=$word", "$path/?token=$word",
    "http://localhost$path?token=$word", "/%2e%2e/?token=$word", "/a/../../?token=$word",
);
for my $target (@targets) {
    ask('GET', $target);
    ask('GET', '/nowhere', Referer => "https://example.org$target");
    ask('POST', $target, 'Content-Length' => 99_999_999);
}
ask('GET', $path, Authorization => "Bearer $word");
ask('GET', "$path?token=$token", 'Last-Event-ID' => 'x' x 3000);

# Ends that nginx writes about in the error log: a client that leaves, a body that is cut.
for my $target ("$path?token=$token", "/nowhere?token=$word") {
    my $http = $t->http;
    $http->send("POST $target HTTP/1.1\r\nHost: x\r\nReferer: http://x/?token=$word\r\n"
        . "Content-Length: 50\r\n\r\nx");
    $http->close;
}
my $stream = $t->user_stream('logged');
$stream->close_stream;
$t->redis->stop;
ask('GET', "$path?token=$token");
ask('GET', "/api/v1/notify/health/ready?token=$word");
ask('POST', "/api/v1/internal/notify/publish?token=$word", 'Content-Length' => 0);
$t->redis->start;

# The same over HTTP/2.
my $port = $t->nginx->tls_port;
for my $target ("$path?token=$token", "/nowhere?token=$word", "/nowhere?API_key=$word") {
    $t->run(['curl', '-s', '--http2', '--cacert', $tls->ca, '--max-time', 1,
        '-e', "https://x/?token=$word", "https://localhost:$port$target"]);
}

wait_until(sub { $t->nginx->access_log =~ /API_key/ }, 3);
my ($access, $error) = ($t->nginx->access_log, $t->nginx->error_log);
sub lines_with ($log, $text) {
    return join "\n", grep { index(lc $_, lc $text) >= 0 } split /\n/, $log;
}


for (['access', $access], ['error', $error]) {
    my ($name, $log) = @$_;
    is(lines_with($log, $secret), '', "the signature of a token is not in the $name log");
    is(lines_with($log, $word),   '', "nor any value of token or api_key");
}
like($access, qr/"GET \Q$path\E\?x=1&token=[^&\s]*&y=2 HTTP/, 'the rest of the line is there');
like($access, qr/"https:\/\/example\.org\Q$path\E\?[^"]*"/, 'and the rest of the Referer');
like($access, qr{"POST /publish/test\?message=a&token=}, 'for every path');
like($error, qr/client prematurely closed|upstream|notify/, 'the error log has seen something');

$t->done;
