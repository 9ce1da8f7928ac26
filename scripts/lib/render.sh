# shellcheck shell=bash
# RUN_DIR's configuration, rendered from nginx.conf.example and conf/ at every start. A line of the
# example that depends on the machine ends with `# @NAME`; the rest is taken as it stands.

# trusted_networks: INTERNAL_TRUSTED_CIDRS (commas, spaces or a JSON list), one a line.
trusted_networks() {
  tr -s '][,"\t\n ' '\n' <<<"${INTERNAL_TRUSTED_CIDRS:-}" | sed '/^$/d'
}

# check_network CIDR: is it an address, with or without a prefix length?
check_network() {
  perl -MSocket=inet_pton,AF_INET,AF_INET6 -e '
    my ($address, $prefix) = $ARGV[0] =~ m{^([0-9A-Fa-f:.]+)(?:/([0-9]{1,3}))?$} or exit 1;
    my $bits = defined inet_pton(AF_INET, $address) ? 32
      : defined inet_pton(AF_INET6, $address) ? 128 : exit 1;
    exit(($prefix // $bits) > $bits);' -- "$1"
}

# In production somebody else than this machine publishes events, and nobody guesses who.
check_trusted_networks() {
  local network networks
  networks=$(trusted_networks)
  if [ "$STAGE" = prod ] && [ -z "$networks" ]; then
    fail 'INTERNAL_TRUSTED_CIDRS: STAGE=prod needs the networks that may publish events for users,' \
      'such as 10.1.2.0/24; for this machine alone it is 127.0.0.1,::1'
  fi
  while read -r network; do
    [ -z "$network" ] || check_network "$network" ||
      fail "INTERNAL_TRUSTED_CIDRS: \"$network\" is not an address or network such as 10.0.0.0/8"
  done <<<"$networks"
}

# Who may use the internal interface: what INTERNAL_TRUSTED_CIDRS names. Without it the file stays
# as it ships, for this machine alone.
render_internal_allow() {
  local networks network
  networks=$(trusted_networks)
  [ -n "$networks" ] || { cat conf/internal_allow.conf; return; }
  while read -r network; do
    printf 'allow %s;\n' "$network"
  done <<<"$networks"
  echo 'deny all;'
}

# The certificate for LISTEN_TLS_PORTS: TLS_CERT and TLS_KEY, or one of our own.
render_certificate() {
  if [ -n "${TLS_CERT:-}" ]; then
    [ -r "$TLS_CERT" ] || fail "TLS_CERT: cannot read $TLS_CERT"
    [ -r "$TLS_KEY" ] || fail "TLS_KEY: cannot read $TLS_KEY"
    TLS_CERT=$(realpath -- "$TLS_CERT")
    TLS_KEY=$(realpath -- "$TLS_KEY")
    return
  fi
  TLS_CERT=$RUN_DIR/tls/cert.pem
  TLS_KEY=$RUN_DIR/tls/key.pem
  openssl x509 -in "$TLS_CERT" -noout -checkend 86400 >/dev/null 2>&1 && return
  mkdir -p "$RUN_DIR/tls"
  (umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -days 365 -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' \
    -keyout "$TLS_KEY" -out "$TLS_CERT" 2>/dev/null) || fail 'openssl could not make a certificate'
}

# The lines that stand for the one with `# @LISTEN`.
listen_lines() {
  local port address
  for address in $LISTEN_ADDRESS; do
    for port in $LISTEN_PORTS; do
      printf 'listen %s:%s;\n' "$address" "$port"
    done
    for port in $LISTEN_TLS_PORTS; do
      printf 'listen %s:%s ssl http2;\n' "$address" "$port"
    done
  done
  if [ -n "$LISTEN_TLS_PORTS" ]; then
    printf 'ssl_certificate "%s";\nssl_certificate_key "%s";\n' "$TLS_CERT" "$TLS_KEY"
  fi
}

render_nginx() {
  [ -z "$LISTEN_TLS_PORTS" ] || render_certificate
  LISTEN_LINES=$(listen_lines) awk -v run_dir="$RUN_DIR" -v user="${nginx_user:+$nginx_user $nginx_group}" \
    -v module="$(realpath -- "$BUILD")/ngx_http_notify_module.so" \
    -v workers="${WORKER_PROCESSES:-}" -f scripts/lib/render.awk nginx.conf.example
}

render() {
  set -e
  make_shared_folder RUN_DIR "$RUN_DIR/tmp"
  make_key_store
  make_socket_folder
  rm -rf "$RUN_DIR/conf" "$RUN_DIR/api-page"
  cp -r conf "$RUN_DIR/conf"
  if [ "$STAGE" = prod ]; then
    cp conf/docs_prod.conf "$RUN_DIR/conf/docs.conf"
  else
    cp -r "$BUILD/api-page" "$RUN_DIR/api-page"
    share "$RUN_DIR/api-page" "$RUN_DIR"/api-page/*
  fi
  if [ "$ALERTS_VALIDATION" = lenient ]; then
    cp conf/alerts_fields_lenient.conf "$RUN_DIR/conf/alerts_fields.conf"
  fi
  render_notiq "$RUN_DIR/conf/notiq.conf"
  render_internal_allow >"$RUN_DIR/conf/internal_allow.conf"
  render_nginx >"$RUN_DIR/nginx.conf"
  set +e
}
