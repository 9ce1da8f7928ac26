# Publishes that wait for Redis are bounded in number: those beyond are told at once.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

use constant BOUND => 10;

my $t    = NotifyTest->serving(http => 'notify_max_pending ' . BOUND . ";\n");
my $body = '{"type":"t","user_id":"u","data":1}';
$t->publish_user('u', 0);
$t->redis->stop;

my @requests = map {
    my $http = $t->http;
    $http->send(NotifyTest::Http::compose('POST', '/api/v1/internal/notify/publish',
        body => $body));
    {http => $http};
} 1 .. 3 * BOUND;
my $answered = sub {
    $_->{answer} //= $_->{http}->receive(timeout => 0) for @requests;
    return scalar grep { $_->{answer} } @requests;
};
ok(wait_until(sub { $answered->() >= 2 * BOUND }, 1),
    'what is beyond the bound is answered at once');
is($answered->(), 2 * BOUND, 'and nothing else');
my @early = map { $_->{answer}->status . ' ' . $_->{answer}->header('Retry-After') }
    grep { $_->{answer} } @requests;
is(join(', ', grep { $_ ne '503 1' } @early), '', 'with 503 and Retry-After');
is($t->request('GET', '/api/v1/notify/health/live')->status, 200, 'the worker serves meanwhile');

$t->redis->start;
ok(wait_until(sub { $answered->() == 3 * BOUND }, 3), 'the others are answered when Redis is back');
is(scalar(grep { $_->{answer}->status == 202 } @requests), BOUND, 'accepted, up to the bound');
is(scalar($t->redis->entries('user:u')), 1 + BOUND, 'and they stand in the stream, each once');

$t->done;
