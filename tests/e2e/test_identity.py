"""Who somebody is: codes, keys and certificates; cases 24, 25, 31, 32, 37 to 46 of the
list of bad inputs.  Over the public port from Python, and with the real client
where the case is the client's.
"""
import hashlib
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

import wire
from college import BIN, wait_for
from load import CUT, answer, appoint, connect, eventually, meeting, packed, refusal
from wire import Wire, request

INVALID, DENIED, CODE_BAD, CODE_USED = "ZB001", "ZB002", "ZB007", "ZB008"
UNAUTHENTICATED, TOO_BIG = "ZB011", "ZB102"


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def spki_of(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def enrolment(code, key, spki=None, proof=None, secret=None):
    secret = wire.secret_of(code) if secret is None else secret
    spki = spki_of(key) if spki is None else spki
    if proof is None:
        proof = key.sign(secret + spki, ec.ECDSA(hashes.SHA256()))
    return request("enrol", secret=secret, spki=spki, proof=proof)


def enrol(server, *args, timeout=10, **kw):
    """The reply to one enrolment on a connection of its own."""
    w = Wire(server.public_port, timeout=timeout)
    try:
        return w.ask(enrolment(*args, **kw), signed=False)
    finally:
        w.close()


@pytest.fixture(scope="module")
def college(server):
    return appoint(server)


@pytest.fixture
def person(college):
    """A new person nobody else's test knows."""
    number = college.sql("SELECT 'P' || max(substr(id, 2)::int) + 1 FROM data.person")[0][0]
    college.sql(f"INSERT INTO data.person (id, name) VALUES ('{number}', '新人{number}')")
    return number


def certificates(server, person):
    return [fp for fp, in server.sql("SELECT encode(fp, 'hex') FROM data.certificate"
                                     f" WHERE person_id = '{person}' ORDER BY issued_at")]


def used(server, person):
    return server.sql("SELECT used_at IS NOT NULL FROM data.enrol_code"
                      f" WHERE person_id = '{person}'") == [["t"]]


def fingerprint(reply):
    assert not reply.HasField("refusal"), reply
    return x509.load_der_x509_certificate(reply.enrol.certificate).fingerprint(
        hashes.SHA256()).hex()


# ---- while a connection is open ------------------------------------------------------

def test_031_revoked_while_connected(college, person):
    w = connect(college, person)
    assert w.ask(request("whoami"), signed=False).whoami.person_id == person
    college.sql("UPDATE data.certificate SET revoked_at = now(), revoked_why = 'lost'"
                f" WHERE person_id = '{person}'")
    since = time.monotonic()
    assert refusal(w.ask(request("whoami"), signed=False)).code == UNAUTHENTICATED
    assert time.monotonic() - since < 1
    assert w.closed_by_peer()
    w.close()
    again = connect(college, person)
    assert refusal(again.ask(request("whoami"), signed=False)).code == UNAUTHENTICATED
    again.close()


def test_032_person_disabled_while_connected(college, person):
    w = connect(college, person)
    college.sql(f"UPDATE data.person SET active = false WHERE id = '{person}'")
    r = refusal(w.ask(request("whoami"), signed=False))
    assert (r.code, r.key) == (DENIED, "account_disabled")
    college.sql(f"UPDATE data.person SET active = true WHERE id = '{person}'")
    assert w.ask(request("whoami"), signed=False).whoami.person_id == person
    w.close()


def test_032_office_ended_while_connected(college, person):
    college.sql("INSERT INTO data.office (person_id, org_id, role, from_on)"
                f" VALUES ('{person}', 'DW', 'recorder', '2026-01-01')")
    w = connect(college, person)
    assert not w.ask(meeting("032 before", acting="recorder@DW")).HasField("refusal")
    college.sql("UPDATE data.office SET to_on = flow.today()"
                f" WHERE person_id = '{person}' AND role = 'recorder'")
    r = refusal(w.ask(meeting("032 after", acting="recorder@DW")))
    assert (r.code, r.key) == (DENIED, "office_not_held")
    # ... and without naming the office there is nothing left that allows it
    assert refusal(w.ask(meeting("032 after"))).code == DENIED
    assert college.sql("SELECT place FROM data.meeting WHERE place LIKE '032%'") == [
        ["032 before"]]
    w.close()


def test_032_the_last_day_of_an_office_still_counts(college, person):
    college.sql("INSERT INTO data.office (person_id, org_id, role, from_on, to_on) VALUES"
                f" ('{person}', 'DW', 'recorder', '2026-01-01', flow.today() + 1)")
    w = connect(college, person)
    assert not w.ask(meeting("032 last", acting="recorder@DW")).HasField("refusal")
    w.close()


# ---- codes ------------------------------------------------------------------------------

@pytest.fixture
def client(college):
    if not (BIN / "zhibu").exists():
        pytest.skip("zhibu is not in this build")
    return college.person(os.urandom(4).hex())


def test_037_one_wrong_character(college, client, person):
    """Any character, changed or exchanged with its neighbour: refused at home."""
    code = college.code(person)
    plain = [c for c in code if c.isalnum()]
    at = [i for i in range(len(plain) - 1) if plain[i] != plain[i + 1]][5]
    changed, swapped = plain.copy(), plain.copy()
    changed[at] = "7" if plain[at] != "7" else "8"
    swapped[at], swapped[at + 1] = plain[at + 1], plain[at]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        port = listener.getsockname()[1]
        for wrong in ("".join(changed), "".join(swapped), "".join(plain[:-1])):
            client.refused(2, "login", "--server", f"127.0.0.1:{port}", "--code", wrong,
                           "--no-passphrase")
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_038_unknown_and_expired(college, person):
    code = college.code(person)
    college.sql("UPDATE data.enrol_code SET expires_at = now() - interval '1 s'"
                f" WHERE person_id = '{person}'")
    expired = refusal(enrol(college, code, new_key()))
    unknown = refusal(enrol(college, code, new_key(), secret=os.urandom(10)))
    assert expired.code == unknown.code == CODE_BAD
    expired.ClearField("ref"), unknown.ClearField("ref")
    assert expired.SerializeToString() == unknown.SerializeToString()
    assert certificates(college, person) == [] and not used(college, person)


@pytest.mark.parametrize("secret", [b"", b"x" * 9, b"x" * 11, b"x" * 4000])
def test_038_secret_of_another_length(college, person, secret):
    assert refusal(enrol(college, college.code(person), new_key(),
                         secret=secret)).code == CODE_BAD


def test_038_of_a_person_who_was_disabled(college, person):
    code = college.code(person)
    college.sql(f"UPDATE data.person SET active = false WHERE id = '{person}'")
    assert refusal(enrol(college, code, new_key())).code == CODE_BAD
    assert not used(college, person)


def test_038_five_wrong_proofs_kill_a_code(college, person):
    code, key = college.code(person), new_key()
    for _ in range(5):
        assert refusal(enrol(college, code, key, proof=b"wrong")).code == CODE_BAD
    assert refusal(enrol(college, code, key)).code == CODE_BAD
    assert certificates(college, person) == [] and not used(college, person)
    # only this code: the next one works
    assert fingerprint(enrol(college, college.code(person), key))


def test_038_four_wrong_proofs_do_not(college, person):
    code, key = college.code(person), new_key()
    other = new_key().sign(wire.secret_of(code) + spki_of(key), ec.ECDSA(hashes.SHA256()))
    for proof in (b"", b"\0" * 72, other, b"\xff" * 5000):
        assert refusal(enrol(college, code, key, proof=proof)).code == CODE_BAD
    kept = fingerprint(enrol(college, code, key))
    assert certificates(college, person) == [kept]


def test_038_no_word_and_no_time_tells_which(college, person):
    """Unknown, wrong and expired: the same bytes, and the quickest answers within
    5 ms (the quickest: a busy machine delays any of them, but not all)."""
    code, key = college.code(person), new_key()
    w = Wire(college.public_port)

    def asked(**kw):
        message = enrolment(code, key, **kw)
        since = time.perf_counter()
        reply = refusal(w.ask(message, signed=False))
        reply.ClearField("ref")
        return time.perf_counter() - since, reply.SerializeToString()

    unknown, wrong, expired = [], [], []
    for _ in range(25):
        # neither dead nor expired while the proof is what is wrong
        college.sql("UPDATE data.enrol_code SET wrong_proofs = 0, expires_at = now()"
                    f" + interval '1 h' WHERE person_id = '{person}'")
        unknown.append(asked(secret=os.urandom(10)))
        wrong.append(asked(proof=b"\0" * 72))
        college.sql("UPDATE data.enrol_code SET expires_at = now() - interval '1 h'"
                    f" WHERE person_id = '{person}'")
        expired.append(asked())
    w.close()
    assert len({words for _, words in unknown + wrong + expired}) == 1
    times = [min(t for t, _ in kind) for kind in (unknown, wrong, expired)]
    assert max(times) - min(times) < 0.005, times


def test_039_same_key_again(college, person):
    code, key = college.code(person), new_key()
    first = enrol(college, code, key)
    again = enrol(college, code, key)
    assert first.SerializeToString() == again.SerializeToString()
    assert certificates(college, person) == [fingerprint(first)]
    assert college.sql("SELECT count(*) FROM audit.event WHERE request = 'enrol'"
                       f" AND person_id = '{person}'") == [["1"]]


def test_040_other_key(college, person):
    code = college.code(person)
    first = fingerprint(enrol(college, code, new_key()))
    assert refusal(enrol(college, code, new_key())).code == CODE_USED
    assert certificates(college, person) == [first]
    alarm = ("SELECT object, encode(certificate_fp, 'hex') FROM audit.event"
             f" WHERE request = 'enrol_code_reused' AND person_id = '{person}'")
    assert college.sql(alarm) == [[person, first]]
    # a thief who goes on cannot fill the trace
    for _ in range(9):
        assert refusal(enrol(college, code, new_key())).code == CODE_USED
    assert len(college.sql(alarm)) == 5
    assert college.sql("SELECT alarms FROM data.enrol_code"
                       f" WHERE person_id = '{person}'") == [["10"]]


def test_040_used_code_with_a_wrong_proof(college, person):
    """Whoever cannot prove a key is told nothing, not even that the code is used."""
    code = college.code(person)
    fingerprint(enrol(college, code, new_key()))
    assert refusal(enrol(college, code, new_key(), proof=b"x")).code == CODE_BAD


def test_041_race_with_one_code(college, person):
    code, keys = college.code(person), [new_key() for _ in range(8)]
    start, replies = threading.Barrier(8), [None] * 8

    def run(i):
        w = Wire(college.public_port)
        message = enrolment(code, keys[i])
        start.wait()
        replies[i] = w.ask(message, signed=False)
        w.close()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    won = [i for i, r in enumerate(replies) if not r.HasField("refusal")]
    assert len(won) == 1
    assert {refusal(r).code for i, r in enumerate(replies) if i not in won} == {CODE_USED}
    assert certificates(college, person) == [fingerprint(replies[won[0]])]
    # the winner's repeat is still answered
    assert fingerprint(enrol(college, code, keys[won[0]])) == fingerprint(replies[won[0]])


def test_041_race_with_one_code_and_one_key(college, person):
    code, key = college.code(person), new_key()
    replies = [None] * 8

    def run(i):
        replies[i] = enrol(college, code, key)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len({fingerprint(r) for r in replies}) == 1
    assert certificates(college, person) == [fingerprint(replies[0])]


def off_the_curve():
    spki = bytearray(spki_of(new_key()))
    spki[-1] ^= 1
    return bytes(spki)


def compressed():
    point = new_key().public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    return bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point


NOT_KEYS = {
    "empty": lambda: b"",
    "trailing": lambda: spki_of(new_key()) + b"\0",
    "short": lambda: spki_of(new_key())[:-1],
    "rsa": lambda: spki_of(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "p521": lambda: spki_of(ec.generate_private_key(ec.SECP521R1())),
    "secp256k1": lambda: spki_of(ec.generate_private_key(ec.SECP256K1())),
    "off_the_curve": off_the_curve,
    "compressed": compressed,
    "zeros": lambda: b"\0" * 91,
    "huge": lambda: b"\x30\x82\xf0\x00" + b"\0" * 60000,
}


@pytest.mark.parametrize("kind", NOT_KEYS)
def test_042_not_a_key_of_ours(college, person, kind):
    code, key = college.code(person), new_key()
    r = refusal(enrol(college, code, key, spki=NOT_KEYS[kind]()))
    assert (r.code, r.key) == (INVALID, "public_key_not_accepted"), r
    assert not used(college, person)
    assert college.sql("SELECT wrong_proofs FROM data.enrol_code"
                       f" WHERE person_id = '{person}'") == [["0"]]
    assert fingerprint(enrol(college, code, key))


def test_042_too_much_for_the_public_port(college, person):
    code, key = college.code(person), new_key()
    w = Wire(college.public_port)
    w.send(enrolment(code, key, spki=b"\0" * 70000), signed=False)
    assert refusal(w.receive()[1]).code == TOO_BIG and w.closed_by_peer()
    w.close()
    assert fingerprint(enrol(college, code, key))


# ---- a server that is not ours (24, 25) ---------------------------------------------------

class FalseServer:
    """TLS as ours speaks it, with another's certificate; keeps what it is told."""

    def __init__(self, folder, chain, key):
        pem = folder / "false.pem"
        pem.write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in chain)
                        + key.private_bytes(serialization.Encoding.PEM,
                                            serialization.PrivateFormat.PKCS8,
                                            serialization.NoEncryption()))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.set_alpn_protocols(["zhibu/1"])
        self.context.load_cert_chain(pem)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.tried, self.told = 0, b""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                raw, _ = self.listener.accept()
                self.tried += 1
                raw.settimeout(5)
                with self.context.wrap_socket(raw, server_side=True) as s:
                    self.told += s.recv(65536)
            except ssl.SSLError:
                continue
            except OSError:
                if self.listener.fileno() < 0:
                    return

    def close(self):
        self.listener.close()


def server_certificate(issuer, issuer_key, like, key, name=None, usage=None):
    """As our server's own, but for what is given."""
    b = (x509.CertificateBuilder().subject_name(like.subject).issuer_name(issuer.subject)
         .public_key(key.public_key()).serial_number(x509.random_serial_number())
         .not_valid_before(like.not_valid_before).not_valid_after(like.not_valid_after))
    for e in like.extensions:
        value = e.value
        if name and isinstance(value, x509.SubjectAlternativeName):
            value = x509.SubjectAlternativeName([x509.DNSName(name)])
        elif usage and isinstance(value, x509.ExtendedKeyUsage):
            value = x509.ExtendedKeyUsage([usage])
        elif isinstance(value, x509.SubjectKeyIdentifier):
            value = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        elif isinstance(value, x509.AuthorityKeyIdentifier):
            value = x509.AuthorityKeyIdentifier.from_issuer_public_key(
                issuer_key.public_key())
        b = b.add_extension(value, e.critical)
    return b.sign(issuer_key, hashes.SHA256())


def like_authority(old, key):
    """Another authority under the same name."""
    b = (x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.subject)
         .public_key(key.public_key()).serial_number(old.serial_number)
         .not_valid_before(old.not_valid_before).not_valid_after(old.not_valid_after))
    for e in old.extensions:
        value = e.value
        if isinstance(value, x509.SubjectKeyIdentifier):
            value = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        elif isinstance(value, x509.AuthorityKeyIdentifier):
            value = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        b = b.add_extension(value, e.critical)
    return b.sign(key, hashes.SHA256())


FALSE = ["another authority", "another name", "a person's certificate", "the real one"]


@pytest.fixture
def false_server(college, tmp_path, request):
    def pem(name):
        return (college.state / name).read_bytes()
    ca = x509.load_pem_x509_certificate(pem("authority.crt"))
    ca_key = serialization.load_pem_private_key(pem("authority.key"), None)
    like = x509.load_pem_x509_certificate(pem("server.crt"))
    key = new_key()
    if request.param == "another authority":
        ca_key = new_key()
        ca = like_authority(ca, ca_key)
    name = "zhibu-0.invalid" if request.param == "another name" else None
    usage = (ExtendedKeyUsageOID.CLIENT_AUTH if request.param == "a person's certificate"
             else None)
    false = FalseServer(tmp_path, [server_certificate(ca, ca_key, like, key, name, usage), ca],
                        key)
    yield false
    false.close()


def login_at(client, port, code):
    return subprocess.Popen(
        [str(BIN / "zhibu"), "login", "--server", f"127.0.0.1:{port}", "--code", code,
         "--no-passphrase"], env=client.env(), cwd=client.dir, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("false_server", FALSE[:3], indirect=True)
def test_024_login_at_a_false_server(college, client, person, false_server):
    code = college.code(person)
    client.refused(11, "login", "--server", f"127.0.0.1:{false_server.port}", "--code", code,
                   "--no-passphrase")
    assert false_server.tried and false_server.told == b""
    # the code was not given away: it is still good where it belongs
    client.login(code)


@pytest.mark.parametrize("false_server", FALSE[3:], indirect=True)
def test_024_the_double_is_a_good_one(college, client, person, false_server):
    """With the authority's own signature it is told the code, or the refusals of the
    others would prove nothing."""
    code = college.code(person)
    process = login_at(client, false_server.port, code)
    try:
        wait_for(lambda: wire.secret_of(code) in false_server.told, 10)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("false_server", FALSE[:3], indirect=True)
def test_025_member_meets_a_false_server(college, client, person, false_server):
    client.login(college.code(person))
    conf, = client.dir.rglob("profile.conf")
    conf.write_text(conf.read_text().replace(str(college.member_port),
                                             str(false_server.port)))
    client.refused(11, "whoami")
    assert false_server.tried and false_server.told == b""


# ---- cut in the middle --------------------------------------------------------------------

class Stopped:
    """The signer does not answer while this is open."""

    def __init__(self, server):
        self.pid = server.child("child-signer")

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)


def signed_for(server, person):
    """The fingerprints the signer's own record has for this person."""
    text = subprocess.run(["cat", server.state / "signer.log"], capture_output=True,
                          text=True, check=True).stdout
    return [line.split()[2] for line in text.splitlines()
            if line.split()[1] == person.lower()]


def test_043_client_killed_before_the_reply(college, client, person):
    code = college.code(person)
    with Stopped(college):
        process = login_at(client, college.public_port, code)
        time.sleep(0.7)  # the key is written and the request sent
        process.kill()
        process.wait()
    client.login(code)
    assert len(certificates(college, person)) == 1
    assert client.json("whoami")["personId"] == person


def test_044_server_killed_between_signing_and_commit(college, person):
    code, key = college.code(person), new_key()
    got = []

    def run():
        try:
            got.append(enrol(college, code, key))
        except CUT as e:
            got.append(e)
    with Stopped(college):
        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(0.5)  # checked by the database, waiting for the signer
        os.kill(college.child("child-public"), signal.SIGKILL)
        thread.join()
    assert isinstance(got[0], CUT)
    wait_for(lambda: len(signed_for(college, person)) == 1)
    assert certificates(college, person) == [] and not used(college, person)
    eventually(college, None)[0].close()
    kept = fingerprint(enrol(college, code, key))
    assert certificates(college, person) == [kept]
    # the signer's record names both, so the extra one can be explained
    assert len(signed_for(college, person)) == 2 and kept in signed_for(college, person)


def test_044_server_killed_while_committing(college, person):
    """The signer has answered, the commit waits for a lock: both outcomes are the
    repeat's, which gets one certificate."""
    code, key = college.code(person), new_key()
    thread = threading.Thread(target=lambda: pytest.raises(CUT, enrol, college, code, key))
    with Stopped(college):
        thread.start()
        time.sleep(0.5)
        lock = threading.Thread(target=college.sql, args=(
            f"BEGIN; SELECT 1 FROM data.enrol_code WHERE person_id = '{person}' FOR UPDATE;"
            " SELECT pg_sleep(1.5); COMMIT",))
        lock.start()
        time.sleep(0.3)
    wait_for(lambda: len(signed_for(college, person)) == 1)
    os.kill(college.child("child-public"), signal.SIGKILL)
    thread.join()
    lock.join()
    eventually(college, None)[0].close()
    kept = fingerprint(enrol(college, code, key))
    assert certificates(college, person) == [kept]


def test_044_signer_silent(college, person):
    """Only who enrols waits, and not for ever; the code is not lost."""
    code, key = college.code(person), new_key()
    with Stopped(college):
        since = time.monotonic()
        thread = threading.Thread(target=lambda: refusals.append(
            refusal(enrol(college, code, key)).code))
        refusals = []
        thread.start()
        w = Wire(college.public_port)
        while thread.is_alive():
            asked = time.monotonic()
            assert not w.ask(request("public_notices"), signed=False).HasField("refusal")
            assert time.monotonic() - asked < 1
            time.sleep(0.2)
        w.close()
        assert refusals == ["ZB106"] and time.monotonic() - since < 8
    assert certificates(college, person) == [] and not used(college, person)
    assert fingerprint(enrol(college, code, key))


def test_045_key_file_not_as_it_must_be(college, client, person):
    client.login(college.code(person))
    key, = client.dir.rglob("key.pem")
    kept = key.read_bytes()

    def refused():
        r = client.run("whoami")
        assert r.code not in (0, 9) and str(key.name) in r.err, r
    key.chmod(0o644)
    refused()
    key.chmod(0o600)
    key.write_bytes(kept[:len(kept) // 2])
    refused()
    key.write_bytes(b"")
    refused()
    elsewhere = key.with_name("elsewhere")
    elsewhere.write_bytes(kept)
    elsewhere.chmod(0o600)
    key.unlink()
    key.symlink_to(elsewhere)
    refused()
    key.unlink()
    key.write_bytes(kept)
    key.chmod(0o600)
    assert client.json("whoami")["personId"] == person


# ---- the certificate itself ---------------------------------------------------------------------

# ---- renewal -----------------------------------------------------------------------------

def ends_in(college, person, days):
    college.sql(f"UPDATE data.certificate SET expires_at = now() + interval '{days} days'"
                f" WHERE person_id = '{person}'")


def test_046_renewal(college, client, person):
    """A new key, with the certificate that ends as the proof; the old one has ended
    when the new one was used."""
    client.login(college.code(person))
    profile = client.dir / "config/profiles/default"
    before = {f: (profile / f).read_bytes() for f in ("key.pem", "certificate.der")}
    assert "起可以续期" in client.refused(3, "login", "--renew").err
    assert len(certificates(college, person)) == 1
    ends_in(college, person, 61)
    client.refused(3, "login", "--renew")
    ends_in(college, person, 59)
    key = (profile / "renewal/key.pem").read_bytes()
    assert "证书已续期" in client("login", "--renew").err
    assert (profile / "key.pem").read_bytes() == key != before["key.pem"]
    assert not (profile / "renewal").exists()
    assert college.sql("SELECT superseded_at IS NOT NULL FROM data.certificate WHERE"
                       f" person_id = '{person}' ORDER BY issued_at") == [["t"], ["f"]]
    assert person in client("whoami").out
    # cut between the two files: the next command puts the other in its place
    new = (profile / "certificate.der").read_bytes()
    (profile / "renewal").mkdir(mode=0o700)
    (profile / "renewal/certificate.der").write_bytes(new)
    (profile / "certificate.der").write_bytes(before["certificate.der"])
    assert person in client("whoami").out
    assert (profile / "certificate.der").read_bytes() == new
    # the old pair opens nothing any more
    for f, data in before.items():
        (profile / f).write_bytes(data)
    (profile / "session-member").unlink(missing_ok=True)
    client.refused(4, "whoami")


def test_046_renewal_whose_reply_was_lost(college, person):
    old = connect(college, person)
    ends_in(college, person, 20)
    key = new_key()

    def renew(key):
        secret = os.urandom(10)
        r = old.ask(request("renew_certificate", secret_hash=hashlib.sha256(secret).digest()))
        assert not r.HasField("refusal"), r
        return enrol(college, None, key, secret=secret)

    lost = renew(key)  # made, and never arrived
    assert old.ask(request("whoami"), signed=False).whoami.person_id == person
    again = renew(key)
    assert again.enrol.certificate == lost.enrol.certificate
    assert len(certificates(college, person)) == 2
    # the key that ends is no new key
    assert refusal(renew(old.key)).code == CODE_BAD
    folder = college.base / f"renewed-{person}"
    folder.mkdir()
    (folder / "cert.pem").write_bytes(x509.load_der_x509_certificate(
        again.enrol.certificate).public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    new = Wire(college.member_port, str(folder / "cert.pem"), str(folder / "key.pem"))
    assert new.ask(request("whoami"), signed=False).whoami.person_id == person
    assert old.ask(request("whoami"), signed=False).whoami.person_id == person
    assert not new.ask(request("renew_certificate")).HasField("refusal")
    assert refusal(old.ask(request("whoami"), signed=False)).code == UNAUTHENTICATED
    assert old.closed_by_peer()
    new.close()


def reissued(college, certificate, days):
    """The same certificate again by the college's authority, ending in so many days."""
    authority = x509.load_pem_x509_certificate((college.state / "authority.crt").read_bytes())
    now = datetime.now(timezone.utc)
    b = (x509.CertificateBuilder().subject_name(certificate.subject)
         .issuer_name(authority.subject).public_key(certificate.public_key())
         .serial_number(x509.random_serial_number())
         .not_valid_before(now - timedelta(days=1))
         .not_valid_after(now + timedelta(days=days, hours=1)))
    for e in certificate.extensions:
        b = b.add_extension(e.value, e.critical)
    key = serialization.load_pem_private_key((college.state / "authority.key").read_bytes(), None)
    return b.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_046_the_end_is_said_in_time(college, client, person):
    """On stderr: from 60 days before once a day, in the last week every time."""
    client.login(college.code(person))
    file = client.dir / "config/profiles/default/certificate.der"
    own = x509.load_der_x509_certificate(file.read_bytes())
    for days, told in ((61, [False]), (59, [True, False]), (8, [False]), (6, [True, True])):
        der = reissued(college, own, days)
        file.write_bytes(der)
        college.sql("INSERT INTO data.certificate (fp, person_id, der, spki, issued_at,"
                    f" expires_at) SELECT sha256('\\x{der.hex()}'), person_id, '', spki, now(),"
                    f" now() + interval '{days} days' FROM data.certificate"
                    f" WHERE person_id = '{person}' LIMIT 1")
        for want in told:
            r = client("whoami")
            assert ("--renew" in r.err) == want, (days, r)
    assert "--renew" not in client("whoami", "-q").err
    assert client("whoami", "--json").err == ""


def test_047_administrators_are_told_of_the_authoritys_end(college, client, person):
    """Daily, and nobody else: 30 days before."""
    college.sql("INSERT INTO data.office (person_id, org_id, role, from_on) VALUES"
                f" ('{person}', 'DW', 'administrator', '2026-01-01'),"
                f" ('{person}', 'DW', 'recorder', '2026-01-01')")
    client.login(college.code(person))
    profile = client.dir / "config/profiles/default"
    authority = x509.load_der_x509_certificate((profile / "authority.der").read_bytes())
    (profile / "authority.der").write_bytes(reissued(college, authority, 29))
    assert "根证书还有29天" not in client("--as", "recorder@DW", "whoami").err
    assert "根证书还有29天" in client("--as", "administrator@DW", "whoami").err
    assert "根证书" not in client("--as", "administrator@DW", "whoami").err
    (profile / "warned").write_text("1\n")  # another day
    assert "根证书还有29天" in client("--as", "administrator@DW", "whoami").err
    college.sql(f"UPDATE data.office SET to_on = flow.today() WHERE person_id = '{person}'")


def test_certificate_holds_no_name_and_no_right(college, person):
    cert = x509.load_der_x509_certificate(
        enrol(college, college.code(person), new_key()).enrol.certificate)
    assert [(a.oid.dotted_string, a.value) for a in cert.subject] == [
        ("2.5.4.3", person.lower())]
    usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [u.dotted_string for u in usage] == ["1.3.6.1.5.5.7.3.2"]  # clientAuth alone
    assert cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert (cert.not_valid_after - cert.not_valid_before).days in range(399, 402)


def test_another_persons_office_cannot_be_worn(college, person):
    w = connect(college, person)
    r = refusal(w.ask(request("whoami", acting="administrator@DW"), signed=False))
    assert (r.code, r.key) == (DENIED, "office_not_held")
    w.close()


def test_signature_of_another_person_on_ones_own_connection(college, person):
    mine, theirs = connect(college, "P2"), connect(college, "P3")
    payload = packed(meeting("signed by another"))
    signature = theirs.key.sign(payload, ec.ECDSA(hashes.SHA256()))
    assert refusal(answer(mine, payload, signature=signature)[1]).code == "ZB109"
    mine.close(), theirs.close()
