# JSON Web Tokens of an issuer with a key pair: RS256, ES256, EdDSA; issuer, audience, leeway, other
# claims, and streams that are named by claims.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t    = NotifyTest->new;
my $json = JSON::PP->new->utf8->canonical;
my $pem  = $t->dir . '/pem';
mkdir $pem;

# ---- keys and tokens -----------------------------------------------------------------------------

my %made_by = (
    RS256  => ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    short  => ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
    ES256  => ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ES384  => ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    EdDSA  => ['ED25519'],
    Ed448  => ['ED448'],
    another => ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
);

sub openssl (@arguments) {
    my ($status, $output) = $t->run(['openssl', @arguments]);
    $status == 0 or die "openssl @arguments: $output\n";
    return;
}

for my $name (sort keys %made_by) {
    openssl('genpkey', '-out', "$pem/$name.key", '-algorithm', $made_by{$name}->@*);
    openssl('pkey', '-in', "$pem/$name.key", '-pubout', '-out', "$pem/$name.pem");
}
openssl('req', '-x509', '-key', "$pem/RS256.key", '-subj', '/CN=x', '-out', "$pem/cert.pem");
openssl('rsa', '-in', "$pem/RS256.key", '-RSAPublicKey_out', '-out', "$pem/old.pem");
$t->write_file("$pem/text.pem", "hello\n");
$t->write_file("$pem/cut.pem", substr $t->read_file("$pem/RS256.pem"), 0, 100);

# [alg, claims, header, key]: a token for each.
sub tokens (@wanted) {
    my $lines = join '', map {
        my ($alg, $claims, $header, $key) = @$_;
        $json->encode({
            alg    => $alg,
            key    => "$pem/" . ($key // $alg) . '.key',
            header => $header // qq({"alg":"$alg","typ":"JWT"}),
            claims => ref $claims ? $json->encode($claims) : $claims,
        }) . "\n";
    } @wanted;
    $t->write_file($t->dir . '/to_sign', $lines);
    my ($status, $output) = $t->run(['sh', '-c',
        'node "$0" <"$1"', $t->root . '/t/clients/sign_jwt.js', $t->dir . '/to_sign']);
    $status == 0 or die "node: $output\n";
    return split /\n/, $output;
}

sub claims (%more) { return {sub => 'u', iss => 'https://issuer', aud => 'us', %more} }

# ---- nginx -t ------------------------------------------------------------------------------------

sub tried (@jwt) {
    return $t->make_nginx(
        env    => {PUBLIC_KEY => $t->read_file("$pem/RS256.pem"), KEY_PATH => "$pem/RS256.pem"},
        server => "location / { notify_auth jwt; notify_jwt @jwt; notify_return 404; }",
    )->check;
}

my $rsa = qr/needed is an RSA public key of at least 2048 bits/;
my $ec  = qr/needed is an EC public key on the curve P-256/;
my $ed  = qr/needed is an Ed25519 public key/;
my @wrong = (
    [RS256 => "$pem/RS256.key", qr/holds a private key.*openssl pkey -in FILE -pubout/, $rsa],
    [RS256 => "$pem/ES256.pem", qr/holds an EC public key on the curve prime256v1/, $rsa],
    [RS256 => "$pem/short.pem", qr/holds an RSA public key of 1024 bits/, $rsa],
    [RS256 => "$pem/cert.pem", qr/holds a certificate.*openssl x509 -in FILE -noout -pubkey/,
        $rsa],
    [RS256 => "$pem/old.pem",   qr/holds an RSA key of the old format.*-RSAPublicKey_in/, $rsa],
    [RS256 => "$pem/text.pem",  qr/holds no PEM/, $rsa],
    [RS256 => "$pem/cut.pem",   qr/holds no PEM/, $rsa],
    [RS256 => '/dev/null',      qr/holds no PEM/, $rsa],
    [ES256 => "$pem/ES256.key", qr/holds a private key/, $ec],
    [ES256 => "$pem/RS256.pem", qr/holds an RSA public key of 2048 bits/, $ec],
    [ES256 => "$pem/ES384.pem", qr/holds an EC public key on the curve secp384r1/, $ec],
    [ES256 => "$pem/EdDSA.pem", qr/holds a public key of the kind ED25519/, $ec],
    [EdDSA => "$pem/Ed448.pem", qr/holds a public key of the kind ED448/, $ed],
    [EdDSA => "$pem/RS256.pem", qr/holds an RSA public key of 2048 bits/, $ed],
    [RS256 => "$pem/none.pem",  qr/cannot read .*: No such file/],
    [RS256 => "file:$pem/none", qr/cannot read .*: No such file/],
    [RS256 => $pem,             qr/cannot read .*: Is a directory/],
);
for (@wrong) {
    my ($alg, $file, @told) = @$_;
    my ($status, $output) = tried($alg, $file);
    isnt($status, 0, "$alg does not take $file");
    my $path = $file =~ s/^file://r;
    like($output, $_, "it says $_") for qr/"\Q$path\E/, qr/nginx\.conf:\d+/, @told;
    unlike($output, qr/-----BEGIN (?!PUBLIC KEY-----")|MII/, 'and nothing of what is in it');
}
for (['HS256', "file:$pem/RS256.pem"], ['HS256', 'env:PUBLIC_KEY']) {
    my ($status, $output) = tried(@$_);
    isnt($status, 0, "a public key is no secret: $_->[1]");
    like($output, qr/HS256 needs a secret, and "\Q$_->[1]\E" holds PEM/, 'as it says');
}
for (['RS256', 's issuer='], ['RS256', 's audience='], ['RS256', 's require=']) {
    isnt((tried(@$_))[0], 0, "notify_jwt @$_");
}
for (['RS256', "file:$pem/RS256.pem"], ['RS256', 'env:PUBLIC_KEY'], ['RS256', 'env:KEY_PATH'],
    ['RS256', '../pem/RS256.pem'], ['ES256', "$pem/ES256.pem"], ['EdDSA', "$pem/EdDSA.pem"],
    ['RS256', "$pem/RS256.pem issuer=i audience=a audience=b leeway=5s require=team claim=uid"])
{
    my ($status, $output) = tried(@$_);
    is($status, 0, "notify_jwt @$_") or diag $output;
}

# ---- what is accepted ----------------------------------------------------------------------------

my $checks = 'issuer=https://issuer audience=us audience=them';
my @alg    = qw(RS256 ES256 EdDSA);
$t->start_redis;
$t->start_nginx(http => 'notify_redis env:REDIS_URL;', server => join "\n",
    'add_header X-User $notify_subject always;',
    'add_header X-Team $notify_claim_team always;', 'add_header X-List $notify_claim_list always;',
    'add_header X-Tenant $notify_claim_tenantId always;',
    'notify_auth jwt;',
    (map { "location /$_ { notify_jwt $_ $pem/$_.pem $checks; try_files /none =204; }" } @alg),
    "location /leeway { notify_jwt ES256 $pem/ES256.pem $checks leeway=30s;",
    '    try_files /none =204; }',
    "location /uid { notify_jwt ES256 $pem/ES256.pem $checks claim=uid; try_files /none =204; }",
    'location /hs { notify_jwt HS256 env:JWT_SECRET; try_files /none =204; }',
    <<"END");
location /team {
    notify_jwt EdDSA $pem/EdDSA.pem require=team;
    notify_subscribe team:\$notify_claim_team;
}
location /tenant {
    notify_jwt EdDSA $pem/EdDSA.pem;
    notify_subscribe "a:\${notify_claim_Tenant}:b";
}
location /publish {
    notify_auth off;
    notify_field teamName string;
    notify_publish team:\$notify_field_teamName;
    notify_entry message \$notify_field_teamName;
}
END

sub ask ($path, $token) {
    return $t->request('GET', $path, headers => [Authorization => "Bearer $token"]);
}
sub refuses ($name, $path, $token, $detail = 'Invalid token') {
    return $t->answers($name, ask($path, $token), 401, qq({"detail":"$detail"}),
        'WWW-Authenticate' => 'Bearer');
}

my $now  = time;
my @good = (
    ['plain',                {}],
    ['another audience',     {aud => 'them'}],
    ['a list of audiences',  {aud => ['x', 'us', 'y']}],
    ['times',                {iat => $now - 5, nbf => $now - 5, exp => $now + 60}],
    ['fractions',            {iat => $now - 5.25, nbf => $now - 0.5, exp => $now + 60.75}],
    ['the year 9999',        {exp => 253_402_300_799}],
    ['1970',                 {iat => 0, nbf => 0}],
);
my @refused = (
    ['expired',              claims(exp => $now - 1)],
    ['just expired',         claims(exp => $now - 0.01)],
    ['not yet',              claims(nbf => $now + 60)],
    ['from the future',      claims(iat => $now + 60)],
    ['a huge time',          '{"sub":"u","iss":"https://issuer","aud":"us","exp":99999999999999}'],
    ['a very huge time',     '{"sub":"u","iss":"https://issuer","aud":"us","exp":1e300}'],
    ['an endless time',      '{"sub":"u","iss":"https://issuer","aud":"us","exp":1e999}'],
    ['more than 64 bits',
        '{"sub":"u","iss":"https://issuer","aud":"us","exp":18446744073709551999}'],
    ['milliseconds',         claims(exp => ($now + 60) * 1000)],
    ['a negative time',      claims(exp => -1)],
    ['a negative beginning', claims(nbf => -1)],
    ['a negative iat',       claims(iat => -$now)],
    ['a textual time',       claims(exp => '' . ($now + 60))],
    ['a textual beginning',  claims(nbf => 'now')],
    ['a list as time',       claims(exp => [$now + 60])],
    ['no time',              claims(exp => undef)],
    ['another issuer',       claims(iss => 'https://issuer.example')],
    ['a list of issuers',    claims(iss => ['https://issuer'])],
    ['no issuer',            {sub => 'u', aud => 'us'}],
    ['another audience',     claims(aud => 'you')],
    ['a list without us',    claims(aud => ['you', 'they'])],
    ['an empty list',        claims(aud => [])],
    ['a nested list',        claims(aud => [['us']])],
    ['an object',            claims(aud => {us => 'us'})],
    ['no audience',          {sub => 'u', iss => 'https://issuer'}],
    ['a numeric sub',        claims(sub => 7)],
);
my $us = $json->encode(claims());
for my $alg (@alg) {
    my @tokens = tokens((map { [$alg, claims($_->[1]->%*)] } @good),
        map { [$alg, $_->[1]] } @refused);
    is(ask("/$alg", shift @tokens)->status, 204, "$alg: $_->[0]") for @good;
    refuses("$alg: $_->[0]", "/$alg", shift @tokens) for @refused;

    # The token says how it is signed, and the configuration how it must be.
    my @others = grep { $_ ne $alg } @alg;
    my @confused = (
        (map { [$_, $us, qq({"alg":"$alg"})] } @others),
        (map { [$_, $us] } @others),
        (map { [$alg, $us, qq({"alg":"$_"})] } @others, qw(none None HS256 RS384 PS256 ES512), ''),
        [$alg, $us, '{"alg":["' . $alg . '"]}'], [$alg, $us, '{"typ":"JWT"}'],
        [$alg, $us, qq({"alg":"$alg","crit":["exp"]})], [$alg, $us, qq({"alg":"$alg","b64":false})],
    );
    my @forged = tokens(@confused);
    refuses("$alg: signed with $_->[0], says " . ($_->[2] // $_->[0]), "/$alg", shift @forged)
        for @confused;
    my ($token) = tokens([$alg, $us]);
    my ($head, $claims, $signature) = split /\./, $token;
    refuses("$alg: no signature", "/$alg", "$head.$claims.");
    refuses("$alg: alg none, no signature", "/$alg",
        NotifyTest::Credentials::jwt_from_text('', '{"alg":"none"}', $us));
    refuses("$alg: its public key as a secret", "/$alg",
        jwt($t->read_file("$pem/$alg.pem"), claims()));
    refuses("$alg: the secret of others", "/$alg", jwt(JWT_SECRET, claims()));
    refuses("$alg: where a secret is asked for", '/hs', $token);
    refuses("$alg: another's claims", "/$alg", "$head."
        . MIME::Base64::encode_base64url($json->encode(claims(sub => 'v'))) . ".$signature");
}
refuses('RS256: another key', '/RS256', (tokens(['RS256', claims(), undef, 'another']))[0]);
refuses('no token', '/RS256', '', 'Missing token');

my ($late, $early, $too_late, $uid, $no_uid, $list) = tokens(
    ['ES256', claims(exp => $now - 20)], ['ES256', claims(nbf => $now + 20, iat => $now + 20)],
    ['ES256', claims(exp => $now - 40)], ['ES256', claims(uid => 'other')], ['ES256', claims()],
    ['ES256', '{"sub":"u","iss":"https://issuer","aud":"us","list":["a",1],"team":"caf\u00e9",'
        . '"tenantId":"T","tenantID":"U"}'],
);
is(ask('/leeway', $late)->status,  204, 'leeway: expired 20 s ago');
is(ask('/leeway', $early)->status, 204, 'leeway: valid in 20 s');
refuses('leeway: expired 40 s ago', '/leeway', $too_late);
$t->answers('another user claim', ask('/uid', $uid), 204, '', 'X-User' => 'other');
refuses('without it', '/uid', $no_uid, 'Invalid user claim');
$t->answers('claims are variables', ask('/ES256', $list), 204, '',
    'X-User' => 'u', 'X-Team' => "caf\xc3\xa9", 'X-List' => '["a",1]', 'X-Tenant' => 'U');

# ---- a claim names the stream --------------------------------------------------------------------

my ($red, $blue, $teamless, $empty, $many) = tokens(map { ['EdDSA', {sub => 'u', %$_}] }
    {team => 'red'}, {team => 'blue'}, {}, {team => ''}, {team => ['red']});
my %stream = map {
    my ($team, $token) = @$_;
    ($team => $t->stream(path => "/team?token=$token"));
} ['red', $red], ['blue', $blue];
$_->wait_open for values %stream;
for my $team (qw(blue red blue)) {
    my $answer = $t->request('POST', '/publish', body => qq({"teamName":"$team"}));
    is($answer->status, 200, "to team $team");
}
$_->wait_events(1) for @stream{qw(red blue)};
$stream{blue}->wait_events(2);
is(join(' ', map { $_->{data} } $stream{red}->events), '{"message":"red"}',
    'each has what is for its team');
refuses('no team',     '/team', $teamless);
refuses('an empty one', '/team', $empty);
refuses('a list',      '/team', $many);

# Also where the configuration does not ask for it.
my @tenants = ('"t"', '7', 'true', '""', 'null', '["t"]', '{"t":1}', '"\ud800"');
my @tenant  = tokens((map { ['EdDSA', qq({"sub":"u","tenant":$_})] } @tenants),
    ['EdDSA', '{"sub":"u"}']);
for my $tenant (@tenants[0 .. 2]) {
    my $stream = $t->stream(path => '/tenant?token=' . shift @tenant);
    ok($stream->wait_open, "the tenant $tenant");
    $stream->close_stream;
}
for my $tenant (@tenants[3 .. 7], 'none') {
    $t->answers("no stream of the tenant $tenant", ask('/tenant', shift @tenant), 403,
        '{"detail":"The token has no claim \"Tenant\""}');
}

$t->done;
