"""One long history: at each step somebody asks for something, mostly what rule.transition
allows for a thing that is there, now and then what nobody should be given."""
import collections
import datetime
import hashlib
import random
import types
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import hints
from demo import DemoCollege
from session import Psql, Refused, quoted
from wire import Wire, members, request as make_request

DAY0 = datetime.date(1970, 1, 1)
INTERNAL = "ZB108"
# Of which thing a field holds the number.
ENTITY = {"application_id": "application", "round_id": "round", "self_id": "self_assessment",
          "gap_id": "gap", "stream_id": "eval_stream", "session_id": "ballot_session",
          "dossier_id": "dossier", "meeting_id": "meeting", "agenda_item_id": "agenda_item",
          "notice_id": "notice", "award_id": "award", "award_review_id": "award_review",
          "escalation_id": "escalation", "reorg_id": "reorg", "fund_id": "fund",
          "case_id": "weak_lax", "task_id": "task", "dispatch_id": "dispatch",
          "recommendation_id": "recommendation", "incentive_id": "incentive",
          "letter_id": "letter", "unit_id": "outside_unit", "survey_id": "survey",
          "clearance_id": "clearance", "note_id": "note", "review_id": "duty_review",
          "objection_id": "objection", "query_id": "question", "file_id": "file",
          "mass_session_id": "mass_session", "handover_id": "handover",
          "approval_id": "approval", "standard_version_id": "standard_version",
          "subject_id": None}
# Whose stream what is gathered serves.
GATHERS = {"new_letter": "SOC", "new_survey": "MAS", "add_interview": "MAS", "prepare_ballot": "M"}
# What ends a thing early: rare, or no history would go deep.
RARE = {"withdraw_application": .02, "lapse_application": .02, "void_ballot": .08,
        "void_survey": .1, "drop_notice": .1, "drop_letter": .2, "drop_reorg": .15,
        "remove_agenda_item": .1, "skip_stream": .15, "reopen_stream": .1, "reopen_self": .06,
        "reopen_dossier": .06, "forget_key": .1, "cancel_escalation": .15, "end_award": .3,
        "remove_file": .2, "refuse_approval": .15, "carry_out_reorg": .5, "end_round": .3,
        "start_term": .12, "import_orgs": .06, "return_application": .4, "defer_item": .2,
        "correct_notice": .2, "review_award": .3, "transfer_objection": .2,
        "withdraw_clearance": .1, "decline_objection": .4, "plan_reorg": .5,
        "draft_standard": .3, "adopt_standard": .3, "open_rounds": .3}
# Beside every move: what changes the ground others stand on.
GROUND = ["set_office", "replace_officer", "end_office", "set_window", "add_guidance",
          "reply_guidance", "set_phase", "set_contact_point", "end_contact_point",
          "declare_relative", "end_declaration", "add_choice", "set_level", "adopt_rule_set",
          "adopt_item_set", "adopt_question_set", "import_holidays", "extend_term", "set_archive_kind",
          "register_objection_key", "open_identity", "add_inspection", "import_people",
          "set_burden_limit", "disable_person", "explain_standard"]
# Before everything: what a college decides once.
FIRST = ["set_office", "set_office", "adopt_question_set", "add_choice", "set_level", "register_objection_key",
         *["adopt_item_set"] * 6, "add_outside_unit"]
# The way to an award, its end first: what is nearest to it is mostly done first.
WAY = ["sign_award", "confirm_award", "end_notice", "post_notice", "approve_notice", "check_notice",
       "new_notice", "sign_minutes", "end_meeting", "resolve_item", "close_vote", "cast_vote", "open_vote",
       "recuse", "begin_meeting", "record_attendance", "add_agenda_item", "new_meeting", "give_approval",
       "answer_clearance", "freeze_dossier", "lock_stream", "summarise_stream", "close_stream",
       "certify_ballot", "count_ballots", "enter_paper", "close_ballot", "open_ballot", "list_slips",
       "freeze_roll", "register_session_key", "prepare_ballot", "close_survey", "open_survey", "reply_letter",
       "send_letter", "link_material", "open_evaluation", "accept_application", "endorse_application",
       "submit_application", "adopt_application", "edit_application", "new_application", "adopt_self",
       "save_self", "start_round"]
NATIVE = {"enrol", "renew_certificate"}
# Keys and people's own access: left alone, or nobody would be there to go on.
NOT_ASKED = {"revoke_certificate", "issue_code"}
ABSURD_DAYS = [-2**31, -719163, 2932896, 2**31 - 1, 0, 36500, -36500]
ABSURD_WORDS = ["", " ", "\u202e倒", "x" * 70000, "'; DROP TABLE data.person; --", "\ue000", "秘密"]


class History(DemoCollege):
    """The demo college, some months on (decided.sql), with a record of what was done that
    no event keeps."""

    def begin(self, seed):
        self.random = random.Random(seed)
        self.step = 0
        self.journal = []
        self.counts = collections.Counter()
        self.refusals = collections.Counter()
        self.made = collections.Counter()       # rows of rule.transition
        self.tried = collections.Counter()
        self.unruly = collections.Counter()     # moves that are no row
        self.broken = []                        # of invariants.sql
        self.why = collections.Counter()        # refusals of what was meant well
        self.lines = {}
        self.files, self.keys, self.slips, self.codes = {}, {}, {}, {}
        self.load()
        self.sql = Psql(self)  # from here on one that stays open
        decided = (Path(__file__).parent / "decided.sql").read_text()
        self.sql.run(decided)
        self.journal.append({"event": None, "after": self.sql.one("SELECT max(id) FROM audit.event"),
                             "sql": decided})
        self.members = {f.name: f for f in members()}
        self.rules = [types.SimpleNamespace(**r) for r in self.sql.rows(
            "SELECT entity, from_state, to_state, request, guard FROM rule.transition"
            " ORDER BY 1, 2, 3, 4")]
        self.known = {(r.entity, r.from_state, r.to_state, r.request) for r in self.rules}
        self.roles = collections.defaultdict(list)
        for r in self.sql.rows("SELECT request, role FROM rule.permission ORDER BY 1, 2"):
            self.roles[r["request"]].append(r["role"])
        self.scope = {r["role"]: r["scope"] for r in self.sql.rows("SELECT role, scope FROM rule.role")}
        self.quiet = set(self.sql.column("SELECT request FROM rule.request WHERE NOT evented"))
        self.writes = set(self.sql.column("SELECT proname FROM pg_proc WHERE pronamespace ="
                                          " 'call'::regnamespace AND provolatile = 'v'"))
        self.entities = sorted({r.entity for r in self.rules})
        self.holidays = self.sql.one("SELECT max(year) FROM data.holiday_year")
        self.first = FIRST[::-1]
        self.looked_at = None
        self.watch()
        self.refresh()
        return self

    # ---- the world as it is ------------------------------------------------------------
    def watch(self):
        """Triggers of the test's own, beside the schema: every change of a state."""
        self.sql.run("CREATE SCHEMA watch; CREATE TABLE watch.move (id serial, entity text,"
                     " object text, org_id text, was text, now text);"
                     "CREATE FUNCTION watch.moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
                     " AS $$ BEGIN INSERT INTO watch.move (entity, object, org_id, was, now) VALUES"
                     " (TG_TABLE_NAME, NEW.id, to_jsonb(NEW)->>'org_id', CASE TG_OP WHEN 'UPDATE'"
                     " THEN OLD.state ELSE '-' END, NEW.state); RETURN NULL; END $$")
        self.sql.run((Path(__file__).parents[1] / "sql/progress_counts.psql").read_text())
        for e in self.entities:
            self.sql.run(f"CREATE TRIGGER zz_watch AFTER INSERT OR UPDATE ON data.{e} FOR EACH ROW"
                         " EXECUTE FUNCTION watch.moved()")
        self.world = collections.defaultdict(dict)  # entity -> id -> (state, org)
        for e in self.entities:
            for r in self.sql.rows(f"SELECT id, state, to_jsonb(t)->>'org_id' AS org_id FROM data.{e} t"
                                   " ORDER BY id"):
                self.world[e][r["id"]] = (r["state"], r["org_id"])
        self.last_event = self.sql.one("SELECT max(id) FROM audit.event")

    def refresh(self):
        self.today = self.sql.one("SELECT flow.today() - date '1970-01-01'")
        self.year = (DAY0 + datetime.timedelta(self.today)).year
        self.offices = self.sql.rows(
            "SELECT o.role, o.org_id, o.person_id FROM data.office o JOIN data.person p ON"
            " p.id = o.person_id AND p.active WHERE o.from_on <= flow.today() AND (o.to_on IS NULL"
            " OR o.to_on > flow.today()) ORDER BY 1, 2, 3")
        self.standing = self.sql.column(
            "SELECT o.id FROM data.org o WHERE o.kind LIKE 'branch%' AND flow.stands(o.id,"
            " flow.today()) ORDER BY 1")

    def pick(self, some):
        some = sorted(x for x in some if x is not None)
        return self.random.choice(some) if some else None

    def row(self, entity, id):
        rows = self.sql.rows(f"SELECT * FROM data.{entity} WHERE id = {quoted(id)}")
        return rows[0] if rows else collections.defaultdict(lambda: None)

    def state_of(self, entity, id):
        return self.world[entity].get(id, (None, None))[0]

    def having(self, entity, state):
        return [i for i, (s, _) in self.world[entity].items() if s == state]

    def any(self, entity, state=None):
        return self.pick([i for i, (s, _) in self.world[entity].items() if state in (None, s)])

    def branches(self):
        return self.standing

    def branch(self):
        """A few have most of the business, so that it goes deep."""
        return self.random.choice(self.standing[:6] if self.random.random() < .8 else self.standing)

    def member(self, org):
        return self.pick(self.sql.column(
            f"SELECT person_id FROM data.affiliation WHERE org_id = {quoted(org)} AND standing ="
            " 'FULL' AND (to_on IS NULL OR to_on > flow.today())"))

    def staff(self, *roles):
        return sorted({o["person_id"] for o in self.offices if o["role"] in roles})

    def matter(self):
        """Something the committee could take up."""
        some = [(e, i) for e, s in sorted({(r.entity, r.from_state) for r in self.rules
                                           if r.request == "add_agenda_item"
                                           and r.entity not in ("meeting", "agenda_item")})
                for i in self.having(e, s)]
        near = [i for e, i in some if self.near(e, i)]
        return self.pick(near if near and self.random.random() < .8 else [i for _, i in some])

    def look(self):
        """One branch at a time has most of the business, until it has an award and for
        a while after, so that its history goes deep."""
        if self.looked_at not in self.standing or self.random.random() < 1 / 400:
            self.looked_at = self.branch()

    def near(self, entity, id):
        return self.world[entity][id][1] in (self.looked_at, "DW")

    @staticmethod
    def days(text):
        return (datetime.date.fromisoformat(text) - DAY0).days

    def words(self):
        return f"第{self.step}步：" + "".join(
            self.random.choice("支部党员群众学习服务谈心走访整改落实") for _ in range(12))

    # ---- asking --------------------------------------------------------------------------
    def line(self, person):
        """This one's connection; the least used give way, as the server takes only so many."""
        w = self.lines.pop(person, None) or Wire(
            *([self.member_port, *self.credentials(person)] if person else [self.public_port]),
            timeout=60)
        self.lines[person] = w
        while len(self.lines) > 24:
            self.lines.pop(next(iter(self.lines))).close()
        return w

    def fingerprint(self, person):
        cert = x509.load_pem_x509_certificate(Path(self.credentials(person)[0]).read_bytes())
        return hashlib.sha256(cert.public_bytes(Encoding.DER)).hexdigest()

    def ask(self, r, person=None):
        name = r.WhichOneof("body")
        for again in (True, False):
            try:
                w = self.line(person)
                w.send(r, signed=person is not None)
                answered, reply = w.receive()
                break
            except (EOFError, OSError):  # it was idle for long
                self.lines.pop(person, None)
                if not again:
                    raise
        if answered == 0:  # a frame too big for the port: refused whole, and the line with it
            assert reply.refusal.code == "ZB102", reply
            self.lines.pop(person).close()
        code = reply.refusal.code if reply.HasField("refusal") else ""
        bare = reply.refusal.key == "invalid" and not reply.refusal.reasons
        if code and (not code.startswith("ZB") or code == INTERNAL or bare):
            raise AssertionError(f"step {self.step}: {name}: {reply.refusal}\n{r}"[:6000])
        self.counts["refused" if code else "done"] += 1
        if code:
            self.refusals[code] += 1
            if self.meant:
                self.why[(name, code, " ".join([reply.refusal.key, *(
                    x.key for x in reply.refusal.reasons[:2])]))] += 1
        elif name in self.writes:
            self.after(r, person, reply)
        else:
            self.stayed(r)
        return reply

    def after(self, r, person, reply):
        """What came of it: the moves, the events, what no event keeps."""
        name = r.WhichOneof("body")
        events = self.sql.rows("SELECT id, request, payload IS NULL AS bare FROM audit.event"
                               f" WHERE id > {self.last_event} AND request NOT IN ('emergency_code',"
                               " 'enrol') ORDER BY id")
        moves = self.sql.rows("SELECT * FROM watch.move ORDER BY id")
        if moves:
            self.sql.run("TRUNCATE watch.move")
        # asked again while it waits for a second person, it is the same
        waits = reply.HasField("waiting")
        if person and name not in self.quiet and not waits:
            assert events, f"step {self.step}: {name} left no event"
        bare = [e["id"] for e in events if e["bare"] and e["request"] == name]
        if bare or not events:
            self.journal.append({
                "event": bare[0] if bare else None, "after": self.last_event,
                "at": self.sql.one("SELECT flow.now()"),
                "fp": self.fingerprint(person) if person else None,
                "key": r.key.hex(), "payload": r.SerializeToString().hex(), "signature": None})
        requests = {e["request"] for e in events} - {"ask_approval"} or {name}
        if name == "give_approval":
            requests = requests | {name}
        touched = set()
        for m in moves:
            self.world[m["entity"]][m["object"]] = (m["now"], m["org_id"])
            touched.add((m["entity"], m["object"]))
            rows = [(m["entity"], m["was"], m["now"], q) for q in sorted(requests)]
            hit = [x for x in rows if x in self.known]
            for x in hit[:1]:
                self.made[x] += 1
            if not hit and m["was"] != m["now"]:
                self.unruly[rows[0]] += 1
        if not waits:
            self.stayed(r, touched)
        if events:
            self.last_event = events[-1]["id"]
        if name in ("set_office", "replace_officer", "end_office", "import_offices", "import_orgs",
                    "carry_out_reorg", "disable_person", "enable_person", "give_approval"):
            self.refresh()

    def stayed(self, r, touched=frozenset()):
        """Moves that leave a thing in its state."""
        name = r.WhichOneof("body")
        for f, v in getattr(r, name).ListFields():
            e = ENTITY.get(f.name)
            of_stream = [("eval_stream", i) for i, (s, _) in self.world["eval_stream"].items()
                         if f.name == "application_id" and s in ("OPEN", "REOPENED")
                         and i.startswith("PS" + str(v)[2:] + "-" + GATHERS.get(name, "-"))]
            for e, i in [(e, v)] * bool(e) + of_stream:
                if (e, i) not in touched and i in self.world[e]:
                    s = self.world[e][i][0]
                    if (e, s, s, name) in self.known:
                        self.made[(e, s, s, name)] += 1

    # ---- what to ask ------------------------------------------------------------------------
    def office_for(self, request, org):
        """Somebody who may, over this organisation if it can be."""
        may = self.roles[request]
        if "person" in may:
            fit = self.offices
        else:
            fit = [o for o in self.offices if o["role"] in may]
        near = [o for o in fit if org is None or self.scope.get(o["role"]) != "own"
                or o["org_id"] == org]
        return self.random.choice(near or fit) if fit else None

    def fill(self, message, of, given, depth=0):
        for f in message.DESCRIPTOR.fields:
            if f.name in given:
                v = given[f.name]
            elif f.type == f.TYPE_MESSAGE:
                continue
            else:
                v = self.sample(f, of)
            self.put(message, f, v)

    def put(self, message, f, v):
        if v is None:
            return
        if f.label == f.LABEL_REPEATED:
            for x in v if isinstance(v, (list, tuple)) else [v]:
                if f.type == f.TYPE_MESSAGE:
                    part = getattr(message, f.name).add()
                    for g in part.DESCRIPTOR.fields:
                        self.put(part, g, x.get(g.name))
                elif x is not None:
                    getattr(message, f.name).append(self.number(f, x))
        else:
            setattr(message, f.name, self.number(f, v))

    @staticmethod
    def number(f, v):
        if f.type == f.TYPE_ENUM and isinstance(v, str):
            return f.enum_type.values_by_name[v].number
        return v

    def sample(self, f, of):
        """By the field's name and type."""
        rnd = self.random
        e = ENTITY.get(f.name)
        if e:
            return of.id if e == of.entity and of.id else self.any(e)
        if f.type == f.TYPE_ENUM:
            return rnd.choice(f.enum_type.values).number
        if f.type == f.TYPE_BOOL:
            return rnd.random() < .8
        if f.name.endswith("_on") and f.type == f.TYPE_INT32:
            ahead = f.name in ("due_on", "reply_by_on", "to_on", "closes_on", "end_on", "until_on")
            return self.today + (rnd.randint(5, 40) if ahead else 0)
        if f.name == "year":
            return self.year
        if f.name in ("org_id", "org_ids"):
            return of.org or self.branch()
        if f.name in ("person", "person_id", "owner_id"):
            return self.member(of.org or self.branch())
        if f.name in ("item", "items"):
            return f"{rnd.choice('135')}.{rnd.randint(1, 4)}"
        if f.type == f.TYPE_STRING:
            return self.words()
        if f.type in (f.TYPE_INT32, f.TYPE_INT64):
            return rnd.randint(1, 9)
        return rnd.randbytes(32) if f.type == f.TYPE_BYTES else None

    def of(self, entity=None, id=None):
        org = self.world[entity].get(id, (None, None))[1] if entity else None
        return types.SimpleNamespace(entity=entity, id=id, org=org, role=None, person=None)

    def own_field(self, request, entity):
        return any(ENTITY.get(f.name) == entity for f in self.members[request].message_type.fields)

    def next_move(self):
        """A row of rule.transition, a thing in its state, somebody who may."""
        self.look()
        near = self.random.random() < .75
        there = collections.defaultdict(list)
        for e, things in self.world.items():
            for i, (s, _) in things.items():
                if not near or self.near(e, i):
                    there[e, s].append(i)
        rows = [r for r in self.rules if r.request in self.members
                and (r.from_state == "-" or (r.entity, r.from_state) in there)]
        # a request is not asked more often because it moves many things
        share = collections.Counter(r.request for r in rows)
        r = self.random.choices(rows, [max(.002, self.weigh(x)) / share[x.request] ** .8
                                       for x in rows])[0]
        of = self.of()
        if r.from_state != "-":
            ids = there[r.entity, r.from_state]
            some = self.random.sample(ids, min(6, len(ids)))
            # newer things first: the old ones are often stuck for good
            if len(ids) > 6 and self.random.random() < .5:
                some = ids[-6:]
            if r.guard and self.random.random() < .9:
                fit = self.sql.column(
                    f"SELECT id FROM unnest(ARRAY[{', '.join(map(quoted, some))}]) id WHERE"
                    f" flow.reasons({quoted(r.guard)}, id) = '{{}}'")
                if not fit and self.random.random() < .8:
                    self.tried[self.key(r)] += 1
                    return None
                some = fit or some
            of = self.of(r.entity, self.random.choice(some))
        else:
            # made beside something that is there, or out of nothing
            leads = {(x.entity, x.from_state) for x in self.rules if x.request == r.request
                     and x.from_state != "-" and self.own_field(x.request, x.entity)}
            some = [(e, i) for e, s in sorted(leads) for i in there.get((e, s), ())]
            if some:
                of = self.of(*self.random.choice(some))
            elif leads:
                self.tried[self.key(r)] += 1
                return None
            elif near or self.random.random() < .7:
                of.org = self.looked_at if near else self.branch()
        if of.id and r.from_state != "-" and not self.own_field(r.request, r.entity):
            # it moves along with another thing of the same organisation
            of = self.along(r, of)
        self.tried[self.key(r)] += 1
        return of and (r.request, of)

    @staticmethod
    def key(r):
        return r.entity, r.from_state, r.to_state, r.request

    def weigh(self, r):
        made, tried = self.made[self.key(r)], self.tried[self.key(r)]
        w = RARE.get(r.request, 1) / (1 + made) ** .7 if made else 1 / (1 + .12 * tried)
        return w * (1.5 if r.from_state not in ("-", r.to_state) else .6)

    def along(self, r, of):
        leads = {(x.entity, x.from_state) for x in self.rules if x.request == r.request
                 and x.from_state != "-" and self.own_field(x.request, x.entity)}
        some = [(e, i) for e, s in sorted(leads) for i in self.having(e, s)
                if self.world[e][i][1] == of.org]
        if some and r.request != "add_agenda_item":
            return self.of(*self.random.choice(sorted(some)))
        return of if not leads or r.request == "add_agenda_item" else None

    def legal(self):
        """One step of good will."""
        for _ in range(30):
            first = self.first and self.meant
            if first or self.random.random() < .08:
                found = (self.first.pop() if first else self.random.choice(GROUND)), self.of()
                found[1].org = self.branch()
            elif self.year > self.holidays:
                self.holidays += 1
                found = "import_holidays", self.of()
            else:
                found = self.next_move()
            if found and not (found[0] == "post_notice" and not self.having("notice", "APPROVED")
                              or found[0] == "add_agenda_item" and not self.matter()):
                break
        else:
            return None
        name, of = found
        if name in NATIVE or name in NOT_ASKED:
            return None
        if "anyone" in self.roles[name]:
            return self.build(name, of, None), None
        office = self.office(name, of)
        if office is None:
            return None
        of.role, of.person = office["role"], office["person_id"]
        if self.scope.get(of.role) == "own":
            of.org = office["org_id"]
        return self.build(name, of, f"{of.role}@{office['org_id']}"), of.person

    def duty(self):
        """What the server itself says is to be done next, for the branch looked at."""
        self.look()
        some = [o for o in self.offices if o["org_id"] == self.looked_at or o["org_id"] not in self.standing]
        duties = []
        for role in self.random.sample(sorted({o["role"] for o in some}), 2):
            o = self.random.choice([o for o in some if o["role"] == role])
            acting = f"{role}@{o['org_id']}"
            reply = self.line(o["person_id"]).ask(make_request("next_duties", acting=acting))
            duties += [(x, o) for x in reply.next_duties.duties if x.office == acting
                       and x.request in self.members and x.request not in NOT_ASKED
                       and self.random.random() < RARE.get(x.request, 1)
                       and (x.org_id in (self.looked_at, "DW") or self.random.random() < .2)]
        if not duties:
            return None
        self.random.shuffle(duties)
        if self.random.random() < .8:
            duties.sort(key=lambda d: WAY.index(d[0].request) if d[0].request in WAY else len(WAY))
        x, office = duties[0]
        of = self.of()
        entity = ENTITY.get(x.field) or x.entity
        if entity in self.world and x.object_id in self.world[entity]:
            of = self.of(entity, x.object_id)
        else:
            of.org = x.org_id or None
        of.role, of.person = office["role"], office["person_id"]
        if self.scope.get(of.role) == "own":
            of.org = office["org_id"]
        r = self.build(x.request, of, x.office)
        part = getattr(r, x.request)
        f = part.DESCRIPTOR.fields_by_name.get(x.field)
        if f is not None and x.object_id and f.type == f.TYPE_STRING:
            part.ClearField(f.name)
            self.put(part, f, x.object_id)
        return r, of.person

    def office(self, name, of):
        """Who may, and where the thing names somebody, that one."""
        if name == "give_approval" and of.id:
            a = self.row("approval", of.id)
            second = self.sql.column("SELECT role FROM rule.second_person WHERE request ="
                                     f" {quoted(a['request'])}")
            fit = [o for o in self.offices if o["role"] in second and o["person_id"] != a["person_id"]]
            return self.random.choice(fit) if fit else None
        if name in ("progress_task", "finish_task") and of.id:
            owner = self.row("task", of.id)["owner_id"]
            fit = [o for o in self.offices if o["person_id"] == owner]
            return self.random.choice(fit) if fit else None
        return self.office_for(name, of.org)

    def build(self, name, of, acting):
        given = hints.BY_REQUEST[name](self, of) if name in hints.BY_REQUEST else {}
        r = make_request(name, acting=acting)
        self.fill(getattr(r, name), of, given)
        return r

    def illegal(self):
        """Wrong person, thing, state, day, count or text."""
        made = self.legal() if self.random.random() < .6 else None
        if made is None:
            name = self.random.choice(sorted(set(self.members) - NATIVE - NOT_ASKED - {"disable_person"}))
            own = [ENTITY[f.name] for f in self.members[name].message_type.fields
                   if ENTITY.get(f.name) and self.world[ENTITY[f.name]]]
            of = self.of(own[0], self.any(own[0])) if own else self.of()
            office = self.random.choice(self.offices)
            of.role, of.person, of.org = office["role"], office["person_id"], office["org_id"]
            try:
                made = self.build(name, of, f"{of.role}@{office['org_id']}"), of.person
            except (TypeError, KeyError, Refused):  # no sense to be made of it
                return None
        r, person = made
        part = getattr(r, r.WhichOneof("body"))
        how = self.random.randrange(6)
        if how == 0 and person:
            office = self.random.choice(self.offices)
            r.acting, person = f"{office['role']}@{office['org_id']}", office["person_id"]
        elif how == 1:
            part.Clear()
            part.SetInParent()
        else:
            fields = [f for f in part.DESCRIPTOR.fields if f.label != f.LABEL_REPEATED]
            for f in self.random.sample(fields, min(len(fields), max(1, how - 1))):
                v = self.wrong(f)
                if v is None:
                    part.ClearField(f.name)
                else:
                    setattr(part, f.name, v)
        return r, person

    def wrong(self, f):
        rnd = self.random
        if f.type == f.TYPE_STRING:
            e = ENTITY.get(f.name)
            return rnd.choice([self.any(e) if e else "P1", *ABSURD_WORDS[:6]])
        if f.type == f.TYPE_INT32:
            return rnd.choice(ABSURD_DAYS)
        if f.type == f.TYPE_INT64:
            return rnd.choice([-2**63, 2**63 - 1, 0, -1])
        if f.type == f.TYPE_BOOL:
            return rnd.random() < .5
        if f.type == f.TYPE_BYTES:
            return rnd.choice([b"", b"\0", rnd.randbytes(31), rnd.randbytes(2000)])
        return None

    # ---- time, and voters who are not signed in ---------------------------------------------
    def move_clock(self):
        days = self.random.choice([1, 1, 1, 1, 2, 2, 3, 8])
        self.clock((DAY0 + datetime.timedelta(self.today + days)).isoformat())
        self.last_event = self.sql.one("SELECT max(id) FROM audit.event")
        self.refresh()
        self.counts["days"] += days

    def bond(self, session):
        reply = self.line(None).ask(make_request("get_ballot", session_id=session), signed=False)
        return session + ":" + hashlib.sha256(
            reply.get_ballot.manifest.SerializeToString()).hexdigest()

    def voters(self):
        """Some of those who drew a slip or a code use it."""
        for session in self.having("ballot_session", "OPEN"):
            slips = self.slips.get(session, [])
            if not slips or self.random.random() < .5:
                continue
            bond = self.bond(session)
            items = self.sql.one(f"SELECT count(*) FROM data.ballot_item WHERE session_id = '{session}'"
                                 " AND options <> '{}'")
            keys = self.sql.column("SELECT encode(public_key, 'hex') FROM data.ballot_holder WHERE"
                                   f" session_id = '{session}' ORDER BY holder_no")
            for s in slips[:3]:
                s.marks = (1,) * items
                s.fill(bond, [bytes.fromhex(k) for k in keys])
                self.ask(s.request())
            del slips[:3]
        for survey in self.having("survey", "OPEN"):
            q = self.sql.rows("SELECT cardinality(q.questions) AS n, q.options[1] AS o, s.unverified,"
                              " s.categories FROM data.survey s JOIN data.question_set q ON"
                              f" q.id = s.question_set_id WHERE s.id = '{survey}'")[0]
            codes = self.codes.get(survey, [])
            token = codes.pop() if codes and not q["unverified"] else hashlib.sha256(
                self.random.randbytes(32)).digest()
            self.ask(make_request("answer_survey", survey_id=survey, token=token,
                                  category=q["categories"][0] if q["unverified"] else "",
                                  marks=[q["o"]] * q["n"], comment=self.words()))

    def one_step(self):
        self.step += 1
        chance = self.random.random()
        self.meant = True
        if chance < .03:
            self.move_clock()
            return
        if chance < .06:
            self.voters()
            return
        self.meant = chance >= .18
        made = None
        while not made:
            made = self.illegal() if not self.meant else \
                self.duty() if chance < .45 else self.legal()
        self.ask(*made)
