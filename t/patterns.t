# scripts/check-patterns, which `make check` runs, finds expressions that hold a worker, wherever
# nginx has one.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;

# check(TEXT) -> status, output: of a configuration with that text.
sub check ($text) {
    my $path = $t->dir . '/planted.conf';
    $t->write_file($path, $text);
    my ($status, $output) = $t->run(['scripts/check-patterns', $path], cwd => $t->root, seconds => 60);
    return ($status >> 8, $output);
}

# ---- what it must find ----------------------------------------------------------------------------

my @bad = (
    ['several .+',             'location ~ (?s)^/api/streams/.+/groups/.+/consumers/.+/messages/.+/finish\z { }'],
    ['two of them',            'location ~ (?s)^/api/consumers/.+/.+/limit\z { }'],
    ['the last letter',        'if ($a ~* "^/(?:publish|status|clear)/.* /[^?]*%2f") { return 404; }'],
    ['repeats in repeats',     'location ~ ^/(a+)+$ { }'],
    ['of words',               'location ~ ^/(\w+-?)*/x$ { }'],
    ['without a space',        'location ~^/(?:[a-z]+)*!\z { }'],
    ['whatever the case',      'location ~* ^/(x+x+)+y { }'],
    ['alternatives alike',     'location ~ ^/(?:a|aa|ab?)+\z { }'],
    ['quoted, with a brace',   "location ~ '^/([a-z]{1,9}-?)+/\\z' { }"],
    ['lazy ones',              'location ~ ^/(?:.*?/)*?x.*?y\z { }'],
    ['nobody at the left',     'location ~ /a.*/b.*/c { }'],
    ['one that looks ahead',   'location ~ ^(?=.*a.*b.*c.*d)/x { }'],
    ['a condition',            'if ($request_uri !~ ^/(.*)/(.*)/(.*)x$) { return 404; }'],
    ['one with blanks in it',  'if ( $a ~ "^(\s*x?\s*)*y" ) { return 404; }'],
    ['a map',                  "map \$uri \$x {\n default 1;\n ~^/(.*)-(.*)-(.*)z\$ 2;\n}"],
    ['a quoted one',           "map \$uri \$x {\n \"~*^/(?<a>.*)=(?<b>.*)=(?<c>.*);\" 2;\n}"],
    ['a rewrite',              'rewrite ^/(.*)a(.*)b(.*)c$ /$1 last;'],
    ["a server's name",        'server_name x ~^(.+)\.(.+)\.(.+)\.example$;'],
    ['a comment beside',       "location / { } # location ~ x {\nlocation ~ ^/([^/]+/?)+x\\z { }"],
    ['linear, but slow',       'location ~ (?s)^/.+/messages\z { }'],
    ['not PCRE',               'location ~ ^/(a { }'],
);
my ($status, $output) = check(join '', map { "$_->[1]\n" } @bad);
is($status, 1, 'they are refused');
my $line = 1;
for (@bad) {
    my ($name, $text) = @$_;
    my $end = $line + ($text =~ tr/\n//);
    my @found = grep { $_ >= $line && $_ <= $end }
        $output =~ /planted\.conf:(\d+): \S.* (?:takes|reaches|PCRE2 cannot)/g;
    is(scalar @found, 1, "$name: found, with its place and why") or diag $text;
    $line = $end + 1;
}
unlike($output, qr/planted\.conf:$line:/, 'and nothing else');

# ---- what it must not -----------------------------------------------------------------------------

($status, $output) = check(<<'END');
location ~ ^/alerts(?:/[^/]++)?\z { }
location ~ (?s)^/api/streams/.++(?<=/messages)\z { }
location = /(.*)(.*)(.*)x { }
location ^~ /x~(.*)(.*)(.*)x { }
location ~ "^/[a-z]{2}/x\z" { }
map $http_upgrade $a { default "x ~(.*)(.*)(.*)y"; '' close; ~^(?:a|b)$ 1; "~^\x00{3}(?<rest>.{4})\z" $rest; }
server_name ~^www\.(?<domain>[a-z]++)\.example$;
rewrite ^ /x last;
# location ~ ^/(a+)+$ { }
if ($uri ~ "^OPTIONS \S+ /api/(?!v1/)") { return 204; }
END
is($status, 0, 'what is linear passes') or diag $output;
like($output, qr/^8 regular expressions/, 'and all of them were looked at');

($status, $output) = check("location / { }\n");
is($status, 1, 'a file without any is no proof');

$t->done;
