package NotifyTest::SlackRules;

# The limits that Slack documents for messages: docs.slack.dev, "chat.postMessage", "chat.update",
# "Block Kit", "Formatting message text".

use v5.36;

use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(problem_of);

my $json = JSON::PP->new->utf8;

use constant {
    MOST_TEXT => 40_000, MOST_ATTACHMENTS => 100, MOST_BLOCKS => 50, MOST_SECTION => 3000,
    MOST_HEADER => 150, MOST_CONTEXT => 10, MOST_ACTIONS => 25, MOST_BUTTON_TEXT => 75,
    MOST_BUTTON_VALUE => 2000, MOST_ID => 255, MOST_FIELDS => 10, MOST_FIELD => 2000,
};

# Why Slack would refuse the request, or undef. What is sent to other paths is not Slack's.
sub problem_of ($path, $body) {
    return unless $path =~ m{^/(?:services|actions|api)/};
    my $message = eval { $json->decode($body) };
    return 'not JSON'      unless defined $message;
    return 'not an object' unless ref $message eq 'HASH';
    return eval { _check($path, $message); 1 } ? undef : $@ =~ s/\n\z//r;
}

sub _check ($path, $message) {
    if ($path =~ m{^/api/}) {
        $path =~ m{^/api/chat\.(postMessage|update)\z} or die "unknown method $path\n";
        length($message->{channel} // '') or die "no channel\n";
        length($message->{ts} // '') or die "no ts\n" if $1 eq 'update';
        ($message->{$_} // '1.1') =~ /^\d+\.\d+\z/ or die "malformed $_\n" for qw(ts thread_ts);
    }
    _has_content($message) or die "no_text\n";
    _text('text', $message->{text}, 0, MOST_TEXT) if exists $message->{text};
    _blocks($message->{blocks}) if exists $message->{blocks};
    my $attachments = $message->{attachments} // [];
    @$attachments <= MOST_ATTACHMENTS or die "too many attachments\n";
    my $blocks = 0;
    for (@$attachments) {
        ($_->{color} // '#000000') =~ /^#[0-9A-Fa-f]{6}\z/ or die "malformed color\n";
        _blocks($_->{blocks}) if exists $_->{blocks};
        $blocks += ($_->{blocks} // [])->@*;
    }
    $blocks <= MOST_BLOCKS or die "too many blocks\n";
    return;
}

sub _has_content ($message) {
    return exists $message->{text} || ($message->{blocks} // [])->@* || ($message->{attachments} // [])->@*;
}

sub _text ($where, $text, $least, $most) {
    defined $text && !ref $text or die "$where is no text\n";
    length $text >= $least or die "$where is too short\n";
    length $text <= $most or die "$where is too long\n";
    return;
}

# A text object whose markup is well-formed: a bare & < > is not.
sub _object ($where, $object, $most, $plain = 0) {
    my $type = $object->{type} // '';
    $type eq 'plain_text' || (!$plain && $type eq 'mrkdwn') or die "$where has type $type\n";
    _text($where, $object->{text}, 1, $most);
    $object->{text} =~ /&(?!(?:amp|lt|gt);)|<(?![@#!])/ and die "$where is not escaped\n";
    return;
}

sub _blocks ($blocks) {
    @$blocks >= 1 or die "no blocks\n";
    @$blocks <= MOST_BLOCKS or die "too many blocks\n";
    for my $block (@$blocks) {
        _text('block_id', $block->{block_id} // 'x', 1, MOST_ID);
        my $check = __PACKAGE__->can("_block_$block->{type}") or die "unknown block $block->{type}\n";
        $check->($block);
    }
    return;
}

sub _block_divider ($block) { return }

sub _block_header ($block) { return _object('header', $block->{text}, MOST_HEADER, 1) }

sub _block_section ($block) {
    _object('section', $block->{text}, MOST_SECTION) if $block->{text} || !$block->{fields};
    my $fields = $block->{fields} // [];
    @$fields <= MOST_FIELDS or die "too many fields\n";
    _object('field', $_, MOST_FIELD) for @$fields;
    return;
}

sub _block_context ($block) {
    my $elements = $block->{elements} // [];
    @$elements >= 1 && @$elements <= MOST_CONTEXT or die "context has " . @$elements . " elements\n";
    _object('context', $_, MOST_SECTION) for @$elements;
    return;
}

sub _block_actions ($block) {
    my $elements = $block->{elements} // [];
    @$elements >= 1 && @$elements <= MOST_ACTIONS or die "actions has " . @$elements . " elements\n";
    for (@$elements) {
        $_->{type} eq 'button' or die "unknown element $_->{type}\n";
        _object('button', $_->{text}, MOST_BUTTON_TEXT, 1);
        _text('action_id', $_->{action_id}, 1, MOST_ID);
        _text('button value', $_->{value}, 1, MOST_BUTTON_VALUE) if exists $_->{value};
        ($_->{style} // 'primary') =~ /^(?:primary|danger)\z/ or die "unknown style\n";
    }
    return;
}

1;
