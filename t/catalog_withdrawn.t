# A send whose commit did not come to its end in time: answered 503, and not sent, whatever becomes of
# that commit and of the worker.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::SendCases;

my $t    = NotifyTest->new;
my $c    = NotifyTest::Catalog->new($t, kind => 'postgresql', worker => {env => {NOTIFY_CATALOG_WAIT => '2s'}});
my $db   = $c->database;
my $key  = $c->made('/clients', {client_name => 'Shop'});
my $mark = 'notify:{catalog}:withdrawn';

# Commits of the users whose names begin with `slow` take longer than anybody waits.
my $slow = 'CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS '
    . q{'BEGIN IF NEW.payload LIKE ''%"slow%'' THEN PERFORM pg_sleep(4); END IF; RETURN NULL; END'};
$db->query($slow);
$db->query('CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON requests DEFERRABLE INITIALLY DEFERRED '
        . 'FOR EACH ROW EXECUTE FUNCTION slow()');

sub refused ($user) {
    my $answer = $c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body($user));
    is($answer->status, 503, "$user: the commit takes too long: 503");
    is($answer->json->{error}, 'The notification was not sent', 'says so');
    is($t->redis->cmd('ZCARD', $mark), 1, 'Redis knows until the database does');
    is(NotifyTest::SendCases::row($c, $user) // 'none', 'none', 'the commit is under way');
    return;
}
sub rejected ($user) {
    ok(wait_until(sub { (NotifyTest::SendCases::row($c, $user) // '') eq 'REJECTED' }, 20), "$user: it is rejected");
    like(NotifyTest::SendCases::row($c, $user, 'error_message'), qr/^The database did not take/, 'says why');
    is(NotifyTest::SendCases::row($c, $user, 'COUNT(*)'), 1, 'there is one row');
    is(NotifyTest::SendCases::outbox($c), 0, 'and nothing in the outbox');
    is(scalar NotifyTest::SendCases::entries($t, $user), 0, 'it was not sent');
    ok(wait_until(sub { $t->redis->cmd('ZCARD', $mark) == 0 }, 5), 'Redis need not know any more');
    return;
}

refused('slow1');
rejected('slow1');

refused('slow2');
$t->kill_worker;
ok(wait_until(sub { NotifyTest::SendCases::outbox($c) == 1 }, 10), 'the worker is killed, and then it is committed');
$c->start_worker;
$db->query('UPDATE outbox SET lease_until = 1');
rejected('slow2');

is($c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body('quick'))->status, 200, 'others are sent');
$t->done;
