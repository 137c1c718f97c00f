"""What follows an award and how the work is led, with the real programs: each test is
named for its trick case or clause."""
import pytest

from test_decision import APPLICATION, College

MORE = """
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
    ('P661', 'ZZB', 'finance_officer', '2024-01-01'), ('P662', 'ZZB', 'archivist', '2024-01-01'),
    ('P655', '22', 'branch_secretary', '2024-05-20'), ('P656', '18', 'branch_secretary', '2024-05-20');
"""
OFFICES = {"finance": ("P661", "finance_officer@ZZB"), "archivist": ("P662", "archivist@ZZB"),
           "branch22": ("P655", "branch_secretary@22"), "branch18": ("P656", "branch_secretary@18"),
           "helper": ("P606", "committee_member@DW")}


class Lead(College):
    def __init__(self, server):
        super().__init__(server)
        server.sql("INSERT INTO data.person (id, name) SELECT 'P' || n, '同志' || n"
                   " FROM generate_series(661, 662) n;" + MORE)

    def __getattr__(self, name):
        if name not in OFFICES:
            return super().__getattr__(name)
        if name not in self.people:
            person_id, office = OFFICES[name]
            p = self.server.person(name, code=self.server.code(person_id))
            p.acting = office
            self.people[name] = p
        return self.people[name]

    def awarded(self, *orgs):
        """Decided, published, clear and signed: from the clock's day on three weeks."""
        n = self.approved(self.proposed(*orgs))
        self.officer("notice", "post", n, "--confirm", n)
        self.server.clock("2026-12-19")
        self.officer("notice", "end", n, "-y")
        for org in orgs:
            self.head("award", "confirm", f"SB26-{org}", "-y")
            self.secretary("award", "sign", f"SB26-{org}", "--doc-no", "院党发〔2026〕12号",
                           "--confirm", f"SB26-{org}")

    def paper(self, who, form, object_id):
        """The page that person prints."""
        name = f"{form}-{object_id}.html"
        who("print", form, object_id, "-o", name)
        return (who.dir / name).read_text("utf-8")

    def resolve(self, matter, f, a, *words):
        """One matter on a meeting of its own, minutes signed."""
        day = self.server.sql("SELECT flow.today()")[0][0]
        m = self.recorder.json("meeting", "new", "--held-on", day,
                               "--place", "第一会议室")["meetingId"]
        self.recorder("meeting", "agenda", m, matter, "--presenter-id", "P622")
        self.attend(m, 9)
        self.recorder("meeting", "begin", m, "-y")
        self.recorder("vote", "open", matter, "--method", "SHOW_OF_HANDS")
        self.recorder("vote", "close", matter, "--in-favour", f, "--against", a,
                      "--abstain", 0, "-y")
        self.recorder("item", "resolve", matter, *words, "-y")
        self.recorder("meeting", "end", m, "-y")
        digest = self.secretary.json("meeting", "minutes", m)["digest"]
        self.secretary("meeting", "sign", m, "--digest", digest, "--confirm", m)


@pytest.fixture(scope="module")
def c(server):
    lead = Lead(server)
    lead.awarded("22", "24")
    return lead


def test_S48_a_reason_where_priority_is_not_given(c):
    """A list is drawn up: the awards are told, and it does not close without an answer."""
    new = c.officer("follow", "new", "2026年“七一”表彰", "--issuer", "市委教育工委",
                    "--subject", "先进基层党组织")
    assert "第22党支部" in new.out and "第24党支部" in new.out and "院党发〔2026〕12号" in new.out
    told = c.officer("follow", "candidate", "TJ26-01", "22")
    assert "最强党支部" in told.out
    r = c.officer.refused(3, "follow", "close", "TJ26-01", "-y")
    assert "follow record JL26-22" in r.err and "follow record JL26-24" in r.err
    c.officer("follow", "record", "JL26-22", "--prioritised", "-m", "列为推荐对象")
    assert c.officer.refused(3, "follow", "record", "JL26-24", "--prioritised", "-m", "好").code == 3
    c.officer("follow", "record", "JL26-24", "--no-prioritised", "-m", "本年度未申报先进")
    c.officer("follow", "close", "TJ26-01", "-y")
    shown = c.member("follow", "recommendation", "TJ26-01").out
    assert "已落实" in shown and "未优先" in shown and "本年度未申报先进" in shown
    c.branch24.refused(5, "follow", "recommendation", "TJ26-01")
    assert "本年度未申报先进" in c.paper(c.officer, "D30", "TJ26-01")


def test_T3_the_secretary_changed(c):
    """Nothing passes on by itself: the committee says whose the consideration is."""
    c.head("office", "replace", "24", "党支部书记", "P654", "-y")
    r = c.officer.refused(3, "follow", "consider", "PD26-24", "P654", "--use", "外派学习",
                          "--occasion", "学院选派进修")
    assert "follow ask PD26-24 P654" in r.err
    shown = c.officer("follow", "show", "PD26-24").out
    assert "待提请党委研究" in shown and "同志651" in shown and "同志654" in shown
    assert "follow ask" in c.officer("next").out
    q = c.officer.json("follow", "ask", "PD26-24", "P651")["questionId"]
    c.resolve(q, 8, 1)
    c.officer("follow", "consider", "PD26-24", "P651", "--use", "外派学习",
              "--occasion", "学院选派进修")
    c.officer.refused(3, "follow", "consider", "PD26-24", "P654", "--use", "外派学习",
                      "--occasion", "学院选派进修")
    c.branch22.refused(5, "follow", "show", "PD26-24")
    assert "学院选派进修" not in c.branch22("follow", "list").out


def test_T20_revoked_while_partly_spent(c):
    """Unspent withdrawn, spent kept, both days in the ledger; dues meet no other money."""
    c.officer("fund", "budget", "22", "党费", "3000", "--used-for", "购置学习资料",
              "--award-id", "PD26-22")
    c.officer("fund", "budget", "22", "党建活动经费", "1000", "--used-for", "主题党日")
    for fund in "JF26-22", "JF26-22-2":
        c.head("fund", "grant", fund, "--collective-on", "2026-12-18", "--basis",
               "党委会2026年第12次", "-y")
    r = c.branch22.refused(2, "fund", "spend", "JF26-22", "十元", "--used-for", "图书")
    assert "金额" in r.err
    c.branch22("fund", "spend", "JF26-22", "1250.50", "--used-for", "图书", "--voucher-no", "记-0231")
    r = c.branch22.refused(3, "fund", "spend", "JF26-22", "1749.51", "--used-for", "图书")
    assert "1749.50" in r.err
    assert "fund voucher JF26-22" in c.finance("next").out
    c.finance("fund", "voucher", "JF26-22")
    c.branch22("fund", "spend", "JF26-22-2", "1000", "--used-for", "场地")
    r = c.finance.refused(3, "fund", "voucher", "JF26-22-2", "--voucher-no", "记-0231")
    assert "党费和其他经费不能混" in r.err
    c.officer("follow", "consider", "PD26-22", "P655", "--use", "职称评定", "--occasion", "年度评审")

    c.officer("award", "review", "PD26-22", "--facts", "组织生活长期不正常", "--evidence",
              "督查记录两次", "--confirm", "PD26-22")
    c.branch22("award", "hear", "PF26-22", "-m", "情况属实，正在整改")
    c.server.clock("2027-01-25")
    c.head("review", "propose", "PF26-22", "--grounds", "整改期满仍未恢复组织生活", "-y")
    c.resolve("PF26-22", 9, 0)
    c.secretary.refused(13, "award", "revoke", "PF26-22", "--doc-no", "院党发〔2027〕5号",
                        "--confirm", "PF26-22")
    c.head("approve", "yes", "FH27-01", "--confirm", "FH27-01")

    fund = c.finance.json("fund", "show", "JF26-22")
    assert (fund["state"], fund["spentFen"], fund["withdrawnFen"], fund["withdrawnOn"],
            fund["collectiveOn"]) == ("SPENT", "125050", "174950", "2027-01-25", "2026-12-18")
    r = c.branch22.refused(3, "fund", "spend", "JF26-22", "1", "--used-for", "图书")
    assert "2027-01-25" in r.err
    c.finance("fund", "reconcile", "JF26-22", "-y")
    ledger = c.head("fund", "list", "--year", "2026").out
    assert "1,250.50" in ledger
    paper = c.paper(c.finance, "D31", "22")
    assert "1,749.50" in paper and "党费与其他经费分列" in paper


def test_T19_the_old_award_stays_stopped(c):
    """Revoked last year: what was due is stopped, and a new list tells no award of it."""
    old = [i for i in c.officer.json("follow", "show", "PD26-22")["incentives"]
           if i["kind"] == "SECRETARY"]
    assert [(i["state"], i["stoppedOn"]) for i in old] == [("STOPPED", "2027-01-25")]
    c.officer.refused(3, "follow", "record", old[0]["incentiveId"], "--prioritised", "-m", "x")
    new = c.officer("follow", "new", "2027年表彰", "--issuer", "市委教育工委", "--subject",
                    "优秀共产党员").out
    assert "第24党支部" in new and "第22党支部" not in new


def test_S55_contact_point(c):
    c.officer("contact", "set", "18", "同志606")
    assert "同志606" in c.branch18("contact", "list", "18").out
    r = c.officer.refused(3, "contact", "set", "18", "同志622")
    assert "不是党委委员" in r.err


def test_S13_weak_and_lax(c):
    """Words as criteria, a helper, a plan; closed by other people than the helpers."""
    r = c.head.refused(3, "choice", "add", "软弱涣散情形", "群众满意度低于60%", "--basis", "x", "-y")
    assert "数字线或排名" in r.err
    c.head("choice", "add", "软弱涣散情形", "组织生活长期不开展", "--basis", "党委会2027年第2次", "-y")
    case = c.head.json("weak", "open", "18", "--criteria", "组织生活长期不开展", "--facts",
                       "半年没有召开支部大会", "--basis", "党委会2027年第2次", "-y")["weakLaxId"]
    c.server.sql("""INSERT INTO data.round (id, org_id, state, term_id, standard_version_id, started_on, started_by)
        SELECT 'LC26-18', '18', 'SELF_ASSESSED', 'RQ18-3', s.id, '2026-03-01', 'P656' FROM data.standard_version s;
        INSERT INTO data.self_assessment (id, org_id, state, round_id, version_no) VALUES ('ZP26-18', '18', 'ADOPTED', 'LC26-18', 1);
        INSERT INTO data.self_version (self_id, version_no, revision, held_on, entitled, present, in_favour, against, abstain,
            meets_conditions, adopted_by, adopted_at) VALUES ('ZP26-18', 1, 1, '2026-10-22', 25, 22, 21, 0, 1, true, 'P656', now())""")
    r = c.branch18.refused(3, "app", "new")
    assert case in r.err and "GZ26.1" in r.err
    c.officer("weak", "help", case, "同志606", "--help-with", "联系指导")
    c.branch18("weak", "plan", case, "--measures", "每月召开支部大会", "--due-on", "2027-03-31")
    c.helper("weak", "progress", case, "-m", "参加了支部大会")
    c.branch18("weak", "ask", case, "--result", "已按月召开")
    r = c.helper.refused(13, "weak", "accept", case, "--accepted", "-m", "属实", "-y")
    assert "其他同志" in r.err
    c.member("weak", "accept", case, "--accepted", "-m", "实地看过", "-y")
    assert "已销号" in c.branch18("weak", "show", case).out
    paper = c.paper(c.officer, "D33", case)
    assert "组织生活长期不开展" in paper and "参加了支部大会" in paper and "同志606" in paper


def test_S58_dispatch_asks_no_branch(c):
    """The agenda comes from the records; a decision has an owner and a day."""
    note = c.officer.json("inspection", "add", "18", "--happened-on", "2027-01-20", "--place",
                          "实训楼", "--text",
                          "支部大会记录缺两次", "--visibility", "支部可见", "--findings",
                          "problem=支部大会记录不全,due_on=2027-01-22")
    gap = note["gapIds"][0]
    assert "支部大会记录不全" in c.branch18("gap", "list").out
    d = c.officer.json("dispatch", "new", "--held-on", "2027-01-25", "--place", "第一会议室")
    assert (gap, "GAP_OVERDUE") in [(m["objectId"], m["kind"]) for m in d["matters"]]
    c.officer("dispatch", "hold", d["dispatchId"], "--participants", "同志601", "--participants",
              "同志606", "--handled", "逐项研究")
    task = c.officer.json("task", "add", d["dispatchId"], "一周内补齐", "--object-id", gap,
                          "--owner", "同志606", "--due-on", "2027-02-01")["taskId"]
    assert f"task done {task}" in c.helper("next").out
    c.member.refused(5, "task", "done", task, "--result", "x")
    c.helper("task", "done", task, "--result", "已补齐")
    assert "已办结" in c.officer("dispatch", "show", d["dispatchId"]).out
    seen = c.paper(c.officer, "D14B", note["noteId"])
    assert "督查记录" in seen and "实训楼" in seen and "支部大会记录不全" in seen
    minutes = c.paper(c.officer, "d14c", d["dispatchId"])
    assert "调度会纪要" in minutes and "逐项研究" in minutes and "一周内补齐" in minutes


def test_T36_progress(c):
    """9 of 30, of 29 after a merger, of 31 after a split: facts, and nothing else happens."""
    c.server.sql("".join(APPLICATION.format(o=f"{n:02}") for n in range(3, 11)))
    c.server.sql("""INSERT INTO data.award SELECT (jsonb_populate_record(w, jsonb_build_object('id', 'PD26-' || a.org_id,
        'org_id', a.org_id, 'application_id', a.id, 'round_id', a.round_id))).*
        FROM data.application a, data.award w
        WHERE w.id = 'PD26-24' AND a.org_id BETWEEN '03' AND '10'""")
    said = c.head("progress").out
    assert "30.0%" in said and "9" in said and "只舍不入" in said
    assert "不少于9个" in said.replace("\n", "").replace(" ", "")
    c.server.sql("UPDATE data.org_version SET to_on = '2027-01-20' WHERE org_id = '30'")
    assert c.head.json("progress")["awardedShare"] == "31.0%"
    assert c.head.json("progress", "--at", "2027-01-19")["awardedShare"] == "33.3%"  # 22 too
    c.server.sql("""INSERT INTO data.org (id, kind, established_on) VALUES ('31', 'branch', '2027-01-21'), ('32', 'branch', '2027-01-21');
        INSERT INTO data.org_version (org_id, parent_id, name, from_on) VALUES ('31', 'DW', '第31党支部', '2027-01-21'),
        ('32', 'DW', '第32党支部', '2027-01-21')""")
    now = c.member.json("progress")
    assert (now["awardedShare"], now["activeBranches"]) == ("29.03%", 31)
    assert "不少于16个" in now["goals"][1]["reading"]
    for who in c.branch24, c.recorder, c.finance, c.auditor:
        who.refused(5, "progress")


def test_T36_counted_by_two_at_once(c):
    """Two branches change on one day without waiting for each other; one branch is counted
    by one after the other."""
    def counts(*names):
        now = c.head.json("progress")
        return [now[n] for n in names]
    before, = counts("activeBranches")
    c.server.sql("INSERT INTO data.org (id, kind, established_on) VALUES ('41', 'branch', '2027-01-21'),"
                 " ('42', 'branch', '2027-01-21')")
    begin = "INSERT INTO data.org_version (org_id, parent_id, name, from_on) VALUES ('{0}', 'DW', '第{0}党支部', '2027-01-21')"
    c.server.meanwhile(begin.format(41), lambda: c.server.sql("SET lock_timeout = '1s'; " + begin.format(42)))
    assert counts("activeBranches") == [before + 2]
    awarded, = counts("awardedBranches")
    # the branch ends while its award does: neither sees the other's row
    c.server.meanwhile("UPDATE data.org_version SET to_on = '2027-01-22' WHERE org_id = '10'", lambda: c.server.sql(
        "UPDATE data.award SET effective_from = '2027-01-25' WHERE id = 'PD26-10'"))
    assert counts("activeBranches", "awardedBranches", "standardBranches") == [before + 1, awarded - 1, awarded - 1]


def test_T50_nothing_is_destroyed_while_an_objection_is_open(c):
    """Handed over by one, taken by another, destroyed by two, and not while it is held."""
    listed = c.archivist("archive", "list", "24").out
    assert "DQ13" in listed and "PD26-24" in listed and "永久" in listed
    y = c.officer.json("archive", "hand", "--entries", "object_id=SB26-24,pages=12", "-y")["handoverId"]
    c.archivist("archive", "take", y, "-y")
    paper = c.paper(c.archivist, "D34", y)
    assert "30年" in paper and "DQ13" in paper and ">12<" in paper
    c.server.clock("2057-06-01")
    c.server.sql("INSERT INTO data.objection (id, org_id, state, came_by, received_on)"
                 " VALUES ('YY57-01', '24', 'INQUIRING', 'LETTER', '2057-05-30')")
    act = ("archive", "dispose", "SB26-24", "--reason", "保管期满", "--basis", "鉴定小组2057年1号",
           "--confirm", "SB26-24")
    r = c.archivist.run(*act)
    assert "YY57-01" in r.err and r.code == 3
    c.server.sql("UPDATE data.objection SET state = 'CLOSED', ended_on = '2057-06-01'")
    c.archivist.refused(13, *act)  # waits for the second person
    c.head.agree()
    assert "保管期满" in c.archivist("archive", "disposals").out
