#!/usr/bin/env bash
# Starts and stops a Dovecot of its own on loopback, to be measured and compared with.
#
#   tests/bench/dovecot.sh start [FOLDER]    FOLDER keeps configuration, mail and the pid (default: a new one)
#   tests/bench/dovecot.sh stop FOLDER
#   tests/bench/dovecot.sh pid FOLDER
#
# Ports: DOVECOT_IMAP=10143 DOVECOT_IMAPS=10993 DOVECOT_LMTP=10024
# DOVECOT_FORMAT=sdbox|maildir|mdbox  (sdbox, its fastest and what the goals were set beside)
# DOVECOT_FSYNC=always|optimized|never  (always: a delivery is acknowledged when it is on disk)
#
# Any user name is accepted with the password "testpass". Nothing of the system's own configuration is read.
set -euo pipefail

verb=${1:-}
folder=${2:-}

pid_of() { cat "$1/run/master.pid"; }

stop() {
    local pid
    pid=$(pid_of "$folder")
    kill -TERM "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

certificate() {
    [ -f "$folder/key.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
        -subj /CN=localhost -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
        -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
}

configuration() {
    local location
    case ${DOVECOT_FORMAT:-sdbox} in
        maildir) location=maildir:$folder/mail/%u ;;
        sdbox) location=sdbox:$folder/mail/%u ;;
        mdbox) location=mdbox:$folder/mail/%u ;;
        *) echo "DOVECOT_FORMAT is maildir, sdbox or mdbox" >&2; exit 2 ;;
    esac
    cat <<CONF
base_dir = $folder/run
state_dir = $folder/state
log_path = $folder/log
protocols = imap lmtp
listen = 127.0.0.1
mail_location = $location
mail_fsync = ${DOVECOT_FSYNC:-always}
mail_uid = $1
mail_gid = $2
first_valid_uid = 1
mail_plugins =
disable_plaintext_auth = no
auth_mechanisms = plain login
recipient_delimiter = +
ssl = yes
ssl_cert = <$folder/cert.pem
ssl_key = <$folder/key.pem
passdb {
  driver = static
  args = password=testpass
}
userdb {
  driver = static
  args = uid=$1 gid=$2 home=$folder/home/%u allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    auto = subscribe
    special_use = \Drafts
  }
  mailbox Sent {
    auto = subscribe
    special_use = \Sent
  }
  mailbox Junk {
    auto = subscribe
    special_use = \Junk
  }
  mailbox Trash {
    auto = subscribe
    special_use = \Trash
  }
  mailbox Archive {
    auto = subscribe
    special_use = \Archive
  }
}
# As many processes as the load asks for, and no limit by user and address: these are not what is measured.
default_process_limit = 128
default_client_limit = 20000
default_vsz_limit = 0
mail_max_userip_connections = 20000
service imap {
  # Processes serve one user after the other: short sessions cost no fork.
  service_count = 1000
  process_limit = 12000
}
service anvil {
  client_limit = 30000
}
service auth {
  client_limit = 30000
}
service imap-login {
  # "Performance mode": login processes that serve many connections each.
  service_count = 0
  process_limit = 4
  process_min_avail = 2
  client_limit = 8000
  inet_listener imap {
    port = ${DOVECOT_IMAP:-10143}
  }
  inet_listener imaps {
    port = ${DOVECOT_IMAPS:-10993}
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${DOVECOT_LMTP:-10024}
  }
}
CONF
}

start() {
    folder=${folder:-$(mktemp -d)}
    mkdir -p "$folder"/{run,state,mail,home}
    chmod 755 "$folder"
    local uid gid
    if [ "$(id -u)" = 0 ]; then
        # Dovecot never opens mail as root; these numbers need no entry in the system's user list.
        uid=5000 gid=5000
        chown "$uid:$gid" "$folder/mail" "$folder/home"
    else
        uid=$(id -u) gid=$(id -g)
    fi
    certificate
    configuration "$uid" "$gid" >"$folder/dovecot.conf"
    if [ "$uid" != 5000 ]; then
        printf 'default_internal_user = %s\ndefault_login_user = %s\ndefault_internal_group = %s\n' \
            "$(id -un)" "$(id -un)" "$(id -gn)" >>"$folder/dovecot.conf"
        printf 'service anvil {\n  chroot =\n}\nservice imap-login {\n  chroot =\n}\n' >>"$folder/dovecot.conf"
    fi
    ulimit -n "$(ulimit -Hn)"
    PATH=$PATH:/usr/sbin dovecot -c "$folder/dovecot.conf" 2>>"$folder/start.log"
    echo "$folder"
}

case $verb in
    start) start ;;
    stop) stop ;;
    pid) pid_of "$folder" ;;
    *) sed -n '2,13p' "$0"; exit 2 ;;
esac
