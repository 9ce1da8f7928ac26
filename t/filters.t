# A stream's head and first bytes come at once, and each event as it is published, whatever filters
# of nginx's are on. So do the frames of a WebSocket.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::WebSocket;

my $t   = NotifyTest->new;
my $tls = $t->make_tls;
$t->start_redis;

my %filters = (
    ssi      => 'ssi on; ssi_types *;',
    sub      => 'sub_filter_types *; sub_filter_once off; sub_filter event EVENT; sub_filter data: x;',
    gzip     => 'gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any; gzip_http_version 1.0;',
    addition => 'add_before_body /text; add_after_body /text; addition_types *;',
    charset  => 'charset utf-8; charset_types *;',
    recode   => 'charset koi8-r; source_charset utf-8; charset_types *;',
    gunzip   => 'gunzip on;',
    ranges   => 'max_ranges 1; etag on; if_modified_since before;',
    postpone => 'postpone_output 65536; sendfile on; tcp_nopush on;',
    all      => 'ssi on; ssi_types *; sub_filter_types *; sub_filter a b; gzip on; gzip_types *;
                 add_before_body /text; addition_types *; charset utf-8; charset_types *; gunzip on;',
);
my $locations = join '', map {
    "location = /$_ { $filters{$_} add_header X-Filter $_; notify_keepalive off; notify_subscribe s; }\n"
        . "location = /${_}_queue { $filters{$_} notify_keepalive off; notify_consume q g; }\n"
} sort keys %filters;
$t->start_nginx(tls => $tls, http => "notify_redis env:REDIS_URL;\ncharset_map koi8-r utf-8 { 80 E29480; }\n",
    server => $locations . <<'END');
    location = /text { default_type text/plain; return 200 text; }
    location = /publish { notify_field n string in=query; notify_publish s; notify_entry n $notify_field_n; }
END

sub publish ($text) {
    return $t->request('POST', '/publish?n=' . join '', map { sprintf '%%%02x', ord } split //, $text);
}

for my $name (sort keys %filters) {
    for my $encoding ('identity', 'gzip') {
        my $stream = $t->stream(path => "/$name", keep_raw => 1, reconnect => 0,
            headers => ["Accept-Encoding: $encoding"]);
        ok($stream->wait_open(3), "$name, $encoding: the head comes at once") or next;
        my $answer = $stream->response;
        is($answer->header('X-Filter'), $name, '... through the filters of heads');
        is($answer->header('Content-Encoding'), undef, '... and not compressed');
        # What a filter could take for the beginning of something, or change.
        for my $text ('<!--# echo', 'event data: <', '<!--', "\x{448}", 'even') {
            utf8::encode(my $bytes = $text);
            my $before = $stream->count;
            publish($bytes);
            my ($event) = ($stream->wait_events($before + 1, 4))[-1];
            is($event && $event->{data}, qq({"n":"$bytes"}), '... and an event, as it is');
        }
        $stream->cut;
    }
    my $http = $t->http(timeout => 3);
    $http->send(NotifyTest::Http::compose('GET', "/${name}_queue"));
    like($http->read_until(qr/\r\n\r\n/, 3), qr{^HTTP/1.1 200}, "$name: a consumer's head");
    $http->close;
    my $socket = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port, path => "/$name");
    ok($socket->wait_open, "$name: a WebSocket opens");
    my $count = $socket->messages;
    publish('a data: event');
    my @messages = $socket->wait_messages($count + 1);
    like($messages[-1] // '', qr/"data":\{"n":"a data: event"\}/, '... and has its message');
    $socket->cut;
}

# HTTP/2 and HTTP/1.0 frame a response in other ways.
for my $how ('--http2', '--http1.0') {
    my $log    = "$t->{dir}/curl$how.out";
    my $client = NotifyTest::Process->start(name => "curl$how", log => $log,
        command => ['curl', '-sSNv', '--cacert', $tls->ca, $how, 'https://localhost:' . $t->nginx->tls_port . '/all']);
    ok($client->wait_output(qr/^< HTTP\S+ 200/m, 5), "$how: the head");
    publish('by curl');
    ok($client->wait_output(qr/data: \{"n":"by curl"\}\n/, 5), '... and an event') or diag $client->output;
    $client->stop;
}

is($t->request('HEAD', '/all')->status, 200, 'HEAD has its head');
$t->done;
