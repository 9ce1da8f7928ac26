# notifyctl key: making, listing and taking away API keys.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";
use NotifyTest;

use Fcntl        qw(:flock);
use MIME::Base64 qw(decode_base64url);

my $t     = NotifyTest->new;
my $store = $t->dir . '/keys';
my $file  = "$store/auth.json";
my $json  = JSON::PP->new->utf8;

my %env   = ($t->environment->%*, AUTH_STORE_DIR => $store);

sub key (@arguments) { return $t->run([$t->build . '/notifyctl', 'key', @arguments], env => \%env) }
sub stored ()        { return $json->decode($t->read_file($file)) }

# ---- before there is a store ---------------------------------------------------------------------

my ($status, $output) = key('create', '-u', 'alice');
is($status >> 8, 1, 'without the folder nothing is made');
like($output, qr/\Q$store\E .*does not exist/, 'and it is named');
for (['no user', 'create'], ['no command'], ['revoke what', 'revoke'],
    ['a colon', 'create', '-u', 'a:b'], ['no name', 'create', '-u', ''],
    ['a line end', 'create', '-u', "a\nb"], ['no UTF-8', 'create', '-u', "\xff"],
    ['300 letters', 'create', '-u', 'x' x 300])
{
    my ($name, @arguments) = @$_;
    my ($status, $output) = key(@arguments);
    is($status >> 8, 2, "$name: exit status 2");
    isnt($output, '', '... and a word why');
}
mkdir $store;
ok(!-e $file, 'none of them has begun a store');
($status, $output) = key('list');
is_deeply([$status, $output], [0, ''], 'list: nothing yet');

# ---- making --------------------------------------------------------------------------------------

my @keys;
for my $user ('alice', 'alice', 'Bob B/1?&', 'J%C3%BCrgen') {
    my ($status, $output) = key('create', '--username', $user);
    is($status, 0, "a key for $user");
    my ($about, $key) = $output =~ /\A(.+)\nGenerated API-Key: ([\w-]+)\n\z/
        or diag $output;
    like($about, qr/\Q$user\E/, 'the first line says whose it is');
    like(decode_base64url($key), qr/\A\Q$user\E:.{24}\z/s, 'so does the key itself');
    push @keys, $key;
}
my $users = stored()->{users};
is_deeply([sort keys %$users], [1, 2, 3], 'three users');
is_deeply([sort keys $users->{1}->%*], [qw(api_keys created_at id username)], 'as TinyDB has them');
is_deeply([map { scalar $users->{$_}{api_keys}->@* } 1 .. 3], [2, 1, 1], 'with their keys');
my $first = $users->{1}{api_keys}[0];
is_deeply([sort keys %$first], [qw(created_at hash id salt)], 'which are hashed');
my $check = 'import hashlib,sys;print(hashlib.pbkdf2_hmac("sha256",sys.argv[1].encode(),'
    . 'sys.argv[2].encode(),100000,32).hex())';
my (undef, $hash) = $t->run(['python3', '-c', $check, $keys[0], $first->{salt}]);
is($hash, "$first->{hash}\n", 'by PBKDF2, as the original checks them');
my $text = $t->read_file($file);
is(scalar(grep { index($text, $_) >= 0 } @keys), 0, 'no key is kept');

# ---- listing and revoking ------------------------------------------------------------------------

my @lines = split /\n/, (key('list'))[1];
is(scalar @lines, 4, 'list: a line for each key');
like($lines[0], qr/^\Q$first->{id}\E  \d{4}-\d\d-\d\dT\S+  alice$/, 'with id, time and user');
like($lines[2], qr/  'Bob B\/1\?&'$/, 'quoted as a shell reads it');
is(scalar(split /\n/, (key('list', '-u', 'alice'))[1]), 2, 'of one user');
my $one = $json->decode((split /\n/, (key('list', '--json'))[1])[2]);
is($one->{username}, 'Bob B/1?&', 'as JSON');

($status, $output) = key('revoke', $first->{id});
is_deeply([$status, $output], [0, "1 key revoked\n"], 'revoke');
is(stored()->{users}{1}{api_keys}->@*, 1, 'and it is gone');
($status, $output) = key('revoke', $first->{id});
is($status >> 8, 1, 'not twice');
like($output, qr/there is no key \Q$first->{id}\E/, 'as it says');
($status, $output) = key('revoke', '-u', 'nobody');
is($status >> 8, 1, 'nor of somebody without');
is((key('revoke', '-u', 'alice'))[0], 0, 'all of a user');
is((split /\n/, (key('list'))[1]), 2, 'two are left');

# ---- the file ------------------------------------------------------------------------------------

chmod 0640, $file;
chown 0, 33, $file if $> == 0;
my @before = (stat $file)[2, 4, 5];
is((key('create', '-u', 'x'))[0], 0, 'one more');
is_deeply([(stat $file)[2, 4, 5]], \@before, 'owner and mode stay');
is_deeply([map { s{.*/}{}r } glob "$store/* $store/.*[a-z]*"], ['auth.json'],
    'no other file stays');

my @many = map {
    NotifyTest::Process->start(name => 'key create', env => \%env, log => "$store.$_",
        command => [$t->build . '/notifyctl', 'key', 'create', '-u', "many$_"])
} 1 .. 8;
ok($_->wait_exit(30) && $_->status == 0, 'eight at once: each succeeds') for @many;
is(scalar(grep { /many/ } split /\n/, (key('list'))[1]), 8, 'and none is lost');

my $whole = $t->read_file($file);
$t->write_file($file, substr $whole, 0, -20);
for (['create', '-u', 'y'], ['list'], ['revoke', '-u', 'x']) {
    my ($status, $output) = key(@$_);
    is($status >> 8, 1, "$_->[0]: a broken store is refused");
    like($output, qr/\Q$file\E: it is not JSON/, 'by name');
}
is($t->read_file($file), substr($whole, 0, -20), 'and left as it is');

$t->done;
