#!/usr/bin/env python3
"""imapclient as two devices on one account: IDLE, CONDSTORE, folders, SPECIAL-USE, subscriptions."""

import time

from imapclient import IMAPClient
from lib import HOST, IMAPS, PASSWORD, deliver, insecure_tls, mail, new_account


def device(user: str) -> IMAPClient:
    client = IMAPClient(HOST, port=IMAPS, ssl_context=insecure_tls())
    client.login(user, PASSWORD)
    return client


def idle_until(client: IMAPClient, wanted, seconds: float = 10.0) -> float:
    """Reads what IDLE says until something of it is `wanted`; how long that took."""
    begin, seen = time.monotonic(), []
    while time.monotonic() - begin < seconds:
        for response in client.idle_check(timeout=0.5):
            seen.append(response)
            if wanted(response):
                return time.monotonic() - begin
    raise AssertionError(f"not said within {seconds} s of IDLE; what came: {seen}")


def idle_sees_a_delivery(phone: IMAPClient, user: str) -> None:
    phone.select_folder("INBOX")
    phone.idle()
    for number in (1, 2):
        deliver(user, mail(f"delivered-{number}"))
        took = idle_until(phone, lambda response: response == (number, b"EXISTS"))
    phone.idle_done()
    assert len(phone.search("UNSEEN")) == 2
    print(f"  EXISTS {took * 1000:.1f} ms after the 250")


def idle_sees_flags_and_expunge(phone: IMAPClient, laptop: IMAPClient) -> None:
    laptop.select_folder("INBOX")
    phone.idle()
    laptop.add_flags([1], [b"\\Flagged", b"$Important"])
    idle_until(phone, lambda r: r[:2] == (1, b"FETCH") and {b"\\Flagged", b"$Important"} <= set(r[2][r[2].index(b"FLAGS") + 1]))
    laptop.delete_messages([2])
    laptop.expunge()
    idle_until(phone, lambda r: r == (2, b"EXPUNGE"))
    phone.idle_done()
    assert phone.search("ALL") == [1]


def condstore(phone: IMAPClient, laptop: IMAPClient) -> None:
    phone.unselect_folder()
    phone.enable("CONDSTORE")
    before = phone.select_folder("INBOX")[b"HIGHESTMODSEQ"]
    assert phone.fetch([1], ["FLAGS"], ["CHANGEDSINCE %d" % before]) == {}
    laptop.add_flags([1], [b"\\Answered"])
    changed = phone.fetch([1], ["FLAGS", "MODSEQ"], ["CHANGEDSINCE %d" % before])
    assert list(changed) == [1] and b"\\Answered" in changed[1][b"FLAGS"], changed
    assert changed[1][b"MODSEQ"][0] > before, changed
    assert phone.folder_status("INBOX", ["HIGHESTMODSEQ"])[b"HIGHESTMODSEQ"] == changed[1][b"MODSEQ"][0]
    assert phone.search(["MODSEQ", str(before + 1)]) == [1]


def folders(phone: IMAPClient, laptop: IMAPClient) -> None:
    roles = {flag: name for flags, _, name in phone.list_folders() for flag in flags}
    for role in (b"\\Drafts", b"\\Sent", b"\\Junk", b"\\Trash", b"\\Archive"):
        assert role in roles, f"no folder has the role {role}: {roles}"
    assert phone.find_special_folder(b"\\Sent") == "Sent"
    phone.create_folder("Zürich/Büro & Co")
    phone.create_folder("Zürich/Büro & Co/Entwürfe ☃")
    names = [name for _, _, name in laptop.list_folders("", "Zürich*")]
    assert sorted(names) == ["Zürich", "Zürich/Büro & Co", "Zürich/Büro & Co/Entwürfe ☃"], names
    phone.subscribe_folder("Zürich/Büro & Co")
    assert "Zürich/Büro & Co" in [name for _, _, name in laptop.list_sub_folders()]
    phone.append("Zürich/Büro & Co", mail("filed"), flags=[b"\\Seen"])
    phone.rename_folder("Zürich", "Bern")
    assert laptop.folder_status("Bern/Büro & Co", ["MESSAGES"])[b"MESSAGES"] == 1
    assert laptop.folder_exists("Bern/Büro & Co/Entwürfe ☃") and not laptop.folder_exists("Zürich/Büro & Co")
    assert [n for _, _, n in laptop.list_folders("Bern/", "%")] == ["Bern/Büro & Co"]
    phone.delete_folder("Bern/Büro & Co/Entwürfe ☃")
    assert not laptop.folder_exists("Bern/Büro & Co/Entwürfe ☃")


def move_between(phone: IMAPClient, laptop: IMAPClient) -> None:
    uid = int(phone.append("INBOX", mail("moved")).split(b"APPENDUID")[1].split(b"]")[0].split()[1])
    phone.select_folder("INBOX")
    laptop.select_folder("INBOX")
    phone.move([uid], "Archive")
    laptop.noop()
    assert uid not in laptop.search("ALL"), "the other device still has what was moved"
    # Gone already: nothing to do is no error (CLIENTS: Apple Mail).
    laptop.move([uid], "Archive")
    assert laptop.folder_status("Archive", ["MESSAGES"])[b"MESSAGES"] == 1
    assert laptop.select_folder("Archive")[b"EXISTS"] == 1
    envelope = laptop.fetch(laptop.search("ALL"), ["ENVELOPE", "BODYSTRUCTURE"]).popitem()[1][b"ENVELOPE"]
    assert envelope.subject == b"Mail moved" and envelope.from_[0].mailbox == b"ada", envelope


def main() -> None:
    user = new_account("imapclient")
    phone, laptop = device(user), device(user)
    idle_sees_a_delivery(phone, user)
    idle_sees_flags_and_expunge(phone, laptop)
    condstore(phone, laptop)
    folders(phone, laptop)
    move_between(phone, laptop)
    phone.logout()
    laptop.logout()
    print("imapclient: two devices in step")


main()
