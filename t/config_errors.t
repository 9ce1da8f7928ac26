# nginx -t names each wrong value, its directive and its line.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;

# A configuration with one line of the test's own, tried by `nginx -t`.
sub tried ($where, $line) {
    my %text = (http => '', server => '', location => '');
    $text{$where} = $line;
    my $nginx = $t->make_nginx(
        http   => "# the lines of the test\n$text{http}",
        server => "$text{server}\nlocation / {\n$text{location}\n}",
        env    => {EMPTY => '', TEST_SECRET => 'secret', UNSET_NAME => undef},
    );
    return $nginx->check;
}

# @patterns say what else must be told than line and directive.
sub refuses ($where, $line, @patterns) {
    my ($status, $output) = tried($where, $line);
    my $name = $line =~ s/\s+/ /gr;
    return subtest "$where: $name" => sub {
        isnt($status, 0, 'nginx -t fails');
        like($output, qr/nginx\.conf:\d+/, 'it says in which line');
        like($output, qr/"\$?notify_\w+[^"]*"/, 'and in which directive');
        like($output, $_, "and $_") for @patterns;
        is(scalar(() = $output =~ /\[emerg\]/g), 1, 'in one message');
    };
}

sub accepts ($where, $line) {
    my ($status, $output) = tried($where, $line);
    is($status, 0, "$where: $line is accepted") or diag $output;
    return;
}

my $entry = 'notify_entry message x;';

# ---- each wrong value ----------------------------------------------------------------------------

my @http = (
    ['notify_redis;',                            qr/number of arguments/],
    ['notify_redis http://localhost;'],
    ['notify_redis redis://127.0.0.1:99999/0;',  qr/port/],
    ['notify_redis redis://127.0.0.1:x/0;',      qr/port/],
    ['notify_redis redis://127.0.0.1:6379/x;',   qr/database/],
    ['notify_redis redis://no-such-host.invalid:6379/0;', qr/no-such-host\.invalid/],
    ['notify_redis env:UNSET_NAME;',             qr/UNSET_NAME/],
    ['notify_redis env:EMPTY;',                  qr/EMPTY/],
    ['notify_redis file:/no/such/file;',         qr{/no/such/file}],
    ["notify_redis redis://127.0.0.1;\nnotify_redis redis://127.0.0.1;", qr/is duplicate/],
    ['notify_redis_timeout 2x;',                 qr/"2x"/],
    ['notify_redis_timeout 0;',                  qr/"0"/],
    ['notify_redis_wait soon;',                  qr/"soon"/],
    ['notify_max_pending many;',                 qr/"many"/],
    ['notify_max_pending 0;',                    qr/"0"/],
    ['notify_max_pending -1;',                   qr/"-1"/],
    ['notify_max_reading much;',                 qr/"much"/],
    ['notify_max_reading 0;',                    qr/"0"/],
    ['notify_auth_waiting many 1;',              qr/"many"/],
    ['notify_auth_waiting 0 1;',                 qr/"0"/],
    ['notify_auth_waiting 1 -1;',                qr/"-1"/],
    ['notify_auth_waiting 9;',                   qr/invalid number of arguments/],
    ["notify_auth_waiting 9 9;\nnotify_auth_waiting 9 9;", qr/is duplicate/],
    ['notify_drain 5y5;',                        qr/"5y5"/],
    ['notify_fanout_batch 0;',                   qr/"0"/],
    ['notify_ring 0 1m;',                        qr/"0"/],
    ['notify_ring 1024 1x;',                     qr/"1x"/],
    ['notify_ring 1024;',                        qr/number of arguments/],
);
my @server = (
    ['notify_redis redis://127.0.0.1;',          qr/is not allowed here/],
    ['notify_drain 5s;',                         qr/is not allowed here/],
    ['notify_publish a;',                        qr/is not allowed here/],
    ['notify_subscribe a;',                      qr/is not allowed here/],
);
my @auth = (
    ['notify_auth password;',                    qr/"password"/],
    ['notify_auth jwt jwt;',                     qr/"jwt"/],
    ["notify_auth jwt;\nnotify_return 404;",     qr/"notify_auth jwt" needs "notify_jwt"/],
    ["notify_auth signature;\nnotify_return 404;", qr/ needs "notify_signature"/],
    ['notify_signature env:UNSET_NAME;',         qr/UNSET_NAME/],
    ['notify_signature env:EMPTY;',              qr/EMPTY/],
    ['notify_signature file:/no/such/file;',     qr{/no/such/file}],
    ['notify_signature s window=1x;',            qr/"window=1x"/],
    ['notify_signature s token=;',               qr/"token="/],
    ['notify_signature s windows=60s;',          qr/"windows=60s"/],
    ["notify_auth key;\nnotify_return 404;",     qr/"notify_auth key" needs "notify_key"/],
    ['notify_key;',                              qr/number of arguments/],
    ["notify_key '';",                           qr/""/],
    ['notify_key env:UNSET_NAME;',               qr/UNSET_NAME/],
    ['notify_key /tmp header=;',                 qr/"header="/],
    ['notify_key /tmp arg=;',                    qr/"arg="/],
    ['notify_key /tmp args=token;',              qr/"args=token"/],
    ["notify_key /tmp;\nnotify_key /tmp;",       qr/is duplicate/],
    ['notify_auth_failures many;',               qr/"many"/],
    ['notify_auth_failures -1;',                 qr/"-1"/],
    ["notify_auth bearer;\nnotify_return 404;",  qr/"notify_auth bearer" needs "notify_bearer"/],
    ['notify_bearer;',                           qr/number of arguments/],
    ['notify_bearer missing=x;',                 qr/needs a secret/],
    ["notify_auth hmac;\nnotify_return 404;",    qr/"notify_auth hmac" needs "notify_hmac"/],
    ['notify_hmac env:UNSET_NAME;',              qr/UNSET_NAME/],
    ['notify_hmac s message=x;',                 qr/"message=x"/],
    ['notify_hmac s "message={body}{body}";',    qr/"message=\{body\}\{body\}"/],
    ['notify_hmac s window=1ms;',                qr/"window=1ms"/],
    ['notify_hmac s "signature=a b";',           qr/"signature=a b"/],
    ['notify_body text;',                        qr/"text"/],
    ['notify_field v string of=p at=/a;',        qr/names no field "p" before it/],
    ['notify_field v string at=/a;',             qr/"at=\/a"/],
    ['notify_errors detail invalid=200;',        qr/"invalid=200"/],
    ['notify_require k 200;',                    qr/"200"/],
    ["notify_publish k;\n$entry\nnotify_require a:\$notify_field_x;", qr/no "notify_field" is named "x"/],
    ['notify_bearer s wrong=;',                  qr/"wrong="/],
    ['notify_bearer env:UNSET_NAME;',            qr/UNSET_NAME/],
    ["notify_bearer a;\nnotify_bearer b;",       qr/is duplicate/],
    ['notify_path a;',                           qr/"a"/],
    ["notify_path '/{x';",                       qr/"\/\{x"/],
    ["notify_path '/{x}/{x}';",                  qr/"x"/],
    ['notify_path /a slashes=no;',               qr/"slashes=no"/],
    ['notify_path /a "No" more;',                qr/"more"/],
    ["notify_path /a;\nnotify_path /b;",         qr/is duplicate/],
    ['notify_body half;',                        qr/"half"/],
    ['notify_field a string strict;',            qr/"strict"/],
    ['notify_field a integer in=query strict;',  qr/"strict"/],
    ['notify_field a any missing=;',             qr/"missing="/],
    ["$entry notify_publish \$notify_path_x;",  qr/\bx\b/],
    ['notify_admin;',                            qr/number of arguments/],
    ['notify_admin status;',                     qr/"status"/],
    ['notify_admin stream;',                     qr/needs a stream/],
    ['notify_admin ping x;',                     qr/"x"/],
    ['notify_admin stream $notify_path_x;',      qr/\bx\b/],
    ["notify_admin ping;\nnotify_admin info;",   qr/is duplicate|conflicts/],
    ["notify_admin_except '';",                  qr/""/],
    ['notify_max_batch 0;',                      qr/"0"/],
    ["$entry notify_publish_batch s list;",      qr/needs a "notify_field list array"/],
    ["notify_field list array;\nnotify_publish_batch s list;", qr/needs "notify_entry"/],
    ["notify_field list array nullable;\n$entry\nnotify_publish_batch s list;", qr/nullable/],
    ["notify_field list string;\n$entry\nnotify_publish_batch s list;", qr/array/],
    ['notify_jwt HS512 s;',                      qr/"HS512"/],
    ['notify_jwt none s;',                       qr/"none"/],
    ['notify_jwt HS256 env:UNSET_NAME;',         qr/UNSET_NAME/],
    ['notify_jwt HS256 s leeway=x;',             qr/"leeway=x"/],
    ['notify_jwt HS256 s claims=sub;',           qr/"claims=sub"/],
);
my @publish = (
    ['notify_publish;',                          qr/number of arguments/],
    ["notify_publish '';",                       qr/""/],
    ["notify_publish a method=BREW;\n$entry",    qr/"BREW"/],
    ["notify_publish a methods=PUT;\n$entry",    qr/"methods=PUT"/],
    ["notify_publish a;\nnotify_publish b;\n$entry", qr/is duplicate/],
    ['notify_publish a;',                        qr/"notify_publish" needs "notify_entry"/],
    ["notify_publish a;\nnotify_entry m \$notify_field_m;", qr/notify_field_m/],
    ["notify_publish a;\n$entry\n$entry",        qr/"message"/],
    ['notify_field m strng;',                    qr/"strng"/],
    ['notify_field m string min=x;',             qr/"min=x"/],
    ['notify_field m string min=2 max=1;',       qr/m(?:in|ax)/],
    ['notify_field m string in=header;',         qr/"in=header"/],
    ['notify_field m boolean default=maybe;',    qr/"default=maybe"/],
    ['notify_field m string optionl;',           qr/"optionl"/],
    ["notify_field m string;\nnotify_field m any;", qr/"m"/],
    ['notify_retain many;',                      qr/"many"/],
    ['notify_retain 10 1x;',                     qr/"1x"/],
    ['notify_response 99 x;',                    qr/"99"/],
    ['notify_response 404 x;',                   qr/"404"/],
    ['notify_errors html;',                      qr/"html"/],
    ['notify_max_message 1x;',                   qr/"1x"/],
    ['notify_max_message 0;',                    qr/"0"/],
);
my @subscribe = (
    ["notify_subscribe '';"],
    ['notify_subscribe a b c d e f g h i j k l m n o p q;'],
    ['notify_subscribe a; notify_subscribe b;'],
    ['notify_subscribe a; notify_replay x;'], ['notify_subscribe a; notify_replay 1001;'],
    ['notify_subscribe a; notify_keepalive 1s x y;'], ['notify_history a; notify_history b;'],
    ['notify_history a limit=0;'], ['notify_history a max=10;'], ['notify_history a where=x;'],
    ['notify_history a; notify_subscribe b;'],
    ["notify_subscribe a;\nnotify_subscribe b;", qr/is duplicate/],
    ["notify_subscribe a;\nproxy_pass http://127.0.0.1;", qr/conflict|duplicate/],
    ["notify_subscribe a;\nnotify_health live;", qr/conflict/],
    ["notify_subscribe a;\nnotify_event data='\$no_such_name';", qr/no_such_name/],
    ["notify_subscribe a;\nnotify_event id=maybe data='\$object';", qr/"id=maybe"/],
    ["notify_subscribe a;\nnotify_event color=red;", qr/"color=red"/],
    ["notify_subscribe a;\nnotify_open ready;",  qr/number of arguments/],
    ["notify_subscribe a;\nnotify_retry soon;",  qr/"soon"/],
    ["notify_subscribe a;\nnotify_keepalive soon;", qr/"soon"/],
    ["notify_subscribe a;\nnotify_keepalive -2;", qr/"-2"/],
    ["notify_subscribe a;\nnotify_send_timeout 1x;", qr/"1x"/],
);
my @queues = (
    ["notify_subscribe a;\nnotify_websocket bare;", qr/"bare"/],
    ["notify_subscribe a;\nnotify_websocket data protocol=;", qr/"protocol="/],
    ["notify_subscribe a;\nnotify_pong_timeout 0;", qr/"0"/],
    ["notify_subscribe a;\nnotify_message_timeout 0;", qr/"0"/],
    ["notify_subscribe a;\nnotify_receive b;",  qr/number of arguments/],
    ["notify_subscribe a;\nnotify_receive b text;", qr/"text"/],
    ["notify_subscribe a;\nnotify_receive b t=1 t=2;", qr/duplicate field "t"/],
    ['notify_receive b t=$notify_message;',      qr/needs "notify_subscribe"/],
    ["notify_subscribe a;\nnotify_receive_rate 0;", qr/"0"/],
    ["notify_subscribe a;\nnotify_receive_rate 5 burst=0;", qr/"burst=0"/],
    ['notify_inbox a g;',                        qr/number of arguments/],
    ["notify_subscribe a;\nnotify_inbox a g c;", qr/conflicts with "notify_subscribe"/],
    ["notify_acknowledge ids= a g c;",           qr/"ids="/],
    ["notify_subscribe a;\nnotify_member h;",   qr/number of arguments/],
    ["notify_subscribe a;\nnotify_member h n required;", qr/needs "header=" or "arg="/],
    ['notify_consume s;',                        qr/number of arguments/],
    ["notify_consume s '';",                     qr/""/],
    ['notify_consume s g consumer=;',            qr/"consumer="/],
    ['notify_consume s g limits=1;',             qr/"limits=1"/],
    ['notify_consume s g limit=1 limit=2;',      qr/"limit=2"/],
    ['notify_consume s $notify_field_g;',        qr/\bg\b/],
    ["notify_consume s g;\nnotify_consume t g;", qr/is duplicate/],
    ["notify_consume s g;\nnotify_subscribe s;", qr/conflict/],
    ['notify_finish stream=s group=g;',          qr/needs an id/],
    ["notify_finish '';",                        qr/""/],
    ['notify_finish x stream=s;',                qr/needs both/],
    ['notify_finish x consumer=c;',              qr/needs "stream="/],
    ['notify_finish ids=x;',                     qr/needs "stream="/],
    ['notify_finish x stream=s group=g remove;', qr/"remove"/],
    ['notify_finish x stream=s group=g group=h;', qr/"group=h"/],
    ['notify_finish $notify_field_x;',           qr/\bx\b/],
    ['notify_limit s g;',                        qr/number of arguments/],
    ["notify_limit s g '';",                     qr/""/],
    ['notify_limit s g $notify_json_n;',         qr/\bn\b/],
    ['notify_consumers s;',                      qr/number of arguments/],
    ["notify_consumers s g;\nnotify_consumers s h;", qr/is duplicate/],
    ['notify_finish $notify_path_id;',           qr/\bid\b/],
    ['notify_ack_timeout soon;',                 qr/"soon"/],
    ['notify_ack_timeout 0;',                    qr/"0"/],
    ['notify_max_deliveries -1;',                qr/"-1"/],
    ['notify_max_limit 0;',                      qr/"0"/],
    ['notify_max_limit 1000001;',                qr/"1000001"/],
);
my @others = (
    ['notify_health alive;',                     qr/"alive"/],
    ['notify_return 99;',                        qr/"99"/],
    ['notify_return 302;',                       qr/"302"/],
    ['notify_return 404 x method=BREW;',         qr/"BREW"/],
    ['notify_status a;',                         qr/number of arguments/],
    ['notify_clear a;',                          qr/number of arguments/],
);
refuses('http',     @$_) for @http;
refuses('server',   @$_) for @server;
refuses('location', @$_) for @auth, @publish, @subscribe, @queues, @others;

my ($unknown, $message) = tried('location', "notify_publish \$no_such_variable;\n$entry");
isnt($unknown, 0, 'a variable that is not there');
like($message, qr/unknown "no_such_variable" variable/, 'is named');

# ---- secrets are never shown ---------------------------------------------------------------------

my $secret = 'hunter2-and-more';
for my $url ("redis://user:$secret\@127.0.0.1:x/0", "http://:$secret\@localhost",
    "redis://:$secret\@no-such-host.invalid/0")
{
    my ($status, $output) = tried('http', "notify_redis $url;");
    isnt($status, 0, 'a bad URL with a password fails');
    unlike($output, qr/$secret/, 'and the password is not shown');
}

# ---- what is right -------------------------------------------------------------------------------

accepts('http', 'notify_redis redis://user:p%40ss@127.0.0.1:6379/3;');
accepts('http', 'notify_redis redis://localhost;');
accepts('http', 'notify_redis unix:/run/redis.sock;');
accepts('http', 'notify_redis_timeout 500ms;');
accepts('location', "notify_auth signature;\nnotify_return 404;\n"
    . 'notify_signature env:TEST_SECRET window=5m token=x-token;');
accepts('location', "notify_auth key;\nnotify_key /tmp header=x-key arg=key;\n"
    . "notify_auth_failures $_;\nnotify_return 404;") for qw(off 0 20);
my (undef, $warned) = tried('location', "notify_auth key;\nnotify_key /no/such;\nnotify_return 404;");
like($warned, qr{\[warn\].* folder "/no/such/" .* does not exist in .*nginx.conf:\d+},
    'a store in no folder is warned of');
accepts('location', "notify_subscribe a;\nnotify_keepalive $_;") for qw(off 0 -1 15s);
my ($status, $output) = tried('location', "notify_subscribe a;\nnotify_publish a;\n$entry");
is($status, 0, 'one location may subscribe and publish') or diag $output;

# A secret without a value: make run's configuration says which one.
for my $name (qw(API_TOKEN JWT_SECRET REDIS_URL)) {
    my %env = (REDIS_URL => 'redis://127.0.0.1', $name => undef);
    my ($status, $output) = $t->make_nginx(shipped => 1, env => \%env)->check;
    isnt($status, 0, "without $name the configuration that ships is refused");
    like($output, qr/$name/, 'by its name');
}

$t->done;
