# The catalogue's sockets as the original had them: whoever names a client and a user may connect, and
# what he says comes back (NOTIQ_SOCKET_AUTH=optional, NOTIQ_ECHO=on). What is said destroys nothing.

use v5.36;

use Encode qw(encode_utf8);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::WebSocket;

my $t = NotifyTest->new;

# ---- the settings of make run --------------------------------------------------------------------

sub rendered (%env) {
    my $run = $t->dir . '/rendered';
    my ($status, $output) = $t->run([$t->build . '/notifyctl', 'up', '--check', '--source', $t->root],
        cwd => $t->dir, env => {RUN_DIR => $run, %env});
    return $status == 0 ? $t->read_file("$run/conf/notiq.conf") : $output;
}
my $required = qr/^ *notify_member .* required;$/m;
my $optional = qr/^ *notify_member .*api_key;$/m;
my $echo     = qr/^ *notify_echo /m;
my $closed   = rendered();
ok($closed =~ $required && $closed !~ $optional && $closed !~ $echo, 'closed, unless somebody says else');
my $open = rendered(NOTIQ_SOCKET_AUTH => 'optional', NOTIQ_ECHO => 'on', NOTIQ_ORIGINS => 'https://a.example, http://b:81');
ok($open !~ $required && $open =~ $optional && $open =~ $echo, 'open where he does');
is(scalar(() = $open =~ m{^ *notify_origin same https://a\.example\s+http://b:81;}mg), 2, 'with other origins');
is(scalar(() = $open =~ m{^ *notify_cors https://a\.example\s+http://b:81 methods=}mg), 6, '... which may read');
unlike($closed, qr/^ *notify_cors/m, 'and none may read otherwise');
like(rendered(NOTIQ_SOCKET_AUTH => 'yes'), qr/^NOTIQ_SOCKET_AUTH: "yes" is neither required nor optional/, 'a wrong word');
like(rendered(NOTIQ_ECHO => 'yes'), qr/^NOTIQ_ECHO: "yes" is neither on nor off/, 'another one');
like(rendered(NOTIQ_ORIGINS => $_), qr/^NOTIQ_ORIGINS: "\Q$_\E" is no origin such as https:/, "$_ is no origin")
    for '*', 'a.example', 'https://a.example/', 'https://a;b', 'null';

# ---- what it opens ------------------------------------------------------------------------------

my $c = NotifyTest::Catalog->new($t, edit => {
    'arg=api_key required;' => 'arg=api_key;', '#notify_echo' => 'notify_echo', 'notify_origin same;' => 'notify_origin same https://app.example.org;',
    '#notify_cors' => 'notify_cors', 'notify_receive_rate .*;' => 'notify_receive_rate 1000 burst=1000;',
});
my $key   = $c->made('/clients', {client_name => 'shop'});
my $json  = JSON::PP->new->utf8->canonical;
my $redis = $t->redis;

sub sent ($user, $title) {
    return $c->client($key, 'POST', '/notification/send', {user_id => $user, type => 'info', color_code => '#fff',
        title => $title, message => 'text', timeout => 1000, is_sticky => JSON::PP::false})->json->{data}{message_id};
}
sub client ($path, %option) {
    my $client = NotifyTest::WebSocket->new(loop => $t->loop, port => $t->nginx->port, path => "/api/ws/$path", %option);
    $t->loop->run_until(sub { $client->{open} || $client->response->done }, 5);
    return $client;
}

is(client('shop/alice')->status, 101, 'nobody needs a key');
is(client('nobody/alice')->status, 403, 'but the client must be one');
is(client("shop/alice?$_=x")->status, $_ eq 'token' ? 401 : 403, "a $_ that comes must be right") for 'api_key', 'token';
is(client('shop/alice', headers => {Origin => 'https://evil.example'})->status, 403, 'and foreign pages are foreign');
is(client('shop/alice', headers => {Origin => 'https://app.example.org'})->status, 101, '... but for those that are listed');
my @listed = (Origin => 'https://app.example.org');
for my $answer ($c->request('GET', '/health', undef, @listed), $c->request('POST', '/clients', 'x' x 1_100_000, @listed),
    $c->request('OPTIONS', '/clients', undef, @listed, 'Access-Control-Request-Method' => 'PUT', 'Access-Control-Request-Headers' => 'x-api-key')) {
    is($answer->header('Access-Control-Allow-Origin'), $listed[1], 'a listed page may read ' . $answer->status);
}

# ---- the echo -------------------------------------------------------------------------------------

my @ids    = map { sent('victim', "n$_") } 1 .. 3;
my $before = $redis->cmd('XLEN', 'test:notiq:notifications:shop:victim');
my ($one, $two) = (client('shop/victim'), client('shop/victim'));
$_->wait_messages(3) for $one, $two;
$one->send_text(encode_utf8("hello \"\x{fc}\"\n"));
ok($one->wait_messages(4), 'what is said');
my $said = ($one->json)[3];
is(join(' ', sort keys %$said), 'message message_id', 'comes back as a message');
is($said->{message}, "[Echo] hello \"\x{fc}\"\n", 'with the text');
like($said->{message_id}, qr/^\d+-\d+$/, 'and an id');
my $many = 1100;
$one->send_text("x$_") for 1 .. $many;
ok($one->wait_messages(4 + $many, 20), "$many of them");
is(join(' ', map { $_->{message} } ($one->json)[4 .. 3 + $many]), join(' ', map { "[Echo] x$_" } 1 .. $many), 'in order, all of them');
is(scalar($two->messages), 3, 'nobody else hears it');
is($redis->cmd('XLEN', 'test:notiq:notifications:shop:victim'), $before, 'nothing was added to what the user has');
my $again = client('shop/victim');
$again->wait_messages(3);
is(join(' ', map { $_->{message_id} } $again->json), "@ids", 'who has not lost anything');
is($c->client($key, 'POST', '/notification/acknowledge', {user_id => 'victim', message_ids => [$said->{message_id}]})->status,
    200, 'an echo may be acknowledged, to no effect');

my $nobody = client('shop/nobody');
$nobody->send_text('x');
ok($nobody->wait_messages(1), 'an unknown user hears himself');
is($redis->cmd('XLEN', 'test:notiq:notifications:shop:nobody'), 0, 'and adds nothing');

# One that does not listen is not read any more, and hears it all later.
my $deaf = client('shop/deaf', receive_buffer => 4096);
$deaf->pause;
$deaf->send_text($_ x 60_000) for 1 .. 5;
$t->loop->run_for(0.3);
$deaf->resume;
ok($deaf->wait_messages(5, 20), 'who listens late gets it all');
is(join(' ', map { substr $_->{message}, 7, 2 } $deaf->json), '11 22 33 44 55', 'in order');

$t->done;
