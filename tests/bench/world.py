"""What is measured: a zhibud with its private cluster and the demo college in it, the
programs that put load on it, and the same database reached in other ways."""
import hashlib
import os
import random
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from college import AS_USER, BIN, free_ports, wait_for  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import x25519  # noqa: E402
from demo import DemoCollege  # noqa: E402
from wire import pb  # noqa: E402
import evaluation_pb2  # noqa: E402, beside the envelope's

BUILT = Path(os.environ.get("ZHIBU_BIN", ROOT / "build/gcc")).resolve()
KEPT = BUILT / "bench"  # what costs time to make and is the same every time
PG = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
SESSION, APPLICATION, OFFICER = "CP26-14", "SB26-14", "od_officer@ZZB"
SEALED = 4096
BALLOT = {"token": 32, "sealed": 1457, "signature": 64, "hash": 32, "key": 32}
# So many connections from one machine and one certificate are not the usual case.
LIMITS = {"connections": 32768, "connections_per_source": 32768,
          "connections_per_person": 32768, "handshakes": 4096,
          "handshakes_per_source": 4096, "in_flight": 64, "idle": "1h",
          "first_frame": "1h", "life": "24h"}


# ---- requests as bytes --------------------------------------------------------------
def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes((n & 0x7f | 0x80,))
        n >>= 7
    return out + bytes((n,))


def field(number, data):
    """A length-delimited field, for what is made a hundred thousand times."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def member(name):
    return pb.Request.DESCRIPTOR.fields_by_name[name].number


def payload(name, body, key=None, acting=None):
    return (b"\x08\x01" + (field(2, acting.encode()) if acting else b"") +
            (field(3, key) if key else b"") + field(member(name), body))


def envelope(payload, signature=None):
    return field(2, payload) + (field(3, signature) if signature else b"")


def http(method, path, body=b"", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    if body:
        lines.append("Content-Type: application/json")
    lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def write_requests(path, requests):
    with open(path, "wb") as f:
        for r in requests:
            f.write(len(r).to_bytes(4, "big") + r)
    return path


# ---- ballots ------------------------------------------------------------------------
def holder_keys():
    """The public keys of the three, kept with the ballots sealed to them."""
    keys = []
    for n in range(3):
        path = KEPT / f"holder-{n}.pem"
        if not path.exists():
            path.write_bytes(x25519.X25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        keys.append(key.public_key().public_bytes(serialization.Encoding.Raw,
                                                  serialization.PublicFormat.Raw))
    return keys


def ballots(n):
    """n sealed ballots as dicts of bytes; sealing one takes about a millisecond."""
    path = KEPT / "ballots"
    size = sum(BALLOT.values())
    keys = [k.hex() for k in holder_keys()]
    have = path.stat().st_size // size if path.exists() else 0
    if have < n:
        halves = [subprocess.Popen([BUILT / "tests/bench_ballots", SESSION, str(k), *keys],
                                   stdout=subprocess.PIPE)
                  for k in ((n - have) // 2, n - have - (n - have) // 2)]
        new = [h.communicate()[0] for h in halves]
        with open(path, "ab") as f:
            for data in new:
                f.write(data)
    data = path.read_bytes()
    found = []
    for at in range(0, n * size, size):
        b, start = {}, at
        for name, length in BALLOT.items():
            b[name] = data[start:start + length]
            start += length
        found.append(b)
    return found


def under_slip(i, ballot):
    """The same under another slip; fill() makes its row."""
    token = hashlib.sha256(i.to_bytes(4, "big")).digest()
    return {**ballot, "token": token, "hash": hashlib.sha256(token).digest()}


def descendants(pid):
    found, todo = [], [pid]
    while todo:
        pid = todo.pop()
        found.append(pid)
        try:
            todo += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


# ---- the world ------------------------------------------------------------------------
def median(values):
    return statistics.median(values)


class World(DemoCollege):
    """`n` ballots can be cast in it, and be made castable again.  SEALED are really
    sealed; the others are those under other slips, which the server cannot tell."""

    def __init__(self, n, **kw):
        KEPT.mkdir(exist_ok=True)
        super().__init__(**kw)
        self.limits(**LIMITS)
        self.n = n
        self.peers = []  # other services on its database
        # an address of its own, since the cluster's port is the same everywhere
        self.address = "127." + ".".join(str(random.randrange(1, 255)) for _ in range(3))

    def begin(self):
        # for \copy over TLS; durability stays as zhibud sets it
        (self.state / "pg/local.conf").write_text(
            f"listen_addresses = '{self.address}'\nssl = on\n"
            f"ssl_cert_file = '{self.state}/server.crt'\n"
            f"ssl_key_file = '{self.state}/server.key'\n"
            f"hba_file = '{self.base}/hba.conf'\nmax_connections = 120\n")
        hba = (self.state / "pg/pg_hba.conf").read_text()
        (self.base / "hba.conf").write_text(
            hba + "hostssl zhibu zhibu_super 127.0.0.1/32 trust\n")
        os.chmod(self.base, 0o755)
        self.start()
        self.load()
        self.secretary("round", "start")
        self.on_its_way()
        self.officer_id = self.person_id(self.holder("组织员", "ZZB", 2))
        self.certificate, self.key = self.credentials(self.officer_id)
        self.fp = self.sql(f"SELECT encode(fp, 'hex') FROM data.certificate WHERE person_id ="
                           f" '{self.officer_id}' ORDER BY issued_at DESC LIMIT 1")[0][0]
        self.settings = dict(self.sql(
            "SELECT name, setting FROM pg_settings WHERE name IN"
            " ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version')"))
        assert [self.settings[s] for s in ("fsync", "synchronous_commit")] == ["on", "on"]
        self.fill()
        return self

    def psql(self, text):
        """From standard input, as who may do everything, and outside the trace."""
        r = subprocess.run([*AS_USER, PG / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-h",
                            self.state / "pgsock", "-U", "zhibu_super", "zhibu"],
                           input=text, text=True, capture_output=True)
        assert r.returncode == 0, r.stderr
        return r.stdout

    def fill(self):
        """Slips, and branches to write notes about."""
        sealed = ballots(min(self.n, SEALED))
        self.ballots = sealed + [under_slip(i, sealed[i % SEALED])
                                 for i in range(SEALED, self.n)]
        rows = "\n".join("\t".join([str(i), *(f"\\\\x{b[k].hex()}" for k in BALLOT)])
                         for i, b in enumerate(sealed))
        keys = ", ".join(f"({i}, '\\x{k.hex()}'::bytea)" for i, k in
                         enumerate(holder_keys(), 1))
        self.psql(f"""
            CREATE SCHEMA bench;
            GRANT USAGE ON SCHEMA bench TO zhibu_public, zhibu_member;
            CREATE TABLE bench.ballot (i int PRIMARY KEY, token bytea, sealed bytea,
                signature bytea, hash bytea, key bytea);
            GRANT SELECT ON bench.ballot TO zhibu_public;
            UPDATE data.ballot_holder h SET public_key = k.key
            FROM (VALUES {keys}) k(no, key) WHERE h.holder_no = k.no;
            UPDATE data.ballot_session SET state = 'OPEN', entitled = {self.n},
                present = {self.n} WHERE id = '{SESSION}';
            INSERT INTO data.org (id, kind, established_on)
            SELECT 'B' || n, 'branch', '2026-01-01' FROM generate_series(1, 1000) n;
            INSERT INTO data.org_version (org_id, parent_id, name, from_on)
            SELECT 'B' || n, 'Z2', '第' || n || '支部', '2026-01-01'
            FROM generate_series(1, 1000) n;
            COPY bench.ballot FROM stdin;
""" + rows + f"""
\\.
            INSERT INTO bench.ballot
            SELECT n, sha256(int4send(n)), b.sealed, b.signature,
                sha256(sha256(int4send(n))), b.key
            FROM generate_series({SEALED}, {self.n - 1}) n
            JOIN bench.ballot b ON b.i = n % {SEALED};
            ANALYZE bench.ballot""")
        self.renew_slips()

    def renew_slips(self, n=None):
        """Every slip may be used, or the first n."""
        self.psql(f"""
            TRUNCATE data.urn, data.slip;
            INSERT INTO data.slip SELECT hash, 'CP26-14', key FROM bench.ballot
            WHERE i < {n or self.n} ORDER BY hash;
            VACUUM ANALYZE data.slip, data.urn;
            CHECKPOINT""")

    def renew_notes(self):
        """No note is written."""
        self.psql("""
            TRUNCATE data.note, data.idem, audit.event CASCADE;
            VACUUM ANALYZE data.note, data.idem, audit.event;
            CHECKPOINT""")

    def cpu(self):
        """Seconds of processor time so far: (services, PostgreSQL)."""
        services = database = 0.0
        tick = os.sysconf("SC_CLK_TCK")
        for pid in [*self.pids(), *(p for peer in self.peers for p in peer.pids())]:
            try:
                name, stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)
            except (FileNotFoundError, ProcessLookupError):
                continue
            # its own, and that of children that ended
            used = sum(map(int, stat.split()[11:15])) / tick
            if name.endswith("(postgres"):
                database += used
            else:
                services += used
        return services, database


# ---- programs that put load ----------------------------------------------------------------
class Outcome(dict):
    """What a run said of itself, by name."""
    __getattr__ = dict.__getitem__


def at_nice(n):
    """Runs what follows so; lower than 0 is root's to give.  Where sched_autogroup is
    on, nice counts within a session only."""
    return ["setsid", "sh", "-c", f'echo {n} 2>/dev/null >/proc/$$/autogroup;'
            f' exec nice -n {n} "$@"', "sh"]


def begin_load(world, port, requests=None, *more, certificate=True, connections=64,
               seconds=60, nice=None):
    """Starts the generator; call what comes back for the outcome."""
    args = [BUILT / "tests/bench_load", "-p", str(port), "-a",
            world.state / "authority.crt", "-n", str(connections), "-s", str(seconds)]
    if certificate is True:
        certificate = world.certificate, world.key
    if certificate:
        args += ["-c", certificate[0], "-k", certificate[1]]
    if requests:
        args += ["-f", requests]
    before = world.cpu()
    p = subprocess.Popen([*(at_nice(nice) if nice else []), *args, *more],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)

    def end():
        stdout, stderr = p.communicate()
        spent = [b - a for a, b in zip(before, world.cpu())]
        assert p.returncode == 0, f"{args}\n{stdout}\n{stderr}"
        out = Outcome({k: float(v) for k, v in
                       (w.split("=") for w in stdout.split() if "=" in w)})
        assert out.refused == 0, stderr
        out.update(cost=[1e6 * s / max(1, out.done) for s in (*spent, out.cpu_s)])
        return out
    end.process = p
    return end


def load(*args, **kw):
    return begin_load(*args, **kw)()


def pgbench(world, role, script, clients, seconds=None, each=None, **variables):
    path = world.base / "script.sql"
    path.write_text(script)
    how = ["-t", str(each)] if each else ["-T", str(max(1, round(seconds)))]
    before, mine = world.cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
    r = subprocess.run(
        [*AS_USER, PG / "pgbench", "-n", "-M", "prepared", "-h", world.state / "pgsock",
         "-U", role, "-c", str(clients), "-j", str(min(2, clients)), "-f", path, *how,
         *(f"-D{k}={v}" for k, v in variables.items()), "zhibu"],
        capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    assert re.search(r"failed transactions: 0 ", r.stdout), r.stdout + r.stderr
    time.sleep(0.05)  # its backends end, and their time is their parent's
    after, mine_after = world.cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = int(re.search(r"actually processed: (\d+)", r.stdout).group(1))
    pgbench_s = (mine_after.ru_utime + mine_after.ru_stime
                 - mine.ru_utime - mine.ru_stime)
    return Outcome(cost=[0, 1e6 * (after[1] - before[1]) / done, 1e6 * pgbench_s / done],
                   rate=float(re.search(r"tps = ([\d.]+)", r.stdout).group(1)),
                   p50_us=1e3 * float(re.search(r"latency average = ([\d.]+)",
                                                r.stdout).group(1)))


class Peer:
    """Another service on the same database."""

    def __init__(self, world, name):
        self.world, self.port = world, free_ports(1)[0]
        socket_folder = world.state / "pgsock"
        self.log = open(world.base / f"{name}.log", "w")
        tls = ["server.key", "server.crt", "authority.crt"]
        key, certificate, authority = (str(world.state / f) for f in tls)
        if name == "go":
            program = world.base / "peer-go"
            subprocess.run(
                ["go", "build", "-o", program, ROOT / "tests/bench/peers/service.go"],
                check=True, env={**os.environ, "GO111MODULE": "off",
                                 "GOPATH": "/usr/share/gocode", "GOCACHE": str(KEPT / "go")})
            command = [program, "-listen", f"127.0.0.1:{self.port}", "-cert", certificate,
                       "-key", key, "-authority", authority, "-db",
                       f"host={socket_folder} user=zhibu_super dbname=zhibu"
                       f" pool_max_conns=16 pool_min_conns=16"]
            env = {}
        else:
            folder = world.base / "peers"
            folder.mkdir(exist_ok=True)
            (folder / "service.py").write_text(
                (ROOT / "tests/bench/peers/service.py").read_text())
            command = ["/usr/bin/python3", "-m", "uvicorn", "service:app", "--app-dir",
                       str(folder), "--host", "127.0.0.1", "--port", str(self.port),
                       "--ssl-keyfile", key, "--ssl-certfile", certificate, "--workers",
                       "2", "--loop", "uvloop", "--http", "httptools",
                       "--no-access-log", "--log-level", "warning"]
            env = {"POOL": "8", "DB":
                   f"postgresql://zhibu_super@/zhibu?host={socket_folder}"}
        # From /: the user may not enter the folder of a checkout that only root can.
        self.process = subprocess.Popen([*AS_USER, *command], cwd="/", stdout=self.log,
                                        stderr=self.log, env={**os.environ, **env,
                                                              "PYTHONDONTWRITEBYTECODE": "1"})
        wait_for(self.answers, 20)
        world.peers.append(self)

    def pids(self):
        """Its own and its workers'."""
        return descendants(self.process.pid)

    def answers(self):
        assert self.process.poll() is None, Path(self.log.name).read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def close(self):
        self.world.peers.remove(self)
        self.process.terminate()
        self.process.wait(20)
