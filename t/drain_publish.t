# A publish that waits for Redis survives the reload of its worker.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving;
$t->publish_user('u', 'before');

# Redis is silent for a moment; the request is on its way when its worker is told to go.
my $http = $t->http;
$t->redis->freeze;
$http->send(NotifyTest::Http::compose('POST', '/api/v1/internal/notify/publish',
    body => '{"type":"t","user_id":"u","data":"waiting"}'));
ok(wait_until(sub { $t->redis->has_unread_input }, 2), 'its worker has asked Redis');
$t->nginx->reload;
ok(scalar $t->nginx->draining, 'the old worker stays for it');
$t->redis->thaw;
$t->answers('it is answered', $http->receive(timeout => 5), 202);
is(scalar($t->redis->entries('user:u')), 2, 'and stands in the stream, once');
ok(wait_until(sub { !$t->nginx->draining }, 7), 'then the old worker goes');

$t->done;
