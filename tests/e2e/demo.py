"""The demo college, loaded by the people who would load it, with the real client:
the steps of deploy/demo up to the first round."""
import csv

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
        self.clock("2026-10-12")
        return self

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
