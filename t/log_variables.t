# Every variable of the module is safe in every log, map and condition: for requests that the module
# never saw, that nginx refused before it looked for a location, and that belong to another request.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my @text = qw(stream subject member entry_id short_id event_id item count body resume close_reason
    claim_sub field_name json_name path_name quoted_name);
my $all = join ' ', map { "$_=[\$notify_$_]" } @text, qw(time time_utc request_id);

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;
my $root = $t->dir . '/files';
mkdir $root, 0755;
$t->write_file("$root/static.txt", "static\n");
$t->write_file("$root/page.shtml",
    qq{<!--#include virtual="/off" --><!--#include virtual="/history" -->}
        . qq{<!--#include virtual="/nowhere" --><!--#echo var="notify_stream" default="none" -->});
$t->start_nginx(
    tls  => $tls,
    http => <<"END",
notify_redis env:REDIS_URL;
map "\$notify_stream\$notify_close_reason\$notify_claim_x" \$mapped { default other; '' none; }
map \$notify_request_id \$traced { default 1; '' 0; }
log_format all '\$status "\$request" mapped=\$mapped $all';
access_log logs.txt all if=\$traced;
log_subrequest on;
client_header_timeout 1s;
lingering_close off;
large_client_header_buffers 2 1k;
limit_req_zone \$notify_subject\$server_name zone=slow:64k rate=1r/m;
server {
    listen 127.0.0.1:@{[free_port()]} default_server;
    server_name nothing;
    return 204;
}
END
    server => <<"END",
root $root;
# In the earliest phase, too.
set \$early "\$notify_stream\$notify_time\$notify_field_name\$notify_path_name\$notify_claim_sub";
if (\$notify_resume = never) { return 500; }
error_page 404 /errors/404;
add_header X-Request-ID \$notify_request_id always;
add_header X-Early "[\$notify_stream\$notify_close_reason]";

location /static.txt { }
location /errors/ { internal; return 404 "none here\\n"; }
location = /error_page { error_page 403 \@named; deny all; }
location \@named { return 403 "named\\n"; }
location = /rewritten { rewrite ^ /static.txt last; }
location = /tried { try_files /missing /static.txt =404; }
location = /dir/ { index missing.html; }
location = /return { return 200 "\$notify_stream|\$notify_event_id\\n"; }
location = /limited { limit_req zone=slow; }
location = /guarded { auth_request /allowed; try_files /static.txt =404; }
location = /forbidden { auth_request /denied; try_files /static.txt =404; }
location = /allowed { internal; return 204; }
location = /denied { internal; return 401; }
location = /mirrored { mirror /mirror; try_files /static.txt =404; }
location = /mirror { internal; notify_publish mirrored method=GET|POST; notify_entry name x; }
location = /page.shtml { ssi on; default_type text/html; }
location = /off { notify_auth off; notify_request_id off; return 200 "off\\n"; }
location = /history { notify_history news; }
location = /proxied { proxy_pass http://127.0.0.1:@{[$t->{closed} = free_port()]}; }
location = /stub { stub_status; }
location = /publish {
    notify_field name string;
    notify_publish news;
    notify_entry name \$notify_field_name;
}
location = /stream { notify_subscribe news; }
END
);

my $log   = $t->nginx->dir . '/logs.txt';
my $given = 'a-request-of-the-test';

# The newest lines that have $pattern, once there are so many of them.
sub lines ($pattern, $count = 1) {
    my @lines;
    my $look = sub { (@lines = grep { /$pattern/ } split /\n/, $t->read_file($log)) >= $count };
    wait_until($look, 10);
    return @lines[-$count .. -1] if @lines >= $count;
    diag("no $count lines with $pattern");
    return ('') x $count;
}

my %absent = map { $_ => 1 } @text;

# Everything is empty but what $but names, and the request has an id.
sub plain ($line, $name, @but) {
    my %value = $line =~ /(\w+)=\[([^\]]*)\]/g;
    my %said  = map { $_ => 1 } @but;
    my @wrong = map { "$_=$value{$_}" } grep { !$said{$_} && $value{$_} ne '-' } sort keys %absent;
    return is("@wrong", '', "$name: no variable says anything")
        && like($value{request_id}, qr/^(?:[0-9a-f]{32}|\Q$given\E)$/, "$name: it has an id");
}

# ---- requests that the module never saw ------------------------------------------------------------

my %plain = (
    '/static.txt' => 200, '/nowhere' => 404, '/error_page' => 403, '/rewritten' => 200,
    '/tried' => 200, '/dir/' => 404, '/return' => 200, '/guarded' => 200, '/forbidden' => 401,
    '/proxied' => 502, '/stub' => 200, '/errors/404' => 404,
);
for my $path (sort keys %plain) {
    for my $method (qw(GET HEAD)) {
        my $answer = $t->request($method, "$path?$method");
        is($answer->status, $plain{$path}, "$method $path");
        my ($line) = lines(qr/"$method \Q$path\E\?$method HTTP/);
        plain($line, "$method $path");
        my ($id) = $line =~ /request_id=\[([^\]]*)\]/;
        is($answer->header('X-Request-ID'), $id, "$method $path: answer and log have the same id")
            unless $path eq '/stub';
        like($line, qr/ mapped=none /, "$method $path: and a map may use them");
    }
}
is($t->request('GET', '/limited')->status, 404, 'a limit by a variable that is empty') for 1;
is($t->request('GET', '/return')->body, "|\n", 'empty in an answer');

my $kept = $t->request('GET', '/static.txt', headers => ['X-Request-ID' => $given]);
is($kept->header('X-Request-ID'), $given, 'a static file of a request that has an id');
like((lines(qr/request_id=\[\Q$given\E\]/))[0], qr/static\.txt/, 'logged under it');

# ---- requests that nginx does not understand -------------------------------------------------------

my @broken = (
    ["NONSENSE\r\n\r\n", 400, qr/"NONSENSE"/],
    ["GET\r\n\r\n", 400, qr/"GET"/],
    ["GET /x HTTP/9.9\r\n\r\n", 505, qr/HTTP\/9\.9/],
    ["GET /no-host HTTP/1.1\r\n\r\n", 400, qr/no-host/],
    ["GET /bad-host HTTP/1.1\r\nHost: a b/\r\n\r\n", 400, qr/bad-host/],
    ["GET /two-hosts HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, qr/two-hosts/],
    ["GET /length HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, qr/length/],
    ["POST /transfer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n", 501, qr/transfer/],
    ["GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, qr/%00/],
    ["GET /../../up HTTP/1.1\r\nHost: a\r\n\r\n", 400, qr/\.\.\/up/],
    ["GET /line?" . 'x' x 2000 . " HTTP/1.1\r\nHost: a\r\n\r\n", 414, qr/414 /],
    ["GET /header HTTP/1.1\r\nHost: a\r\nX-Request-ID: $given\r\nX: " . 'x' x 2000 . "\r\n\r\n", 400,
        qr/header HTTP/],
    ["TRACE /trace HTTP/1.1\r\nHost: a\r\n\r\n", 405, qr/trace/],
    ["CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405, qr/CONNECT/],
    ["\x16\x03\x01\x02\x00\x01\x00", 400, qr/x16/],
    ["GET /early HTTP/0.9\r\n\r\n", 505, qr/early/],
);
for (@broken) {
    my ($bytes, $status, $pattern) = @$_;
    my $http = $t->http(timeout => 5);
    $http->send($bytes);
    $http->closed_within(5);
    my ($line) = lines($pattern);
    my $name = substr($bytes, 0, 30) =~ s/[^ -~]+/ /gr;
    like($line, qr/^4\d\d|^50[15]/, "$name: refused");
    plain($line, $name);
}

# Before there is a line of a request, and after half of one.
my $old = $t->http;
$old->send("GET /nine\r\n");
$old->closed_within(5);
plain((lines(qr/"GET \/nine"/))[0], 'HTTP/0.9');
my $slow = $t->http;
$slow->send("GET /half HTTP/1.1\r\nHost: a\r\n");
$slow->closed_within(10);
plain((lines(qr/^408 "GET \/half/))[0], 'a client that is too slow');
my $gone = $t->http;
$gone->send("POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{");
$gone->close;
plain((lines(qr/"POST \/publish/))[0], 'a client that left');

# ---- requests that belong to another one -----------------------------------------------------------

my $id = 'mirrored-by-the-test';
is($t->request('GET', '/mirrored', headers => ['X-Request-ID' => $id])->status, 200, 'a mirror');
my ($main, $sub) = lines(qr/request_id=\[$id\]/, 2);
like("$main$sub", qr/stream=\[mirrored\]/, 'the mirror knows its stream');
like("$main$sub", qr/stream=\[-\]/, 'the request that is mirrored knows none');

$id = 'ssi-of-the-test';
my $page = $t->request('GET', '/page.shtml', headers => ['X-Request-ID' => $id]);
like($page->body, qr/^off\n\{"events":\[\]\}.*none$/s, 'subrequests of a page');
my @ssi = lines(qr/request_id=\[$id\]/, 4);
is(scalar(grep { /stream=\[-\]/ } @ssi), 3, 'those that are not the module\'s say nothing');
is(scalar(grep { /stream=\[news\]/ } @ssi), 1, 'the one that is says what it read');

# ---- HTTP/2 ----------------------------------------------------------------------------------------

my $port = $t->nginx->tls_port;
for my $path ('/static.txt', '/nowhere', '/return', '/error_page', '/guarded', '/%00') {
    $t->run(['curl', '-s', '--http2', '--cacert', $tls->ca, '-H', "X-Request-ID: $given",
        "https://localhost:$port$path?h2"]);
    my $request = $path eq '/%00' ? qr/^400 "[^"]?"/ : qr/\Q$path\E\?h2 HTTP\/2/;
    plain((lines($request))[0], "HTTP/2 $path");
}
my $both = $t->http(port => $port);
$both->send("GET /cleartext HTTP/1.1\r\nHost: a\r\n\r\n");
$both->closed_within(5);
plain((lines(qr/cleartext/))[0], 'cleartext where TLS is spoken');

# ---- and those that it did see ---------------------------------------------------------------------

my $answer = $t->request('POST', '/publish', body => '{"name":"n"}');
is($answer->status, 200, 'a publish');
my ($line) = lines(qr/^200 "POST \/publish/);
like($line, qr/ stream=\[news\] .* entry_id=\[\d+-\d+\] .* field_name=\[n\] json_name=\[\S*22n\S*\] /,
    'says what it was');
like($line, qr/ time=\[2\d{3}-\S+\+00:00\] /, 'and when');

# What is off has no id, and no line where the condition asks for one.
is($t->request('GET', '/off')->header('X-Request-ID'), undef, 'no id where it is off');
lines(qr/static/);
is(scalar(grep { /"GET \/off / } split /\n/, $t->read_file($log)), 0, 'nor is it logged');

# Lines about a request have its id.
like($t->nginx->error_log,
    qr/"\/\S+nowhere" failed.*, client: \S+, server: , request: "GET \/nowhere/,
    'the error log is as it was for requests that are not the module\'s');

$t->done;
