# An event's id is its own, over all streams: in one table of the events of many users none is lost.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use Time::HiRes qw(time);

use constant {USERS => 100, EACH => 10};

my $t     = NotifyTest->serving(env => {BEARER_TOKEN => 'secret', API_TOKEN => 'token'});
my $redis = $t->redis;

# All of one user's after the other's, and many of them at once in Redis.
my (%seen, %of_user);
my @fault;
for my $round (1 .. EACH) {
    for my $user (1 .. USERS) {
        my $id = $t->publish_user("u$user", $round)->json->{id};
        push @fault, "$id is there twice"           if $seen{$id}++;
        push @fault, "$id is not <ms>-<8 hex digits>" if $id !~ /^\d{13}-[0-9a-f]{8}\z/;
        my $before = $of_user{$user} // '';
        push @fault, "$id after $before"              if $id le $before;
        $of_user{$user} = $id;
    }
}
is_deeply(\@fault, [], 'ids of ' . USERS . ' users: none twice, in the order of each stream');

my @entries = $redis->entries('user:u7');
is(NotifyTest::Redis::event_id($entries[-1][0]), $of_user{7}, "the event's id is the entry's in Redis");

# The same instant, which a few hundred requests of one client do not reach: all in one go.
my $script = $t->read_file("$FindBin::Bin/../shared/redis/scripts/publish.lua");
my $sha    = $redis->cmd('SCRIPT', 'LOAD', $script);
my $client = $redis->connect;
my %ids;
my $twice = 0;
for my $number (1 .. 5_000) {
    $client->evalsha($sha, 1, "many:$number", 0, 0, 'bell', 65536, 0, '', 0, '', 0, '424242', 'n', 1,
        sub ($reply, $error) { $twice++ if $ids{$reply->[0]}++ });
}
$client->wait_all_responses;
is(scalar keys %ids, 5_000, 'five thousand streams in about as many microseconds: no id twice');
is($twice, 0, 'none at all');
my %times = map { /^(\d+)-/ ? ($1 => 1) : () } CORE::keys %ids;
cmp_ok(scalar CORE::keys %times, '<', 2_500, 'many of them of one millisecond');

# A native client and a clock that is behind.
$redis->cmd('XADD', 'user:u7', '9999999999999-5', 'type', 'x');
my $next = $t->publish_user('u7', 'next')->json->{id};
is($next, '9999999999999-00000006', 'behind a last id that is ahead of the clock, Redis decides');

# Where the contract has Redis' own ids they stay.
my $sent = $t->request('POST', '/publish/dev?message=x', headers => signed_headers('token'));
like($sent->json->{message_id}, qr/^\d+-0\z/, 'environments: an id of Redis');
my $posted = $t->request('POST', '/api/streams/orders/messages', body => '{"data":1}',
    headers => [Authorization => 'Bearer secret']);
like($posted->json->{id}, qr/^\d+-0\z/, 'streams: an id of Redis');

$t->done;
