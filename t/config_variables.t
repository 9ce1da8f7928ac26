# nginx -t names each variable of the module that a location cannot have, whatever directive's template it stands
# in: nginx itself knows every $notify_path_NAME, and such a stream's name would be everybody's.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t = NotifyTest->new;

sub tried ($location, $server = '') {
    return $t->make_nginx(http => '', server => "$server\nlocation / {\n$location\n}")->check;
}

sub refuses ($name, $pattern, @where) {
    my ($status, $output) = tried(@where);
    return subtest $name => sub {
        isnt($status, 0, 'nginx -t fails');
        like($output, $pattern, 'and says why');
        is(scalar(() = $output =~ /\[emerg\]/g), 1, 'in one message');
    };
}

sub accepts ($name, @where) {
    my ($status, $output) = tried(@where);
    return is($status, 0, $name) || diag $output;
}

# ---- every directive that takes a template --------------------------------------------------------

my $entry   = 'notify_entry m text;';
my $member  = 'notify_subscribe s; notify_member';
my %template = (
    'notify_publish'         => "notify_publish a:%s; $entry",
    'notify_entry'           => 'notify_publish a; notify_entry m %s;',
    'notify_require'         => "notify_publish a; $entry notify_require k:%s;",
    'notify_response'        => "notify_publish a; $entry notify_response 200 '{\"x\":\"%s\"}';",
    'notify_publish_batch'   => "notify_field l array; notify_publish_batch a:%s l; $entry",
    'a batch\'s notify_entry' => 'notify_field l array; notify_publish_batch a l; notify_entry m %s;',
    'notify_subscribe'       => 'notify_subscribe a:%s;',
    'one of several streams' => 'notify_subscribe a b:%s c;',
    'notify_history'         => 'notify_history a:%s;',
    'notify_status, label'   => 'notify_status %s k;',
    'notify_status, stream'  => 'notify_status a k:%s;',
    'notify_status, group'   => 'notify_status a k g:%s;',
    'the second one'         => 'notify_status a k; notify_status b %s;',
    'notify_clear, label'    => 'notify_clear %s k;',
    'notify_clear, stream'   => 'notify_clear a k:%s;',
    'notify_admin'           => 'notify_admin stream %s;',
    'notify_inbox, stream'   => 'notify_inbox a:%s g c;',
    'notify_inbox, group'    => 'notify_inbox a %s c;',
    'notify_inbox, consumer' => 'notify_inbox a g %s;',
    'notify_acknowledge'     => 'notify_acknowledge %s s g c;',
    'the stream of one'      => 'notify_acknowledge i s:%s g c;',
    'notify_receive'         => 'notify_subscribe a; notify_receive a:%s m=$notify_message;',
    'a field of one'         => 'notify_subscribe a; notify_receive a m=x:%s:$notify_message;',
    'notify_echo'            => 'notify_subscribe a; notify_echo m=x:%s:$notify_message;',
    'notify_consume'         => 'notify_consume a:%s g;',
    'its group'              => 'notify_consume a g:%s;',
    'its consumer'           => 'notify_consume a g consumer=%s;',
    'its limit'              => 'notify_consume a g limit=%s;',
    'notify_finish'          => 'notify_finish %s;',
    'its ids'                => 'notify_finish ids=%s stream=s group=g;',
    'its stream'             => 'notify_finish i stream=%s group=g;',
    'notify_limit'           => 'notify_limit a:%s g 1;',
    'its number'             => 'notify_limit a g %s;',
    'notify_consumers'       => 'notify_consumers a %s;',
    'notify_return'          => "notify_return 404 'no %s';",
    'notify_member'          => "$member h:%s n;",
    'its name'               => "$member h %s;",
    'notify_member_token'    => "$member h n header=x-k; notify_member_token %s;",
);

for my $name (sort keys %template) {
    my $text = $template{$name};
    refuses("a part of the path in $name", qr/ no name in "notify_path" is "gruop"/,
        "notify_path '/{group}';\n" . sprintf $text, '$notify_path_gruop');
    refuses("a quoted one in $name", qr/ no name in "notify_path" is "x"/, sprintf $text, '$notify_quoted_x');
    refuses("a field in $name", qr/ (?:no "notify_field" is named "x"|fields of the request are not read there)/,
        sprintf $text, '${notify_field_x}');
    refuses("a claim in $name", qr/ no "notify_auth jwt" proves a claim "team"/, sprintf $text, '$notify_claim_team');
}

# ---- who asks -------------------------------------------------------------------------------------

refuses('a subject that nobody proves', qr/says who asks/, 'notify_subscribe user:$notify_subject;');
refuses('nor the bearer of a secret', qr/says who asks/,
    "notify_auth bearer; notify_bearer secret;\nnotify_subscribe user:\$notify_subject;");
accepts('a token\'s', "notify_auth jwt; notify_jwt HS256 s;\nnotify_subscribe user:\$notify_subject:\$notify_claim_x;");
accepts('a key\'s', "notify_auth key; notify_key /tmp;\nnotify_subscribe user:\$notify_subject;");
accepts('a user\'s', "$member h n; notify_member_token \$arg_user;\nnotify_history user:\$notify_subject;"
    =~ s/notify_subscribe s; //r);
refuses('a member of nothing', qr/there is no "notify_member"/, 'notify_subscribe user:$notify_member;');
refuses('an item of no batch', qr/there is no "notify_publish_batch"/, 'notify_publish a; notify_entry m $notify_item;');

# ---- what is read, and where ----------------------------------------------------------------------

refuses('a field where none is read', qr/fields of the request are not read there/,
    "notify_field room string in=query;\nnotify_subscribe \$notify_field_room;");
accepts('a field of the operation beside', "notify_field room string;\nnotify_subscribe a;\n"
    . 'notify_publish $notify_field_room; notify_entry m $notify_field_room;');

# ---- what is inherited ----------------------------------------------------------------------------

my $server = 'notify_entry m $notify_field_text; notify_require k:$notify_path_x;';
accepts('what only others evaluate', 'notify_subscribe a;', $server);
refuses('what this one does', qr/"notify_entry \$notify_field_text": no "notify_field"/, 'notify_publish a;', $server);
refuses('also in part', qr/"notify_require k:\$notify_path_x": no name/,
    "notify_field text string;\nnotify_publish a;", $server);
accepts('what is there', "notify_path '/{x}'; notify_field text string;\nnotify_publish a;", $server);
accepts('what is said anew', "notify_require k;\n$entry\nnotify_publish a;", $server);
refuses('a guard of all', qr/no name in "notify_path" is "who"/, 'notify_subscribe a;',
    'notify_member h $notify_path_who;');
accepts('a guard that nothing is behind', 'return 204;', 'notify_member h $notify_path_who;');
refuses('in a condition', qr/no name in "notify_path" is "x"/,
    "notify_publish a;\n$entry\nif (\$arg_a) { notify_entry m \$notify_path_x; }");
accepts('in a condition, right', "notify_path '/{x}';\nnotify_publish a:\$notify_path_x;\n$entry\n"
    . 'if ($arg_a) { notify_entry m $notify_path_x; }');

$t->done;
