"""The four streams with the real client: notes, the duty review, representatives,
surveys, letters, clearances, and the sheet of one branch.  Numbers are those of the
trick cases the tests are for."""
import hashlib
import os
import re
import threading
import time
from unicodedata import east_asian_width

import pytest

from wire import Wire, request

CODE = re.compile(r"(?:[0-9A-Z]{4}-){4}[0-9A-Z*~$=]")
SURVEY = "DC26-14-2"


@pytest.fixture(scope="module")
def room(college):
    """Branch 14's evaluations under way, and the people of them."""
    college.secretary("round", "start")
    college.known = college.on_its_way()
    college.discipline = college.enrol("纪检", "纪检干部", "DW", role="discipline")
    college.member = college.enrol("支委14", "支委", "14", role="branch_committee_member")
    # T23: this officer of the department belongs to the branch
    college.own = college.enrol("组织员甲", "组织员", "ZZB", 1, role="od_officer")
    person = college.person_id(college.holder("组织员", "ZZB", 1))
    college.sql("INSERT INTO data.affiliation (person_id, org_id, kind, standing, from_on)"
                f" VALUES ('{person}', '14', 'DUAL_LIFE', 'FULL', '2026-01-01')")
    college.voter = college.person("公用电脑")
    college.voter("profile", "add", "票", "--server", f"127.0.0.1:{college.public_port}",
                  "--authority", college.officer.dir / "config/profiles/default/authority.der")
    return college


def answer(room, *lines, survey=SURVEY):
    return room.voter.run("-P", "票", "survey", "answer", survey, "--answer-file", "-",
                          input="\n".join(lines) + "\n")


# ---- organisation ------------------------------------------------------------------------

def test_a_note_is_corrected_in_the_open(room):
    """Both versions and the reason are there; an internal note is not for the branch."""
    officer, note = room.officer, room.known["note_id"]
    assert "原因" in officer.refused(3, "note", "correct", note, "--text", "参加了两次").err
    officer("note", "correct", note, "--reason", "次数记错", "--text", "参加了两次主题党日。")
    shown = officer("note", "list", "14").out
    assert "参加主题党日。" in shown and "参加了两次主题党日。" in shown and "次数记错" in shown
    assert note not in room.secretary("note", "list").out
    room.secretary.refused(5, "note", "show", note)
    officer("note", "add", "14", "--source", "督查", "--happened-on", "10-11", "--text",
            "台账补齐了。", "--visibility", "支部可见")
    for reader in (room.secretary, room.member, room.own):
        shown = reader("note", "list", "14").out
        assert "台账补齐了。" in shown and "主题党日" not in shown


def test_the_duty_review_takes_the_report_as_it_is(room):
    """NF-8: the secretary writes it once; who it is about reads what was said."""
    room.secretary("duty", "report", "--year", 2026, "--done", "抓了三件事", "--problems",
                   "批评不够", "--next-steps", "会前谈心")
    room.officer("duty", "add", "14", "--year", 2026, "--grade", "较好", "--decided-by", "党委",
                 "--decided-on", "10-12", "--demands", "谈心要坚持")
    shown = room.secretary("duty", "show", "SZ26-14-2").out
    assert "抓了三件事" in shown and "较好" in shown and "谈心要坚持" in shown
    room.secretary.refused(3, "duty", "report", "--year", 2026, "--done", "x", "--problems",
                           "x", "--next-steps", "x")
    room.member.refused(5, "duty", "show", "SZ26-14-2")
    room.own.refused(5, "duty", "show", "SZ26-14-2")


# ---- masses ------------------------------------------------------------------------------

def test_a_branch_does_not_choose_its_judges(room):
    people = ["--representatives", "name=白音,category=教师", "--representatives",
              "name=高娃,category=教师"]
    r = room.officer.refused(3, "rep", "choose", "14", "--year", 2026, "--how-chosen",
                             "支委会提名", "--chosen-by", "本支部", *people)
    assert "不能由被评的支部（14）自己产生" in r.err
    room.officer("rep", "choose", "14", "--year", 2026, "--how-chosen", "工会从各教研室抽签",
                 "--chosen-by", "工会", *people)
    room.officer("rep", "seat", "QZ26-14", "--held-on", "10-12", "--absent-nos", 2)
    assert "工会从各教研室抽签" in room.secretary("rep", "show", "QZ26-14").out


def test_questions_and_drawn_codes(room):
    """T9, T10, T39: one answer a code; a code nobody made answers nothing."""
    officer = room.officer
    room.head("questions", "adopt", "--title", "群众评判调查", "--basis", "部务会",
              "--questions", "联系群众", "--questions", "为群众办实事", "--free-text",
              "意见和建议", "-y")
    officer("survey", "new", "SB26-14", "--categories", "教师", "--closes-on", "11-30")
    r = officer.refused(2, "survey", "slips", SURVEY)
    assert "--count 180" in r.err
    officer("survey", "slips", SURVEY, "--count", 8, "-o", "调查码.txt")
    officer("survey", "slips", SURVEY, "--count", 2, "-o", "加发.html")
    officer.refused(2, "survey", "slips", SURVEY, "--count", 2, "-o", "加发.html")
    sheet = (officer.dir / "调查码.txt").read_text()
    room.codes = CODE.findall(sheet) + CODE.findall((officer.dir / "加发.html").read_text())
    assert len(room.codes) == len(set(room.codes)) == 10
    assert "答卷不记时间、地址和先后" in sheet  # what is promised is on the slip
    officer("survey", "open", SURVEY)
    first = answer(room, room.codes[0], "1", "较满意", "报修快了")
    assert first.code == 0 and "已收到" in first.out
    assert answer(room, room.codes[0], "1", "较满意", "报修快了").code == 0
    again = answer(room, room.codes[0], "4", "4", "")
    assert again.code == 7 and "一个码只收一份" in again.err
    assert answer(room, "0000-0000-0000-0000-0", "1", "1", "").code in (5, 6)
    assert answer(room, room.codes[1], "9", "1", "").code == 2
    for code in room.codes[1:7]:
        assert answer(room, code, "2", "", "").code == 0


def test_nothing_shows_before_the_close_and_no_word_after(room):
    officer = room.officer
    assert "收回" not in officer("survey", "show", SURVEY).out
    for reader in (room.secretary, room.member):
        reader.refused(5, "survey", "show", SURVEY)
    room.own.refused(5, "survey", "show", SURVEY)
    officer("survey", "close", SURVEY, "-y")
    shown = officer("survey", "show", SURVEY).out
    assert "发出10份，收回7份" in shown and "报修快了" in shown
    assert re.search(r"联系群众 +1 +6 +0 +0 +0", shown)
    assert re.search(r"为群众办实事 +0 +1 +0 +0 +6", shown)
    sheet = officer("eval", "show", "SB26-14").out
    assert "收回7份" in sheet and "报修快了" not in sheet
    assert answer(room, room.codes[8], "1", "1", "").code == 8
    log = room.sql("SELECT coalesce(string_agg(encode(payload, 'escape'), ''), '')"
                   " FROM audit.event")[0][0]
    assert "较满意" not in log and room.codes[0] not in log


def test_T39_an_open_survey_is_unverified_everywhere(room):
    """T39: with as many places as people were asked, and marked wherever it is shown."""
    officer = room.officer
    officer("survey", "new", "SB26-14", "--categories", "教师", "--unverified")
    officer.refused(3, "survey", "slips", "DC26-14-3", "--count", 5, "-o", "x.txt")
    officer("survey", "open", "DC26-14-3", "--given-out", 3)
    for _ in range(3):
        assert answer(room, "1", "1", "", survey="DC26-14-3").code == 0
    full = answer(room, "4", "4", "", survey="DC26-14-3")
    assert full.code == 8 and "已达到发出的人数" in full.err
    officer("survey", "close", "DC26-14-3", "-y")
    assert "未验证" in officer("survey", "show", "DC26-14-3").out
    assert "未验证" in officer("survey", "list", "SB26-14").out
    assert "未验证" in officer("eval", "show", "SB26-14").out
    officer("eval", "show", "SB26-14", "--html", "-o", "表.html")
    assert "未验证" in (officer.dir / "表.html").read_text()


LINES, AGAIN = 12, 7
# with ZHIBU_LONG the peak of one college: 10,000 answers in ten minutes
VOLUME, SECONDS = (10000, 600) if os.environ.get("ZHIBU_LONG") else (600, 0)
PART = 500  # codes in one request
TURN = 50  # answers on one connection: it has an end


def test_volume_of_a_survey(room):
    """Many at once over the wire, some sent twice as after a broken line: nothing is
    lost, nothing is counted twice."""
    officer = room.officer
    officer("survey", "new", "SB26-14", "--categories", "学生")
    tokens = [hashlib.sha256(f"student {i}".encode()).digest() for i in range(VOLUME)]
    hashes = [hashlib.sha256(t).digest() for t in tokens]
    w = Wire(room.member_port, *room.credentials(
        room.person_id(room.holder("组织员", "ZZB", 2))))
    for at in range(0, VOLUME, PART):
        listed = w.ask(request("list_codes", acting=officer.acting, survey_id="DC26-14-4",
                               token_hashes=sorted(hashes[at:at + PART])))
        assert listed.HasField("list_codes"), listed
    w.close()
    officer("survey", "open", "DC26-14-4")
    options = ["SATISFIED", "FAIRLY_SATISFIED", "BASICALLY_SATISFIED", "DISSATISFIED"]
    wrong = []
    begun = time.monotonic()

    def answer_one(w, i):
        time.sleep(max(0, begun + SECONDS * i / VOLUME - time.monotonic()))
        r = request("answer_survey", survey_id="DC26-14-4", token=tokens[i],
                    marks=[options[i % 4], options[i % 3]])
        for _ in range(2 if i % AGAIN == 0 else 1):
            reply = w.ask(r, signed=False)
            if reply.HasField("refusal"):
                wrong.append((i, reply.refusal.code))

    def line(k):
        mine = range(k, VOLUME, LINES)
        for at in range(0, len(mine), TURN):
            w = Wire(room.public_port)
            for i in mine[at:at + TURN]:
                answer_one(w, i)
            w.close()

    threads = [threading.Thread(target=line, args=(k,)) for k in range(LINES)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(SECONDS + 60)
    assert not wrong and not any(t.is_alive() for t in threads)
    print(f"{VOLUME} answers in {time.monotonic() - begun:.0f} s")
    officer("survey", "close", "DC26-14-4", "-y")
    result = officer.json("survey", "show", "DC26-14-4")["result"]
    assert result["answers"] == VOLUME
    assert [t["counts"] for t in result["tallies"]] == [
        [len(range(j, VOLUME, 4)) for j in range(4)],
        [len(range(j, VOLUME, 3)) for j in range(3)] + [0]]


# ---- society, clearance ------------------------------------------------------------------

def test_T38_a_reply_is_split(room):
    """T38: what is said of a person is the department's; silence is no word."""
    officer = room.officer
    officer("letter", "reply", room.known["letter_id"], "--replied-on", "10-12",
            "--about-branch", "配合好", "--about-individuals", "某教师收礼")
    assert "某教师收礼" in officer("letter", "show", room.known["letter_id"]).out
    room.own.refused(5, "letter", "show", room.known["letter_id"])
    sheet = officer("eval", "show", "SB26-14").out
    assert "配合好" in sheet and "收礼" not in sheet
    assert "未回复不作赞成或反对理解" in re.sub(r"\s", "", sheet)


def test_a_clearance_shows_open_or_answered(room):
    """T6: nothing but that on the sheet; the annex is the head's."""
    officer, clearance = room.officer, room.known["clearance_id"]
    assert "未答复" in officer("eval", "show", "SB26-14").out
    assert clearance in room.discipline("next").out
    room.discipline("clearance", "answer", clearance, "--conclusion", "见保密附件", "--annex",
                    "某党员正在核查")
    assert "核查" not in officer("clearance", "show", clearance).out
    assert "核查" in room.head("clearance", "show", clearance).out
    sheet = officer("eval", "show", "SB26-14").out
    assert "纪检" in sheet and "已答复" in sheet and "保密附件" not in sheet
    room.secretary.refused(5, "clearance", "list", "SB26-14")


# ---- streams -----------------------------------------------------------------------------

def test_an_officer_of_the_branch_sees_no_more_than_a_member(room):
    """T23: states and the branch's own problems."""
    shown = room.own("eval", "show", "SB26-14").out
    assert "您是这个支部的党员" in shown and "批评意见偏少" in shown
    for word in ("配合好", "收回", "访谈", "较好", "纪检", "共建"):
        assert word not in shown
    room.own.refused(5, "talk", "list", "SB26-14")
    room.own.refused(5, "letter", "list", "SB26-14")
    room.own.refused(5, "note", "add", "14", "--source", "走访", "--happened-on", "10-12",
                     "--text", "x")


def test_a_locked_stream_is_not_edited(room):
    """T45: a new version with a reason, by two people; the old one is shown beside it."""
    officer, head = room.officer, room.head
    officer("eval", "close", "PS26-14-ORG")
    officer("eval", "summary", "PS26-14-ORG", "-m", "班子分工清楚")
    officer.refused(13, "eval", "lock", "PS26-14-ORG")
    head("eval", "lock", "PS26-14-ORG")
    officer.refused(3, "eval", "summary", "PS26-14-ORG", "-m", "改一改")
    officer.refused(5, "eval", "reopen", "PS26-14-ORG", "--reason", "补充")
    assert head.run("eval", "reopen", "PS26-14-ORG", "--reason", "漏记一次督查").code == 13
    officer.agree()
    officer("eval", "close", "PS26-14-ORG")
    officer("eval", "summary", "PS26-14-ORG", "-m", "班子分工清楚，督查中整改快")
    head("eval", "lock", "PS26-14-ORG")
    shown = officer("eval", "show", "SB26-14").out
    assert "漏记一次督查" in shown and "督查中整改快" in shown


def test_not_carried_out_with_a_reason(room):
    room.officer.refused(3, "eval", "close", "PS26-14-MEM")
    room.officer.refused(3, "eval", "skip", "PS26-14-MEM", "--reason", " ")
    assert "测评" in room.officer.refused(3, "eval", "skip", "PS26-14-MEM", "--reason",
                                        "党员都在外地实习").err


def test_T34_no_list_in_another_order(room):
    """T34: there is nothing to sort by; branches stand in code order."""
    for words in (["app", "list"], ["survey", "list", "SB26-14"], ["eval", "show", "SB26-14"]):
        assert room.officer.run(*words, "--sort", "好").code == 2
        assert room.officer.run(*words, "--order", "count").code == 2


def test_the_sheet_fits_eighty_columns(room):
    shown = room.officer("eval", "show", "SB26-14", env={"COLUMNS": "80"}).out
    wide = [line for line in shown.splitlines()
            if sum(2 if east_asian_width(c) in "WF" else 1 for c in line) > 80]
    assert wide == []
    assert not re.search(r"总分|得分|合计：|平均|%", shown)
