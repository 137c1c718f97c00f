"""Ballots and slips in bad faith or bad luck (security 62 to 77), keys lost, paper and
slips in one room; counted by the real client.
"""
import hashlib
import os
import re
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import ballots
from wire import CROCKFORD, Wire, pb, request


@pytest.fixture(scope="module")
def room(server):
    server.sql(ballots.BRANCH)
    server.clock("2026-11-20")
    ballots.counters(server)
    third = server.person("P34", server.code("P34"))
    third.acting = ballots.OFFICES["P34"]
    voter = server.person("voter")
    voter("profile", "add", "投票", "--server", f"127.0.0.1:{server.public_port}",
          "--authority", next(third.dir.rglob("authority.der")))
    voter("profile", "use", "投票")
    return server


def cast(server, slip, **instead):
    w = Wire(server.public_port)
    r = slip.request()
    for name, value in instead.items():
        setattr(r.cast_ballot, name, value)
    reply = w.ask(r, signed=False)
    w.close()
    return reply


def ten(data):
    """80 bits as people read them."""
    n = int.from_bytes(data[:10], "big")
    return "".join(CROCKFORD[n >> shift & 31] for shift in range(75, -1, -5))


def secret_of(code):
    """Of a slip's code, without its check character."""
    n = 0
    for c in code.replace("-", "")[:16]:
        n = n << 5 | CROCKFORD.index(c)
    return n.to_bytes(10, "big")


def test_62_63_strange_slips(room):
    """A slip that was never made, and one of another session: one answer for both."""
    a, b = ballots.make(room, [11, 12], 2)
    stranger = ballots.Slip(a.id, marks=a.slips[0].marks)
    stranger.fill(a.bond, [ballots.public(k) for k in a.keys])
    other = b.slips[0]
    answers = [cast(room, stranger).refusal, cast(room, other, session_id=a.id).refusal]
    assert {(r.code, r.key) for r in answers} == {("ZB009", "slip_unknown")}
    assert cast(room, other).cast_ballot.receipt == other.receipt


def test_67_70_spoilt_ballots_are_void(room):
    """Signed by another, sealed to others, of another session, nonsense inside, twice the
    same: void, never a crash, and the honest ones count."""
    s, other = ballots.make(room, [21, 22], 9)
    keys = [ballots.public(k) for k in s.keys]
    honest, bad = s.slips[:3], s.slips[3:]

    def refill(slip, sealed):
        slip.sealed = sealed
        slip.signature = slip.key(s.bond).sign(
            ballots.context("zhibu-cast-1", s.bond) + hashlib.sha256(sealed).digest())

    bad[0].signature = bad[1].key(s.bond).sign(b"another")
    refill(bad[1], ballots.seal(bad[1].plain(), other.bond,
                                [ballots.public(k) for k in other.keys]))
    refill(bad[2], os.urandom(1457))
    plain = bytearray(bad[3].plain())
    plain[19] = 9                                   # there is no ninth option
    refill(bad[3], ballots.seal(bytes(plain), s.bond, keys))
    refill(bad[4], ballots.seal(bad[4].plain()[:-3], s.bond, keys))
    copied = bytes(honest[0].plain())               # one voter's ballot under two slips
    refill(honest[0], ballots.seal(copied, s.bond, keys))
    refill(bad[5], ballots.seal(copied, s.bond, keys))
    for slip in s.slips:
        assert cast(room, slip).cast_ballot.receipt == slip.receipt
    ballots.count(s, room.people["P32"], room.people["P33"])
    assert room.sql(f"SELECT valid, void_count FROM data.ballot_session"
                    f" WHERE id = '{s.id}'") == [["3", "6"]]
    assert s.stored_tally(room) == s.tally(honest)
    # which were void is nowhere
    assert room.sql("SELECT count(*) FROM data.urn WHERE session_id = '%s'" % s.id) == [["0"]]


def test_72_one_key_and_75_a_missing_envelope(room):
    s, = ballots.make(room, [31], 3)
    for slip in s.slips:
        cast(room, slip)
    gone = s.slips[0].receipt
    room.sql(f"DELETE FROM data.urn WHERE sealed_hash = '\\x{gone.hex()}'")
    p32 = room.people["P32"]
    p32("ballot", "close", s.id, "-y")
    p32.refused(2, "ballot", "count", s.id, "--key", s.key_file(p32, 0))
    p32.refused(2, "ballot", "count", s.id, "--key", s.key_file(p32, 0), "--key",
                s.key_file(p32, 0))
    p32("ballot", "count", s.id, "--key", s.key_file(p32, 0), "--key", s.key_file(p32, 1))
    voter = room.people["voter"]
    voter.refused(11, "ballot", "check", s.id, ten(gone))
    voter("ballot", "check", s.id, ten(s.slips[1].receipt))


def test_75_signed_receipts(room):
    """The college signs that a ballot is in the urn; what it signed proves it when the
    ballot is gone, and nothing else does."""
    s, = ballots.make(room, [32], 3)
    for slip in s.slips:
        cast(room, slip)
    voter = room.people["voter"]
    check = ("ballot", "check", s.id)
    assert "还没有计票" in voter(*check).out
    for slip, name in zip(s.slips, ("甲.txt", "乙.txt")):
        assert "学院已签名" in voter(*check, ten(slip.receipt), "-o", name).out
    voter(*check, "--receipt-file", "甲.txt")
    # openssl knows it too
    line, signature = (voter.dir / "甲.txt").read_text().splitlines()
    authority = x509.load_der_x509_certificate(
        next(voter.dir.rglob("authority.der")).read_bytes())
    authority.public_key().verify(bytes.fromhex(signature), (line + "\n").encode(),
                                  ec.ECDSA(hashes.SHA256()))
    assert line == f"zhibu-receipt-1 {s.id} {s.slips[0].receipt.hex()}"
    # another's hash, another session, no signature: forged
    for text in (line.replace(line[-1], "0" if line[-1] != "0" else "1") + f"\n{signature}\n",
                 line.replace(s.id, s.id + "-9") + f"\n{signature}\n", line + "\n", ""):
        (voter.dir / "伪.txt").write_text(text)
        assert "不是学院" in voter.refused(11, *check, "--receipt-file", "伪.txt").err
    # the envelope is taken out by whoever owns the database
    room.sql(f"DELETE FROM data.urn WHERE sealed_hash = '\\x{s.slips[0].receipt.hex()}'")
    p32 = room.people["P32"]
    p32("ballot", "close", s.id, "-y")
    keys = [w for i in (0, 1) for w in ("--key", s.key_file(p32, i))]
    p32("ballot", "count", s.id, *keys)
    assert "学院签过名的票不在" in voter.refused(11, *check, "--receipt-file", "甲.txt").err
    voter(*check, "--receipt-file", "乙.txt")
    voter.refused(2, *check, ten(s.slips[1].receipt), "-o", "晚.txt")


def test_75_an_altered_list(room):
    """The list was signed when it was counted; one receipt more or less since then, and
    the signer signs no other, whatever the database says."""
    s, = ballots.make(room, [33], 3)
    for slip in s.slips:
        cast(room, slip)
    p32, p33, voter = (room.people[p] for p in ("P32", "P33", "voter"))
    check = ("ballot", "check", s.id)
    p32("ballot", "close", s.id, "-y")
    keys = [w for i in (0, 1) for w in ("--key", s.key_file(p32, i))]
    p32("ballot", "count", s.id, *keys)
    good = voter(*check).out
    assert all(ten(slip.receipt) in good.replace("-", "") for slip in s.slips)
    extra = f"'{s.id}', sha256('stuffed')"
    for spoil, mend in ((f"INSERT INTO data.ballot_receipt VALUES ({extra})",
                         f"DELETE FROM data.ballot_receipt WHERE (session_id, sealed_hash) = ({extra})"),
                        (f"DELETE FROM data.ballot_receipt WHERE sealed_hash = '\\x{s.slips[2].receipt.hex()}'",
                         f"INSERT INTO data.ballot_receipt VALUES ('{s.id}', '\\x{s.slips[2].receipt.hex()}')")):
        room.sql(spoil)
        # also for those who are on it
        for code in ((), (ten(s.slips[0].receipt),)):
            assert "没有学院的有效签名" in voter.refused(11, *check, *code).err
        room.sql(mend)
        assert voter(*check).out == good
    room.sql(f"INSERT INTO data.ballot_receipt VALUES ({extra})")
    room.stop()
    room.start()
    assert "没有学院的有效签名" in p33.refused(11, "ballot", "certify", s.id, *keys).err
    w = Wire(room.public_port)
    w.send(request("check_receipt", session_id=s.id), signed=False)
    size = int.from_bytes(w._exactly(4), "big")
    assert not pb.Envelope.FromString(w._exactly(size)).signature
    w.close()


def test_77_killed_between_commit_and_reply(room):
    """The answer was never read; the same bytes again have the same receipt."""
    s, = ballots.make(room, [41], 3)
    w = Wire(room.public_port)
    w.send(s.slips[0].request(), signed=False)
    time.sleep(0.2)
    room.kill()
    room.start()
    assert cast(room, s.slips[0]).cast_ballot.receipt == s.slips[0].receipt
    assert room.sql(f"SELECT count(*) FROM data.urn WHERE session_id = '{s.id}'") == [["1"]]


@pytest.fixture(scope="module")
def meeting(room):
    """A mixed session by the people themselves: four slips, two papers."""
    room.sql("INSERT INTO data.affiliation (person_id, org_id, kind, standing, from_on)"
             " SELECT 'P' || n, '14', 'PRIMARY', 'FULL', '2020-01-01' FROM generate_series(40, 46) n;"
             "INSERT INTO data.item_set_item VALUES ('CX26.1', 1, '政治功能强');"
             "INSERT INTO data.item_set_option VALUES ('CX26.1', 1, 1, 'GOOD', '好'),"
             " ('CX26.1', 1, 2, 'POOR', '差')")
    p32, p33, p34 = (room.people[p] for p in ballots.OFFICES)
    session = p32.json("ballot", "prepare", "--org-id", "14", "--ballot-channel", "MIXED",
                       "--comments", "--held-on", "今天", "--place", "201", "--scrutineer-id", "P32",
                       "--teller-id", "P33", "--key-holder-id", "P34")["sessionId"]
    for p in (p32, p33, p34):
        p("ballot", "key", session)
    p32.refused(13, "ballot", "roll", session, "--present", 6, "--paper", 2)
    p33.agree()
    p32("ballot", "slips", session, "-o", "票.txt")
    codes = ballots_in((p32.dir / "票.txt").read_text())
    assert len(codes) == 4
    p32("ballot", "open", session)
    return session, codes


def ballots_in(text):
    return re.findall(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-Z*~$=]", text)


def test_76_the_voters_machine_is_cut(room, meeting):
    """Sealed, sent, and the machine lost power before the answer: what it kept is sent
    again, whatever is answered now; one ballot, and then nothing is left here."""
    session, codes = meeting
    voter = room.people["voter"]
    w = Wire(room.public_port)
    paper = w.ask(request("get_ballot", session_id=session), signed=False).get_ballot.manifest
    w.close()
    bond = session + ":" + hashlib.sha256(paper.SerializeToString()).hexdigest()
    slip = ballots.Slip(session, secret_of(codes[3]), (1,))
    slip.fill(bond, paper.holder_keys)
    assert cast(room, slip).cast_ballot.receipt == slip.receipt
    kept = next(voter.dir.rglob("authority.der")).parent / f"{slip.token_hash[:8].hex()}.sealed"
    kept.write_bytes(slip.sealed + slip.signature)
    kept.chmod(0o600)
    args = ("ballot", "cast", session, "--slip-file", "-")
    said = voter(*args, input=f"{codes[3]}\n2\n").out
    assert ten(slip.receipt) in said.replace("-", "")
    assert not kept.exists()
    r = voter.run(*args, input=f"{codes[3]}\n2\n")
    assert r.code != 0 and "已经投过" in r.err
    voter(*args, input=f"{codes[0]}\n1\n")
    for where in voter.dir.rglob("*"):
        assert not where.is_file() or codes[0].encode() not in where.read_bytes()
    assert not list(voter.dir.rglob("*.sealed"))


def test_a_late_arrival_votes_on_paper(room, meeting):
    """After the opening somebody of the roll comes: two people, a reason, a paper; the
    slips that are out stay good (T11 casts one after this)."""
    session, _ = meeting
    p32, p33 = room.people["P32"], room.people["P33"]
    late = ("ballot", "correct", session, "P46", "后到", "--reason", "路上堵车，10时20分到会")
    p32.refused(3, "ballot", "correct", session, "P46", "去掉", "--reason", "登记有误")
    p32.refused(13, *late)
    assert p32.json("ballot", "voters", session)["present"] == 6
    p33.agree()
    roll = p32.json("ballot", "voters", session)
    assert (roll["present"], roll["paper"]) == (7, 3)
    assert "路上堵车" in p33("ballot", "voters", session).out
    assert "已经登记到会" in p32.refused(3, *late).err


def test_T11_a_slip_is_given_back(room, meeting):
    session, codes = meeting
    p32, p33 = room.people["P32"], room.people["P33"]
    back = ("ballot", "cancel", session, "--reason", "改用纸质票", "--slip-file", "-")
    p32.refused(5, *back, input=codes[0] + "\n")  # it was cast
    p32.refused(13, *back, input=codes[1] + "\n")
    p33.agree()
    voter = room.people["voter"]
    assert voter.run("ballot", "cast", session, "--slip-file", "-",
                     input=f"{codes[1]}\n1\n").code != 0
    voter("ballot", "cast", session, "--slip-file", "-", input=f"{codes[2]}\n好\n")


def test_paper_is_entered_twice(room, meeting):
    session, _ = meeting
    p32, p33 = room.people["P32"], room.people["P33"]
    p32("ballot", "close", session, "-y")
    keys = [w for p in (p32, p33) for w in ("--key", next(p.dir.rglob(f"{session}.key")))]
    p32("ballot", "count", session, *keys)
    enter = ("ballot", "paper", session, "--tally", "-")
    p32.refused(2, *enter, input="3 0\n1 1 a\n")
    p32.refused(3, *enter, input="3 0\n1 1 0\n")             # two marks on three papers
    assert "等另一人" in p32(*enter, input="# 有效 无效\n３ 0\n1 2 0\n").out
    p33.refused(3, *enter, input="3 0\n2 1 0\n")             # differs: neither counts
    shown = p32("ballot", "show", session).out
    assert "两人录入不一致" in shown
    p33.refused(3, "ballot", "certify", session, *keys)
    p33(*enter, input="3 0\n1 2 0\n")
    # words are typed once, by the scrutineer, and read by the department alone
    words = ("ballot", "comments", session, "--comment-file", "-")
    said = "# 抄自纸质票\n窗口排队太久\n\n多开一次研讨\n"
    p33.refused(5, *words, input=said)
    assert p32.json(*words, input=said)["kept"] == 2
    p33("ballot", "certify", session, *keys)
    head = room.person("P31", room.code("P31"))
    head.acting = "od_head@ZZB"
    assert sorted(head.json("ballot", "show", session)["commentTexts"]) == sorted(
        ["窗口排队太久", "多开一次研讨"])
    for p in (p32, p33):
        assert not p.json("ballot", "show", session).get("commentTexts")
    result = p32.json("ballot", "show", session)["result"]
    assert (result["present"], result["returned"], result["valid"]) == (7, 6, 6)
    assert result["tallies"][0]["counts"] == [4, 2]


def test_keys_lost(room):
    """One: the other two open.  Two: the session is void and says so."""
    a, b = ballots.make(room, [51, 52], 3)
    p32, p33, p34 = (room.people[p] for p in ballots.OFFICES)
    for slip in a.slips:
        cast(room, slip)
    assert p34.json("ballot", "forget", a.id, "--lost", "--confirm", a.id)["keysHeld"] == 2
    p32("ballot", "close", a.id, "-y")
    keys = [w for i in (0, 1) for w in ("--key", a.key_file(p32, i))]
    p32("ballot", "count", a.id, *keys)
    p33("ballot", "certify", a.id, *keys)
    assert a.stored_tally(room) == a.tally(a.slips)
    p34("ballot", "forget", b.id, "--lost", "--confirm", b.id)
    assert p33.json("ballot", "forget", b.id, "--lost", "--confirm", b.id)["state"] == "VOID"
    assert "票箱再也打不开" in p32("ballot", "show", b.id).out
    assert cast(room, b.slips[0]).refusal.code == "ZB006"


def test_62_ten_wrong_codes_a_minute(room):
    """Then no code from that address is looked at, a good one neither, until the minute is
    over; another address is not held up."""
    s, = ballots.make(room, [61], 3)
    room.stop()
    room.start()                                    # what was tried before is forgotten
    assert "wrong_codes_per_source = 10" in (room.state / "zhibud.conf").read_text()

    def stranger():
        slip = ballots.Slip(s.id, marks=s.slips[0].marks)
        slip.fill(s.bond, [ballots.public(k) for k in s.keys])
        return slip

    began = time.monotonic()
    for _ in range(10):
        assert cast(room, stranger()).refusal.code == "ZB009"
    for slip in (stranger(), s.slips[0]):
        refused = cast(room, slip).refusal
        assert (refused.code, refused.key) == ("ZB105", "too_many_wrong_codes")
        waited = time.monotonic() - began
        assert 60 - waited - 1 <= refused.retry_after_ms / 1000 <= 60
    w = Wire(room.public_port, source="127.0.0.2")
    assert w.ask(s.slips[0].request(), signed=False).cast_ballot.receipt == s.slips[0].receipt
    w.close()
    # what needs no code goes on
    w = Wire(room.public_port)
    assert w.ask(request("public_notices"), signed=False).HasField("public_notices")
    w.close()
    said = room.people["voter"].refused(9, "ballot", "cast", s.id, "--slip-file", "-",
                                        input="\n", env={"ZHIBU_RETRY": "1"}).err
    assert "试错的码太多" in said and "秒" in said


def test_T39_a_script_pours_answers_into_a_survey(room):
    """From one address so many a minute, whatever they are; the rest is told to wait."""
    room.stop()
    room.limits(answers_per_source=5)
    room.start()
    room.sql("""
        INSERT INTO data.question_set VALUES ('DT26.1', '民意调查', '2026-01-01', 'P31', '部务会',
            '{党员服务好不好}', '{GOOD,POOR}', '{好,不好}', NULL);
        INSERT INTO data.survey (id, org_id, org_name, state, year, question_set_id, categories,
            unverified, closes_on, prepared_by) VALUES ('DC26-14', '14', '支部', 'OPEN', 2026,
            'DT26.1', '{学生}', true, '2026-12-01', 'P31');
        INSERT INTO data.survey_code SELECT sha256(n::text::bytea), 'DC26-14'
            FROM generate_series(1, 100) n""")

    def answer(**where):
        w = Wire(room.public_port, **where)
        reply = w.ask(request("answer_survey", survey_id="DC26-14", token=os.urandom(32),
                              marks=["GOOD"]), signed=False)
        w.close()
        return reply.refusal.key
    assert [answer() for _ in range(7)] == [""] * 5 + ["too_many_answers"] * 2
    assert answer(source="127.0.0.2") == ""
    assert room.sql("SELECT count(*) FROM data.survey_box") == [["6"]]
