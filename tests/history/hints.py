"""Arguments that make sense: for each request those fields that chance would not hit.

A function here gets the Driver and what it is about (`of`: entity, id, org, role,
person) and returns fields by name; None leaves one out.  What it does not name is
filled by the field's name and type (Driver.fill).
"""
import hashlib
import os
import zlib

from ballots import RAW, Slip, X25519PrivateKey, public

PDF = b"%PDF-1.4\n"


def heads(d, of, org):
    n = d.sql.one(f"SELECT flow.members('{org}', flow.today(), 'FULL')") or 0
    present = n - d.random.randint(0, max(0, n // 5))
    favour = max(n // 2 + 1, present - d.random.randint(0, 2))
    favour = min(favour, present)
    return {"held_on": d.today, "entitled": n, "present": present, "in_favour": favour,
            "against": 0, "abstain": present - favour}


def save_self(d, of):
    row = d.row("self_assessment", of.id)
    codes = d.sql.column("SELECT i.item_code FROM (SELECT code AS item_code, told_by, applies_to"
                         " FROM data.standard_item i JOIN data.round r ON"
                         f" r.standard_version_id = i.standard_version_id WHERE r.id = '{row['round_id']}')"
                         " i WHERE told_by = 'BRANCH'")
    some = codes if d.random.random() < .7 else d.random.sample(codes, min(3, len(codes)))
    return {"base_revision": row["revision"], "items": [
        {"item": c, "judgement": "MET" if d.random.random() < .95 else "SHORTFALL",
         "narrative": d.words()} for c in some]}


def adopt_self(d, of):
    return {**heads(d, of, of.org), "meets_conditions": True}


def adopt_application(d, of):
    if d.random.random() < .5:
        return {"same_meeting": True, "held_on": None, "entitled": None, "present": None,
                "in_favour": None, "against": None, "abstain": None}
    return {**heads(d, of, of.org), "same_meeting": None}


def confirm_gap(d, of):
    f = dict.fromkeys(("held_on", "entitled", "present", "in_favour"))
    if of.role == "branch_secretary":
        f.update({k: v for k, v in heads(d, of, of.org).items() if k in f})
    return {**f, "accepted": d.random.random() < .7}


def edit_application(d, of):
    return {"base_revision": d.row("application", of.id)["revision"]}


def begin_file(d, of):
    body = PDF + d.words().encode()
    d.files[hashlib.sha256(body).digest()] = body
    return {"name": f"材料{d.step}.pdf", "size_bytes": len(body), "not_classified": True,
            "sha256": hashlib.sha256(body).digest(), "happened_on": None}


def put_chunk(d, of):
    body = d.files.get(bytes.fromhex(d.sql.one(
        f"SELECT encode(sha256, 'hex') FROM data.file WHERE id = '{of.id}'")), b"x")
    return {"chunk_no": 0, "data": body}


def start_round(d, of):
    return {"term_id": None, "standard_version_id": None}


def open_rounds(d, of):
    return {"standard_version_id": None}


def add_gap(d, of):
    planned = d.random.random() < .5
    own = of.role.startswith("branch_")
    return {"source": d.random.choice(["SELF_CHECK", "BY_MEMBERS"] if own else
                                      ["BY_MASSES", "BY_SOCIETY", "INSPECTION"]),
            "measure": d.words() if planned else None,
            "responsible": "支部书记" if planned else None,
            "due_on": d.today + 30 if planned else None}


def return_application(d, of):
    return {"defects": [{"field": "summary", "text": d.words()}]}


def endorse_application(d, of):
    return {"agree": d.random.random() < .75}


def open_evaluation(d, of):
    return {"stream": []} if d.random.random() < .7 else {}


def prepare_ballot(d, of):
    rnd = d.random
    holders = {f"{r}_id": d.pick(d.staff(r)) for r in ("scrutineer", "teller", "key_holder")}
    # on paper mostly: that goes on by itself
    f = {**holders, "item_set_id": None, "held_on": d.today, "comments": False,
         "ballot_channel": rnd.choice(["PAPER", "PAPER", "SLIPS", "MIXED"]),
         "org_id": None, "agenda_item_id": None, "application_id": None}
    if of.entity == "agenda_item":
        return {**f, "purpose": "COMMITTEE_VOTE", "agenda_item_id": of.id}
    items = d.having("agenda_item", "VOTING")
    secret = [i for i in items if d.row("agenda_item", i)["method"] == "SECRET_BALLOT"]
    if secret and (of.role in ("recorder", "committee_secretary") or rnd.random() < .3):
        return {**f, "purpose": "COMMITTEE_VOTE", "agenda_item_id": rnd.choice(secret)}
    if of.entity == "eval_stream":
        s = d.row("eval_stream", of.id)
        return {**f, "application_id": s["application_id"], "purpose":
                "MASSES_ON_BRANCH" if s["stream"] == "MASSES" else "MEMBERS_ON_BRANCH"}
    if of.entity == "application":
        return {**f, "application_id": of.id, "purpose": "MEMBERS_ON_BRANCH"}
    return {**f, "org_id": of.org or d.branch(),
            "purpose": rnd.choice(["MEMBERS_ON_BRANCH", "MEMBERS_ON_MEMBERS", "MASSES_ON_BRANCH"])}


def register_session_key(d, of):
    key = d.keys.setdefault((of.id, of.person), X25519PrivateKey.generate())
    return {"public_key": public(key)}


def forget_key(d, of):
    state = d.state_of("ballot_session", of.id)
    return {"lost": state not in ("CERTIFIED", "ARCHIVED", "VOID")}


def freeze_roll(d, of):
    b = d.row("ballot_session", of.id)
    n = d.sql.one("SELECT count(*) FROM data.ballot_session b, LATERAL (SELECT"
                  f" (flow.ballot_roll(b)).*) r WHERE b.id = '{of.id}' AND r.standing <> 'PROBATIONARY'") or 0
    committee = b["purpose"] == "COMMITTEE_VOTE"
    given = d.sql.column("SELECT count(*) FROM data.ballot_session b, LATERAL (SELECT"
                         f" (flow.ballot_roll(b)).*) r WHERE b.id = '{of.id}' AND r.present")[0]
    present = given or (None if committee else max(1, n - d.random.randint(0, n // 4)))
    paper = {"PAPER": present, "MIXED": 1}.get(b["channel"], 0)
    return {"present": present, "absent_ids": [], "paper": paper}


def list_slips(d, of):
    b = d.row("ballot_session", of.id)
    slips = d.slips[of.id] = [Slip(of.id) for _ in range(
        max(0, (b["present"] or 0) - (b["paper"] or 0)))]
    bond = d.bond(of.id)
    pairs = sorted((s.token_hash, s.key(bond).public_key().public_bytes(*RAW)) for s in slips)
    return {"slips": [{"token_hash": h, "public_key": k} for h, k in pairs]}


def cancel_slip(d, of):
    left = d.sql.column(f"SELECT encode(token_hash, 'hex') FROM data.slip WHERE session_id = '{of.id}'"
                        " ORDER BY 1")
    return {"token_hash": bytes.fromhex(left[0]) if left else b"\0" * 32}


def paper(d, of):
    """What lies there on paper: both count it alike, mostly."""
    b = d.row("ballot_session", of.id)
    items = d.sql.rows("SELECT item_no, cardinality(options) AS n FROM data.ballot_item"
                       f" WHERE session_id = '{of.id}' AND options <> '{{}}' ORDER BY 1")
    wrong = d.random.random() < .1
    n = b["paper"] or 0
    void = 1 if n > 3 and zlib.crc32(of.id.encode()) % 2 else 0
    valid = max(0, n - void - (1 if wrong and n > void else 0))
    return {"valid": valid, "void_count": void, "items": [
        {"item_no": i["item_no"], "counts": [valid - valid // 3, valid // 3] + [0] * (i["n"] - 2),
         "blank": 0} for i in items]}


def count_ballots(d, of):
    n = d.sql.one(f"SELECT count(*) FROM data.urn WHERE session_id = '{of.id}'")
    marks = d.sql.column("SELECT options[1 + item_no % cardinality(options)] FROM data.ballot_item"
                         f" WHERE session_id = '{of.id}' AND options <> '{{}}' ORDER BY item_no")
    drawn = sorted(d.random.randbytes(16) for _ in range(n))
    return {"void_count": 0, "comments": [],
            "ballots": [{"id": i, "marks": marks} for i in drawn]}


def certify_ballot(d, of):
    hexed = d.sql.one(f"SELECT encode(digest, 'hex') FROM data.ballot_session WHERE id = '{of.id}'")
    return {"digest": bytes.fromhex(hexed or "00")}


def correct_roll(d, of):
    inside = d.sql.column(f"SELECT person_id FROM data.roll_entry WHERE session_id = '{of.id}'")
    adding = d.random.random() < .4
    return {"change": "ADDED" if adding else "REMOVED", "present": False if adding else None,
            "person_id": d.member(of.org) if adding or not inside else d.random.choice(inside)}


def agree_grades(d, of):
    items = d.sql.rows("SELECT item_no, options[1] AS g FROM data.ballot_item WHERE session_id ="
                       f" '{of.id}' AND options <> '{{}}'")
    return {"agreed_on": d.today, "grades": [
        {"item_no": i["item_no"], "grade": i["g"], "opinion": None} for i in items]}


def choose_representatives(d, of):
    return {"chosen_by": ["工会"], "year": d.year, "representatives": [
        {"name": f"代表{n}", "category": d.random.choice(["教师", "学生"]), "unit": None}
        for n in range(1, 9)]}


def seat_representatives(d, of):
    return {"held_on": d.today, "absent_nos": [1] if d.random.random() < .4 else []}


def link_material(d, of):
    return {"year": d.year}


def gathered(d, of):
    """For an application whose stream it is, or the branch's own."""
    f = {"org_id": None, "application_id": None}
    if of.entity == "eval_stream":
        return {**f, "application_id": d.row("eval_stream", of.id)["application_id"]}
    return {**f, "org_id": of.org or d.branch()}


def add_interview(d, of):
    people = d.staff("od_officer", "discipline", "committee_member")
    a, b = d.random.sample(people, 2)
    return {**gathered(d, of), "interviewer_id": a, "second_interviewer_id": b,
            "held_on": d.today, "read_back": True}


def new_letter(d, of):
    return {**gathered(d, of), "unit_id": d.any("outside_unit")}


def new_survey(d, of):
    return {**gathered(d, of), "question_set_id": None, "closes_on": d.today + 15,
            "categories": ["教师"] if d.random.random() < .7 else ["教师", "学生"],
            "unverified": d.random.random() < .4}


def list_codes(d, of):
    n = d.random.randint(3, 9)
    tokens = [os.urandom(32) for _ in range(n)]
    d.codes.setdefault(of.id, []).extend(tokens)
    groups = d.row("survey", of.id)["categories"]
    lacking = [g for i, g in enumerate(groups) if not (d.row("survey", of.id)["given_out"] or [])[i:i + 1]]
    return {"category": (lacking or groups)[0],
            "token_hashes": sorted(hashlib.sha256(t).digest() for t in tokens)}


def open_survey(d, of):
    return {"given_out": 12 if d.row("survey", of.id)["unverified"] else None}


def adopt_question_set(d, of):
    return {"questions": ["联系群众", "办实事"], "options": []}


def summarise_stream(d, of):
    return {"methods": ["日常了解"]}


def record_duty_review(d, of):
    s = d.sql.column(f"SELECT person_id FROM data.office WHERE org_id = '{of.org}' AND role ="
                     " 'branch_secretary' AND to_on IS NULL") or [None]
    return {"org_id": of.org, "year": d.row("duty_review", of.id)["year"] if of.id else d.year - 1,
            "secretary_id": s[0], "decided_on": d.today}


def write_duty_report(d, of):
    return {"year": d.row("duty_review", of.id)["year"] if of.id else d.year - d.random.randint(0, 1)}


def answer_clearance(d, of):
    c = d.random.choice(["NO_OBJECTION", "NO_OBJECTION", "SEE_ANNEX", "OBJECTION"])
    return {"conclusion": c, "annex": d.words() if c == "SEE_ANNEX" else None, "answered_on": d.today}


def ask_clearance(d, of):
    return {"body": d.random.choice(["纪检", "工会", "教务处"]), "reply_by_on": d.today + 10}


def new_meeting(d, of):
    return {"held_on": d.today, "chair_id": None, "recorder_id": d.pick(d.staff("recorder"))}


def record_attendance(d, of):
    m = d.row("meeting", of.id)
    seats = d.sql.column(f"SELECT flow.seats('{m['held_on']}')")
    away = d.random.sample(seats, min(len(seats) - 1, d.random.choice([0, 0, 1, 2])))
    away = [p for p in away if p != m["chair_id"]]
    return {"present_ids": [p for p in seats if p not in away],
            "absent": [{"person_id": p, "reason": "出差"} for p in away],
            "nonvoting_ids": [], "chair_id": None}


def add_agenda_item(d, of):
    f = {"presenter_id": d.random.choice(d.staff("od_officer", "od_head"))}
    if of.entity != "meeting":
        f["meeting_id"] = d.any("meeting", "PLANNED")
    if of.entity in ("meeting", "agenda_item"):
        f["subject_id"] = d.matter()
    else:
        f["subject_id"] = of.id
    return f


def recuse(d, of):
    hinted = d.sql.column("SELECT h.person_id FROM data.recusal_hint h WHERE h.agenda_item_id ="
                          f" '{of.id}' AND NOT EXISTS (SELECT FROM data.recusal r WHERE"
                          " r.agenda_item_id = h.agenda_item_id AND r.person_id = h.person_id)")
    if of.role == "recorder":
        return {"person_id": d.random.choice(hinted or d.staff("committee_member"))}
    return {"person_id": None}


def open_vote(d, of):
    return {"method": d.random.choice(["SHOW_OF_HANDS", "SECRET_BALLOT", "NAMED_VOTE", "SHOW_OF_HANDS"])}


def close_vote(d, of):
    i = d.row("agenda_item", of.id)
    if i["method"] == "NAMED_VOTE" or d.sql.one("SELECT count(*) FROM data.ballot_session WHERE"
                                                f" agenda_item_id = '{of.id}' AND state <> 'VOID'"):
        return {"in_favour": None, "against": None, "abstain": None, "not_cast": None}
    n = i["voters"] or 0
    # the same for whoever counts a secret ballot, mostly
    seed = zlib.crc32(of.id.encode()) if d.random.random() < .9 else d.step
    no = n if seed % 5 == 0 else seed % (n // 4 + 1)
    return {"in_favour": n - no, "against": no, "abstain": 0, "not_cast": 0}


def person_in_room(d, of):
    m = d.row("agenda_item", of.id)["meeting_id"] if of.entity == "agenda_item" else of.id
    here = d.sql.column(f"SELECT person_id FROM data.attendance WHERE meeting_id = '{m}' AND present")
    gone = d.sql.column(f"SELECT person_id FROM data.attendance WHERE meeting_id = '{m}' AND NOT present")
    return here or [None], gone or [None]


def record_opinion(d, of):
    return {"person_id": d.pick(person_in_room(d, of)[1])}


def record_speech(d, of):
    return {"person_id": d.pick(person_in_room(d, of)[0])}


def leave_meeting(d, of):
    return {"person_id": d.pick(person_in_room(d, of)[0]), "agenda_item_id": None}


def return_meeting(d, of):
    out = d.sql.column(f"SELECT person_id FROM data.room_leave WHERE meeting_id = '{of.id}'"
                       " AND returned_at IS NULL")
    return {"person_id": d.pick(out)}


def remove_agenda_item(d, of):
    if of.entity == "meeting":
        items = d.sql.column(f"SELECT id FROM data.agenda_item WHERE meeting_id = '{of.id}'"
                             " AND state IN ('LISTED', 'VOTING', 'COUNTED')")
        return {"agenda_item_id": d.pick(items)}
    return {}


def sign_minutes(d, of):
    return {"digest": d.sql.one(f"SELECT encode(minutes_sha256, 'hex') FROM data.meeting WHERE id = '{of.id}'")}


def record_consultation(d, of):
    return {"happened_on": d.today - d.random.randint(0, 2)}


def new_notice(d, of):
    kind = d.random.choice(["INTENDED_AWARD"] * 5 if d.having("application", "PROPOSED_AWARD")
                           else ["OPINION_GATHERING", "RESULT"])
    return {"kind": kind, "meeting_id": None, "application_ids": [], "title": None,
            "working_days": 5 if kind == "OPINION_GATHERING" else None}


def check_notice(d, of):
    return {"not_classified": True}


def post_notice(d, of):
    """Itself, or what corrects it."""
    own = d.sql.column(f"SELECT id FROM data.notice WHERE corrects_id = '{of.id}' AND state = 'APPROVED'")
    return {"posted_on": None, "notice_id": d.pick(own) or (
        of.id if d.state_of("notice", of.id) == "APPROVED" else d.any("notice", "APPROVED"))}


def extend_notice(d, of):
    return {"to_on": d.today + 30}


def sign_award(d, of):
    return {"doc_no": f"院党发〔{d.year}〕{d.step}号", "decided_on": None}


def set_certificate(d, of):
    return {"certificate_no": f"ZS{d.step}", "plate_no": f"PP{d.step}"}


def end_award(d, of):
    return {"no_extension": True}


def lapse_application(d, of):
    return {"no_extension": True}


def revoke_award(d, of):
    return {"doc_no": f"院党发〔{d.year}〕撤{d.step}号", "decided_on": None}


def hear_award(d, of):
    return {"held_on": d.today, "place": None if of.role == "branch_secretary" else "会议室"}


def set_level(d, of):
    on = d.random.random() < .8
    return {"level": "CITY", "active": on, "org_id": "GW" if on else None,
            "title": "最强党支部示范点" if on else None, "basis": "市委批准" if on else None,
            "basis_doc_no": "北党〔2026〕1号" if on else None, "reason": None if on else d.words()}


def answer_escalation(d, of):
    return {"answered_on": d.today, "doc_no": f"北教工〔{d.year}〕{d.step}号"}


def send_escalation(d, of):
    return {"doc_no": f"院党〔{d.year}〕报{d.step}号", "sent_on": d.today}


def plan_reorg(d, of):
    rnd = d.random
    branches = d.branches()
    org = of.org if of.org in branches else rnd.choice(branches)
    kind = rnd.choice(["RENAME", "MERGE", "SPLIT", "TRANSFER", "DISSOLVE"])
    f = {"kind": kind, "from_org_ids": [org], "heir_id": None, "members": [], "awards": [],
         "results": []}
    new = {"org_id": f"X{d.step}", "name": f"新设第{d.step}党支部", "short_name": None,
           "kind": "branch", "member_category": "教工", "parent_id": "DW"}
    members = d.sql.column(f"SELECT DISTINCT person_id FROM data.affiliation WHERE org_id = '{org}'"
                           " AND kind = 'PRIMARY' AND (to_on IS NULL OR to_on > flow.today())"
                           " ORDER BY 1")
    keep = org
    if kind == "RENAME":
        f["results"] = [{"org_id": org, "name": f"改名第{d.step}党支部"}]
    elif kind == "TRANSFER":
        f["results"] = [{"org_id": org, "parent_id": rnd.choice(["DW", "Z1", "Z2", "Z3"])}]
    elif kind == "MERGE":
        other = rnd.choice([b for b in branches if b != org])
        if rnd.random() < .5:
            f["from_org_ids"], f["results"], keep = [org, other], [new], new["org_id"]
        else:
            f["results"], keep = [{"org_id": other}], other
        f["heir_id"] = keep
    elif kind == "SPLIT":
        f["results"] = [new, {"org_id": org}] if rnd.random() < .5 else [
            new, {**new, "org_id": f"Y{d.step}", "name": f"新设乙第{d.step}党支部"}]
        keep = f["heir_id"] = f["results"][1]["org_id"]
        f["members"] = [{"person_id": p, "to_org_id": rnd.choice([new["org_id"], keep])}
                        for p in members]
    else:
        keep = None
        other = rnd.choice([b for b in branches if b != org])
        f["members"] = [{"person_id": p, "to_org_id": other} for p in members]
    touched = set(f["from_org_ids"]) | {r["org_id"] for r in f["results"]}
    awards = d.sql.column("SELECT id FROM data.award WHERE ended_on IS NULL AND org_id IN ("
                          + ", ".join(f"'{t}'" for t in sorted(touched)) + ") ORDER BY id")
    for n, a in enumerate(awards):
        f["awards"].append({"award_id": a, "to_org_id": keep if n == 0 and rnd.random() < .7 else None})
    return f


def carry_out_reorg(d, of):
    return {"effective_on": None, "doc_no": f"院党发〔{d.year}〕组{d.step}号"}


def start_term(d, of):
    # mostly those whose term is over, sometimes one early
    due = d.sql.column("SELECT t.org_id FROM data.term t WHERE t.ended_on IS NULL AND"
                       " coalesce(t.extended_to_on, t.due_on) < flow.today() ORDER BY 1")
    return {"org_id": of.org or d.random.choice(due or d.branches()), "start_on": d.today,
            "due_on": d.today + d.random.choice([200, 3 * 365, 3 * 365])}


def extend_term(d, of):
    org = of.org or d.branch()
    due = d.sql.one(f"SELECT due_on - date '1970-01-01' FROM data.term WHERE org_id = '{org}'"
                    " AND ended_on IS NULL")
    return {"org_id": org, "extended_to_on": (due or d.today) + 180, "over_a_year": None}


def import_orgs(d, of):
    """A new term of one branch, as a table would bring it."""
    org = of.org or d.branch()
    r = d.sql.rows("SELECT o.kind, o.member_category, o.established_on - date '1970-01-01' AS est,"
                   " o.doc_no, v.name, v.short_name, v.parent_id, v.from_on - date '1970-01-01' AS f,"
                   " (SELECT max(term_no) FROM data.term t WHERE t.org_id = o.id) AS n"
                   " FROM data.org o JOIN data.org_version v ON v.org_id = o.id AND v.to_on IS NULL"
                   f" WHERE o.id = '{org}'")[0]
    return {"rows": [{"line": 2, "org_id": org, "kind": r["kind"], "parent_id": r["parent_id"],
                      "name": r["name"], "short_name": r["short_name"],
                      "member_category": r["member_category"], "established_on": r["est"],
                      "doc_no": r["doc_no"], "from_on": r["f"], "term_no": (r["n"] or 0) + 1,
                      "start_on": d.today, "due_on": d.today + 3 * 365}]}


def new_dispatch(d, of):
    return {"held_on": d.today + d.random.choice([0, 0, 1])}


def hold_dispatch(d, of):
    return {"participants": d.random.sample(d.staff("committee_member", "od_officer"), 2)}


def add_task(d, of):
    return {"object_id": None, "owner": d.random.choice(d.staff("committee_member", "od_officer")),
            "due_on": d.today + 20, "org_id": d.random.choice([None, d.branch()])}


def add_inspection(d, of):
    return {"happened_on": d.today, "findings": [
        {"item": "3.2", "problem": d.words(), "due_on": d.today + 20}]
        if d.random.random() < .6 else []}


def add_candidate(d, of):
    subject = d.row("recommendation", of.id)["subject"]
    org = d.branch()
    return {"org_id": org, "person": None if subject == "BRANCH" else d.member(org)}


def drop_candidate(d, of):
    rows = d.sql.rows("SELECT org_id, person_id FROM data.candidate WHERE recommendation_id ="
                      f" '{of.id}' ORDER BY 1, 2")
    r = d.random.choice(rows or [{"org_id": "14", "person_id": None}])
    return {"org_id": r["org_id"], "person": r["person_id"]}


def record_incentive(d, of):
    return {"prioritised": d.random.random() < .6}


def new_consideration(d, of):
    s = d.sql.column("SELECT o.person_id FROM data.office o JOIN data.award w ON w.org_id = o.org_id"
                     f" WHERE w.id = '{of.id}' AND o.role = 'branch_secretary'")
    return {"person": d.pick(s), "arose_on": d.today,
            "use": d.random.choice(["外派学习", "挂职锻炼", "职称评定", "提拔使用"])}


def ask_secretary(d, of):
    return {"person": new_consideration(d, of)["person"]}


def budget_fund(d, of):
    award = d.any("award", "EFFECTIVE")
    org = d.row("award", award)["org_id"] if award and d.random.random() < .7 else None
    return {"org_id": org or of.org or d.branch(), "year": d.year,
            "award_id": award if org else None,
            "source": d.random.choice(["党费", "党建活动经费", "党组织工作经费"]),
            "budgeted_fen": d.random.randint(1, 50) * 10000}


def grant_fund(d, of):
    return {"granted_fen": d.row("fund", of.id)["budgeted_fen"] // d.random.choice([1, 2]),
            "collective_on": d.today}


def record_spend(d, of):
    r = d.row("fund", of.id)
    spent = d.sql.one(f"SELECT coalesce(sum(spent_fen), 0) FROM data.fund_spend WHERE fund_id = '{of.id}'")
    left = max(1, (r["granted_fen"] or 1) - spent)
    back = d.sql.one("SELECT w.ended_on - date '1970-01-01' FROM data.fund f JOIN data.award w ON"
                     f" w.id = f.award_id WHERE f.id = '{of.id}' AND w.ended_on IS NOT NULL")
    return {"spent_fen": left if d.random.random() < .4 else max(1, left // 2),
            "spent_on": back - 1 if back else d.today,
            "voucher_no": f"PZ{d.step}" if d.random.random() < .7 else None}


def confirm_voucher(d, of):
    open_ = d.sql.rows("SELECT spend_no, voucher_no FROM data.fund_spend WHERE fund_id ="
                       f" '{of.id}' AND confirmed_on IS NULL ORDER BY 1")
    r = open_[0] if open_ else {"spend_no": 1, "voucher_no": None}
    return {"spend_no": r["spend_no"], "voucher_no": r["voucher_no"] or f"PZ{d.step}"}


def open_weak_lax(d, of):
    name = d.sql.one("SELECT min(name) FROM data.choice WHERE list = 'WEAK_LAX_CRITERION'")
    return {"criteria": [name or "x"], "listed_on": d.today}


def add_choice(d, of):
    there = d.sql.one("SELECT count(*) FROM data.choice WHERE list = 'WEAK_LAX_CRITERION'")
    return {"list": "SECRETARY_USE" if there else "WEAK_LAX_CRITERION",
            "name": f"条目{d.step}"}


def assign_helper(d, of):
    return {"person": d.random.choice(d.staff("committee_member", "od_officer"))}


def accept_weak_lax(d, of):
    return {"accepted": d.random.random() < .7}


def hand_over(d, of):
    return {"entries": []}


def dispose_record(d, of):
    ids = d.sql.column("SELECT i.object_id FROM data.handover_item i JOIN data.handover h ON"
                       " h.id = i.handover_id AND h.state = 'TAKEN_OVER' WHERE NOT EXISTS"
                       " (SELECT FROM data.disposal x WHERE x.object_id = i.object_id) ORDER BY 1")
    return {"object_id": d.random.choice(ids or ["SB26-14"])}


def draft_standard(d, of):
    v = d.sql.one("SELECT id FROM data.standard_version WHERE state = 'ADOPTED' ORDER BY"
                  " flow.version_order(id) DESC LIMIT 1")
    groups = d.sql.rows("SELECT group_no, title, text, (SELECT json_agg(json_build_object('code',"
                        " code, 'text', text, 'guidance', guidance, 'about', about, 'told_by',"
                        " told_by, 'applies_to', applies_to) ORDER BY item_no) FROM"
                        " data.standard_item i WHERE i.standard_version_id ="
                        " g.standard_version_id AND i.group_no = g.group_no) AS items FROM"
                        f" data.standard_group g WHERE g.standard_version_id = '{v}' ORDER BY 1")
    return {"standard_version_id": of.id or None, "groups": groups}


def adopt_standard(d, of):
    return {"adopted_on": None, "burden_decision": "党委会决定"}


def import_holidays(d, of):
    last = d.sql.one("SELECT max(year) FROM data.holiday_year")
    return {"doc_no": "放假通知", "rows": [
        {"line": 2, "day_on": d.days(f"{last + 1}-01-01"), "working": False, "name": "元旦"},
        {"line": 3, "day_on": d.days(f"{last + 1}-05-01"), "working": False, "name": "劳动节"}]}


def objection(d, of):
    n = d.any("notice", "POSTED")
    org = d.pick(d.sql.column("SELECT org_id FROM data.notice_item WHERE notice_id ="
                              f" '{n}'")) if n else d.branch()
    return {"notice_id": n, "org_id": org, "award_id": None, "sealed": None,
            "token_hash": hashlib.sha256(os.urandom(32)).digest(), "text": d.words()}


def record_objection(d, of):
    return {**objection(d, of), "came_by": d.random.choice(["TELEPHONE", "LETTER", "VISIT"]),
            "received_on": d.today}


def register_objection(d, of):
    standing = d.having("award", "EFFECTIVE")
    award = d.pick([i for i in standing if d.near("award", i)] or standing)
    if award and d.random.random() < .4:
        return {"org_id": d.row("award", award)["org_id"], "award_id": award}
    return {"org_id": None, "award_id": None}


def register_objection_key(d, of):
    return {"public_key": public(X25519PrivateKey.generate())}


def assign_objection(d, of):
    people = d.staff("objection_officer", "od_officer", "discipline")
    return {"person_id": d.random.choice([None, *people])}


def note_objection(d, of):
    about = d.row("objection", of.id)
    effects = ["GO_ON", "REVIEW"] if about["award_id"] else ["GO_ON", "GO_ON", "DELIBERATE_AGAIN"]
    return {"effect": d.random.choice(effects)}


def ask_branch(d, of):
    return {"due_on": d.today + 5}


def set_office(d, of):
    # first those nobody holds
    without = sorted({"archivist", "finance_officer"} - {o["role"] for o in d.offices})
    if without:
        return {"person": d.member(d.standing[-1]), "role": without[0], "org_id": "DW",
                "from_on": d.today, "to_on": None, "doc_no": "院党委任职文件"}
    org = d.branch()
    return {"person": d.member(org), "role": "branch_committee_member", "org_id": org,
            "from_on": d.today, "to_on": None, "doc_no": "党支部党员大会"}


def replace_officer(d, of):
    org = d.branch()
    return {"org_id": org, "role": "branch_secretary", "person": d.member(org), "from_on": d.today}


def end_office(d, of):
    r = d.random.choice(d.sql.rows("SELECT person_id, org_id FROM data.office WHERE role ="
                                   " 'branch_committee_member' AND to_on IS NULL ORDER BY 1, 2")
                        or [{"person_id": "P1", "org_id": "14"}])
    return {"person": r["person_id"], "role": "branch_committee_member", "org_id": r["org_id"],
            "to_on": d.today}


def set_window(d, of):
    now = d.today * 86400 * 10**6
    return {"opens_at": now - 86400 * 10**6, "closes_at": now + 900 * 86400 * 10**6,
            "org_id": of.org if of.role == "general_branch_secretary" else None}


def add_guidance(d, of):
    return {"org_ids": [of.org or d.branch()], "start_on": None, "end_on": None}


def reply_guidance(d, of):
    return {"guidance_id": d.pick(d.sql.column("SELECT guidance_id FROM data.guidance_branch"
                                               f" WHERE org_id = '{of.org}'")) or "ZD26-01"}


def set_phase(d, of):
    return {"phase_no": d.random.randint(1, 2), "start_on": d.today, "end_on": d.today + 400}


def set_contact_point(d, of):
    return {"org_id": d.branch(), "person": d.random.choice(d.staff("committee_member")),
            "from_on": d.today}


def end_contact_point(d, of):
    o = d.sql.column("SELECT org_id FROM data.contact_point WHERE to_on IS NULL")
    return {"org_id": d.random.choice(o or ["14"]), "to_on": d.today}


def declare_relative(d, of):
    return {"org_id": d.branch()}


def import_people(d, of):
    org = d.branch()
    return {"rows": [{"line": 2, "member_no": f"H{d.step}", "name": f"新党员{d.step}", "mark": None,
                      "org_id": org, "kind": "PRIMARY", "standing": "FULL", "from_on": d.today}]}


def import_offices(d, of):
    return {"rows": [{"line": 2, "member_no": "BY0212", "name": "x", "role": "branch_committee_member",
                      "org_id": "14", "from_on": d.today, "to_on": None, "doc_no": None}]}


def own_item_set(d, of):
    return {"applies_to": [], "org_id": None, "adopted_on": None,
            "purpose": d.random.choice(["MEMBERS_ON_BRANCH", "MEMBERS_ON_MEMBERS", "MASSES_ON_BRANCH"]),
            "items": [{"text": t, "options": [
                {"code": c, "text": w} for c, w in (("GOOD", "好"), ("FAIR", "一般"), ("POOR", "差"))]}
                for t in ("政治功能", "群众工作")]}


def adopt_rule_set(d, of):
    return {"adopted_on": None, "quorum_num": 2, "quorum_den": 3,
            "recused_stay": d.random.random() < .5, "notice_working_days": d.random.randint(3, 7),
            "small_group": 5, "rectification_months": d.random.choice([0, 0, 1]),
            "weak_lax_may_apply": True, "award_through_extension": d.random.random() < .5,
            "students_judge": True, "posting_day_counted": False}


def person_only(d, of):
    return {"person": d.member(d.branch())}


def set_archive_kind(d, of):
    k = d.random.choice(d.sql.rows("SELECT form, class FROM data.archive_kind ORDER BY 1, 2"))
    return {"form": k["form"], "class": k["class"]}


def recommendation(d, of):
    return {"drawn_up_on": d.today}


BY_REQUEST = {name: f for name, f in globals().items() if callable(f) and name.islower()}
BY_REQUEST.update({"enter_paper": paper, "decline_recusal": recuse, "file_objection": objection,
                   "adopt_item_set": own_item_set, "new_recommendation": recommendation,
                   "disable_person": person_only})
