"""The real client as people and scripts meet it: offices, languages, output wherever
it goes, mistakes on the command line, and a line that breaks at the worst moment
(cases 43, 51, 103, 107 to 112 of the list of bad inputs)."""
import json
import os
import pty
import re
import signal
import subprocess
import time
import unicodedata

import pytest

from college import AS_USER, BIN, ROOT, wait_for
from proxy import Proxy
from test_contract import COMMANDS, HAN, REQUESTS, WORDS, words_of

ONE_TRY = {"ZHIBU_RETRY": "1,1"}


@pytest.fixture(scope="module")
def secretary(college):
    college.secretary("round", "start")
    return college.secretary


@pytest.fixture(scope="module")
def officer(college):
    return college.officer


def config_of(person):
    conf, = person.dir.rglob("profile.conf")
    return conf


class Through:
    """This person's requests pass the proxy while this is open."""

    def __init__(self, person, proxy):
        self.conf = config_of(person)
        self.kept = self.conf.read_text()
        self.conf.write_text(self.kept.replace(str(person.server.member_port),
                                               str(proxy.port)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.conf.write_text(self.kept)


def started(person, *words, **env):
    """The command, running."""
    words = ["--as", person.acting, *words] if person.acting else list(words)
    return subprocess.Popen([str(BIN / "zhibu"), *map(str, words)], text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, cwd=person.dir, env=person.env(**env))


def units(server, name):
    return int(server.sql("SELECT count(*) FROM data.outside_unit"
                          f" WHERE name = '{name}'")[0][0])


def outbox(person):
    folder = config_of(person).parent / "outbox"
    return sorted(folder.glob("*")) if folder.exists() else []


def writes(server):
    return server.sql("SELECT count(*) FROM audit.event"
                      " WHERE request <> 'machine_psql'")[0][0]


# ---- offices ---------------------------------------------------------------------------

@pytest.fixture(scope="module")
def two_hats(college):
    """A member of the committee of branch 01 and of the college's."""
    return college.enrol("其其格", "党委委员", "DW", 1 + [
        college.holder("党委委员", "DW", n) for n in range(1, 9)].index("BY0004"))


def test_several_offices_and_none_chosen(two_hats):
    told = two_hats("whoami").out
    assert "committee_member@DW" in told and "branch_committee_member@01" in told
    r = two_hats.refused(3, "people", "list")
    assert "党委委员@DW" in r.err and "支委@01" in r.err


def test_as_is_for_one_command(two_hats):
    listed = two_hats("people", "list", "--as", "branch_committee_member@01").out
    assert "BY0004" in listed
    # in words, folded, or from the environment it is the same
    for said in ("支委@01", "支委＠０１"):
        assert two_hats("people", "list", "--as", said).out == listed
    assert two_hats("people", "list", env={"ZHIBU_AS": "支委@01"}).out == listed
    two_hats.refused(3, "people", "list")
    two_hats.refused(5, "people", "list", "--as", "branch_secretary@01")


def test_use_is_kept(two_hats):
    before = config_of(two_hats).read_text()
    two_hats("use", "-n", "支委@01")
    assert config_of(two_hats).read_text() == before
    two_hats("use", "01")
    assert "BY0004" in two_hats("people", "list").out
    assert re.search(r"\*\s+branch_committee_member@01", two_hats("use").out)
    two_hats("use", "committee_member@DW")
    assert re.search(r"\*\s+committee_member@DW", two_hats("whoami").out)
    two_hats.refused(2, "use", "branch_secretary@14")
    assert re.search(r"\*\s+committee_member@DW", two_hats("whoami").out)


def on_terminal(person, *words, typed=""):
    """(exit code, what the terminal showed) of a command somebody types at; the
    answers are in `typed`, a line each."""
    words = ["--as", person.acting, *words] if person.acting else list(words)
    master, slave = pty.openpty()
    p = subprocess.Popen([BIN / "zhibu", *map(str, words)], stdin=slave, stdout=slave,
                         stderr=slave, cwd=person.dir, env=person.env(TERM="xterm"))
    os.close(slave)
    os.write(master, typed.encode())
    shown = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # its other end is closed
            break
        if not part:
            break
        shown += part
    os.close(master)
    return p.wait(30), shown.decode().replace("\r\n", "\n")


def test_the_office_is_said_before_a_change(officer):
    """To a person; a pipe and a script are spared it."""
    words = ["-n", "unit", "add", "身份", "--kind", "学校"]
    assert "当前身份：组织员@ZZB" in on_terminal(officer, *words)[1]
    assert "当前身份" not in on_terminal(officer, "unit", "list")[1]
    assert "当前身份" not in on_terminal(officer, "-q", *words)[1]
    assert "当前身份" not in officer(*words).err


@pytest.mark.parametrize("answer, done", [("\n", False), ("否\n", False), ("n\n", False),
                                          ("好吧\n", False), ("是\n", True), ("ｙ\n", True)])
def test_yes_is_asked_for_and_no_is_meant_by_enter(college, answer, done):
    admin = college.admin
    code, shown = on_terminal(admin, "account", "enable", "BY0001", typed=answer)
    assert "[是/否，缺省否]" in shown
    # enabled already: what the server says to a yes
    assert (code != 1) == done and ("没有确认" in shown) != done, shown


def test_what_is_missing_is_asked_for(officer):
    code, shown = on_terminal(officer, "unit", "add", "--kind", "学校", "-n",
                              typed="问出来的单位\n")
    assert code == 0 and "名称：" in shown
    code, shown = on_terminal(officer, "unit", "add", "--kind", "学校", "-n", "--no-input")
    assert code == 2 and "--name" in shown


# ---- dry run -----------------------------------------------------------------------------

def test_dry_run_changes_nothing(college, officer):
    before = writes(college)
    told = officer("-n", "unit", "add", "试运行单位", "--kind", "学校")
    assert "试运行" in told.err and "WD26-" in told.out
    officer.refused(3, "unit", "add", "  ", "--kind", "学校", "-n")
    assert writes(college) == before and units(college, "试运行单位") == 0
    assert outbox(officer) == []


def test_dry_run_leaves_this_machine_alone(college):
    p = college.person("试", college.code("P1"))

    def files():
        return {f.relative_to(p.dir): f.read_bytes() for f in p.dir.rglob("*")
                if f.is_file() and f.name != "session-member"}
    before = files()
    p("profile", "add", "另", "-n", "--server", "127.0.0.1", "--authority",
      next(p.dir.rglob("authority.der")))
    p("profile", "use", "default", "-n")
    p("profile", "remove", "default", "-n")
    p("sync", "-n")
    p("logout", "-n")
    code = college.code("P1")
    p("login", "-n", "-P", "再", "--server", f"127.0.0.1:{college.public_port}",
      "--code", code)
    assert files() == before
    # the code was not used up
    p("-P", "再", "login", "--server", f"127.0.0.1:{college.public_port}", "--code", code,
      "--no-passphrase")
    p("logout", "-y")
    assert not list(p.dir.rglob("default/key.pem"))
    p.refused(4, "-P", "default", "whoami")


# ---- for programs -----------------------------------------------------------------------

def test_json_and_chosen_fields(officer):
    rows = officer.json("org", "tree")["orgs"]
    assert len(rows) > 35 and {"orgId", "name"} <= set(rows[0])
    chosen = json.loads(officer("org", "tree", "--json=orgId,name").out)["orgs"]
    assert [list(r) for r in chosen] == [["orgId", "name"]] * len(rows)
    assert [r["orgId"] for r in chosen] == [r["orgId"] for r in rows]
    # what the thing itself has is not looked for in the rows below it
    one = json.loads(officer("org", "show", "14", "--json=name").out)
    assert one == {"name": "电气自动化系教工党支部"}
    both = json.loads(officer("org", "show", "14", "--json=name,role").out)
    assert both["name"] == one["name"]
    assert {"role": "branch_secretary"} in both["offices"]


def test_json_says_nothing_else(officer):
    for r in (officer("--json", "unit", "list"),
              officer("--json", "-n", "unit", "add", "只有JSON", "--kind", "学校"),
              officer("unit", "list", env={"ZHIBU_FORMAT": "json"})):
        json.loads(r.out)
        assert r.err == ""


def test_json_rules(secretary):
    """int64 is a string, a date is a date, an enum its name, and nothing is null."""
    raw = secretary("--json", "self", "show").out
    assert "null" not in raw
    whoami = secretary.json("whoami")
    assert whoami["todayOn"] == "2026-10-12"
    assert re.fullmatch(r"2026-10-12T\d\d:\d\d:\d\d(\.\d+)?\+08:00", whoami["nowAt"])


# ---- language ---------------------------------------------------------------------------------

def test_english(secretary):
    for r in (secretary("--lang", "en", "help"), secretary("--lang=en", "status"),
              secretary("help", env={"ZHIBU_LANG": "en"})):
        told = "\n".join(line for line in r.out.splitlines() + r.err.splitlines())
        assert not HAN.search(re.sub(r"(?m)^  \w+ [\u4e00-\u9fff]+", "", told)), r
    r = secretary.refused(3, "--lang", "en", "app", "submit", "-y")
    assert r.err.startswith("Error: ") and not HAN.search(r.err)
    assert secretary.refused(3, "app", "submit", "-y").err.startswith("错误：")


# ---- wherever it is written ----------------------------------------------------------------------

@pytest.mark.parametrize("env", [{"LC_ALL": "C"}, {"LANG": "C", "LC_ALL": ""},
                                 {"TERM": ""}, {"TERM": "dumb"}, {"COLUMNS": "1"},
                                 {"COLUMNS": "x"}], ids=str)
def test_no_locale_and_no_terminal_are_needed(officer, env):
    listed = officer("people", "list", "05", env={"COLUMNS": "80"}).out
    assert "李𬍛" in listed
    if "COLUMNS" not in env:
        assert officer("people", "list", "05", env=env).out == listed
    else:
        assert "李𬍛" in officer("people", "list", "05", env=env).out


def shell(person, line):
    """Run by bash with pipefail; zhibu is in PATH."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], text=True, capture_output=True, timeout=60,
        stdin=subprocess.DEVNULL, cwd=person.dir,
        env=person.env(PATH=f"{BIN}:{os.environ['PATH']}", ZHIBU_AS=person.acting or ""))


def test_107_into_head(officer):
    r = shell(officer, "zhibu people list 16 | head -n 1")
    assert r.returncode == 0 and r.stdout.startswith("组织") and r.stderr == ""


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_107_closed_descriptors(college, officer, closed):
    """What was meant for the reader goes nowhere, least of all to the server or into
    a file; and what was to be done is done."""
    name = "关了" + closed
    r = shell(officer, f"zhibu unit add '{name}' --kind 学校 {closed}")
    assert r.returncode == 0 and units(college, name) == 1
    assert outbox(officer) == []
    assert shell(officer, f"zhibu org tree {closed}").returncode == 0


def test_107_disk_full(officer):
    r = shell(officer, "zhibu org tree >/dev/full")
    assert r.returncode == 1 and "没有写完" in r.stderr


HOSTILE = {
    "escape": r"\x1b]0;owned\x07", "c1": r"\u009b31m", "return": r"达到\r不足",
    "bidi": r"\u202etxt.exe\u2069", "tags": r"\U000e0041\U000e0042",
    "zero width": r"零\u200b宽", "delete": r"\x7f\x08\x08", "combining": "a" + r"\u0301" * 99,
}
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e"
                     "\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


@pytest.mark.parametrize("kind", HOSTILE)
def test_103_hostile_text_is_shown_harmless(college, secretary, kind):
    """Whoever wrote it into the database: to a terminal, a pipe and a program."""
    secretary("self", "edit", "3.1", "--judgement", "达到", "--narrative", "说明" + kind)
    college.sql(f"UPDATE data.self_item SET narrative = E'前{HOSTILE[kind]}后'"
                " WHERE item_code = '3.1'")
    hostile = college.sql("SELECT encode(convert_to(narrative, 'UTF8'), 'hex')"
                          " FROM data.self_item WHERE item_code = '3.1'")[0][0]
    hostile = bytes.fromhex(hostile).decode()
    try:
        shown = secretary("self", "show").out
        assert "前" in shown and "后" in shown
        assert not HARMFUL.search(shown), shown
        assert max(map(len, re.findall("\u0301*", shown))) <= 8
        told = secretary("--json", "self", "show").out
        assert not HARMFUL.search(told)
        rows = {r["item"]: r for r in json.loads(told)["items"]}
        assert rows["3.1"]["narrative"] == hostile
        form = secretary("self", "form").out
        assert not HARMFUL.search(form)
    finally:
        college.sql("UPDATE data.self_item SET narrative = NULL WHERE item_code = '3.1'")


def test_103_hostile_text_in_an_error(secretary):
    """What was typed is said back harmless, in words and in JSON."""
    typed = "\x1b[31m\u009b2J\u202e"
    r = secretary.refused(2, "app", typed)
    assert not HARMFUL.search(r.err)
    r = secretary.refused(2, "--json", "app", typed)
    assert not HARMFUL.search(r.err)
    assert typed in json.loads(r.err)["error"]["message"]


# ---- columns -------------------------------------------------------------------------------------

def columns(line):
    """Where each word begins, in columns of a terminal."""
    at, starts, before = 0, [], " "
    for c in line:
        if c != " " and before.endswith(" ") and before:
            starts.append(at)
        at += 0 if unicodedata.combining(c) else \
            2 if unicodedata.east_asian_width(c) in "WF" else 1
        before = c
    return starts, at


@pytest.mark.parametrize("branch", ["05", "16", "24"])
def test_columns_align(officer, branch):
    """Rare characters, long names and empty cells: every cell begins where its title
    does."""
    lines = officer("people", "list", branch).out.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("人员  "))
    titles, _ = columns(lines[head])
    rows = [line for line in lines[head + 1:] if line.startswith("P")]
    assert len(rows) > 5
    for row in rows:
        starts, width = columns(row)
        assert set(titles) <= set(starts), row
        assert width <= 80


def test_wide_cells_are_cut_visibly(officer):
    narrow = officer("org", "tree", env={"COLUMNS": "40"}).out
    assert all(columns(line)[1] <= 40 for line in narrow.splitlines())
    assert "电气自动化系教工党支部" in officer("--wide", "org", "tree",
                                              env={"COLUMNS": "40"}).out


# ---- mistakes -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("typed, guess", [
    (["apps", "list"], "app"), (["申抱", "列表"], "申报"), (["app", "lsit"], "list"),
    (["申报", "提校"], "提交"), (["app", "list", "--stat", "x"], "--state"),
    (["app", "list", "--状太", "x"], "--状态"), (["help", "退出吗"], "退出码"),
    (["app", "list", "-s", "已提较"], "已提交"),
    (["duty", "add", "14", "--grade", "交好"], "较好"),
])
def test_did_you_mean(secretary, typed, guess):
    r = secretary.refused(2, *typed)
    assert r.err.startswith("错误：") and f"是不是：" in r.err, r
    assert guess in r.err.split("是不是：")[1]
    assert r.out == ""


@pytest.mark.parametrize("typed", [["xyzzy"], ["app", "xyzzy"], ["app", "list", "--xyzzy"],
                                   ["app", "list", "-x"], ["org", "show", "14", "15"],
                                   ["--passphrase", "x", "whoami"]])
def test_no_guess_where_nothing_is_near(secretary, typed):
    r = secretary.refused(2, *typed)
    assert "是不是" not in r.err


def test_112_no_passphrase_on_the_command_line():
    for c in COMMANDS:
        assert not [o for o in c["options"] if "pass" in o["name"]]


def test_long_options_are_not_shortened(secretary):
    """Or a new option would break a script."""
    secretary.refused(2, "app", "list", "--stat", "DRAFT")
    secretary.refused(2, "--jso", "whoami")


@pytest.mark.parametrize("command", [c for c in COMMANDS if c["arguments"] and re.match(
    r"@?\w+(,|\+|$)", c["arguments"])], ids=lambda c: " ".join(words_of(c)))
def test_what_is_missing_is_named(secretary, command):
    """Without a terminal nobody is asked: exit 2 and the option to add."""
    first = re.match(r"@?(\w+)", command["arguments"]).group(1)
    r = secretary.refused(2, *words_of(command))
    assert "缺少" in r.err and f"--{first.replace('_', '-')}" in r.err, r


def test_confirmation_without_a_terminal(college, secretary):
    before = writes(college)
    assert "-y" in secretary.refused(2, "app", "submit").err
    r = secretary.refused(2, "app", "withdraw", "SB26-14")
    assert "--confirm SB26-14" in r.err
    secretary.refused(2, "app", "withdraw", "SB26-14", "-y")
    secretary.refused(2, "app", "withdraw", "SB26-14", "--confirm", "SB26-15")
    assert writes(college) == before


# ---- errors -----------------------------------------------------------------------------------------------

def test_an_error_has_five_parts(secretary):
    """What, why, what to do, what is safe, and the number for the help desk."""
    r = secretary.refused(3, "self", "adopt", "--held-on", "10-12", "--entitled", 25,
                          "--present", 22, "--in-favour", 12, "--against", 5,
                          "--abstain", 5, "--meets-conditions")
    what, *rest = r.err.splitlines()
    assert re.fullmatch(r"错误：.*（ZB\d{3}）", what)
    assert rest[0].startswith("原因：")
    assert "zhibu " in r.err
    assert rest[-2] == "没有改动任何数据。"
    assert re.fullmatch(r"需要帮助时请把编号 [0-9a-f]{4}-[0-9a-f]{4} 告诉组织部。", rest[-1])
    assert r.out == ""


def test_an_error_as_json(secretary):
    r = secretary.refused(3, "--json", "self", "adopt", "--held-on", "10-12",
                          "--entitled", 25, "--present", 22, "--in-favour", 12,
                          "--against", 5, "--abstain", 5, "--meets-conditions")
    error = json.loads(r.err)["error"]
    assert r.out == "" and len(r.err.splitlines()) == 1
    assert error["code"].startswith("ZB") and error["exit"] == 3 and error["kind"]
    assert error["message"] and error["reasons"] and error["retryable"] is False
    assert re.fullmatch(r"[0-9a-f]{4}-[0-9a-f]{4}", error["requestId"])


def test_not_mine_and_not_there_read_the_same(college, secretary):
    """But for the number for the help desk."""
    college.sql("""INSERT INTO data.round (id, org_id, state, standard_version_id, started_on,
        started_by) SELECT 'LC26-15', '15', 'BUILDING', max(id), '2026-10-12', 'P1'
        FROM data.standard_version""")
    theirs = secretary.refused(5, "round", "show", "LC26-15").err
    nobodys = secretary.refused(5, "round", "show", "LC26-99").err
    assert re.sub(r"编号 \S+", "", theirs) == re.sub(r"编号 \S+", "", nobodys)


# ---- the day ---------------------------------------------------------------------------------------------

def test_51_today_is_the_colleges(college, officer):
    """Whatever this machine's clock says."""
    assert college.sql("SELECT flow.today() <> current_date") == [["t"]]
    days = ["--days", 5, "--no-posting-day-counted"]
    assert officer.json("calendar", "end", "今天", *days) == \
        officer.json("calendar", "end", "2026-10-12", *days)
    assert officer.json("calendar", "end", "明天", *days) == \
        officer.json("calendar", "end", "2026-10-13", *days)


def test_51_the_doctor_finds_the_clock(officer):
    told = officer("doctor").out
    line = next(x for x in told.splitlines() if x.startswith("本机时间"))
    assert "注意" in line and "秒" in line


@pytest.mark.parametrize("typed", ["2026-10-20", "2026/10/20", "2026.10.20", "2026年10月20日",
                                   "10-20", "10月20日", "２０２６－１０－２０"])
def test_dates_as_people_write_them(officer, typed):
    days = ["--days", 5, "--no-posting-day-counted"]
    assert officer.json("calendar", "end", typed, *days) == \
        officer.json("calendar", "end", "2026-10-20", *days)


@pytest.mark.parametrize("typed", ["2026-02-30", "2026-13-01", "0000-01-01", "昨日", "", "1",
                                   "2026-10-20x"])
def test_dates_that_are_none(officer, typed):
    officer.refused(2, "calendar", "end", "--start-on", typed, "--days", 5)


# ---- states in words -----------------------------------------------------------------------------------------

def test_a_state_by_its_word_is_that_state(college, secretary, officer):
    """As lists show it: what is typed back finds it."""
    college.sql("""INSERT INTO data.self_version (self_id, version_no, revision, held_on,
            entitled, present, in_favour, against, abstain, meets_conditions, adopted_by,
            adopted_at)
        SELECT id, 1, 1, '2026-10-12', 25, 22, 21, 0, 1, true, 'P1', now()
        FROM data.self_assessment WHERE round_id = 'LC26-14';
        INSERT INTO data.application (id, org_id, state, round_id,
        standard_version_id, self_id, self_version_no, org_name, org_kind, established_on,
        full_members, probationary_members, term_id, created_on, created_by, submitted_at)
        SELECT 'SB26-14-9', '14', 'DRAFT', r.id, r.standard_version_id, s.id, 1, '十四', 'branch',
            '2010-01-01', 25, 0, r.term_id, '2026-10-12', 'P1', now()
        FROM data.round r JOIN data.self_assessment s ON s.round_id = r.id
        WHERE r.id = 'LC26-14'""")
    states = [s for s, in college.sql("SELECT DISTINCT to_state FROM rule.transition"
                                      " WHERE entity = 'application' ORDER BY 1")]
    wrong = []
    try:
        for state in states:
            word = WORDS.get(f"value.application.{state}", WORDS.get(f"value.{state}"))[0]
            college.sql(f"UPDATE data.application SET state = '{state}'"
                        " WHERE id = 'SB26-14-9'")
            r = officer.run("app", "list", "-s", word)
            if r.code or "SB26-14-9" not in r.out or word not in r.out:
                wrong.append((state, word, r.out + r.err))
    finally:
        college.sql("DELETE FROM data.application WHERE id = 'SB26-14-9';"
                    "DELETE FROM data.self_version WHERE self_id LIKE 'ZP26-14%'")
    assert wrong == []


# ---- the line -----------------------------------------------------------------------------------------------

def test_server_is_down(college):
    p = college.person("独", college.code("P1"))
    conf = config_of(p)
    conf.write_text(conf.read_text().replace(str(college.member_port), "1"))
    r = p.refused(9, "account", "revoke", "BY0001", "--why", "丢失", "-y", env=ONE_TRY)
    assert "没有送出任何内容" in r.err and "重新执行同一命令" in r.err
    assert outbox(p) == []
    error = json.loads(p.refused(9, "--json", "whoami", env=ONE_TRY).err)["error"]
    assert error["exit"] == 9
    r = p.refused(9, "status", env=ONE_TRY)
    assert "P1" in r.out  # what this machine knows is told all the same


def test_043_login_whose_reply_was_lost(college):
    """The certificate was made and never arrived: the same again gets that one."""
    person = college.person_id(college.holder("纪检干部", "DW"))
    code, p = college.code(person), college.person("纪检")
    with Proxy(college.public_port) as proxy:
        proxy.hold = True
        command = started(p, "login", "--server", f"127.0.0.1:{proxy.port}", "--code", code,
                          "--no-passphrase", **ONE_TRY)

        def made():
            return college.sql("SELECT count(*) FROM data.certificate"
                               f" WHERE person_id = '{person}'") == [["1"]]
        wait_for(made)
        proxy.cut()
        assert command.wait(30) == 9
    p.login(code)
    assert made() and p.json("whoami")["personId"] == person


ENDS = {"the line": None, "killed": signal.SIGKILL, "Ctrl-C": signal.SIGINT}


@pytest.mark.parametrize("repeat", ["sync", "the command"])
@pytest.mark.parametrize("end", ENDS)
def test_109_between_request_and_reply(college, officer, end, repeat):
    """It is done, and the client does not know: it says so, and either way of going
    on ends with one effect and the first answer."""
    name = f"断在中间 {end} {repeat}"
    words = ["unit", "add", name, "--kind", "学校"]
    with Proxy(college.member_port) as proxy, Through(officer, proxy):
        proxy.hold = True
        command = started(officer, *words, **ONE_TRY)
        wait_for(lambda: units(college, name) == 1)
        if ENDS[end]:
            command.send_signal(ENDS[end])
            assert command.wait(10) in (130, -9)
        else:
            proxy.cut()
            assert command.wait(10) == 9
        told = command.stderr.read()
        if end != "killed":
            assert "结果未知" in told and "不会重复" in told
    assert len(outbox(officer)) == 1
    assert re.search("未得到答复的提交 +1", officer("status").out)
    number = college.sql(f"SELECT id FROM data.outside_unit WHERE name = '{name}'")[0][0]
    r = officer(*(["sync"] if repeat == "sync" else words))
    assert number in r.out
    assert units(college, name) == 1 and outbox(officer) == []


def lose(college, officer, name):
    """A unit's request leaves this machine and does not arrive; its outbox entry."""
    with Proxy(college.member_port) as proxy, Through(officer, proxy):
        proxy.swallow = True
        command = started(officer, "unit", "add", name, "--kind", "学校", **ONE_TRY)
        wait_for(lambda: outbox(officer))
        time.sleep(0.1)
        proxy.cut()
        assert command.wait(10) == 9
        assert "结果未知" in command.stderr.read()
    assert units(college, name) == 0
    entry, = outbox(officer)
    return entry


def test_109_cut_before_it_arrived(college, officer):
    """Nothing was done yet: sync does it, once."""
    name = "断在前面"
    lose(college, officer, name)
    officer("sync")
    assert units(college, name) == 1 and outbox(officer) == []


def test_108_nowhere_to_keep_it(college):
    """A folder that cannot be written: refused before anything is sent."""
    p = college.person("只读", college.code("P1"))
    if AS_USER:
        subprocess.run(["chown", "-R", "zhibu:", p.dir], check=True)
    subprocess.run(["chmod", "-R", "a-w", p.dir / "config"], check=True)
    before = writes(college)

    def run(*words):
        return subprocess.run([*AS_USER, BIN / "zhibu", *words], text=True, env=p.env(),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    r = run("account", "enable", "BY0001", "-y")
    assert r.returncode == 2 and "没有提交" in r.stderr, r
    assert writes(college) == before
    # reading is as ever
    assert run("whoami").returncode == 0
    subprocess.run(["chmod", "-R", "u+w", p.dir / "config"], check=True)
    assert run("account", "enable", "BY0001", "-y").returncode in (0, 3)


def test_110_two_at_once(college, officer):
    """The second waits for the first, and is done."""
    with Proxy(college.member_port) as proxy, Through(officer, proxy):
        proxy.hold = True
        first = started(officer, "unit", "add", "同时甲", "--kind", "学校")
        wait_for(lambda: units(college, "同时甲") == 1)
        second = started(officer, "unit", "add", "同时乙", "--kind", "学校")
        time.sleep(0.5)
        assert second.poll() is None and units(college, "同时乙") == 0
        proxy.released.set()
        assert first.wait(10) == 0 and second.wait(10) == 0
    assert (units(college, "同时甲"), units(college, "同时乙")) == (1, 1)
    assert outbox(officer) == []


def test_110_the_first_does_not_come_to_an_end(college, officer):
    with Proxy(college.member_port) as proxy, Through(officer, proxy):
        proxy.hold = True
        first = started(officer, "unit", "add", "久等", "--kind", "学校", **ONE_TRY)
        wait_for(lambda: units(college, "久等") == 1)
        since = time.monotonic()
        r = officer.refused(9, "unit", "add", "等不到", "--kind", "学校")
        assert 9 < time.monotonic() - since < 15 and "另一个窗口" in r.err
        proxy.released.set()
        assert first.wait(10) == 0
    assert units(college, "等不到") == 0


@pytest.mark.parametrize("harm", ["cut", "changed", "empty", "too long"])
def test_111_damaged_outbox(college, officer, harm):
    """Named and moved aside, never guessed at."""
    name = f"损坏 {harm}"
    entry = lose(college, officer, name)
    kept = entry.read_bytes()
    middle = len(kept) // 2
    entry.write_bytes({"cut": kept[:middle], "empty": b"",
                       "changed": kept[:middle] + bytes([kept[middle] ^ 1])
                       + kept[middle + 1:],
                       "too long": kept * 9999}[harm])
    r = officer.refused(10, "sync")
    assert entry.name in r.err and "损坏" in r.err
    aside, = outbox(officer)
    assert aside.name == f"damaged-{entry.name}"
    assert units(college, name) == 0
    # and it is in nobody's way
    officer("unit", "add", name, "--kind", "学校")
    officer("sync")
    assert units(college, name) == 1
    aside.unlink()


def test_damaged_profile_is_named(college):
    p = college.person("坏档案", college.code("P1"))
    certificate, = p.dir.rglob("certificate.der")
    certificate.write_bytes(b"\x30\x03abc")
    r = p.refused(2, "whoami")
    assert "档案" in r.err
    p.refused(2, "-P", "../x", "whoami")


def test_passphrase_by_descriptor(college):
    """Of the key file; typed wrong, missing, or right."""
    p = college.person("口令")

    def run(phrase, *words):
        r, w = os.pipe()
        os.write(w, phrase.encode() + b"\n")
        os.close(w)
        try:
            return subprocess.run(
                [BIN / "zhibu", "--pass-fd", str(r), *words], text=True, env=p.env(),
                pass_fds=[r], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        finally:
            os.close(r)
    login = ["login", "--server", f"127.0.0.1:{college.public_port}", "--code",
             college.code("P1")]
    assert run("太短", *login).returncode == 2
    assert not list(p.dir.rglob("key.pem"))
    assert run("十二个字符的口令才够长啊", *login).returncode == 0
    key, = p.dir.rglob("key.pem")
    assert b"ENCRYPTED" in key.read_bytes()
    assert run("十二个字符的口令才够长啊", "whoami").returncode == 0
    wrong = run("十二个字符的口令才够长吗", "whoami")
    assert wrong.returncode == 2 and "口令" in wrong.stderr
    p.refused(2, "whoami")
    # beside an encrypted key nothing lies that opens a session
    assert not list(p.dir.rglob("session-member"))


# ---- every read command ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def cycle(college, secretary):
    return college.on_its_way()


READS = [c for c in COMMANDS if c.get("request") in REQUESTS and re.search(
    rf"ROW\(\w+, {c['request']}, LANE_\w+, (0|CAT_ANONYMOUS)\)",
    (ROOT / "server/catalogue.c").read_text())]
# What is there only later in the cycle, of things that are there by now.
LATER = {"award decision", "ballot manifest", "ballot check", "ballot urn", "ballot grades",
         "award document", "follow recommendation"}


@pytest.mark.parametrize("command", READS, ids=lambda c: " ".join(words_of(c)))
def test_every_read_command(college, cycle, secretary, officer, command):
    """As text and as JSON, by whoever may read it; who may not is test_matrix's."""
    known = {"secretary": secretary, "officer": officer, "head": college.head,
             "admin": college.admin, "party": college.party_secretary}
    named = [a for a in command["arguments"].split(",") if a and a[0] not in "-@"]
    def given_for(field):  # an inspection is a note as well
        return cycle.get(f"{command['noun']} {field}", cycle.get(field, "XX26-01"))
    given = [given_for(re.sub(r"\W", "", a)) for a in named
             if not a.endswith("?") or a[:-1] in cycle]
    there = "XX26-01" not in given  # else what it shows is made later
    if command["request"] == "get_file" and "get" in command["verb"]:
        given += ["-o", "取回.pdf", "--force"]
    codes = {}
    for name, p in known.items():
        # the branch and the department always, the others while nobody may
        if command["verb"] == "verify" or (name not in ("secretary", "officer")
                                           and 0 in codes.values()):
            continue
        told = p.run("--json", *words_of(command), *given)
        assert told.code in (0, 3, 5, 6), told
        text = told.out if told.code == 0 else told.err
        assert isinstance(json.loads(text), dict) and "null" not in text
        if told.code == 0:
            assert "_" not in json.dumps(list(json.loads(text)))
        if told.code == 0 or told.code not in codes.values():
            shown = p.run(*words_of(command), *given)
            assert shown.code == told.code, (shown, told)
            assert "ZB1" not in shown.err
            assert shown.code != 0 or not HARMFUL.search(shown.out)
        codes[name] = told.code
    name = " ".join(words_of(command))
    assert 0 in codes.values() or not there or name in LATER or command["verb"] == "verify", \
        codes


def test_51_a_closed_window_names_the_clock(college, cycle, secretary):
    """The deadline is the database's; who was early by the clock on the wall reads why."""
    college.sql("""UPDATE data.application SET state = 'BRANCH_ADOPTED', submitted_at = NULL
            WHERE id = 'SB26-14';
        INSERT INTO data.window_version (kind, serial, opens_at, closes_at, reason, set_by, set_at)
        VALUES ('APPLICATION', 1, flow.now() - interval '2 days', flow.now() - interval '1 ms',
            '年度申报', 'P1', flow.now())""")
    try:
        r = secretary.refused(8, "app", "submit", "SB26-14", "-y")
        assert re.search("本机时间与服务器相差[0-9]+秒", r.err)
    finally:
        college.sql("""DELETE FROM data.window_version;
            UPDATE data.application SET state = 'EVALUATING', submitted_at = flow.now()
            WHERE id = 'SB26-14'""")
