# System 000: a signed publish becomes an entry of the environment's stream.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

use constant README_TOKEN => 'your-secret-token';

my $t = NotifyTest->serving(env => {API_TOKEN => README_TOKEN});
my $redis = $t->redis;

# ---- the README's own example, unchanged but for the port ----------------------------------------

my $port    = $t->nginx->port;
my $example = $t->read_file("$FindBin::Bin/examples/publish.py");
is($example =~ s/localhost:10000/localhost:$port/, 1, 'the example names its server once');
$t->write_file("$t->{dir}/publish.py", $example);
my ($status, $output) = $t->run(['/usr/bin/python3', "$t->{dir}/publish.py"]);
is($status, 0, "the README's Python example runs");
like($output, qr/^Status code: 200$/m, 'and prints 200');
my ($id) = $output =~ /^Response: \{'status': 'success', 'message_id': '(\d+-\d+)'\}$/m;
ok($id, 'and the id of the entry') or diag $output;
is_deeply(
    [$redis->entries('test_stream')],
    [[$id, {message => 'Hello from Python client!'}]],
    'the entry stands in test_stream with the one field message',
);

# ---- what a message may be -----------------------------------------------------------------------

sub publish ($path, %option) {
    return $t->request('POST', $path, %option, headers => signed_headers(README_TOKEN));
}

sub last_message ($stream) {
    my ($entry) = reverse $redis->entries($stream);
    return $entry->[1]{message};
}

my @messages = (
    ['a word',           'message=hello',                   'hello'],
    ['a plus as blank',  'message=a+b',                     'a b'],
    ['an encoded plus',  'message=a%2Bb',                   'a+b'],
    ['nothing',          'message=',                        ''],
    ['no equals sign',   'message',                         ''],
    ['UTF-8',            'message=%C3%BC%F0%9F%98%80',      "\xC3\xBC\xF0\x9F\x98\x80"],
    ['lines',            'message=a%0D%0Ab',                "a\r\nb"],
    ['separators',       'message=a%26b%3Dc;d',             'a&b=c;d'],
    ['quotes',           'message=%22%5C%22',               '"\\"'],
    ['a NUL',            'message=a%00b',                   "a\0b"],
    ['a broken escape',  'message=100%',                    '100%'],
    ['other arguments',  'x=1&message=yes&y=2&messages=no', 'yes'],
    ['the last of two',  'message=first&message=second',    'second'],
    ['an encoded name',  'm%65ssage=named',                 'named'],
    ['four thousand',    'message=' . 'x' x 4000,           'x' x 4000],
);
for (@messages) {
    my ($name, $query, $message) = @$_;
    my $answer = publish("/publish/test?$query");
    $t->answers("$name is accepted", $answer, 200,
        qr/^\{"status":"success","message_id":"\d+-\d+"\}$/, 'Content-Type' => 'application/json');
    is(last_message('test_stream'), $message, "$name arrives as it was meant");
}

my $before = $redis->cmd('XLEN', 'test_stream');
$t->answers('a body is ignored',
    publish('/publish/test?message=query', body => '{"message":"body"}'), 200);
is(last_message('test_stream'), 'query', 'and the query counts');
is($redis->cmd('XLEN', 'test_stream'), $before + 1, 'once');

for my $environment (qw(dev uat prod)) {
    my $answer = publish("/publish/$environment?message=to-$environment");
    is_deeply(
        [$redis->entries("${environment}_stream")],
        [[$answer->json->{message_id}, {message => "to-$environment"}]],
        "$environment has a stream of its own",
    );
}

# ---- what is refused -----------------------------------------------------------------------------

my $missing = '{"detail":[{"type":"missing","loc":["query","message"],"msg":"Field required",'
    . '"input":null}]}';
$t->answers('no message is 422', publish('/publish/test'), 422, $missing,
    'Content-Type' => 'application/json');
$t->answers('a message in the body only is 422',
    publish('/publish/test', body => '{"message":"x"}'), 422, $missing);
$t->answers('an unknown environment is 400', publish('/publish/nowhere?message=x'), 400,
    '{"detail":"Publish failed"}');
$t->answers('names are exact', publish('/publish/TEST?message=x'), 400,
    '{"detail":"Publish failed"}');
is($redis->cmd('XLEN', 'test_stream'), $before + 1, 'nothing of that reaches the stream');
is($redis->cmd('EXISTS', 'nowhere_stream', 'TEST_stream'), 0, 'and none is made');

# ---- connections ---------------------------------------------------------------------------------

my $http = $t->http;
my $sum  = 0;
for my $number (1 .. 20) {
    my $answer = $http->request('POST', "/publish/test?message=$number",
        headers => signed_headers(README_TOKEN), $number % 2 ? (body => 'x' x 1000) : ());
    $sum += $answer->status == 200;
}
is($sum, 20, 'one connection carries many requests, with and without a body');

# Requests sent ahead of the answers are answered in order.
my $ahead = join '', map {
    NotifyTest::Http::compose('POST', "/publish/test?message=ahead$_",
        headers => signed_headers(README_TOKEN))
} 1 .. 5;
$http->send($ahead);
my @ids = map { $http->receive->json->{message_id} } 1 .. 5;
my %message = map { $_->[0] => $_->[1]{message} } $redis->entries('test_stream');
is(join(' ', @message{@ids}), join(' ', map { "ahead$_" } 1 .. 5),
    'so do pipelined ones, in order');

# Redis holds what is no stream: the answer says so, and the next one is not disturbed.
$redis->cmd('DEL', 'uat_stream');
$redis->cmd('SET', 'uat_stream', 'text');
$t->answers('a key of another type is 500', publish('/publish/uat?message=x'), 500,
    qr/^\{"detail":".+"\}$/);
$t->answers('while others go on', publish('/publish/dev?message=x'), 200);

$t->done;
