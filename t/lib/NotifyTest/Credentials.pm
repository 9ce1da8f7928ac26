package NotifyTest::Credentials;

# What clients prove themselves with: the three headers of the environments, and JSON Web Tokens.

use v5.36;

use Digest::SHA  qw(hmac_sha256 hmac_sha256_hex hmac_sha384 hmac_sha512);
use Exporter     qw(import);
use JSON::PP     ();
use MIME::Base64 qw(encode_base64url);

our @EXPORT_OK = qw(signed_headers signature jwt jwt_from_text);

sub signature ($token, $timestamp) { return hmac_sha256_hex($timestamp, $token) }

# The headers that the README's example sends, as a list for NotifyTest::Http.
sub signed_headers ($token, $timestamp = time) {
    return [
        'token'       => $token,
        'x-timestamp' => $timestamp,
        'x-signature' => signature($token, $timestamp),
    ];
}

my %hmac = (HS256 => \&hmac_sha256, HS384 => \&hmac_sha384, HS512 => \&hmac_sha512);

# claims => {...}, or header => {...} to replace the header; alg none has an empty signature.
sub jwt ($secret, $claims, %option) {
    my $header = $option{header} // {alg => 'HS256', typ => 'JWT'};
    my $json   = JSON::PP->new->utf8->canonical->allow_nonref;
    return jwt_from_text($secret, $json->encode($header), $json->encode($claims));
}

# The same from the raw JSON of both parts, for tokens that no encoder would make.
sub jwt_from_text ($secret, $header, $claims) {
    my $input = join '.', map { encode_base64url($_) } $header, $claims;
    my ($alg) = $header =~ /"alg"\s*:\s*"(\w+)"/;
    my $sign  = $hmac{$alg // ''};
    return "$input." . ($sign ? encode_base64url($sign->($input, $secret)) : '');
}

1;
