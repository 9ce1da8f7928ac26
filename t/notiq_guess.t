# Guessing the superuser's password costs more and more, by address and by name; and nobody is locked
# out by others for long.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;
use NotifyTest::Catalog;

my $t = NotifyTest->new;
my $c = NotifyTest::Catalog->new($t);
my ($name, $password) = (NotifyTest::Catalog::ADMIN, NotifyTest::Catalog::PASSWORD);
my $guesses = 0;

sub ask ($from, $user, $word) {
    return $t->request('GET', '/api/clients', from => $from, headers => [NotifyTest::Catalog::basic($user, $word)]);
}
sub guess ($from, $user = $name) { return ask($from, $user, 'guess' . ++$guesses) }

# ---- an address -------------------------------------------------------------------------------------

is(guess('127.0.0.2')->status, 401, "guess $_ is wrong") for 1 .. 11;
my $limited = guess('127.0.0.2');
$t->answers('the next one is not looked at', $limited, 429,
    qr/^\{"status_code":429,"message":"HTTP Exception","error":"Too many failed attempts: try again in \d+ s"\}$/,
    'Retry-After' => qr/^1$/);
is(ask('127.0.0.2', $name, $password)->status, 429, 'nor the right password, or the answer would tell');
is(ask('127.0.0.3', $name, $password)->status, 200, 'another address may');

# The wait doubles with each wrong guess after it.
my @waits;
for my $round (1 .. 2) {
    ok(wait_until(sub { guess('127.0.0.2')->status == 401 }, 10), "after the wait $round");
    push @waits, guess('127.0.0.2')->header('Retry-After');
}
is("@waits", '2 4', 'it is twice as long');

# A program with an old password is one guess.
my @old = map { ask('127.0.0.4', $name, 'old')->status } 1 .. 40;
is(join(' ', grep { $_ != 401 } @old), '', 'the same wrong password is no new guess');
ok((grep { ask('127.0.0.4', $name, 'old')->status == 429 } 1 .. 80) > 0, 'but slowed down, too');

# ---- the name -------------------------------------------------------------------------------------

# Many addresses: none of them has failed often.
my $last;
for my $n (1 .. 60) {
    $last = guess("127.0.1.$n");
    last if $last->status == 429;
}
is($last->status, 429, 'many addresses together are slowed down');
cmp_ok($last->header('Retry-After'), '<=', 30, 'for half a minute at most');
is(ask('127.0.0.3', $name, $password)->status, 200, 'who has come in lately comes in');
is(guess('127.0.2.1', 'another')->status, 401, 'another name has its own count');

# ---- what is no guess ---------------------------------------------------------------------------

is($t->request('GET', '/api/clients', from => '127.0.0.5')->status, 401, 'no password is no guess') for 1 .. 30;
is(ask('127.0.0.3', $name, $password)->status, 200, 'a right one, often') for 1 .. 30;
is($t->request('GET', '/api/clients', from => '127.0.0.6', headers => ['X-Real-IP' => '127.0.0.2',
    NotifyTest::Catalog::basic('somebody', 'else')])->status, 401, 'an address is what nginx says, not the client');

my $log = $t->worker->output;
like($log, qr/wrong credentials of the superuser .*address=127\.0\.0\.2/, 'the log says from where');
unlike($log, qr/guess\d|\Q$password\E/, 'and not what');

# ---- a password that is none -----------------------------------------------------------------------

sub settings (%env) {
    return $t->run([$t->build . '/notifyctl', 'up', '--check', '--source', $t->root], cwd => $t->dir,
        env => {RUN_DIR => $t->dir . '/checked', INTERNAL_TRUSTED_CIDRS => '127.0.0.1', STAGE => 'prod',
            NOTIQ_ADMIN_USERNAME => 'chief', %env});
}
for my $weak ('admin', 'Password', 'changeme', 'eleven_char', 'chief', 'x') {
    my ($status, $output) = settings(NOTIQ_ADMIN_PASSWORD => $weak);
    isnt($status, 0, "STAGE=prod does not begin with \"$weak\"");
    like($output, qr/^NOTIQ_ADMIN_PASSWORD: .*openssl rand/, 'and says what would be right');
    unlike($output, qr/: .*\Q$weak\E/, 'not the password') if length $weak > 1;
    ($status, $output) = settings(NOTIQ_ADMIN_PASSWORD => $weak, STAGE => 'dev');
    is($status, 0, 'development does');
    like($output, qr/^NOTIQ_ADMIN_PASSWORD: /, 'with a word about it');
}
is((settings(NOTIQ_ADMIN_PASSWORD => 'a-long-one-of-ones-own'))[1], '', 'a good one is good');

$t->done;
