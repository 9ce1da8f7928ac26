# A reload takes a new configuration over, and a broken one not at all.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

my $t     = NotifyTest->serving;
my $nginx = $t->nginx;
my $conf  = $nginx->dir . '/conf/users.conf';
my $text  = $t->read_file($conf);

sub with ($from, $to) { return $text =~ s/$from/$to/r }

# ---- broken --------------------------------------------------------------------------------------

my $stream = $t->user_stream('u');
my @before = $nginx->workers;
$t->write_file($conf, with('notify_keepalive 20s', 'notify_keepalive soon'));
$nginx->process->signal('HUP');
ok(wait_until(sub { $nginx->error_log =~ /\[emerg\].*"soon"/ }, 5),
    'a broken configuration is told');
is_deeply([$nginx->workers], \@before, 'and changes nothing');
$t->allow_log(qr/"soon"/);
my $id = $t->publish_user('u', 1)->json->{id};
is(($stream->wait_events(2))[1]{id}, $id, 'streams go on');

# ---- another one ---------------------------------------------------------------------------------

$t->write_file($conf, with('notify_keepalive 20s', 'notify_keepalive 1s') =~ s/1500ms/700ms/r);
$nginx->reload;
$t->loop->run_until(sub { $stream->opened == 2 }, 10);
$t->loop->run_until(sub { $stream->comments }, 3);
ok(scalar($stream->comments), 'a new keepalive time holds after a reload');
is($stream->{retries}[-1], 700, 'and a new retry');

# ---- another Redis -------------------------------------------------------------------------------

my $old   = $t->redis;
my $other = $t->start_redis;
my $main  = $t->read_file($nginx->conf_path);
my $url   = $other->url;
$t->write_file($nginx->conf_path, $main =~ s/env:REDIS_URL/$url/r);
wait_until(sub { !$nginx->draining }, 8);
$nginx->reload;
$t->loop->run_until(sub { $stream->opened == 3 && !$nginx->draining }, 10);
my $there = $t->publish_user('moved', 1)->json->{id};
is(join(' ', $other->event_ids('user:moved')), $there, 'another Redis after a reload');
is($old->cmd('EXISTS', 'user:moved'), 0, 'and the old one no more');
my @clients = grep { /nginx/ } split /\n/, $old->cmd('CLIENT', 'LIST');
is(scalar @clients, 0, 'no link to it is left');

# ---- none of the module --------------------------------------------------------------------------

$stream->close_stream;
my $plain = $main =~ s/include conf\/(?!limits)\w+\.conf;//gr =~ s/notify_return 404;/return 204;/r;
$t->write_file($nginx->conf_path, $plain);
$nginx->reload;
ok(wait_until(sub { !$nginx->draining }, 8), 'without its directives');
is($t->request('GET', '/')->status, 204, 'nginx serves');
@clients = grep { /nginx/ } split /\n/, $other->cmd('CLIENT', 'LIST');
is(scalar @clients, 0, 'and has no link to Redis');
$t->write_file($nginx->conf_path, $main);
$nginx->reload;
is($t->request('GET', '/api/v1/notify/health/ready')->status, 200, 'with them again all is there');

$t->done;
