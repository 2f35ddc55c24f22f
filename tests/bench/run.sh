#!/usr/bin/env bash
# Runs every row of docs/performance.md against one server and writes a JSON line for each.
#
#   tests/bench/run.sh SERVER FOLDER OUT.jsonl [ROW...]
#
# SERVER is posthorn or dovecot: SERVER.sh beside this file starts it in FOLDER, unless it runs there already,
# and restarts it for the rows that measure a first access. What was filled into FOLDER stays there for the next run.
# ROW: lmtp append pieces notify mailbox million store search copy login idle idle10k (default: all but million and pieces,
# which prints its figures).
#
# IMAPBENCH=path of the load tool's binary (needed; it lies beside the repository, not in it)
# SECS=10 for each timed loop, REPEAT=5 for whole-mailbox commands, MAILS=100000 in the large mailbox.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
server=${1:?posthorn or dovecot} folder=${2:?a folder} out=${3:?where the JSON lines go}
shift 3
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=(lmtp append notify mailbox store search copy login idle idle10k)
bench=${IMAPBENCH:?IMAPBENCH must name the imapbench binary}
secs=${SECS:-10} repeat=${REPEAT:-5} mails=${MAILS:-100000}
mailbox=M$mails

case $server in
    dovecot) imap=${DOVECOT_IMAP:-10143} imaps=${DOVECOT_IMAPS:-10993} lmtp=${DOVECOT_LMTP:-10024} ;;
    posthorn) imap=${POSTHORN_IMAP:-1143} imaps=${POSTHORN_IMAPS:-1993} lmtp=${POSTHORN_LMTP:-1024} ;;
    *) echo "no such server: $server" >&2; exit 2 ;;
esac

alive() { (exec 3<>"/dev/tcp/127.0.0.1/$imap") 2>/dev/null; }
start() { "$here/$server.sh" start "$folder" >/dev/null; until alive; do sleep 0.05; done; }
restart() { "$here/$server.sh" stop "$folder"; start; }
run() {
    "$bench" --port "$port" --lmtp "127.0.0.1:$lmtp" --pid-of-server "$("$here/$server.sh" pid "$folder")" \
        --secs "$secs" --repeat "$repeat" --label "$server" --json "$out" "$@"
}
measure() { port=$imap run "$@"; }
measure_tls() { port=$imaps run --tls --insecure "$@"; }

filled() {
    [ -f "$folder/filled-$mailbox" ] && return
    "$bench" --port "$imap" --label "$server" --json "$out" fill -m "$mails" --mailbox "$mailbox" --mix text
    touch "$folder/filled-$mailbox"
}

row() {
    case $1 in
        lmtp) measure lmtp; measure lmtp --mix text ;;
        append) measure append ;;
        pieces) python3 "$here/pieces.py" "$imap" ;;
        notify) measure notify ;;
        mailbox)
            filled
            restart
            measure select -m "$mails" --mailbox "$mailbox"
            measure fetch -m "$mails" --mailbox "$mailbox"
            ;;
        million)
            python3 "$here/million.py" "$imap" "$mailbox" "$mails"
            restart
            measure select -m $((mails * 10)) --mailbox "${mailbox}x10"
            ;;
        store) filled; measure store -m "$mails" --mailbox "$mailbox" ;;
        search) filled; measure search -m "$mails" --mailbox "$mailbox" --mix text ;;
        copy) measure copy ;;
        login) measure login --conc 16,64; measure_tls login --conc 16,64 ;;
        idle) restart; measure idle --connections 1000; restart; measure_tls idle --connections 1000 ;;
        idle10k) restart; measure idle --connections 10000; restart; measure_tls idle --connections 10000 ;;
        *) echo "no such row: $1" >&2; exit 2 ;;
    esac
}

ulimit -n "$(ulimit -Hn)"
alive || start
failed=0
for r in "${rows[@]}"; do
    # Each in a shell of its own, so that a row that the server cannot do costs only itself
    # (not `(...) || ...`: that would switch errexit off inside).
    set +e
    (set -e; row "$r")
    status=$?
    set -e
    [ "$status" = 0 ] || { echo "FAILED: $r" >&2; failed=$((failed + 1)); }
done
echo "$((${#rows[@]} - failed)) rows measured, $failed failed"
[ "$failed" = 0 ]
