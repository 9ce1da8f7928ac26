package NotifyTest::Nginx;

# nginx with the module, in a folder of its own. Its configuration is the one that ships
# (nginx.conf.example and conf/, rendered as `make run` does), or a small one of the test's own.

use v5.36;

use NotifyTest::Http;
use NotifyTest::Ports qw(free_port);
use NotifyTest::Process;
use NotifyTest::Wait qw(wait_until);

use constant USER => 'www-data';

# dir, build, root (of the tree); shipped => 1 for the configuration that ships, with
# edit => {pattern => text} for values of the test's own and allow => text of internal_allow.conf;
# api_page => folder of /docs instead of the build's; main, http, server => text added there; workers; env; tls => NotifyTest::Tls; preload;
# without_module => 1.
sub new ($class, %option) {
    my $self = bless {
        workers => 1, name => 'nginx', main => '', http => '', server => '', edit => {}, env => {},
        %option,
    }, $class;
    $self->{port} //= free_port();
    $self->{tls_port} = free_port() if $self->{tls};
    mkdir $self->{dir};
    chmod 0755, $self->{dir};
    mkdir "$self->{dir}/$_" for qw(conf tmp);
    return $self;
}

sub port      ($self) { return $self->{port} }
sub tls_port  ($self) { return $self->{tls_port} }
sub process   ($self) { return $self->{process} }
sub pid       ($self) { return $self->{process}->pid }
sub dir       ($self) { return $self->{dir} }
sub conf_path ($self) { return "$self->{dir}/nginx.conf" }

sub _read ($path) {
    open my $file, '<:raw', $path or return '';
    local $/ = undef;
    return scalar(<$file>) // '';
}

sub _write ($path, $text) {
    open my $file, '>:raw', $path or die "$path: $!\n";
    print $file $text;
    close $file or die "$path: $!\n";
    return;
}

sub error_log  ($self) { return _read("$self->{dir}/error.log") . _read("$self->{dir}/output.log") }
sub access_log ($self) { return _read("$self->{dir}/access.log") }

sub write_conf ($self, $text = $self->_config) {
    _write($self->conf_path, $text);
    return $self;
}

sub module ($self) { return "$self->{build}/ngx_http_notify_module.so" }

sub _config ($self) {
    return $self->_shipped if $self->{shipped};

    my $dir    = $self->{dir};
    my $user   = $> == 0 ? 'user ' . USER . ';' : '';
    my $listen = join "\n", $self->_listen;
    my $load   = $self->{without_module} ? '' : 'load_module ' . $self->module . ';';
    return <<"END";
$load
$user
worker_processes $self->{workers};
pid $dir/nginx.pid;
error_log $dir/error.log @{[_level()]};
$self->{main}
events {
    worker_connections 4096;
}
http {
    access_log $dir/access.log;
    client_body_temp_path $dir/tmp/body;
    proxy_temp_path $dir/tmp/proxy;
    fastcgi_temp_path $dir/tmp/fastcgi;
    uwsgi_temp_path $dir/tmp/uwsgi;
    scgi_temp_path $dir/tmp/scgi;
$self->{http}
    server {
$listen
$self->{server}
    }
}
END
}

sub _level () { return $ENV{NOTIFY_DEBUG} ? 'debug' : 'info' }

sub _listen ($self) {
    my @lines = "        listen 127.0.0.1:$self->{port};";
    if (my $tls = $self->{tls}) {
        push @lines, "        listen 127.0.0.1:$self->{tls_port} ssl http2;",
            '        ssl_certificate ' . $tls->cert . ';',
            '        ssl_certificate_key ' . $tls->key . ';';
    }
    return @lines;
}

# nginx.conf.example as `notifyctl up` renders it: with these settings and no others.
sub _rendered ($self) {
    my $tls = $self->{tls};
    my %settings = (
        RUN_DIR               => $self->{dir},
        NGINX_USER            => USER,
        WORKER_PROCESSES      => $self->{workers},
        LISTEN_ADDRESS        => '127.0.0.1',
        LISTEN_PORTS          => $self->{port},
        $tls ? (LISTEN_TLS_PORTS => $self->{tls_port}, TLS_CERT => $tls->cert, TLS_KEY => $tls->key) : (),
        (map { $_ => $self->{env}{$_} // '' } qw(NOTIFY_CATALOG_SOCKET APP_ENV)),
    );
    my $pid = open(my $output, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        %ENV = (%settings, PATH => $ENV{PATH}, ASAN_OPTIONS => $ENV{ASAN_OPTIONS} // '');
        chdir $self->{dir};    # where no .env is
        exec "$self->{build}/notifyctl", 'up', '--print', '--source', $self->{root} or die "exec: $!\n";
    }
    my $text = join '', <$output>;
    close $output or die "nginx.conf.example cannot be rendered\n";
    # The module of the build that is tested, which may stand elsewhere.
    $text =~ s/^load_module .*/'load_module "' . $self->module . '";'/em;
    return $text;
}

# The same, with what the test adds.
sub _shipped ($self) {
    my %unused = map { $_ => 1 } keys $self->{edit}->%*;
    my $edit = sub ($text) {
        for my $pattern (keys $self->{edit}->%*) {
            delete $unused{$pattern} if $text =~ s/$pattern/$self->{edit}{$pattern}/g;
        }
        return $text;
    };
    for my $path (glob "$self->{root}/conf/*") {
        my ($file) = $path =~ m{([^/]+)\z};
        _write("$self->{dir}/conf/$file", $edit->(_read($path)));
    }
    symlink $self->{api_page} // "$self->{build}/api-page", "$self->{dir}/api-page";
    _write("$self->{dir}/conf/internal_allow.conf", $self->{allow}) if defined $self->{allow};

    my $text = $edit->($self->_rendered);
    # A pattern that matches nothing is a test that has lost its subject.
    die "nothing in conf/ matches $_\n" for keys %unused;

    my $level = _level();
    $text =~ s/^(error_log .*) \w+;/$1 $level;/m   or die "no error_log in the example\n";
    $text =~ s/^events \{/$self->{main}\nevents {/m or die "no events in the example\n";
    $text =~ s/^(http \{\n)/$1$self->{http}\n/m     or die "no http in the example\n";
    $text =~ s/^( +server \{\n)/$1$self->{server}\n/m or die "no server in the example\n";
    return $text;
}

sub _environment ($self) {
    my %env = $self->{env}->%*;
    $env{LD_PRELOAD}   = $self->{preload} if $self->{preload};
    # Freed memory is kept for a while, but not for so long that tests of memory would see it. What
    # nginx takes for itself it leaves to the kernel when it ends in a hurry.
    $env{ASAN_OPTIONS} = join ':', 'quarantine_size_mb=8', "log_path=$self->{dir}/sanitizer",
        $ENV{ASAN_OPTIONS} // ();
    _write("$self->{dir}/leaks", "leak:ngx_alloc\nleak:ngx_memalign\n");
    $env{LSAN_OPTIONS}  = "suppressions=$self->{dir}/leaks:print_suppressions=0";
    $env{UBSAN_OPTIONS} = 'print_stacktrace=1';
    return \%env;
}

sub _command ($self) {
    return ('nginx', '-p', $self->{dir}, '-e', "$self->{dir}/error.log", '-c', $self->conf_path,
        '-g', 'daemon off;');
}

sub start ($self) {
    local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
    $self->write_conf;
    $self->{process} = NotifyTest::Process->start(
        name    => $self->{name},
        command => [$self->_command],
        env     => $self->_environment,
        log     => "$self->{dir}/output.log",
    );
    my $process = $self->{process};
    my $complete = sub { $self->_listens && $self->workers >= $self->{workers} };
    wait_until(sub { !$process->running || $complete->() }, 15);
    $process->running && $self->_listens or die "nginx does not start:\n" . $self->error_log;
    return $self;
}

sub _listens ($self) {
    return eval { NotifyTest::Http->new(port => $self->{port})->close; 1 };
}

# `nginx -t` with this configuration: (exit status, what it printed).
sub check ($self) {
    local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
    $self->write_conf;
    my $log = "$self->{dir}/check.log";
    unlink $log;
    my $process = NotifyTest::Process->start(
        name => 'nginx -t', command => [$self->_command, '-t'], env => $self->_environment,
        log  => $log,
    );
    $process->stop unless $process->wait_exit(20);
    return ($process->status, $process->output);
}

# The processes of the session by title: those that take connections, and those that drain.
sub _titled ($self, $pattern) {
    return grep { _title($_) =~ $pattern } grep { $_ != $self->pid } $self->{process}->session;
}

sub _title ($pid) { return _read("/proc/$pid/cmdline") =~ tr/\0/ /r }

sub workers  ($self) { return $self->_titled(qr/^nginx: worker process(?! is shutting down)/) }
sub draining ($self) { return $self->_titled(qr/^nginx: worker process is shutting down/) }

# Reloads and returns the workers that were there before; returns once new ones are.
sub reload ($self) {
    my %old = map { $_ => 1 } $self->workers;
    $self->{process}->signal('HUP');
    wait_until(
        sub {
            my @now = $self->workers;
            @now >= $self->{workers} && !grep { $old{$_} } @now;
        },
        10,
    ) or die "nginx does not reload:\n" . $self->error_log;
    return sort { $a <=> $b } keys %old;
}

# Kills one worker as the kernel would, and returns its pid once another has taken its place.
sub kill_worker ($self, $pid = ($self->workers)[0]) {
    kill 'KILL', $pid;
    my $replaced = sub {
        my @now = $self->workers;
        return @now >= $self->{workers} && !grep { $_ == $pid } @now;
    };
    wait_until($replaced)
        or die "nginx does not replace its worker:\n" . $self->error_log;
    return $pid;
}

sub stop ($self, $signal = 'QUIT', $seconds = 15) {
    return 1 unless $self->{process};
    return $self->{process}->stop($signal, $seconds);
}

1;
