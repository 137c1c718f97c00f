"""deploy/cluster/up on loopback: three zhibud, two PostgreSQL; what dies there, who
takes over, and that nothing acknowledged is lost on the way."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from college import AS_USER, BIN, CODE, ROOT, Server, command_line, free_ports, wait_for
from history import Write, ask, fill, writing
from load import CUT, RECORDER, held_in, meeting, packed
from wire import Wire, request

HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
PG = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]


class Cluster(Server):
    def __init__(self):
        self.base = Path(tempfile.mkdtemp(prefix="zc", dir="/tmp"))
        # where user zhibu may read it
        shutil.copytree(ROOT / "deploy/cluster", self.base / "deploy")
        self.dir = self.base / "d"
        self.dir.mkdir()
        self.state = self.dir / "1"
        self.people, self.wires, self.primary = {}, {}, "a"
        self.public_port, self.member_port, self.pg_port = free_ports(3)
        self.env = {**os.environ, "HOME": str(self.dir), "ZHIBUD": str(BIN / "zhibud"),
                    "PG_PORT": str(self.pg_port), "PUBLIC_PORT": str(self.public_port),
                    "MEMBER_PORT": str(self.member_port), "CLUSTER_INIT": "--demo"}
        if AS_USER:
            subprocess.run(["chown", "-R", "zhibu:zhibu", self.base], check=True)
        self.base.chmod(0o755)
        self.log = open(self.base / "log", "ab")
        self.process = subprocess.Popen(
            [*AS_USER, self.base / "deploy/up", self.dir], env=self.env, cwd="/",
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.process.stdout.readline() == "ready\n", (self.base / "log").read_text()
        self.first_code = CODE.search((self.dir / "code").read_text()).group(0)

    def zhibud(self, verb, *args, **kw):
        return super().zhibud(verb, *args, env=self.env, **kw)

    def sql_at(self, node, text):
        r = subprocess.run([*AS_USER, PG / "psql", "-XqAt", "-F", "\t", "-v",
                            "ON_ERROR_STOP=1", "-h", self.dir / f"{node}.sock", "-p",
                            str(self.pg_port), "-U", "zhibu_super", "zhibu"], input=text,
                           text=True, capture_output=True, timeout=120, env=self.env)
        assert r.returncode == 0, r.stderr
        return [line.split("\t") for line in r.stdout.splitlines()]

    def sql(self, text):
        return self.sql_at(self.primary, text)

    def other(self):
        return "b" if self.primary == "a" else "a"

    def pid(self, name):
        return int((self.dir / f"{name}.pid").read_text())

    def family(self, pid):
        found = [pid]
        for p in found:
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{p}/task/{p}/children").read_text().split())
        return found

    def kill_all(self, name):
        """A machine's power: every process of this node or zhibud at once."""
        pids = self.family(self.pid(name))
        for p in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(p, signal.SIGKILL)
        wait_for(lambda: all(gone(p) for p in pids), 10)

    def start_zhibud(self, n):
        self.begin(n, BIN / "zhibud", "run", "--state", self.dir / n)

    def start_node(self, name):
        """After a power cut no process has the number that stands in a lock file; here one
        that was killed may still wait for its parent."""
        for lock in (self.dir / name / "postmaster.pid",
                     *(self.dir / f"{name}.sock").glob(".s.PGSQL.*.lock")):
            lock.unlink(missing_ok=True)
        self.begin(name, PG / "postgres", "-D", self.dir / name)

    def begin(self, name, *command):
        p = subprocess.Popen([*AS_USER, *command], env=self.env, cwd="/", stdout=self.log,
                             stderr=self.log)
        threading.Thread(target=p.wait, daemon=True).start()
        (self.dir / f"{name}.pid").write_text(str(p.pid))

    def promote(self):
        """The standby takes over."""
        self.primary = self.other()
        subprocess.run([*AS_USER, PG / "pg_ctl", "-D", self.dir / self.primary, "promote", "-s"],
                       check=True, timeout=60, cwd="/")

    def rejoin(self):
        """The fallen node comes back and follows."""
        r = subprocess.run([*AS_USER, self.base / "deploy/up", self.dir, "standby"],
                           env=self.env, cwd="/", stdout=self.log, stderr=self.log, timeout=120)
        assert r.returncode == 0, (self.base / "log").read_text()[-2000:]

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        for name in ("1", "2", "3", "a", "b"):
            with contextlib.suppress(OSError, ValueError):
                line = command_line(self.pid(name))
                if "zhibu" in line or str(self.dir) in line:
                    self.kill_all(name)
        shutil.rmtree(self.base, ignore_errors=True)


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@contextlib.contextmanager
def frozen(pids):
    for p in pids:
        os.kill(p, signal.SIGSTOP)
    try:
        yield
    finally:
        for p in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(p, signal.SIGCONT)


def reply_within(cluster, payload, host=HOSTS[0], seconds=3):
    """The reply to a signed write, or None while there is none."""
    try:
        w = Wire(cluster.member_port, *cluster.credentials(RECORDER), host=host,
                 timeout=seconds)
        write = Write("submission", RECORDER, "", payload, b"")
        reply = ask(w, write)[1]
        w.close()
        return reply
    except CUT:
        return None


def new_meeting(place):
    return packed(meeting(place), os.urandom(16))


# ---- what holds there ---------------------------------------------------------------------

def reads_follow(cluster, say):
    """Reads are made on the standby, and find what was just acknowledged elsewhere."""
    there = cluster.sql_at(cluster.other(), "SELECT count(*) FROM pg_stat_activity"
                           " WHERE usename = 'zhibu_member' AND application_name = 'zhibud'")
    assert int(there[0][0]) >= 3, there
    wires = [Wire(cluster.member_port, *cluster.credentials(RECORDER), host=h) for h in HOSTS]
    for n in range(30):
        number = wires[n % 3].ask(meeting(f"读 {n}")).new_meeting.meeting_id
        found = wires[(n + 1) % 3].ask(request("list_meetings"), signed=False).list_meetings
        assert number in [m.meeting_id for m in found.meetings], f"{number} not yet read"
    for w in wires:
        w.close()
    say(f"reads: {there[0][0]} connections of zhibud at the standby; 30 of 30 writes were"
        " read at once through another zhibud")


def not_yet_there(cluster, say):
    """While the standby does not hear, nothing is acknowledged; neither when the wait
    is broken off by hand, nor when the primary dies and comes back, has kept the
    write, and is asked again."""
    walreceiver = [p for p in cluster.family(cluster.pid(cluster.other()))
                   if "walreceiver" in command_line(p)]
    assert walreceiver
    first, second = new_meeting("取消"), new_meeting("断电")
    with frozen(walreceiver):
        got = []
        t = threading.Thread(target=lambda: got.append(reply_within(cluster, first, seconds=4)))
        t.start()
        wait_for(lambda: cluster.sql("SELECT count(*) FROM pg_stat_activity"
                                     " WHERE wait_event = 'SyncRep'") != [["0"]], 10)
        for _ in range(8):  # the server's own repeat waits anew
            cluster.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                        " WHERE wait_event = 'SyncRep'")
            time.sleep(0.2)
        t.join()
        assert got[0] is None or got[0].refusal.outcome_unknown, got
        assert reply_within(cluster, second) is None
        cluster.kill_all(cluster.primary)
        cluster.start_node(cluster.primary)

        def back():
            with contextlib.suppress(AssertionError):
                return held_in(cluster, "断电")
        wait_for(back, 30)
        r = reply_within(cluster, second)
        assert r is None or r.HasField("refusal"), "acknowledged, and not at the standby"
    say("a commit that is not at the standby was not acknowledged: neither cancelled, nor"
        " repeated after the primary's crash")
    for place, payload in (("取消", first), ("断电", second)):
        wait_for(lambda: (r := reply_within(cluster, payload)) and r.HasField("new_meeting"), 20)
        assert len(held_in(cluster, place)) == 1


def takes_over(cluster, history, say, what, act):
    """How long nobody was answered."""
    history.wait_for_acks(20, 60)
    began = time.monotonic()
    act()
    history.wait_for_acks(1, 60)
    gap = time.monotonic() - began
    history.wait_for_acks(20, 60)
    say(f"{what}: the next acknowledgement after {gap:.1f} s")
    return gap


def silent_host():
    """An address where a connection is neither taken nor refused, as where a machine
    has no power: its queue is full."""
    s = socket.socket()
    s.bind(("127.0.0.9", 0))
    s.listen(0)
    fillers = []
    for _ in range(8):
        f = socket.socket()
        f.setblocking(False)
        f.connect_ex(s.getsockname())
        fillers.append(f)
    return s, fillers


def dead_machine_first(cluster, say):
    """The first host of the list has no power: the others are found all the same.  A
    zhibud that starts waits for it twice, five seconds each: itself, then its workers."""
    s, fillers = silent_host()
    conf = cluster.dir / "3/zhibud.conf"
    text = conf.read_text()
    port = s.getsockname()[1]
    conf.write_text(text.replace("host=127.0.0.", "host=127.0.0.9,127.0.0.")
                    .replace(f"port={cluster.pg_port}",
                             f"port={port},{cluster.pg_port},{cluster.pg_port}"))
    cluster.kill_all("3")
    began = time.monotonic()
    cluster.start_zhibud("3")
    wait_for(lambda: (r := reply_within(cluster, new_meeting(f"静 {time.monotonic()}"), HOSTS[2]))
             and r.HasField("new_meeting"), 60)
    took = time.monotonic() - began
    say(f"a silent host first in the list: the first write after {took:.1f} s")
    assert took < 15
    conf.write_text(text)
    s.close()
    for f in fillers:
        f.close()


def failover(opt, say):
    """Both PostgreSQL and one zhibud die under load."""
    votes, slips = (400, 8000) if opt.short else (30000, 400000)
    seconds = opt.seconds(long=240, short=0)
    cluster = Cluster()
    try:
        fill(cluster, votes, slips)
        reads_follow(cluster, say)
        gaps = {"zhibud": [], "PostgreSQL": []}
        with writing(cluster, opt.seed, votes, slips, hosts=HOSTS) as h:
            end = time.monotonic() + seconds
            while True:
                gaps["zhibud"].append(takes_over(cluster, h, say, "zhibud 1 killed",
                                                 lambda: cluster.kill_all("1")))
                cluster.start_zhibud("1")

                def power_cut():
                    cluster.kill_all(cluster.primary)
                    cluster.promote()
                gaps["PostgreSQL"].append(takes_over(
                    cluster, h, say, f"primary {cluster.primary} killed, standby promoted",
                    power_cut))
                if time.monotonic() > end and opt.short:
                    break
                cluster.rejoin()
                takes_over(cluster, h, say, "the fallen node follows again", lambda: None)
                if time.monotonic() > end:
                    break
            h.end()
            h.repeat_some(100)
        defects = h.defects()
        print(h.figures())
        assert not defects, "\n".join(defects[:40])
        for what, g in gaps.items():
            print(f"{what} killed {len(g)} times: next acknowledgement after"
                  f" {min(g):.1f} to {max(g):.1f} s")
        if opt.short:
            cluster.rejoin()
        not_yet_there(cluster, say)
        if not opt.short:
            dead_machine_first(cluster, say)
        print("nothing acknowledged was lost, clients went on by themselves")
    finally:
        cluster.close()
