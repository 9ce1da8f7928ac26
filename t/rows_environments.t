# System 000, row by row: every operation, and every status that it documents.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Rows;

my $t    = NotifyTest->serving;
my $rows = NotifyTest::Rows->new($t, 'environments');

# What each is asked with, and the key that its answer comes from.
my %ask = (
    'POST /publish/{environment}'       => ['/publish/test?message=m', undef, 'test_stream'],
    'POST /publish/slack/{environment}' => ['/publish/slack/test', '{"template":"text","main_text":"m"}', 'test_stream'],
    'GET /status'                       => ['/status', undef, 'uat_stream'],
    'GET /status/{environment}'         => ['/status/test', undef, 'test_stream'],
    'DELETE /clear'                     => ['/clear', undef, 'uat_stream'],
    'DELETE /clear/{environment}'       => ['/clear/test', undef, 'test_stream'],
    'POST /internal/reminder/run_once'       => ['/internal/reminder/run_once', undef, 'pending_notifications:uat'],
    'POST /internal/reminder/run_continuous' => ['/internal/reminder/run_continuous', undef, 'pending_notifications:uat'],
);
my $click = 'POST /slack/actions';
is_deeply([sort $click, keys %ask], [$rows->names], 'these are all');

sub ask ($name, %option) {
    my ($method) = split / /, $name;
    my ($path, $body) = $ask{$name}->@*;
    return $t->request($method, $option{path} // $path, body => $option{body} // $body,
        headers => $option{headers} // signed_headers(API_TOKEN), port => $option{port} // $t->nginx->port);
}

sub click ($value, %option) {
    return $t->request('POST', '/slack/actions', slack_click($option{secret} // SLACK_SIGNING_SECRET, $value, %option),
        port => $option{port} // $t->nginx->port);
}

$rows->row($_, 200, ask($_)) for sort keys %ask;
$t->redis->cmd('HSET', 'notification_meta:7', environment => 'test');
$rows->row($click, 200, click('7'));

# ---- who, when, what ------------------------------------------------------------------------------

for my $name (sort keys %ask) {
    $rows->row($name, 403, ask($name, headers => []), 'no token');
    $rows->row($name, 403, ask($name, headers => signed_headers('another')), 'another token');
    $rows->row($name, 400, ask($name, headers => signed_headers(API_TOKEN, time - 61)), 'too late');
    $rows->row($name, 413, ask($name, body => 'x' x 1_100_000));
}
$rows->row($click, 403, click('7', secret => 'another'), 'another signature');
$rows->row($click, 400, click(undef), 'no value');
$rows->row($click, 404, click('8'), 'an unknown id');
$rows->row($click, 413, click('7', body => 'x' x 70_000));
$rows->row('POST /publish/{environment}', 422, ask('POST /publish/{environment}', path => '/publish/test'), 'no message');
$rows->row('POST /publish/slack/{environment}', 422, ask('POST /publish/slack/{environment}', body => '{"template":"x"}'));
for my $name (grep { /\{environment\}/ } sort keys %ask) {
    my $path = $ask{$name}[0];
    $rows->row($name, 404, ask($name, path => $path =~ s/test/test%2Fx/r), 'a slash in the name');
    next if $name =~ /publish/;
    $rows->row($name, 404, ask($name, path => $path =~ s/test/mars/r), 'an unknown environment');
}
$rows->row($_, 400, ask($_, path => $ask{$_}[0] =~ s/test/mars/r), 'an unknown environment')
    for grep { /publish/ } sort keys %ask;

my $port = $rows->used_up(sub ($port) { ask('GET /status', port => $port) });
$rows->row($_, 429, ask($_, port => $port), 'too often') for sort keys %ask;
$rows->row($click, 429, click('7', port => $port), 'too often');

# ---- Redis ------------------------------------------------------------------------------------------

for my $name (sort keys %ask) {
    $t->redis->cmd('DEL', $ask{$name}[2]);
    $t->redis->cmd('SET', $ask{$name}[2], 'x');
    $rows->row($name, 500, ask($name), 'a key of another type');
    $t->redis->cmd('DEL', $ask{$name}[2]);
}
$t->redis->cmd('DEL', 'notify:slack:actions');
$t->redis->cmd('SET', 'notify:slack:actions', 'x');
$rows->row($click, 500, click('7'), 'a key of another type');
$t->redis->stop;
$rows->row($_, 503, ask($_), 'no Redis') for sort keys %ask;
$rows->row($click, 503, click('7'), 'no Redis');

$rows->done;
$t->done;
