"""Peers that are slow, deaf, half gone or mean harm: each is bounded and counted, and
somebody who asks something at the same time notices nothing."""
import contextlib
import socket
import ssl
import statistics
import struct
import subprocess
import threading
import time

from load import CUT, RECORDER, appoint, connect
from overload import Meanwhile, Watch, counters, roomy
from wire import context, pb, request

# Seconds a worker gives a peer; their defaults are ten times as long.
TIMES = {"handshake": "2s", "first_frame": "2s", "frame_time": "2s", "idle": "6s",
         "write_stall": "2s"}
MEMORY_KIB = 64 * 1024
# the acts in which the others come anew for each thing they ask
ANEW = "slow newcomers", "half handshakes"


class Other(Meanwhile):
    """Somebody who asks one thing after the other, and how long it takes; or who
    comes anew for each."""

    def __init__(self, server, anew=False):
        self.server, self.times = server, []
        self.anew = anew
        self.failed = None
        super().__init__(self.ask)

    def ask(self):
        try:
            w = connect(self.server)
            while not self.stop.wait(0.02):
                began = time.monotonic()
                if self.anew:
                    w.close()
                    w = connect(self.server)
                assert w.ask(request("whoami"), signed=False).whoami.person_id == RECORDER
                self.times.append(time.monotonic() - began)
            w.close()
        except Exception as e:  # noqa: BLE001, told at the end
            self.failed = repr(e)


def plain(server, host):
    s = socket.socket()
    s.bind((host, 0))
    s.connect(("127.0.0.1", server.member_port))
    s.settimeout(20)
    return s


def until_closed(socks, seconds):
    """How many the server has ended by then."""
    end, ended = time.monotonic() + seconds, 0
    for s in socks:
        s.settimeout(max(0.1, end - time.monotonic()))
        try:
            while s.recv(4096):
                pass
            ended += 1
        except (TimeoutError, socket.timeout):
            pass
        except OSError:
            ended += 1
    return ended


def drip(socks, data, stop, every=0.4):
    """A byte at a time to each."""
    for i in range(len(data)):
        for s in socks:
            with contextlib.suppress(OSError):
                s.sendall(data[i:i + 1])
        if stop.wait(every):
            return


def hello():
    out = ssl.MemoryBIO()
    tls = context().wrap_bio(ssl.MemoryBIO(), out)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def newcomers(server, n, sources):
    return [plain(server, f"127.2.0.{i % sources + 1}") for i in range(n)]


def slow_handshake(server, n, sources=8):
    """A hello, byte for byte."""
    socks, stop = newcomers(server, n, sources), threading.Event()
    t = threading.Thread(target=drip, args=(socks, hello(), stop))
    t.start()
    ended = until_closed(socks, 8)
    stop.set(), t.join()
    return ended, n


def half_handshake(server, n, sources=16):
    """A hello, and nothing after it."""
    socks = newcomers(server, n, sources)
    for s in socks:
        s.sendall(hello())
    return until_closed(socks, 8), n


def wires(server, n):
    return [connect(server, timeout=20) for _ in range(n)]


def ended_all(ws, seconds):
    return until_closed([w.sock for w in ws], seconds), len(ws)


def dripped(server, n, data):
    ws, stop = wires(server, n), threading.Event()
    t = threading.Thread(target=drip, args=([w.sock for w in ws], data, stop))
    t.start()
    got = ended_all(ws, 8)
    stop.set(), t.join()
    return got


def slow_header(server, n):
    return dripped(server, n, b"\0\0\0")


def slow_body(server, n):
    return dripped(server, n, struct.pack(">I", 1000) + bytes(1000))


def never_reads(server, n):
    """Asks for much, takes nothing."""
    ws = []
    for _ in range(n):
        w = connect(server, timeout=20)
        message = request("list_meetings")
        message.version = 1
        body = pb.Envelope(id=1, payload=message.SerializeToString()).SerializeToString()
        w.sock.settimeout(1)
        with contextlib.suppress(*CUT, TimeoutError):
            w.sock.sendall((struct.pack(">I", len(body)) + body) * 600)
        ws.append(w)
    time.sleep(4)
    return ended_all(ws, 8)


def tiny_frames(server, n, frames):
    """Frames of nothing, as many as the server takes."""
    ws, block = wires(server, n), b"\0\0\0\0" * 4096
    for w in ws:
        with contextlib.suppress(*CUT):
            for _ in range(frames // 4096 // n):
                w.sock.sendall(block)
    return ended_all(ws, 8)


def tiny_requests(server, n, frames):
    """The same with requests that are none: every one has to be answered or ends it."""
    ws = wires(server, n)
    body = pb.Envelope(id=1, payload=b"\x08\x01").SerializeToString()
    block = (struct.pack(">I", len(body)) + body) * 512
    for w in ws:
        with contextlib.suppress(*CUT, TimeoutError):
            w.sock.settimeout(1)
            for _ in range(frames // 512 // n):
                w.sock.sendall(block)
    return ended_all(ws, 10)


def renegotiates(server, n):
    """TLS 1.3 has none; 1.2, which had, is not spoken."""
    ended = 0
    for _ in range(n):
        c = context()
        c.minimum_version = ssl.TLSVersion.TLSv1_2
        c.maximum_version = ssl.TLSVersion.TLSv1_2
        s = plain(server, "127.2.0.9")
        try:
            c.wrap_socket(s)
        except (ssl.SSLError, OSError):
            ended += 1
        s.close()
    return ended, n


def key_updates(server, n):
    """What TLS 1.3 has instead: new keys, again and again, and no data."""
    certificate, key = server.credentials(RECORDER)
    clients = [subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.member_port}", "-alpn",
         "zhibu/1", "-cert", certificate, "-key", key], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(n)]
    for c in clients:  # its last words on the handshake
        while not c.stdout.readline().startswith(b"Verify return code"):
            pass
    for _ in range(40):
        for c in clients:
            with contextlib.suppress(OSError):
                c.stdin.write(b"k\n")
                c.stdin.flush()
        time.sleep(0.02)
    ended = 0
    for c in clients:
        with contextlib.suppress(subprocess.TimeoutExpired):
            c.wait(1)
            ended += 1
        c.kill()
        c.communicate()
    return ended, n


def half_closed(server, n):
    """Says that it will say no more, and stays."""
    ws = wires(server, n)
    for w in ws:
        w.half_close()
    return ended_all(ws, 8)


def hostile(opt, say):
    n, frames = (8, 100_000) if opt.short else (14, 1_000_000)
    server = roomy(**TIMES)
    try:
        appoint(server)
        server.credentials(RECORDER)
        server.sql("INSERT INTO data.meeting (id, org_id, state, held_on, place, chair_id,"
                   " recorder_id) SELECT 'HY26-9' || n, 'DW', 'PLANNED', '2026-12-01', '会议室',"
                   f" '{RECORDER}', '{RECORDER}' FROM generate_series(1, 400) n")
        with Other(server) as quiet:
            time.sleep(1)
        usual = statistics.quantiles(quiet.times, n=20)[-1]
        pid = server.child("child-member")
        for name, act, counter in (
                ("slow handshake", lambda: slow_handshake(server, 100), "handshake_timeout"),
                # more than may begin at a time: they hold every place there is
                ("slow newcomers", lambda: slow_handshake(server, 200, 16),
                 "handshake_timeout handshake_gave_way"),
                # they leave four places to all the others
                ("half handshakes", lambda: half_handshake(server, 124),
                 "handshake_timeout"),
                ("slow header", lambda: slow_header(server, n), "first_frame_timeout"),
                ("slow body", lambda: slow_body(server, n), "first_frame_timeout"),
                ("never reads", lambda: never_reads(server, 4), "write_stall idle_timeout"),
                ("empty frames", lambda: tiny_frames(server, n, frames), "bad_frame"),
                ("tiny requests", lambda: tiny_requests(server, n, frames), "idle_timeout"),
                ("renegotiation", lambda: renegotiates(server, n), "handshake_version"),
                ("key updates", lambda: key_updates(server, n), "tls_failed"),
                ("half closed", lambda: half_closed(server, n), "half_closed")):
            if not opt.plays(name):
                continue
            before, began = counters(server, "member"), time.monotonic()
            with Other(server, name in ANEW) as other, Watch(pid) as watch:
                ended, of = act()
                time.sleep(0.5)
            took = time.monotonic() - began
            after = counters(server, "member")
            counted = {k: v - before.get(k, 0) for k, v in after.items()
                       if v > before.get(k, 0) and k != "accepted"}
            slowest = statistics.quantiles(other.times, n=20)[-1]
            print(f"{name:15} {ended:4} of {of:3} ended within {took:4.1f} s; others 95 % within"
                  f" {slowest * 1000:.0f} ms (alone {usual * 1000:.0f}); memory"
                  f" +{(watch.kib - watch.first[0]) / 1024:.0f} MiB; {counted}", flush=True)
            assert other.failed is None, other.failed
            assert ended == of, f"{name}: {of - ended} are still there"
            assert sum(counted.get(c, 0) for c in counter.split()) >= of, \
                f"{name}: not counted as {counter}"
            assert watch.kib - watch.first[0] < MEMORY_KIB, f"{name}: memory"
            assert slowest < max(0.5, 10 * usual), f"{name}: others waited"
        assert server.child("child-member") == pid
        print("all bounded and counted; others were served")
    finally:
        server.close()
