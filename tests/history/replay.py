"""The same history once more: every audit event's payload is carried out by call.* on a
second database, in order, with its clock at the event's moment.

What leaves no payload by rule (rule.request.keeps_payload, evented) is carried out from
what the person's own side still has: the journal of tests/history/run.
"""
from session import Refused, quoted
from wire import pb

# Columns that differ between two histories of the same acts, and why.
RANDOM = {
    "deployment": ({"id", "clock_shift"}, "drawn at init; the second clock is put to each event"),
    "certificate": ({"issued_at", "expires_at", "revoked_at", "superseded_at", "der", "spki"},
                    "the authority's own clock and keys; the row is taken over"),
    "idem": ({"at"}, "the machine's own time, to forget old keys by"),
    "survey_answer": ({"id"}, "drawn at the close, so that nothing tells the order of answers"),
    "survey_comment": ({"id"}, "as survey_answer"),
    "survey_code": ({"token_hash"}, "places of an open survey are drawn at its opening"),
}
WHOLE = {"enrol_code": "secrets of 80 random bits, made on other machines"}
# Events without a request: of the machine's operator, and of enrolment, whose
# certificates are taken over.
NO_REQUEST = "request IN ('enrol', 'enrol_code_reused', 'emergency_code', 'first_administrator') " \
    "OR request LIKE 'machine\\_%'"


def value(f, v, kind, types):
    """SQL for one value of a field as a `kind`, by the bridge's own rules (design 3)."""
    if f.type == f.TYPE_MESSAGE:
        return f"ROW({', '.join(fields(v, types[kind], types))})::{kind}"
    if f.type == f.TYPE_ENUM:
        return quoted(f.enum_type.values_by_number[v].name)
    if kind == "date":
        return f"(date '1970-01-01' + {v})"
    if kind == "timestamp with time zone":
        return f"(timestamptz '1970-01-01 00:00:00Z' + {v} * interval '1 microsecond')"
    return quoted(v)


def fields(message, kinds, types):
    """SQL for each field, in order; `kinds` are the database's types of them."""
    out = []
    for f, kind in zip(message.DESCRIPTOR.fields, kinds, strict=True):
        v = getattr(message, f.name)
        one = kind.removesuffix("[]")
        if f.label == f.LABEL_REPEATED:
            out.append("ARRAY[" + ", ".join(value(f, x, one, types) for x in v) + f"]::{kind}")
        elif not message.HasField(f.name):
            out.append(f"NULL::{kind}")
        else:
            out.append(f"{value(f, v, one, types)}::{kind}")
    return out


class Replay:
    """`first` and `second` are Psql sessions; `journal` has rows (event id, at, fp, key,
    payload, signature): what was done after that event without one that keeps it."""

    def __init__(self, first, second, journal):
        self.first, self.second, self.journal = first, second, journal
        # of a request's parameters, and of a composite type's attributes
        self.types = {r["f"]: r["types"] for r in first.rows(
            "SELECT format_type(c.reltype, NULL) AS f, ARRAY(SELECT format_type(a.atttypid, NULL)"
            " FROM pg_attribute a WHERE a.attrelid = c.oid ORDER BY a.attnum) AS types"
            " FROM pg_class c WHERE c.relkind = 'c' AND c.relnamespace = 'api'::regnamespace"
            " UNION ALL SELECT p.proname AS f, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes)"
            " WITH ORDINALITY a(t, n) WHERE n > 5 ORDER BY n) AS types"
            " FROM pg_proc p WHERE p.pronamespace = 'call'::regnamespace")}
        self.certificates = set()
        self.seen = set()
        self.done = self.taken_over = 0

    def certificate(self, fp):
        """As it was when it was first used."""
        if fp is None or fp in self.certificates:
            return
        self.certificates.add(fp)
        row = self.first.rows(f"SELECT person_id, encode(der, 'hex') AS der, encode(spki, 'hex')"
                              f" AS spki, issued_at, expires_at FROM data.certificate"
                              f" WHERE fp = '\\x{fp}'")[0]
        self.second.run(
            f"INSERT INTO data.certificate (fp, person_id, der, spki, issued_at, expires_at)"
            f" VALUES ('\\x{fp}', '{row['person_id']}', '\\x{row['der']}', '\\x{row['spki']}',"
            f" '{row['issued_at']}', '{row['expires_at']}') ON CONFLICT DO NOTHING")

    def carry_out(self, at, fp, key, payload, signature):
        request = pb.Request.FromString(bytes.fromhex(payload))
        name = request.WhichOneof("body")
        body, kinds = getattr(request, name), self.types[name]
        n = len(body.DESCRIPTOR.fields)
        # behind the message's are the server's own, see finish_file
        args = fields(body, kinds[:n], self.types) + ["NULL"] * (len(kinds) - n)
        self.certificate(fp)
        head = [f"'\\x{fp}'" if fp else "NULL",
                quoted(request.acting) if request.HasField("acting") else "NULL",
                f"'\\x{key}'" if key else "NULL", f"'\\x{payload}'",
                f"'\\x{signature}'" if signature else "NULL"]
        try:
            self.second.run(
                "BEGIN;\nUPDATE data.deployment SET clock_shift = "
                f"timestamptz '{at}' - now();\n"
                f"SELECT call.{name}({', '.join(head + args)});\nCOMMIT")
        except Refused as e:
            self.second.run("ROLLBACK")
            raise AssertionError(f"replay: {name} of {at} as {request.acting}: {e}\n"
                                 f"{getattr(request, name)}") from None

    def acts(self):
        """Everything that was done, in order."""
        after = {}
        own = {}
        for row in self.journal:
            if row["event"]:
                own[row["event"]] = row
            else:
                after.setdefault(row["after"], []).append(row)
        events = self.first.rows(
            "SELECT id, at, person_id, request, encode(key, 'hex') AS key,"
            " encode(payload, 'hex') AS payload, encode(signature, 'hex') AS signature,"
            f" encode(certificate_fp, 'hex') AS fp, {NO_REQUEST} AS none"
            " FROM audit.event ORDER BY id")
        for e in events:
            # what a second person agreed to has the first one's key again
            if not e["none"] and (e["person_id"], e["key"]) not in self.seen:
                self.seen.add((e["person_id"], e["key"]))
                if e["payload"] is None:
                    assert e["id"] in own, f"event {e['id']} {e['request']}: nothing to replay"
                    e["payload"] = own[e["id"]]["payload"]
                    self.taken_over += 1
                yield e
            for row in after.get(e["id"], ()):
                self.taken_over += 1
                yield row

    def run(self, hold_back_last=False):
        """Carries everything out; with `hold_back_last` all but the last event, which is
        returned."""
        held = None
        for act in self.acts():
            if held:
                self.step(held)
            held = act
        if hold_back_last:
            return held
        self.step(held)
        return None

    def step(self, act):
        if "sql" in act:  # what the history began from
            self.second.run(act["sql"])
            return
        self.carry_out(act["at"], act["fp"], act["key"], act["payload"], act["signature"])
        self.done += 1

    def differences(self):
        """What is not the same in both; no line: nothing."""
        out = []
        tables = self.first.column("SELECT relname FROM pg_class WHERE relnamespace ="
                                   " 'data'::regnamespace AND relkind = 'r' ORDER BY 1")
        for table in tables:
            if table in WHOLE:
                continue
            but = ",".join(sorted(RANDOM.get(table, (set(),))[0]))
            rows = f"SELECT (to_jsonb(t) - '{{{but}}}'::text[])::text AS r FROM data.{table} t"
            if table == "idem":  # the reply to a code's request says until when it holds
                rows += (" WHERE NOT EXISTS (SELECT FROM audit.event e WHERE e.key = t.key"
                         " AND e.request IN ('issue_code', 'renew_certificate'))")
            elif table == "certificate":  # of somebody who did nothing yet
                rows += (" WHERE EXISTS (SELECT FROM audit.event e WHERE e.certificate_fp = t.fp"
                         " AND e.request <> 'enrol')")
            out += self.compare(f"data.{table}", rows)
        out += self.compare("audit.event", "SELECT concat_ws(' ', request, object, person_id, role,"
                            " org_id, encode(body, 'hex'), encode(payload, 'hex')) AS r FROM"
                            f" audit.event WHERE NOT ({NO_REQUEST})", "id")
        return out

    def compare(self, table, rows, order=""):
        digest = f"SELECT coalesce(md5(string_agg(r, E'\\n' ORDER BY {order or 'r'})), '') FROM ("
        if order:
            rows = rows.replace(" AS r FROM", f" AS r, {order} FROM")
        if self.first.one(f"{digest}{rows}) x") == self.second.one(f"{digest}{rows}) x"):
            return []
        a, b = (sorted(s.column(f"SELECT r FROM ({rows}) x")) for s in (self.first, self.second))
        only = [f"{table}: only in the {who}: {r[:1500]}" for who, some, others in (
            ("first", a, set(b)), ("second", b, set(a))) for r in some if r not in others]
        return only[:6] or [f"{table}: not in the same number or order"]
