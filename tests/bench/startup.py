#!/usr/bin/env python3
"""From the start of `posthorn serve` to its greeting, with many accounts, each with a mail: startup.py BINARY [ACCOUNTS]

Starts it five times; the first start is told apart. Run in release, nothing else running.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(binary: str, data: str) -> tuple[float, float]:
    """Milliseconds to the greeting, and to the answer to a LOGIN and SELECT after it."""
    ports = [free_port() for _ in range(3)]
    flags = [f for name, port in zip(("--imap", "--imaps", "--lmtp"), ports) for f in (name, f"127.0.0.1:{port}")]
    begin = time.monotonic()
    process = subprocess.Popen([binary, "serve", "--data", data, *flags, "--plaintext-login"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                client = socket.create_connection(("127.0.0.1", ports[0]))
                break
            except ConnectionRefusedError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.0005)
        with client, client.makefile("rb") as answers:
            assert answers.readline().startswith(b"* OK")
            greeting = time.monotonic() - begin
            client.sendall(b"a LOGIN start7 testpass\r\nb SELECT INBOX\r\n")
            while not (line := answers.readline()).startswith(b"b "):
                assert line and not line.startswith((b"a NO", b"a BAD")), line
            assert line.startswith(b"b OK"), line
            return greeting * 1000, (time.monotonic() - begin) * 1000
    finally:
        process.terminate()
        process.wait(timeout=20)


def main() -> None:
    binary, accounts = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as data:
        for n in range(accounts):
            subprocess.run([binary, "user", "add", f"start{n}", "--data", data, "--password-stdin"],
                           input=b"testpass", check=True, stdout=subprocess.DEVNULL)
        times = [start(binary, data) for _ in range(6)]
    greetings = [greeting for greeting, _ in times[1:]]
    print(f"{accounts} accounts: first start {times[0][0]:.1f} ms; then to the greeting {statistics.median(greetings):.1f} ms, "
          f"to a login and SELECT {statistics.median(whole for _, whole in times[1:]):.1f} ms (medians of 5)")


main()
