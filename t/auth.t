# System 000: who may publish. Each row of the contract's table, in its order.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

use NotifyTest::Credentials qw(signature);

my $t   = NotifyTest->serving;
my $now = time;

# Headers as a list; undef leaves one out.
sub headers ($token, $timestamp, $signature) {
    return [
        defined $token     ? ('token'       => $token)     : (),
        defined $timestamp ? ('x-timestamp' => $timestamp) : (),
        defined $signature ? ('x-signature' => $signature) : (),
    ];
}

sub signed_at ($timestamp) {
    return headers(API_TOKEN, $timestamp, signature(API_TOKEN, $timestamp));
}

my %refusal = (
    token     => [403, '{"detail":"Invalid token"}'],
    timestamp => [400, '{"detail":"Invalid timestamp"}'],
    expired   => [400, '{"detail":"Request expired"}'],
    signature => [403, '{"detail":"Invalid signature"}'],
);

my $good     = signature(API_TOKEN, $now);
my $earlier  = signature(API_TOKEN, $now - 1);
my $stranger = signature('other', $now);
my @rows = (
    ['no headers',                      token => []],
    ['no token',                        token => headers(undef, $now, $good)],
    ['an empty token',                  token => headers('', $now, $good)],
    ['a wrong token',                   token => headers('wrong', $now, $good)],
    ['a token with something after it', token => headers(API_TOKEN . 'x', $now, $good)],
    ['a prefix of the token',           token => headers(substr(API_TOKEN, 0, -1), $now, $good)],
    ['a token in other case',           token => headers(uc API_TOKEN, $now, $good)],
    ['a token of 4 kB',                 token => headers('x' x 4000, $now, $good)],
    ['a token that is not UTF-8',       token => headers("\xff\xfe", $now, $good)],
    ['the token twice',                 token => ['token' => API_TOKEN, signed_at($now)->@*]],
    ['a wrong token and nothing else',  token => headers('wrong', undef, undef)],
    ['a wrong token, expired',          token => headers('wrong', 1, $good)],

    ['no timestamp',                    timestamp => headers(API_TOKEN, undef, $good)],
    ['an empty timestamp',              timestamp => signed_at('')],
    ['a word as timestamp',             timestamp => signed_at('now')],
    ['a fraction',                      timestamp => signed_at("$now.0")],
    ['an exponent',                     timestamp => signed_at('1e9')],
    ['a hexadecimal number',            timestamp => signed_at(sprintf '0x%x', $now)],
    ['a number and a letter',           timestamp => signed_at("${now}x")],
    ['a sign alone',                    timestamp => signed_at('-')],
    ['5,000 digits',                    timestamp => signed_at('1' x 5000)],
    ['the timestamp twice',             timestamp => ['x-timestamp' => $now, signed_at($now)->@*]],
    ['a bad timestamp, no signature',   timestamp => headers(API_TOKEN, 'x', undef)],

    ['61 s ago',                        expired => signed_at($now - 62)],
    ['in 62 s',                         expired => signed_at($now + 63)],
    ['1970',                            expired => signed_at(0)],
    ['a negative time',                 expired => signed_at(-$now)],
    ['milliseconds',                    expired => signed_at($now * 1000)],
    ['more than 64 bits',               expired => signed_at('9' x 30)],
    ['less than 64 bits',               expired => signed_at('-' . '9' x 30)],
    ['expired, no signature',           expired => headers(API_TOKEN, $now - 62, undef)],

    ['no signature',                    signature => headers(API_TOKEN, $now, undef)],
    ['an empty signature',              signature => headers(API_TOKEN, $now, '')],
    ['a wrong signature',               signature => headers(API_TOKEN, $now, '0' x 64)],
    ['upper-case digits',               signature => headers(API_TOKEN, $now, uc $good)],
    ['a short signature',               signature => headers(API_TOKEN, $now, substr $good, 0, 63)],
    ['a long signature',                signature => headers(API_TOKEN, $now, "${good}0")],
    ["another second's signature",      signature => headers(API_TOKEN, $now, $earlier)],
    ["another token's signature",       signature => headers(API_TOKEN, $now, $stranger)],
    ['the signature twice',             signature => ['x-signature' => $good, signed_at($now)->@*]],
);
for (@rows) {
    my ($name, $refusal, $headers) = @$_;
    $t->answers("$name: Invalid $refusal", $t->request('POST', '/publish/test?message=x',
        headers => $headers), $refusal{$refusal}->@*, 'Content-Type' => 'application/json');
}

# It comes before everything else that could be wrong, on every path.
my @paths = (
    ['POST',   '/publish/nowhere?message=x'], ['POST',   '/publish/test'],
    ['GET',    '/status'],                    ['GET',    '/status/test'],
    ['GET',    '/status/nowhere'],            ['DELETE', '/clear'],
    ['DELETE', '/clear/test'],                ['DELETE', '/clear/nowhere'],
);
for (@paths) {
    my ($method, $path) = @$_;
    my $answer = $t->request($method, $path, headers => headers('wrong', $now, $good));
    $t->answers("$method $path asks who it is first", $answer, $refusal{token}->@*);
}
is($t->redis->cmd('EXISTS', 'test_stream') ? $t->redis->cmd('XLEN', 'test_stream') : 0, 0,
    'none of that reached the stream');

# ---- what is accepted ----------------------------------------------------------------------------

$now = time;
my @accepted = (
    ['now',                      signed_at($now)],
    ['59 s ago',                 signed_at($now - 58)],
    ['in 59 s',                  signed_at($now + 59)],
    ['zeros in front',           signed_at("000$now")],
    ['a plus sign',              signed_at("+$now")],
    ['names in other case',      ['TOKEN' => API_TOKEN, 'X-Timestamp' => $now,
                                  'X-SIGNATURE' => signature(API_TOKEN, $now)]],
);
for (@accepted) {
    my ($name, $headers) = @$_;
    $t->answers("$name is accepted",
        $t->request('POST', '/publish/test?message=x', headers => $headers), 200);
}
my $headers = signed_at(time);
my @answers = map { $t->request('POST', '/publish/test?message=x', headers => $headers) } 1, 2;
is(join(' ', map { $_->status } @answers), '200 200',
    'two honest requests of one second are the same, and both are accepted');

$t->done;
