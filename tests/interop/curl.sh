#!/usr/bin/env bash
# curl over imaps: list, upload, fetch, search, flags, removal. Its argument is the account.
set -euo pipefail

command -v curl >/dev/null || { echo "skipped: curl is not installed"; exit 77; }
user=$1
base=imaps://127.0.0.1:$POSTHORN_IMAPS
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

run() { curl --silent --show-error --insecure --max-time 30 --user "$user:testpass" "$@"; }
fail() { echo "curl: $1" >&2; exit 1; }

printf 'Message-ID: <curl@interop.example>\r\nFrom: ada@interop.example\r\nSubject: by curl\r\n\r\nfirst line\r\n..dots and \xff octets\r\n' >"$folder/mail"
{ cat "$folder/mail"; seq -f 'line %g of a long mail' 80000 | sed 's/$/\r/'; } >"$folder/long"

run "$base/" >"$folder/list"
for name in INBOX Drafts Sent Junk Trash Archive; do
    grep -Eq " \"?$name\"?.?$" "$folder/list" || fail "LIST has no $name: $(cat "$folder/list")"
done
grep -q '\\Sent' "$folder/list" || fail "LIST shows no \\Sent"

run --upload-file "$folder/mail" "$base/INBOX"
run --upload-file "$folder/long" "$base/INBOX"
run "$base/INBOX;UID=1" >"$folder/got"
cmp "$folder/mail" "$folder/got" || fail "the mail came back changed"
run "$base/INBOX;UID=2" >"$folder/got"
cmp "$folder/long" "$folder/got" || fail "the long mail came back changed"
run "$base/INBOX;UID=1;SECTION=TEXT" | cmp - <(tail -n 2 "$folder/mail") || fail "SECTION=TEXT"
run "$base/INBOX;MAILINDEX=1;SECTION=HEADER.FIELDS%20(SUBJECT)" >"$folder/got"
cmp "$folder/got" <(printf 'Subject: by curl\r\n\r\n') || fail "HEADER.FIELDS: $(cat "$folder/got")"

run "$base/INBOX?SUBJECT%20curl" >"$folder/got"
[ "$(tr -d '\r' <"$folder/got")" = "* SEARCH 1 2" ] || fail "SEARCH: $(cat "$folder/got")"
run --request 'STORE 1 +FLAGS.SILENT (\Deleted)' "$base/INBOX"
run --request 'EXPUNGE' "$base/INBOX" >"$folder/got"
[ "$(tr -d '\r' <"$folder/got")" = "* 1 EXPUNGE" ] || fail "EXPUNGE: $(cat "$folder/got")"
run --request 'STATUS INBOX (MESSAGES UIDNEXT)' "$base/" | grep -q 'MESSAGES 1 UIDNEXT 3' || fail "STATUS after EXPUNGE"

# STARTTLS, and what must be refused.
curl --silent --insecure --max-time 30 --ssl-reqd --user "$user:testpass" "imap://127.0.0.1:$POSTHORN_IMAP/INBOX;UID=2" | cmp - "$folder/long" || fail "STARTTLS"
set +e
run "$base/INBOX;UID=1" >/dev/null 2>&1 && fail "a message that is gone was found"
curl --silent --insecure --max-time 30 --user "$user:wrong" "$base/" >/dev/null 2>&1
status=$?
[ "$status" = 67 ] || fail "a wrong password: status $status, not 67 (login denied)"
echo "curl: list, upload, fetch of 2 MB, search, removal, STARTTLS"
