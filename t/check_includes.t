# scripts/check-includes and scripts/check-layers, which `make check` runs, find what they are there to find.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t    = NotifyTest->new;
my $root = $t->dir . '/tree';

sub plant (%files) {
    $t->run(['rm', '-rf', $root]);
    for my $path (sort keys %files) {
        $t->run(['mkdir', '-p', "$root/" . $path =~ s{/[^/]+\z}{}r]);
        $t->write_file("$root/$path", $files{$path});
    }
    my ($status, $output) = $t->run(["$FindBin::Bin/../scripts/check-includes", $root]);
    return ($status >> 8, $output);
}

# So many units, each of which includes the next one, and the last one the first.
sub ring ($units) {
    return map { my $next = $_ % $units + 1; ("ngx_notify_module/a/u$_.hpp", qq(#include "ngx_notify_module/a/u$next.hpp"\n)) }
        1 .. $units;
}

my ($status, $output) = plant(ring(5));
is($status, 0, 'five in a circle') or diag $output;
($status, $output) = plant(ring(6));
is($status, 1, 'six are too many');
like($output, qr/^6 units include each other in a circle, 5 may: .*u1 .*u6$/m, 'and are named');

($status, $output) = plant(
    'ngx_notify_module/a/x.hpp' => "struct Thing {\n  int i;\n};\nint make_thing(int of);\n",
    'ngx_notify_module/a/y.hpp' => qq(#include "ngx_notify_module/a/x.hpp"\n),
    'ngx_notify_module/a/z.cpp' => qq(#include "ngx_notify_module/a/y.hpp"\nint z() { return make_thing(1); }\n),
);
is($status, 1, 'what is used and not included');
like($output, qr{^ngx_notify_module/a/z\.cpp: uses make_thing and does not include ngx_notify_module/a/x\.hpp$}m, 'is named');
($status, $output) = plant(
    'ngx_notify_module/a/x.hpp' => "int make_thing(int of);\n",
    'ngx_notify_module/a/y.hpp' => qq(#include "ngx_notify_module/a/x.hpp"  // IWYU pragma: export\n),
    'ngx_notify_module/a/z.cpp' => qq(#include "ngx_notify_module/a/y.hpp"\nint z() { return make_thing(1); }\n),
);
is($status, 0, 'what is passed on') or diag $output;

# ---- the table of layers --------------------------------------------------------------------------

sub layers ($from, $to) {
    $t->write_file("$root/lines", qq($from:1:#include "$to"\n));
    my ($status, $output) = $t->run(
        ['awk', '-f', "$FindBin::Bin/../scripts/lib/check-layers.awk", "$FindBin::Bin/../scripts/layers", "$root/lines"]);
    return ($status >> 8, $output);
}

for (['ngx_notify_module/conf/directive.hpp', 'ngx_notify_module/publish/publish.hpp', qr/is above/],
    ['ngx_notify_module/work/finish.cpp', 'ngx_notify_module/admin/status.hpp', qr/stands beside/],
    ['ngx_notify_module/hub/hub.cpp', 'ngx_notify_module/transport/commands.hpp', qr/is above|not pure/])
{
    my ($from, $to, $why) = @$_;
    ($status, $output) = layers($from, $to);
    is($status, 1, "$from may not include $to");
    like($output, $why, 'and it is said why');
}
($status) = layers('ngx_notify_module/publish/publish.cpp', 'ngx_notify_module/request/path.hpp');
is($status, 0, 'what is below may be');

$t->done;
