#!/usr/bin/perl
# Sends through the catalogue, as fast as 32 connections can, beside what the database alone does:
# plain transactions of the two rows that a send writes. Neither waits for the disk: PostgreSQL runs
# without fsync, SQLite as the worker has it.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../t/lib";
use JSON::PP;
use NotifyTest;
use NotifyTest::Catalog;
use NotifyTest::Database;
use NotifyTest::SendCases;
use Time::HiRes qw(time);

use constant { ROUNDS => 3, SECONDS => $ENV{BENCH_SECONDS} // 8, SENDERS => 32, PLAIN => 20_000 };

sub median (@values) { return (sort { $a <=> $b } @values)[@values / 2] }

sub sends ($t, $key) {
    my ($status, $output) = $t->run([$t->build . '/bench/notification_load', '--port', $t->nginx->port, '--key', $key,
        '--users', 1000, '--no-sockets', 1, '--rate', 0, '--seconds', SECONDS, '--senders', SENDERS],
        seconds => SECONDS + 30);
    return JSON::PP->new->decode(($output =~ /^(\{.*\})$/m)[0])->{rate};
}

# The rows of a send, again and again, with ids of their own.
sub rows ($c, $id) {
    my $row = $c->database->query('SELECT client_id, channel_id, receiver_id, payload FROM requests LIMIT 1')->[0];
    my ($client, $channel, $receiver, $payload) = @$row;
    my $time = '2026-01-01T00:00:00.000000Z';
    my $request = "INSERT INTO requests (id, client_id, channel_id, receiver_id, payload, request_source, created_at, updated_at) "
        . "VALUES ($id, '$client', '$channel', '$receiver', '$payload', 'bench', '$time', '$time')";
    # Nobody takes it over.
    my $outbox = "INSERT INTO outbox (id, request_id, stream, is_entry, fields, holder, lease_until, created_at) "
        . "SELECT $id, id, 'bench', FALSE, '$payload', 'bench', 9000000000000000, '$time' FROM";
    return $c->database->kind eq 'sqlite' ? "$request;\n$outbox requests WHERE rowid = last_insert_rowid();"
        : "WITH request AS ($request RETURNING id) $outbox request;";
}

sub plain ($t, $c) {
    if ($c->database->kind eq 'sqlite') {
        my $path = $t->dir . '/plain.sql';
        $t->write_file($path, "PRAGMA synchronous = NORMAL;\n" . join("\n", 'BEGIN IMMEDIATE;', rows($c, 'lower(hex(randomblob(16)))'), "COMMIT;\n") x PLAIN);
        my $began = time;
        system('sh', '-c', 'exec sqlite3 "$1" <"$2" >/dev/null', 'sh', $c->database->path, $path) == 0 or die;
        return PLAIN / (time - $began);
    }
    my $path = $t->dir . '/plain.sql';
    $t->write_file($path, join "\n", 'BEGIN;', rows($c, "gen_random_uuid()"), "COMMIT;\n");
    my ($status, $output) = $t->run([NotifyTest::Database::BIN . '/pgbench', '-n', '-c', 4, '-T', SECONDS, '-f', $path,
        '-h', $c->database->{dir}, '-U', 'notify', 'postgres'], seconds => SECONDS + 30);
    return ($output =~ /^tps = ([\d.]+)/m)[0] // die $output;
}

sub compare ($kind) {
    my $t = NotifyTest->new;
    my $c = NotifyTest::Catalog->new($t, kind => $kind,
        edit => {'limit_req zone=notiq burst=\d+ nodelay;' => '', 'access_log [^;]*;' => 'access_log off;'});
    my $key = $c->made('/clients', {client_name => 'shop'});
    $c->client($key, 'POST', '/notification/send', NotifyTest::SendCases::body('warm'))->status == 200 or die;
    my (@sends, @plain, @ratios);
    for (1 .. ROUNDS) {
        push @plain,  plain($t, $c);
        push @sends,  sends($t, $key);
        push @ratios, $sends[-1] / $plain[-1];
    }
    printf "  %-10s  plain transactions %6.0f/s  sends %6.0f/s  %.2f of it\n", $kind, median(@plain), median(@sends),
        median(@ratios);
    $t->done;
    return;
}

printf "%d s each, %d connections, medians of %d rounds\n", SECONDS, SENDERS, ROUNDS;
# One surrounding for each process.
$| = 1;
for my $kind ('sqlite', 'postgresql') {
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        compare($kind);
        exit 0;
    }
    waitpid $pid, 0;
    $? == 0 or exit 1;
}
