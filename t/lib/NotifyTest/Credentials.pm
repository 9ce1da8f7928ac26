package NotifyTest::Credentials;

# What clients prove themselves with: the three headers of the environments, and JSON Web Tokens.

use v5.36;

use Digest::SHA  qw(hmac_sha256 hmac_sha256_hex hmac_sha384 hmac_sha512);
use Exporter     qw(import);
use JSON::PP     ();
use MIME::Base64 qw(encode_base64url);

our @EXPORT_OK = qw(signed_headers signature jwt jwt_from_text slack_click slack_signature);

sub signature ($token, $timestamp) { return hmac_sha256_hex($timestamp, $token) }

# The headers that the README's example sends, as a list for NotifyTest::Http.
sub signed_headers ($token, $timestamp = time) {
    return [
        'token'       => $token,
        'x-timestamp' => $timestamp,
        'x-signature' => signature($token, $timestamp),
    ];
}

# As Slack signs what it sends.
sub slack_signature ($secret, $timestamp, $body) {
    return 'v0=' . hmac_sha256_hex("v0:$timestamp:$body", $secret);
}

# Somebody has clicked a button: (headers, body) of what Slack sends. payload => {...} replaces members
# of the payload, body the whole of it; timestamp and signature replace the headers.
sub slack_click ($secret, $value, %option) {
    my $payload = {
        type => 'block_actions', user => {id => 'U0CLICKER', username => 'clicker'},
        channel => {id => 'C0CLICK'}, container => {type => 'message', message_ts => '1700000000.000100'},
        response_url => 'https://hooks.slack.invalid/actions/T/1/x',
        actions => [{action_id => 'resolve', block_id => 'b', type => 'button', value => $value}],
        ($option{payload} // {})->%*,
    };
    my $text = JSON::PP->new->utf8->canonical->encode($payload);
    my $body = $option{body} // 'payload=' . $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger;
    my $timestamp = $option{timestamp} // time;
    return (
        headers => [
            'content-type' => 'application/x-www-form-urlencoded',
            'x-slack-request-timestamp' => $timestamp,
            'x-slack-signature' => $option{signature} // slack_signature($secret, $timestamp, $body),
        ],
        body => $body,
    );
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
