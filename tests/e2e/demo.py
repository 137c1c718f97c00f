"""The demo college, loaded by the people who would load it, with the real client:
the steps of deploy/demo up to the first round."""
import csv
import re

from college import DATA, Server


class DemoCollege(Server):
    """A running server with deploy/demo-college in it."""

    def load(self):
        self.clock("2026-09-01")
        self.admin = self.person("管理员", self.first_code)
        self.admin.acting = "administrator@DW"
        self.admin("office", "import", DATA / "first-offices.csv", "-y")
        self.head = self.enrol("组织部长", "组织部长", "ZZB", role="od_head")
        self.officer = self.enrol("组织部", "组织员", "ZZB", 2, role="od_officer")
        for noun, name in (("org", "orgs"), ("people", "people")):
            self.officer(noun, "import", DATA / f"{name}.csv", "-y")
        self.admin("office", "import", DATA / "offices.csv", "-y")
        self.officer("calendar", "import", DATA / "holidays.csv", "--doc-no", "放假通知",
                     "-y")
        self.party_secretary = self.enrol("党委书记", "党委书记", "DW",
                                          role="committee_secretary")
        self.party_secretary("rule", "set", "-f", DATA / "rules.json", "-y")
        self.party_secretary("items", "adopt", "-f", DATA / "items.json", "-y")
        self.secretary = self.enrol("书记14", "党支部书记", "14", role="branch_secretary")
        self.clock("2026-10-12")
        return self

    def on_its_way(self):
        """Branch 14, its round begun, applies, and its evaluations are open: a little
        of everything there is by then.  name of a field -> its value."""
        p, secretary, officer = self.person_id, self.secretary, self.officer
        recorder = self.enrol("记录人", "记录人", "DW", role="recorder")
        form = secretary("self", "form").out
        (secretary.dir / "自评.txt").write_text(
            re.sub(r"(?m)^(\[\d.+\d*\] .* = )$", r"\1达到", form))
        secretary("self", "import", "自评.txt")
        gap = secretary.json("gap", "add", "批评意见偏少", "--item", "3.2")["gapId"]
        secretary("gap", "plan", gap, "--measure", "会前谈心", "--responsible", "书记",
                  "--due-on", "11-30")
        secretary("self", "adopt", "--held-on", "10-12", "--entitled", 25, "--present", 22,
                  "--in-favour", 21, "--against", 0, "--abstain", 1, "--meets-conditions")
        (secretary.dir / "函.pdf").write_bytes(b"%PDF-1.4\n")
        file = secretary.json("file", "add", "函.pdf", "--item", "4.2",
                              "--not-classified")["fileId"]
        secretary("app", "new")
        secretary("app", "edit", "--summary", "对照标准开展自创。", "--remaining-problems",
                  "联系点偏少。", "--next-steps", "每月走访。")
        secretary("app", "adopt", "--same-meeting")
        secretary("app", "submit", "-y")
        self.enrol("总支", "党总支书记", "Z2", role="general_branch_secretary")(
            "app", "endorse", "SB26-14", "--agree", "-m", "同意")
        officer("app", "accept", "SB26-14")
        officer("eval", "open", "SB26-14")
        note = officer.json("note", "add", "14", "--source", "走访", "--happened-on", "10-10",
                            "--text", "参加主题党日。")["noteId"]
        inspection = officer.json("inspection", "add", "14", "--happened-on", "10-11", "--place",
                                  "实训楼", "--text", "记录齐全。")["noteId"]
        review = officer.json("duty", "add", "14", "--year", 2025, "--secretary-id",
                              p(self.holder("党支部书记", "14")), "--grade", "较好",
                              "--decided-by", "党委", "--decided-on", "2026-01-20")["reviewId"]
        officer("talk", "add", "SB26-14", "--interviewer-id", p(self.holder("组织员", "ZZB", 2)),
                "--second-interviewer-id", p(self.holder("纪检干部", "DW")), "--category",
                "教师", "--held-on", "10-12", "--outline", "联系群众", "--points", "报修快",
                "--read-back")
        masses = officer.json(
            "rep", "choose", "14", "--year", 2026, "--how-chosen", "工会抽签", "--chosen-by",
            "工会", "--representatives", "name=白音,category=教师")["massSessionId"]
        self.head("questions", "adopt", "--title", "民意调查", "--basis", "部务会", "--questions",
                  "联系群众", "-y")
        survey = officer.json("survey", "new", "SB26-14", "--categories", "职工")["surveyId"]
        clearance = officer.json("clearance", "ask", "SB26-14", "--body", "纪检", "--matter",
                                 "有无需要说明的情况")["clearanceId"]
        unit = officer.json("unit", "add", "红山电机厂", "--kind", "共建单位")["unitId"]
        letter = officer.json("letter", "new", "SB26-14", "--unit-id", unit, "--why", "共建",
                              "--questions", "印象", "--reply-by-on", "12-01")["letterId"]
        officer("letter", "print", letter)
        officer("letter", "send", letter, "--channel", "专人送达")
        session = officer.json(
            "ballot", "prepare", "SB26-14", "--held-on", "10-12", "--place", "实训楼",
            "--scrutineer-id", p(self.holder("监票人", "DW")),
            "--teller-id", p(self.holder("计票人", "DW")),
            "--key-holder-id", p(self.holder("第三持钥人", "DW")))["sessionId"]
        guidance = officer.json("guidance", "add", "会前先谈心", "--item", "3.2", "--org-ids",
                                "14")["guidanceId"]
        meeting = recorder.json("meeting", "new", "--held-on", "10-12", "--place",
                                "第一会议室")["meetingId"]
        return {"application_id": "SB26-14", "round_id": "LC26-14", "org_id": "14",
                "person": "BY0212", "gap_id": gap, "file_id": file, "letter_id": letter,
                "session_id": session, "meeting_id": meeting, "words": "电气",
                "unit_id": unit, "guidance_id": guidance, "stream_id": "PS26-14-ORG", "note_id": note,
                "inspection note_id": inspection,
                "review_id": review, "mass_session_id": masses, "clearance_id": clearance,
                "survey_id": survey,
                "self_id": secretary.json("round", "show")["selfId"]}

    @staticmethod
    def holder(role, org, nth=1):
        """The member's number of the n-th holder, by the words of offices.csv."""
        with open(DATA / "offices.csv", encoding="utf-8-sig", newline="") as f:
            rows = [r["工号"] for r in csv.DictReader(f)
                    if (r["职务"], r["组织编号"]) == (role, org)]
        return rows[nth - 1]

    def person_id(self, member_no):
        return self.sql(f"SELECT id FROM data.person WHERE member_no = '{member_no}'")[0][0]

    def enrol(self, name, word, org, nth=1, role=None):
        """A person with their own client; acts as `role`, one of 010_roles.sql."""
        code = self.admin("account", "code", self.holder(word, org, nth)).out.strip()
        p = self.person(name, code)
        if role:
            p.acting = f"{role}@{org}"
        return p
