# The worker's own configuration: file < environment < flags, and each error names the setting.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t      = NotifyTest->new;
my $redis  = $t->start_redis;
my $worker = $t->build . '/notify-worker';
my $secret = 'T000-secret-path';

# Runs the worker with a file, variables and flags: (exit status, output). It ends at once, since
# what it is given is wrong.
sub refused ($name, $setting, %option) {
    my @command = ($worker, ($option{flags} // [])->@*);
    if (defined $option{file}) {
        $t->write_file("$t->{dir}/worker.conf", $option{file});
        push @command, '--config', "$t->{dir}/worker.conf";
    }
    my %env = (SLACK_WEBHOOK_URL => undef, ($option{env} // {})->%*);
    my ($status, $output) = $t->run(\@command, env => \%env, seconds => 5);
    return subtest $name => sub {
        isnt($status >> 8, 0, 'exit status') or diag $output;
        is($status & 127, 0, 'no signal');
        like($output, qr/\Q$setting\E/, "names $setting");
        like($output, $option{says}, 'says what is wrong') if $option{says};
        unlike($output, qr/$secret/, 'shows no secret');
        cmp_ok(scalar(split /\n/, $output), '<=', 3, 'in a few words');
    };
}

# ---- each place ----------------------------------------------------------------------------------

refused('by a flag', 'max-attempts', says => qr/command line/,
    flags => ['--max-attempts', 'many']);
refused('by the environment', 'max-attempts', says => qr/NOTIFY_MAX_ATTEMPTS/,
    env => {NOTIFY_MAX_ATTEMPTS => '0'});
refused('by the file', 'max-attempts', says => qr/worker\.conf, line 2/,
    file => "# comment\nmax-attempts = -1\n");
refused('an unknown flag',      '--max-attemps', flags => ['--max-attemps', '3']);
refused('an unknown setting',   'max-attemps', file => "max-attemps = 3\n", says => qr/line 1/);
refused('a line that is none',  'line 2', file => "\nhello\n");
refused('a setting twice', 'prefetch', says => qr/duplicate/,
    file => "prefetch = 1\nprefetch = 2\n");
refused('a file that is not there', '/no/such/file', flags => ['--config', '/no/such/file']);
refused('a positional argument', 'command line', flags => [$secret]);

# ---- each setting --------------------------------------------------------------------------------

my @rows = (
    ['redis-url',               'http://localhost',  REDIS_URL => "redis://:$secret\@host:x/0"],
    ['environments',            'a b/c',             NOTIFY_ENVIRONMENTS => 'dev,dev'],
    ['budget-burst',            '0',                 NOTIFY_BUDGET_BURST => 'x'],
    ['budget-rate',             '0',                 NOTIFY_BUDGET_RATE => 'nan'],
    ['concurrency',             '0',                 NOTIFY_CONCURRENCY => '100000'],
    ['destination-concurrency', 'x',                 NOTIFY_DESTINATION_CONCURRENCY => '0'],
    ['prefetch',                '0',                 NOTIFY_PREFETCH => '-1'],
    ['http-timeout',            '10x',               NOTIFY_HTTP_TIMEOUT => 'soon'],
    ['http-connect-timeout',    '0s',                NOTIFY_HTTP_CONNECT_TIMEOUT => '1x'],
    ['retry-initial',           'x',                 NOTIFY_RETRY_INITIAL => '0s'],
    ['retry-max',               'x',                 NOTIFY_RETRY_MAX => '9999h'],
    ['drain',                   'x',                 NOTIFY_DRAIN => '2h'],
    ['log-level',               'loud',              NOTIFY_LOG_LEVEL => 'x'],
    ['log-format',              'xml',               NOTIFY_LOG_FORMAT => 'x'],
    ['slack-webhook-url',       'ftp://localhost/x', SLACK_WEBHOOK_URL => "slack.com/$secret"],
    ['slack-webhook-url',       'env:UNSET_NAME',    SLACK_WEBHOOK_URL => 'file:/no/such/file'],
    ['slack-bot-token',         'env:UNSET_NAME',    SLACK_BOT_TOKEN => "xoxb \n$secret"],
    ['slack-channel',           'two words',         SLACK_CHANNEL => "a\tb"],
    ['slack-api-url',           'slack.com',         SLACK_API_URL => 'ftp://slack.com'],
    ['slack-actions-look',      '1ms',               NOTIFY_SLACK_ACTIONS_LOOK => 'x'],
    ['reminder-after',          '1ms',               NOTIFY_REMINDER_AFTER => 'x'],
    ['reminder-look',           '2h',                NOTIFY_REMINDER_LOOK => 'x'],
    ['reminder-limit',          '-1',                NOTIFY_REMINDER_LIMIT => 'x'],
);
for (@rows) {
    my ($setting, $value, $variable, $bad) = @$_;
    refused("$setting as a flag", $setting, flags => ["--$setting", $value]);
    refused("$setting as a variable", $setting, says => qr/\Q$variable\E/,
        env => {$variable => $bad});
}
refused('a webhook on the command line', 'slack-webhook-url', says => qr/command line/,
    flags => ['--slack-webhook-url', "https://localhost/$secret"]);
refused('a token on the command line', 'slack-bot-token', says => qr/command line/,
    flags => ['--slack-bot-token', "xoxb-$secret"]);
refused('a token without a channel', 'slack-channel', says => qr/"dev" has a bot token/,
    env => {SLACK_BOT_TOKEN => "xoxb-$secret"});
refused('a token without a channel, for one environment', 'slack-channel', says => qr/"uat" has/,
    env => {SLACK_BOT_TOKEN_UAT => "xoxb-$secret", SLACK_CHANNEL_DEV => 'C1'});
refused("an environment's own webhook", 'slack-webhook-url', says => qr/SLACK_WEBHOOK_URL_UAT/,
    env => {SLACK_WEBHOOK_URL_UAT => 'x'});
refused('retry-max below retry-initial', 'retry-max',
    flags => ['--retry-initial', '2s', '--retry-max', '1s']);
refused('a log file that cannot be', 'log-file', flags => ['--log-file', '/no/such/folder/log']);
refused('a CA file that is not there', 'ca-file', flags => ['--ca-file', '/no/such/file']);

# ---- which place wins ----------------------------------------------------------------------------

my $slack = $t->start_slack;
sub delivered_with ($name, $path, %option) {
    my $before = $slack->requests;
    my $worker = $t->start_worker(%option);
    $t->add_message($name);
    my $request = ($slack->wait_requests($before + 1, 5))[$before];
    is($request && $request->{path}, $path, $name);
    $worker->stop;
    return;
}

my $file = "$t->{dir}/worker.conf";
my ($url, $redis_url) = ($slack->url('/file'), $redis->url);
$t->write_file($file, qq(slack-webhook-url = "$url"\nredis-url = $redis_url\n));
$t->write_file("$t->{dir}/webhook", $slack->url('/of-a-file') . "\n");
my @config = (arguments => ['--config', $file]);
delivered_with('the file', '/file', @config,
    env => {SLACK_WEBHOOK_URL => undef, REDIS_URL => undef});
delivered_with('the environment wins', '/environment', @config,
    env => {SLACK_WEBHOOK_URL => $slack->url('/environment')});
delivered_with('a flag wins', '/flag', env => {OTHER => $slack->url('/flag')},
    arguments => ['--config', $file, '--slack-webhook-url', 'env:OTHER']);
delivered_with('a secret in a file', '/of-a-file',
    env => {SLACK_WEBHOOK_URL => "file:$t->{dir}/webhook"});
delivered_with('the one of the environment', '/own',
    env => {SLACK_WEBHOOK_URL_TEST => $slack->url('/own')});
delivered_with('an empty variable is an unset one', '/file', @config,
    env => {SLACK_WEBHOOK_URL => ''});

# ---- help, and a Redis that does not answer ------------------------------------------------------

my ($status, $help) = $t->run([$worker, '--help']);
is($status, 0, '--help');
like($help, qr/--\Q$_->[0]\E\b/, "tells of $_->[0]") for @rows;

$redis->stop;
my $waiting = $t->start_worker(ready => 0);
ok($waiting->wait_output(qr/redis/i, 5), 'a worker without Redis says so');
ok($waiting->running, 'and waits for it');
$redis->start;
ok(wait_until(sub { -e "$t->{dir}/worker" . ($t->{workers} - 1) . '.ready' }, 5),
    'until it is there');

$t->done;
