"""People who may do something simple, writers that send it without pause, and the
book that is balanced afterwards: nothing acknowledged is lost, nothing is doubled.

The write is new_meeting: no rule of the database would hide a second one of the
same place, so a doubled request shows as a doubled row.
"""
import os
import ssl
import threading
import time
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from wire import Wire, pb, request

RECORDER, SECRETARY, OFFICER = "P2", "P3", "P4"
BRANCH_14, BRANCH_15 = "P5", "P6"
OFFICES = {RECORDER: "recorder@DW", SECRETARY: "committee_secretary@DW",
           OFFICER: "od_officer@ZZB", BRANCH_14: "branch_secretary@14",
           BRANCH_15: "branch_secretary@15"}
BUSY, UNAVAILABLE, STORAGE_FULL = "ZB105", "ZB106", "ZB107"
CUT = (EOFError, ConnectionError, ssl.SSLError, OSError)


def appoint(server):
    """Two branches and one person in each office of OFFICES."""
    people = ", ".join(f"('{p}', '人员{p[1:]}')" for p in OFFICES)
    offices = ", ".join("('{}', '{}', '{}', '2026-01-01')".format(
        p, *reversed(office.split("@"))) for p, office in OFFICES.items())
    server.sql(f"""
        INSERT INTO data.org (id, kind, established_on) VALUES
            ('14', 'branch', '2026-01-01'), ('15', 'branch', '2026-01-01');
        INSERT INTO data.org_version (org_id, parent_id, name, from_on) VALUES
            ('14', 'DW', '第十四支部', '2026-01-01'), ('15', 'DW', '第十五支部', '2026-01-01');
        INSERT INTO data.person (id, name) VALUES {people};
        INSERT INTO data.office (person_id, org_id, role, from_on) VALUES {offices}""")
    return server


def connect(server, person=RECORDER, **kw):
    return Wire(server.member_port, *server.credentials(person), **kw)


def days(day):
    return (day - date(1970, 1, 1)).days


def meeting(place, **kw):
    """A new_meeting; whether it was done is seen by its place."""
    return request("new_meeting", held_on=days(date(2026, 12, 1)), place=place, **kw)


def held_in(server, place):
    """The numbers of the meetings of that place."""
    return [i for i, in server.sql(
        f"SELECT id FROM data.meeting WHERE place = '{place}' ORDER BY id")]


def packed(message, key=None):
    """The payload as it is signed and sent."""
    message.version = 1
    message.key = key or os.urandom(16)
    return message.SerializeToString()


def sign(wire, payload):
    return wire.key.sign(payload, ec.ECDSA(hashes.SHA256()))


def answer(wire, payload, **kw):
    """(the reply's exact bytes, the reply) to a payload."""
    want = wire.send(payload, **kw)
    size = int.from_bytes(wire._exactly(4), "big")
    envelope = pb.Envelope.FromString(wire._exactly(size))
    assert envelope.id == want
    return envelope.payload, pb.Reply.FromString(envelope.payload)


def refusal(reply):
    assert reply.HasField("refusal"), reply
    return reply.refusal


def eventually(server, person=RECORDER, seconds=20):
    """A connection that is served, and how long it took to get one; `person` None:
    on the public port."""
    started = time.monotonic()
    member = person is not None
    question = request("whoami" if member else "public_notices")
    while time.monotonic() - started < seconds:
        w = None
        try:
            w = connect(server, person, timeout=8) if member else Wire(server.public_port)
            if not w.ask(question, signed=False).HasField("refusal"):
                return w, time.monotonic() - started
        except CUT:
            pass
        if w:
            w.close()
        time.sleep(0.05)
    raise AssertionError(f"nobody was served within {seconds} s")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Load:
    """Writers, and what each of their requests came to:

    acked    place -> the meeting's number
    unknown  place -> the payload, to be sent again
    refused  place -> the code of a refusal that promises nothing was done
    """

    def __init__(self, server, writers=6, pause=0.005):
        self.server, self.pause = server, pause
        self.acked, self.unknown, self.refused = {}, {}, {}
        self.acked_at, self.keys = [], {}
        self.stopping = threading.Event()
        self.name = os.urandom(3).hex()
        server.credentials(RECORDER)
        self.threads = [threading.Thread(target=self.write, args=(i,), daemon=True)
                        for i in range(writers)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for t in self.threads:
            t.join(60)
            assert not t.is_alive(), "a writer hangs"

    def write(self, writer):
        w, n = None, 0
        while not self.stopping.is_set():
            try:
                w = w or connect(self.server, timeout=20)
            except CUT:
                time.sleep(0.05)
                continue
            n += 1
            if not self.one(w, f"{self.name}-{writer}-{n}"):
                w.close()
                w = None
            time.sleep(self.pause)
        if w:
            w.close()

    def one(self, w, place):
        """False: the connection is of no more use."""
        key = os.urandom(16)
        payload = packed(meeting(place), key)
        self.unknown[place], self.keys[key.hex()] = payload, place
        try:
            reply = answer(w, payload)[1]
        except CUT:
            return False
        self.book(place, reply)
        return True

    def book(self, place, reply):
        if not reply.HasField("refusal"):
            self.acked[place] = reply.new_meeting.meeting_id
            self.acked_at.append(time.monotonic())
            del self.unknown[place]
        elif not reply.refusal.outcome_unknown:
            self.refused[place] = reply.refusal.code
            del self.unknown[place]

    def wait_for_acks(self, n, seconds=20):
        want, end = len(self.acked) + n, time.monotonic() + seconds
        while len(self.acked) < want:
            assert time.monotonic() < end, f"{len(self.acked)} of {want} acknowledged"
            time.sleep(0.02)

    def longest_gap(self):
        times = self.acked_at
        return max(b - a for a, b in zip(times, times[1:]))

    def settle(self):
        """Repeats, with the same key, whatever had no answer."""
        w, _ = eventually(self.server)
        for place, payload in sorted(self.unknown.items()):
            reply = answer(w, payload)[1]
            self.book(place, reply)
            assert place in self.acked, reply
        w.close()

    def check(self):
        """Every acknowledged write is there once, and nothing else is."""
        self.settle()
        rows = self.server.sql(f"SELECT place, id FROM data.meeting"
                               f" WHERE place LIKE '{self.name}-%'")
        assert sorted(rows) == sorted(map(list, self.acked.items()))
        events = [(self.keys[key], object) for key, object in self.server.sql(
            "SELECT encode(key, 'hex'), object FROM audit.event"
            " WHERE request = 'new_meeting'") if key in self.keys]
        assert sorted(events) == sorted(self.acked.items())
        # Numbers are counted up from one: later tests need not do it again.
        self.server.sql(f"""
            ALTER TABLE data.meeting DISABLE TRIGGER USER;
            DELETE FROM data.meeting WHERE place LIKE '{self.name}-%';
            ALTER TABLE data.meeting ENABLE TRIGGER USER""")
