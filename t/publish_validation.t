# System 002: what a valid event is, and what each mistake is told.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving;
my @workers = $t->nginx->workers;

sub publish ($body, %option) {
    return $t->request('POST', '/api/v1/internal/notify/publish', body => $body, %option,
        headers => ['Content-Type' => 'application/json']);
}

# The text of a valid event, with members replaced, added, or (undef) left out.
sub event (%member) {
    my %raw = (type => '"note"', user_id => '"u"', data => '1', %member);
    my @names = grep { defined $raw{$_} } sort keys %raw;
    return '{' . join(',', map { qq("$_":$raw{$_}) } @names) . '}';
}

sub nested ($open, $levels, $close) { return $open x $levels . '1' . $close x $levels }

# ---- accepted ------------------------------------------------------------------------------------

my @accepted = (
    ['the least event',           event()],
    ["the README's event",
        '{"type":"report_ready","user_id":"123","data":{"file":"report.pdf"}}'],
    ['blanks between tokens',     qq( {\t"type" : "note",\r\n "user_id" : "u" ,"data" : 1 }\n)],
    ['data null',                 event(data => 'null')],
    ['data false',                event(data => 'false')],
    ['data an array',             event(data => '[1,[2,{"a":null}]]')],
    ['data a text',               event(data => '""')],
    ['64 levels of data',         event(data => '[' x 62 . ']' x 62)],
    ['a huge integer',            event(data => '18446744073709551617')],
    ['a huge exponent',           event(data => '1e999')],
    ['a lone surrogate',          event(data => '"\\ud800"')],
    ['an escaped NUL',            event(data => '"\\u0000"')],
    ['an escaped NUL in a name',  event(data => '{"\\u0000":1}')],
    ['a type of 64',              event(type => '"' . 'x' x 64 . '"')],
    ['a type of 64 characters',   event(type => '"' . "\xC3\xBC" x 64 . '"')],
    ['a type of 64 escapes',      event(type => '"' . '\\u00fc' x 64 . '"')],
    ['a permalink',               event(permalink => '"https://example.org/1"')],
    ['an empty permalink',        event(permalink => '""')],
    ['permalink null',            event(permalink => 'null')],
    ['persistent',                event(persistent => 'true')],
    ['not persistent',            event(persistent => 'false')],
    (map { ["persistent $_", event(persistent => $_)] }
        qw(1 0 1.0 0.0 "true" "True" "yes" "on" "t" "y" "1" "false" "no" "off" "f" "n" "0")),
    ['a member more',             event(extra => '{"a":1}')],
    ['the last of two members',   '{"type":1,"type":"note","user_id":"u","data":1}'],
);
for (@accepted) {
    my ($name, $body) = @$_;
    $t->answers("$name is accepted", publish($body), 202,
        qr/^\{"accepted":true,"id":"\d{13}-[0-9a-f]{8}"\}$/, 'Content-Type' => 'application/json');
}
my $plain = $t->request('POST', '/api/v1/internal/notify/publish', body => event());
$t->answers('no Content-Type is needed', $plain, 202);

# ---- refused -------------------------------------------------------------------------------------

sub detail ($type, $loc, $msg, $input, $ctx = undef) {
    my $text = qq({"type":"$type","loc":[$loc],"msg":"$msg","input":$input);
    $text .= qq(,"ctx":$ctx) if defined $ctx;
    return "$text}";
}

sub missing ($loc, $input) { return detail('missing', $loc, 'Field required', $input) }

sub no_text ($field, $input) {
    return detail('string_type', qq("body","$field"), 'Input should be a valid string', $input);
}

sub empty ($field) {
    return detail('string_too_short', qq("body","$field"),
        'String should have at least 1 character', '""', '{"min_length":1}');
}

sub too_long ($field, $input) {
    return detail('string_too_long', qq("body","$field"),
        'String should have at most 64 characters', $input, '{"max_length":64}');
}

sub no_object ($input) {
    return detail('model_attributes_type', '"body"',
        'Input should be a valid dictionary or object to extract fields from', $input);
}

sub no_boolean ($input) {
    return detail('bool_type', '"body","persistent"', 'Input should be a valid boolean', $input);
}

sub vague ($input) {
    return detail('bool_parsing', '"body","persistent"',
        'Input should be a valid boolean, unable to interpret input', $input);
}

my %without    = map { $_ => event($_ => undef) } qw(type user_id data);
my $type_of_65 = '"' . 'x' x 65 . '"';
my $huge       = '18446744073709551617';
my @all_three  = map { missing(qq("body","$_"), '{}') } qw(type user_id data);
my @refused    = (
    ['no body',                '',                              missing('"body"', 'null')],
    ['null',                   'null',                          missing('"body"', 'null')],
    ['a number',               '5',                             no_object('5')],
    ['a list',                 '[ 1, 2 ]',                      no_object('[1,2]')],
    ['a text',                 '"x"',                           no_object('"x"')],
    ['an empty object',        '{}',                            @all_three],
    (map { ["no $_", $without{$_}, missing(qq("body","$_"), $without{$_})] } sort keys %without),
    ['a type that is empty',   event(type => '""'),             empty('type')],
    ['a type of 65',           event(type => $type_of_65),      too_long('type', $type_of_65)],
    ['a type that is no text', event(type => '1'),              no_text('type', '1')],
    ['type null',              event(type => 'null'),           no_text('type', 'null')],
    ['an integer as user_id',  event(user_id => '7'),           no_text('user_id', '7')],
    ['a huge integer',         event(user_id => $huge),         no_text('user_id', $huge)],
    ['true as user_id',        event(user_id => 'true'),        no_text('user_id', 'true')],
    ['a list as user_id',      event(user_id => '["u"]'),       no_text('user_id', '["u"]')],
    ['user_id null',           event(user_id => 'null'),        no_text('user_id', 'null')],
    ['an empty user_id',       event(user_id => '""'),          empty('user_id')],
    ['a number as permalink',  event(permalink => '1'),         no_text('permalink', '1')],
    ['false as permalink',     event(permalink => 'false'),     no_text('permalink', 'false')],
    ['persistent null',        event(persistent => 'null'),     no_boolean('null')],
    ['persistent a list',      event(persistent => '[]'),       no_boolean('[]')],
    ['persistent 0.5',         event(persistent => '0.5'),      no_boolean('0.5')],
    ['persistent 2',           event(persistent => '2'),        vague('2')],
    ['persistent maybe',       event(persistent => '"maybe"'),  vague('"maybe"')],
    ['persistent empty',       event(persistent => '""'),       vague('""')],
    ['two mistakes at once',   event(type => '""', user_id => '1'),
        empty('type'), no_text('user_id', '1')],
);
for (@refused) {
    my ($name, $body, @details) = @$_;
    $t->answers("$name is 422", publish($body), 422, '{"detail":[' . join(',', @details) . ']}',
        'Content-Type' => 'application/json');
}

# ---- what is no JSON -----------------------------------------------------------------------------

my @invalid = (
    ['a word',                 'hello',                         0],
    ['a cut text',             '{"type":"no',                   undef],
    ['a comma too many',       '{"type":"note",}',              undef],
    ['single quotes',          "{'type':'note'}",               1],
    ['something behind',       event() . ' x',                  length(event()) + 1],
    ['NaN',                    event(data => 'NaN'),            undef],
    ['a leading zero',         event(data => '01'),             undef],
    ['invalid UTF-8',          event(data => "\"\xff\""),       undef],
    ['half a character',       event(data => "\"\xC3\""),       undef],
    ['an encoded surrogate',   event(data => "\"\xED\xA0\x80\""), undef],
    ['a raw NUL',              event(data => "\"\0\""),         undef],
    ['a NUL at the end',       event() . "\0",                  undef],
    ['a raw line end',         event(data => "\"\n\""),         undef],
    ['a raw tab',              event(data => "\"\t\""),         undef],
    ['an unknown escape',      event(data => '"\\x"'),          undef],
    ['a byte order mark',      "\xEF\xBB\xBF" . event(),        0],
    ['UTF-16',                 event() =~ s/(.)/$1\0/gr,        undef],
    ['blanks only',            "  \n",                          undef],
    ['100,000 open brackets',  event(data => '[' x 100_000),    undef],
    ['100,000 levels',         event(data => nested('[', 100_000, ']')), undef],
    ['100,000 objects',        event(data => nested('{"a":', 100_000, '}')), undef],
    ['1,001 levels',           event(data => nested('[', 1001, ']')), undef],
);
for (@invalid) {
    my ($name, $body, $position) = @$_;
    $position //= '\d+';
    my $text   = '"msg":"JSON decode error","input":{},"ctx":';
    my $detail = qr/\{"type":"json_invalid","loc":\["body",$position\],\Q$text\E/;
    $t->answers("$name is no JSON", publish($body), 422,
        qr/^\{"detail":\[$detail\{"error":"[^"]+"\}\}\]\}$/, 'Content-Type' => 'application/json');
}

# A user is part of a stream's name: what cannot be in one is told so.
for (['a NUL', '\\u0000'], ['a line end', 'a\\nb'], ['600 bytes', 'x' x 600],
    ['half a pair', '\\ud800'])
{
    my ($name, $user) = @$_;
    $t->answers("a user_id with $name is refused", publish(event(user_id => "\"$user\"")), qr/^4/,
        qr/^\{"detail":.+\}$/);
}

# What is refused is nowhere.
my @keys = $t->redis->keys;
is(scalar(grep { /[^ -~]/ } @keys), 0, 'no key came of a refused user');
is_deeply([$t->nginx->workers], \@workers, 'it is the same worker as before');
$t->done;
