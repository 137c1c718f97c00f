"""Ballot sessions in numbers: made in the database as the steps before the opening
leave them, cast over the wire with ballots sealed here (a second hand's writing of
common/seal.h), counted by the real client or over the wire.
"""
import hashlib
import os
import random
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          PublicFormat)

from wire import Wire, request

RAW = (Encoding.Raw, PublicFormat.Raw)
PAIRS = [(0, 1), (0, 2), (1, 2)]
OPTIONS = ["GOOD", "FAIRLY_GOOD", "FAIR", "POOR"]
OFFICES = {"P32": "scrutineer@DW", "P33": "teller@DW", "P34": "key_holder@DW"}
BRANCH = """
INSERT INTO data.org (id, kind, member_category, established_on)
    VALUES ('14', 'branch', '教工', '2000-01-01');
INSERT INTO data.org_version (org_id, parent_id, name, from_on)
    VALUES ('14', 'DW', '电气自动化系教工党支部', '2000-01-01');
INSERT INTO data.person (id, name) SELECT 'P' || n, '人员' || n FROM generate_series(30, 69) n;
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
    ('P32', 'DW', 'scrutineer', '2000-01-01'), ('P33', 'DW', 'teller', '2000-01-01'),
    ('P34', 'DW', 'key_holder', '2000-01-01'), ('P31', 'ZZB', 'od_head', '2000-01-01');
INSERT INTO data.item_set (id, title, adopted_on) VALUES ('CX26.1', '评议党支部', '2000-01-01')
"""


def context(label, session):
    return label.encode() + b"\0" + session.encode()


def derive(secret, salt, info, length=32):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def public(key):
    return key.public_key().public_bytes(*RAW)


def box_key(own, peer, ephemeral, receiver, bond):
    return derive(own.exchange(X25519PublicKey.from_public_bytes(peer)), ephemeral + receiver,
                  context("zhibu-box-1", bond))


def box(receiver, bond, data):
    ephemeral = X25519PrivateKey.generate()
    key = box_key(ephemeral, receiver, public(ephemeral), receiver, bond)
    return public(ephemeral) + AESGCM(key).encrypt(bytes(12), data, None)


def unbox(own, bond, data):
    key = box_key(own, data[:32], data[:32], public(own), bond)
    return AESGCM(key).decrypt(bytes(12), data[32:], None)


def content(secret, bond):
    out = derive(secret, None, context("zhibu-ballot-1", bond), 76)
    return out[:32], out[32:64], out[64:]


def seal(plain, bond, holders):
    secret = os.urandom(32)
    key, commitment, iv = content(secret, bond)
    head = b"\1" + commitment + b"".join(
        box(holders[a], bond, box(holders[b], bond, secret)) for a, b in PAIRS)
    padded = (len(plain).to_bytes(2, "big") + plain).ljust(1024, b"\0")
    return head + AESGCM(key).encrypt(iv, padded, context("zhibu-body-1", bond) + head)


def unseal(sealed, bond, keys):
    """With the first and the last of the three keys."""
    wrap = sealed[33 + 128:33 + 256]
    secret = unbox(keys[2], bond, unbox(keys[0], bond, wrap))
    key, commitment, iv = content(secret, bond)
    assert commitment == sealed[1:33]
    head = sealed[:33 + 384]
    padded = AESGCM(key).decrypt(iv, sealed[33 + 384:], context("zhibu-body-1", bond) + head)
    return padded[2:2 + int.from_bytes(padded[:2], "big")]


@dataclass
class Slip:
    """What a code becomes in a session, and what its voter casts with it."""
    session: str
    code: bytes = field(default_factory=lambda: os.urandom(10))
    marks: tuple = ()      # an option's number from 1 for each item, 0: left open
    comment: str = ""
    sealed: bytes = b""
    signature: bytes = b""

    def __post_init__(self):
        self.token = derive(self.code, None, context("zhibu-slip-token-1", self.session))
        self.token_hash = hashlib.sha256(self.token).digest()

    def key(self, bond):
        return Ed25519PrivateKey.from_private_bytes(
            derive(self.code, None, context("zhibu-slip-key-1", bond)))

    def plain(self):
        words = self.comment.encode()
        return (b"\1" + os.urandom(16) + len(self.marks).to_bytes(2, "big") + bytes(self.marks)
                + len(words).to_bytes(2, "big") + words)

    def fill(self, bond, holders):
        self.sealed = seal(self.plain(), bond, holders)
        self.signature = self.key(bond).sign(
            context("zhibu-cast-1", bond) + hashlib.sha256(self.sealed).digest())

    @property
    def receipt(self):
        return hashlib.sha256(self.sealed).digest()

    def request(self):
        return request("cast_ballot", session_id=self.session, token=self.token,
                       sealed=self.sealed, signature=self.signature)


class Session:
    """One open session of n voters with its own three keys."""

    def __init__(self, number, n, items=5, comments=False):
        self.id, self.n, self.items, self.comments = f"CP26-14-{number}", n, items, comments
        self.number = number
        self.keys = [X25519PrivateKey.generate() for _ in range(3)]
        self.slips = [Slip(self.id) for _ in range(n)]
        self.people = [f"P{40 + i}" for i in range(n)]

    def rows(self):
        """SQL: the session with its roll frozen; one a year, as an index demands."""
        holders = ", ".join(
            f"('{self.id}', {i + 1}, '{OFFICES[p].split('@')[0]}', '{p}', '\\x{public(k).hex()}')"
            for i, (p, k) in enumerate(zip(OFFICES, self.keys)))
        roll = ", ".join(f"('{self.id}', '{p}', '{p}', 'FULL')" for p in sorted(self.people))
        return f"""
        INSERT INTO data.ballot_session (id, org_id, org_name, state, purpose, channel, item_set_id,
            comments, held_on, place, entitled, present, paper, prepared_by)
        VALUES ('{self.id}', '14', '电气自动化系教工党支部', 'ROLL_FROZEN', 'MEMBERS_ON_BRANCH',
            'SLIPS', 'CX26.1', {self.comments}, make_date({2000 + self.number}, 1, 1), '实训楼',
            {self.n}, {self.n}, 0, 'P32');
        INSERT INTO data.ballot_holder (session_id, holder_no, role, person_id, public_key)
            VALUES {holders};
        INSERT INTO data.ballot_item (session_id, item_no, text, options, labels)
            SELECT '{self.id}', n, '第' || n || '项', '{{{",".join(OPTIONS)}}}', '{{好,较好,一般,差}}'
            FROM generate_series(1, {self.items}) n;
        INSERT INTO data.roll_entry (session_id, person_id, name, standing) VALUES {roll};
        """

    def slip_rows(self):
        slips = ", ".join(f"('\\x{s.token_hash.hex()}', '{self.id}', "
                          f"'\\x{s.key(self.bond).public_key().public_bytes(*RAW).hex()}')"
                          for s in sorted(self.slips, key=lambda s: s.token_hash))
        return (f"INSERT INTO data.slip VALUES {slips};"
                f"UPDATE data.ballot_session SET state = 'OPEN' WHERE id = '{self.id}';")

    def bind(self, wire):
        """The bond: of the paper as the server shows it."""
        reply = wire.ask(request("get_ballot", session_id=self.id), signed=False)
        self.bond = (self.id + ":" + hashlib.sha256(
            reply.get_ballot.manifest.SerializeToString()).hexdigest())

    def fill(self):
        """Every voter marks another way, so that a ballot is known by its marks."""
        seen = set()
        for i, s in enumerate(self.slips):
            while not s.marks or s.marks in seen:
                s.marks = tuple(random.randint(0, 4) for _ in range(self.items))
            seen.add(s.marks)
            # of any length, and like nothing else on the machine
            s.comment = "".join(chr(random.randint(0x4e00, 0x9fa5)) for _ in range(
                random.randint(12, 200))) + str(i) if self.comments else ""
            s.fill(self.bond, [public(k) for k in self.keys])

    def codes(self, slip):
        return ["" if m == 0 else OPTIONS[m - 1] for m in slip.marks]

    def key_file(self, person, i):
        path = person.dir / f"{self.id}-{i}.key"
        raw = self.keys[i].private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        path.write_text(f"zhibu-ballot-key-1 {self.id}\n{raw.hex()}\n")
        path.chmod(0o600)
        return path

    def tally(self, slips):
        """counts[item][option], the last those left open."""
        counts = [[0] * 5 for _ in range(self.items)]
        for s in slips:
            for i, m in enumerate(s.marks):
                counts[i][m - 1 if m else 4] += 1
        return counts

    def stored_tally(self, server):
        rows = server.sql("SELECT counts, blank FROM data.ballot_tally WHERE session_id ="
                          f" '{self.id}' ORDER BY item_no")
        return [[*map(int, counts.strip("{}").split(",")), int(blank)] for counts, blank in rows]


def make(server, numbers, n, **how):
    """Open sessions with these numbers, their ballots sealed."""
    sessions = [Session(i, n, **how) for i in numbers]
    for at in range(0, len(sessions), 20):  # a command line has an end, a connection a life
        some = sessions[at:at + 20]
        wire = Wire(server.public_port)
        server.sql("".join(s.rows() for s in some))
        for s in some:
            s.bind(wire)
            s.fill()
        server.sql("".join(s.slip_rows() for s in some))
        wire.close()
    return sessions


def counters(server):
    """Scrutineer and teller, each with a client of their own."""
    people = []
    for person in ("P32", "P33"):
        p = server.person(person, server.code(person))
        p.acting = OFFICES[person]
        people.append(p)
    return people


def count(session, scrutineer, teller):
    """By the real client: one counts, the other opens the urn too and certifies."""
    scrutineer("ballot", "close", session.id, "-y")
    for person, verb, pair in ((scrutineer, "count", (0, 2)), (teller, "certify", (1, 2))):
        keys = [w for i in pair for w in ("--key", session.key_file(person, i))]
        person("-q", "ballot", verb, session.id, *keys)


class Teller:
    """Counting over the wire, without the client's code: opens and hashes here."""

    def __init__(self, server):
        self.wires = {p: Wire(server.member_port, *server.credentials(p)) for p in OFFICES}

    def ask(self, person, name, **fields):
        reply = self.wires[person].ask(request(name, acting=OFFICES[person], **fields))
        assert not reply.HasField("refusal"), reply
        return getattr(reply, name)

    def count(self, s):
        self.ask("P32", "close_ballot", session_id=s.id)
        opened = []
        for row in self.ask("P32", "urn_page", session_id=s.id).ballots:
            plain = unseal(row.sealed, s.bond, s.keys)
            opened.append(tuple(plain[19:19 + s.items]))
        r = request("count_ballots", acting=OFFICES["P32"], session_id=s.id, void_count=0)
        for ballot_id, marks in sorted((os.urandom(16), m) for m in opened):
            b = r.count_ballots.ballots.add(id=ballot_id)
            b.marks.extend("" if m == 0 else OPTIONS[m - 1] for m in marks)
        assert not self.wires["P32"].ask(r).HasField("refusal")
        hashes_of = sorted(hashlib.sha256("\x1f".join(
            "" if m == 0 else OPTIONS[m - 1] for m in marks).encode()).digest()
            for marks in opened)
        digest = hashlib.sha256(f"zhibu-count-1\n0\n{len(opened)}\n0\n".encode()
                                + b"".join(hashes_of)).digest()
        self.ask("P33", "certify_ballot", session_id=s.id, digest=digest)
        return opened

    def close(self):
        for w in self.wires.values():
            w.close()
