#!/usr/bin/env bash
# Starts and stops a Posthorn on loopback, to be measured: the same verbs as dovecot.sh.
#
#   tests/bench/posthorn.sh start [FOLDER]   FOLDER keeps data, log and the pid (default: a new one)
#   tests/bench/posthorn.sh stop FOLDER
#   tests/bench/posthorn.sh pid FOLDER
#
# Ports: POSTHORN_IMAP=1143 POSTHORN_IMAPS=1993 POSTHORN_LMTP=1024; POSTHORN_BIN=target/release/posthorn
# The first start makes the accounts user0..user199, password "testpass" (BENCH_USERS: how many).
set -euo pipefail

verb=${1:-}
folder=${2:-}
bin=${POSTHORN_BIN:-$(cd "$(dirname "$0")/../.." && pwd)/target/release/posthorn}
imap=${POSTHORN_IMAP:-1143}

accounts() {
    [ -f "$folder/accounts" ] && return
    local n
    for ((n = 0; n < ${BENCH_USERS:-200}; n++)); do
        printf '%s' testpass | "$bin" user add "user$n" --data "$folder/data" --password-stdin >>"$folder/accounts.log" 2>&1
    done
    touch "$folder/accounts"
}

start() {
    folder=${folder:-$(mktemp -d)}
    mkdir -p "$folder/data"
    accounts
    ulimit -n "$(ulimit -Hn)"
    "$bin" serve --data "$folder/data" --imap "127.0.0.1:$imap" --imaps "127.0.0.1:${POSTHORN_IMAPS:-1993}" \
        --lmtp "127.0.0.1:${POSTHORN_LMTP:-1024}" --plaintext-login >>"$folder/log" 2>&1 &
    echo $! >"$folder/pid"
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$imap") 2>/dev/null && { echo "$folder"; return; }
        kill -0 "$(cat "$folder/pid")" 2>/dev/null || break
        sleep 0.1
    done
    echo "posthorn did not start:" >&2
    tail -n 20 "$folder/log" >&2
    exit 1
}

stop() {
    local pid
    pid=$(cat "$folder/pid")
    kill -TERM "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

case $verb in
    start) start ;;
    stop) stop ;;
    pid) cat "$folder/pid" ;;
    *) sed -n '2,9p' "$0"; exit 2 ;;
esac
