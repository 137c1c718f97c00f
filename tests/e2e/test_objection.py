"""Objections with the real programs: the public port without a certificate, the name
sealed on the writer's machine, what each role sees; named for the trick cases."""
import re

import pytest

from college import wait_for
from test_decision import College

RECEIPT = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-Z*~$=]")
CHECK = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}")
NAME = "敖登格日乐"


class Objections(College):
    def __init__(self, server):
        super().__init__(server)
        server.sql("""INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
            ('P631', 'DW', 'objection_officer', '2024-01-01'),
            ('P632', 'DW', 'objection_officer', '2024-01-01'),
            ('P633', 'DW', 'discipline', '2024-01-01'),
            ('P641', 'DW', 'administrator', '2024-01-01')""")
        self.one = self.enrol("P631", "objection_officer@DW")
        self.two = self.enrol("P632", "objection_officer@DW")
        self.discipline = self.enrol("P633", "discipline@DW")
        self.admin = self.enrol("P641", "administrator@DW")
        self.branch14 = self.enrol("P650", "branch_secretary@14")
        self.anybody = server.person("anybody")
        self.anybody("profile", "add", "wall", "--server", f"127.0.0.1:{server.public_port}",
                     "--authority", next(self.head.dir.rglob("authority.der")))

    def enrol(self, person_id, office):
        p = self.server.person(person_id, code=self.server.code(person_id))
        p.acting = office
        return p

    def wall(self, *words, code=0, **kw):
        """As somebody without a certificate."""
        r = self.anybody.run("-P", "wall", *words, **kw)
        assert r.code == code, r
        return r


@pytest.fixture(scope="module")
def c(server):
    return Objections(server)


@pytest.fixture(scope="module")
def notice(c):
    """The officers' keys first, then a notice that hangs since Friday."""
    c.one("author", "key")
    c.two("author", "key")
    n = c.approved(c.proposed("14", "24"))
    c.server.clock("2026-12-11")
    c.officer("notice", "post", n, "--confirm", n)
    return n


def test_a_name_is_sealed_only_to_the_keys_of_the_wall(c, notice):
    """A server that offers other keys is found out before anything is sent."""
    wall = c.wall("notice", "public").out
    check = CHECK.search(wall).group(0)
    assert check == CHECK.search(c.wall("author", "keys").out).group(0)
    r = c.wall("objection", "file", notice, "--org-id", "14", "--text", "x", "--name", NAME,
               "--contact", "8120000", "--key-check", "0000-0000-0000-0000", code=11)
    assert check in r.err and "没有发送" in r.err
    assert c.server.sql("SELECT count(*) FROM data.objection") == [["0"]]
    # named or anonymous is said, not assumed
    c.wall("objection", "file", notice, "--text", "x", code=2)
    c.wall("objection", "file", notice, "--text", "x", "--anonymous", "--name", NAME,
           "--contact", "1", code=2)
    r = c.wall("objection", "file", notice, "--org-id", "14", "--text", "支部没有按期开会",
               "--name", NAME, "--contact", "8120000", "--key-check", check)
    c.named = RECEIPT.search(r.err).group(0)
    assert "YY26-01" in r.out


def test_T46_T44_nobody_but_the_officers_can_read_who(c, notice):
    """T46, T44: not the committee, not the department, not the operator's database."""
    c.one("objection", "register", "YY26-01", "--gist", "会议次数")
    for who in c.secretary, c.head, c.admin, c.branch14:
        who.refused(5, "author", "open", "YY26-01", "--reason", "想知道是谁", "-y")
        assert NAME not in who.run("objection", "show", "YY26-01").out
    dump = "\n".join("\t".join(row) for (t,) in c.server.sql(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('data', 'audit')")
        for row in c.server.sql(f"SELECT x::text FROM {t} x"))
    assert NAME not in dump and NAME.encode().hex() not in dump
    assert "8120000" not in dump
    files = [f for f in c.server.state.rglob("*") if f.is_file()]
    found = [f for f in files if NAME.encode() in f.read_bytes()]
    assert found == [] and len(files) > 100
    assert NAME not in (c.server.base / "log").read_text(errors="replace")


def test_an_opening_is_known_to_two(c, notice):
    """One officer asks, a second agrees; only then, and only with the key of the machine."""
    c.one.refused(3, "author", "show", "YY26-01")
    c.one.refused(13, "author", "open", "YY26-01", "--reason", "需当面核实", "-y")
    c.one.refused(3, "author", "show", "YY26-01")
    waiting = c.two.json("approve", "list")["approvals"][0]
    assert waiting["objectId"] == "YY26-01"
    c.two("approve", "yes", waiting["approvalId"], "--confirm", waiting["approvalId"])
    said = c.one("author", "show", "YY26-01").out
    assert NAME in said and "8120000" in said
    c.two.refused(3, "author", "show", "YY26-01")
    assert "需当面核实" in c.discipline("objection", "show", "YY26-01").out
    assert "open_identity" in {e["request"] for e in
                               c.auditor.json("audit", "log", "--object-id", "YY26-01")["events"]}


def test_T4_anonymous_on_day_four(c, notice):
    """Clock recorded, author hidden, the notice goes on; confirmed only after conclusion."""
    c.server.clock("2026-12-15")
    r = c.wall("objection", "file", notice, "--org-id", "14", "--text", "主题党日只拍照不学习",
               "--anonymous")
    c.anonymous = RECEIPT.search(r.err).group(0)
    assert "已收到" in c.wall("objection", "check", c.anonymous).out
    c.wall("objection", "check", "0000-0000-0000-0000-0", code=5)
    c.wall("objection", "check", "0000-0000-0000-0000-1", code=2)
    assert "objection register YY26-02" in c.one("next").out
    c.one("objection", "register", "YY26-02", "--gist", "主题党日质量")
    assert c.state("14") == "OBJECTION_HANDLING" and c.state("24") == "IN_PUBLICITY"
    assert c.server.sql(f"SELECT state FROM data.notice WHERE id = '{notice}'") == [["POSTED"]]
    for n in ("YY26-01", "YY26-02"):
        c.one("objection", "assign", n, "P622")
    c.officer("inquiry", "add", "YY26-02", "--text", "查阅活动记录")
    q = c.officer.json("inquiry", "ask", "YY26-02", "--question", "请说明11月主题党日的学习内容",
                       "--due-on", "12-17")["queryId"]
    asked = c.branch14("inquiry", "list").out
    assert "请说明11月主题党日的学习内容" in asked
    assert "YY26" not in asked and "只拍照" not in asked
    assert f"inquiry answer {q}" in c.branch14("next").out
    c.branch14("inquiry", "answer", q, "--answer", "学习决议原文")
    c.branch14.refused(5, "objection", "show", "YY26-02")
    c.officer("objection", "conclude", "YY26-02", "不属实", "--verified", "记录齐全", "-y")
    c.officer("inquiry", "add", "YY26-01", "--text", "查阅会议记录")
    c.officer("objection", "conclude", "YY26-01", "部分属实", "--verified", "一次推迟", "-y")
    c.server.clock("2026-12-19")
    assert "期满有异议" in c.officer("notice", "end", notice, "--proof", "公告栏照片已归档", "-y").out
    r = c.head.refused(3, "award", "confirm", "SB26-14", "-y")
    assert "YY26-01" in r.err and "党委意见" in r.err
    c.head("award", "confirm", "SB26-24", "-y")
    for n in ("YY26-01", "YY26-02"):
        c.secretary("item", "note", n, "--note", "党委知悉", "--effect", "照原决议", "-y")
    c.head("award", "confirm", "SB26-14", "-y")


def test_the_reply_is_read_with_the_receipt(c, notice):
    """Named and anonymous alike, without a certificate; the branch never sees it."""
    c.one("objection", "reply", "YY26-02", "--reply", "经核实，学习内容有记录", "-y")
    c.two("objection", "close", "YY26-02", "-y")
    said = c.wall("objection", "check", c.anonymous).out
    assert "经核实" in said and "已结束" in said
    report = c.member("notice", "report", notice).out
    assert "主题党日质量" in report and "不属实" in report and "公告栏照片已归档" in report
    ledger = c.member.json("objection", "list")["objections"]
    assert [o["gist"] for o in ledger] == ["会议次数", "主题党日质量"]
    assert not {k for o in ledger for k in o} & {"named", "cameBy", "text", "name"}


def test_T6_private_conduct_goes_to_discipline(c, notice):
    """Nothing of it stays: a clearance is open, and that is all there is to see."""
    c.wall("objection", "file", "--org-id", "14", "--text", "某人作风问题", "--anonymous")
    c.one("objection", "register", "YY26-03", "--gist", "个人问题")
    c.one("objection", "transfer", "YY26-03", "--confirm", "YY26-03")
    assert c.server.sql("SELECT num_nonnulls(sealed, text, gist) FROM data.objection"
                        " WHERE id = 'YY26-03'") == [["0"]]
    assert "作风" not in "".join(map(str, c.server.sql("SELECT e::text FROM audit.event e")))
    assert "作风" not in c.discipline("objection", "show", "YY26-03").out
    assert c.discipline.json("clearance", "list", "SB26-14")["clearances"][0]["state"] == "ASKED"
    r = c.secretary.refused(3, "award", "sign", "SB26-14", "--doc-no", "12号", "--confirm", "SB26-14")
    assert "YY26-03" in r.err and "纪委" in r.err


def test_taken_by_telephone(c, notice):
    """The officer seals the caller's name as the caller would, and reads out the code."""
    r = c.one("objection", "add", "来电", "--org-id", "24", "--gist", "名单", "--text", "名单有误",
              "--name", NAME, "--contact", "8120000")
    assert RECEIPT.search(r.err) and "YY26-04" in r.out
    r = c.one.refused(3, "objection", "add", "来信", "--notice-id", notice, "--org-id", "24",
                      "--received-on", "2026-12-01", "--gist", "x", "--text", "x", "--anonymous")
    assert "早于公示" in r.err
    assert NAME not in c.server.sql("SELECT o::text FROM data.objection o WHERE id = 'YY26-04'")[0][0]


def test_no_address_is_kept(c, notice):
    """A request that files one leaves no line in any log (domain 3.3)."""
    log = c.server.base / "log"
    before = log.stat().st_size
    c.wall("objection", "file", "--org-id", "14", "--text", "再来一件", "--anonymous")
    wait_for(lambda: c.server.sql("SELECT count(*) FROM data.objection") == [["5"]])
    with open(log, "rb") as f:
        f.seek(before)
        assert b"127.0.0.1" not in f.read()
