package NotifyTest::RowCases;

# System 004, row by row: every operation, and every status that it documents; the same for each
# database.

use v5.36;

use JSON::PP ();
use NotifyTest::Catalog;
use NotifyTest::Rows;
use Test::More;

# Settings of the worker: few providers.
sub worker ($class) { return {env => {NOTIFY_CATALOG_PROVIDERS => 5}} }

sub run ($class, $t, $c) {
    my $rows = NotifyTest::Rows->new($t, 'notiq');
    my $port = $t->nginx->port;
    my @superuser = NotifyTest::Catalog::basic(NotifyTest::Catalog::ADMIN, NotifyTest::Catalog::PASSWORD);

    # What the operations are asked with.
    my $key = $c->made('/clients', {client_name => 'shop'});
    my %id  = (clients => $c->client_id('shop'));
    $id{channels}  = $c->made('/channels', {name => 'letters'})->{id};
    $id{providers} = $c->made('/providers', {name => 'post', channel_id => $id{channels},
        config => {type => 'webhook', url => 'http://127.0.0.1:9/'}})->{id};
    my %template = (channel_id => $id{channels}, provider_id => $id{providers});
    $id{templates} = $c->made('/templates', {%template, template_ref_id => 'r1', template_name => 'one'})->{id};
    $id{receivers} = $c->made('/receivers', {client_id => $id{clients}, user_id => 'u1'})->{id};
    my %request = (client_id => $id{clients}, channel_id => $id{channels}, receiver_id => $id{receivers}, payload => {a => 1});
    $id{requests} = $c->made('/requests', \%request)->{id};
    my $nobody = '00000000-0000-4000-8000-000000000000';

    my %notification = (user_id => 'u1', type => 'info', color_code => '#123456', title => 't', message => 'm',
        timeout => 1, is_sticky => JSON::PP::false);

    # The body of each operation that takes one: a good one, however often it comes.
    my $number = 0;
    my %body = (
        'POST /api/clients'   => sub { +{client_name => 'c' . ++$number} },
        'POST /api/channels'  => sub { +{name => 'c' . ++$number} },
        'POST /api/providers' => sub { +{name => 'p' . ++$number, channel_id => $id{channels}, config => {}} },
        'POST /api/receivers' => sub { +{client_id => $id{clients}, user_id => 'u' . ++$number} },
        'POST /api/templates' => sub { +{%template, template_ref_id => 'r' . ++$number, template_name => "n$number"} },
        'POST /api/requests'  => sub { \%request },
        'PUT /api/clients/{id}'   => sub { +{client_name => 'c' . ++$number} },
        'PUT /api/channels/{id}'  => sub { +{description => 'd'} },
        'PUT /api/providers/{id}' => sub { +{config => {}} },
        'PUT /api/receivers/{id}' => sub { +{email => 'a@example.org'} },
        'PUT /api/templates/{id}' => sub { +{template_name => 'another'} },
        'PUT /api/requests/{id}/status'      => sub { +{status => 'ACCEPTED'} },
        'POST /api/notification/send'        => sub { \%notification },
        'POST /api/notification/acknowledge' => sub { +{user_id => 'u1', message_ids => []} },
        'POST /api/notification/token'       => sub { +{user_id => 'u1'} },
    );

    # One request for an operation; what is not given is right. id, name, body, type, origin, arguments, headers, port.
    my sub ask ($name, %option) {
        my ($method, $path) = split / /, $name;
        my ($noun) = $path =~ m{^/api/(\w+)};
        my $id     = $option{id} // $id{$noun} // '';
        my %names  = (channels => 'Letters', providers => 'POST');
        my $named  = $option{name} // $names{$noun} // '';
        $path =~ s/\{id\}/$id/;
        $path =~ s/\{name\}/$named/;
        my $body = exists $option{body} ? $option{body} : $body{$name} ? $body{$name}->() : undef;
        $body = JSON::PP->new->utf8->encode($body) if ref $body;
        my @headers = ($option{headers} // ($noun eq 'notification' ? ['x-api-key' => $key] : \@superuser))->@*;
        push @headers, 'Content-Type' => $option{type} // 'application/json' if defined $body;
        push @headers, Origin => $option{origin} if $option{origin};
        return $t->request($method, $path . ($option{arguments} // ''), body => $body, headers => \@headers,
            port => $option{port} // $port, timeout => 40);
    }

    my @all = grep { !m{/api/ws/} } $rows->names;
    cmp_ok(scalar @all, '>=', 43, 'the catalogue has its operations');
    is(join("\n", grep { /^(?:POST|PUT) / && !/regenerate/ && !$body{$_} } @all), '', 'each that takes a body has one here');

    # ---- what a request is refused for ----------------------------------------------------------------

    for my $name (grep { !m{/api/health} } @all) {
        $rows->row($name, 401, ask($name, headers => []), 'nobody');
        $rows->row($name, 401, ask($name, headers => ['x-api-key' => 'x', NotifyTest::Catalog::basic('chief', 'x')]),
            'somebody else');
    }
    for my $name (@all) {
        $rows->row($name, 403, ask($name, origin => 'https://evil.example'), 'a page of another origin');
        $rows->row($name, 415, ask($name, type => 'text/plain'), 'what a form sends') if $body{$name};
        $rows->row($name, 422, ask($name, id => 'x'), 'an id that is none') if $name =~ /\{id\}/;
        $rows->row($name, 422, ask($name, body => '{"a":'), 'half a body')  if $body{$name};
        $rows->row($name, 422, ask($name, arguments => '?limit=0'), 'no limit') if $name =~ m{^GET /api/(?!health)\w+\z};
    }
    $rows->row($_, 413, ask($_, body => '{"a":"' . 'x' x 1_100_000 . '"}')) for sort keys %body;
    $rows->row($_, 404, ask($_, id => $nobody, name => 'nobody')) for grep { /\{(?:id|name)\}/ } @all;
    my %unknown = (
        'POST /api/providers' => {name => 'x', channel_id => $nobody, config => {}},
        'POST /api/receivers' => {client_id => $nobody, user_id => 'x'},
        'POST /api/templates' => {%template, channel_id => $nobody, template_ref_id => 'x', template_name => 'x'},
        'POST /api/requests'  => {%request, receiver_id => $nobody},
    );
    $rows->row($_, 404, ask($_, body => $unknown{$_}), 'what it refers to') for sort keys %unknown;

    # ---- what is taken --------------------------------------------------------------------------------

    $c->made('/clients', {client_name => 'taken'});
    $c->made('/channels', {name => 'taken'});
    $c->made('/receivers', {client_id => $id{clients}, user_id => 'taken'});
    my %taken = (
        'POST /api/clients'   => {client_name => 'Taken'},
        'POST /api/channels'  => {name => 'Taken'},
        'POST /api/receivers' => {client_id => $id{clients}, user_id => 'taken'},
        'PUT /api/clients/{id}'   => {client_name => 'Taken'},
        'PUT /api/channels/{id}'  => {name => 'Taken'},
    );
    $rows->row($_, 409, ask($_, body => $taken{$_}), 'a name that is taken') for sort keys %taken;

    # ---- what succeeds --------------------------------------------------------------------------------

    my $other = $c->made('/clients', {client_name => 'other'}) && $c->client_id('other');
    my %success = (
        'PUT /api/clients/{id}' => {id => $other},
        'PUT /api/clients/{id}/regenerate_api_key' => {id => $other},
    );
    for my $name (grep { !/mark_inactive/ } @all) {
        my ($status) = grep { /^2/ } $rows->statuses($name);
        $rows->row($name, $status, ask($name, ($success{$name} // {})->%*));
    }
    my $spare = $c->made('/providers', {name => 'spare', channel_id => $id{channels}, config => {}})->{id};
    $c->admin('DELETE', "/providers/$spare/mark_inactive");
    my ($create, $change) = ('POST /api/providers', 'PUT /api/providers/{id}');
    1 while $c->admin('POST', '/providers', $body{$create}->())->status == 201;
    $rows->row($create, 409, ask($create), 'no place for one more provider');
    $rows->row($change, 409, ask($change, id => $spare, body => {is_active => JSON::PP::true}), 'nor for this one');
    my $status = 'PUT /api/requests/{id}/status';
    $rows->row($status, 409, ask($status, body => {status => 'REJECTED'}), 'a status that is final');

    # ---- GET /api/ws/{client}/{user} ------------------------------------------------------------------

    my $connect = 'GET /api/ws/{client}/{user}';
    my $user = '/api/ws/shop/u1?token=' . ask('POST /api/notification/token')->json->{data}{token};
    $rows->row($connect, 101, $rows->handshake($user));
    $rows->row($connect, 426, $rows->handshake($user, 12), 'another version');
    my $stream = $t->stream(path => $user, reconnect => 0);
    ok($stream->wait_open, 'server-sent events');
    $rows->row($connect, 200, $stream->response);
    $stream->close_stream;
    $rows->row($connect, 400, $t->request('GET', "/api/ws/shop/%FF?api_key=$key"), 'a name that is none');
    $rows->row($connect, 401, $t->request('GET', '/api/ws/shop/u1?token=x'), 'what is no token');
    $rows->row($connect, 403, $t->request('GET', '/api/ws/nobody/u1'), 'an unknown client');
    $rows->row($connect, 403, $t->request('GET', '/api/ws/shop/u1?api_key=x'), 'a wrong key');

    # ---- too often ------------------------------------------------------------------------------------

    my $slow = $t->start_other_nginx(shipped => 1, env => $c->environment,
        edit => {'rate=(?:2000|1000)r/s' => 'rate=1r/m', 'burst=4000 nodelay' => 'nodelay'});
    $t->request('GET', '/api/health', port => $slow->port);
    $rows->row($_, 429, ask($_, port => $slow->port)) for @all;
    $t->request('GET', '/api/ws/nobody/u1', port => $slow->port);
    $rows->row($connect, 429, $t->request('GET', '/api/ws/shop/u1', port => $slow->port), 'too often');

    # ---- the end of rows, then of the worker ------------------------------------------------------------

    for my $name (grep { /mark_inactive/ } @all) {
        my ($noun) = $name =~ m{/api/(\w+)};
        $rows->row($name, 200, ask($name)) for $noun eq 'clients' ? () : 1;
    }
    my $send = 'POST /api/notification/send';
    my $push = $c->admin('GET', '/channels/name/push_notification')->json->{data}{id};
    $c->admin('DELETE', "/channels/$push/mark_inactive");
    $rows->row($send, 404, ask($send), 'no channel for it');
    $rows->row('DELETE /api/clients/{id}/mark_inactive', 200, ask('DELETE /api/clients/{id}/mark_inactive', id => $other));
    $t->worker->stop;
    $rows->row($_, 503, ask($_), 'no worker') for @all;
    $t->redis->stop;
    $rows->row($connect, 503, $t->request('GET', $user), 'no Redis');

    # That nobody listens at the socket is what this shows.
    $t->allow_log(qr{connect\(\) to unix:.* failed});
    $rows->done;
    return;
}

1;
