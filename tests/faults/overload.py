"""More than can be served: what is turned away is told so, and the rest is served as
fast as ever."""
import hashlib
import os
import random
import re
import resource
import signal
import subprocess
import threading
import time
from pathlib import Path

from college import Server, wait_for
from history import SEALED, SESSION, fill
from load import RECORDER, connect, cpu_seconds, eventually
from wire import request

BUILT = Path(os.environ.get("ZHIBU_BIN", Path(__file__).resolve().parents[2] / "build/gcc"))
SOURCES = 600


def requests_file(path, messages):
    """As tests/bench/load.c reads them: length, then an Envelope without its id."""
    with open(path, "wb") as f:
        for m in messages:
            body = b"\x12" + varint(len(m)) + m
            f.write(len(body).to_bytes(4, "big") + body)
    return path


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes((n & 0x7f | 0x80,))
        n >>= 7
    return out + bytes((n,))


def unkeyed(message):
    message.version = 1
    return message.SerializeToString()


def generator(server, port, requests, *more, person=None, timeout=600):
    args = [BUILT / "tests/bench_load", "-p", str(port), "-a", server.state / "authority.crt",
            "-f", requests, *map(str, more)]
    if person:
        certificate, key = server.credentials(person)
        args += ["-c", certificate, "-k", key]
    r = subprocess.run(args, capture_output=True, text=True, timeout=timeout)
    assert "done=" in r.stdout, f"{r.stdout}\n{r.stderr}"
    return {k: float(v) for k, v in (w.split("=") for w in r.stdout.split() if "=" in w)}


class Meanwhile:
    """A thread of its own for as long as the block lasts; it ends once `stop` is set."""

    def __init__(self, run):
        self.stop = threading.Event()
        self.thread = threading.Thread(target=run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


class Watch(Meanwhile):
    """The most a process takes of memory and descriptors meanwhile."""

    def __init__(self, pid, every=0.1):
        self.pid, self.every = pid, every
        self.kib = self.files = 0
        self.first = self.now()
        super().__init__(self.look)

    def now(self):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return (int(re.search(r"RssAnon:\s+(\d+)", text).group(1)),
                len(os.listdir(f"/proc/{self.pid}/fd")))

    def look(self):
        while not self.stop.wait(self.every):
            kib, files = self.now()
            self.kib, self.files = max(self.kib, kib), max(self.files, files)


def counters(server, worker):
    """What the worker counted so far."""
    log = server.state / "zhibud.log"
    at = log.stat().st_size
    os.kill(server.child(f"child-{worker}"), signal.SIGUSR1)
    found = []

    def written():
        found[:] = re.findall(rf"counters worker={worker} (.*)", log.read_text()[at:])
        return found
    wait_for(written, 5)
    return {k: int(v) for k, v in (w.split("=") for w in found[0].split())}


def roomy(**more):
    """The default limits, but for one person's (all of the load has one certificate) and
    those given."""
    server = Server()
    server.limits(**{"connections_per_person": 32768, **more})
    return server.start()


def generators(n):
    """Connections of each generator: one program may not have descriptors for all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    parts = -(-n // (hard - 100))
    return [n // parts + (i < n % parts) for i in range(parts)]


def together(runs):
    """Starts all at once; their outcomes as one."""
    got = []
    threads = [threading.Thread(target=lambda run=run: got.append(run())) for run in runs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(got) == len(runs), "a generator failed"
    return {k: (min if k == "half_least" else max if k in ("seconds", "half_s", "half_most")
                else sum)(g[k] for g in got) for k in got[0]}


def overload(opt, say):
    n, seconds, stay = (600, 1, 700) if opt.short else (30000, 5, 2048)
    slips = 6000 if opt.short else 240000
    # the crowd that stays says nothing, and a busy machine lets it in slowly
    server = roomy(connections=stay, first_frame="60s")
    try:
        fill(server, 1, slips)
        pid = server.child("child-member")
        idle = cpu_seconds(pid)
        usual = new_sessions(server, seconds)
        best, cost = usual["rate"], (cpu_seconds(pid) - idle) / usual["done"]
        print(f"best {best:.0f} new sessions a second", flush=True)
        acts = {"swarm": lambda: swarm(server, n, best, cost, opt.short),
                "given up": lambda: given_up(server, n, seconds, best),
                "greedy": lambda: greedy(server, 10000, 3000, best),
                "crowd": lambda: crowd(server, stay),
                "ballots": lambda: ballots(server, slips, opt.short)}
        if opt.short:
            del acts["given up"], acts["greedy"]
        for name in filter(opt.plays, acts):
            acts[name]()
    finally:
        server.close()


def new_sessions(server, seconds):
    """The best rate: sixteen at a time come, ask, and go."""
    return generator(server, server.member_port, asking(server), "-m", "handshake", "-n", 16,
                     "-s", seconds, "-S", 16, person=RECORDER)


def asking(server):
    path = server.base / "whoami"
    if not path.exists():  # several generators read it at a time
        requests_file(path, [unkeyed(request("whoami"))])
    return path


def all_at_once(server, n, seconds):
    """Until each had its answer, or so long."""
    return together([lambda k=k: generator(
        server, server.member_port, asking(server), "-m", "swarm", "-n", k, "-S", SOURCES,
        "-s", seconds, person=RECORDER, timeout=1300) for k in generators(n)])


def swarm(server, n, best, cost, short):
    """All of them at once, from 600 addresses.  The generator takes of the same
    processors, so the server's own time for a session is told too."""
    pid = server.child("child-member")
    before, began = counters(server, "member"), cpu_seconds(pid)
    with Watch(pid) as watch:
        got = all_at_once(server, n, 1200)
    cost_then = (cpu_seconds(pid) - began) / n
    after = counters(server, "member")
    events = {k: v - before.get(k, 0) for k, v in after.items()
              if k.startswith(("shed", "queued", "left", "handshake")) and v > before.get(k, 0)}
    assert got["done"] == n, f"{got['done']} of {n} were answered"
    share = n / 2 / got["half_s"] / best
    print(f"{n} connections at once from {SOURCES} addresses: all answered after"
          f" {got['seconds']:.0f} s, half after {got['half_s']:.0f} s\n"
          f"  the first half came at {share:.0%} of the best rate, all at"
          f" {n / got['seconds'] / best:.0%}\n"
          f"  the server's time for a session {cost * 1e6:.0f} µs at best,"
          f" {cost_then * 1e6:.0f} µs then\n"
          f"  did not get through in 10 to 15 seconds and came again {got['failed']:.0f} times,"
          f" told busy {got['busy']:.0f} times {events}\n"
          f"  when half were answered an address had {got['half_least']:.0f} to"
          f" {got['half_most']:.0f} of its {n / SOURCES:.0f}\n"
          f"  memory {watch.first[0] / 1024:.0f} to at most {watch.kib / 1024:.0f} MiB,"
          f" descriptors at most {watch.files}")
    assert watch.kib - watch.first[0] < 200 * 1024
    assert watch.files < 2048 + 256 + 64
    assert events.get("queued", 0) > 0
    if not short:
        assert share >= 0.8, f"{share:.0%} of the best"
        assert got["half_least"] > 0


def given_up(server, n, seconds, best):
    """The same crowd turns away after eight seconds: what the next ones find.  The
    system still hands in connections that were waiting to be waiting, whose end it
    hears of a second later; five seconds on they are gone."""
    all_at_once(server, n, 8)
    gone = time.monotonic()
    w, first = eventually(server, seconds=5)
    w.close()
    time.sleep(max(0, gone + 5 - time.monotonic()))
    again = new_sessions(server, seconds)["rate"]
    print(f"{n} at once, who all leave after eight seconds: the next one is served after"
          f" {first:.1f} s, and five seconds later {again / best:.0%} of the best is reached")
    assert again >= 0.8 * best, "not itself again within five seconds"


def greedy(server, many, few, best):
    """One address comes with ten thousand; then come, from 600, those who want one."""
    got = []
    flood = threading.Thread(target=lambda: got.append(generator(
        server, server.member_port, asking(server), "-m", "swarm", "-n", many, "-S", 1, "-s", 15,
        person=RECORDER)))
    before = counters(server, "member")
    flood.start()
    time.sleep(2)
    others = all_at_once(server, few, 60)
    flood.join()
    after = counters(server, "member")
    turned = sum(after.get(k, 0) - before.get(k, 0)
                 for k in ("shed_handshakes_source", "shed_source"))
    print(f"{many} from one address, and {few} from {SOURCES} two seconds later: those are all"
          f" answered after {others['seconds']:.1f} s, at {few / others['seconds'] / best:.0%} of"
          f" the best, while of the many {got[0]['done']:.0f} are in fifteen seconds;"
          f" {turned} times turned away at the door")
    assert others["done"] == few and turned > 0
    assert few / others["seconds"] > best / 4, "one address keeps the others out"


def crowd(server, stay):
    """As many as may stay do stay.  Who comes then is told when to come again."""
    certificate, key = server.credentials(RECORDER)
    with Watch(server.child("child-member")) as watch, subprocess.Popen(
            [BUILT / "tests/bench_load", "-p", str(server.member_port), "-a",
             server.state / "authority.crt", "-c", certificate, "-k", key, "-m", "idle", "-n",
             str(stay), "-S", "64"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as all_in:
        assert all_in.stdout.readline() == b"ready\n"
        refusals = []
        for _ in range(20):
            w = connect(server)
            number, reply = w.receive()
            refusals.append((number, reply.refusal.code, reply.refusal.retry_after_ms))
            w.close()
        all_in.stdin.close()
    w, again = eventually(server, seconds=5)
    w.close()
    print(f"{stay} connections stay: each of {len(refusals)} more is told {refusals[0][1]},"
          f" come again in {refusals[0][2]} ms; memory {watch.first[0] / 1024:.0f} to at most"
          f" {watch.kib / 1024:.0f} MiB; when they have left the next one is served after"
          f" {again:.1f} s")
    assert set(refusals) == {(0, "ZB105", 2000)}, refusals
    assert watch.kib - watch.first[0] < 200 * 1024


def ballots(server, slips, short):
    """Eighty times as many ballots waiting as at the best rate."""
    rng = random.Random(1)

    def cast(first, count):
        return requests_file(server.base / "cast", (unkeyed(request(
            "cast_ballot", session_id=SESSION, token=hashlib.sha256(f"slip {i}".encode()).digest(),
            sealed=rng.randbytes(SEALED), signature=bytes(64)))
            for i in range(first, first + count)))

    some = slips // 4
    best = generator(server, server.public_port, cast(1, some), "-1", "-n", 64, "-S", 20)
    with Watch(server.child("child-public")) as watch:
        got = generator(server, server.public_port, cast(some + 1, slips - some), "-1", "-n",
                        640, "-d", 8, "-S", 20)
    good = (got["done"] - got["refused"]) / got["seconds"]
    urn = int(server.sql("SELECT count(*) FROM data.urn")[0][0])
    print(f"ballots: best {best['rate']:.0f} a second; with 5,120 waiting {good:.0f} a second"
          f" ({good / best['rate']:.0%}), {got['busy']:.0f} told busy with a delay;"
          f" memory {watch.first[0] / 1024:.0f} to at most {watch.kib / 1024:.0f} MiB")
    assert got["refused"] == got["busy"], "refused without a delay"
    assert got["busy"] > 0 and watch.kib - watch.first[0] < 200 * 1024
    assert urn == best["done"] - best["refused"] + got["done"] - got["refused"]
    eventually(server, None, 5)[0].close()
    if not short:
        assert good >= 0.8 * best["rate"]
