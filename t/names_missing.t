# A name of which a part is missing would be shared by everybody who lacks it: it is refused.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
$t->start_nginx(http => "notify_redis env:REDIS_URL;\n"
        . "map \$http_x_team \$team { default ''; ~^[a-z]+\$ \$http_x_team; }\n", server => <<'END');
    notify_entry  n 1;
    notify_jwt    HS256 env:JWT_SECRET arg=token;
    location = /subject  { satisfy any; allow all; notify_auth jwt; notify_subscribe user:$notify_subject; notify_publish user:$notify_subject; }
    location = /history  { satisfy any; allow all; notify_auth jwt; notify_history user:$notify_subject; }
    location = /user     { notify_subscribe user:$remote_user; }
    location = /arg      { notify_subscribe team:$arg_team; notify_publish team:$arg_team; }
    location = /braces   { notify_history team:${arg_team}_x; }
    location = /header   { notify_history team:$http_x_team; }
    location = /cookie   { notify_history team:$cookie_team; }
    location = /map      { notify_history team:$team; }
    location = /own      { set $own ''; if ($arg_own) { set $own $arg_own; } notify_history own:$own; }
    location ~ ^/capture/(\w*)-(?<name>\w*)\z { notify_history c:$1:$name; }
    location = /field    { notify_field f string in=query optional; notify_publish f:$notify_field_f; }
    location = /status   { notify_status s status:$arg_team; notify_clear s status:$arg_team; }
    location = /group    { notify_status s s group:$arg_team; }
    location = /batch    { notify_field m array; notify_publish_batch b:$arg_team m; }
    location = /consume  { notify_consume c:$arg_team group; }
    location = /consume2 { notify_consume c group:$arg_team; }
    location = /consume3 { notify_consume c group consumer=worker-$arg_team; }
    location = /figures  { notify_consumers c:$arg_team group:$arg_team; notify_limit c:$arg_team group 1; }
    location = /finish   { notify_finish $arg_id stream=c:$arg_team group=g; }
    location = /inbox    { notify_inbox i:$arg_team group me; }
    location = /inbox2   { notify_inbox i group user-$arg_team; }
    location = /ack      { notify_acknowledge $arg_id i:$arg_team group me; }
    location = /admin    { notify_admin stream a:$arg_team; }
    location = /require  { notify_require key:$arg_team 404 "Unknown"; notify_publish r; }
    location = /several  { notify_subscribe news user:$arg_team; }
END
my $redis = $t->redis;
$redis->cmd('SET', 'key:', 'everybody');

my @rows = (
    ['GET', '/subject'], ['POST', '/subject'], ['GET', '/history'], ['GET', '/user'],
    ['GET', '/arg'], ['POST', '/arg'], ['GET', '/arg?team='], ['GET', '/braces'], ['GET', '/header'],
    ['GET', '/cookie'], ['GET', '/map'], ['GET', '/own'], ['GET', '/capture/-b'], ['GET', '/capture/a-'],
    ['POST', '/field', 422], ['POST', '/field?f=', 422], ['GET', '/status'], ['DELETE', '/status'],
    ['GET', '/group'], ['POST', '/batch', 403, '{"m":[1]}'], ['GET', '/consume'], ['GET', '/consume2'],
    ['GET', '/consume3'], ['GET', '/figures'], ['POST', '/figures'], ['POST', '/finish?id=1-1'],
    ['GET', '/inbox'], ['GET', '/inbox2'], ['POST', '/ack?id=1-1'], ['GET', '/admin'],
    ['POST', '/require', 404],
);
for (@rows) {
    my ($method, $path, $status, $body) = @$_;
    my $answer = $t->request($method, $path, body => $body // ($method eq 'POST' ? '{}' : undef));
    is($answer->status, $status // 403, "$method $path") or diag $answer->body;
    unlike($answer->body, qr/notify_subject|remote_user|http_x_team|\$/, '... reveals no variable');
}
is($redis->cmd('DBSIZE'), 1, 'no stream of the empty name is there');

like($t->request('GET', '/arg')->body, qr/The argument \\"team\\" is missing/, 'who could name it is told so');
for (['GET', '/braces?team=a'], ['POST', '/arg?team=a'], ['GET', '/map', 'x-team' => 'red'],
    ['GET', '/own?own=a'], ['GET', '/capture/a-b'], ['POST', '/field?f=x'])
{
    my ($method, $path, @headers) = @$_;
    is($t->request($method, $path, headers => \@headers, body => $method eq 'POST' ? '{}' : undef)->status,
        200, "$method $path @headers");
}
is($t->request('GET', '/history?token=' . jwt(JWT_SECRET, {sub => 'u'}))->status, 200, 'who says who he is has his own');
my $several = $t->stream(path => '/several', reconnect => 0);
ok($several->wait_open, 'of several streams it is left out');

$t->done;
