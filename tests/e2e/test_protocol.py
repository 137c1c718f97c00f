"""Frames, messages and TLS from outside: cases 1 to 36 of the list of bad inputs.

Each test ends by asking, on a connection of its own, whether everybody else is
still served.
"""
import os
import socket
import ssl
import struct
import time
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import wire
from wire import Wire, pb, request


@pytest.fixture
def connect(server):
    """Opens member connections as the administrator; closes them."""
    open_ones = []

    def make(**kw):
        w = Wire(server.member_port, *server.credentials("P1"), **kw)
        open_ones.append(w)
        return w
    yield make
    for w in open_ones:
        w.close()
    w = make()
    assert w.ask(request("whoami"), signed=False).whoami.person_id == "P1"
    w.close()


def refusal(reply):
    assert reply.HasField("refusal"), reply
    return reply.refusal


CODES = {"BAD_FRAME": "ZB101", "TOO_BIG": "ZB102", "BAD_MESSAGE": "ZB103",
         "UNSUPPORTED": "ZB104", "INVALID": "ZB001", "DENIED": "ZB002",
         "SIGNATURE": "ZB109", "UNAUTHENTICATED": "ZB011"}


def test_001_length_zero(connect):
    w = connect()
    w.sock.sendall(struct.pack(">I", 0))
    assert refusal(w.receive()[1]).code == CODES["BAD_FRAME"]
    assert w.closed_by_peer()


def test_002_length_at_the_limit(connect):
    w = connect()
    body = pb.Envelope(id=7, payload=b"\0").SerializeToString()
    pad = 1024 * 1024 - len(body)
    # A payload that fills the frame to the byte: not a message, but a frame.
    body = pb.Envelope(id=7, payload=b"\0" * (pad - 2)).SerializeToString()
    body = pb.Envelope(id=7, payload=b"\0" * (pad - 2 - (len(body) - 1024 * 1024))
                       ).SerializeToString()
    assert len(body) == 1024 * 1024
    w.send_frame(body)
    got, reply = w.receive()
    assert got == 7 and refusal(reply).code == CODES["BAD_MESSAGE"]
    assert w.ask(request("whoami"), signed=False).whoami.person_id == "P1"


@pytest.mark.parametrize("length", [1024 * 1024 + 1, 0xFFFFFFFF])
def test_003_length_over_the_limit(connect, length):
    w = connect()
    w.sock.sendall(struct.pack(">I", length))
    assert refusal(w.receive()[1]).code == CODES["TOO_BIG"]
    assert w.closed_by_peer()


def test_004_one_byte_at_a_time(connect):
    w = connect()
    r = request("whoami")
    r.version = 1
    body = pb.Envelope(id=9, payload=r.SerializeToString()).SerializeToString()
    for b in struct.pack(">I", len(body)) + body:
        w.sock.sendall(bytes([b]))
    got, reply = w.receive()
    assert got == 9 and reply.whoami.person_id == "P1"


def test_005_two_frames_in_one_record(connect):
    w = connect()
    r = request("whoami")
    r.version = 1
    frames = b""
    for i in (1, 2):
        body = pb.Envelope(id=i, payload=r.SerializeToString()).SerializeToString()
        frames += struct.pack(">I", len(body)) + body
    w.sock.sendall(frames)
    assert {w.receive()[0], w.receive()[0]} == {1, 2}


def test_006_many_in_flight_are_all_answered(connect):
    w = connect()
    sent = {w.send(request("whoami"), signed=False) for _ in range(300)}
    got = set()
    for _ in range(300):
        i, reply = w.receive()
        assert reply.whoami.person_id == "P1"
        got.add(i)
    assert got == sent


def test_007_closed_in_the_middle_of_a_frame(connect):
    w = connect()
    w.sock.sendall(struct.pack(">I", 1000) + b"half")
    w.close()


def test_008_half_close_after_a_request(connect):
    w = connect()
    w.send(request("whoami"), signed=False)
    w.half_close()
    assert w.receive()[1].whoami.person_id == "P1"
    assert w.closed_by_peer()


@pytest.mark.parametrize("bytes_", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(200),
                                    b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"])
@pytest.mark.parametrize("port", ["member_port", "public_port"])
def test_009_not_tls(server, connect, bytes_, port):
    with socket.create_connection(("127.0.0.1", getattr(server, port)), timeout=15) as s:
        s.sendall(bytes_)
        s.settimeout(15)
        try:
            while s.recv(4096):
                pass
        except ConnectionError:
            pass


def test_010_unknown_request(connect):
    w = connect()
    payload = b"\x08\x01" + b"\xfa\x7f\x00"  # version 1, member 2047, empty
    w.send(payload)
    assert refusal(w.receive()[1]).code == CODES["UNSUPPORTED"]
    assert w.ask(request("whoami"), signed=False).whoami.person_id == "P1"


WHOAMI = b"\xaa\x06"  # member 101, length follows


@pytest.mark.parametrize("payload,code", [
    (b"\x08\x01" + WHOAMI + b"\x02\x28\x01", "BAD_MESSAGE"),           # 11 unknown field
    (b"\x08\x01\x08\x01" + WHOAMI + b"\x00", "BAD_MESSAGE"),           # 12 twice
    (b"\x09" + b"\0" * 8 + WHOAMI + b"\x00", "BAD_MESSAGE"),           # 13 wrong wire type
    (b"\x0b\x0c" + WHOAMI + b"\x00", "BAD_MESSAGE"),                   # 13 group
    (b"\x08" + b"\x80" * 10 + b"\x01" + WHOAMI + b"\x00", "BAD_MESSAGE"),  # 14 varint of 11
    (b"\x08\x01\x12\xff\xff\xff\xff\x0f" + WHOAMI + b"\x00", "BAD_MESSAGE"),  # 14 length
    (b"\x08\x01\xa2\x06\x00" + WHOAMI + b"\x00", "BAD_MESSAGE"),       # 15 two members
    (b"\x08\x01\x12\x03a\0b" + WHOAMI + b"\x00", "INVALID"),           # 19 NUL
    (b"\x08\x01\x12\x02\xff\xfe" + WHOAMI + b"\x00", "INVALID"),       # 19 not UTF-8
    (b"\x08\x01\x12\x02\xc0\x80" + WHOAMI + b"\x00", "INVALID"),       # 19 overlong
    (b"\x08\x01\x12\x03\xed\xa0\x80" + WHOAMI + b"\x00", "INVALID"),   # 19 surrogate
    (b"\x08\x01\x12\x01\x1b" + WHOAMI + b"\x00", "INVALID"),           # 20 ESC
    (b"\x08\x01\x12\x02\xc2\x9b" + WHOAMI + b"\x00", "INVALID"),       # 20 C1
    (b"\x08\x01\x12\x03\xe2\x80\xae" + WHOAMI + b"\x00", "INVALID"),   # 20 bidi
    (b"\x08\x01\x12\x03\xe2\x80\x8b" + WHOAMI + b"\x00", "INVALID"),   # 20 zero width
    (b"", "BAD_MESSAGE"),                                              # nothing asked
])
def test_011_to_020_messages(connect, payload, code):
    w = connect()
    w.send(payload)
    assert refusal(w.receive()[1]).code == CODES[code]
    assert w.ask(request("whoami"), signed=False).whoami.person_id == "P1"


def test_016_nested_and_many(connect):
    w = connect()
    deep = b""
    for _ in range(5000):
        size = b""
        n = len(deep)
        while n >= 0x80:
            size += bytes([n & 0x7f | 0x80])
            n >>= 7
        deep = b"\xaa\x06" + size + bytes([n]) + deep
    started = time.monotonic()
    w.send(deep)
    assert refusal(w.receive()[1]).code == CODES["BAD_MESSAGE"]
    assert time.monotonic() - started < 1


def test_017_a_mebibyte_of_nothing(connect):
    w = connect()
    w.send(b"\x08\x01" + b"\xaa\x06\x00" * 300000)
    assert refusal(w.receive()[1]).code == CODES["BAD_MESSAGE"]


def test_version_of_the_protocol(connect):
    w = connect()
    r = request("whoami")
    r.version = 2
    w.send(r.SerializeToString())
    assert refusal(w.receive()[1]).code == CODES["UNSUPPORTED"]


# ---- TLS and identity ---------------------------------------------------------------

def handshake_refused(port, **kw):
    """The refusal comes at the handshake, or (TLS 1.3) at the first read."""
    try:
        w = Wire(port, **kw)
        w.send(request("whoami"), signed=False)
        w.receive()
    except (ssl.SSLError, ConnectionError, EOFError) as e:
        return str(e)
    raise AssertionError("was served")


def make_cert(tmp_path, subject_key, issuer=None, issuer_key=None, days=(-1, 30),
              client=True, san=None, bulk=0):
    now = datetime.now(timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "p1")])
    b = (x509.CertificateBuilder().subject_name(name)
         .issuer_name(issuer.subject if issuer else name)
         .public_key(subject_key.public_key()).serial_number(x509.random_serial_number())
         .not_valid_before(now + timedelta(days=days[0]))
         .not_valid_after(now + timedelta(days=days[1]))
         .add_extension(x509.BasicConstraints(False, None), True)
         .add_extension(x509.ExtendedKeyUsage(
             [ExtendedKeyUsageOID.CLIENT_AUTH if client else
              ExtendedKeyUsageOID.SERVER_AUTH]), False))
    names = ([x509.DNSName(san)] if san else []) + [
        x509.DNSName(f"{i}-" + "x" * 50 + ".invalid") for i in range(bulk)]
    if names:
        b = b.add_extension(x509.SubjectAlternativeName(names), False)
    cert = b.sign(issuer_key or subject_key, hashes.SHA256())
    c, k = tmp_path / "c.pem", tmp_path / "k.pem"
    c.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    k.write_bytes(subject_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    return str(c), str(k)


def test_026_tls_1_2(server, connect):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
    ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", server.public_port), timeout=10) as s:
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION|alert protocol version"):
            ctx.wrap_socket(s)


def test_027_no_certificate(server, connect):
    assert "required" in handshake_refused(server.member_port).lower()


def test_029_of_nobody_we_know(server, connect, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    cert, k = make_cert(tmp_path, key)
    handshake_refused(server.member_port, cert=cert, key=k)


def test_029_rsa(server, connect, tmp_path):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    cert, k = make_cert(tmp_path, key)
    handshake_refused(server.member_port, cert=cert, key=None or k)


def authority(server):
    import subprocess
    from college import AS_USER
    read = lambda f: subprocess.run([*AS_USER, "cat", str(server.state / f)],
                                    capture_output=True, check=True).stdout
    return (x509.load_pem_x509_certificate(read("authority.crt")),
            serialization.load_pem_private_key(read("authority.key"), None))


@pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
def test_028_expired_or_not_yet(server, connect, tmp_path, days):
    ca, ca_key = authority(server)
    cert, k = make_cert(tmp_path, ec.generate_private_key(ec.SECP256R1()), ca, ca_key, days)
    handshake_refused(server.member_port, cert=cert, key=k)


def test_028_ours_but_unknown_to_the_database(server, connect, tmp_path):
    """Signed by the authority, never enrolled: TLS lets it in, nothing else does."""
    ca, ca_key = authority(server)
    key = ec.generate_private_key(ec.SECP256R1())
    try:
        w = Wire(server.member_port, *make_cert(tmp_path, key, ca, ca_key))
        reply = w.ask(request("whoami"), signed=False)
    except (ssl.SSLError, ConnectionError, EOFError):
        return  # strict chain checking may refuse it before
    assert refusal(reply).code == CODES["UNAUTHENTICATED"]


def test_030_huge_certificate(server, connect, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    cert, k = make_cert(tmp_path, key, bulk=1200)
    handshake_refused(server.member_port, cert=cert, key=k)


def test_no_alpn(server, connect):
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        w = Wire(server.public_port, alpn=None)
        w.send(request("whoami"), signed=False)
        w.receive()


def test_public_port_serves_no_member_request(server, connect):
    w = Wire(server.public_port)
    assert refusal(w.ask(request("whoami"), signed=False)).code == CODES["UNAUTHENTICATED"]
    w.close()


def test_034_a_handshake_that_stalls(server, connect):
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.member_port), timeout=30) as s:
        s.sendall(b"\x16\x03\x01")
        try:
            assert s.recv(1) == b""
        except ConnectionError:
            pass
    assert time.monotonic() - started < 20


def test_035_many_half_open_handshakes(server, connect):
    socks = []
    for _ in range(300):
        s = socket.create_connection(("127.0.0.1", server.member_port), timeout=5)
        socks.append(s)
    started = time.monotonic()
    w = None
    for _ in range(100):
        try:
            w = connect()
            break
        except (ssl.SSLError, ConnectionError, OSError):
            time.sleep(0.1)
    assert w and time.monotonic() - started < 15
    for s in socks:
        s.close()
