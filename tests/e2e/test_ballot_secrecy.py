"""Who cast what: a game against somebody with every right on server and database
(security 4.4; T44).

Sessions are played on the real server with a truth only the test knows: which person
drew which slip, which slip cast which ballot.  The attacker gets everything there is,
while ballots are cast and after the count: all tables with ctid and xmin, the
statistics views, every log, the write-ahead log record by record and byte by byte, the
data folder, a base backup taken while ballots were cast and started again as a server
of its own, the memory of every process, the published receipts; not the holders' keys,
which are never there.  The attacker puts every order of envelopes beside every order of
ballots and of people, and looks for any place, row, line or stretch of bytes, that holds
one of each.
Correct links must not be more than chance: fixed points of random permutations,
counted exactly, p > 0.01 over all that was tried.  Leaks planted one at a time must each
be found by the same code.

What remains to be learnt, which no test can take away, and which the voters are told
(zhibu help 无记名): how many have cast, when and in which order, from whoever watches the
server, its memory or its write-ahead log, and so whose an envelope is from whoever
watches the room as well, but not what is in it; who was present, from the roll; that an
envelope with this receipt is in the urn; how everybody
voted where all voted alike; who wrote a comment, from its style and facts; and
everything, from any two of the three key holders before they destroy their keys, where
somebody also wrote down who drew which slip.

Short here; 1,000 sessions of 20 with ZHIBU_LONG=1000.
"""
import contextlib
import itertools
import json
import math
import os
import random
import re
import shutil
import subprocess
from collections import defaultdict
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import pytest

import ballots
from college import AS_USER, command_line
from wire import Wire

LONG = int(os.environ.get("ZHIBU_LONG", 0))
SESSIONS, VOTERS = (LONG, 20) if LONG else (10, 8)
SIGNIFICANT = Fraction(1, 100)
SCHEMAS = ("data", "audit", "rule")


# ---- chance, exactly --------------------------------------------------------------------------

@lru_cache(None)
def hits_of(n, k):
    """P(j hits) for j = 0..k, where k of n are guessed and the truth is any of n!."""
    out = []
    for j in range(k + 1):
        ways = sum((-1) ** i * math.comb(k - j, i) * math.factorial(n - j - i)
                   for i in range(k - j + 1))
        out.append(Fraction(math.comb(k, j) * ways, math.factorial(n)))
    return tuple(out)


def chance(games, hits):
    """P(at least so many hits in all) by guessing; games: (n, pairs guessed)."""
    games = sorted(games)
    have = [1.0]
    for n, k in games:
        p = [float(x) for x in hits_of(n, k)]
        new = [0.0] * (len(have) + len(p) - 1)
        for i, a in enumerate(have):
            if a > 1e-18:
                for j, b in enumerate(p):
                    new[i + j] += a * b
        have = new
    return sum(have[hits:]) if hits < len(have) else 0.0


def test_chance():
    assert hits_of(3, 3) == (Fraction(1, 3), Fraction(1, 2), 0, Fraction(1, 6))
    assert sum(hits_of(10, 4)) == 1
    assert chance([(3, 3)], 1) == pytest.approx(2 / 3)
    assert chance([(3, 3)] * 2, 6) == pytest.approx(1 / 36)


def psql(server, text):
    """As the cluster's superuser, on the machine itself; rows as lists of text."""
    r = subprocess.run([*AS_USER, "psql", "-h", server.state / "pgsock", "-U", "zhibu_super",
                        "-d", "zhibu", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
                       input=text, text=True, capture_output=True, timeout=120)
    assert r.returncode == 0, r.stderr
    return [line.split("\t") for line in r.stdout.splitlines()]


def files_of(server):
    """Data folder, write-ahead log, logs, keys: all that is on the disk; and what was
    copied of it and of the memory."""
    return [p for folder in (server.state, server.base / "backup", server.base / "memory")
            for p in folder.rglob("*") if p.is_file()] + [server.base / "log"]


def places(server, needles):
    """(path, offset, needle) wherever one of these bytes is on the disk; grep is what
    looks for thousands of them in passable time."""
    short = {}
    for n in needles:
        part = max(re.finditer(rb"[^\n\0]{1,8}", n), key=lambda m: len(m.group(0)))
        short[part.group(0)] = (n, part.start())
    patterns = server.base / "needles"
    patterns.write_bytes(b"\n".join(short))
    files = files_of(server)
    r = subprocess.run(["grep", "-aobUFH", "--null", "-f", patterns, *files],
                       capture_output=True, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    patterns.unlink()
    # PostgreSQL takes files away and makes them anew meanwhile
    bad = [m for m in r.stderr.splitlines() if not m.endswith(b": No such file or directory")]
    assert r.returncode in (0, 1, 2) and not bad, r.stderr
    for line in r.stdout.split(b"\n")[:-1]:
        name, rest = line.split(b"\0", 1)
        at, part = rest.split(b":", 1)
        needle, start = short[part]
        with open(name, "rb") as f:
            f.seek(int(at) - start)
            if f.read(len(needle)) == needle:
                yield Path(name.decode()), int(at) - start, needle


# ---- copies: memory, base backup ------------------------------------------------------------------

def postgres(name):
    return next(Path("/usr/lib/postgresql").glob("*/bin/" + name))


def mappings(pid):
    """(start, end, permissions, what it is) of all that can be written to."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        at, rights, _, _, _, *name = line.split(None, 5)
        if rights.startswith("rw"):
            start, end = (int(x, 16) for x in at.split("-"))
            yield start, end, rights, "".join(name)


def dump(pid, path, shared):
    """A process's memory; empty stretches become holes.  What processes share only once:
    the database's buffers are the same for all of them."""
    with open(f"/proc/{pid}/mem", "rb", 0) as mem, open(path, "wb") as out:
        for start, end, rights, what in mappings(pid):
            if rights[3] == "s":
                if what in shared:
                    continue
                shared.add(what)
            for at in range(start, end, 1 << 20):
                try:
                    mem.seek(at)
                    part = mem.read(min(1 << 20, end - at))
                except OSError:  # a mapping of a device
                    break
                if part.strip(b"\0"):
                    out.write(part)
                else:
                    out.seek(len(part), 1)
        out.truncate()


def dump_all(server, when):
    """The memory of every process of the service; False if this user may not read it."""
    folder, shared = server.base / "memory" / when, set()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        for pid in server.pids():
            words = command_line(pid).split()
            if not words:  # PostgreSQL's workers come and go
                continue
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                dump(pid, folder / f"{Path(words[0]).name} {words[1]} {pid}".replace("/", "-"),
                     shared)
    except PermissionError:  # children of the service are closed to their own user
        return False
    return True


class Backup:
    """A base backup with its write-ahead log, started as a server of its own."""

    def __init__(self, server):
        self.base, self.state = server.base, server.base / "backup"
        pg, sock = self.state / "pg", self.state / "pgsock"
        for old in (pg, sock):
            shutil.rmtree(old, ignore_errors=True)
        sock.mkdir(parents=True)
        if AS_USER:
            for folder in (self.state, sock):
                shutil.chown(folder, "zhibu", "zhibu")
        # who owns the machine writes what is needed
        hba = server.state / "pg" / "pg_hba.conf"
        if "replication" not in hba.read_text():
            with open(hba, "a") as f:
                f.write("local replication zhibu_super peer map=zhibu\n")
            psql(server, "SELECT pg_reload_conf()")
        self.run("pg_basebackup", "-h", server.state / "pgsock", "-U", "zhibu_super", "-D", pg,
                 "-X", "stream", "-c", "fast")
        self.run("pg_ctl", "-D", pg, "-w", "-s", "-l", self.state / "said", "-o",
                 f"-k {sock} -c logging_collector=off -c shared_buffers=8MB", "start")
        self.look = Look(self, wal=True)
        self.run("pg_ctl", "-D", pg, "-w", "-s", "-m", "fast", "stop")

    def run(self, tool, *args):
        r = subprocess.run([*AS_USER, postgres(tool), *args], text=True, timeout=60,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE)
        assert r.returncode == 0, r.stderr


# ---- what the attacker sees ---------------------------------------------------------------------

class Look:
    """Everything on the server at one moment."""

    def __init__(self, server, wal=False):
        self.server = server
        self.tables = {}
        names = [f"{s}.{t}" for s, t in psql(server,
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN "
            f"{SCHEMAS} ORDER BY 1, 2")]
        out = psql(server, " UNION ALL ".join(
            f"SELECT '{n}', x.ctid::text, x.xmin::text, to_jsonb(x)::text FROM {n} x"
            for n in names))
        for name, ctid, xmin, row in out:
            row = json.loads(row)
            row["ctid"] = tuple(map(int, ctid.strip("()").split(",")))
            row["xmin"] = int(xmin)
            self.tables.setdefault(name, []).append(row)
        self.views = [line for view in ("pg_stat_activity", "pg_stat_user_tables",
                                        "pg_stat_user_indexes", "pg_statio_user_tables",
                                        "pg_stat_database", "pg_locks", "pg_stats",
                                        "pg_sequences", "pg_prepared_statements")
                      for line, in psql(server, f"SELECT to_jsonb(x)::text FROM {view} x")]
        logs = [server.base / "log", *server.state.rglob("*log*")]
        self.lines = [line for f in logs if f.is_file() and "pg_wal" not in str(f)
                      for line in f.read_text(errors="replace").splitlines()]
        self.wal = self.inserts() if wal else {}

    def inserts(self):
        """(block, line) of every row ever put into a table, in the order of the WAL."""
        folder = self.server.state / "pg" / "pg_wal"
        segments = sorted(p.name for p in folder.iterdir() if re.fullmatch(r"[0-9A-F]{24}", p.name))
        nodes = {int(node): name for name, node in psql(self.server,
            "SELECT n.nspname || '.' || c.relname, pg_relation_filenode(c.oid) FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"
            " AND n.nspname = 'data'")}
        found = defaultdict(list)
        for segment in segments:
            r = subprocess.run([postgres("pg_waldump"), "-p", folder, "--rmgr=Heap", segment], text=True,
                               capture_output=True)
            for m in re.finditer(r"INSERT\S* off:? (\d+).*?rel \d+/\d+/(\d+)(?: fork \w+)? blk (\d+)",
                                 r.stdout):
                name = nodes.get(int(m.group(2)))
                if name:
                    found[name].append((int(m.group(3)), int(m.group(1))))
        return found

    def of(self, table, session):
        return [r for r in self.tables.get(f"data.{table}", []) if r["session_id"] == session]


def key(value):
    return value if isinstance(value, (int, tuple)) else str(value)


def orders(rows, wal):
    """Every order a table's rows can be put in: name -> rows; a column that says
    nothing is left out."""
    found = {}
    place = {at: i for i, at in enumerate(wal)}
    columns = rows[0].keys() if rows else ()
    for column in columns:
        keys = [key(r[column]) for r in rows]
        if len({type(k) for k in keys}) == 1 and len(set(keys)) > 1:
            found[column] = [r for _, _, r in sorted(zip(keys, range(len(rows)), rows),
                                                     key=lambda x: x[:2])]
        if all(isinstance(r[column], str) for r in rows):
            lengths = [len(r[column]) for r in rows]
            if len(set(lengths)) > 1:
                found["length of " + column] = [r for _, _, r in sorted(
                    zip(lengths, range(len(rows)), rows), key=lambda x: x[:2])]
    if rows and all(r["ctid"] in place for r in rows):
        found["WAL"] = sorted(rows, key=lambda r: place[r["ctid"]])
    return found


def once(pairs):
    """Links that contradict no other."""
    left, right = defaultdict(set), defaultdict(set)
    for a, b in pairs:
        left[a].add(b)
        right[b].add(a)
    return {a: next(iter(b)) for a, b in left.items()
            if len(b) == 1 and len(right[next(iter(b))]) == 1}


class Attack:
    """Guesses for every session: name of the idea -> session -> {thing: thing}."""

    def __init__(self, during, copy, after, sessions):
        self.during, self.copy, self.after = during, copy, after
        self.ideas = defaultdict(dict)
        ids = [s.id for s in sessions]
        self.known = self.names(ids)
        self.found = self.bytes_found()
        self.written = self.order_written()
        for session in ids:
            self.by_order(session)
        self.together()

    def put(self, idea, session, links):
        if links:
            self.ideas[idea][session] = links

    def pair(self, game, session, ours, theirs):
        """The k-th of one order with the k-th of the other, forwards and backwards."""
        (name_a, as_), (name_b, bs) = ours, theirs
        if len(as_) == len(bs):
            for way, b in (("", bs), ("backwards ", bs[::-1])):
                self.put((game, f"{name_a} beside {way}{name_b}"), session,
                         dict(zip(as_, b)))

    def by_order(self, session):
        def named(look, table, name, kind=None):
            wal = look.wal or self.after.wal
            return [(k, [name(r) for r in rows]) for k, rows in
                    orders(look.of(table, session), wal.get(f"data.{table}", ())).items()
                    ] + list(self.written.get((kind, session), {}).items())
        envelopes = named(self.during, "urn", lambda r: r["sealed_hash"], "envelope") + [
            (k + " of the backup", v) for k, v in named(self.copy, "urn", lambda r: r["sealed_hash"])
            if k in ("ctid", "xmin", "WAL")]
        opened = named(self.after, "ballot", lambda r: tuple(r["marks"]), "ballot")
        comments = named(self.after, "ballot_comment", lambda r: r["text"], "comment")
        people = named(self.after, "roll_entry", lambda r: r["person_id"])
        receipts = named(self.after, "ballot_receipt", lambda r: r["sealed_hash"])
        for a, b in itertools.product(envelopes, opened):
            self.pair("ballot", session, a, b)
        for a, b in itertools.product(envelopes, comments):
            self.pair("comment", session, a, b)
        for a, b in itertools.product(envelopes + receipts, people):
            self.pair("person", session, a, b)
        for a, b in itertools.product(opened, comments):
            self.pair("marks and comment", session, a, b)

    def names(self, ids):
        """(kind, session, thing) by every text that stands for it."""
        known = {}
        for session in ids:
            for r in self.during.of("urn", session):
                for column in ("token_hash", "sealed_hash", "public_key", "signature"):
                    known[r[column].removeprefix("\\x")] = ("envelope", session, r["sealed_hash"])
            for r in self.after.of("ballot", session):
                known[r["id"].removeprefix("\\x")] = ("ballot", session, tuple(r["marks"]))
            for r in self.after.of("ballot_comment", session):
                known[r["id"].removeprefix("\\x")] = ("comment", session, r["text"])
        return known

    def bytes_found(self):
        """Every known thing wherever it is on the disk or in a copy: kind of place ->
        file -> [(offset, thing)]."""
        raw = {bytes.fromhex(h): v for h, v in self.known.items()}
        found = defaultdict(lambda: defaultdict(list))
        for path, offset, needle in places(self.after.server, raw):
            found[place_of(path)][path].append((offset, raw[needle]))
        for paths in found.values():
            for at in paths.values():
                at.sort(key=lambda x: x[0])
        return found

    def order_written(self):
        """In which order the things of one kind stand first and last in the log or in a
        process's memory: (kind, session) -> order -> things."""
        orders = defaultdict(dict)
        for where, paths in self.found.items():
            if where == "a file":
                continue
            files = sorted(paths)
            for last in (False, True):
                at = defaultdict(dict)
                for path in files[::-1] if last else files:
                    for _, (kind, session, thing) in paths[path][::-1] if last else paths[path]:
                        at[kind, session].setdefault(thing)
                for of, things in at.items():
                    orders[of]["last in " * last + "first in " * (not last) + where] = list(things)
        return orders

    def together(self):
        """Rows, lines, records of a view, stretches of files: whatever holds one envelope
        and one ballot, comment or person."""
        known = self.known
        links = defaultdict(list)

        def unit(where, things):
            kinds = defaultdict(set)
            for kind, session, thing in things:
                kinds[kind].add((session, thing))
            if len(kinds["envelope"]) != 1:
                return
            (session, envelope), = kinds["envelope"]
            for kind in ("ballot", "comment", "person"):
                if len(kinds[kind]) == 1:
                    (_, other), = kinds[kind]
                    links[kind, where, session].append((envelope, other))

        hexes = re.compile(r"[0-9a-f]{32,}")
        for look in (self.during, self.copy, self.after):
            texts = [("a view", v) for v in look.views] + [("a log", line) for line in look.lines]
            for where, text in texts:
                unit(where, [known[h] for h in hexes.findall(text) if h in known])
            for table, rows in look.tables.items():
                for r in rows:
                    text = json.dumps(r)
                    things = [known[h] for h in hexes.findall(text) if h in known]
                    person = r.get("person_id")
                    if things and person:
                        things.append(("person", things[0][1], person))
                    unit("a row of " + table, things)
        for where, things in self.stretches():
            unit(where, things)
        for (kind, where, session), pairs in links.items():
            self.put((kind, where), session, once(pairs))

    def stretches(self):
        """What stands within half a kilobyte of each other."""
        for where, paths in self.found.items():
            for at in paths.values():
                for (a, x), (b, y) in zip(at, at[1:]):
                    if b - a < 512 and {x[0], y[0]} in ({"envelope", "ballot"},
                                                        {"envelope", "comment"}):
                        yield "bytes of " + where, [x, y]


def place_of(path):
    if path.parent.parent.name == "memory":
        return f"the memory of {path.name}, {path.parent.name} the session"
    return "the WAL" if "pg_wal" in str(path) else "a file"


# ---- the truth, and the score -----------------------------------------------------------------------

class Truth:
    def __init__(self, sessions):
        self.links = {}
        for s in sessions:
            for person, slip in zip(s.people, s.slips):
                envelope = "\\x" + slip.receipt.hex()
                marks = tuple(s.codes(slip))
                self.links[s.id, envelope] = {"ballot": marks, "person": person,
                                              "comment": slip.comment}
                self.links[s.id, marks] = {"marks and comment": slip.comment}

    def score(self, game, guesses):
        """(hits, [(n, pairs guessed) of every session])"""
        hits, games = 0, []
        for session, links in guesses.items():
            hits += sum(self.links.get((session, a), {}).get(game) == b
                        for a, b in links.items())
            games.append((VOTERS, len(links)))
        return hits, games


def found(attack, truth):
    """Ideas that are right more often than guessing is: idea -> (p, hits)."""
    out = {}
    for (game, idea), guesses in attack.ideas.items():
        hits, games = truth.score(game, guesses)
        p = chance(games, hits)
        if p * len(attack.ideas) <= SIGNIFICANT:
            out[game, idea] = (p, hits)
    return out


# ---- the play ------------------------------------------------------------------------------------------

class Play:
    """Sessions cast and counted, with a look while they were open and one after."""

    def __init__(self, server, first, n, after_cast=lambda play: None):
        self.server = server
        self.sessions = ballots.make(server, range(first, first + n), VOTERS, comments=True)
        for s in self.sessions:
            random.shuffle(s.people)            # who draws which slip
            self.cast(s)
        shutil.rmtree(server.base / "memory", ignore_errors=True)
        self.read_memory = dump_all(server, "during")
        after_cast(self)
        self.during = Look(server)
        self.copy = Backup(server).look
        self.truth = Truth(self.sessions)

    def cast(self, s):
        for slip in random.sample(s.slips, len(s.slips)):
            w = Wire(self.server.public_port)
            reply = w.ask(slip.request(), signed=False)
            assert reply.cast_ballot.receipt == slip.receipt, reply
            w.close()

    def count(self):
        for s in self.sessions:
            ballots.count(s, *self.people())
        return self

    def people(self):
        if "P32" not in self.server.people:
            ballots.counters(self.server)
        return self.server.people["P32"], self.server.people["P33"]

    def attack(self):
        dump_all(self.server, "after")
        psql(self.server, "CHECKPOINT")           # all that is there is in the data folder
        self.after = Look(self.server, wal=True)
        return found(Attack(self.during, self.copy, self.after, self.sessions), self.truth)


@pytest.fixture(scope="module")
def room(server):
    server.sql(ballots.BRANCH)
    return server


@pytest.fixture(scope="module")
def play(room):
    return Play(room, 1, SESSIONS)


def test_nothing_is_readable_before_the_count(play):
    """Canaries: no comment and no ballot as it was before sealing, in no file at all."""
    comments = [s.comment.encode() for session in play.sessions for s in session.slips
                if len(s.comment) > 20]
    sealed = play.sessions[-1].slips[0].sealed[33:65]  # late enough to be in the log still
    codes = [s.code for session in play.sessions for s in session.slips]
    psql(play.server, "CHECKPOINT")
    found = list(places(play.server, [c[-30:] for c in comments] + codes + [sealed]))
    assert {needle for _, _, needle in found} == {sealed}, "the search looks in the wrong places"
    where = {place_of(path).partition(" of ")[0] for path, _, _ in found}
    assert where >= {"a file", "the WAL"} | ({"the memory"} if play.read_memory else set())


def test_turnout_is_nobodys_while_open(play):
    """For people with an office; the machine's own operator sees rows come, and the
    voters are told so."""
    scrutineer, _ = play.people()
    shown = scrutineer.json("ballot", "show", play.sessions[0].id)
    assert "slipsListed" not in shown
    assert not {"valid", "returned", "voidCount"} & set(shown["result"])
    scrutineer.refused(3, "ballot", "urn", play.sessions[0].id)


def test_T44_links_are_chance(play):
    play.count()
    leaks = play.attack()
    if leaks:  # one play in a hundred says so by chance: it must say it twice
        again = Play(play.server, 5001, SESSIONS).count()
        leaks = {k: v for k, v in again.attack().items() if k in leaks}
    assert not leaks


def test_two_keys_gone_nothing_opens(play):
    """With the holders' keys destroyed a sealed ballot kept in some backup is noise."""
    s = play.sessions[0]
    kept, bond = s.slips[0].sealed, s.bond
    assert ballots.unseal(kept, bond, s.keys)[0] == 1
    others = [ballots.X25519PrivateKey.generate() for _ in range(3)]
    for one in (0, 2):
        keys = list(others)
        keys[one] = s.keys[one]
        with pytest.raises(Exception):
            ballots.unseal(kept, bond, keys)


# ---- leaks, planted ------------------------------------------------------------------------------------

def envelope_rows(play):
    """VALUES of what only the test knows: session, envelope, ballot, person."""
    return ", ".join(
        f"('{s.id}', '\\x{slip.receipt.hex()}'::bytea, "
        f"'{{{','.join(c or chr(34) * 2 for c in s.codes(slip))}}}'::text[], '{person}')"
        for s in play.sessions for person, slip in zip(s.people, s.slips))


CAST_ORDER = """(SELECT v.session_id, v.marks, d.place FROM (VALUES {rows})
    v(session_id, envelope, marks, person)
    JOIN data.z_cast d ON d.sealed_hash = v.envelope)"""

PLANTS = {
    "a time with each ballot": (
        """ALTER TABLE data.ballot ADD at timestamptz;
        UPDATE data.ballot b SET at = now() + make_interval(secs => c.place)
        FROM {order} c WHERE c.session_id = b.session_id AND c.marks = b.marks""",
        "ALTER TABLE data.ballot DROP at"),
    "ballots put in as they came": (
        """CREATE TABLE data.z_kept AS SELECT b.* FROM data.ballot b JOIN {order} c
            ON c.session_id = b.session_id AND c.marks = b.marks ORDER BY c.place;
        DELETE FROM data.ballot b USING data.z_kept k WHERE k.id = b.id;
        VACUUM data.ballot;
        INSERT INTO data.ballot SELECT * FROM data.z_kept""",
        "DROP TABLE data.z_kept"),
    "ballots written as they came, and taken away": (
        """CREATE TABLE data.z_kept AS SELECT b.* FROM data.ballot b JOIN {order} c
            ON c.session_id = b.session_id AND c.marks = b.marks ORDER BY c.place;
        DROP TABLE data.z_kept""",
        "SELECT 1"),
    "a receipt kept with the roll": (
        """ALTER TABLE data.roll_entry ADD receipt bytea;
        UPDATE data.roll_entry r SET receipt = v.envelope FROM (VALUES {rows})
            v(session_id, envelope, marks, person)
        WHERE v.session_id = r.session_id AND v.person = r.person_id""",
        "ALTER TABLE data.roll_entry DROP receipt"),
}


@pytest.fixture(scope="module")
def planted(room, play):
    """A few sessions more; how they were cast is kept where no attacker looks."""
    def cut(p):
        """An envelope as long as what is in it."""
        p.whole = dict(psql(p.server, "SELECT encode(sealed_hash, 'hex'), encode(sealed, 'hex')"
                                    " FROM data.urn"))
        psql(p.server, "CREATE TABLE data.z_cast AS SELECT u.sealed_hash, row_number() OVER"
                     " (ORDER BY u.xmin::text::int8) AS place FROM data.urn u")
        lengths = {slip.receipt.hex(): 200 + len(slip.comment.encode())
                   for s in p.sessions for slip in s.slips}
        p.short = ";".join(f"UPDATE data.urn SET sealed = substr(sealed, 1, {n})"
                           f" WHERE sealed_hash = '\\x{h}'" for h, n in lengths.items())
    p = Play(room, 3001, 4, cut)
    psql(p.server, p.short)
    p.short_look = Look(p.server)
    psql(p.server, ";".join(f"UPDATE data.urn SET sealed = '\\x{b}' WHERE sealed_hash = '\\x{h}'"
                          for h, b in p.whole.items()))
    return p.count()


def perfect(leaks, game, play):
    """The ideas that name every link of a play."""
    return [k for k, (p, hits) in leaks.items()
            if k[0] == game and hits == VOTERS * len(play.sessions)]


def test_nothing_is_found_before_it_is_planted(planted):
    leaks = planted.attack()
    assert [perfect(leaks, game, planted) for game in ("ballot", "comment", "person")] == [[]] * 3


@pytest.mark.parametrize("plant", PLANTS)
def test_planted(planted, plant):
    do, undo = PLANTS[plant]
    rows = envelope_rows(planted)
    for statement in do.split(";"):
        psql(planted.server, statement.format(rows=rows, order=CAST_ORDER.format(rows=rows)))
    leaks = planted.attack()
    psql(planted.server, undo)
    game = "person" if "roll" in plant else "ballot"
    assert perfect(leaks, game, planted), leaks


def test_planted_before_a_backup(planted):
    """Who drew which envelope was noted for a moment; the backup was made in it."""
    psql(planted.server, "CREATE TABLE data.z_drawn AS SELECT v.session_id, v.person AS person_id,"
         f" v.envelope FROM (VALUES {envelope_rows(planted)}) v(session_id, envelope, marks, person)")
    copy, planted.copy = planted.copy, Backup(planted.server).look
    psql(planted.server, "DROP TABLE data.z_drawn")
    leaks = planted.attack()
    planted.copy = copy
    assert perfect(leaks, "person", planted), leaks


def test_planted_in_memory(planted):
    """What the process that takes ballots could keep beside each other: written into its
    stack, far below what it uses."""
    if not planted.read_memory:
        pytest.skip("only root reads the memory of the service")
    ids = {(s, tuple(json.loads(m))): i for s, m, i in psql(planted.server,
        "SELECT session_id, to_jsonb(marks), encode(id, 'hex') FROM data.ballot")}
    pid = planted.server.child("child-public")
    start, = (a for a, _, _, what in mappings(pid) if what == "[stack]")
    noted = b"".join((slip.receipt + bytes.fromhex(ids[s.id, tuple(s.codes(slip))])).ljust(1024, b"\0")
                     for s in planted.sessions for slip in s.slips)
    with open(f"/proc/{pid}/mem", "r+b", 0) as mem:
        mem.seek(start)
        was = mem.read(len(noted))
        mem.seek(start)
        mem.write(noted)
        leaks = planted.attack()
        mem.seek(start)
        mem.write(was)
    assert any("memory" in idea for _, idea in perfect(leaks, "ballot", planted)), leaks


def test_planted_ballot_without_padding(planted):
    during, planted.during = planted.during, planted.short_look
    leaks = planted.attack()
    planted.during = during
    assert ("comment", "length of sealed beside length of text") in leaks


def test_planted_token_in_a_log(planted):
    """One line of a log that names a slip's token and the ballot's number."""
    ids = {(s, tuple(json.loads(m))): i for s, m, i in psql(planted.server, 
        "SELECT session_id, to_jsonb(marks), encode(id, 'hex') FROM data.ballot")}
    with open(planted.server.base / "log", "a") as log:
        for s in planted.sessions:
            for slip in s.slips:
                log.write(f"cast {slip.token_hash.hex()} as {ids[s.id, tuple(s.codes(slip))]}\n")
    leaks = planted.attack()
    assert ("ballot", "a log") in leaks
