"""Who cast what: a game against somebody with every right on server and database
(security 4.4; T44).

Sessions are played on the real server with a truth only the test knows: which person
drew which slip, which slip cast which ballot.  The attacker gets everything there is,
while ballots are cast and after the count: all tables with ctid and xmin, the
statistics views, every log, the write-ahead log record by record, the data folder as a
base backup has it, the published receipts; not the holders' keys, which are never
there.  The attacker puts every order of envelopes beside every order of ballots and of
people, and looks for any place, row, line or stretch of bytes, that holds one of each.
Correct links must not be more than chance: fixed points of random permutations,
counted exactly, p > 0.01 over all that was tried.  Leaks planted one at a time must each
be found by the same code.

What remains to be learnt, which no test can take away, and which the voters are told
(zhibu help 无记名): how many have cast and when, from whoever watches the server; who was
present, from the roll; that an envelope with this receipt is in the urn; how everybody
voted where all voted alike; who wrote a comment, from its style and facts; and
everything, from any two of the three key holders before they destroy their keys, where
somebody also wrote down who drew which slip.

Short here; 1,000 sessions of 20 with ZHIBU_LONG=1000.
"""
import itertools
import json
import math
import os
import random
import re
import subprocess
from collections import defaultdict
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import pytest

import ballots
from college import AS_USER
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
    """Data folder, write-ahead log, logs, keys: all that is on the disk."""
    return [p for p in [*server.state.rglob("*"), server.base / "log"] if p.is_file()]


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
    assert r.returncode in (0, 1), r.stderr
    for line in r.stdout.split(b"\n")[:-1]:
        name, rest = line.split(b"\0", 1)
        at, part = rest.split(b":", 1)
        needle, start = short[part]
        with open(name, "rb") as f:
            f.seek(int(at) - start)
            if f.read(len(needle)) == needle:
                yield Path(name.decode()), int(at) - start, needle


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
        tool = next(Path("/usr/lib/postgresql").glob("*/bin/pg_waldump"))
        found = defaultdict(list)
        for segment in segments:
            r = subprocess.run([tool, "-p", folder, "--rmgr=Heap", segment], text=True,
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

    def __init__(self, during, after, sessions):
        self.during, self.after = during, after
        self.ideas = defaultdict(dict)
        ids = [s.id for s in sessions]
        for session in ids:
            self.by_order(session)
        self.together(ids)

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
        def named(look, table, name):
            return [(k, [name(r) for r in rows]) for k, rows in
                    orders(look.of(table, session), self.after.wal.get(f"data.{table}", ())).items()]
        envelopes = named(self.during, "urn", lambda r: r["sealed_hash"])
        opened = named(self.after, "ballot", lambda r: tuple(r["marks"]))
        comments = named(self.after, "ballot_comment", lambda r: r["text"])
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

    def together(self, ids):
        """Rows, lines, records of a view, stretches of files: whatever holds one envelope
        and one ballot, comment or person."""
        known = self.names(ids)
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
        for look in (self.during, self.after):
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
        for where, things in self.stretches(known):
            unit(where, things)
        for (kind, where, session), pairs in links.items():
            self.put((kind, where), session, once(pairs))

    def stretches(self, known):
        """Bytes of the data folder within half a kilobyte of each other."""
        raw = {bytes.fromhex(h): v for h, v in known.items()}
        found = defaultdict(list)
        for path, offset, needle in places(self.after.server, raw):
            found[path].append((offset, raw[needle]))
        for path, at in found.items():
            at.sort(key=lambda x: x[0])
            for (a, x), (b, y) in zip(at, at[1:]):
                if b - a < 512 and {x[0], y[0]} in ({"envelope", "ballot"},
                                                    {"envelope", "comment"}):
                    yield "bytes of " + ("the WAL" if "pg_wal" in str(path) else "a file"), [x, y]


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
        after_cast(self)
        self.during = Look(server)
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
        psql(self.server, "CHECKPOINT")           # the data folder as a base backup has it
        self.after = Look(self.server, wal=True)
        return found(Attack(self.during, self.after, self.sessions), self.truth)


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
    sealed = play.sessions[0].slips[0].sealed[33:65]
    codes = [s.code for session in play.sessions for s in session.slips]
    psql(play.server, "CHECKPOINT")
    found = list(places(play.server, [c[-30:] for c in comments] + codes + [sealed]))
    assert {needle for _, _, needle in found} == {sealed}, "the search looks in the wrong places"


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
