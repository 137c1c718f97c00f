"""The years after an award with the real programs: reviewed and revoked, ended with the
term, carried through a reorganisation, put forward upwards.  Named for the case."""
import pytest

# An award on a decision as it should be, without playing the way to it again.
AWARD = """
INSERT INTO data.round (id, org_id, state, term_id, standard_version_id, started_on, started_by)
SELECT 'LC26-{o}', '{o}', 'APPLIED', t.id, flow.current_standard(), '2026-03-01', '{p}'
FROM data.term t WHERE t.org_id = '{o}';
INSERT INTO data.self_assessment (id, org_id, state, round_id, version_no)
VALUES ('ZP26-{o}', '{o}', 'ADOPTED', 'LC26-{o}', 1);
INSERT INTO data.self_version (self_id, version_no, revision, held_on, entitled, present, in_favour,
    against, abstain, meets_conditions, adopted_by, adopted_at)
VALUES ('ZP26-{o}', 1, 1, '2026-10-22', 9, 9, 9, 0, 0, true, '{p}', now());
INSERT INTO data.application (id, org_id, state, round_id, standard_version_id, self_id,
    self_version_no, org_name, org_kind, established_on, full_members, probationary_members,
    summary, remaining_problems, next_steps, term_id, created_on, created_by, submitted_at)
SELECT 'SB26-{o}', '{o}', '{state}', r.id, r.standard_version_id, 'ZP26-{o}', 1,
    flow.org_name('{o}', '2026-10-23'), 'branch', '2010-01-01', 9, 0, '一年来的自创', '不足一条',
    '每月走访', r.term_id, '2026-10-23', '{p}', now() FROM data.round r WHERE r.id = 'LC26-{o}';
"""
DECIDED = """
INSERT INTO data.dossier (id, org_id, state, application_id, content, sha256, frozen_at, frozen_by)
VALUES ('CL26-{o}', '{o}', 'FROZEN', 'SB26-{o}', '{{}}', sha256(''), now(), '{p}');
INSERT INTO data.meeting (id, org_id, state, held_on, place, chair_id, recorder_id)
VALUES ('HY{o}', 'DW', 'SIGNED', '2026-11-20', '会议室', '{p}', '{p}');
INSERT INTO data.agenda_item (id, org_id, state, meeting_id, item_no, application_id, entity,
    subject_id, dossier_id, presenter_id, passed, outcome)
VALUES ('YT26-{o}', '{o}', 'RESOLVED', 'HY{o}', 1, 'SB26-{o}', 'application', 'SB26-{o}', 'CL26-{o}',
    '{p}', true, 'PROPOSED_AWARD');
INSERT INTO data.notice (id, org_id, state, kind, title, contact, drafted_by, drafted_on)
VALUES ('GS{o}', 'DW', 'ENDED_CLEAR', 'INTENDED_AWARD', '公示', '电话', '{p}', '2026-11-21');
INSERT INTO data.award (id, org_id, state, application_id, round_id, programme_id, level, title,
    org_name, doc_no, decided_on, term_id, effective_from, valid_to, agenda_item_id, notice_id, signed_by)
SELECT 'PD26-{o}', '{o}', 'EFFECTIVE', a.id, a.round_id, flow.current_programme(), 'COLLEGE',
    '最强党支部', a.org_name, '院党发〔2026〕12号', '2026-11-30', a.term_id, '2026-11-30',
    flow.term_end(a.term_id), 'YT26-{o}', 'GS{o}', '{p}' FROM data.application a WHERE a.id = 'SB26-{o}';
"""


class Years:
    """The demo college some years on."""

    def __init__(self, college):
        self.college = college
        self.head, self.officer = college.head, college.officer
        self.secretary = college.party_secretary
        self.recorder = college.enrol("记录人", "记录人", "DW", role="recorder")
        self.somebody = college.sql("SELECT min(id) FROM data.person")[0][0]
        self.places = {p.name: p for p in (self.head, self.officer)}

    def sql(self, text):
        return self.college.sql(text)

    def one(self, text):
        return self.sql(text)[0][0]

    def branch(self, org):
        name = f"书记{org}"
        if name not in self.places:
            self.places[name] = self.college.enrol(name, "党支部书记", org, role="branch_secretary")
        return self.places[name]

    def award(self, org, decided=True):
        values = {"o": org, "p": self.somebody, "state": "EFFECTIVE" if decided else "EVALUATING"}
        self.sql(AWARD.format(**values))
        if decided:
            self.sql(DECIDED.format(**values))
        return f"PD26-{org}"

    def decide(self, subject, carried=True):
        """A meeting of the whole committee on this one matter, its minutes signed."""
        today = self.one("SELECT flow.today()")
        m = self.recorder.json("meeting", "new", "--held-on", today, "--place", "第一会议室")["meetingId"]
        presenter = self.one("SELECT o.person_id FROM data.office o WHERE o.role = 'od_officer'"
                             " ORDER BY 1 LIMIT 1")
        item = self.recorder.json("meeting", "agenda", m, subject, "--presenter-id",
                                  presenter)["agendaItemId"]
        seats = [p for p, in self.sql("SELECT flow.seats(flow.today())")]
        self.recorder("meeting", "attend", m, *sum((["--present-ids", p] for p in seats), []))
        aside = [p for p, in self.sql(f"SELECT flow.unrecused('{item}')")]
        for p in aside:
            self.recorder("meeting", "recuse", item, "--person-id", p, "--reason", "本支部党员")
        self.recorder("meeting", "begin", m, "-y")
        self.recorder("vote", "open", item, "--method", "SHOW_OF_HANDS")
        n = len(seats) - len(aside)
        self.recorder("vote", "close", item, "--in-favour", n if carried else 0, "--against",
                      0 if carried else n, "--abstain", 0, "-y")
        self.recorder("item", "resolve", item, "--discussion", "逐项研究",
                      *([] if carried else ["--reasons", "条件不成熟"]), "-y")
        self.recorder("meeting", "end", m, "-y")
        digest = self.secretary.json("meeting", "minutes", m)["digest"]
        self.secretary("meeting", "sign", m, "--digest", digest, "--confirm", m)
        return m

    def reorganise(self, *plan, doc="院党组〔2027〕8号"):
        r = self.officer.json("org", "reorg", *plan, "--reason", "机构调整", "-y")["reorgId"]
        self.decide(r)
        return r, self.head.json("reorg", "done", r, "--doc-no", doc, "--confirm", r)

    def tree(self, on=None):
        reply = self.officer.json("org", "tree", *(["--as-of-on", on] if on else []))
        return {o["orgId"]: o for o in reply["orgs"]}


@pytest.fixture(scope="module")
def y(college):
    return Years(college)


def test_T19_T20_reviewed_with_the_branch_heard_and_revoked(y):
    """No revocation without the branch, the month, the committee and a second person."""
    y.college.clock("2026-12-21")
    award = y.award("22")
    y.sql("INSERT INTO data.fund (id, org_id, state, year, source, award_id, purpose, budgeted_fen,"
          " budgeted_by, granted_fen, decided_on, basis, granted_by) VALUES ('JF26-22', '22', 'GRANTED', 2026,"
          f" 'ACTIVITY', '{award}', '书报', 100000, '{y.somebody}', 100000, '2026-12-10', '党委会',"
          f" '{y.somebody}')")
    y.officer("award", "certificate", award, "--certificate-no", "证2026-022")
    document = y.branch("22")("award", "document", "院党发〔2026〕12号").out
    assert "关于命名“最强党支部”的决定" in document and "证2026-022" in document
    y.officer("print", "D26", "院党发〔2026〕12号", "-o", "清单.html")
    assert "证2026-022" in (y.officer.dir / "清单.html").read_text()
    review = y.officer.json("award", "review", award, "--facts", "组织生活长期不正常", "--evidence",
                            "督查记录两次", "--confirm", award)
    assert review["rectifyToOn"] == "2027-01-21"
    review = review["awardReviewId"]
    branch = y.branch("22")
    assert f"award hear {review}" in branch("next").out
    r = y.head.refused(3, "review", "propose", review, "--grounds", "属实", "-y")
    assert "还没有听取支部" in r.err and "award hear" in r.err
    r = y.secretary.refused(3, "award", "revoke", review, "--doc-no", "5号", "--confirm", review)
    assert "还没有听取支部" in r.err
    branch("award", "hear", review, "-m", "情况属实，正在整改")
    r = y.head.refused(3, "review", "propose", review, "--grounds", "属实", "-y")
    assert "2027-01-21" in r.err
    y.college.clock("2027-01-25")
    y.head("review", "propose", review, "--grounds", "整改期满仍未恢复", "-y")
    m = y.decide(review)
    assert "取消矿冶与材料系教工党支部的“最强党支部”评定" in y.secretary("meeting", "minutes", m).out.replace("\n", "")
    r = y.secretary.refused(13, "award", "revoke", review, "--doc-no", "院党发〔2027〕5号", "--confirm", review)
    waiting = y.one("SELECT id FROM data.approval WHERE state = 'WAITING'")
    y.head("approve", "yes", waiting, "--confirm", waiting)
    assert y.one(f"SELECT state FROM data.award WHERE id = '{award}'") == "REVOKED"
    assert y.one("SELECT state FROM data.fund WHERE id = 'JF26-22'") == "WITHDRAWN"
    y.head("print", "D28", review, "-o", "取消.html")
    paper = (y.head.dir / "取消.html").read_text()
    assert "情况属实，正在整改" in paper and "院党发〔2027〕5号" in paper and "JF26-22" in paper
    # T19: a new round may follow, the old award stays what it was
    assert branch.json("round", "start")["state"] == "SELF_BUILDING"
    shown = branch("award", "history").out
    for word in ("评定", "启动复核", "取消评定", "院党发〔2027〕5号"):
        assert word in shown
    y.officer.refused(3, "award", "review", award, "--facts", "x", "--evidence", "y", "--confirm", award)


def test_T17_S52_the_term(y):
    """A reminder half a year before; extended, ended, renewed: by people, never by itself."""
    y.college.clock("2027-01-25")
    award = y.award("24")  # its term ends on 1 May 2027
    assert "org term 24" in y.officer("next").out
    y.officer("print", "D32", "24", "-o", "提醒.html")
    assert "2027年5月1日任期届满" in (y.officer.dir / "提醒.html").read_text()
    r = y.officer.refused(3, "award", "end", award, "--no-extension", "--confirm", award)
    assert "还没有到期" in r.err
    r = y.officer.refused(3, "org", "extend", "24", "--extended-to-on", "2028-06-01", "--doc-no", "批复7号", "-y")
    assert "--over-a-year" in r.err
    assert y.officer.json("org", "extend", "24", "--extended-to-on", "2027-11-01", "--doc-no", "批复7号",
                          "-y")["prolonged"] == [award]
    y.college.clock("2027-11-05")
    assert y.tree()["24"]["termState"] == "OVERDUE"
    assert "已届满未换届" in y.officer("org", "tree").out
    assert y.one(f"SELECT state FROM data.award WHERE id = '{award}'") == "EFFECTIVE"
    new = y.officer.json("org", "term", "24", "--start-on", "2027-11-03", "--due-on", "2030-11-02", "-y")
    assert new["roundId"] == "LC27-24"
    assert y.officer.json("award", "show", award)["state"] == "ENDED_TERM"
    # T17: an application whose term ended waits for the department's word
    y.award("01", decided=False)
    assert "roundId" not in y.officer.json("org", "term", "01", "--start-on", "2027-11-03", "--due-on",
                                           "2030-11-02", "-y")
    r = y.officer.refused(3, "app", "lapse", "SB26-01", "-m", "届满", "--confirm", "SB26-01")
    assert "延期" in r.err
    lapse = y.officer.run("app", "lapse", "SB26-01", "--no-extension", "-m", "届满", "--confirm", "SB26-01")
    if lapse.code:  # this officer belongs to the branch: another does it (T23)
        y.officer = y.college.enrol("组织部甲", "组织员", "ZZB", 1, role="od_officer")
        y.officer("app", "lapse", "SB26-01", "--no-extension", "-m", "届满", "--confirm", "SB26-01")
    assert y.one("SELECT state FROM data.round WHERE org_id = '01' AND ended_on IS NULL") == "PLANNED"


def test_bad_reorganisations_change_nothing(y):
    """A merger with itself, a circle, open business: the reason, the way on, nothing half done."""
    y.college.clock("2027-12-01")
    y.branch("11").json("round", "start")
    gap = y.branch("11").json("gap", "add", "分工不清", "--item", "2.3")["gapId"]
    y.branch("11")("gap", "add", "台账不全", "--item", "3.1")
    before = y.sql("SELECT count(*) FROM data.org_version") + y.sql("SELECT count(*) FROM data.reorg")
    r = y.officer.refused(3, "org", "reorg", "合并", "11", "--results", "org_id=11", "--reason", "x", "-y")
    assert "不能并入自己" in r.err
    r = y.officer.refused(3, "org", "reorg", "隶属调整", "Z1", "--results", "org_id=Z1,parent_id=Z1",
                          "--reason", "x", "-y")
    assert "绕成了一圈" in r.err
    r = y.officer.refused(3, "org", "reorg", "撤销", "11", "--reason", "x", "-y")
    assert gap in r.err and "没有写明去向" in r.err and "--members" in r.err
    y.branch("11").refused(5, "org", "reorg", "撤销", "11", "--reason", "x", "-y")
    assert before == y.sql("SELECT count(*) FROM data.org_version") + y.sql("SELECT count(*) FROM data.reorg")


def test_T1_merged_with_half_done_work(y):
    """11 into 10: problems move with their origin, the round ends, yesterday can be asked."""
    y.sql("INSERT INTO data.weak_lax (id, org_id, state, criteria, facts, basis, listed_on, listed_by) VALUES"
          f" ('RR27-11', '11', 'LISTED', '{{LIFE}}', '组织生活不正常', '党委会', '2027-06-01', '{y.somebody}')")
    members = int(y.one("SELECT flow.members('10', flow.today(), 'FULL') + flow.members('11', flow.today(), 'FULL')"))
    r, done = y.reorganise("合并", "11", "--results", "org_id=10")
    assert done["movedMembers"] == 9 and len(done["carriedGaps"]) == 2
    assert {"10", "11"} <= y.tree("2027-11-30").keys() and "11" not in y.tree()
    shown = y.branch("10").json("org", "show", "10")
    assert shown["fullMembers"] == members
    assert shown["predecessors"][0]["orgId"] == "11"
    assert y.officer.json("org", "show", "11")["successors"][0]["docNo"] == "院党组〔2027〕8号"
    origin = y.branch("10").json("gap", "show", done["carriedGaps"][0])["originId"]
    assert origin.endswith("-11") or "-11-" in origin
    assert y.one("SELECT org_id || state FROM data.weak_lax WHERE id = 'RR27-11'") == "10LISTED"
    assert y.one("SELECT state FROM data.round WHERE org_id = '11'") == "ENDED_REORG"
    y.branch("11").refused(5, "round", "show")  # its office ended that day
    assert len(y.officer.json("reorg", "show", r)["members"]) == 9
    y.officer("print", "D29", r, "-o", "备案.html")
    assert "转接党员" in (y.officer.dir / "备案.html").read_text()


def test_T2_T36_split_after_an_award(y):
    """The award goes on with one, by the committee's word; a branch more is in the tree."""
    award = y.award("12")
    people = [p for p, in y.sql("SELECT person_id FROM data.affiliation WHERE org_id = '12' AND kind = 'PRIMARY'"
                                " AND to_on IS NULL ORDER BY 1")]
    count = int(y.one("SELECT count(*) FROM flow.branches()"))
    plan = ["拆分", "12", "--heir-id", "31",
            "--results", "org_id=31,name=数控技术党支部,kind=branch,member_category=教工,parent_id=Z2",
            "--results", "org_id=32,name=模具技术党支部,kind=branch,member_category=教工,parent_id=Z2"]
    for n, p in enumerate(people):
        plan += ["--members", f"person_id={p},to_org_id={31 + n % 2}"]
    r = y.officer.refused(3, "org", "reorg", *plan, "--reason", "x", "-y")
    assert award in r.err and "党委定" in r.err
    r = y.officer.refused(3, "org", "reorg", *plan, "--awards", f"award_id={award},to_org_id=31", "--awards",
                          f"award_id={award},to_org_id=32", "--reason", "x", "-y")
    assert "两次" in r.err
    _, done = y.reorganise(*plan, "--awards", f"award_id={award},to_org_id=32", doc="院党组〔2027〕9号")
    assert done["continuedAwards"] == ["PD27-32"] and done["movedMembers"] == len(people)
    assert int(y.one("SELECT count(*) FROM flow.branches()")) == count + 1
    shown = y.officer.json("award", "show", "PD27-32")
    assert shown["continuesId"] == award and shown["state"] == "EFFECTIVE"
    kinds = [e["kind"] for e in y.officer.json("award", "history", "32")["events"]]
    assert kinds[0] == "AWARDED" and "CONTINUED" in kinds and "CONTINUES" in kinds and "SPLIT" in kinds
    assert "CONTINUES" not in [e["kind"] for e in y.officer.json("award", "history", "31")["events"]]


def test_T47_the_general_branch_level_goes(y):
    y.sql("UPDATE data.application SET state = 'AT_INTERMEDIATE', at_org_id = 'Z3'"
          " WHERE id = 'SB26-22' OR id = 'SB26-20'")
    y.award("20", decided=False)
    y.sql("UPDATE data.application SET state = 'AT_INTERMEDIATE', at_org_id = 'Z3' WHERE id = 'SB26-20'")
    y.sql("UPDATE data.application SET state = 'EFFECTIVE', at_org_id = NULL WHERE id = 'SB26-22'")
    r = y.officer.refused(3, "org", "reorg", "撤销", "Z3", "--reason", "x", "-y")
    assert "--heir-id" in r.err
    y.reorganise("撤销", "Z3", "--heir-id", "DW", doc="院党组〔2027〕10号")
    assert y.tree("2027-11-30")["20"]["parentId"] == "Z3" and y.tree()["20"]["parentId"] == "DW"
    assert y.one("SELECT state FROM data.application WHERE id = 'SB26-20'") == "SUBMITTED"


def test_upwards_and_what_is_seen_there(y):
    """Only by resolution, only where it is switched on; returned, then approved."""
    city = y.college.enrol("市教工委", "市教育工委干部", "GW", role="city_officer")
    award = y.award("25")
    y.sql("UPDATE data.award SET valid_to = '2028-12-31' WHERE id = 'PD26-25';"
          "UPDATE data.term SET due_on = '2028-12-31' WHERE org_id = '25'")
    r = y.officer.refused(3, "escalate", "new", award, "--opinion", "同意推荐")
    assert "批准依据" in r.err
    y.secretary("level", "set", "--active", "--org-id", "GW", "--title", "坚强堡垒支部", "--basis", "市委批准设立",
                "--basis-doc-no", "市委办〔2027〕3号", "-y")
    e = y.officer.json("escalate", "new", award, "--opinion", "同意推荐")["escalationId"]
    city.refused(5, "escalate", "show", e)
    y.head.refused(3, "escalate", "send", e, "--doc-no", "3号", "--confirm", e)
    y.decide(e)
    y.head("escalate", "send", e, "--doc-no", "院党发〔2027〕30号", "--confirm", e)
    assert f"escalate receive {e}" in city("next").out
    shown = city.json("escalate", "show", e)
    assert shown["summary"] == "一年来的自创" and shown["intact"] and "motion" not in shown
    for words in (["dossier", "list"], ["app", "show", "SB26-25"], ["review", "list"], ["ballot", "list", "SB26-25"],
                  ["meeting", "list"], ["people", "list"], ["award", "history", "25"], ["reorg", "list"]):
        city.refused(5, *words)
    city("print", "D27", e, "-o", "请示.html")
    assert "市委批准设立" in (city.dir / "请示.html").read_text()
    city("escalate", "receive", e)
    city("escalate", "answer", e, "退回", "--reason", "缺群众评价情况", "--confirm", e)
    y.head("escalate", "send", e, "--doc-no", "院党发〔2027〕31号", "--opinion", "补充：群众评价好", "--confirm", e)
    city("escalate", "receive", e)
    city("escalate", "answer", e, "批准", "--doc-no", "市教工委〔2027〕9号", "--confirm", e)
    kinds = [x["kind"] for x in y.officer.json("award", "history", "25")["events"]]
    assert kinds == ["AWARDED", "ESCALATION_SENT", "ESCALATION_RETURNED", "ESCALATION_SENT", "ESCALATION_APPROVED"]


def test_T18_the_term_ends_on_the_way_up(y):
    y.college.clock("2027-12-02")
    award = y.award("28")  # its term ends on 1 November 2028
    e = y.officer.json("escalate", "new", award, "--opinion", "同意推荐")["escalationId"]
    y.decide(e)
    y.head("escalate", "send", e, "--doc-no", "院党发〔2027〕40号", "--confirm", e)
    y.college.clock("2028-11-10")
    y.officer("award", "end", award, "--no-extension", "--confirm", award)
    assert y.one(f"SELECT state FROM data.escalation WHERE id = '{e}'") == "TERM_ENDED"
    y.decide(e, carried=False)
    assert y.one(f"SELECT state FROM data.escalation WHERE id = '{e}'") == "CANCELLED"
