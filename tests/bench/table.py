#!/usr/bin/env python3
"""Makes the table of docs/performance.md from the JSON lines of run.sh: medians, ratios, goals.

    table.py DOVECOT.jsonl[,MORE.jsonl] POSTHORN.jsonl[,MORE.jsonl]

A row that one of the two has not measured shows a dash. "Kept" compares with the goal as it is stated: times the
other server's figure of this run, or a figure of its own.
"""

import json
import statistics
import sys
from collections import defaultdict

# What the row is called; its name in the JSON lines; its measure and unit; how the goal reads and a test of (ours, the other's).


def times(n):
    return f"{n:g} times", lambda ours, other: other is not None and ours >= n * other


def part(n):
    return f"1/{n} of it", lambda ours, other: other is not None and ours <= other / n


def under(n, unit):
    return f"under {n:g} {unit}", lambda ours, _: ours < n


def at_least(n):
    return f"{n:g}", lambda ours, _: ours >= n


def none():
    return "–", lambda ours, other: True


M = "100k"
ROWS = [
    *[(f"LMTP, full mix, {c} connections", f"lmtp c={c}", "ops_per_s", "/s", times(n)) for c, n in ((1, 2), (16, 4), (64, 5))],
    *[(f"LMTP, small mails, {c} connections", f"lmtp-text c={c}", "ops_per_s", "/s", none()) for c in (1, 16, 64)],
    *[(f"APPEND, {c} connections", f"append c={c}", "ops_per_s", "/s", times(n)) for c, n in ((1, 1.2), (16, 2), (64, 4))],
    ("from 250 to EXISTS, median", "notify from 250", "p50_ms", "ms", under(0.5, "ms")),
    ("from end of DATA to EXISTS, median", "notify from end of DATA", "p50_ms", "ms", none()),
    ("STATUS of 100,000, first after a start", f"status {M} (first)", "p50_ms", "ms", none()),
    ("SELECT of 100,000, first in a connection", f"select {M} (first)", "p50_ms", "ms", part(2)),
    ("SELECT of 100,000, again", f"select {M}", "p50_ms", "ms", none()),
    ("LOGIN and SELECT of 100,000, new connection", f"select-new-connection {M}", "p50_ms", "ms", part(3)),
    ("SELECT of 1,000,000, again", "select 1000k", "p50_ms", "ms", ("as 100,000", none()[1])),
    ("FETCH FLAGS of 100,000", f"fetch-flags {M}", "p50_ms", "ms", part(3)),
    ("FETCH ENVELOPE BODYSTRUCTURE of 100,000", f"fetch-envelope-structure {M}", "p50_ms", "ms", under(170, "ms")),
    ("FETCH of 50 newest headers", f"fetch-headers-newest-50 {M}", "p50_ms", "ms", none()),
    ("FETCH BODY.PEEK[] of 100,000", f"fetch-body {M}", "mb_per_s", "MB/s", times(1.5)),
    ("STORE on 100,000", f"store-all {M}", "p50_ms", "ms", none()),
    ("STORE on one, 16 connections", "store-single c=16", "ops_per_s", "/s", none()),
    ("QRESYNC after 100 changes", f"qresync-100-changes {M}", "p50_ms", "ms", none()),
    *[(f"SEARCH {what.upper()} in 100,000", f"search-{what} {M}", "p50_ms", "ms", none()) for what in ("unseen", "since", "from", "subject", "body", "text")],
    *[(f"{what.upper()} of 1000", f"{what}-1000", "p50_ms", "ms", none()) for what in ("copy", "move", "expunge")],
    *[(f"logins, {c} connections", f"login c={c}", "ops_per_s", "/s", at_least(n)) for c, n in ((16, 7809), (64, 8022))],
    *[(f"logins over TLS, {c} connections", f"login-tls c={c}", "ops_per_s", "/s", none()) for c in (16, 64)],
    *[(f"memory of an idle session, {n:,}", f"idle n={n}", "kb_per_conn", "KiB", under(10, "KiB")) for n in (1000, 10000)],
    *[(f"memory of an idle session over TLS, {n:,}", f"idle-tls n={n}", "kb_per_conn", "KiB", under(18, "KiB")) for n in (1000, 10000)],
]


def read(files: str) -> dict[str, list[dict]]:
    found = defaultdict(list)
    for name in files.split(","):
        with open(name) as lines:
            for line in lines:
                row = json.loads(line)
                found[row["name"]].append(row)
    return found


def median(rows: list[dict], measure: str) -> float | None:
    values = [row[measure] for row in rows if measure in row]
    return statistics.median(values) if values else None


def cell(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def ratio(ours: float | None, other: float | None, unit: str) -> str:
    """How many times better ours is: faster, or smaller."""
    if not ours or not other:
        return "–"
    return f"{ours / other if unit in ('/s', 'MB/s') else other / ours:.2g}×"


def main() -> None:
    other_rows, our_rows = read(sys.argv[1]), read(sys.argv[2])
    print("| row | Dovecot | Posthorn | better by | goal | kept |\n| --- | --- | --- | --- | --- | --- |")
    for title, name, measure, unit, (goal, kept) in ROWS:
        ours, other = median(our_rows.get(name, []), measure), median(other_rows.get(name, []), measure)
        if ours is None and other is None:
            continue
        verdict = "" if ours is None or goal in ("–", "as 100,000") else "yes" if kept(ours, other) else "**no**"
        print(f"| {title} | {cell(other, unit)} | {cell(ours, unit)} | {ratio(ours, other, unit)} | {goal} | {verdict} |")


main()
