"""A real zhibud with its private cluster, and people with real clients.

Server runs `zhibud` (as user zhibu when the tests run as root, since neither it
nor PostgreSQL does), Person runs `zhibu` with a profile folder of its own.
"""
import atexit
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import wire

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "deploy/demo-college"
REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error: ")
CODE = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{5}[- ]?){9}")
AS_USER = (["setpriv", "--reuid=zhibu", "--regid=zhibu", "--clear-groups"]
           if os.getuid() == 0 else [])


def programs():
    """The folder of zhibud and zhibu; for root copies, since user zhibu may not
    reach what root has checked out."""
    built = Path(os.environ.get("ZHIBU_BIN", ROOT / "build/gcc"))
    if not AS_USER:
        return built
    folder = Path(tempfile.mkdtemp(prefix="zbin", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    for name in ("zhibud", "zhibu"):
        shutil.copy(built / name, folder)
    return folder


BIN = programs()


def free_ports(n):
    """Below those the system gives to outgoing connections: nobody else's client
    sits on one while its server is down for a moment."""
    found = set()
    while len(found) < n:
        port = random.randrange(15000, 32000)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            found.add(port)
    return sorted(found)


def command_line(pid):
    """Its words with spaces between; none of a process that has gone: PostgreSQL's
    workers come and go while somebody looks."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_for(what, seconds=30, every=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what}")


class Server:
    def __init__(self, base=None, demo=True):
        # Short: a Unix socket's path has at most 107 bytes.
        self.base = Path(tempfile.mkdtemp(prefix="zb", dir=base or "/tmp"))
        self.state = self.base / "state"
        self.process = None
        self.public_port, self.member_port = free_ports(2)
        if AS_USER:
            shutil.chown(self.base, "zhibu", "zhibu")
        out = self.zhibud("init", *(["--demo"] if demo else []),
                          "--name", "北原工业职业技术学院", "--admin", "管理员",
                          "--listen", "127.0.0.1",
                          "--public-port", str(self.public_port),
                          "--member-port", str(self.member_port))
        self.first_code = CODE.search(out.stdout + out.stderr).group(0)
        self.people = {}
        self.wires = {}

    def zhibud(self, verb, *args, check=True, **kw):
        r = subprocess.run([*AS_USER, BIN / "zhibud", verb, "--state", self.state, *args],
                           text=True, capture_output=True, timeout=120, **kw)
        if check and r.returncode != 0:
            raise AssertionError(f"zhibud {verb}: {r.returncode}\n{r.stdout}\n{r.stderr}")
        return r

    def limits(self, **values):
        """Of zhibud.conf; for the next start."""
        conf = self.state / "zhibud.conf"
        text = conf.read_text()
        for name, value in values.items():
            text = re.sub(rf"(?m)^{name} = \S+", f"{name} = {value}", text)
        conf.write_text(text)

    def start(self):
        self.log = open(self.base / "log", "ab")
        self.process = subprocess.Popen(
            [*AS_USER, BIN / "zhibud", "run", "--state", self.state],
            stdout=self.log, stderr=self.log)
        wait_for(self.healthy, 60)
        return self

    def healthy(self):
        assert self.process.poll() is None, (self.base / "log").read_text()
        return self.zhibud("health", check=False).returncode == 0

    def stop(self, seconds=20):
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.process = None
        return code

    def kill(self):
        """The whole service at once, as a power cut would."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process = None

    def pids(self):
        """The supervisor and everything below it."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            try:
                kids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            except FileNotFoundError:
                kids = []
            todo += [int(k) for k in kids]
        return found

    def backends(self, *users):
        """PostgreSQL's processes for the server's roles."""
        names = tuple(f"postgres: {user} " for user in users)
        return [pid for pid in self.pids() if command_line(pid).startswith(names)]

    def child(self, word):
        """The pid of the child whose command line has this word."""
        for pid in self.pids()[1:]:
            if word in [Path(w).name for w in command_line(pid).split()]:
                return pid
        return None

    def sql(self, text):
        """As the cluster's superuser; rows as lists of text."""
        r = self.zhibud("psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", text)
        return [line.split("\t") for line in r.stdout.splitlines()]

    def meanwhile(self, text, act):
        """What `act` gives that began before this statement was committed."""
        with ThreadPoolExecutor(1) as other:
            done = other.submit(self.sql, f"BEGIN; {text}; SELECT pg_sleep(2); COMMIT")
            while not done.done() and not self.sql(
                    "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
                time.sleep(0.05)
            given = act()
            done.result()
        return given

    def clock(self, day):
        self.zhibud("clock", day)

    def code(self, person_id):
        """A fresh enrolment code, by the machine's operator."""
        out = self.zhibud("code", person_id)
        return CODE.search(out.stdout + out.stderr).group(0)

    def credentials(self, person_id):
        """(certificate, key) of this person for the wire, enrolled once."""
        if person_id not in self.wires:
            folder = self.base / f"wire-{person_id}"
            folder.mkdir()
            self.wires[person_id] = wire.enrol(self.public_port, self.code(person_id),
                                               folder)
        return self.wires[person_id]

    def person(self, name, code=None):
        if name not in self.people:
            self.people[name] = Person(self, name)
        if code:
            self.people[name].login(code)
        return self.people[name]

    def close(self):
        if self.process is not None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        reports = self.reports()
        shutil.rmtree(self.base, ignore_errors=True)
        assert not reports, "\n".join(reports)

    def reports(self):
        """What sanitizers said of any process of this server."""
        logs = [self.base / "log", *self.state.glob("zhibud.log*")]
        texts = [f.read_text(errors="replace") for f in logs if f.exists()]
        return [t[m.start():m.start() + 3000] for t in texts for m in [REPORT.search(t)] if m]


class Result:
    def __init__(self, args, r):
        self.args, self.code = args, r.returncode
        self.out, self.err = r.stdout, r.stderr

    def __repr__(self):
        return f"zhibu {' '.join(map(str, self.args))}\nexit {self.code}\n{self.out}\n{self.err}"


class Person:
    """One profile folder: what one person has on their machine."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self.dir = Path(tempfile.mkdtemp(prefix="p", dir=server.base))
        self.acting = None

    def env(self, **extra):
        return {"PATH": os.environ["PATH"], "HOME": str(self.dir), "LC_ALL": "C.UTF-8",
                "ZHIBU_CONFIG_DIR": str(self.dir / "config"),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
                **extra}

    def run(self, *args, input=None, env=None, timeout=60):
        """Whatever comes of it."""
        words = [str(a) for a in args]
        if self.acting and "--as" not in words and words[0] not in ("login",):
            words = ["--as", self.acting, *words]
        r = subprocess.run([str(BIN / "zhibu"), *words], text=True, input=input,
                           stdin=subprocess.DEVNULL if input is None else None,
                           capture_output=True, timeout=timeout, cwd=self.dir,
                           env=self.env(**(env or {})))
        # Where a refusal is expected a memory error is not one.
        assert not REPORT.search(r.stderr), Result(words, r)
        return Result(words, r)

    def __call__(self, *args, **kw):
        """Must be done."""
        r = self.run(*args, **kw)
        assert r.code == 0, r
        return r

    def refused(self, code, *args, **kw):
        """Must end with this exit code."""
        r = self.run(*args, **kw)
        assert r.code == code, r
        return r

    def json(self, *args, **kw):
        return json.loads(self("--json", *args, **kw).out)

    def agree(self):
        """As the second person, to what waits first."""
        waiting = self.json("approve", "list")["approvals"][0]["approvalId"]
        self("approve", "yes", waiting, "--confirm", waiting)

    def login(self, code, **kw):
        return self("login", "--server", f"127.0.0.1:{self.server.public_port}",
                    "--code", code, "--no-passphrase", **kw)
