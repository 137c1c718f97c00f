"""The protocol without our client: frames over TLS from Python, for everything a
well-behaved client never sends."""
import importlib
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[2]
_gen = Path(tempfile.mkdtemp(prefix="zbpy"))
subprocess.run(["protoc", f"-I{ROOT/'proto'}", f"--python_out={_gen}",
                *map(str, sorted((ROOT / "proto").glob("*.proto")))], check=True)
sys.path.insert(0, str(_gen))
# Debian's python3-protobuf is older than nothing here: the plain implementation
# takes any protoc's output.
os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
pb = importlib.import_module("envelope_pb2")


def context(authority=None, cert=None, key=None, alpn="zhibu/1"):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.minimum_version = ssl.TLSVersion.TLSv1_3
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    if authority:
        ctx.verify_mode = ssl.CERT_REQUIRED
        ctx.load_verify_locations(authority)
    if cert:
        ctx.load_cert_chain(cert, key)
    if alpn:
        ctx.set_alpn_protocols([alpn])
    return ctx


class Wire:
    """One connection.  `key` signs writes, as the person's certificate has it."""

    def __init__(self, port, cert=None, key=None, alpn="zhibu/1", timeout=10,
                 host="127.0.0.1", source=""):
        self.raw = socket.create_connection((host, port), timeout, (source, 0))
        self.sock = context(cert=cert, key=key, alpn=alpn).wrap_socket(self.raw)
        self.key = key and serialization.load_pem_private_key(
            Path(key).read_bytes(), None)
        self.next_id = 0

    def close(self):
        self.sock.close()

    def send_frame(self, body):
        self.sock.sendall(struct.pack(">I", len(body)) + body)

    def send(self, request, signed=True, key=None, signature=None):
        """Sends a pb.Request (or payload bytes); returns the envelope's id."""
        if not isinstance(request, bytes):
            request.version = 1
            if signed and not request.HasField("key"):
                request.key = key or os.urandom(16)
            request = request.SerializeToString()
        self.next_id += 1
        envelope = pb.Envelope(id=self.next_id, payload=request)
        if signature is not None:
            envelope.signature = signature
        elif signed and self.key:
            envelope.signature = self.key.sign(request, ec.ECDSA(hashes.SHA256()))
        self.send_frame(envelope.SerializeToString())
        return self.next_id

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise EOFError(f"closed after {len(data)} of {n} bytes")
            data += part
        return data

    def receive(self):
        """(id, pb.Reply)"""
        size, = struct.unpack(">I", self._exactly(4))
        envelope = pb.Envelope.FromString(self._exactly(size))
        return envelope.id, pb.Reply.FromString(envelope.payload)

    def ask(self, request, **kw):
        want = self.send(request, **kw)
        got, reply = self.receive()
        assert got == want
        return reply

    def half_close(self):
        """FIN in our direction; the other stays open."""
        socket.socket.shutdown(self.sock, socket.SHUT_WR)

    def closed_by_peer(self):
        try:
            return self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def secret_of(code):
    """The 80 bits of an enrolment code: after the version's character."""
    digits = [CROCKFORD.index(c) for c in code.upper() if c.isalnum()]
    bits = "".join(f"{d:05b}" for d in digits[1:17])
    return int(bits, 2).to_bytes(10, "big")


def enrol(port, code, folder, key=None):
    """Proves a code with a key made here; (certificate, key) as PEM files."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)
    secret = secret_of(code)
    w = Wire(port)
    reply = w.ask(request("enrol", secret=secret, spki=spki, proof=key.sign(
        secret + spki, ec.ECDSA(hashes.SHA256()))), signed=False)
    w.close()
    assert not reply.HasField("refusal"), reply
    cert, pem = Path(folder) / "cert.pem", Path(folder) / "key.pem"
    cert.write_bytes(x509.load_der_x509_certificate(reply.enrol.certificate)
                     .public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
    return str(cert), str(pem)


def request(member, acting=None, dry_run=None, **fields):
    """A pb.Request with this member set."""
    r = pb.Request()
    getattr(r, member).SetInParent()
    message = getattr(r, member)
    for name, value in fields.items():
        if isinstance(value, (list, tuple)):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    if acting:
        r.acting = acting
    if dry_run:
        r.dry_run = True
    return r


def members():
    """Every member of Request's oneof, by name."""
    return [f for f in pb.Request.DESCRIPTOR.oneofs_by_name["body"].fields]
