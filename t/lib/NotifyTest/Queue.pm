package NotifyTest::Queue;

# Consumers of work queues in a test: where the operations stand, requests for them, and a client
# that finishes what it gets.

use v5.36;

use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(
    queue_locations escaped bodies ids consumer add finish set_limit figures in_flight
);

# Locations for all operations of work queues; `more` is text for each.
sub queue_locations ($more = '') {
    return <<"END";
        notify_errors text;
        notify_field stream   string in=query min=1;
        notify_field group    string in=query min=1;
        notify_field consumer string in=query optional;
        notify_field limit    string in=query optional;
        notify_event if=data id=off 'data={"body":\$value_data,"id":"\$entry_id"}';
        notify_event id=off 'data={"body":\$object,"id":"\$entry_id"}';
        notify_keepalive 60s keepalive;
        $more
        location = /events {
            notify_consume \$notify_field_stream \$notify_field_group
                consumer=\$notify_field_consumer limit=\$notify_field_limit;
        }
        location ~ ^/messages/([^/]*)/finish\$ {
            notify_field stream string in=query optional;
            notify_field group  string in=query optional;
            notify_finish \$1 stream=\$notify_field_stream group=\$notify_field_group;
        }
        location ~ ^/finish/([^/]*)\$ {
            notify_finish \$1 stream=\$notify_field_stream group=\$notify_field_group
                consumer=\$notify_field_consumer;
        }
        location = /finish {
            notify_field stream      string in=query;
            notify_field group       string in=query;
            notify_field consumer    string in=query;
            notify_field message_ids any;
            notify_finish ids=\$notify_json_message_ids stream=\$notify_field_stream
                group=\$notify_field_group consumer=\$notify_field_consumer;
        }
        location = /delete {
            notify_field stream string in=query;
            notify_field group  string in=query;
            notify_finish \$arg_id stream=\$notify_field_stream group=\$notify_field_group delete;
        }
        location = /limit {
            notify_field stream string in=query;
            notify_field group  string in=query;
            notify_field count  any;
            notify_limit \$notify_field_stream \$notify_field_group \$notify_json_count;
        }
        location = /consumers {
            notify_consumers \$notify_field_stream \$notify_field_group;
        }
END
}

# Of bytes.
sub escaped ($text) {
    return $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}

my $json = JSON::PP->new->utf8->allow_nonref;

sub bodies ($stream) { return map { $json->decode($_->{data})->{body} } $stream->events }
sub ids    ($stream) { return map { $json->decode($_->{data})->{id} } $stream->events }

sub _query (%arguments) {
    return join '&', map { "$_=" . escaped($arguments{$_}) }
        grep { defined $arguments{$_} } sort keys %arguments;
}

# A client of the queue; consumer, limit, and options of NotifyTest::Stream.
sub consumer ($t, $stream, $group, %option) {
    my %arguments = (stream => $stream, group => $group);
    $arguments{$_} = delete $option{$_} for qw(consumer limit);
    return $t->stream(path => '/events?' . _query(%arguments), reconnect => 0, %option);
}

# An entry, as a native client adds it.
sub add ($t, $stream, $data) { return $t->redis->cmd('XADD', $stream, '*', 'data', $data) }

# By its id alone, or with stream and group, or with consumer, too.
sub finish ($t, $id, %arguments) {
    my %option = map { $_ => delete $arguments{$_} } grep { exists $arguments{$_} } qw(port);
    my $path = exists $arguments{consumer} ? "/finish/$id" : "/messages/$id/finish";
    return $t->request('POST', %arguments ? "$path?" . _query(%arguments) : $path, %option);
}

sub set_limit ($t, $stream, $group, $count, %option) {
    return $t->request('POST', '/limit?' . _query(stream => $stream, group => $group),
        body => qq({"count":$count}), %option);
}

sub figures ($t, $stream, $group, %option) {
    return $t->request('GET', '/consumers?' . _query(stream => $stream, group => $group), %option);
}

# How many entries are pending, for that consumer or in all.
sub in_flight ($t, $stream, $group, $consumer = undef) {
    my $pending = $t->redis->cmd('XPENDING', $stream, $group);
    return $pending->[0] unless defined $consumer;
    my %by_name = map { @$_ } ($pending->[3] // [])->@*;
    return $by_name{$consumer} // 0;
}

1;
