# System 003: POST /api/streams/{stream}/messages, and who may.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->serving;
my $redis = $t->redis;

my @text = ('Content-Type' => 'text/plain; charset=utf-8', 'X-Content-Type-Options' => 'nosniff');

sub path_of ($stream) {
    return '/api/streams/' . $stream =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger
        . '/messages';
}

sub publish ($stream, $body, %option) {
    return $t->bearer('POST', path_of($stream), body => $body, %option);
}

sub last_data ($stream) {
    my $entry = $redis->cmd('XREVRANGE', $stream, '+', '-', 'COUNT', 1)->[0] or return;
    my ($field, $value, @more) = $entry->[1]->@*;
    return $field eq 'data' && !@more ? $value : undef;
}

# ---- who may -------------------------------------------------------------------------------------

my $path = '/api/streams/s/messages';
my @refused = (
    ['no header',              'Authorization header required', []],
    ['an empty header',        'Authorization header required', [Authorization => '']],
    ['another scheme',         'Invalid bearer token format',   [Authorization => 'Basic eDp5']],
    ['the token alone',        'Invalid bearer token format',   [Authorization => BEARER_TOKEN]],
    ['another case',           'Invalid bearer token format',
        [Authorization => 'bearer ' . BEARER_TOKEN]],
    ['the scheme alone',       'Invalid bearer token format',   [Authorization => 'Bearer']],
    ['another token',          'Invalid bearer token',          [Authorization => 'Bearer x']],
    ['a prefix of the token',  'Invalid bearer token',
        [Authorization => 'Bearer ' . substr BEARER_TOKEN, 0, -1]],
    ['something behind it',    'Invalid bearer token',
        [Authorization => 'Bearer ' . BEARER_TOKEN . 'x']],
    ['a token of 4 kB',        'Invalid bearer token',
        [Authorization => 'Bearer ' . 'x' x 4000]],
    ['bytes that are no text', 'Invalid bearer token',
        [Authorization => "Bearer \xff\xfe"]],
    ['two blanks',             'Invalid bearer token',
        [Authorization => 'Bearer  ' . BEARER_TOKEN]],
);
for (@refused) {
    my ($name, $message, $headers) = @$_;
    $t->answers("$name: $message", $t->request('POST', $path, headers => $headers, body => '{'),
        401, "$message\n", @text, 'WWW-Authenticate' => 'Bearer');
}
is($t->request('POST', $path, headers => [map { (Authorization => 'Bearer ' . BEARER_TOKEN) } 1, 2],
    body => '{"data":1}')->status, 400, 'the header twice is refused by nginx');
is($redis->cmd('EXISTS', 's'), 0, 'nothing was published');

# ---- paths and methods, told without a token -----------------------------------------------------

for my $unknown ('/api/streams', '/api/streams/', '/api/streams/s', '/api/streams/s/message',
    '/api/streams/s/messages/', '/api/streams//messages', '/api/streams/a/b/messages',
    '/api//streams/s/messages', '/api/streams/s/x/../messages', '/api/streams%2Fs%2Fmessages',
    '/api/events/x', '/api/consumers', '/api/messages', '/admin/', '/admin/x/y')
{
    $t->answers("$unknown is 404", $t->request('POST', $unknown, body => '{"data":1}'), 404,
        "404 page not found\n", @text);
}
for my $method (qw(GET HEAD PUT DELETE PATCH OPTIONS)) {
    $t->answers("$method is 405", $t->request($method, $path), 405,
        $method eq 'HEAD' ? '' : "Method Not Allowed\n", @text, Allow => 'POST');
}

# ---- what is stored ------------------------------------------------------------------------------

my @values = (
    '1', '0', '-0', '1.0', '1E+5', '1e999', '-1.50', '18446744073709551617', '9' x 400,
    'null', 'true', 'false', '""', '"text"', '"<>&"', '"\u003c\/\ud83d\ude00\ud800\u0000"',
    "\"\xf0\x9f\x98\x80\x7f\"", '[]', '{}', '{"b":1,"a":2,"b":3}', "{ \"a\" :\n\t[ 1 ,\r\n2 ] }",
    '{"":{"":[[]]}}', '{"\u0000":1}', '[' x 500 . ']' x 500, '"' . 'x' x 100_000 . '"',
);
for my $value (@values) {
    my $name   = substr($value, 0, 40) =~ s/\s+/ /gr;
    my $answer = publish('s', qq({"data":$value}));
    my $id     = $redis->cmd('XREVRANGE', 's', '+', '-', 'COUNT', 1)->[0][0];
    $t->answers("$name is published", $answer, 201,
        qq({"id":"$id","status":"ok","stream":"s"}\n), 'Content-Type' => 'application/json');
    is(last_data('s'), $value, "$name is stored as it was sent");
}

my @bodies = (
    ['white space around it',      " \n{ \"data\" : 1 }\t\r\n",        '1'],
    ['something behind it',        '{"data":2}}] x',                   '2'],
    ['a second value behind it',   '{"data":3}{"data":4}',             '3'],
    ['NUL behind it',              qq({"data":4}\0),                   '4'],
    ['other members',              '{"x":[{}],"data":5,"y":"data"}',   '5'],
    ['the member twice',           '{"data":6,"data":7}',              '7'],
    ['an escaped name',            '{"\u0064ata":8}',                  '8'],
);
for (@bodies) {
    my ($name, $body, $data) = @$_;
    $t->answers($name, publish('s', $body), 201);
    is(last_data('s'), $data, "$name: its value counts");
}
for my $type ('text/plain', 'application/x-www-form-urlencoded', 'nonsense') {
    $t->answers("Content-Type $type", publish('s', '{"data":1}', headers => ['Content-Type' => $type]),
        201);
}
$t->answers('in chunks', publish('s', ['{"da', 'ta":"ch', 'unks"}'], chunked => 1), 201);
is(last_data('s'), '"chunks"', 'in chunks: all of it');

# ---- names ---------------------------------------------------------------------------------------

for my $stream ('a/b', 'a%2Fb', 'a b+c', "\xc3\xbc", '{t}x', '"q"\\', '?#&=;:@', 'messages', '..x',
    '%', '*', 'x/../../../y', 'x' x 512, "\xf0\x9f\x98\x80")
{
    my $name = substr $stream, 0, 20;
    my $quoted = $stream =~ s/(["\\])/\\$1/gr;
    my $answer = publish($stream, '{"data":1}');
    if ($stream =~ m{/\.\./}) {
        is($answer->status, 404, "$name: nginx resolves it, and nothing is there");
        next;
    }
    $t->answers("$name is a stream", $answer, 201, qr/,"stream":"\Q$quoted\E"\}\n\z/);
    is($redis->cmd('XLEN', $stream), 1, "$name is its key");
}
for my $row (['not UTF-8', "\xff", 400], ['half a character', "a\xc3", 400],
    ['a line end', "a\nb", 400], ['DEL', "\x7f", 400], ['too long', 'x' x 513, 400],
    ['a surrogate', "\xed\xa0\x80", 400])
{
    my ($name, $stream, $status) = @$row;
    $t->answers("a name that is $name", publish($stream, '{"data":1}'), $status,
        qr/^Invalid stream name: .+\n\z/, @text);
}
is(publish("a\0b", '{"data":1}')->status, 400, 'NUL in a path is refused by nginx');

# ---- bad input -----------------------------------------------------------------------------------

my @bad = (
    ['no body',                 '',                       'the body is empty'],
    ['blanks',                  "  \n",                   'Expecting value'],
    ['null',                    'null',                   ''],
    ['an array',                '[1]',                    ''],
    ['a text',                  '"data"',                 ''],
    ['a number',                '1',                      ''],
    ['no data',                 '{}',                     'data: Field required'],
    ['other members only',      '{"Data":1,"DATA":2}',    'data: Field required'],
    ['half an object',          '{"data":1',              'delimiter'],
    ['a name alone',            '{"data"}',               'delimiter'],
    ['no value',                '{"data":}',              'Expecting value'],
    ['a comma too many',        '{"data":1,}',            'property name'],
    ['single quotes',           "{'data':1}",             'property name'],
    ['no quotes',               '{data:1}',               'property name'],
    ['NaN',                     '{"data":NaN}',           'Expecting value'],
    ['Infinity',                '{"data":-Infinity}',     'Expecting value'],
    ['a zero in front',         '{"data":01}',            'delimiter'],
    ['a plus sign',             '{"data":+1}',            'Expecting value'],
    ['hexadecimal',             '{"data":0x1}',           'delimiter'],
    ['a bare fraction',         '{"data":.5}',            'Expecting value'],
    ['a fraction without end',  '{"data":1.}',            'delimiter'],
    ['an exponent without end', '{"data":1e}',            'delimiter'],
    ['TRUE',                    '{"data":TRUE}',          'Expecting value'],
    ['half a literal',          '{"data":tru}',           'Expecting value'],
    ['a comment',               '{"data":/*x*/1}',        'Expecting value'],
    ['an open string',          '{"data":"x}',            'Unterminated'],
    ['a line end in a string',  qq({"data":"a\nb"}),      'control character'],
    ['NUL in a string',         qq({"data":"a\0b"}),      'control character'],
    ['NUL in front',            qq(\0{"data":1}),         'Expecting value'],
    ['a bad escape',            '{"data":"\x"}',          'escape'],
    ['half an escape',          '{"data":"\u12"}',        'escape'],
    ['invalid UTF-8',           qq({"data":"\xff"}),      'UTF-8'],
    ['an overlong character',   qq({"data":"\xc0\xaf"}),  'UTF-8'],
    ['a surrogate in UTF-8',    qq({"data":"\xed\xa0\x80"}), 'UTF-8'],
    ['a byte order mark',       qq(\xef\xbb\xbf{"data":1}), 'Expecting value'],
    ['UTF-16',                  join('', map { "$_\0" } split //, '{"data":1}'), ''],
    ['too deep',                '{"data":' . '[' x 1000 . ']' x 1000 . '}', 'Nesting'],
    ['100,000 brackets',        '[' x 100_000,            'Nesting'],
    ['brackets that differ',    '{"data":[}]}',           ''],
);
my $before = $redis->cmd('XLEN', 's');
for (@bad) {
    my ($name, $body, $says) = @$_;
    $t->answers("$name: Invalid JSON", publish('s', $body), 400,
        qr/^Invalid JSON: [^\n]*\Q$says\E[^\n]*\n\z/, @text);
}
for my $size (1024 * 1024 + 1, 10 * 1024 * 1024) {
    $t->answers("$size bytes", publish('s', '{"data":"' . 'x' x ($size - 11) . '"}'), 413,
        "Request body is too large\n", @text);
    $t->answers("$size bytes in chunks",
        publish('s', ['{"data":"', ('x' x 65_536) x ($size / 65_536), '"}'], chunked => 1), 413,
        "Request body is too large\n", @text);
}
is($redis->cmd('XLEN', 's'), $before, 'none of that was published');
$t->answers('1 MB to the byte', publish('s', '{"data":"' . 'x' x (1024 * 1024 - 11) . '"}'), 201);

$redis->cmd('SET', 'text', 'x');
$t->answers('a key of another type', publish('text', '{"data":1}'), 500,
    qr/^Failed to publish: .*WRONGTYPE.*\n\z/, @text);

# ---- Redis away ----------------------------------------------------------------------------------

$redis->stop;
$t->answers('Redis away', publish('s', '{"data":1}'), 503, qr/^Failed to publish: .+\n\z/, @text,
    'Retry-After' => '1');

$t->done;
