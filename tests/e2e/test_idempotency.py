"""One effect for one key, and only for the person who signed: cases 49, 52, 53 and
55 to 60 of the list of bad inputs (48 is test_matrix.py).
"""
import os
import signal
import threading
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from load import (BRANCH_14, BRANCH_15, OFFICER, RECORDER, SECRETARY, answer, appoint,
                  connect, eventually, held_in, meeting, packed, refusal, sign)
from wire import pb, request

INVALID, DENIED, STATE, CONFLICT = "ZB001", "ZB002", "ZB003", "ZB004"
KEY_REUSED, SIGNATURE = "ZB005", "ZB109"


@pytest.fixture(scope="module")
def college(server):
    return appoint(server)


@pytest.fixture
def recorder(college):
    w = connect(college)
    yield w
    w.close()


@pytest.fixture
def place():
    return "idem-" + os.urandom(4).hex()


def checksum(server):
    """Of every table, order apart."""
    tables = [t for t, in server.sql(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('data', 'rule')")]
    one = ("SELECT '{0}', count(*), coalesce(sum(hashtextextended(x::text, 0)), 0)"
           " FROM {0} x")
    # every look of ours at the database is an event too
    return server.sql(" UNION ALL ".join(map(one.format, tables)) +
                      " UNION ALL SELECT 'audit.event', count(*), 0 FROM audit.event"
                      " WHERE request <> 'machine_psql'")


def events(server, key):
    return server.sql("SELECT object FROM audit.event"
                      f" WHERE key = decode('{key.hex()}', 'hex')")


# ---- keys ------------------------------------------------------------------------------

def test_055_same_key_same_body(college, recorder, place):
    key = os.urandom(16)
    payload = packed(meeting(place), key)
    bytes_, reply = answer(recorder, payload)
    number = reply.new_meeting.meeting_id
    assert number
    for _ in range(3):
        assert answer(recorder, payload)[0] == bytes_
    assert held_in(college, place) == [number]
    assert events(college, key) == [[number]]


def test_055_from_another_connection_after_the_worker_died(college, recorder, place):
    payload = packed(meeting(place))
    bytes_, _ = answer(recorder, payload)
    os.kill(college.child("child-member"), signal.SIGKILL)
    w, _ = eventually(college)
    assert answer(w, payload)[0] == bytes_
    w.close()
    assert len(held_in(college, place)) == 1


def test_055_the_kept_answer_is_the_first_one(college, recorder, place):
    """What happened to the object since does not change what was answered."""
    payload = packed(meeting(place))
    bytes_, reply = answer(recorder, payload)
    college.sql("UPDATE data.person SET name = '人员叁' WHERE id = 'P3'")
    try:
        assert answer(recorder, payload)[0] == bytes_
        assert "人员3" in reply.new_meeting.entitled_names
    finally:
        college.sql("UPDATE data.person SET name = '人员3' WHERE id = 'P3'")


AWKWARD = ['NULL', '"a","b"', "{x,y}", "(1,2)", "a\\b\\\\c", "'; DROP TABLE data.person; --",
           "%n%s$1", " 前后 ", "𠮷野", "a,b;c\"\"d"]


def test_055_awkward_texts_come_back_the_same(college, recorder, place):
    """The kept reply is PostgreSQL's own text form: names full of its signs."""
    for i, name in enumerate(AWKWARD):
        quoted = name.replace("'", "''")
        college.sql(f"INSERT INTO data.person (id, name) VALUES ('P{7000 + i}', '{quoted}');"
                    "INSERT INTO data.office (person_id, org_id, role, from_on)"
                    f" VALUES ('P{7000 + i}', 'DW', 'committee_member', '2026-01-01')")
    payload = packed(meeting(place))
    bytes_, reply = answer(recorder, payload)
    assert set(AWKWARD) <= set(reply.new_meeting.entitled_names)
    assert answer(recorder, payload)[0] == bytes_
    # as a text that is stored and shown, too
    payload = packed(meeting(place + AWKWARD[5]))
    assert not answer(recorder, payload)[1].HasField("refusal")
    shown = recorder.ask(request("list_meetings"), signed=False).list_meetings.meetings
    assert place + AWKWARD[5] in {m.place for m in shown}


def test_056_same_key_other_body(college, recorder, place):
    key = os.urandom(16)
    assert not answer(recorder, packed(meeting(place), key))[1].HasField("refusal")
    before = checksum(college)
    r = refusal(answer(recorder, packed(meeting(place + "-other"), key))[1])
    assert r.code == KEY_REUSED
    assert held_in(college, place + "-other") == []
    assert checksum(college) == before


def test_056_same_key_other_request(college, place):
    w, key = connect(college, OFFICER), os.urandom(16)
    unit = packed(request("add_outside_unit", name=place, kind="学校"), key)
    bytes_, reply = answer(w, unit)
    assert not reply.HasField("refusal"), reply
    other = packed(request("start_round", org_id="15"), key)
    assert refusal(answer(w, other)[1]).code == KEY_REUSED
    assert answer(w, unit)[0] == bytes_
    assert college.sql("SELECT count(*) FROM data.round WHERE org_id = '15'") == [["0"]]
    w.close()


def test_056_same_key_in_another_office(college, place):
    """The office is signed too, so it belongs to the body."""
    key = os.urandom(16)
    w = connect(college, SECRETARY)
    assert not answer(w, packed(meeting(place), key))[1].HasField("refusal")
    again = packed(meeting(place, acting="committee_secretary@DW"), key)
    assert refusal(answer(w, again)[1]).code == KEY_REUSED
    assert len(held_in(college, place)) == 1
    w.close()


def test_057_same_key_other_person(college, recorder, place):
    payload = packed(meeting(place))
    secretary = connect(college, SECRETARY)
    mine = answer(recorder, payload)[1].new_meeting.meeting_id
    theirs = answer(secretary, payload)[1].new_meeting.meeting_id
    assert mine and theirs and sorted([mine, theirs]) == held_in(college, place)
    # each gets their own again
    assert answer(recorder, payload)[1].new_meeting.meeting_id == mine
    assert answer(secretary, payload)[1].new_meeting.meeting_id == theirs
    secretary.close()


def at_once(jobs):
    """Runs all of them from one barrier; their results in order."""
    barrier, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(i):
        barrier.wait()
        results[i] = jobs[i]()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(jobs))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def test_058_eight_at_once(college, place):
    wires = [connect(college) for _ in range(8)]
    for round_ in range(5):
        key, where = os.urandom(16), f"{place}-{round_}"
        payload = packed(meeting(where), key)
        replies = at_once([lambda w=w: answer(w, payload) for w in wires])
        assert len({bytes_ for bytes_, _ in replies}) == 1
        number = replies[0][1].new_meeting.meeting_id
        assert held_in(college, where) == [number] and events(college, key) == [[number]]
    for w in wires:
        w.close()


def test_058_eight_at_once_on_one_connection(college, recorder, place):
    """In one group of one transaction, where the second meets the first's row."""
    payload = packed(meeting(place))
    sent = {recorder.send(payload) for _ in range(8)}
    got = dict(recorder.receive() for _ in range(8))
    assert set(got) == sent
    assert len({r.SerializeToString() for r in got.values()}) == 1
    assert held_in(college, place) == [got.popitem()[1].new_meeting.meeting_id]


def test_058_two_bodies_race_for_one_key(college, place):
    wires = [connect(college) for _ in range(8)]
    key = os.urandom(16)
    payloads = [packed(meeting(f"{place}-{i}"), key) for i in range(8)]
    replies = at_once([lambda i=i: answer(wires[i], payloads[i])[1] for i in range(8)])
    done = [i for i in range(8) if not replies[i].HasField("refusal")]
    assert len(done) == 1
    assert {refusal(r).code for i, r in enumerate(replies) if i not in done} == {KEY_REUSED}
    assert [len(held_in(college, f"{place}-{i}")) for i in range(8)] == [
        int(i in done) for i in range(8)]
    for w in wires:
        w.close()


def test_refusal_is_not_kept(college, recorder, place):
    """A key is used up by what was done, not by what was refused."""
    key = os.urandom(16)
    refused = refusal(answer(recorder, packed(meeting("两\n行"), key))[1])
    assert refused.code == INVALID
    assert not answer(recorder, packed(meeting(place), key))[1].HasField("refusal")
    assert len(held_in(college, place)) == 1


@pytest.mark.parametrize("key", [None, b"", b"k" * 15, b"k" * 17, b"k" * 1000])
def test_no_key_or_one_of_another_length(college, recorder, place, key):
    message = meeting(place)
    message.version = 1
    if key is not None:
        message.key = key
    r = refusal(answer(recorder, message.SerializeToString())[1])
    assert (r.code, r.args[0], r.reasons[0].key) == (INVALID, "key", "key_needed")
    assert held_in(college, place) == []


def test_the_hundredth_number_of_a_year(college):
    """Numbers are short, and do not end at two digits."""
    college.sql("INSERT INTO data.outside_unit (id, state, name, kind) SELECT"
                " 'WD' || to_char(flow.today(), 'YY') || '-' || to_char(n, 'FM00'), 'LISTED',"
                " 'filler ' || n, '学校' FROM generate_series(1, 99) n ON CONFLICT DO NOTHING")
    w = connect(college, OFFICER)
    numbers = [w.ask(request("add_outside_unit", name=f"unit {i}", kind="学校")
                     ).add_outside_unit.unit_id for i in range(3)]
    assert [n.split("-")[1] for n in numbers] == ["100", "101", "102"]
    w.close()


# ---- one bad request among many ----------------------------------------------------------

def test_one_bad_request_harms_no_other(college, recorder, place):
    """Writes waiting together are committed together; a bad one is not felt."""
    jobs, kind = {}, {}
    for i in range(24):
        bad = i % 5 == 2
        dry = i % 5 == 4
        message = meeting("不\n行" if bad else f"{place}-{i}", dry_run=dry)
        kind[recorder.send(packed(message))] = "bad" if bad else "dry" if dry else "good"
    for _ in range(24):
        number, reply = recorder.receive()
        jobs[number] = reply
    for number, reply in jobs.items():
        assert reply.HasField("refusal") == (kind[number] == "bad"), reply
    rows = college.sql(f"SELECT count(*) FROM data.meeting WHERE place LIKE '{place}-%'")
    assert rows == [[str(sum(k == "good" for k in kind.values()))]]


# ---- signatures ----------------------------------------------------------------------------

def forged(payload):
    return ec.generate_private_key(ec.SECP256R1()).sign(payload, ec.ECDSA(hashes.SHA256()))


SIGNATURES = {
    "none": lambda w, payload: None,
    "empty": lambda w, payload: b"",
    "another_key": lambda w, payload: forged(payload),
    "another_payload": lambda w, payload: sign(w, payload + b"x"),
    "another_hash": lambda w, payload: w.key.sign(payload, ec.ECDSA(hashes.SHA384())),
    "bit": lambda w, payload: sign(w, payload)[:-1] + bytes([sign(w, payload)[-1] ^ 1]),
    "trailing": lambda w, payload: sign(w, payload) + b"\0",
    "garbage": lambda w, payload: b"\x30\x80" * 500,
    "zeros": lambda w, payload: bytes.fromhex("3006020100020100"),
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_059_signature(college, recorder, place, kind):
    key = os.urandom(16)
    payload = packed(meeting(place), key)
    signature = SIGNATURES[kind](recorder, payload)
    before = checksum(college)
    if signature is None:
        reply = answer(recorder, payload, signed=False)[1]
    else:
        reply = answer(recorder, payload, signature=signature)[1]
    assert refusal(reply).code == SIGNATURE
    assert checksum(college) == before
    # the refusal used up nothing: the real one is done
    assert not answer(recorder, payload)[1].HasField("refusal")
    assert len(held_in(college, place)) == 1


def test_059_dry_run_needs_a_signature_too(college, recorder, place):
    assert refusal(answer(recorder, packed(meeting(place, dry_run=True)),
                          signed=False)[1]).code == SIGNATURE


def test_060_older_signature_with_a_new_key(college, recorder, place):
    payload = packed(meeting(place))
    signature = sign(recorder, payload)
    assert not answer(recorder, payload, signature=signature)[1].HasField("refusal")
    again = pb.Request.FromString(payload)
    again.key = os.urandom(16)
    reply = answer(recorder, again.SerializeToString(), signature=signature)[1]
    assert refusal(reply).code == SIGNATURE
    assert len(held_in(college, place)) == 1


def test_060_what_was_signed_can_be_proven_later(college, recorder, place):
    """The trace keeps exactly the bytes and the signature; the person's certificate
    verifies them without server or database."""
    key = os.urandom(16)
    payload = packed(meeting(place), key)
    answer(recorder, payload)
    (body, signature), = college.sql(
        "SELECT encode(payload, 'hex'), encode(signature, 'hex') FROM audit.event"
        f" WHERE key = decode('{key.hex()}', 'hex')")
    assert bytes.fromhex(body) == payload
    recorder.key.public_key().verify(bytes.fromhex(signature), payload,
                                     ec.ECDSA(hashes.SHA256()))


# ---- trying without doing --------------------------------------------------------------------

def test_dry_run_leaves_nothing_and_shows_the_answer(college, recorder, place):
    before = checksum(college)
    key = os.urandom(16)
    dry = answer(recorder, packed(meeting(place, dry_run=True), key))[1]
    assert dry.new_meeting.meeting_id and dry.new_meeting.state == "PLANNED"
    assert checksum(college) == before
    # the same key is still free for doing it
    real = answer(recorder, packed(meeting(place), key))[1]
    assert real.new_meeting == dry.new_meeting
    assert held_in(college, place) == [real.new_meeting.meeting_id]


def test_dry_run_shows_the_refusal(college, recorder, place):
    before = checksum(college)
    dry = refusal(answer(recorder, packed(meeting("两\n行", dry_run=True)))[1])
    real = refusal(answer(recorder, packed(meeting("两\n行")))[1])
    dry.ClearField("ref"), real.ClearField("ref")
    assert dry == real
    assert checksum(college) == before


def test_dry_run_of_a_read(college, recorder):
    reply = recorder.ask(request("whoami", dry_run=True), signed=False)
    assert reply.whoami.person_id == RECORDER


def test_dry_run_while_others_write(college, place):
    """Nothing of a dry run is taken along by another's commit."""
    wires = [connect(college) for _ in range(6)]

    def run(i):
        return [answer(wires[i], packed(meeting(f"{place}-{i}-{n}", dry_run=i % 2 == 0)))[1]
                for n in range(10)]
    replies = at_once([lambda i=i: run(i) for i in range(6)])
    assert not any(r.HasField("refusal") for rs in replies for r in rs)
    rows = college.sql(f"SELECT place FROM data.meeting WHERE place LIKE '{place}-%'")
    assert sorted(p for p, in rows) == sorted(
        f"{place}-{i}-{n}" for i in (1, 3, 5) for n in range(10))
    for w in wires:
        w.close()


# ---- objects of others, objects that moved --------------------------------------------------------

@pytest.fixture(scope="module")
def self_14(college):
    """A self-assessment of branch 14 (the number, its revision)."""
    w = connect(college, BRANCH_14)
    w.ask(request("start_round"))
    number = w.ask(request("show_self"), signed=False).show_self.self_id
    assert number
    w.close()
    return number


def save(number, revision, narrative):
    r = request("save_self", self_id=number, base_revision=revision)
    r.save_self.items.add(item="1.1", narrative=narrative)
    return r


def test_049_of_another_branch_is_as_if_it_were_not(college, self_14):
    """The same bytes, and the quickest within 5 ms, for a read and for a write."""
    w, words = connect(college, BRANCH_15), set()

    def asked(message):
        since = time.perf_counter()
        r = refusal(w.ask(message, signed=message.HasField("save_self")))
        taken = time.perf_counter() - since
        assert r.code == DENIED
        r.ClearField("ref")
        words.add(r.SerializeToString())
        return taken

    for make in (lambda number: request("show_self", self_id=number),
                 lambda number: save(number, 0, "x")):
        theirs, nobodys = zip(*((asked(make(self_14)), asked(make("ZP26-99")))
                                for _ in range(15)))
        assert abs(min(theirs) - min(nobodys)) < 0.005
    assert len(words) == 1
    w.close()


def test_052_two_edit_the_same_draft(college, self_14):
    w = connect(college, BRANCH_14)
    now = w.ask(request("show_self", self_id=self_14), signed=False).show_self.revision
    first = w.ask(save(self_14, now, "第一稿"))
    assert first.save_self.revision == now + 1
    second = refusal(w.ask(save(self_14, now, "第二稿")))
    assert second.code == CONFLICT and str(now + 1) in second.args
    assert college.sql("SELECT narrative FROM data.self_item"
                       f" WHERE self_id = '{self_14}'") == [["第一稿"]]
    w.close()


def test_052_eight_at_once_one_wins(college, self_14):
    wires = [connect(college, BRANCH_14) for _ in range(8)]
    now = wires[0].ask(request("show_self", self_id=self_14),
                       signed=False).show_self.revision
    replies = at_once([lambda i=i: wires[i].ask(save(self_14, now, f"稿{i}"))
                       for i in range(8)])
    won = [i for i, r in enumerate(replies) if not r.HasField("refusal")]
    assert len(won) == 1
    assert {refusal(r).code for i, r in enumerate(replies) if i not in won} == {CONFLICT}
    assert college.sql("SELECT narrative FROM data.self_item"
                       f" WHERE self_id = '{self_14}'") == [[f"稿{won[0]}"]]
    for w in wires:
        w.close()


def test_053_done_twice(college):
    """The second one with a key of its own meets the new state."""
    w = connect(college, BRANCH_15)
    assert not w.ask(request("start_round")).HasField("refusal")
    second = refusal(w.ask(request("start_round")))
    assert second.code in (STATE, CONFLICT)
    assert college.sql("SELECT count(*) FROM data.round WHERE org_id = '15'") == [["1"]]
    w.close()
