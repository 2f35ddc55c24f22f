#!/usr/bin/env python3
"""LMTP by smtplib (RFC 2033): one answer for each recipient, SIZE, 8BITMIME, PIPELINING, CHUNKING, dots, refusals."""

import re
import smtplib
import socket
import threading

from lib import BIN, HOST, LMTP, Imap, bodies, mail, new_account


def received(user: str) -> list[bytes]:
    """The INBOX, with the trace lines taken off that delivery puts on top (RFC 5321 §4.4)."""
    client = Imap(user)
    client.command("SELECT INBOX")
    trace = rb"((Return-Path|Received|Delivered-To|X-Original-To):[^\r]*\r\n([ \t][^\r]*\r\n)*)*"
    found = [re.sub(rb"\A" + trace, b"", octets) for _, octets in sorted(bodies(client).items())]
    client.close()
    return found


def several_recipients(one: str, two: str) -> None:
    lmtp = smtplib.LMTP(HOST, LMTP, timeout=60)
    lmtp.ehlo_or_helo_if_needed()
    for extension in ("pipelining", "8bitmime", "enhancedstatuscodes"):
        assert lmtp.has_extn(extension), f"{extension} is not announced: {lmtp.esmtp_features}"
    message = mail("several") + b"\xc3\xbc and a raw \xff\r\n..dots\r\n.\r\n"
    assert lmtp.mail("ada@interop.example", ["BODY=8BITMIME", *([f"SIZE={len(message)}"] if lmtp.has_extn("size") else [])])[0] == 250
    assert lmtp.rcpt(one)[0] == 250
    code, why = lmtp.rcpt("nobody-of-that-name")
    if BIN:
        assert code == 550 and why.startswith(b"5.1.1"), (code, why)
        accepted = [one, two, one]
    else:
        accepted = [one, "nobody-of-that-name", two, one]
    assert lmtp.rcpt(two)[0] == 250
    assert lmtp.rcpt(f"{one}+Archive")[0] == 250
    answers = [lmtp.data(message), *(lmtp.getreply() for _ in accepted[1:])]
    assert len(answers) == len(accepted) and all(code == 250 for code, _ in answers), answers
    # Nothing more comes: the next answer is that of NOOP.
    assert lmtp.noop()[0] == 250
    assert lmtp.docmd("VRFY", one)[0] in (250, 252, 502)
    lmtp.quit()
    assert received(two) == [message], received(two)
    assert received(one)[0] == message


def detail(user: str) -> None:
    """user+detail goes into that mailbox when it is there, else into INBOX; it is never lost."""
    with smtplib.LMTP(HOST, LMTP) as lmtp:
        for recipient in (f"{user}+Junk", f"{user}+no-such-mailbox"):
            lmtp.sendmail("ada@interop.example", [recipient], mail("detail-" + recipient.split("+")[1]))
    client = Imap(user)
    there = {}
    for mailbox in ("INBOX", "Junk"):
        client.command(f"SELECT {mailbox}")
        there[mailbox] = sum(b"detail-" in octets for octets in bodies(client).values())
    client.close()
    assert there == ({"INBOX": 1, "Junk": 1} if BIN else {"INBOX": 2, "Junk": 0}), there


def refusals(user: str) -> None:
    lmtp = smtplib.LMTP(HOST, LMTP, timeout=60)
    assert lmtp.docmd("EHLO client.example")[0] >= 500, "LMTP refuses EHLO (RFC 2033 §4.1)"
    assert lmtp.docmd("HELO client.example")[0] >= 500
    lmtp.ehlo()
    assert lmtp.docmd("RCPT", f"TO:<{user}>")[0] == 503, "RCPT before MAIL"
    assert lmtp.docmd("DATA")[0] == 503, "DATA before MAIL"
    if BIN:
        assert lmtp.docmd("MAIL FROM:<a@b.example> SIZE=99999999999")[0] == 552, "too large is said before it is sent"
        lmtp.rset()
        assert lmtp.docmd("MAIL FROM:<a@b.example> UNKNOWN=1")[0] == 555
    assert lmtp.docmd("FROBNICATE")[0] in (500, 502)
    lmtp.rset()
    assert lmtp.mail("ada@interop.example")[0] == 250
    if BIN:
        assert lmtp.rcpt("nobody-of-that-name")[0] == 550
        assert lmtp.docmd("DATA")[0] == 503, "no valid recipient: DATA is 503 (RFC 2033 §4.2)"
    lmtp.quit()


def pipelined(user: str) -> None:
    """MAIL, RCPT, DATA, the mail and the next envelope in one packet, as Postfix sends them."""
    with socket.create_connection((HOST, LMTP), timeout=20) as s:
        stream = s.makefile("rb")
        assert stream.readline().startswith(b"220 ")
        s.sendall(b"LHLO client.example\r\n")
        while stream.readline()[3:4] == b"-":
            pass
        envelope = f"MAIL FROM:<>\r\nRCPT TO:<{user}>\r\nDATA\r\n".encode()
        s.sendall(envelope)
        assert [stream.readline()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        s.sendall(mail("piped-1") + b".\r\n" + envelope)
        assert [stream.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        s.sendall(mail("piped-2") + b".\r\nQUIT\r\n")
        assert [stream.readline()[:3] for _ in range(2)] == [b"250", b"221"]
    assert received(user)[-2:] == [mail("piped-1"), mail("piped-2")]


def chunked(user: str) -> None:
    """BDAT (RFC 3030): no dots are stuffed, chunks may end anywhere."""
    lmtp = smtplib.LMTP(HOST, LMTP, timeout=60)
    lmtp.ehlo()
    if not lmtp.has_extn("chunking"):
        assert not BIN, "CHUNKING is not announced"
        return
    message = mail("chunked") + b".\r\n..\r\n"
    assert lmtp.mail("ada@interop.example")[0] == 250
    assert lmtp.rcpt(user)[0] == 250
    for chunk in (message[:100], message[100:101]):
        lmtp.sock.sendall(b"BDAT %d\r\n" % len(chunk) + chunk)
        assert lmtp.getreply()[0] == 250
    lmtp.sock.sendall(b"BDAT %d LAST\r\n" % len(message[101:]) + message[101:])
    assert lmtp.getreply()[0] == 250
    lmtp.quit()
    assert received(user)[-1] == message


def at_once(user: str, senders: int = 16, each: int = 10) -> None:
    """Every 250 is a mail in the mailbox, whoever else delivers (FAILURES 1 and 2)."""
    failures = []

    def send(sender: int) -> None:
        try:
            with smtplib.LMTP(HOST, LMTP, timeout=60) as lmtp:
                for n in range(each):
                    lmtp.sendmail("ada@interop.example", [user], mail(f"burst-{sender}-{n}"))
        except Exception as error:  # noqa: BLE001: told below, by the thread that asserts
            failures.append(error)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    want = sorted(mail(f"burst-{s}-{n}") for s in range(senders) for n in range(each))
    assert sorted(m for m in received(user) if b"burst-" in m) == want


def main() -> None:
    one, two, three = (new_account(f"lmtp{n}") for n in (1, 2, 3))
    several_recipients(one, two)
    detail(three)
    refusals(one)
    pipelined(two)
    chunked(two)
    at_once(two)
    print("lmtp: 1 answer a recipient, 160 deliveries at once, refusals, BDAT")


main()
