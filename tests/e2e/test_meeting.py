"""The committee's room with the real programs: hints to stand aside, leaving and
returning, the full record, the bad inputs of a decision; named for the trick cases."""
import re

import pytest

from test_decision import College


class Room(College):
    def enrol(self, person_id, office):
        p = self.server.person(person_id, code=self.server.code(person_id))
        p.acting = office
        return p


@pytest.fixture(scope="module")
def c(server):
    r = Room(server)
    r.seat4 = r.enrol("P604", "committee_member@DW")
    return r


def test_dossier_is_built_before_it_is_frozen(c):
    """What is missing is said; nothing undecided is decided on."""
    c.application("14")
    c.server.sql("UPDATE data.eval_stream SET state = 'SUMMARISED' WHERE id = 'PS26-14-SOC'")
    said = c.head("dossier", "build", "SB26-14").out
    assert "还有未锁定的" in said and "社会评价" in said
    m = c.recorder.json("meeting", "new", "--held-on", "2026-12-04", "--place",
                        "第一会议室")["meetingId"]
    # a decision on an unfrozen dossier
    r = c.recorder.refused(3, "meeting", "agenda", m, "SB26-14", "--presenter-id", "P622")
    assert "四评" in r.err
    c.server.sql("UPDATE data.eval_stream SET state = 'LOCKED' WHERE id = 'PS26-14-SOC'")
    assert "可以固定" in c.head("dossier", "build", "SB26-14").out
    c.head("dossier", "freeze", "SB26-14", "-y")
    c.meeting_id = m


def test_hints_of_contact_point_and_relative(c):
    """T23: answered before the vote, each by the member, with a reason."""
    c.server.sql("INSERT INTO data.contact_point VALUES ('14', 'P604', '2026-01-01', NULL, 'P620')")
    c.member("recusal", "declare", "14")
    hints = c.recorder.json("meeting", "agenda", c.meeting_id, "SB26-14", "--presenter-id", "P622")
    assert hints["ownBranchNames"] == ["同志604", "同志605"]
    c.attend(c.meeting_id, 9)
    c.recorder("meeting", "begin", c.meeting_id, "-y")
    r = c.recorder.refused(3, "vote", "open", "YT26-14", "--method", "SECRET_BALLOT")
    assert "联系点" in r.err and "亲属" in r.err
    c.seat4("recusal", "decline", "YT26-14", "--reason", "任联系点不足一月", "-y")
    c.member("meeting", "recuse", "YT26-14", "--reason", "亲属在该支部")
    c.member.refused(5, "item", "show", "YT26-14")
    shown = c.seat4("item", "show", "YT26-14").out
    assert "任联系点不足一月" in shown and "联系点" in shown and "亲属" in shown


def test_the_full_record(c):
    """Prior consultation as a fact, each speaker, who left and came back."""
    c.recorder("item", "consult", "YT26-14", "--happened-on", "12-03", "--with-whom", "纪委书记",
               "--text", "听取意见")
    c.recorder.refused(3, "item", "speak", "YT26-14", "P605", "--text", "我也说两句")
    c.recorder("item", "speak", "YT26-14", "P606", "--text", "自创扎实，赞成")
    c.recorder("meeting", "leave", c.meeting_id, "P605", "--agenda-item-id", "YT26-14")
    c.recorder("meeting", "leave", c.meeting_id, "P609", "--reason", "接电话")
    vote = c.recorder.json("vote", "open", "YT26-14", "--method", "SECRET_BALLOT")
    assert (vote["present"], vote["recused"], vote["voters"], vote["denominator"]) == (8, 1, 7, 9)
    # votes that exceed those present
    r = c.recorder.refused(3, "vote", "close", "YT26-14", "--in-favour", 9, "--against", 0,
                           "--abstain", 0, "-y")
    assert "可表决的7人" in r.err
    # one who closes the vote while it is being opened counts nothing alone
    c.server.sql("UPDATE data.agenda_item SET state = 'LISTED', method = NULL WHERE id = 'YT26-14'")
    r = c.server.meanwhile(
        "UPDATE data.agenda_item SET state = 'VOTING', method = 'SECRET_BALLOT' WHERE id = 'YT26-14'",
        lambda: c.recorder.json("vote", "close", "YT26-14", "--in-favour", 0, "--against", 7,
                                "--abstain", 0, "-y"))
    assert r["awaitsOther"]
    for who in c.recorder, c.scrutineer:
        who("vote", "close", "YT26-14", "--in-favour", 7, "--against", 0, "--abstain", 0, "-y")
    c.recorder("item", "resolve", "YT26-14", "-y")
    c.recorder("meeting", "return", c.meeting_id, "P605")
    c.recorder("meeting", "return", c.meeting_id, "P609")
    c.recorder("meeting", "end", c.meeting_id, "-y")
    minutes = c.secretary("meeting", "minutes", c.meeting_id).out.replace("\n", "")
    for words in ("会前酝酿：2026年12月3日，与纪委书记", "回避：同志605（亲属在该支部，离席",
                  "提示回避未回避：同志604（联系点：任联系点不足一月）", "中途离席：同志609（接电话",
                  "应到9人，实到8人，回避1人", "GZ26.1"):
        assert words in minutes, minutes
    assert "自创扎实，赞成" in c.secretary("item", "show", "YT26-14").out


def test_dates_before_the_thing_they_belong_to(c):
    """Each refused with the reason; nothing half done."""
    digest = c.secretary.json("meeting", "minutes", c.meeting_id)["digest"]
    c.secretary("meeting", "sign", c.meeting_id, "--digest", digest, "--confirm", c.meeting_id)
    n = c.approved(c.meeting_id)
    c.server.clock("2026-12-11")
    r = c.officer.refused(3, "notice", "post", n, "--posted-on", "2026-12-01", "--confirm", n)
    assert "审批日" in r.err
    c.officer("notice", "post", n, "--confirm", n)
    c.server.clock("2026-12-19")
    c.officer("notice", "end", n, "-y")
    c.head("award", "confirm", "SB26-14", "-y")
    r = c.secretary.refused(3, "award", "sign", "SB26-14", "--doc-no", "12号", "--decided-on",
                            "2026-12-15", "--confirm", "SB26-14")
    assert "公示" in r.err
    assert c.state("14") == "CONFIRMED"
    c.secretary("award", "sign", "SB26-14", "--doc-no", "12号", "--confirm", "SB26-14")


def test_a_second_award_for_the_same_round(c):
    """There is one effective award a branch, and a decided application is decided."""
    c.secretary.refused(3, "award", "sign", "SB26-14", "--doc-no", "13号", "--confirm", "SB26-14")
    assert c.server.sql("SELECT count(*) FROM data.award WHERE org_id = '14'") == [["1"]]
    m = c.recorder.json("meeting", "new", "--held-on", "2026-12-19", "--place", "第一会议室")["meetingId"]
    c.recorder.refused(3, "meeting", "agenda", m, "SB26-14", "--presenter-id", "P622")


def test_notice_kinds_correction_and_report(c):
    """Opinions before, a correction with its full period, the text alone for pasting."""
    c.application("20")
    r = c.officer02.refused(3, "notice", "new", "--kind", "征求意见", "--contact", "电话8120123")
    assert "--working-days" in r.err
    n = c.officer02.json("notice", "new", "--kind", "征求意见", "--working-days", 3,
                         "--contact", "电话8120123")["noticeId"]
    c.officer("notice", "check", n, "--not-classified", "-y")
    c.head("notice", "approve", n, "-y")
    wall = c.officer("notice", "post", n, "--confirm", n, "--text").out
    assert wall.startswith("关于对“最强党支部”申报支部征求意见的公示") and "排名不分先后" in wall
    assert wall == c.officer("notice", "show", n, "--text").out
    fixed = c.officer02.json("notice", "correct", n, "--reason", "电话印错", "--contact",
                             "电话8120124", "-y")["correctionNoticeId"]
    c.officer("notice", "check", fixed, "--not-classified", "-y")
    c.head("notice", "approve", fixed, "-y")
    assert "有误：电话印错" in c.officer("notice", "post", fixed, "--confirm", fixed, "--text").out
    assert "已更正" in c.officer("notice", "show", n).out
    report = c.secretary("notice", "report", fixed).out
    assert n in report and "征求意见" in report


def test_a_secret_vote_on_the_sealed_urn(c):
    """Slips drawn in the room, sealed ballots, two people certify; nobody types a count.
    Who stands aside is not on the roll and has no slip (T23), and stays in the
    denominator as the rule says (T24)."""
    c.server.sql("""INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
        ('P641', 'DW', 'scrutineer', '2024-01-01'), ('P642', 'DW', 'teller', '2024-01-01'),
        ('P643', 'DW', 'key_holder', '2024-01-01')""")
    scrutineer, teller, third = (c.enrol(p, f"{r}@DW") for p, r in (
        ("P641", "scrutineer"), ("P642", "teller"), ("P643", "key_holder")))
    m = c.meeting("15", present=7)
    c.member("meeting", "recuse", "YT26-15", "--reason", "爱人在该支部")
    session = c.recorder.json(
        "ballot", "prepare", "--agenda-item-id", "YT26-15", "--held-on", "今天", "--place",
        "第一会议室", "--scrutineer-id", "P641", "--teller-id", "P642", "--key-holder-id",
        "P643")["sessionId"]
    for p in scrutineer, teller, third:
        p("ballot", "key", session, "-o", "key")
    vote = c.recorder.json("vote", "open", "YT26-15", "--method", "无记名票决")
    assert (vote["recused"], vote["voters"], vote["denominator"]) == (1, 6, 9)
    scrutineer("ballot", "roll", session)
    roll = scrutineer.json("ballot", "voters", session)
    assert (roll["entitled"], roll["present"]) == (8, 6)
    assert {r["standing"] for r in roll["roll"]} == {"COMMITTEE"}
    assert "P605" not in {r["personId"] for r in roll["roll"]}
    scrutineer("ballot", "slips", session, "-o", "票.txt")
    scrutineer("ballot", "open", session)
    r = c.recorder.refused(3, "vote", "close", "YT26-15", "-y")
    assert session in r.err and "签认" in r.err
    codes = re.findall(r"(?:[0-9A-Z]{4}-){4}[0-9A-Z*~$=]", (scrutineer.dir / "票.txt").read_text())
    assert len(set(codes)) == 6
    voter = c.server.person("voter")
    voter("profile", "add", "room", "--server", f"127.0.0.1:{c.server.public_port}",
          "--authority", next(c.head.dir.rglob("authority.der")))
    receipts = []
    for code, mark in zip(codes, ("同意", "同意", "同意", "同意", "同意", "弃权")):
        said = voter("-P", "room", "ballot", "cast", session, "--slip-file", "-", "-y",
                     input=f"{code}\n{mark}\n").out
        receipts.append(re.search(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", said).group(0))
    scrutineer("ballot", "close", session, "-y")
    keys = [p.dir / "key" for p in (scrutineer, teller, third)]
    scrutineer("ballot", "count", session, "--key", keys[0], "--key", keys[2], "-y")
    teller("ballot", "certify", session, "--key", keys[1], "--key", keys[2])
    c.recorder.refused(3, "vote", "close", "YT26-15", "--in-favour", 6, "--against", 0,
                       "--abstain", 0, "-y")
    vote = c.recorder.json("vote", "close", "YT26-15", "-y")
    assert (vote["inFavour"], vote["abstain"], vote["passed"]) == (5, 1, True)
    for receipt in receipts:
        voter("-P", "room", "ballot", "check", session, receipt)
    c.officer.refused(5, "ballot", "show", session)  # the committee's, nobody else's
    c.recorder("item", "resolve", "YT26-15", "-y")
    c.recorder("meeting", "end", m, "-y")
