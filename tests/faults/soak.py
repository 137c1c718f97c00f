"""Mixed load for an hour: memory and descriptors are at the end what they were."""
import threading
import time

from college import wait_for
from history import ground, writing
from load import RECORDER
from overload import Watch, generator, requests_file, unkeyed
from wire import request

WORKERS = ["child-member", "child-public", "child-signer"]


def taken(server):
    """name -> (KiB of its own, descriptors), of each process of zhibud."""
    return {w: Watch(server.child(w)).first for w in WORKERS}


class Readers(threading.Thread):
    """Come, ask and go; then ask on connections that stay; then rest."""

    def __init__(self, server, rest):
        super().__init__(daemon=True)
        self.server, self.rest, self.stop = server, rest, threading.Event()
        self.rounds, self.failed = [], None
        self.whoami = requests_file(server.base / "whoami", [unkeyed(request("whoami"))])
        self.notices = requests_file(server.base / "notices",
                                     [unkeyed(request("public_notices"))])

    def ask(self, port, requests, *how, person=None):
        r = generator(self.server, port, requests, *how, person=person)
        assert not r["refused"] and not r["failed"], r
        self.rounds.append(r)

    def run(self):
        try:
            while not self.stop.is_set():
                s = self.server
                self.ask(s.member_port, self.whoami, "-m", "handshake", "-n", 4, "-s", 0.2,
                         person=RECORDER)
                self.ask(s.member_port, self.whoami, "-n", 8, "-d", 4, "-r", 200, "-s", 1,
                         person=RECORDER)
                self.ask(s.public_port, self.notices, "-n", 8, "-r", 100, "-s", 1)
                self.stop.wait(self.rest)
        except BaseException as why:  # noqa: BLE001, it ends the part
            self.failed = repr(why)

    def end(self):
        self.stop.set()
        self.join()
        assert not self.failed, f"the readers stopped: {self.failed}"


def soak(opt, say):
    """The writers of `history`, and readers."""
    seconds = opt.seconds(long=3600, short=6)
    acts = int((1.05 * seconds + 30) / opt.pause)  # the most of one writer
    votes, slips = acts + 400, 2 * acts + 4000
    server = ground(votes, slips)
    try:
        seen = []
        with writing(server, opt.seed, votes, slips, pause=opt.pause) as h:
            readers = Readers(server, 20 * opt.pause)
            readers.start()
            pids = {w: server.child(w) for w in WORKERS}
            # what is allocated once is there after a twentieth of the time
            time.sleep(seconds / 20 + 2)
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                assert not readers.failed and not h.trouble, (readers.failed, h.trouble)
                seen.append(taken(server))
                time.sleep(max(0.5, seconds / 120))
            readers.end()
            h.end()
        wait_for(lambda: taken(server)["child-member"][1] <= seen[0]["child-member"][1], 20)
        assert {w: server.child(w) for w in WORKERS} == pids, "a process was restarted"
        defects = h.defects()
        print(h.figures())
        reads = sum(r["done"] for r in readers.rounds)
        print(f"{'reads':12}{reads:7.0f} answered in {len(readers.rounds)} rounds, in"
              f" {seconds:.0f} s")
        assert reads > 10 * seconds, "hardly anything was read"
        third = max(1, len(seen) // 3)
        for w in WORKERS:
            first = [s[w] for s in seen[:third]]
            last = [s[w] for s in seen[-third:]]
            kib = [max(v[0] for v in part) for part in (first, last)]
            files = [max(v[1] for v in part) for part in (first, last)]
            print(f"{w:14} memory at most {kib[0]} KiB in the first third, {kib[1]} KiB in the"
                  f" last; descriptors {files[0]}, {files[1]}")
            # the largest of a third varies with what meets there
            assert kib[1] < kib[0] * 1.15 + 2048, f"{w}: memory grows"
            assert files[1] < files[0] * 1.25 + 8, f"{w}: descriptors grow"
        assert not defects, "\n".join(defects[:20])
    finally:
        server.close()
