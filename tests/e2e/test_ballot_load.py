"""Many voters at once: every acknowledged ballot is counted, none twice.  Twelve on one
session, over and over; and the peak of one college, 600 ballots in a minute, all 30
branches at once.  Short here; whole with ZHIBU_LONG=100, the rounds of the twelve.
"""
import os
import random
import threading
import time

import pytest

import ballots
from wire import Wire

LONG = min(int(os.environ.get("ZHIBU_LONG", 0)), 200)


@pytest.fixture(scope="module")
def room(server):
    server.sql(ballots.BRANCH)
    return server


def cast(server, slip, acked, start, again):
    """One voter on a connection of their own; some send the same once more, as after an
    answer that did not come."""
    w = Wire(server.public_port, timeout=60)
    start.wait()
    for _ in range(1 + again):
        reply = w.ask(slip.request(), signed=False)
        if reply.HasField("refusal"):
            acked.append((slip, reply.refusal.code))
        else:
            assert reply.cast_ballot.receipt == slip.receipt
            acked.append((slip, None))
    w.close()


def vote(server, slips, again=0):
    """All at the same moment; (slip, None or the refusal's code) for every answer."""
    acked, start = [], threading.Barrier(len(slips))
    threads = [threading.Thread(target=cast, args=(server, s, acked, start, again))
               for s in slips]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
        assert not t.is_alive()
    return acked


def test_twelve_at_once(room):
    """The real client counts and the real client certifies."""
    scrutineer, teller = ballots.counters(room)
    for s in ballots.make(room, range(1, LONG + 1 if LONG else 6), 12):
        acked = vote(room, s.slips, again=1)
        assert [code for _, code in acked] == [None] * 24
        ballots.count(s, scrutineer, teller)
        assert s.stored_tally(room) == s.tally(s.slips)
        assert room.sql(f"SELECT valid, void_count FROM data.ballot_session"
                        f" WHERE id = '{s.id}'") == [["12", "0"]]


def test_one_slip_twelve_ballots(room):
    """Twelve different ballots race with one code: the first is it, all others are told."""
    s, = ballots.make(room, [201], 12)
    slip = s.slips[0]
    rivals = []
    for other in s.slips:
        rival = ballots.Slip(s.id, slip.code, other.marks)
        rival.fill(s.bond, [ballots.public(k) for k in s.keys])
        rivals.append(rival)
    acked = vote(room, rivals)
    assert sorted(str(code) for _, code in acked) == ["None"] + ["ZB010"] * 11
    kept, = room.sql(f"SELECT encode(sealed_hash, 'hex') FROM data.urn WHERE session_id = '{s.id}'")
    assert kept == [next(slip for slip, code in acked if code is None).receipt.hex()]


def test_a_colleges_peak(room):
    """Members of all branches press in the same minute; nothing is lost, counts exact."""
    n_sessions, seconds = (30, 60) if LONG else (4, 4)
    sessions = ballots.make(room, range(301, 301 + n_sessions), 20)
    todo = [s for session in sessions for s in session.slips]
    random.shuffle(todo)
    acked, late, lock = [], [], threading.Lock()
    began = time.monotonic()
    each = seconds / len(todo)

    def machine():
        """A shared terminal: one voter after the other, at a minute's pace."""
        while True:
            with lock:
                if not todo:
                    return
                at = began + each * (len(acked) + len(late))
                slip = todo.pop()
                late.append(slip)
            time.sleep(max(0, at - time.monotonic()))
            w = Wire(room.public_port, timeout=60)
            reply = w.ask(slip.request(), signed=False)
            w.close()
            assert reply.cast_ballot.receipt == slip.receipt, reply
            with lock:
                late.remove(slip)
                acked.append(slip)

    threads = [threading.Thread(target=machine) for _ in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(180)
    took = time.monotonic() - began
    assert len(acked) == 20 * n_sessions and took < seconds + 5, took
    teller = ballots.Teller(room)
    for s in sessions:
        assert sorted(teller.count(s)) == sorted(slip.marks for slip in s.slips)
        assert s.stored_tally(room) == s.tally(s.slips)
    teller.close()
