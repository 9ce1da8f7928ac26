# System 002: who may publish is told by the address of the real peer.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->serving(allow => "allow 127.0.0.2;\nallow 127.0.1.0/24;\ndeny all;\n");

my $path  = '/api/v1/internal/notify/publish';
my $event = '{"type":"note","user_id":"u","data":1}';

sub publish_from ($address, @headers) {
    return $t->request('POST', $path, from => $address, body => $event, headers => \@headers);
}

my $forbidden = '{"detail":"Forbidden"}';
$t->answers('an address in the list',    publish_from('127.0.0.2'),  202);
$t->answers('an address in the network', publish_from('127.0.1.77'), 202);
$t->answers('another address',           publish_from('127.0.0.1'),  403, $forbidden,
    'Content-Type' => 'application/json');
$t->answers('X-Forwarded-For is not believed',
    publish_from('127.0.0.1', 'X-Forwarded-For' => '127.0.0.2'), 403, $forbidden);
$t->answers('nor X-Real-IP',
    publish_from('127.0.0.1', 'X-Real-IP' => '127.0.0.2'), 403, $forbidden);
$t->answers('nor Forwarded',
    publish_from('127.0.0.1', 'Forwarded' => 'for=127.0.0.2'), 403, $forbidden);

my $health = $t->request('GET', '/api/v1/notify/health/ready');
$t->answers('health is for all', $health, 200);
my $stream = $t->user_stream('u');
ok($stream->is_open, 'and so are the streams');

my $id = publish_from('127.0.0.2')->json->{id};
is(($stream->wait_events(2))[1]{id}, $id, 'what was allowed arrives, and nothing else');

$t->done;
