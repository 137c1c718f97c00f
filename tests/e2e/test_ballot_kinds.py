"""One session of every kind with real clients, from the item set the committee decides
to the result and those who may see it: members on each other, a branch of three, all on
paper, mass representatives (T12, T22, T40, T41).  The committee's own secret vote is in
test_meeting.
"""
import json
import re

import pytest

from test_ballot import FACTS, HEAD, HOLDER, OFFICER, SCRUTINEER, SLIP, TELLER, Room, Terminal

BRANCH_SECRETARY, WELDER, FITTER, PROBATIONER = "P40", "P41", "P42", "P47"
SMALL_SECRETARY, COMMITTEE = "P48", "P37"
MORE = f"""
UPDATE data.person SET name = '王磊', mark = CASE id WHEN '{WELDER}' THEN '焊接' ELSE '电工' END
    WHERE id IN ('{WELDER}', '{FITTER}');
INSERT INTO data.affiliation (person_id, org_id, kind, standing, from_on) VALUES
    ('P35', '15', 'PRIMARY', 'FULL', '2026-01-01'), ('P36', '15', 'PRIMARY', 'FULL', '2026-01-01');
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
    ('{BRANCH_SECRETARY}', '14', 'branch_secretary', '2026-01-01'),
    ('{SMALL_SECRETARY}', '15', 'branch_secretary', '2026-01-01'),
    ('{COMMITTEE}', 'DW', 'committee_secretary', '2026-01-01')
"""
GRADES = ["优秀", "合格", "基本合格", "不合格"]


def item_set(purpose, title, texts, labels):
    options = [{"code": code, "text": text}
               for code, text in zip(("BEST", "SECOND", "THIRD", "LAST"), labels)]
    return {"title": title, "basis": "学院党委会议2026年第3次", "purpose": purpose,
            "items": [{"text": t, "options": options} for t in texts]}


class College(Room):
    """Plays a session from its preparation to the certificate."""

    def __init__(self, server):
        super().__init__(server)
        for name, person, acting in (
                ("secretary", BRANCH_SECRETARY, "branch_secretary@14"),
                ("small", SMALL_SECRETARY, "branch_secretary@15"),
                ("committee", COMMITTEE, "committee_secretary@DW"),
                ("welder", WELDER, None), ("probationer", PROBATIONER, None)):
            self.people[name] = server.person(name, server.code(person))
            self.people[name].acting = acting

    def adopt(self, *args):
        path = self.people["committee"].dir / "items.json"
        path.write_text(json.dumps(item_set(*args), ensure_ascii=False))
        self.people["committee"]("items", "adopt", "-f", path, "-y")

    def prepare(self, *matter):
        return self.p30.json(
            "ballot", "prepare", *matter, "--held-on", "今天", "--place", "实训楼201",
            "--scrutineer-id", SCRUTINEER, "--teller-id", TELLER,
            "--key-holder-id", HOLDER)["sessionId"]

    def open(self, session, *present):
        for person in (SCRUTINEER, TELLER, HOLDER):
            self.people[person]("ballot", "key", session)
        frozen = self.p32.json("ballot", "roll", session, *present)
        self.p32("ballot", "slips", session, "-o", f"{session}.txt")
        self.p32("ballot", "open", session)
        codes = SLIP.findall((self.p32.dir / f"{session}.txt").read_text())
        assert len(set(codes)) == frozen["present"]
        return codes

    def vote(self, session, code, *marks):
        return self.voter("ballot", "cast", session, "--slip-file", "-",
                          input="\n".join([code, *marks, ""]))

    def count(self, session):
        def key(person):
            return next(self.people[person].dir.rglob(f"{session}.key"))
        self.p32("ballot", "close", session, "-y")
        for person, verb in ((SCRUTINEER, "count"), (TELLER, "certify")):
            self.people[person]("ballot", verb, session, "--key", key(person),
                                "--key", key(HOLDER))

    def result(self, name, session):
        return self.people[name].json("ballot", "show", session)["result"]


@pytest.fixture(scope="module")
def room(server):
    server.clock("2026-11-20")
    server.sql(FACTS + ";" + MORE)
    return College(server)


# ---- members on each other -----------------------------------------------------------------------

@pytest.fixture(scope="module")
def members(room):
    """Seven of eight came.  Full members are given grades, the last is on probation."""
    # nothing may be asked that the committee has not decided
    room.p30.refused(3, "ballot", "prepare", "--org-id", "14", "--purpose", "民主评议党员",
                     "--held-on", "今天", "--place", "201", "--scrutineer-id", SCRUTINEER,
                     "--teller-id", TELLER, "--key-holder-id", HOLDER)
    room.adopt("MEMBERS_ON_MEMBERS", "民主评议党员", ["等次"], GRADES)
    session = room.prepare("--org-id", "14", "--purpose", "民主评议党员")
    return session, room.open(session, "--present", 7)


def test_T41_two_of_one_name_are_told_apart(room, members):
    """Wherever a voter reads the name: on the terminal, and once more before casting."""
    session, codes = members
    t = Terminal(room.voter, "ballot", "cast", session, "--kiosk")
    t.wait_for("测评码：")
    t.type(codes[0] + "\n")
    asked = []
    for grade in (1, 1, 2, 1, 2, 1, 1):
        asked.append(t.wait_for("不选）："))
        t.type(f"{grade}\n")
    assert [name for a in asked for name in re.findall("王磊 · (焊接|电工)", a)] == ["焊接", "电工"]
    review = t.wait_for("[是/否")
    assert review.index("王磊 · 焊接：优秀") < review.index("王磊 · 电工：合格")
    t.type("是\n")
    t.wait_for("按回车")
    t.type("结束\n")
    t.wait_for("\033[?1049l")
    roll = room.p32("ballot", "voters", session).out
    assert "焊接" in roll and "电工" in roll


def test_T22_on_the_list_without_a_grade(room, members):
    """A member on probation appraises like the others: seven answers for eight names."""
    session, codes = members
    assert room.p32.json("ballot", "voters", session)["entitled"] == 8
    paper = room.p32.json("ballot", "show", session)["manifest"]["items"]
    assert [len(i.get("options", [])) for i in paper] == [4] * 7 + [0]
    assert "预备党员，不定等次" in room.p32("ballot", "show", session).out + room.p32(
        "print", "D6", session, "-o", "测评表.html").out + (
        room.p32.dir / "测评表.html").read_text()
    for code in codes[1:]:
        room.vote(session, code, "优秀", "1", "合格", "1", "1", "1", "2")
    room.count(session)
    tallies = room.result("secretary", session)["tallies"]
    assert [(t["text"], t.get("counts")) for t in tallies[1:3]] == [
        ("王磊", [7, 0, 0, 0]), ("王磊", [0, 7, 0, 0])]
    assert not tallies[7].get("counts")
    room.people["secretary"]("print", "D7", session, "-o", "计票单.html")
    sheet = (room.people["secretary"].dir / "计票单.html").read_text()
    assert sheet.count("预备党员，不定等次") == 1
    assert room.people["probationer"].json("ballot", "mine").get("appraisals", []) == []


def test_counts_stay_with_the_branch_and_each_sees_the_own(room, members):
    session, _ = members
    for superior in (OFFICER, HEAD):
        assert not room.result(superior, session).get("tallies")
    room.people["small"].refused(5, "ballot", "show", session)
    own, = room.people["welder"].json("ballot", "mine")["appraisals"]
    assert own["counts"] == [7, 0, 0, 0]
    room.people["welder"].refused(5, "ballot", "show", session)


def test_grades_are_the_branchs_decision(room, members):
    """Not by votes alone: the branch agrees, the department learns the grade."""
    session, _ = members
    secretary = room.people["secretary"]
    agreed = ("ballot", "agree", session, "--agreed-at", "支委会", "--agreed-on", "今天")
    r = secretary.refused(3, *agreed, "--grades", "item_no=8,grade=合格", "--grades",
                          "item_no=2,grade=良好")
    assert f"人员{PROBATIONER[1:]}" in r.err and "良好" in r.err  # both at once
    said = secretary.json(*agreed, "--grades", "item_no=2,grade=合格,opinion=下半年请假较多")
    assert (said["graded"], said["ungraded"]) == (1, 6)
    seen = room.p31.json("ballot", "grades", session)["grades"]
    assert (seen[1]["grade"], seen[1]["mark"]) == ("合格", "焊接")
    room.p31("print", "D8", session, "-o", "汇总表.html")
    assert (room.p31.dir / "汇总表.html").read_text().count("预备党员，不定等次") == 1
    assert room.people["welder"].json("ballot", "mine")["appraisals"][0]["grade"] == "合格"


# ---- a branch of three -------------------------------------------------------------------------

def test_T40_a_branch_of_three(room):
    """It votes like any other; what three answered is broken down for nobody but the
    department."""
    room.adopt("MEMBERS_ON_BRANCH", "评议党支部", ["政治功能强", "组织生活强"],
               ["好", "较好", "一般", "差"])
    session = room.prepare("--org-id", "15")
    codes = room.open(session, "--present", 3)
    for code, mark in zip(codes, "112"):
        room.vote(session, code, mark, "1")
    room.count(session)
    for name in ("small", SCRUTINEER):
        shown = room.result(name, session)
        assert (shown["valid"], shown["suppressed"], shown.get("tallies")) == (3, True, None)
        assert "人数较少，结果由组织部掌握" in room.people[name]("ballot", "show", session).out
    assert room.result(HEAD, session)["tallies"][0]["counts"] == [2, 1, 0, 0]


# ---- all on paper --------------------------------------------------------------------------------

def test_T12_more_papers_than_people(room):
    """Six papers, five people: it cannot be certified, only voided by two and repeated."""
    r = room.p30.refused(2, "ballot", "prepare", "--org-id", "14", "--ballot-channel", "传真")
    assert "测评码、纸质票、测评码和纸质票" in r.err
    session = room.prepare("--org-id", "14", "--ballot-channel", "纸质票")
    assert room.p32.json("ballot", "roll", session, "--present", 5)["paper"] == 5
    room.p32("ballot", "open", session)
    room.p32("ballot", "close", session, "-y")
    for person in (room.p32, room.p33):
        person("ballot", "paper", session, "--tally", "-", input="6 0\n6 0 0 0 0\n5 1 0 0 0\n")
    r = room.p33.refused(3, "ballot", "certify", session)
    assert "6" in r.err and "5" in r.err and "作废" in r.err
    room.p32.refused(13, "ballot", "void", session, "--reason", "票数多于到会人数",
                     "--confirm", session)
    room.p33.agree()
    assert "票数多于到会人数" in room.p32("ballot", "show", session).out
    again = room.prepare("--org-id", "14", "--ballot-channel", "纸质票")
    assert again != session
    room.p32("ballot", "roll", again, "--present", 5)
    room.p32("ballot", "open", again)
    # two who come late at the same time are two
    room.p32.refused(13, "ballot", "correct", again, WELDER, "ARRIVED", "--reason", "路上堵车")
    room.server.meanwhile("UPDATE data.ballot_session SET present = 6, paper = 6, late_present = 1"
                          f" WHERE id = '{again}'", room.p33.agree)
    assert room.server.sql("SELECT present, paper, late_present FROM data.ballot_session"
                           f" WHERE id = '{again}'") == [["7", "7", "2"]]
    room.p32("ballot", "close", again, "-y")
    for person in (room.p32, room.p33):
        person("ballot", "paper", again, "--tally", "-", input="5 0\n4 1 0 0 0\n5 0 0 0 0\n")
    room.p33.refused(13, "ballot", "certify", again)  # counted with the own entry
    room.p32("ballot", "certify", again)
    assert room.result(HEAD, again)["tallies"][0]["counts"] == [4, 1, 0, 0]


# ---- the masses ----------------------------------------------------------------------------------

def test_mass_representatives_vote(room):
    """Who sat in the review has a slip, by name on the roll and with no account here."""
    room.p30("eval", "open", "SB26-14")
    masses = room.p30.json(
        "rep", "choose", "14", "--year", 2026, "--how-chosen", "工会从各教研室抽签", "--chosen-by",
        "学院工会", *(w for n in range(1, 8) for w in ("--representatives",
                                               f"name=群众{n},category=教师,unit=基础部")))
    room.p30("rep", "seat", masses["massSessionId"], "--held-on", "今天", "--absent-nos", 3)
    prepare = ("SB26-14", "--purpose", "群众代表评议党支部")
    # what was made for members is not put before the masses
    room.p30.refused(3, "ballot", "prepare", *prepare, "--item-set-id", "CX26.1", "--held-on",
                     "今天", "--place", "201", "--scrutineer-id", SCRUTINEER, "--teller-id",
                     TELLER, "--key-holder-id", HOLDER)
    room.adopt("MASSES_ON_BRANCH", "群众评判", ["联系群众", "为群众办实事"],
               ["满意", "较满意", "基本满意", "不满意"])
    session = room.prepare(*prepare)
    codes = room.open(session)
    roll = room.p32.json("ballot", "voters", session)
    assert (roll["entitled"], roll["present"]) == (7, 6)
    assert {r["standing"] for r in roll["roll"]} == {"MASSES"}
    for code, mark in zip(codes, ("满意", "1", "1", "2", "3", "")):
        room.vote(session, code, mark, "1")
    room.count(session)
    first = room.result(HEAD, session)["tallies"][0]
    assert (first["counts"], first["blank"]) == ([3, 1, 1, 0], 1)
    sheet = room.p30("eval", "show", "SB26-14").out
    assert "群众评判" in sheet and "应到7 实到6 收回6 有效6 无效0" in sheet
    # on the page each session stands once, by who appraised whom
    room.p30("eval", "show", "SB26-14", "--html", "-o", "四评.html")
    page = (room.p30.dir / "四评.html").read_text()
    assert page.count(session) == 1 and "群众代表评议党支部" in page
