# One id of a request: where it is from, and where it stands.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;
$t->start_redis;
my $closed = free_port();
$t->start_nginx(
    http => <<'END',
notify_redis env:REDIS_URL;
notify_redis_wait 0;
limit_req_zone $uri zone=slow:64k rate=1r/m;
log_format id '$status "$request" id=$notify_request_id nginx=$request_id';
access_log ids.txt id;
END
    server => <<"END",
add_header X-Request-ID \$notify_request_id always;
location = /publish {
    notify_field message string;
    notify_publish news;
    notify_entry message \$notify_field_message;
    notify_entry request \$notify_request_id;
}
location = /uuid  { notify_request_id uuid; notify_return 404; }
location = /own   { notify_request_id uuid header=; notify_return 404; }
location = /trace { notify_request_id on header=X-Trace; notify_return 404; }
location = /off   { notify_request_id off; notify_return 404; }
location /proxied { proxy_pass http://127.0.0.1:$closed; notify_request_id on; }
location /foreign { proxy_pass http://127.0.0.1:$closed; }
location = /limited { limit_req zone=slow; notify_return 404; }
location = /denied  { deny all; notify_return 404; }
location = /broken { notify_clear a wrong_type; }
location = /stream { notify_subscribe news; notify_send_timeout 1s; }
END
);

sub logged ($path) {
    my $line;
    my $look = sub {
        ($line) = grep { /"\S+ \Q$path\E HTTP/ }
            reverse split /\n/, $t->read_file($t->nginx->dir . '/ids.txt');
    };
    wait_until($look, 5);
    return ($line // '') =~ / id=(\S+) nginx=(\S+)/;
}

# ---- where it is from ------------------------------------------------------------------------------

my $hex  = qr/^[0-9a-f]{32}$/;
my $uuid = qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
my $good = 'C0000000-0000-1000-8000-00000000000f';
my $number = 0;

sub id_of ($path, @headers) {
    $path .= '?' . $number++;
    my $answer = $t->request('GET', $path, headers => \@headers);
    my ($id) = logged($path);
    is($answer->header('X-Request-ID') // '-', $id, "$path: the log has the answer's");
    return $id;
}

for my $id ('a', 'x' x 128, $good, 'Root=1-67891233-abcdef', 'a/b+c==', 'n:1@h~.x_y') {
    is(id_of('/denied', 'X-Request-ID' => $id), $id, "the client's: $id");
}
for my $id ('', 'a b', 'a"b', 'a\\b', "a\tb", 'x' x 129, "\xc3\xa9", 'a;b', 'a,b', '<a>', "'", '%41') {
    like(id_of('/denied', 'X-Request-ID' => $id), $hex, "not the client's: $id");
}
like(id_of('/denied', 'X-Request-ID' => 'a', 'X-Request-ID' => 'b'), $hex, 'nor one of two');
is(id_of('/denied', 'x-ReQuest-iD' => 'a'), 'a', 'in any letter case');
my ($own, $nginx) = logged((map { $t->request('GET', $_); $_ } '/denied?own')[0]);
is($own, $nginx, q{else nginx's own});
isnt(id_of('/denied'), id_of('/denied'), 'another for each request');

is(id_of('/uuid', 'X-Request-ID' => $good), $good, 'uuid: one that is one');
like(id_of('/uuid', 'X-Request-ID' => 'a'), $uuid, 'uuid: one that is none');
like(id_of('/uuid'), $uuid, 'uuid: one of ours');
like(id_of('/own', 'X-Request-ID' => $good), $uuid, 'header=: ours, whatever came');
is(id_of('/trace', 'X-Trace' => 'a', 'X-Request-ID' => 'b'), 'a', 'another header');
like(id_of('/trace', 'X-Request-ID' => 'b'), $hex, 'and that one only');
is(id_of('/off', 'X-Request-ID' => 'b'), '-', 'off');

# ---- the error log ---------------------------------------------------------------------------------

# The lines about a request whose path has that at its end.
sub errors ($mark) { return grep { /\Q$mark\E HTTP/ } split /\n/, $t->nginx->error_log }

sub all_have ($path, $name, %option) {
    my $id     = 'id-of-' . $number++;
    my $target = "$path?$id" . ($option{long} ? 'x' x 3000 : '');
    my @body   = $option{body} ? (body => $option{body}) : ();
    my $answer = $t->request($option{method} // 'GET', $target, headers => ['X-Request-ID' => $id], @body);
    my @lines = grep { /\Q$path?$id\E/ } split /\n/, $t->nginx->error_log;
    my @with  = grep { /, client: [0-9.]+, request id: "$id", server: / } @lines;
    cmp_ok(scalar @lines, '>', 0, "$name: is logged");
    is(scalar @with, scalar @lines, "$name: with its id in each line");
    return $answer;
}

$t->redis->cmd('SET', 'wrong_type', 'x');
all_have('/broken', 'what Redis refused', method => 'DELETE');
all_have('/proxied', q{another module's line});
all_have('/denied', 'who may not');
all_have('/denied', 'a long line', long => 1);
$t->request('GET', '/limited') for 1 .. 2;
all_have('/limited', 'too often');
my $foreign = $t->request('GET', '/foreign?x', headers => ['X-Request-ID' => 'foreign']);
is($foreign->header('X-Request-ID'), 'foreign', 'a location that is not ours');
my @foreign = errors('/foreign?x');
is(scalar(grep { /request id/ } @foreign), 0, 'has no id in the error log unless it asks for it');

# ---- an entry --------------------------------------------------------------------------------------

my $answer = $t->request('POST', '/publish', body => '{"message":"m"}',
    headers => ['X-Request-ID' => 'of-the-entry']);
is($answer->status, 200, 'a publish');
my ($entry) = $t->redis->cmd('XREVRANGE', 'news', '+', '-', 'COUNT', 1)->[0][1];
is("@$entry", 'message m request of-the-entry', 'its entry has the id where the configuration says so');

$t->redis->stop;
is(all_have('/publish', 'Redis away', method => 'POST', body => '{"message":"m"}')->status, 503,
    'a publish without Redis');

# ---- nginx -t --------------------------------------------------------------------------------------

for (
    ['notify_request_id maybe;', 'invalid value "maybe"'],
    ['notify_request_id on head=x;', 'invalid parameter "head=x"'],
    ['notify_request_id on "header=a b";', 'invalid parameter "header=a b"'],
    ['notify_request_id off header=x;', 'invalid parameter "header=x"'],
    ['notify_request_id on; notify_request_id off;', 'is duplicate'],
    ['notify_request_id;', 'invalid number of arguments'],
) {
    my ($line, $message) = @$_;
    my ($status, $output) =
        $t->make_nginx(server => "location / { $line notify_return 404; }")->check;
    isnt($status, 0, "$line is refused");
    like($output, qr/\Q$message\E/, $message);
}

$t->done;
