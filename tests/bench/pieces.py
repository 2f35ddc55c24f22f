#!/usr/bin/env python3
"""What a client waits that writes a command in several small pieces, as Python's imaplib, Ruby's Net::IMAP and JavaMail do.

    tests/bench/pieces.py IMAP-PORT [TIMES]

user0, whose password is "testpass", appends a small mail with imaplib (which writes the command, the octets and the line end
apart), and says NOOP in three pieces over a socket that leaves Nagle's algorithm on. Prints the median, the 99th percentile
and the longest of each, in milliseconds.
"""
import imaplib
import socket
import sys
import time

port = int(sys.argv[1])
times = int(sys.argv[2]) if len(sys.argv) > 2 else 200
mail = b"From: a@example.org\r\nSubject: pieces\r\n\r\nHello.\r\n"


def measure(name, step):
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        step()
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    at = lambda share: taken[min(len(taken) - 1, int(len(taken) * share))]
    print(f"{name:16} p50 {at(0.5):7.2f} ms   p99 {at(0.99):7.2f} ms   longest {taken[-1]:7.2f} ms")


client = imaplib.IMAP4("127.0.0.1", port)
client.login("user0", "testpass")


def append():
    status, answer = client.append("INBOX", None, None, mail)
    if status != "OK":
        sys.exit(f"APPEND: {answer}")


plain = socket.create_connection(("127.0.0.1", port))
answers = plain.makefile("rb")
answers.readline()


def noop():
    for piece in (b"a ", b"NOOP", b"\r\n"):
        plain.sendall(piece)
    if not answers.readline().startswith(b"a OK"):
        sys.exit("NOOP was not answered")


measure("APPEND, imaplib", append)
measure("NOOP in pieces", noop)
