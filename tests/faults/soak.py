"""Mixed load for an hour: memory and descriptors are at the end what they were."""
import threading
import time

from college import wait_for
from history import ground, writing
from overload import generator, requests_file, unkeyed
from load import RECORDER
from wire import request

WORKERS = ["child-member", "child-public", "child-signer"]


def taken(server):
    """name -> (KiB of its own, descriptors), of each process of zhibud."""
    from overload import Watch
    return {w: Watch(server.child(w)).first for w in WORKERS}


def soak(opt, say):
    """The writers of `history`, and readers who come, ask and go."""
    seconds = opt.seconds(long=3600, short=6)
    votes, slips = int(seconds) * 40 + 400, int(seconds) * 400 + 4000
    server = ground(votes, slips)
    try:
        whoami = requests_file(server.base / "whoami", [unkeyed(request("whoami"))])
        listing = requests_file(server.base / "list", [unkeyed(request("list_files"))])
        stop = threading.Event()

        def readers():
            while not stop.is_set():
                read.append(generator(server, server.member_port, whoami, "-m", "handshake",
                                      "-n", 4, "-s", 1, person=RECORDER))
                read.append(generator(server, server.member_port, listing, "-n", 8, "-d", 4,
                                      "-r", 200, "-s", 1, person=RECORDER))
        read, seen = [], []
        with writing(server, opt.seed, votes, slips) as h:
            t = threading.Thread(target=readers, daemon=True)
            t.start()
            pids = {w: server.child(w) for w in WORKERS}
            # what is allocated once is there after a twentieth of the time
            time.sleep(seconds / 20 + 2)
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                seen.append((time.monotonic() - began, taken(server)))
                time.sleep(max(0.5, seconds / 120))
            stop.set()
            t.join()
            h.end()
        wait_for(lambda: taken(server)["child-member"][1] <= seen[0][1]["child-member"][1], 20)
        assert {w: server.child(w) for w in WORKERS} == pids, "a process was restarted"
        defects = h.defects()
        print(h.figures())
        print(f"{'reads':12}{sum(r['done'] for r in read):7.0f} answered in"
              f" {len(read)} rounds of {seconds:.0f} s in all")
        third = max(1, len(seen) // 3)
        for w in WORKERS:
            first = [s[w] for _, s in seen[:third]]
            last = [s[w] for _, s in seen[-third:]]
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
