# The tests' own tools: a client that overlooked a loss would make every other test worthless.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::SlackRules qw(problem_of);

my $t = NotifyTest->new;

# ---- the parser ----------------------------------------------------------------------------------

sub parsed (@pieces) {
    my @seen;
    my $parser = NotifyTest::SseParser->new(
        on_event   => sub ($event) { push @seen, "$event->{type}/$event->{id}/$event->{data}" },
        on_comment => sub ($text)  { push @seen, "#$text" },
        on_retry   => sub ($time)  { push @seen, "retry $time" },
    );
    $parser->feed($_) for @pieces;
    return join '|', @seen;
}

is(parsed("data: a\n\n"),                         'message//a',         'an event');
is(parsed("event: x\ndata:a\ndata: b\nid: 7\n\n"), "x/7/a\nb",          'type, two lines, id');
is(parsed("id: 1\ndata: a\n\ndata: b\n\n"),       'message/1/a|message/1/b', 'an id stays');
is(parsed("data: a\r\n\r\ndata: b\r\rdata: c\n\n"), 'message//a|message//b|message//c',
    'line ends');
is(parsed("data: a\r", "\n\r", "\ndata: b\n", "\n"), 'message//a|message//b',
    'cut between CR and LF');
is(parsed("\xEF\xBB\xBFdata: a\n\n"),             'message//a',         'a byte order mark');
is(parsed("\xEF", "\xBB\xBFdata: a\n\n"), 'message//a', 'a byte order mark in pieces');
is(parsed(": x\n\nretry: 1500\nretry: 1s\n\n"),   '# x|retry 1500',     'comments and retry');
is(parsed("event: x\nid: 9\n\ndata: a\n\n"),      'message/9/a',        'no data, no event');
is(parsed("data\n\nfoo: bar\n\n"),                'message//',          'a field without colon');
is(parsed("data: a\n"),                           '',                   'half a block is no event');
is(parsed(split //, "id: 1\nevent: e\ndata: abc\n\n"), 'e/1/abc',       'byte by byte');

# ---- the ledger ----------------------------------------------------------------------------------

sub fault (@got) {
    my $ledger = $t->ledger;
    $ledger->record('c', {type => 'message', id => $_}) for @got;
    return join '; ', $ledger->faults(['c'], '1', '2', '3');
}

is(fault(1, 2, 3), '', 'the ledger accepts what is whole');
like(fault(1, 3),       qr/^c: 2 of 3, 1 lost \(2\)$/,           'it finds a loss');
like(fault(),           qr/0 of 3, 3 lost/,                      'it finds silence');
like(fault(1, 2, 2, 3), qr/1 doubled \(2\)/,                     'it finds a repeat');
like(fault(1, 3, 2),    qr/1 out of order \(2\)/,                'it finds a wrong order');
like(fault(1, 2, 3, 4), qr/1 not in the stream \(4\)/,           'it finds what nobody sent');
is(join(',', NotifyTest::Ledger::missing({1 => 'a', 2 => 'b'}, 'a')), '2', 'and what was not kept');

# ---- the client, against a server that does as it is told ----------------------------------------

my $port   = free_port();
my $server = NotifyTest::Process->run_code('sse server', sub { serve($port) });

# First connection: retry, two events, the end. Second: what the client said it has. Third: 503.
sub serve ($port) {
    my $listener = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 5, ReuseAddr => 1,
    ) or die "$!";
    my $head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        . "Transfer-Encoding: chunked\r\n\r\n";
    for my $number (1 .. 4) {
        my $socket = $listener->accept;
        my $request = '';
        $request .= <$socket> until $request =~ /\r\n\r\n/;
        my ($last) = $request =~ /^Last-Event-ID: (.*)\r$/m;
        if ($number == 1) {
            print $socket $head;
            print $socket sprintf "%x\r\n%s\r\n", length $_, $_
                for "retry: 50\n\nid: 1\nda", "ta: a\n\nid: 2\ndata: b\n\nid: 3\ndata: half\n";
        }
        elsif ($number == 2) {
            print $socket $head;
            my $text = "data: last was $last\n\n";
            print $socket sprintf "%x\r\n%s\r\n0\r\n\r\n", length $text, $text;
        }
        elsif ($number == 3) {
            print $socket "HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n";
        }
        else {
            print $socket $head;
            $socket->read(my $rest, 1);    # until the client goes
        }
        close $socket;
    }
    return;
}

# Whether somebody listens, without a connection that the server would count.
my $listening = sprintf ':%04X 00000000:0000 0A', $port;
wait_until(sub { $t->read_file('/proc/net/tcp') =~ /$listening/ });

my $began  = Time::HiRes::time();
my $stream = NotifyTest::Stream->new(loop => $t->loop, port => $port, path => '/');
$t->loop->run_until(sub { $stream->opened == 3 });
is(join('|', map { "$_->{id}=$_->{data}" } $stream->events), '1=a|2=b|2=last was 2',
    'the client reconnects with the id of the last whole event');
is(join(',', $stream->refused), '503', 'and goes on after an answer that is no stream');
cmp_ok(Time::HiRes::time() - $began, '>=', 0.15, 'and waits as retry says');
cmp_ok(Time::HiRes::time() - $began, '<', 0.9, 'and not longer');
$stream->close_stream;
ok($server->wait_exit(5), 'the server is done');

# ---- the stand-in for Slack ----------------------------------------------------------------------

my $tls   = $t->make_tls;
my $slack = $t->start_slack(tls => $tls);
$slack->answer({status => 429, retry_after => 3}, {hang_up => 'before'}, {hang_up => 'body'},
    {hang => 1});

sub post (%option) {
    my $http = NotifyTest::Http->new(port => $slack->port, tls => $tls->ca, timeout => 0.3);
    return $http->request('POST', '/hook', body => '{"text":"x"}', %option);
}
my $refusal = post();
is($refusal->status, 429, 'slack refuses');
is($refusal->header('Retry-After'), 3, 'and says until when');
is(post(), undef, 'slack hangs up without a word');
is(post(), undef, 'slack hangs up in the middle');
is(post(), undef, 'slack hangs');
is(post()->body, 'ok', 'slack accepts, once its answers are used up');
is(scalar($slack->requests), 5, 'all five are recorded');
is(scalar($slack->accepted), 1, 'one of them accepted');
is(join(',', $slack->texts), 'x,x,x,x,x', 'with their texts');

my $button = sub (%more) {
    return {type => 'actions', elements => [{type => 'button', action_id => 'a',
        text => {type => 'plain_text', text => 'x'}, %more}]};
};
my $section = sub ($text) { return {type => 'section', text => {type => 'mrkdwn', text => $text}} };
my %refused = (
    'no JSON'             => ['/services/x', '{', 'not JSON'],
    'no text'             => ['/services/x', {}, 'no_text'],
    'a long text'         => ['/services/x', {text => 'x' x 40_001}, 'text is too long'],
    'no channel'          => ['/api/chat.postMessage', {text => 'x'}, 'no channel'],
    'no ts'               => ['/api/chat.update', {channel => 'C', text => 'x'}, 'no ts'],
    'an unknown method'   => ['/api/chat.delete', {channel => 'C', text => 'x'}, 'unknown method /api/chat.delete'],
    '51 blocks'           => ['/services/x', {blocks => [({type => 'divider'}) x 51]}, 'too many blocks'],
    'a long section'      => ['/services/x', {blocks => [$section->('x' x 3001)]}, 'section is too long'],
    'an empty section'    => ['/services/x', {blocks => [$section->('')]}, 'section is too short'],
    'bare markup'         => ['/services/x', {blocks => [$section->('a & b')]}, 'section is not escaped'],
    'a long header'       => ['/services/x', {blocks => [{type => 'header', text => {type => 'plain_text', text => 'x' x 151}}]}, 'header is too long'],
    'a long button'       => ['/services/x', {blocks => [$button->(text => {type => 'plain_text', text => 'x' x 76})]}, 'button is too long'],
    'a long button value' => ['/services/x', {blocks => [$button->(value => 'x' x 2001)]}, 'button value is too long'],
    'in an attachment'    => ['/services/x', {attachments => [{blocks => [$section->('x' x 3001)]}]}, 'section is too long'],
);
for my $name (sort keys %refused) {
    my ($path, $body, $why) = $refused{$name}->@*;
    is(problem_of($path, ref $body ? JSON::PP->new->utf8->encode($body) : $body), $why, "slack refuses: $name");
}
is(problem_of('/services/x', '{"text":"<!here> & more"}'), undef, 'slack takes markup in a text');
is(problem_of('/hook', 'anything'), undef, 'other paths are not its own');

# ---- Redis ---------------------------------------------------------------------------------------

my $redis = $t->start_redis;
my $id    = $redis->cmd('XADD', 's', '*', 'field', 'value');
$redis->restart;
is_deeply([$redis->entries('s')], [[$id, {field => 'value'}]],
    'Redis keeps its data over a restart');
is(event_id('1700000000000-26'), '1700000000000-0000001a', 'an entry id as event id');
is(entry_id('1700000000000-0000001a'), '1700000000000-26', 'and back');

# ---- a loop that holds many sockets --------------------------------------------------------------

my $many = free_port();
my $echo = NotifyTest::Process->run_code('many', sub {
    my $loop = NotifyTest::Loop->new;
    my $listener = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => $many, Listen => 2000, ReuseAddr => 1, Blocking => 0,
    ) or die "$!";
    my @clients;
    my $text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";
    $loop->on_read($listener, sub {
        while (my $client = $listener->accept) {
            push @clients, $client;
            syswrite $client, $text;
        }
    });
    $loop->turn while 1;
});
my @streams;
wait_until(sub { eval { NotifyTest::Http->new(port => $many)->close; 1 } });
for (1 .. 1500) {
    push @streams, NotifyTest::Stream->new(loop => $t->loop, port => $many, path => '/');
    $t->loop->turn(0) if $_ % 50 == 0;
}
ok($t->loop->run_until(sub { !grep { $_->events < 1 } @streams }, 20),
    '1,500 streams in one process');
$_->close_stream for @streams;

$t->done;
