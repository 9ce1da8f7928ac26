# docs/directives.md has each directive, with its syntax, its context and an example; and nginx takes the examples.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t        = NotifyTest->new;
my $root     = "$FindBin::Bin/..";
my %sections = $t->read_file("$root/docs/directives.md") =~ /^\#\#\# (notify_\w+)\n(.*?)(?=^\#\#|\z)/msg;

my %known;
my @headers = split /\n/, `find $root/ngx_notify_module -name '*.hpp'`;
for my $header (@headers) { $known{$_} = 1 for $t->read_file($header) =~ /\bdirective<"(notify_\w+)"/g }
delete $known{notify_admin_except};  # an older name: with notify_stream_except
cmp_ok(scalar keys %known, '>', 60, 'the directives of the source are found');

$t->run([qw(openssl genpkey -algorithm RSA -out), $t->dir . '/key.pem']);
$t->run([qw(openssl pkey -pubout -in), $t->dir . '/key.pem', '-out', $t->dir . '/issuer.pem']);
my %env = map { $_ => 'a-secret-of-some-length' }
    qw(API_TOKEN JWT_SECRET BEARER_TOKEN FORMER_TOKEN SLACK_SIGNING_SECRET GITHUB_SECRET);

# Where a few lines stand by themselves they refine what the others say: an operation that has what they name.
my $refined = <<'END';
location /refined/ {
    notify_path '/refined/{x}';
    notify_field messages array optional;
    TEXT
    notify_publish news;
    notify_subscribe news;
}
END

sub takes ($text) {
    my $seen = '';
    my $plain = $text =~ s/^.*…\s*$//mgr =~ s/ … / /gr;
    $plain =~ s{/etc/notify/issuer\.pem}{$t->dir . '/issuer.pem'}ge;
    $plain =~ s{env:AUTH_STORE_DIR|/var/lib/notify(?=;)}{$t->dir}ge;
    $plain =~ s{http://backend}{http://127.0.0.1:1}g;
    for my $try ([$plain, ''], ['', $plain], ['', "notify_auth jwt; notify_jwt HS256 env:JWT_SECRET; notify_signature env:API_TOKEN; $plain"], ['', "location /x { $plain }"],
        ['', "location /x { notify_publish news; notify_entry message text; notify_subscribe news; $plain }"],
        ['', $refined =~ s/TEXT/$plain notify_entry message text;/r], ['', $refined =~ s/TEXT/$plain/r])
    {
        my $http = 'notify_redis redis://127.0.0.1;';
        $http = '' if $try->[0] =~ /notify_redis /;
        my ($status, $output) = $t->make_nginx(http => "$http $try->[0]", server => $try->[1],
            env => {%env, REDIS_URL => 'redis://127.0.0.1'})->check;
        return '' if $status == 0;
        $seen .= $output;
    }
    return $seen;
}

for my $name (sort keys %known) {
    my $section = $sections{$name} // '';
    my @examples = $section =~ /^```nginx\n(.*?)^```/msg;
    subtest $name => sub {
        like($section, qr/^\| \Q$_\E \|/m, "it has a row \"$_\"") for qw(Syntax Default Context);
        ok((grep { /\b$name\b/ } @examples), 'and an example');
        for my $example (@examples) {
            my $why = takes($example);
            is($why, '', 'which nginx takes') || diag $example;
        }
    };
}
is(join(' ', grep { !$known{$_} } sort keys %sections), '', 'nothing else is described');

$t->done;
