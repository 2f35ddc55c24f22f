#!/usr/bin/env bash
# Postfix with the configuration of docs/postfix.md, on ports of its own, delivers into the server by LMTP.
# Postfix runs as root or not at all: it changes to a user of its own for every service.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin
command -v postfix >/dev/null || { echo "skipped: postfix is not installed"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "skipped: postfix starts as root only"; exit 77; }

folder=$(mktemp -d)
chmod 755 "$folder"
smtp=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

configure() {
    mkdir -p "$folder"/{etc,queue,data}
    chown postfix "$folder/data"
    {
        sed -n '/BEGIN main.cf/,/END main.cf/p' "$here/../../docs/postfix.md" | grep -v '^```\|^<!--' |
            sed "s/127\.0\.0\.1:24$/127.0.0.1:$POSTHORN_LMTP/; s/permit_mynetworks, //"
        cat <<CONF
compatibility_level = 3.6
queue_directory = $folder/queue
data_directory = $folder/data
myhostname = mx.example.org
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
maillog_file = $folder/data/maillog
maillog_file_prefixes = $folder
address_verify_map =
# No waiting in a test; every name that stands here is one of loopback.
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
minimal_backoff_time = 1s
queue_run_delay = 2s
CONF
    } >"$folder/etc/main.cf"
    # The services that this path needs: smtpd to cleanup to qmgr to lmtp, and what they ask.
    cat >"$folder/etc/master.cf" <<CONF
127.0.0.1:$smtp inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
CONF
}

stop() {
    postfix -c "$folder/etc" stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}

configure
trap stop EXIT
postfix -c "$folder/etc" start >"$folder/start" 2>&1 || { cat "$folder/start" "$folder/data/maillog" >&2; exit 1; }
python3 "$here/postfix.py" "$smtp" || { tail -n 30 "$folder/data/maillog" >&2; exit 1; }
