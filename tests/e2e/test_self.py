"""A branch builds itself up over the year, with the real client: rounds for all, the
three ways of filling in the self-assessment, what is found and who sees it, problems,
guidance, the standard's next version and what it may ask."""
import contextlib
import json
import os
import pty
import re
import subprocess

import pytest

from college import BIN

LINE = re.compile(r"(?m)^(\[\d.+\d*\] .* = )$")


@pytest.fixture(scope="module")
def general(college):
    """The secretary of the level above branch 14."""
    return college.enrol("总支", "党总支书记", "Z2", role="general_branch_secretary")


@pytest.fixture(scope="module")
def member(college):
    """A member of the branch committee of 14: the second hand in one form."""
    return college.enrol("支委14", "支委", "14", role="branch_committee_member")


@pytest.fixture(scope="module")
def other(college):
    return college.enrol("书记28", "党支部书记", "28", role="branch_secretary")


@pytest.fixture(scope="module")
def rounds(college):
    """Every branch has its round."""
    return college.officer.json("round", "open", "-y")


@pytest.fixture
def secretary(college, rounds):
    return college.secretary


def at_terminal(person, *words, typed, **env):
    """(exit code, what was shown) of a command whose questions somebody answers."""
    master, slave = pty.openpty()
    p = subprocess.Popen([BIN / "zhibu", "--as", person.acting, *words], stdin=slave,
                         stdout=slave, stderr=slave, cwd=person.dir,
                         env=person.env(TERM="dumb", **env))
    os.close(slave)
    os.write(master, typed.encode())
    shown = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    return p.wait(30), shown.decode(errors="replace").replace("\r\n", "\n")


@contextlib.contextmanager
def cut_off(person):
    """The person's machine without the server."""
    conf = next((person.dir / "config").rglob("*.conf"))
    kept = conf.read_text()
    conf.write_text(kept.replace(str(person.server.member_port), "1"))
    try:
        yield {"ZHIBU_RETRY": "1,1"}
    finally:
        conf.write_text(kept)


def items(person):
    return {r["item"]: r for r in person.json("self", "show")["items"]}


# ---- rounds -------------------------------------------------------------------------------

def test_rounds_of_every_branch_at_once(college, rounds):
    opened = [r["orgId"] for r in rounds["opened"]]
    assert len(opened) == 30 and opened == sorted(opened)
    again = college.officer.json("round", "open", "-y")
    assert again.get("opened", []) == [] and len(again["leftOut"]) == 30
    college.secretary.refused(5, "round", "open", "-y")


def test_the_board_is_in_code_order_and_counts_nothing(college, secretary):
    board = college.officer("round", "list", "--board").out
    assert re.findall(r"(?m)^(\d\d) ", board) == [f"{n:02}" for n in range(1, 31)]
    assert "不分先后" in board and "%" not in board
    assert re.search(r"^编号 +自创 +自评 +申报 +四评 +审议 +公示 +评定", board, re.M), board
    secretary.refused(5, "round", "list", "--board")


# ---- three equal ways -----------------------------------------------------------------------

def test_table_out_and_in(secretary):
    secretary("self", "form", "--csv", "-o", "自评表.csv")
    path = secretary.dir / "自评表.csv"
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = raw.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("自评表,ZP26-14,修订号,0,校验码,")
    # as a spreadsheet of this country saves it, two rows swapped and one of one's own
    at = next(i for i, r in enumerate(rows) if r.startswith("[3.1]"))
    rows[at] = rows[at].rstrip(",") + ",１,逐次公布到会情况"
    rows[at], rows[at + 1] = rows[at + 1], rows[at]
    rows.insert(at, "小计,,,,")
    path.write_bytes("\r\n".join(rows).encode("gb18030"))
    assert secretary.json("self", "import", "自评表.csv")["changed"] == ["3.1"]
    assert items(secretary)["3.1"]["judgement"] == "MET"


def test_table_defects_by_cell(secretary):
    """Unknown items, changed fixed cells, wrong words: each by its cell, all at once."""
    secretary("self", "form", "--csv", "-o", "坏.csv")
    path = secretary.dir / "坏.csv"
    rows = path.read_text("utf-8-sig").splitlines()
    rows[3] = rows[3].replace("旗帜鲜明讲政治", "旗帜鲜明")
    rows[4] = rows[4].rstrip(",") + ",优秀,"
    rows[5] = rows[5].replace("[1.3]", "[1.9]")
    path.write_text("\n".join(rows))
    r = secretary.refused(3, "self", "import", "坏.csv")
    assert "C4单元格" in r.err and "D5单元格" in r.err and "A6单元格" in r.err and "3处" in r.err
    path.write_bytes(b"\xff\xff,\n")
    secretary.refused(3, "self", "import", "坏.csv")


def test_table_with_a_wrong_checksum_is_read_if_every_cell_is_right(secretary):
    secretary("self", "form", "--csv", "-o", "码.csv")
    path = secretary.dir / "码.csv"
    path.write_text(re.sub("校验码,[A-P]+", "校验码,AAAAAAAA", path.read_text()))
    assert "校验码（F1）" in secretary("self", "import", "码.csv").err


def test_text_form_wide_and_in_gbk(secretary):
    text = secretary("self", "form").out.replace("[3.2]", "［３．２］")
    text = re.sub(r"(?m)^(［３．２］.*) = $", r"\1 ＝ 不足\n  说明：批评偏少", text)
    (secretary.dir / "国标.txt").write_bytes(text.encode("gb18030"))
    assert secretary.json("self", "import", "国标.txt")["changed"] == ["3.2"]
    assert items(secretary)["3.2"]["narrative"] == "批评偏少"


def test_text_form_defects_by_line(secretary):
    text = secretary("self", "form").out
    text = text.replace("旗帜鲜明讲政治", "旗帜鲜明") + "[9.9] 新加的 = 达到\n"
    (secretary.dir / "错.txt").write_text(text)
    r = secretary.refused(3, "self", "import", "错.txt")
    line = text[:text.index("[1.1]")].count("\n") + 1
    assert f"第{line}行" in r.err and "旗帜鲜明讲政治" in r.err and "9.9" in r.err and "2处" in r.err


def test_guided_questions(college, secretary):
    """Numbered choices; b back, s save and leave; the draft is there after each answer."""
    r = secretary.refused(2, "self", "edit", "--guide")
    assert "zhibu self form" in r.err
    code, shown = at_terminal(secretary, "self", "edit", "1.1", "--guide",
                              typed="9\n1\n主题鲜明\n2\nb\n３\n\ns\n")
    assert code == 0 and "1 达到   2 不足   3 不适用" in shown and "zhibu sync" in shown
    draft = next((secretary.dir / "config").rglob("drafts/ZP26-14.txt"))
    text = draft.read_text()
    assert "[1.1] 旗帜鲜明讲政治 = 达到\n  说明: 主题鲜明" in text
    assert re.search(r"\[1.2\] .* = 不适用", text)
    assert "judgement" not in items(secretary)["1.1"], "nothing was sent yet"
    assert "ZP26-14" in secretary("status").out
    # without a network the draft goes on
    with cut_off(secretary) as env:
        code, shown = at_terminal(secretary, "self", "edit", "1.3", "--guide",
                                  typed="1\n\ns\n", **env)
    assert code == 0 and re.search(r"\[1.3\] .* = 达到", draft.read_text())
    secretary("sync")
    assert items(secretary)["1.1"]["judgement"] == "MET" and not draft.exists()
    assert items(secretary)["1.3"]["judgement"] == "MET"


def test_stale_save_shows_the_three_and_loses_nothing(secretary, member):
    """T52: somebody else was there first."""
    secretary("self", "form", "-o", "旧.txt")
    path = secretary.dir / "旧.txt"
    path.write_text(re.sub(r"(?m)^(\[4\.[23]\] .*) = $", r"\1 = 不足\n  说明: 我写的", path.read_text()))
    member("self", "edit", "4.2", "--judgement", "达到", "--narrative", "支委写的")
    r = secretary.refused(7, "self", "import", "旧.txt")
    assert re.search(r"4\.2 +原来的", r.out) and "我写的" in r.out and "支委写的" in r.out
    assert "--keep mine" in r.err
    assert items(secretary)["4.2"]["narrative"] == "支委写的"
    secretary.refused(2, "self", "import", "旧.txt", "--keep", "谁")
    secretary("self", "import", "旧.txt", "--keep", "theirs")
    now = items(secretary)
    assert now["4.2"]["narrative"] == "支委写的" and now["4.3"]["narrative"] == "我写的"
    secretary("self", "import", "旧.txt", "--keep", "mine")
    assert items(secretary)["4.2"]["narrative"] == "我写的"
    assert "已经是这样" in secretary("self", "import", "旧.txt").err


def test_a_form_filled_in_off_line_is_sent_once(secretary):
    """Looked over without a network; what was to be sent waits as the draft."""
    secretary("self", "form", "--csv", "-o", "离线.csv")
    path = secretary.dir / "离线.csv"
    text = path.read_text()
    path.write_text(text.replace("遵守群众纪律", "遵守纪律"))
    with cut_off(secretary) as env:
        assert "单元格" in secretary.refused(3, "self", "import", "离线.csv", env=env).err
    path.write_text(text.replace("遵守群众纪律,,", "遵守群众纪律,达到,"))
    before = secretary.json("self", "show")["revision"]
    with cut_off(secretary) as env:
        # the questions begin from the form fetched last
        code, shown = at_terminal(secretary, "self", "edit", "5.2", "--guide", typed="s\n", **env)
        assert code == 0 and "离线" in shown
        next((secretary.dir / "config").rglob("drafts/*.txt")).unlink()
        r = secretary.refused(9, "self", "import", "离线.csv", env=env)
        assert "zhibu sync" in r.err
    secretary("sync")
    secretary("sync")
    now = secretary.json("self", "show")
    assert now["revision"] == before + 1
    assert items(secretary)["5.3"]["judgement"] == "MET"


# ---- what is found, and who sees it ----------------------------------------------------------

def test_T31_T32_hints_are_the_branchs_alone(college, secretary, general):
    said = "2026年3月5日学习了2026年4月1日印发的条例，会后逐人谈体会"
    r = secretary("self", "edit", "1.2", "--judgement", "达到", "--narrative", said)
    assert "学习日期 2026-03-05 早于" in r.err, "T31: at entry"
    secretary("self", "edit", "1.3", "--judgement", "达到", "--narrative", said)
    r = secretary.refused(3, "self", "check")
    assert re.search(r"提醒 .*1\.3.*与 1\.2", r.out) and "错误" in r.out and "2026-03-05" in r.out
    for who in (college.officer, college.head, general):
        who.refused(5, "self", "check", "ZP26-14")
        shown = who("self", "show", "ZP26-14").out + who("round", "show", "LC26-14").out
        assert "早于" not in shown and "几乎相同" not in shown


def test_T13_a_meeting_below_half_adopts_nothing(college, secretary):
    (secretary.dir / "全.txt").write_text(LINE.sub(r"\1达到", secretary("self", "form").out))
    secretary("self", "import", "全.txt")
    assert "没有要改的" in secretary("self", "check").out, "hints hold nothing up"
    words = ["self", "adopt", "--held-on", "10-12", "--meets-conditions"]
    r = secretary.refused(3, *words, "--present", 12, "--in-favour", 12)
    assert "至少13人" in r.err
    r = secretary(*words, "--present", 13, "--in-favour", 13)
    assert "应到25" in r.out, "NF-8: the roster knows"


def test_history_and_difference(college, secretary):
    secretary("self", "reopen", "-y")
    secretary("self", "edit", "5.1", "--judgement", "不足", "--narrative", "走访偏少")
    diff = secretary("self", "diff").out
    assert "5.1" in diff and "达到 → 不足" in diff and "+ 走访偏少" in diff
    secretary("self", "adopt", "--held-on", "10-12", "--present", 22, "--in-favour", 21,
              "--meets-conditions")
    assert len(secretary.json("self", "history")["versions"]) == 2
    assert "没有不同" in secretary("self", "diff", "--old-version", 2).out
    r = secretary.refused(3, "self", "diff", "--last-year")
    assert "上年" in r.err


# ---- problems, guidance ------------------------------------------------------------------------

def test_a_problem_from_the_masses_to_its_end(college, secretary, general):
    gap = secretary.json("gap", "add", "报修慢", "--item", "5.5", "--source", "群众反映")["gapId"]
    secretary("gap", "plan", gap, "--measure", "专人盯", "--responsible", "组织委员", "--due-on",
              "11-30")
    secretary("gap", "raise", gap, "-m", "要后勤处配人", "-y")
    college.officer("gap", "answer", gap, "--owner", "后勤处", "-m", "本月配一人")
    secretary("gap", "done", gap, "--result", "三天内修好")
    secretary.refused(3, "gap", "confirm", gap)
    r = secretary.refused(3, "gap", "confirm", gap, "--held-on", "10-12", "--present", 12,
                          "--in-favour", 12)
    assert "至少13人" in r.err, "T13"
    secretary("gap", "confirm", gap, "--accepted=否", "-m", "再看一周")
    secretary("gap", "done", gap, "--result", "两天内修好")
    secretary("gap", "confirm", gap, "--held-on", "10-12", "--present", 22, "--in-favour", 22)
    secretary("gap", "close", gap)
    found = college.officer.json("gap", "add", "会议记录不全", "--org-id", "14")["gapId"]
    assert "督查" in general("gap", "list").out
    secretary("gap", "plan", found, "--measure", "补齐", "--responsible", "书记", "--due-on", "11-30")
    secretary("gap", "progress", found, "-m", "已补")
    secretary("gap", "done", found, "--result", "已补齐")
    secretary.refused(3, "gap", "confirm", found, "--held-on", "10-12", "--present", 22,
                      "--in-favour", 22)
    college.officer("gap", "confirm", found)


def test_T1_open_problems_go_on_in_the_next_round(college, other):
    """T1, the side of rounds and problems: what is not done is taken along, its origin
    shown."""
    gap = other.json("gap", "add", "分工不清")["gapId"]
    college.sql("UPDATE data.round SET ended_on = '2026-10-12', state = 'ENDED_REORG'"
                " WHERE org_id = '28'")
    opened = college.officer.json("round", "open", "-y")["opened"]
    assert [(r["orgId"], r["carriedGaps"]) for r in opened] == [("28", [gap + "-2"])]
    assert f"（接续自 {gap}）" in other("gap", "list").out


def test_guidance_has_a_reply_and_is_no_demand(college, secretary, general, other):
    told = general.json("guidance", "add", "会前先谈心", "--item", "3.2", "--org-ids", "14")
    duties = [d["request"] for d in secretary.json("next").get("duties", [])]
    assert not [d for d in duties if "guidance" in d]
    secretary("guidance", "reply", told["guidanceId"], "-m", "已逐人谈心")
    assert "已逐人谈心" in general("guidance", "show", told["guidanceId"]).out
    other.refused(5, "guidance", "show", told["guidanceId"])
    period = college.party_secretary.json("guidance", "add", "集中建设月", "--start-on", "11-01",
                                          "--end-on", "11-30")
    assert len(period["orgIds"]) == 30


# ---- nothing is added on the way down --------------------------------------------------------------

def test_T33_a_level_between_adds_nothing_and_moves_no_day_earlier(college, general, secretary):
    r = general.refused(3, "standard", "explain", "--items", "code=3.9,text=必须附照片")
    assert "NF-9" in r.err and "3.9" in r.err
    r = general.refused(3, "standard", "explain", "--items", "code=3.1,text=每月十张照片,guidance=x")
    assert "NF-9" in r.err
    general("standard", "explain", "--items", "code=3.1,guidance=会前逐人谈心也写进来")
    assert "智能制造党总支）会前逐人谈心" in secretary("self", "form").out
    college.officer("window", "set", "--opens-at", "2026-10-01 08:00", "--closes-at",
                    "2026-11-10 18:00", "-m", "年度申报", "-y")
    r = general.refused(3, "window", "set", "--closes-at", "2026-11-01 18:00", "-m", "早些", "-y")
    assert "NF-10" in r.err
    general("window", "set", "--closes-at", "2026-11-11 18:00", "-m", "停电一天", "-y")


def test_T15_an_hour_late_because_the_server_was_down(college, secretary):
    """The end is moved for all, with the reason on record; for one alone not without one."""
    secretary("app", "new")
    secretary("app", "edit", "--summary", "对照标准开展自创。", "--remaining-problems", "走访偏少。",
              "--next-steps", "每月走访。")
    secretary("app", "adopt", "--same-meeting")
    college.sql("UPDATE data.window_version SET closes_at = flow.now() - interval '1 hour'")
    assert "已于" in secretary.refused(8, "app", "submit", "-y").err
    later = ["window", "set", "--closes-at", "2026-11-12 18:00"]
    college.officer.refused(3, *later, "-y")
    college.officer.refused(3, *later, "--org-id", "14", "-y")
    secretary.refused(5, *later, "-m", "晚了一小时", "-y")
    college.officer(*later, "-m", "服务器停机一小时", "-y")
    assert "服务器停机一小时" in secretary("window", "list").out
    secretary("app", "submit", "-y")
    secretary("app", "withdraw", "SB26-14", "--confirm", "SB26-14")


def test_the_next_version_and_what_it_may_ask(college, secretary):
    officer, party = college.officer, college.party_secretary
    draft = json.loads(officer("--json=groups", "standard", "show").out)
    draft["groups"][2]["items"].append({"code": "3.8", "text": "实习党员参加组织生活",
                                        "appliesTo": ["学生"]})
    (officer.dir / "草案.json").write_text(json.dumps(draft))
    r = officer("standard", "draft", "-f", "草案.json")
    assert "学生支部由37项变为38项" in r.out and "教工支部37项" in r.out
    assert "实习党员" in officer("standard", "diff").out
    party("burden", "set", 37, "--basis", "党委会2026年第3次会议", "-y")
    words = ["standard", "adopt", "BZ26.2", "--basis", "党委会2026年第12次会议", "--confirm", "BZ26.2"]
    r = party.refused(3, *words)
    assert "NF-9" in r.err and "--burden-decision" in r.err
    officer.refused(5, *words)
    party(*words, "--burden-decision", "党委会2026年第12次会议第4项")
    assert "学生支部38项" in secretary("burden", "show").out
    assert secretary.json("round", "show")["standardVersionId"] == "BZ26.1", "S-46: pinned"


def test_T48_a_file_marked_secret_is_refused_with_advice(secretary):
    (secretary.dir / "机密材料.pdf").write_bytes(b"%PDF-1.4\n")
    r = secretary.refused(3, "file", "add", "机密材料.pdf", "--not-classified")
    assert "秘密" in r.err or "涉密" in r.err
