"""Every request against every role, over TLS: what rule.permission does not give
is refused, what it gives never ends in an internal error, and nothing of either
leaves a trace in the data (all of it is a dry run, and a refusal changes nothing).
"""
import pytest

from wire import Wire, members, pb

DENIED, INTERNAL, NOT_ENROLLED = "ZB002", "ZB108", "ZB011"
NATIVE = {"enrol"}


@pytest.fixture(scope="module")
def holders(college):
    """One holder of each role, with a certificate: role -> (office, person, credentials)."""
    rows = college.sql("""
        SELECT DISTINCT ON (o.role) o.role, o.org_id, o.person_id FROM data.office o
        JOIN data.person p ON p.id = o.person_id AND p.active
        WHERE o.to_on IS NULL OR o.to_on > flow.today()
        ORDER BY o.role, o.org_id, o.person_id""")
    return {role: (f"{role}@{org}", person, college.credentials(person))
            for role, org, person in rows}


@pytest.fixture(scope="module")
def real(college):
    """What fields of that name can hold here."""
    college.secretary("round", "start")
    known = college.on_its_way()
    known["person_id"] = college.person_id(known["person"])
    known["item"] = known["items"] = "3.2"
    known["role"], known["on"] = "branch_secretary", 20738  # 12 October 2026
    return known


def sample(field, known):
    """A value of the field's type: of this college, or meaning nothing in particular."""
    if field.name in known:
        return known[field.name]
    if known and field.name.endswith("_on"):
        return known["on"]
    if known and field.name.endswith(("_id", "_ids")):
        return known["person_id"]
    return {field.TYPE_STRING: "x", field.TYPE_BYTES: b"\0" * 32, field.TYPE_BOOL: True,
            field.TYPE_INT32: 1, field.TYPE_INT64: 1}.get(field.type)


def fill(message, known, depth=0):
    for f in message.DESCRIPTOR.fields:
        if f.type == f.TYPE_ENUM:
            value = f.enum_type.values[0].number
        elif f.type == f.TYPE_MESSAGE:
            if depth < 3:
                part = getattr(message, f.name)
                fill(part.add() if f.label == f.LABEL_REPEATED else part, known, depth + 1)
            continue
        else:
            value = sample(f, known)
        if f.label == f.LABEL_REPEATED:
            getattr(message, f.name).append(value)
        else:
            setattr(message, f.name, value)


def make(member, acting, how, known):
    r = pb.Request(acting=acting, dry_run=True)
    part = getattr(r, member.name)
    part.SetInParent()
    if how != "empty":
        fill(part, known if how == "real" else {})
    return r


def checksum(server):
    """Of every table but the certificates' own, order apart."""
    tables = [t for t, in server.sql(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('data', 'rule', 'audit') ORDER BY 1")]
    # This very look is an event of the machine's operator.
    but = {"audit.event": " WHERE request <> 'machine_psql'"}
    return sorted(server.sql(" UNION ALL ".join(
        f"SELECT '{t}', coalesce(sum(hashtextextended(x::text, 0)), 0)"
        f" FROM {t} x{but.get(t, '')}" for t in tables)))


HOW = ["empty", "filled", "real"]


@pytest.mark.parametrize("how", HOW)
def test_every_request_against_every_role(college, holders, real, how):
    allowed = {tuple(row) for row in college.sql("SELECT request, role FROM rule.permission")}
    before = checksum(college)
    wrong, done = [], set()
    for role, (acting, _, credentials) in sorted(holders.items()):
        w = Wire(college.member_port, *credentials)
        for member in members():
            if member.name in NATIVE:
                continue
            reply = w.ask(make(member, acting, how, real))
            code = reply.refusal.code if reply.HasField("refusal") else ""
            may = (member.name, role) in allowed or (member.name, "person") in allowed
            # the database's own error: no rule of ours says what is wrong
            bare = reply.refusal.key == "invalid" and not reply.refusal.reasons
            if code in (INTERNAL, NOT_ENROLLED) or bare or (not may and code != DENIED):
                wrong.append((member.name, role, may, code, reply.refusal.key))
            if not code:
                done.add(member.name)
        w.close()
    assert not wrong
    assert how != "real" or len(done) > 40  # else it says little
    assert checksum(college) == before


@pytest.mark.parametrize("how", HOW)
def test_every_request_without_a_certificate(college, real, how):
    allowed = {r for r, in college.sql("SELECT request FROM rule.permission"
                                       " WHERE role = 'anyone'")}
    before = checksum(college)
    wrong = []
    w = Wire(college.public_port)
    for member in members():
        if member.name in NATIVE:
            continue
        r = make(member, None, how, real)
        r.ClearField("acting")
        reply = w.ask(r)
        code = reply.refusal.code if reply.HasField("refusal") else ""
        if code == INTERNAL or (code == NOT_ENROLLED) != (member.name not in allowed):
            wrong.append((member.name, code, reply.refusal.key))
    w.close()
    assert not wrong
    assert checksum(college) == before


def test_a_former_officer_may_nothing_more(college, holders):
    """The office ends today; the certificate stays good, the right is gone."""
    acting, person, credentials = holders["branch_committee_member"]
    w = Wire(college.member_port, *credentials)
    r = make(next(m for m in members() if m.name == "whoami"), acting, "empty", {})
    assert not w.ask(r).HasField("refusal")
    role, org = acting.split("@")
    college.sql(f"UPDATE data.office SET to_on = flow.today() WHERE role = '{role}'"
                f" AND org_id = '{org}' AND person_id = '{person}'")
    assert w.ask(r).refusal.code == DENIED
    w.close()
