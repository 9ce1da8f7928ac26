# Conditions, ranges and codings of HTTP are about files. What an operation does and answers is the
# same with them as without (RFC 9110, 13.2.1).

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->serving(edit => {'gzip off;' => 'gzip on; gzip_min_length 0; gzip_types *;'});
my $redis = $t->redis;
my $key   = $t->make_key('alice');
my $token = jwt(JWT_SECRET, {sub => 'u'});

my @conditions = (
    ['If-None-Match: *',              'If-None-Match' => '*'],
    ['If-None-Match with a tag',      'If-None-Match' => 'W/"abc", "def"'],
    ['If-Match: *',                   'If-Match' => '*'],
    ['If-Match with a tag',           'If-Match' => '"abc"'],
    ['If-Modified-Since',             'If-Modified-Since' => 'Fri, 01 Jan 2038 00:00:00 GMT'],
    ['If-Unmodified-Since',           'If-Unmodified-Since' => 'Thu, 01 Jan 1970 00:00:01 GMT'],
    ['all of them', 'If-Match' => '"a"', 'If-None-Match' => '*',
        'If-Modified-Since' => 'Fri, 01 Jan 2038 00:00:00 GMT',
        'If-Unmodified-Since' => 'Thu, 01 Jan 1970 00:00:01 GMT'],
    ['Range',                         'Range' => 'bytes=0-3'],
    ['Range and If-Range',            'Range' => 'bytes=0-3', 'If-Range' => '"abc"'],
    ['ranges that are no bytes',      'Range' => 'entries=1-2', 'Accept-Ranges' => 'none'],
    ['TE and Accept-Encoding',        'TE' => 'trailers, gzip', 'Accept-Encoding' => 'identity'],
    ['another method in a header',    'X-HTTP-Method-Override' => 'DELETE', 'X-HTTP-Method' => 'PUT',
        'X-Method-Override' => 'PATCH'],
);

# A request, and what it left behind in Redis.
my $length = sub ($stream) { sub { $redis->cmd('XLEN', $stream) } };
my @bearer = (Authorization => 'Bearer ' . BEARER_TOKEN);
my @key    = (Authorization => "Bearer $key");
my $event  = '{"type":"t","user_id":"u","data":1,"persistent":true}';
my @operations = (
    ['publish',       'POST', '/api/v1/internal/notify/publish', body => $event, after => $length->('user:u')],
    ['an alert',      'PUT',  '/alerts/g', headers => \@key, body => '{"message":"m"}', after => $length->('alerts:g')],
    ['a stream',      'POST', '/api/streams/s/messages', headers => \@bearer, body => '{"data":1}', after => $length->('s')],
    ['a batch',       'POST', '/api/streams/s/messages/batch', headers => \@bearer, body => '{"messages":[1]}', after => $length->('s')],
    ['environment',   'POST', '/publish/uat?message=m', signed => 1, after => $length->('uat_stream')],
    ['status',        'GET',  '/status/uat', signed => 1],
    ['history',       'GET',  "/api/v1/external/notify/history?token=$token&limit=1"],
    ['live',          'GET',  '/api/v1/notify/health/live'],
    ['ready',         'GET',  '/api/v1/notify/health/ready'],
    ['figures',       'GET',  '/metrics'],
    ['ping',          'GET',  '/admin/ping', headers => \@bearer],
    ['streams',       'GET',  '/admin/streams', headers => \@bearer],
    ['reminders',     'POST', '/internal/reminder/run_once', signed => 1],
    ['clear',         'DELETE', '/clear/uat', signed => 1, after => $length->('uat_stream')],
);

sub ask ($operation, @more) {
    my (undef, $method, $path, %option) = @$operation;
    my @headers = ($option{signed} ? signed_headers(API_TOKEN)->@* : (), ($option{headers} // [])->@*, @more);
    return $t->request($method, $path, headers => \@headers, body => $option{body});
}

for my $operation (@operations) {
    my ($name, undef, undef, %option) = @$operation;
    my $plain = ask($operation);
    my $type  = $plain->header('Content-Type');
    cmp_ok($plain->status, '<', 300, "$name is done") or diag $plain->head;
    for (@conditions) {
        my ($what, @headers) = @$_;
        my $before = $option{after} ? $option{after}->() : 0;
        $redis->cmd('XADD', 'uat_stream', '*', 'message', 'x') if $name eq 'clear';
        my $answer = ask($operation, @headers);
        is(join(' ', $answer->status, $answer->header('Content-Type') // ''), join(' ', $plain->status, $type),
            "$name: $what: the same answer") or diag $answer->head;
        cmp_ok(length $answer->body, '>', 0, '... whole');
        next if !$option{after};
        is($option{after}->(), $name eq 'clear' ? 0 : $before + 1, '... and done once');
    }
}

# A stream, too: it begins, whatever the client says that it has.
for (@conditions) {
    my ($what, @headers) = @$_;
    my @lines;
    push @lines, shift(@headers) . ': ' . shift @headers while @headers;
    my $stream = $t->user_stream('u', headers => \@lines, reconnect => 0);
    is($stream->response->status, 200, "a stream with $what");
    is(($stream->wait_events(1))[0]{type}, 'ready', '... begins');
    $stream->cut;
}

$t->done;
