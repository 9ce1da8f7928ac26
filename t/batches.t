# Lists are counted before they are taken apart: a long one costs what reading it costs.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Process;

my $t = NotifyTest->serving;
my ($worker) = $t->nginx->workers;
my $base = '/api/streams/s';
my $group = "$base/groups/g/consumers/c";

# name, path, body, status, answer
my $zeros = join ',', (0) x 4_000_000;
my $ids   = join ',', map { qq("$_-1") } 1 .. 100_001;
my @rows = (
    ['eight megabytes of zeros', "$base/messages/batch", qq({"messages":[$zeros]}), 413,
        qq("messages" has more than 1000 elements\n)],
    ['of lists', "$base/messages/batch", '{"messages":[' . join(',', ('[]') x 2_600_000) . ']}', 413, undef],
    ['of texts', "$base/messages/batch", '{"messages":[' . join(',', ('""') x 2_600_000) . ']}', 413, undef],
    ['one more than a batch may have', "$base/messages/batch", '{"messages":[' . join(',', (0) x 1001) . ']}', 413, undef],
    ['as many as a batch may have', "$base/messages/batch", '{"messages":[' . join(',', (0) x 1000) . ']}', 201, undef],
    ['zeros to finish', "$group/finish", '{"message_ids":[' . join(',', (0) x 500_000) . ']}', 413, undef],
    ['too many ids to finish', "$group/finish", qq({"message_ids":[$ids]}), 413, "There may be 100,000 message ids at a time\n"],
    ['many ids to finish', "$group/finish", '{"message_ids":[' . ($ids =~ s/,[^,]*\z//r) . ']}', 200, undef],
    ['one that is none', "$group/finish", '{"message_ids":[0]}', 400, undef],
);
for my $row (@rows) {
    my ($name, $path, $body, $status, $answer) = @$row;
    my $before = NotifyTest::Process::seconds_used($worker);
    my $got    = $t->bearer(POST => $path, body => $body, headers => ['Content-Type' => 'application/json'], timeout => 30);
    my $used   = NotifyTest::Process::seconds_used($worker) - $before;
    my $most   = 0.1 + 0.04 * length($body) / 1e6;
    $t->answers($name, $got, $status, $answer);
    cmp_ok($used, '<', $most, sprintf '%s: %.0f ms for %.1f MB', $name, 1000 * $used, length($body) / 1e6);
}
$t->done;
