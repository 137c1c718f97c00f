"""The ground data of the demo college, loaded as an office would: the administrator
enters the department, the department loads its tables with the real client."""

import os
import time

import pytest

import wire
from college import DATA, ROOT, Person


@pytest.fixture(scope="module")
def admin(server):
    p = server.person("管理员")
    p.login(server.first_code)
    p("office", "import", DATA / "first-offices.csv", "-y")
    return p


def enrol(server, admin, who, acting):
    """Somebody new, with the code the administrator's client makes."""
    code = admin("account", "code", who).out.strip()
    p = Person(server, who)
    p.login(code)
    p.acting = acting
    return p


@pytest.fixture(scope="module")
def officer(server, admin):
    return enrol(server, admin, "BY0026", "od_officer@ZZB")


@pytest.fixture(scope="module")
def loaded(admin, officer):
    for noun, name in (("org", "orgs"), ("people", "people")):
        officer(noun, "import", DATA / f"{name}.csv", "-y")
    officer("calendar", "import", DATA / "holidays.csv", "--doc-no", "国办发明电", "-y")
    admin("office", "import", DATA / "offices.csv", "-y")
    return officer


def test_code_is_used_up(server, admin):
    """A second code makes the first worthless; a used one opens nothing."""
    first = admin("account", "code", "BY0025").out.strip()
    second = admin("account", "code", "BY0025").out.strip()
    p = Person(server, "组织部长")
    late = p.run("login", "--server", f"127.0.0.1:{server.public_port}", "--code", first,
                 "--no-passphrase")
    assert late.code != 0
    p.login(second)
    assert "徐泽楠" in p("whoami").out


def test_nothing_before_yes(server, officer):
    """Without -y and without a terminal nothing is written, but all is told."""
    r = officer.run("org", "import", DATA / "orgs.csv")
    assert r.code != 0
    assert "新增" in r.out
    assert server.sql("SELECT count(*) FROM data.org")[0] == ["2"]
    r = officer("-n", "org", "import", DATA / "orgs.csv")
    assert "新增" in r.out
    assert server.sql("SELECT count(*) FROM data.org")[0] == ["2"]


def test_college(server, loaded):
    assert server.sql("""SELECT count(*) FILTER (WHERE a.standing = 'FULL'),
            count(*) FILTER (WHERE a.standing = 'PROBATIONARY'), count(DISTINCT a.org_id)
        FROM data.affiliation a WHERE a.kind = 'PRIMARY'""")[0] == ["516", "84", "30"]
    tree = loaded("org", "tree").out
    assert "电气自动化系教工党支部" in tree and "智能制造党总支" in tree
    assert tree.index("机关教辅党总支") < tree.index("党政办公室党支部")
    roster = loaded("people", "list", "16").out
    assert roster.count("王磊") == 2
    assert "发动机教研室" in roster and "新能源教研室" in roster
    assert "李𬍛" in loaded("people", "list", "05").out
    assert "阿依古丽·买买提" in loaded("people", "list", "24").out


def test_again_is_no_difference(loaded, admin):
    for noun, name in (("org", "orgs"), ("people", "people")):
        assert "没有差别" in loaded(noun, "import", DATA / f"{name}.csv").out
    assert "没有差别" in admin("office", "import", DATA / "offices.csv").out


def test_gb18030_is_the_same_roster(loaded):
    r = loaded("people", "import", ROOT / "tests/data/people-gb18030.csv")
    assert "GB18030" in r.err
    assert "没有差别" in r.out


def test_difference_report(loaded, server):
    """One moved, one became full, one renamed; the rest is in no line."""
    lines = (DATA / "people.csv").read_text("utf-8-sig").splitlines()
    for i, line in enumerate(lines):
        if line.startswith("BY0267,"):
            lines[i] = line.replace("发动机教研室", "发动机组")
    path = loaded.dir / "名册.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    r = loaded("people", "import", path, "-y")
    assert "发动机教研室" in r.out and "发动机组" in r.out
    assert "新增0 改动1 去掉0 表里没有0 不变600" in r.out
    assert server.sql("SELECT mark FROM data.person WHERE member_no = 'BY0267'") == [["发动机组"]]
    loaded("people", "import", DATA / "people.csv", "-y")


def test_every_defect_of_a_file(loaded, server):
    path = loaded.dir / "坏.csv"
    path.write_text("工号,姓名,组织编号,关系,党员类别,起\n"
                    "BY9001,甲,14,组织关系,正式党员,不知道\n"
                    "BY9002,乙,14,组织关系,正式党员,2026-02-30\n", "utf-8")
    r = loaded.refused(3, "people", "import", path, "-y")
    assert "第2行" in r.err and "第3行" in r.err
    path.write_text("工号,姓名,组织编号,关系,党员类别,起\n"
                    "BY9001,甲,99,组织关系,正式党员,2026-01-01\n"
                    "BY9002,,14,某种关系,正式党员,2026-01-01\n", "utf-8")
    r = loaded.run("people", "import", path, "-y")
    assert r.code != 0
    assert "第2行" in r.err and "第3行" in r.err and "99" in r.err
    assert server.sql("SELECT count(*) FROM data.person WHERE member_no LIKE 'BY9%'") == [["0"]]


@pytest.mark.parametrize("blank", ["\u3000", "\u00a0", "\u2003\u205f", "\u2028", "\u0085 "])
def test_a_blank_name_is_none(loaded, server, blank):
    """Whatever white space Unicode has."""
    path = loaded.dir / "空名.csv"
    path.write_text("工号,姓名,组织编号,关系,党员类别,起\n"
                    f"BY9001,{blank},14,组织关系,正式党员,2026-01-01\n", "utf-8")
    r = loaded.refused(3, "people", "import", path, "-y")
    assert server.sql("SELECT count(*) FROM data.person WHERE member_no = 'BY9001'") == [["0"]], r
    assert server.sql(f"SELECT flow.blank(U&'{''.join(f'{chr(92)}{ord(c):04x}' for c in blank)}')") \
        == [["t"]]


def test_a_workbook_is_told_from_a_table(loaded):
    for start in (b"PK\3\4", b"\xd0\xcf\x11\xe0"):
        (loaded.dir / "名册.xlsx").write_bytes(start + b"\0" * 99)
        assert "另存为 CSV" in loaded.refused(3, "people", "import", "名册.xlsx", "-y").err


def rows(n, name="同志"):
    return "工号,姓名,组织编号,关系,党员类别,起\n" + "".join(
        f"BY{90000 + i},{name}{i},14,组织关系,正式党员,2026-01-01\n" for i in range(n))


def test_a_file_too_big_for_one_request(loaded):
    """This machine finds it and says the way round."""
    (loaded.dir / "大.csv").write_text(rows(9000), "utf-8")
    assert "分成几个表" in loaded.refused(3, "people", "import", "大.csv", "-y").err


def test_imports_hold_up_nobody_elses_writes(loaded, server):
    """One certificate fills the server with tables tried out; a write by another
    person is answered long before they are."""
    much = wire.request("import_people", acting=loaded.acting, dry_run=True)
    for i in range(1500):
        much.import_people.rows.add(line=i + 2, member_no=f"BY{90000 + i}", name=f"同志{i}",
                                    org_id="14", kind="PRIMARY", standing="FULL",
                                    from_on=20454)
    busy = [wire.Wire(server.member_port, *server.credentials("P10026"), timeout=60)
            for _ in range(2)]
    for w in busy:
        for _ in range(2):
            w.send(much)
    admin = server.sql("SELECT person_id FROM data.office WHERE role = 'administrator'")[0][0]
    other = wire.Wire(server.member_port, *server.credentials(admin))
    since = time.monotonic()
    r = other.ask(wire.request("issue_code", acting="administrator@DW", dry_run=True,
                               person="BY0133", secret_hash=os.urandom(32)))
    took = time.monotonic() - since
    assert not r.HasField("refusal"), r
    assert took < 1
    for w in busy:
        w.sock.settimeout(0.01)
        with pytest.raises(TimeoutError):  # the tables are not through yet
            w.receive()
        w.sock.settimeout(60)
    for w in busy:
        assert not w.receive()[1].HasField("refusal")
        w.close()
    other.close()


def test_t3_secretary_replaced(server, loaded, admin):
    """T3: the old secretary's rights end that day, the history stays."""
    old_no, = server.sql("""SELECT p.member_no FROM data.office o
        JOIN data.person p ON p.id = o.person_id
        WHERE o.org_id = '24' AND o.role = 'branch_secretary' AND o.to_on IS NULL""")[0]
    old = enrol(server, admin, old_no, "branch_secretary@24")
    assert "BY0388" in old("people", "list").out
    loaded("office", "replace", "24", "branch_secretary", "BY0388", "-y")
    old.refused(5, "people", "list", "24")
    new = enrol(server, admin, "BY0388", "branch_secretary@24")
    assert "阿依古丽·买买提" in new("people", "list").out
    assert server.sql(f"""SELECT count(*) FROM data.office o JOIN data.person p
        ON p.id = o.person_id WHERE o.org_id = '24' AND o.role = 'branch_secretary'
        AND p.member_no = '{old_no}' AND o.to_on IS NOT NULL""") == [["1"]]


def test_revocation_is_immediate(server, loaded, admin):
    p = enrol(server, admin, "BY0131", "teller@DW")
    p("whoami")
    admin("account", "revoke", "BY0131", "--why", "电脑丢失", "-y")
    p.refused(4, "whoami")


def test_rules_need_every_choice(server, loaded, admin):
    secretary = enrol(server, admin, "BY0009", "committee_secretary@DW")
    r = secretary.refused(3, "rule", "set", "--basis", "第3次会议", "--quorum-num", 2,
                          "--quorum-den", 3, "--majority", "MORE_THAN_HALF_OF_ENTITLED",
                          "--notice-working-days", 5, "--no-posting-day-counted",
                          "--small-group", 5, "-y")
    assert "回避者计入分母" in r.err and "评定随任期延续" in r.err
    secretary("rule", "set", "-f", DATA / "rules.json", "-y")
    assert "回避的委员仍计入应到" in secretary("rule", "show").out
    secretary("items", "adopt", "-f", DATA / "items.json", "-y")
    assert "群众工作强  好 较好 一般 差" in secretary("items", "show").out
    assert "坚决站稳党的立场和人民立场" in secretary("standard", "show").out


def test_t28_t29_working_days(loaded):
    """T28: make-up Sunday before Spring Festival; T29: 2028 is not published."""
    assert loaded.json("calendar", "end", "2027-01-29", "--days", 5,
                       "--no-posting-day-counted") == \
        {"endOn": "2027-02-04", "provisional": False}
    assert loaded.json("calendar", "end", "2027-12-30", "--days", 5,
                       "--no-posting-day-counted")["provisional"] is True


def test_a_write_whose_answer_fits_no_frame_is_not_done(loaded, server):
    """It is refused before it is done, with the way round."""
    server.sql("""INSERT INTO data.person (id, name, member_no)
        SELECT 'P7' || n, repeat('甲', 150) || n, 'BY' || n FROM generate_series(90000, 90999) n;
        INSERT INTO data.affiliation (person_id, org_id, standing, from_on)
        SELECT 'P7' || n, '14', 'FULL', '2026-01-01' FROM generate_series(90000, 90999) n""")
    (loaded.dir / "大.csv").write_text(rows(1000, "乙" * 150), "utf-8")
    assert "分成几份" in loaded.refused(1, "people", "import", "大.csv", "-y").err
    assert server.sql("SELECT count(*) FROM data.person WHERE name LIKE '甲%'") == [["1000"]]
