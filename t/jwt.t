# System 002: the JSON Web Token that opens a stream.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

use MIME::Base64 qw(encode_base64url decode_base64url);
use NotifyTest::Credentials qw(jwt_from_text);

my $t    = NotifyTest->serving;
my $path = '/api/v1/external/notify/stream';
my $now  = time;

# The answer to a token: its head only, since a stream has no end.
sub ask ($query, @headers) {
    my $http = $t->http;
    $http->send(NotifyTest::Http::compose('GET', $path . $query, headers => \@headers));
    my $text = $http->read_until(qr/\r\n\r\n.+/s, 5);
    my $response = NotifyTest::Response->new;
    $response->feed($text);
    return $response;
}

sub opens ($name, @request) {
    my $response = ask(@request);
    return is($response->status, 200, "$name opens the stream");
}

sub refuses ($name, $detail, @request) {
    return $t->answers("$name: $detail", ask(@request), 401, qq({"detail":"$detail"}),
        'Content-Type' => 'application/json', 'WWW-Authenticate' => 'Bearer');
}

my $good = jwt(JWT_SECRET, {sub => 'u'});

# ---- where it stands -----------------------------------------------------------------------------

opens('a token in the query', "?token=$good");
opens('a token in the header', '', Authorization => "Bearer $good");
opens('the one in the query wins', "?token=$good", Authorization => 'Bearer wrong');
refuses('so does a wrong one in the query', 'Invalid token', '?token=wrong',
    Authorization => "Bearer $good");
opens('an escaped token', '?x=1&token=' . join '', map { sprintf '%%%02x', ord } split //, $good);
refuses('no token', 'Missing token', '');
refuses('an empty token', 'Missing token', '?token=');
refuses('an empty header', 'Missing token', '', Authorization => 'Bearer ');
refuses('another scheme', 'Missing token', '', Authorization => "Basic $good");

# ---- what it says --------------------------------------------------------------------------------

my @accepted = (
    ['no time claims',            {sub => 'u'}],
    ['exp ahead',                 {sub => 'u', exp => $now + 60}],
    ['exp as a fraction',         {sub => 'u', exp => $now + 60.5}],
    ['nbf and iat behind',        {sub => 'u', nbf => $now - 1, iat => $now - 1}],
    ['an issuer',                 {sub => 'u', iss => 'somebody'}],
    ['scopes',                    {sub => 'u', scopes => ['a', 'b']}],
    ['a user with odd letters',   {sub => "\x{fc} /:{}*?\x{1F600}"}],
    ['a nested claim',            {sub => 'u', x => {sub => 1}}],
);
opens($_->[0], '?token=' . jwt(JWT_SECRET, $_->[1])) for @accepted;

my @invalid = (
    ['expired',                   {sub => 'u', exp => $now - 1}],
    ['exp in 1970',               {sub => 'u', exp => 0}],
    ['exp is a text',             {sub => 'u', exp => '' . ($now + 60)}],
    ['exp is null',               {sub => 'u', exp => undef}],
    ['exp is true',               {sub => 'u', exp => JSON::PP::true}],
    ['nbf ahead',                 {sub => 'u', nbf => $now + 60}],
    ['nbf is a text',             {sub => 'u', nbf => 'x'}],
    ['iat ahead',                 {sub => 'u', iat => $now + 60}],
    ['iat is a list',             {sub => 'u', iat => []}],
    ['an audience',               {sub => 'u', aud => 'somebody'}],
    ['a list of audiences',       {sub => 'u', aud => ['a']}],
    ['a numeric sub',             {sub => 7}],
    ['sub is null',               {sub => undef}],
    ['sub is a list',             {sub => ['u']}],
    ['claims are a list',         ['sub', 'u']],
    ['claims are a text',         'sub'],
);
refuses($_->[0], 'Invalid token', '?token=' . jwt(JWT_SECRET, $_->[1])) for @invalid;

refuses('no sub',       'Invalid user claim', '?token=' . jwt(JWT_SECRET, {name => 'u'}));
refuses('an empty sub', 'Invalid user claim', '?token=' . jwt(JWT_SECRET, {sub => ''}));

# ---- how it is signed ----------------------------------------------------------------------------

my ($header, $claims, $signature) = split /\./, $good;
my $other = encode_base64url('{"sub":"somebody else"}');
my $user   = '{"sub":"u"}';
my $deep   = '{"sub":"u","x":' . '[' x 2000 . ']' x 2000 . '}';
sub signed_text ($head, $claims) { return jwt_from_text(JWT_SECRET, $head, $claims) }

my @forged = (
    ['another secret',            jwt('another secret', {sub => 'u'})],
    ['HS384',                     jwt(JWT_SECRET, {sub => 'u'}, header => {alg => 'HS384'})],
    ['HS512',                     jwt(JWT_SECRET, {sub => 'u'}, header => {alg => 'HS512'})],
    ['no algorithm',              jwt(JWT_SECRET, {sub => 'u'}, header => {alg => 'none'})],
    ['none with our signature',   signed_text('{"alg":"none"}', $user) . $signature],
    ['alg in lower case',         signed_text('{"alg":"hs256"}', $user) . $signature],
    ['no alg',                    signed_text('{"typ":"JWT"}', $user) . $signature],
    ['a critical extension',      signed_text('{"alg":"HS256","crit":["x"],"x":1}', $user)],
    ['no signature',              "$header.$claims."],
    ['a cut signature',           "$header.$claims." . substr $signature, 0, -2],
    ["another token's claims",    "$header.$other.$signature"],
    ['two parts',                 "$header.$claims"],
    ['four parts',                "$good.$signature"],
    ['dots',                      '..'],
    ['a word',                    'x'],
    ['no base64',                 "$header.!!!.$signature"],
    ['padding',                   "$header.$claims.$signature="],
    ['a header that is no JSON',  signed_text('"alg":"HS256"', $user)],
    ['claims that are no JSON',   signed_text('{"alg":"HS256"}', '{"sub":"u"')],
    ['claims with a NUL',         signed_text('{"alg":"HS256"}', qq({"sub":"u\0"}))],
    ['claims nested deeply',      signed_text('{"alg":"HS256"}', $deep)],
    ['7 kB of letters',           'x' x 7000],
);
refuses($_->[0], 'Invalid token', "?token=$_->[1]") for @forged;
refuses('bytes', 'Invalid token', '?token=%00%ff%fe');
refuses("$_->[0] in the header", 'Invalid token', '', Authorization => "Bearer $_->[1]")
    for @forged[0 .. 4];

# A user is part of a stream's name.
for (["a line end", "a\nb"], ['a NUL', "a\0b"], ['600 bytes', 'x' x 600]) {
    my ($name, $user) = @$_;
    my $response = ask('?token=' . jwt(JWT_SECRET, {sub => $user}));
    like($response->status, qr/^4/, "a user with $name is refused");
    like($response->body, qr/^\{"detail":/, 'in JSON');
}

$t->done;
