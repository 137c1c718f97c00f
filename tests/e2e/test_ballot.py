"""The members' ballot with real clients: slips, sealed ballots, count, receipts
(security 61 to 77; T9, T10, T14)."""
import hashlib
import os
import pty
import re
import select
import time

import pytest

from college import BIN
from wire import Wire, request

OFFICER, HEAD, SCRUTINEER, TELLER, HOLDER = "P30", "P31", "P32", "P33", "P34"
OFFICES = {OFFICER: "od_officer@ZZB", HEAD: "od_head@ZZB", SCRUTINEER: "scrutineer@DW",
           TELLER: "teller@DW", HOLDER: "key_holder@DW"}
MEMBERS = [f"P{n}" for n in range(40, 48)]  # seven full, the last probationary
PRESENT = 6
CANARY = "实训车间报修7391慢"
SLIP = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-Z*~$=]")
SESSION = "CP26-14"

FACTS = f"""
INSERT INTO data.org (id, kind, member_category, established_on)
    VALUES ('14', 'branch', '教工', '2026-01-01'), ('15', 'branch', '学生', '2026-01-01');
INSERT INTO data.org_version (org_id, parent_id, name, from_on)
    VALUES ('14', 'DW', '电气自动化系教工党支部', '2026-01-01'),
    ('15', 'DW', '电气自动化系学生党支部', '2026-01-01');
INSERT INTO data.person (id, name)
    SELECT 'P' || n, '人员' || n FROM generate_series(30, 48) n;
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
    {", ".join("('{}', '{}', '{}', '2026-01-01')".format(p, *reversed(o.split("@")))
               for p, o in OFFICES.items())};
INSERT INTO data.affiliation (person_id, org_id, kind, standing, from_on)
    SELECT 'P' || n, '14', 'PRIMARY',
        CASE n WHEN 47 THEN 'PROBATIONARY' ELSE 'FULL' END, '2026-01-01'
    FROM generate_series(40, 47) n
    UNION ALL VALUES ('P48', '15', 'PRIMARY', 'FULL', date '2026-01-01'),
    ('P48', '14', 'DUAL_LIFE', 'FULL', '2026-01-01');
INSERT INTO data.item_set (id, title, adopted_on) VALUES ('CX26.1', '评议党支部', '2026-01-01');
INSERT INTO data.item_set_item VALUES ('CX26.1', 1, '政治功能强'), ('CX26.1', 2, '队伍建设强');
INSERT INTO data.item_set_option SELECT 'CX26.1', i, o.n, o.code, o.text
    FROM generate_series(1, 2) i, (VALUES (1, 'GOOD', '好'), (2, 'FAIRLY_GOOD', '较好'),
        (3, 'FAIR', '一般'), (4, 'POOR', '差')) o(n, code, text);
INSERT INTO data.round (id, org_id, state, standard_version_id, started_on, started_by)
    VALUES ('LC26-14', '14', 'APPLIED', 'BZ26.1', '2026-03-01', 'P40');
INSERT INTO data.self_assessment (id, org_id, state, round_id, version_no)
    VALUES ('ZP26-14', '14', 'ADOPTED', 'LC26-14', 1);
INSERT INTO data.self_version (self_id, version_no, revision, held_on, entitled, present,
    in_favour, against, abstain, meets_conditions, adopted_by, adopted_at)
    VALUES ('ZP26-14', 1, 1, '2026-04-01', 7, 7, 7, 0, 0, true, 'P40', now());
INSERT INTO data.application (id, org_id, state, round_id, standard_version_id, self_id,
    self_version_no, org_name, org_kind, member_category, established_on, full_members,
    probationary_members, secretary_id, secretary_name, created_on, created_by)
    VALUES ('SB26-14', '14', 'ACCEPTED', 'LC26-14', 'BZ26.1', 'ZP26-14', 1,
    '电气自动化系教工党支部', 'branch', '教工', '2026-01-01', 7, 1, 'P40', '人员40',
    '2026-04-02', 'P40')
"""


class Room:
    """The meeting room: who is there, and what lies on the table."""

    def __init__(self, server):
        self.server = server
        self.codes, self.receipts = [], []
        self.people = {}
        for person, office in OFFICES.items():
            self.people[person] = server.person(person, server.code(person))
            self.people[person].acting = office

    def __getattr__(self, name):
        """room.p30: the person of that number."""
        if name.upper() in OFFICES:
            return self.people[name.upper()]
        raise AttributeError(name)

    @property
    def voter(self):
        """A machine nobody has logged in on; it knows server and authority."""
        if "voter" not in self.server.people:
            voter = self.server.person("voter")
            voter("profile", "add", "投票", "--server",
                  f"127.0.0.1:{self.server.public_port}", "--authority",
                  next(self.people[SCRUTINEER].dir.rglob("authority.der")))
            voter("profile", "use", "投票")
        return self.server.people["voter"]

    def cast(self, code, *marks, run=None, **kw):
        answers = "\n".join([code, *marks, ""])
        return (run or self.voter)("ballot", "cast", SESSION, "--slip-file", "-",
                                   input=answers, **kw)

    def key(self, person):
        return next(self.people[person].dir.rglob(f"{SESSION}.key"))


@pytest.fixture(scope="module")
def room(server):
    server.clock("2026-11-20")
    server.sql(FACTS)
    return Room(server)


def test_prepare_to_open(room):
    room.p30("eval", "open", "SB26-14")
    room.p30("ballot", "prepare", "SB26-14", "--comments", "--held-on", "今天", "--place",
             "实训楼201", "--scrutineer-id", SCRUTINEER, "--teller-id", TELLER,
             "--key-holder-id", HOLDER)
    for person in (SCRUTINEER, TELLER, HOLDER):
        tried = room.people[person]("ballot", "key", SESSION, "-n")
        assert "试运行" in tried.err and "密钥在" not in tried.out + tried.err
        room.people[person]("ballot", "key", SESSION)
    assert os.stat(room.key(TELLER)).st_mode & 0o777 == 0o600
    room.p32("ballot", "key", SESSION)  # a repeat registers the same key
    assert room.p32.json("ballot", "roll", SESSION, "--present", PRESENT)["entitled"] == 8
    room.p32.refused(3, "ballot", "open", SESSION)
    room.p32("ballot", "slips", SESSION, "-o", "票.txt")
    text = (room.p32.dir / "票.txt").read_text()
    assert len(set(SLIP.findall(text))) == PRESENT
    room.check_code = re.search(r"核对码\s+(\S+)", text).group(1)
    room.p32.refused(2, "ballot", "slips", SESSION, "-o", "票.txt")  # never over a file
    room.p32("ballot", "slips", SESSION, "-o", "票.html")  # a second print-out replaces it
    page = (room.p32.dir / "票.html").read_text()
    room.codes = SLIP.findall(page)
    assert len(set(room.codes)) == page.count("<section>") == PRESENT
    assert not set(room.codes) & set(SLIP.findall(text))
    # one picture for all, of the address alone; what a voter may rely on stands above
    assert page.count("<svg") == 1 and page.index("<svg") < page.index("<section>")
    assert "怎样保证无记名" in page and f"127.0.0.1:{room.server.public_port}" in page
    assert "<script" not in page and "href" not in page and "src=" not in page
    room.cast(room.codes[0], "1", "1", "", run=lambda *a, **k: room.voter.refused(8, *a, **k))
    room.p32("ballot", "open", SESSION)


def test_T7_votes_where_the_affiliation_is(room):
    """P48 takes part in the life of 14; the affiliation is with 15."""
    roll = room.p32.json("ballot", "voters", SESSION)["roll"]
    assert [r["personId"] for r in roll] == MEMBERS
    assert roll[-1]["standing"] == "PROBATIONARY"


def test_T43_the_server_has_the_time(room):
    """The machine's own clock is some other day; only the college's counts."""
    late = ["note", "add", "14", "--source", "VISIT", "-m", "听课"]
    room.p30.refused(3, *late, "--happened-on", "2026-11-21")
    room.p30(*late, "--happened-on", "2026-11-20")
    assert room.p30.json("note", "list", "14")["notes"][0]["writtenAt"].startswith("2026-11-20")


def test_slips_are_not_on_the_server(room):
    listed = room.server.sql("SELECT encode(token_hash, 'hex'), encode(public_key, 'hex')"
                             " FROM data.slip ORDER BY token_hash")
    assert len(listed) == PRESENT
    dump = "".join(map("".join, listed))
    assert not any(c.replace("-", "").lower() in dump for c in room.codes)


def test_mistyped_code_stays_here(room):
    wrong = room.codes[0][:5] + ("0" if room.codes[0][5] != "0" else "1") + room.codes[0][6:]
    room.cast(wrong, "1", "1", "", run=lambda *a, **k: room.voter.refused(2, *a, **k))


def test_other_manifest_is_found_out(room):
    room.voter.refused(11, "ballot", "cast", SESSION, "--slip-file", "-", "--check-code",
                       "0000-0000-0000-0000", input=room.codes[0])


def receipt_of(result):
    return re.search(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", result.out).group(0)


def test_cast(room):
    for i, marks in enumerate([("1", "1", CANARY), ("好", "2", ""), ("GOOD", "", "")]):
        room.receipts.append(receipt_of(room.cast(room.codes[i], *marks)))
    assert len(set(room.receipts)) == 3
    # whatever was written in it, a ballot is as long as any other
    assert room.server.sql("SELECT DISTINCT length(sealed) FROM data.urn") == [["1457"]]


def test_T10_burnt_code(room):
    before = room.server.sql("SELECT md5(string_agg(sealed, '' ORDER BY token_hash)) FROM data.urn")
    r = room.cast(room.codes[0], "4", "4", "",
                  run=lambda *a, **k: room.voter.run(*a, **k))
    assert r.code != 0 and "已经投过" in r.err, r
    assert before == room.server.sql(
        "SELECT md5(string_agg(sealed, '' ORDER BY token_hash)) FROM data.urn")


def test_T9_same_bytes_same_receipt(room):
    """On the wire, since the client never sends a ballot that was acknowledged."""
    token = os.urandom(32)
    room.server.sql("INSERT INTO data.slip SELECT sha256('\\x%s'), '%s', public_key "
                    "FROM data.slip LIMIT 1" % (token.hex(), SESSION))
    w = Wire(room.server.public_port)
    sealed = os.urandom(1457)
    ballot = request("cast_ballot", session_id=SESSION, token=token, sealed=sealed,
                     signature=bytes(64))
    first = w.ask(ballot, signed=False)
    second = w.ask(ballot, signed=False)
    assert first == second
    assert first.cast_ballot.receipt == hashlib.sha256(sealed).digest()
    ballot.cast_ballot.sealed = os.urandom(1457)
    refused = w.ask(ballot, signed=False).refusal
    assert refused.code == "ZB010" and refused.args[0] == hashlib.sha256(sealed).hexdigest()[:8]
    ballot.cast_ballot.sealed = os.urandom(1456)
    assert w.ask(ballot, signed=False).refusal.code == "ZB001"
    ballot.cast_ballot.token = os.urandom(32)
    ballot.cast_ballot.sealed = sealed
    assert w.ask(ballot, signed=False).refusal.code == "ZB009"
    room.server.sql(f"DELETE FROM data.urn WHERE sealed_hash = sha256('\\x{sealed.hex()}')")
    w.close()


def test_many_at_once(room):
    """What waits is cast by one statement; each still has its own answer, and whoever
    asks for what cannot be is told so without harm to the others."""
    tokens = [os.urandom(32) for _ in range(40)]
    sealed = [os.urandom(1457) for _ in tokens]
    values = ", ".join(f"(sha256('\\x{t.hex()}'), decode(md5('{i}') || md5('{i}'), 'hex'))"
                       for i, t in enumerate(tokens))
    room.server.sql(f"INSERT INTO data.slip SELECT h, '{SESSION}', k FROM (VALUES {values})"
                    " v(h, k)")
    wires = [Wire(room.server.public_port) for _ in range(8)]
    asked = {}

    def ask(w, token, ballot, expected):
        asked[w, wires[w].send(request("cast_ballot", session_id=SESSION, token=token,
                                       sealed=ballot, signature=bytes(64)),
                               signed=False)] = ballot, expected
    for i, token in enumerate(tokens):
        ask(i % 8, token, sealed[i], "receipt")
        if i % 10 == 3:
            ask(i % 8, os.urandom(32), sealed[i], "ZB009")
            ask(i % 8, token, sealed[i], "receipt")
            ask(i % 8, token, sealed[i][1:], "ZB001")
    for (w, _) in list(asked):
        number, reply = wires[w].receive()
        ballot, expected = asked.pop((w, number))
        assert (reply.refusal.code or "receipt") == expected
        if expected == "receipt":
            assert reply.cast_ballot.receipt == hashlib.sha256(ballot).digest()
    for w in wires:
        w.close()
    hashes = ", ".join(f"sha256('\\x{t.hex()}')" for t in tokens)
    assert len(room.server.sql(f"DELETE FROM data.urn WHERE token_hash IN ({hashes})"
                               " RETURNING 1")) == 40


def test_nothing_is_known_while_open(room):
    shown = room.p31.json("ballot", "show", SESSION)
    assert "valid" not in shown["result"] and not shown["result"].get("tallies")
    room.p32.refused(3, "ballot", "urn", SESSION)
    room.p32.refused(3, "ballot", "count", SESSION, "--key", room.key(SCRUTINEER),
                     "--key", room.key(TELLER))


def test_T14_power_cut(room):
    room.server.kill()
    room.server.start()
    r = room.cast(room.codes[1], "1", "1", "", run=lambda *a, **k: room.voter.run(*a, **k))
    assert r.code != 0 and "已经投过" in r.err, r
    for receipt in room.receipts:
        room.voter("ballot", "check", SESSION, receipt)


class Terminal:
    """A shared terminal: the program on a pseudo-terminal of its own."""

    def __init__(self, person, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(person.dir)
            os.execve(BIN / "zhibu", ["zhibu", *args], {**person.env(), "TERM": "xterm"})
        self.seen = ""

    def wait_for(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            assert ready, f"{text!r} not in {self.seen!r}"
            self.seen += os.read(self.fd, 4096).decode("utf-8", "replace")
        seen, self.seen = self.seen, ""
        return seen

    def type(self, text):
        os.write(self.fd, text.encode())


def test_kiosk(room):
    """One voter after the other; neither Ctrl-C nor Ctrl-Z gives the shell behind."""
    t = Terminal(room.voter, "ballot", "cast", SESSION, "--kiosk")
    assert "\033[?1049h" in t.wait_for("测评码：")
    t.type("\x03\x1a\x1c")
    t.type("AAAA-AAAA-AAAA-AAAA-A\n")
    t.wait_for("按回车")
    t.type("\n")
    t.wait_for("测评码：")
    t.type(room.codes[3] + "\n")
    t.wait_for("不选）：")
    t.type("9\n")  # no such option: asked again
    t.wait_for("不选）：")
    for _ in range(2):
        t.type("2\n")
        t.wait_for("：")
    t.type("\n")
    t.wait_for("[是/否")
    t.type("是\n")
    done = t.wait_for("按回车")
    assert "已投入票箱" in done
    # what was chosen is wiped off before the receipt is shown
    assert done.rindex("\033[2J") > done.rindex("较好") if "较好" in done else "\033[2J" in done
    room.receipts.append(re.search(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", done).group(0))
    t.type("结束\n")
    last = t.wait_for("\033[?1049l")
    assert "\033[3J" in last
    assert os.waitstatus_to_exitcode(os.waitpid(t.pid, 0)[1]) == 0
    # nor is anything of it in a file: code, receipt, sealed ballot
    kept = b"".join(f.read_bytes() for f in room.voter.dir.rglob("*") if f.is_file())
    assert not list(room.voter.dir.rglob("*.sealed"))
    for text in (room.codes[3], room.receipts[-1]):
        assert text.encode() not in kept and text.replace("-", "").encode() not in kept


def files_with(server, needle):
    """Files of the server that hold these bytes: data, WAL, logs, keys."""
    return [p for p in server.state.rglob("*")
            if p.is_file() and needle in p.read_bytes()]


def test_content_is_nowhere_on_the_server(room):
    """Before the count: not in the data files, not in the WAL, not in a log.  The
    sealed bytes are, so the search looks in the right places."""
    sealed, = room.server.sql("SELECT encode(sealed_hash, 'hex') FROM data.urn LIMIT 1")
    assert files_with(room.server, bytes.fromhex(sealed[0]))
    assert files_with(room.server, CANARY.encode()) == []
    assert CANARY.encode() not in (room.server.base / "log").read_bytes()
    for code in room.codes:
        assert files_with(room.server, code.encode()) == []


def test_forged_ballot_is_void(room):
    """A row put into the urn by whoever owns the database (74)."""
    room.server.sql("INSERT INTO data.urn SELECT sha256(s.token_hash), s.session_id, sha256('x'),"
                    " u.sealed, sha256('y'), u.signature FROM data.slip s, data.urn u LIMIT 1")


def test_close_and_count(room):
    room.p32("ballot", "close", SESSION, "-y")
    room.cast(room.codes[4], "1", "1", "", run=lambda *a, **k: room.voter.refused(8, *a, **k))
    room.p32.refused(2, "ballot", "count", SESSION, "--key", room.key(SCRUTINEER))
    room.p32.refused(2, "ballot", "count", SESSION, "--key", room.key(SCRUTINEER),
                     "--key", room.key(SCRUTINEER))
    os.chmod(room.key(TELLER), 0o644)
    room.p32.refused(2, "ballot", "count", SESSION, "--key", room.key(SCRUTINEER),
                     "--key", room.key(TELLER))
    os.chmod(room.key(TELLER), 0o600)
    room.p32("ballot", "count", SESSION, "--key", room.key(HOLDER), "--key", room.key(SCRUTINEER))
    assert "valid" not in room.p30.json("ballot", "show", SESSION)["result"]  # one person's word


def test_a_lone_count_is_not_believed(room):
    """A count that is not what the urn holds is found out by the second who opens it."""
    keys = ["--key", room.key(HOLDER), "--key", room.key(TELLER)]
    honest = room.server.sql("SELECT encode(digest, 'hex') FROM data.ballot_session")
    room.server.sql("UPDATE data.ballot SET marks = '{POOR,POOR}' WHERE id ="
                    " (SELECT min(id::text)::bytea FROM data.ballot);"
                    "UPDATE data.ballot_session b SET digest = flow.ballot_digest(b)")
    assert honest != room.server.sql("SELECT encode(digest, 'hex') FROM data.ballot_session")
    assert "不一致" in room.p33.refused(7, "ballot", "certify", SESSION, *keys).err
    assert room.server.sql("SELECT count(*) FROM data.urn") == [["5"]]
    room.p33("ballot", "count", SESSION, *keys)  # counts anew; the invented one falls
    assert honest == room.server.sql("SELECT encode(digest, 'hex') FROM data.ballot_session")


def test_certify_by_a_second_opening(room):
    keys = ["--key", room.key(SCRUTINEER), "--key", room.key(TELLER)]
    room.p33.refused(13, "ballot", "certify", SESSION, *keys)  # counted by this very person
    room.p32.refused(2, "ballot", "certify", SESSION)          # nobody certifies blind
    room.p32.refused(3, "ballot", "forget", SESSION, "--confirm", SESSION)
    room.p32("ballot", "certify", SESSION, *keys)
    assert room.server.sql("SELECT count(*) FROM data.urn") == [["0"]]
    result = room.p30.json("ballot", "show", SESSION)["result"]
    assert result["state"] == "CERTIFIED"
    assert (result["returned"], result["valid"], result["voidCount"]) == (5, 4, 1)
    assert result["tallies"][0]["counts"] == [3, 1, 0, 0]
    assert result["tallies"][1]["counts"] == [1, 2, 0, 0]
    assert result["tallies"][1]["blank"] == 1


def test_nothing_joins_ballots_and_slips(room):
    """PostgreSQL's own traces: one transaction, in the order of the random ids."""
    for table in ("ballot", "ballot_receipt"):
        assert room.server.sql(f"SELECT count(DISTINCT xmin::text) FROM data.{table}") == [["1"]]
    ids = room.server.sql("SELECT encode(id, 'hex') FROM data.ballot ORDER BY ctid")
    assert ids == sorted(ids)
    assert room.server.sql("SELECT count(*) FROM data.slip") == [["0"]]
    hashes = room.server.sql("SELECT encode(sealed_hash, 'hex') FROM data.ballot_receipt"
                             " ORDER BY ctid")
    assert hashes == sorted(hashes)


def test_small_group_and_comment(room):
    """Four valid ballots are fewer than five (71, T40)."""
    assert not room.p32.json("ballot", "show", SESSION)["result"].get("tallies")
    assert room.p30.json("ballot", "show", SESSION)["commentTexts"] == [CANARY]
    assert not room.p32.json("ballot", "show", SESSION).get("commentTexts")


def test_receipts_after_the_count(room):
    for receipt in room.receipts:
        room.voter("ballot", "check", SESSION, receipt.lower())
    room.voter.refused(11, "ballot", "check", SESSION, "0000-0000-0000-0000")
    # the row put in by hand has a copy of somebody's ballot, which has one receipt
    assert len(room.voter.json("ballot", "check", SESSION)["receipts"]) == 4
    assert room.server.sql("SELECT count(*) FROM data.urn") == [["0"]]


def test_key_is_destroyed(room):
    path = room.key(SCRUTINEER)
    room.p32("ballot", "forget", SESSION, "--confirm", SESSION)
    assert not path.exists()
    gone = room.p33.json("ballot", "show", SESSION)["holders"][0]
    assert gone["keyState"] == "DESTROYED" and gone["goneOn"] == "2026-11-20"


def test_sheet(room):
    sheet = room.p30("eval", "show", "SB26-14").out
    assert "应到8 实到6 收回5 有效4 无效1" in sheet
    for name in ("组织评定", "党员评议", "群众评判", "社会评价"):
        assert name in sheet
    room.p30("eval", "show", "SB26-14", "--html", "-o", "四评.html")
    page = (room.p30.dir / "四评.html").read_text()
    assert "default-src 'none'" in page and "<script" not in page
