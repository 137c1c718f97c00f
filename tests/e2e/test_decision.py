"""From the dossier to the award with the real programs: the trick cases of the
committee's table and of the public notice, each named for its number."""
import json

import pytest

SETUP = """
INSERT INTO data.org (id, kind, member_category, established_on)
SELECT lpad(n::text, 2, '0'), 'branch', '教工', '2010-01-01' FROM generate_series(1, 30) n;
INSERT INTO data.org_version (org_id, parent_id, name, from_on)
SELECT o.id, 'DW', '第' || o.id || '党支部', '2010-01-01' FROM data.org o WHERE o.kind = 'branch';
INSERT INTO data.term (id, org_id, term_no, start_on, due_on)
SELECT 'RQ' || o.id || '-3', o.id, 3, '2024-05-20', '2027-05-19' FROM data.org o WHERE o.kind = 'branch';
INSERT INTO data.person (id, name) SELECT 'P' || n, '同志' || n FROM generate_series(601, 660) n;
INSERT INTO data.affiliation (person_id, org_id, standing, from_on)
SELECT 'P' || n, CASE WHEN n IN (602, 603, 621) THEN '02' ELSE '03' END, 'FULL', '2020-01-01'
FROM generate_series(601, 660) n;
INSERT INTO data.office (person_id, org_id, role, from_on)
SELECT 'P' || n, 'DW', CASE n WHEN 601 THEN 'committee_secretary' ELSE 'committee_member' END,
    date '2024-01-01' FROM generate_series(601, 609) n;
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
    ('P620', 'ZZB', 'od_head', '2024-01-01'), ('P621', 'ZZB', 'od_officer', '2024-01-01'),
    ('P622', 'ZZB', 'od_officer', '2024-01-01'), ('P630', 'DW', 'recorder', '2024-01-01'),
    ('P631', 'DW', 'scrutineer', '2024-01-01'),
    ('P640', 'DW', 'auditor', '2024-01-01'), ('P650', '14', 'branch_secretary', '2024-05-20'),
    ('P651', '24', 'branch_secretary', '2024-05-20'), ('P653', '16', 'branch_secretary', '2024-05-20');
INSERT INTO data.rule_set (id, adopted_on, adopted_by, adopted_at, quorum_num, quorum_den,
    majority, recused_stay, notice_working_days, posting_day_counted, small_group,
    rectification_months, award_through_extension, students_judge,
	weak_lax_may_apply)
VALUES ('GZ26.1', '2026-01-01', 'P601', now(), 2, 3, 'MORE_THAN_HALF_OF_ENTITLED', true, 5, false, 5,
    1, true, true, false);
INSERT INTO data.holiday_year (year, imported_at) VALUES (2026, now());
"""

APPLICATION = """
INSERT INTO data.round (id, org_id, state, term_id, standard_version_id, started_on, started_by)
SELECT 'LC26-{o}', '{o}', 'APPLIED', 'RQ{o}-3', s.id, '2026-03-01', 'P650' FROM data.standard_version s;
INSERT INTO data.self_assessment (id, org_id, state, round_id, version_no)
VALUES ('ZP26-{o}', '{o}', 'ADOPTED', 'LC26-{o}', 1);
INSERT INTO data.self_version (self_id, version_no, revision, held_on, entitled, present, in_favour,
    against, abstain, meets_conditions, adopted_by, adopted_at)
VALUES ('ZP26-{o}', 1, 1, '2026-10-22', 25, 22, 21, 0, 1, true, 'P650', now());
INSERT INTO data.application (id, org_id, state, round_id, standard_version_id, self_id,
    self_version_no, org_name, org_kind, established_on, full_members, probationary_members,
    summary, term_id, created_on, created_by, submitted_at)
SELECT 'SB26-{o}', '{o}', 'EVALUATING', 'LC26-{o}', s.id, 'ZP26-{o}', 1, '第{o}党支部', 'branch',
    '2010-01-01', 25, 0, '自创工作情况', 'RQ{o}-3', '2026-10-23', 'P650', now() FROM data.standard_version s;
INSERT INTO data.eval_stream (id, org_id, state, application_id, stream, opened_on)
SELECT 'PS26-{o}-' || left(k, 3), '{o}', 'LOCKED', 'SB26-{o}', k, '2026-11-01'
FROM unnest('{{ORG,MEMBERS,MASSES,SOCIETY}}'::text[]) k;
INSERT INTO data.eval_version (stream_id, version_no, summary, prepared_by, locked_by)
SELECT s.id, 1, '小结', 'P622', 'P620' FROM data.eval_stream s WHERE s.application_id = 'SB26-{o}';
"""


class College:
    """The people of this file, each enrolled when first needed."""

    def __init__(self, server):
        self.server = server
        server.sql(SETUP)
        server.clock("2026-12-04")
        self.people = {}

    def __getattr__(self, name):
        offices = {"head": ("P620", "od_head@ZZB"), "officer": ("P622", "od_officer@ZZB"),
                   "officer02": ("P621", "od_officer@ZZB"), "recorder": ("P630", "recorder@DW"),
                   "scrutineer": ("P631", "scrutineer@DW"),
                   "secretary": ("P601", "committee_secretary@DW"),
                   "member02": ("P602", "committee_member@DW"),
                   "member03": ("P603", "committee_member@DW"),
                   "member": ("P605", "committee_member@DW"), "auditor": ("P640", "auditor@DW"),
                   "branch24": ("P651", "branch_secretary@24"),
                   "branch16": ("P653", "branch_secretary@16")}
        if name not in offices:
            raise AttributeError(name)
        if name not in self.people:
            person_id, office = offices[name]
            p = self.server.person(name, code=self.server.code(person_id))
            p.acting = office
            self.people[name] = p
        return self.people[name]

    def application(self, org):
        """An application of this branch with four locked streams."""
        self.server.sql(APPLICATION.format(o=org))
        return f"SB26-{org}"

    def meeting(self, *orgs, present=8):
        """A meeting in session on these branches; its number."""
        for org in orgs:
            self.head("dossier", "freeze", self.application(org), "-y")
        today = self.server.sql("SELECT flow.today()")[0][0]
        m = self.recorder.json("meeting", "new", "--held-on", today,
                               "--place", "第一会议室")["meetingId"]
        for org in orgs:
            self.recorder("meeting", "agenda", m, f"SB26-{org}", "--presenter-id", "P622")
        self.attend(m, present)
        self.recorder("meeting", "begin", m, "-y")
        return m

    def attend(self, m, present):
        args = []
        for n in range(601, 610):
            args += (["--present-ids", f"P{n}"] if n < 601 + present else
                     ["--absent", f"person_id=P{n},reason=出差"])
        return self.recorder("meeting", "attend", m, *args)

    def hands(self, org, f, a, ab=0):
        self.recorder("vote", "open", f"SB26-{org}", "--method", "SHOW_OF_HANDS")
        return self.recorder.json("vote", "close", f"SB26-{org}", "--in-favour", f,
                                  "--against", a, "--abstain", ab, "-y")

    def proposed(self, *orgs):
        """A signed meeting that proposed all of them; its number."""
        m = self.meeting(*orgs, present=9)
        for org in orgs:
            self.hands(org, 9, 0)
            self.recorder("item", "resolve", f"SB26-{org}", "-y")
        self.recorder("meeting", "end", m, "-y")
        digest = self.secretary.json("meeting", "minutes", m)["digest"]
        self.secretary("meeting", "sign", m, "--digest", digest, "--confirm", m)
        return m

    def approved(self, m):
        n = self.officer02.json("notice", "new", m, "--contact", "电话8120123")["noticeId"]
        self.officer("notice", "check", n, "--not-classified", "-y")
        self.head("notice", "approve", n, "-y")
        return n

    def state(self, org):
        return self.server.sql(f"SELECT state FROM data.application WHERE id = 'SB26-{org}'")[0][0]


@pytest.fixture(scope="module")
def c(server):
    return College(server)


def test_T23_own_branch_stands_aside(c):
    """OD staff of branch 02 neither freeze nor present; its two seats neither vote nor read on."""
    c.application("02")
    c.officer02.refused(5, "dossier", "freeze", "SB26-02", "-y")
    dossier = c.head.json("dossier", "freeze", "SB26-02", "-y")["dossierId"]
    c.member.refused(5, "dossier", "show", dossier)  # on no agenda yet
    m = c.recorder.json("meeting", "new", "--held-on", "2026-12-04",
                        "--place", "第一会议室")["meetingId"]
    r = c.recorder.refused(3, "meeting", "agenda", m, "SB26-02", "--presenter-id", "P621")
    assert "另一位同志" in r.err
    item = c.recorder.json("meeting", "agenda", m, "SB26-02", "--presenter-id", "P622")
    assert item["ownBranchNames"] == ["同志602", "同志603"]
    assert "同志602" in c.member("meeting", "show", m).out
    c.member02("dossier", "show", dossier)
    c.attend(m, 5)
    r = c.recorder.refused(3, "meeting", "begin", m, "-y")
    assert "应到9人" in r.err and "至少6人" in r.err
    c.attend(m, 8)
    c.recorder("meeting", "begin", m, "-y")
    r = c.recorder.refused(3, "vote", "open", "YT26-02", "--method", "SECRET_BALLOT")
    assert "同志602" in r.err and "同志603" in r.err
    for who in c.member02, c.member03:
        assert "meeting recuse YT26-02" in who("next").out
        who("meeting", "recuse", "YT26-02", "--reason", "本支部党员")
        assert "meeting recuse YT26-02" not in who("next").out
        who.refused(5, "dossier", "show", dossier)


def test_T24_denominator_nine(c):
    """9 entitled, 2 recused, 1 absent, 4 to 2: not passed where the recused stay."""
    c.recorder("vote", "open", "YT26-02", "--method", "SECRET_BALLOT")
    r = c.recorder.refused(3, "vote", "close", "YT26-02", "--in-favour", 5, "--against", 2,
                           "--abstain", 0, "-y")
    assert "可表决的6人" in r.err
    counted = ["vote", "close", "YT26-02", "--in-favour", 4, "--against", 2, "--abstain", 0, "-y"]
    assert "第二人" in c.recorder(*counted).out  # nobody types a secret vote alone
    assert "不一致" in c.scrutineer("vote", "close", "YT26-02", "--in-favour", 5, "--against", 1,
                                 "--abstain", 0, "-y").out
    said = c.scrutineer(*counted).out.replace("\n", "")
    assert "超过9的半数" in said and "未通过" in said and "GZ26.1" in said
    c.recorder.refused(3, "item", "resolve", "YT26-02", "-y")  # reasons and advice first
    c.recorder("item", "resolve", "YT26-02", "--reasons", "联系群众不够", "--advice", "每季走访", "-y")
    assert c.state("02") == "NOT_THIS_TIME"
    c.recorder.refused(3, "item", "resolve", "YT26-02", "--reasons", "a", "--advice", "b", "-y")
    c.recorder("meeting", "end", "HY26-01", "-y")


def test_T24_denominator_seven(c):
    """The same votes pass where the recused leave, and the minutes say by which rule."""
    c.server.sql("""INSERT INTO data.rule_set SELECT (jsonb_populate_record(r,
        '{"id": "GZ26.2", "adopted_on": "2026-12-04", "recused_stay": false}')).* FROM data.rule_set r""")
    m = c.meeting("05", present=8)
    c.member02("meeting", "recuse", "YT26-05", "--reason", "联系点")
    c.member03("meeting", "recuse", "YT26-05", "--reason", "联系点")
    vote = c.hands("05", 4, 2)
    assert vote["passed"] and "超过7的半数" in vote["arithmetic"]
    c.recorder("item", "resolve", "YT26-05", "-y")
    assert c.state("05") == "PROPOSED_AWARD"
    c.recorder("meeting", "end", m, "-y")
    minutes = c.secretary("meeting", "minutes", m).out
    assert "GZ26.2" in minutes and "回避者不计入分母" in minutes
    c.secretary.refused(3, "meeting", "sign", m, "--digest", "00000000", "--confirm", m)
    c.server.sql("UPDATE data.rule_set SET adopted_on = '2030-01-01' WHERE id = 'GZ26.2'")


def test_case_54_named_vote(c):
    """A named vote: nobody on the own branch, the chair last, once each."""
    c.server.sql("UPDATE data.affiliation SET org_id = '06' WHERE person_id = 'P602'")
    c.meeting("06", present=8)
    c.recorder("vote", "open", "YT26-06", "--method", "记名表决")
    r = c.member02.refused(5, "vote", "cast", "YT26-06", "同意", "-y")
    assert "回避" in r.err
    r = c.secretary.refused(3, "vote", "cast", "YT26-06", "同意", "-y")
    assert "末位" in r.err
    c.member("vote", "cast", "YT26-06", "不同意", "-y")
    c.member.refused(3, "vote", "cast", "YT26-06", "同意", "-y")
    vote = c.recorder.json("vote", "close", "YT26-06", "-y")
    assert vote["against"] == 1 and not vote.get("passed")
    c.server.sql("UPDATE data.affiliation SET org_id = '02' WHERE person_id = 'P602'")


def test_T16_withdrawn_at_the_table(c):
    """16 withdraws after all four were locked: free, and its evaluations stay."""
    c.meeting("16", present=9)
    c.hands("16", 9, 0)
    c.branch16("app", "withdraw", "SB26-16", "--confirm", "SB26-16")
    r = c.recorder.refused(3, "item", "resolve", "YT26-16", "-y")
    assert "已撤回" in r.err
    c.recorder("item", "remove", "YT26-16", "--reason", "支部撤回", "--confirm", "YT26-16")
    assert c.state("16") == "WITHDRAWN"
    assert c.server.sql("SELECT count(*) FROM data.eval_stream WHERE application_id = 'SB26-16'"
                        " AND state = 'LOCKED'") == [["4"]]


def test_T45_a_locked_stream_is_mended_in_a_new_version(c):
    """The committee reads both versions, and why."""
    c.head("dossier", "freeze", c.application("17"), "-y")
    r = c.head.refused(13, "dossier", "reopen", "CL26-17", "--reason", "核实", "--confirm",
                       "CL26-17")
    assert "zhibu approve yes FH26-01" in r.err and "错误" not in r.err
    assert c.state("17") == "DOSSIER_FROZEN"
    c.head.refused(13, "approve", "yes", "FH26-01", "--confirm", "FH26-01")
    c.recorder.refused(5, "approve", "yes", "FH26-01", "--confirm", "FH26-01")
    assert "zhibu approve yes FH26-01" in c.officer("next").out
    listed = c.officer("approve", "list").out
    assert "重开材料" in listed and "核实" in listed and "CL26-17" in listed
    c.officer("approve", "yes", "FH26-01", "--confirm", "FH26-01")
    assert c.state("17") == "EVALUATING"
    log = [(e["request"], e.get("objectId")) for e in c.auditor.json("audit", "log")["events"]
           if e.get("objectId") in ("FH26-01", "CL26-17")]
    assert log == [("freeze_dossier", "CL26-17"), ("ask_approval", "FH26-01"),
                   ("reopen_dossier", "CL26-17"), ("give_approval", "FH26-01")]
    reopen = ("eval", "reopen", "PS26-17-ORG", "--reason", "漏记一次督查")
    assert "第二人" in c.head(*reopen, "-n").err
    assert c.head.refused(13, *reopen).out == ""
    assert json.loads(c.head.refused(13, "--json", *reopen).out)["approvalId"] == "FH26-02"
    c.officer("approve", "no", "FH26-02", "-m", "先核实", "-y")
    assert "先核实" in c.head("approve", "list", "--all").out
    c.head.refused(13, *reopen)
    c.officer("approve", "yes", "FH26-03", "--confirm", "FH26-03")
    r = c.head.refused(3, "dossier", "freeze", "SB26-17", "-y")
    assert "组织评定" in r.err
    c.server.sql("UPDATE data.eval_stream SET state = 'LOCKED' WHERE id = 'PS26-17-ORG'")
    c.head("dossier", "freeze", "SB26-17", "-y")
    assert "漏记一次督查" in c.head("dossier", "show", "CL26-17-2").out
    assert "核实" in c.head("dossier", "show", "CL26-17").out


def test_notice_by_three_people(c):
    """Who drafted does not check; neither of them approves; anybody reads it when it hangs."""
    m = c.proposed("14", "24")
    n = c.officer02.json("notice", "new", m, "--contact", "电话8120123")["noticeId"]
    c.officer02.refused(13, "notice", "check", n, "--not-classified", "-y")
    c.officer.refused(3, "notice", "check", n, "-y")  # the statement is missing
    c.officer("notice", "check", n, "--not-classified", "-y")
    c.officer.refused(5, "notice", "approve", n, "-y")
    c.officer.refused(3, "notice", "post", n, "--confirm", n)
    c.head("notice", "approve", n, "-y")
    assert n not in c.member("notice", "public").out
    c.server.clock("2026-12-11")
    wall = c.officer("notice", "post", n, "--confirm", n).out
    assert "2026年12月11日至2026年12月18日" in wall and "排名不分先后" in wall
    assert wall.index("第14党支部") < wall.index("第24党支部")
    anybody = c.server.person("anybody")
    anybody("profile", "add", "wall", "--server", f"127.0.0.1:{c.server.public_port}",
            "--authority", next(c.head.dir.rglob("authority.der")))
    assert "8120123" in anybody("-P", "wall", "notice", "public").out
    c.server.clock("2026-12-18")
    c.officer.refused(3, "notice", "end", n, "-y")
    c.head.refused(3, "award", "confirm", "SB26-14", "-y")
    c.server.clock("2026-12-19")
    c.officer("notice", "end", n, "-y")


def test_T3_secretary_replaced(c):
    """24's secretary was replaced: the award shows both, with dates; the old one has no right."""
    c.server.sql("UPDATE data.office SET to_on = '2026-11-15' WHERE person_id = 'P651';"
                 "INSERT INTO data.office VALUES ('P652', '24', 'branch_secretary', '2026-11-15', NULL)")
    c.head("award", "confirm", "SB26-24", "-y")
    c.secretary("award", "sign", "SB26-24", "--doc-no", "院党发〔2026〕13号", "--confirm", "SB26-24")
    shown = c.head.json("award", "show", "PD26-24")
    assert [s["name"] for s in shown["secretaries"]] == ["同志651", "同志652"]
    assert shown["secretaries"][0]["toOn"] == "2026-11-15"
    p = c.server.person("former", code=c.server.code("P651"))
    p.acting = "branch_secretary@24"
    p.refused(5, "award", "decision", "SB26-24")


def test_T17_validity_follows_the_extended_term(c):
    """No award in a term that is over; with the approved extension it lives to its end."""
    c.head("award", "confirm", "SB26-14", "-y")
    c.server.sql("UPDATE data.term SET due_on = '2026-12-10' WHERE org_id = '14'")
    r = c.secretary.refused(3, "award", "sign", "SB26-14", "--doc-no", "12号", "--confirm", "SB26-14")
    assert "2026-12-10" in r.err
    c.server.sql("UPDATE data.term SET extended_to_on = '2027-12-10' WHERE org_id = '14'")
    award = c.secretary.json("award", "sign", "SB26-14", "--doc-no", "院党发〔2026〕12号",
                             "--confirm", "SB26-14")
    assert award["validToOn"] == "2027-12-10"


def test_T28_make_up_sunday(c):
    """Posted the Friday before Spring Festival: the make-up Sunday is a working day."""
    c.server.sql("""INSERT INTO data.holiday_year (year, imported_at) VALUES (2027, now());
        INSERT INTO data.holiday (day, year, working, name)
        SELECT d::date, 2027, false, '春节' FROM generate_series(date '2027-02-05', '2027-02-11', '1 day') d
        UNION ALL VALUES (date '2027-01-31', 2027, true, '春节调休')""")
    c.server.clock("2027-01-29")
    n = c.approved(c.proposed("20"))
    assert c.officer.json("notice", "post", n, "--confirm", n)["endsOn"] == "2027-02-04"


def test_T29_calendar_not_published(c):
    """The end stays provisional, nothing ends on a guess, and published it is fixed."""
    c.server.clock("2027-12-28")
    n = c.approved(c.proposed("22"))
    r = c.officer("notice", "post", n, "--confirm", n)
    assert "待" in r.out and "节假日" in r.err
    c.server.clock("2028-01-10")
    r = c.officer.refused(3, "notice", "end", n, "-y")
    assert "2028" in r.err
    c.server.sql("INSERT INTO data.holiday_year (year, imported_at) VALUES (2028, now());"
                 "INSERT INTO data.holiday VALUES ('2028-01-03', 2028, false, '元旦')")
    assert c.officer.json("notice", "end", n, "-y")["endsOn"] == "2028-01-05"


def test_audit_log(c):
    """Who did what is there for the auditor, with no words of it."""
    said = c.auditor("audit", "log", "--object-id", "GS26-01").out
    for step in "起草公示", "公示保密审查", "审批公示", "张贴公示", "公示期满":
        assert step in said
    c.head.refused(5, "audit", "log")
