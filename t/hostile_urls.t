# Long paths made of what the configuration looks for: they are refused, and nobody waits for it.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

my $t = NotifyTest->serving(nginx => {workers => 1});

# text(COUNT, TEXT, ...): each of the texts so often.
sub text ($count, @texts) { return join '', map { $_ x $count } @texts }

my $groups = '/api/streams/a';
my @short = (
    ['a finish that is none',      $groups . text(30, '/groups/a', '/consumers/a', '/messages/a') . '/h'],
    ['a longer one',               $groups . text(40, '/groups/a', '/consumers/a', '/messages/a') . '/h'],
    ['a finish of many names',     $groups . text(30, '/groups/a', '/consumers/a', '/messages/a') . '/finish'],
    ['names in turn',              $groups . text(30, '/groups/a/consumers/a/messages/a') . '/finis/h'],
    ['many batches',               $groups . text(40, '/consumers/a', '/finish') . '/messages/batc'],
);
my @long = (
    ['a limit that is none',       '/api/consumers/' . text(3000, 'a/') . 'limi/t'],
    ['a limit at each segment',    '/api/consumers/' . text(9000, 'limit/') . 'x'],
    ['the older name of it',       '/api/consumers/' . text(3000, 'a/rdy/') . 'rd/y'],
    ['blanks for a status',        '/status/' . text(1000, '%20/') . 'f'],
    ['more of them',               '/status/' . text(15_000, '%20/') . 'f'],
    ['slashes for a publish',      '/publish/' . text(18_000, '%2f') . 'f'],
    ['an environment that goes on', '/publish/slack/' . text(58_000, 'a') . '%2fx'],
    ['messages without an end',    '/api/streams/' . text(6000, '/messages') . 'x'],
    ['messages in messages',       $groups . text(3000, '/messages/a') . '/messages/finis'],
    ['ids of a finish',            '/api/messages/' . text(9000, '/finis') . 'h/'],
    ['encoded once and again',     '/api/streams/' . text(12_000, '%2561') . '/messages'],
    ['stray percents',             '/api/streams/' . text(19_000, '%25') . '/messages/batch'],
    ['a stream of dots',           '/admin/' . text(14_000, '.a./')],
    ['a group of slashes',         '/alerts/' . text(14_000, 'a%2F')],
    ['a user of slashes',          '/api/ws/' . text(20_000, 'a/')],
    ['tokens in arguments',        '/api/v1/external/notify/stream?' . text(8000, 'token&') . 'named=1'],
    ['values of arguments',        '/status?' . text(5000, 'message=%2f&')],
    ['tokens to mask',             '/alerts?' . text(4000, 'token=a&') . text(1800, '?%2574oken=')],
    ['a page that is none',        '/docs/' . text(4000, 'swagger-ui.css/')],
);

# 60 kB of requests for a path, one behind the other.
sub pipelined ($path) {
    my $request = "GET $path HTTP/1.1\r\nHost: x\r\n\r\n";
    my $count   = int(60_000 / length $request) || 1;
    return ($count, $request x $count);
}

my $health = $t->http;
sub neighbour () {
    my $before = time;
    my $status = $health->request(GET => '/api/v1/notify/health/live')->status;
    return ($status, time - $before);
}

for (@short, @long) {
    my ($name, $path) = @$_;
    my $status = $t->request(GET => $path)->status;
    like($status, qr/^4/, "$name: " . length($path) . ' bytes are refused');
}

# Three connections send 60 kB each at once, and the neighbour asks right behind them.
for (@short, @long) {
    my ($name, $path) = @$_;
    my ($count, $bytes) = pipelined($path);
    my (@times, %statuses);
    for (1 .. 9) {
        $health = $t->http if @times % 3 == 0;  # nginx ends one that has asked often
        my @attackers = map { $t->http } 1 .. 3;
        $_->send($bytes) for @attackers;
        my ($status, $took) = neighbour();
        push @times, $took;
        $statuses{"neighbour $status"}++;
        for my $attacker (@attackers) {
            for (1 .. $count) {
                my $answer = $attacker->receive or last;
                $statuses{substr($answer->status, 0, 1) . 'xx'}++;
            }
        }
    }
    my $median = (sort { $a <=> $b } @times)[@times / 2];
    cmp_ok($median, '<', 0.05, "$name: a neighbour is answered within 50 ms");
    is(join(' ', sort keys %statuses), '4xx neighbour 200', "$name: refused, all of it") or diag explain \%statuses;
    note sprintf '%.1f ms, at most %.1f', 1000 * $median, 1000 * (sort { $a <=> $b } @times)[-1];
}
$t->done;
