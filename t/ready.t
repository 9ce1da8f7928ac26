# notify_health ready while Redis answers, but takes no writes: it says so, with the reason that a publish
# would be told, and is well again with the next question after Redis is. Asking leaves nothing behind.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Redis;

my $t     = NotifyTest->serving(workers => 2);
my $redis = $t->redis;
my $ready = '/api/v1/notify/health/ready';

sub refused ($code) { return qr/^\{"detail":"Redis does not take writes now \($code\)"\}$/ }

# Each worker has links of its own, so several ask.
sub answers_of_all () {
    my %seen = map { $_->status . ' ' . $_->body => 1 } map { $t->request('GET', $ready) } 1 .. 8;
    return join "\n", sort keys %seen;
}

# Of one section of Redis' INFO.
sub fact ($section, $name) { return $redis->cmd('INFO', $section)->{$name} }
sub facts () { return $redis->cmd('DBSIZE'), fact(persistence => 'rdb_changes_since_last_save') }

my $well = '200 {"status":"ok"}';
is(answers_of_all(), $well, 'well at first');

my $stream = $t->user_stream('alice');
my @before = facts();
$t->request('GET', $ready) for 1 .. 20;
is(join(' ', facts()), "@before", 'asking makes no key, and changes nothing');

# What makes Redis refuse writes, and what ends it.
my $dump  = "$redis->{dir}/dump.rdb";
my $saved = sub ($how) {
    $redis->cmd('BGSAVE');
    return wait_until(sub {
        !fact(persistence => 'rdb_bgsave_in_progress') && fact(persistence => 'rdb_last_bgsave_status') eq $how;
    }, 10);
};
my @troubles = (
    ['OOM',
        sub { $redis->cmd('CONFIG', 'SET', 'maxmemory', 1) },
        sub { $redis->cmd('CONFIG', 'SET', 'maxmemory', 0) }],
    ['NOREPLICAS',
        sub { $redis->cmd('CONFIG', 'SET', 'min-replicas-to-write', 1) },
        sub { $redis->cmd('CONFIG', 'SET', 'min-replicas-to-write', 0) }],
    ['MISCONF',
        sub {
            $redis->cmd('CONFIG', 'SET', 'save', '3600 1000');
            mkdir $dump or die "$dump: $!\n";
            $saved->('err') or die "the save does not fail\n";
        },
        sub { rmdir $dump; $saved->('ok') or die "the save does not succeed\n" }],
);
for (@troubles) {
    my ($code, $begin, $end) = @$_;
    $begin->();
    my @all = split /\n/, answers_of_all();
    is(scalar @all, 1, "$code: all workers say the same");
    like($all[0], qr/^503 \{"detail":"Redis does not take writes now \($code\)"\}$/, '... and why');
    $t->answers('... it is what a publish is told', $t->publish_user('alice', 1), 503, refused($code));
    $t->answers('... live is well', $t->request('GET', '/api/v1/notify/health/live'), 200);
    ok($stream->is_open, '... the stream stays open');
    $end->();
    is(answers_of_all(), $well, "$code: well again with the next question");
    is($t->publish_user('alice', $code)->status, 202, '... and so is a publish');
}
$stream->wait_events(1 + @troubles);
is(join(' ', map { ($_->{data} // '') =~ /"(OOM|NOREPLICAS|MISCONF)"/ } $stream->events), 'OOM NOREPLICAS MISCONF',
    'the stream had what was taken, and nothing of what was not');

# A replica, as after a failover that nginx was not told of.
my $primary = NotifyTest::Redis->new(dir => $t->dir . '/primary', name => 'primary');
$redis->cmd('REPLICAOF', '127.0.0.1', $primary->port);
wait_until(sub { fact(replication => 'master_link_status') eq 'up' }, 20)
    or die "the replica does not find its primary\n";
# Its links end, and stand again, until it takes writes: a question in between finds none.
my $readonly = refused('READONLY');
ok(wait_until(sub { $t->request('GET', $ready)->body =~ $readonly }, 5), 'READONLY: it says why');
my @said = map { $t->request('GET', $ready) } 1 .. 30;
is(join(' ', grep { $_->status != 503 } @said), '', '... and is never well');
is(join("\n", grep { $_ !~ $readonly } map { $_->body } @said), '', '... for another reason');
$redis->cmd('REPLICAOF', 'NO', 'ONE');
ok(wait_until(sub { answers_of_all() eq $well }, 3), 'READONLY: well soon after it is the primary');
is($t->publish_user('alice', 2)->status, 202, '... and so is a publish');
$stream->close_stream;

$t->done;
