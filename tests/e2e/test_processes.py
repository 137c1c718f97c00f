"""The processes of a server and what each may do: enrolment (cases 38 to 44), the
supervisor and its children (83 to 85, 91, 92, 96), the rights of the database's
roles."""
import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from college import AS_USER, BIN, Server, command_line, wait_for
from wire import Wire, request, secret_of

DER = serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PG_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"),
                key=lambda p: int(p.parent.name))[-1]


@pytest.fixture(scope="module")
def college():
    s = Server()
    try:
        yield s.start()
    finally:
        s.close()


# ---- enrolment ------------------------------------------------------------------

class Machine:
    """A person's machine with a key of its own."""

    def __init__(self, server, code, key=None):
        self.server, self.secret = server, secret_of(code)
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.spki = self.key.public_key().public_bytes(DER, SPKI)

    def proof(self):
        if isinstance(self.key, rsa.RSAPrivateKey):
            return b"\0" * 70
        return self.key.sign(self.secret + self.spki, ec.ECDSA(hashes.SHA256()))

    def enrol(self, secret=None, spki=None, proof=None):
        w = Wire(self.server.public_port)
        try:
            return w.ask(request("enrol", secret=secret or self.secret,
                                 spki=spki or self.spki,
                                 proof=self.proof() if proof is None else proof),
                         signed=False)
        finally:
            w.close()


def code_of(reply):
    return reply.refusal.code if reply.HasField("refusal") else None


def test_038_one_answer_for_unknown_expired_and_wrong(college):
    good = Machine(college, college.code("P1"))
    expired = Machine(college, college.code("P1"))
    college.sql("UPDATE data.enrol_code SET expires_at = now() - interval '1 s' WHERE"
                f" secret_hash = '\\x{hashlib.sha256(expired.secret).hexdigest()}'")
    answers = {good.enrol(secret=os.urandom(10)).refusal.SerializeToString(),
               expired.enrol().refusal.SerializeToString(),
               good.enrol(proof=b"\0" * 70).refusal.SerializeToString()}
    assert len(answers) == 1
    assert code_of(expired.enrol()) == "ZB007"
    assert code_of(good.enrol()) is None  # one wrong proof does not kill it


def test_038_dead_after_five_wrong_proofs(college):
    m = Machine(college, college.code("P1"))
    for _ in range(5):
        assert code_of(m.enrol(proof=b"")) == "ZB007"
    assert code_of(m.enrol()) == "ZB007"


def test_039_040_repeat_and_theft(college):
    code = college.code("P1")
    m = Machine(college, code)
    first = m.enrol().enrol
    assert m.enrol().enrol.certificate == first.certificate
    assert first.member_port == college.member_port and first.person_id == "P1"
    assert code_of(Machine(college, code).enrol()) == "ZB008"
    assert college.sql("SELECT count(*) FROM audit.event"
                       " WHERE request = 'enrol_code_reused'") != [["0"]]


def test_041_two_machines_race(college):
    code = college.code("P1")
    machines = [Machine(college, code) for _ in range(8)]
    replies = [None] * 8

    def run(i):
        replies[i] = code_of(machines[i].enrol())
    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert (replies.count(None), replies.count("ZB008")) == (1, 7)


def test_042_keys_that_are_none(college):
    m = Machine(college, college.code("P1"))
    for spki in (m.spki + b"\0", m.spki[:-1], m.spki[:-1] + bytes([m.spki[-1] ^ 1]),
                 os.urandom(91), b"\x30" * 2048,
                 rsa.generate_private_key(65537, 2048).public_key().public_bytes(DER, SPKI),
                 ec.generate_private_key(ec.SECP521R1()).public_key()
                 .public_bytes(DER, SPKI)):
        assert code_of(m.enrol(spki=spki)) == "ZB001"
    assert code_of(m.enrol()) is None  # the code was not consumed


def test_042_the_certificate_says_no_more_than_it_must(college):
    reply = Machine(college, college.code("P1")).enrol().enrol
    c = x509.load_der_x509_certificate(reply.certificate)
    assert c.subject.rfc4514_string() == "CN=p1"
    ca = x509.load_der_x509_certificate(reply.authority)
    ca.public_key().verify(c.signature, c.tbs_certificate_bytes,
                           ec.ECDSA(hashes.SHA256()))


def test_044_killed_between_signing_and_commit(college):
    """The signer answers and the worker is gone: no row, and a repeat works."""
    m = Machine(college, college.code("P1"))
    rows = college.sql("SELECT count(*) FROM data.certificate")
    signer, public = college.child("child-signer"), college.child("child-public")
    record = college.state / "signer.log"
    signed = len(record.read_text().splitlines())
    os.kill(signer, signal.SIGSTOP)
    t = threading.Thread(target=lambda: pytest.raises(Exception, m.enrol))
    t.start()
    time.sleep(0.3)
    os.kill(public, signal.SIGKILL)
    os.kill(signer, signal.SIGCONT)
    t.join()
    wait_for(lambda: len(record.read_text().splitlines()) == signed + 1)
    assert college.sql("SELECT count(*) FROM data.certificate") == rows
    wait_for(college.healthy)
    wait_for(lambda: code_of(m.enrol()) is None)


# ---- what the database's roles may do -------------------------------------------------

ROLES = ("zhibu_member", "zhibu_public")

PROBES = [
    "SELECT * FROM data.person", "SELECT * FROM audit.event",
    "SELECT * FROM rule.permission", "INSERT INTO audit.event DEFAULT VALUES",
    "UPDATE data.certificate SET revoked_at = NULL", "DELETE FROM audit.event",
    "TRUNCATE data.person", "CREATE TABLE call.t (a int)", "CREATE TEMP TABLE t (a int)",
    "CREATE TABLE public.t (a int)", "CREATE SCHEMA mine",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION pgcrypto SCHEMA public", "CREATE ROLE me", "CREATE DATABASE mine",
    "DO $$ BEGIN PERFORM 1; END $$", "DO LANGUAGE sql 'SELECT 1'",
    "SET ROLE zhibu_owner", "SET SESSION AUTHORIZATION zhibu_owner",
    "ALTER ROLE {role} SUPERUSER", "ALTER SYSTEM SET fsync = off",
    "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_import('/etc/passwd')",
    "SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock_shared(1)", "SELECT pg_advisory_unlock_all()",
    "SELECT pg_sleep(0)", "SELECT pg_sleep_for('0')", "SELECT pg_export_snapshot()",
    "SELECT pg_cancel_backend(1)", "SELECT pg_terminate_backend(1)",
    "SELECT pg_notify('a', 'b')", "SELECT pg_logical_emit_message(true, 'a', 'b')",
    "SELECT set_config('fsync', 'off', false)",
    "SELECT query_to_xml('SELECT 1', true, true, '')",
    "SELECT table_to_xml('pg_class', true, true, '')",
    "SELECT pg_read_file('/etc/passwd')", "SELECT pg_ls_dir('/')",
    "COPY (SELECT 1) TO '/tmp/out'", "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT * FROM pg_authid", "SELECT pg_switch_wal()", "SELECT pg_reload_conf()",
    "SELECT api.whoami(NULL)", "SELECT auth.enter('whoami', NULL, NULL)",
    "SELECT audit.append(NULL, NULL, NULL, NULL, NULL)",
    "SELECT setup.emergency_code('P1', '\\x00')", "SELECT call.claim(NULL, NULL, NULL)",
    "SELECT * FROM migration.applied", "CREATE PUBLICATION p", "BEGIN; LOCK TABLE data.person",
]


def psql(server, role, sql):
    return subprocess.run(
        [*AS_USER, PG_BIN / "psql", "-h", server.state / "pgsock", "-U", role, "-d", "zhibu",
         "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=sqlstate", "-c", sql],
        text=True, capture_output=True, timeout=30)


@pytest.mark.parametrize("role", ROLES)
def test_role_can_do_nothing_but_call(college, role):
    can = []
    for probe in PROBES:
        r = psql(college, role, probe.format(role=role))
        if "42501" not in r.stderr:  # insufficient privilege
            can.append((probe, r.stdout, r.stderr))
    assert not can


def test_the_probes_can_see_something(college):
    """The same words are no errors of themselves: the owner may say many of them."""
    for probe in ("SELECT count(*) FROM data.person", "SELECT pg_try_advisory_lock(1)",
                  "DO $$ BEGIN PERFORM 1; END $$", "SELECT lo_create(0)"):
        assert psql(college, "zhibu_owner", "BEGIN; " + probe + "; ROLLBACK").returncode == 0


def test_public_executes_what_needs_no_certificate(college):
    rows = college.sql("""
        SELECT p.proname, has_function_privilege('zhibu_public', p.oid, 'EXECUTE'),
            has_function_privilege('zhibu_member', p.oid, 'EXECUTE'),
            EXISTS (SELECT FROM rule.permission r WHERE r.request = p.proname
                AND r.role = 'anyone')
        FROM pg_proc p WHERE p.pronamespace = 'call'::regnamespace AND p.proname IN
            (SELECT proname FROM pg_proc WHERE pronamespace = 'api'::regnamespace)""")
    assert len(rows) > 5
    for name, public, member, anyone in rows:
        assert public == anyone, name
        assert member == ("f" if anyone == "t" else "t"), name


def test_every_definer_function_fixes_its_path(college):
    assert college.sql("""SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.prosecdef AND p.pronamespace::regnamespace::text <> 'pg_catalog'
        AND NOT coalesce(p.proconfig::text LIKE '%search_path%', false)""") == []
    assert college.sql("""SELECT p.oid::regprocedure FROM pg_proc p
        JOIN pg_roles r ON r.oid = p.proowner WHERE r.rolsuper AND p.prosecdef""") == []


def test_other_users_do_not_get_in(college):
    if os.getuid() != 0:
        pytest.skip("needs to be another user of the machine")
    r = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                        PG_BIN / "psql", "-h", college.state / "pgsock", "-U", "zhibu_owner",
                        "-d", "zhibu", "-c", "SELECT 1"], text=True, capture_output=True)
    assert r.returncode != 0


# ---- the supervisor and its children -----------------------------------------------------

def serves(server):
    """Both workers reach the database."""
    try:
        w = Wire(server.public_port)
        reply = w.ask(request("enrol", secret=b"x" * 10,
                              spki=ec.generate_private_key(ec.SECP256R1()).public_key()
                              .public_bytes(DER, SPKI), proof=b""), signed=False)
        w.close()
    except (OSError, EOFError):
        return False
    return code_of(reply) == "ZB007"


@pytest.mark.parametrize("child", ["child-public", "child-member", "child-signer"])
def test_a_dead_child_comes_back(college, child):
    before = college.child(child)
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: college.child(child) not in (None, before), 10)
    wait_for(college.healthy, 10)
    wait_for(lambda: serves(college), 10)


def postmaster(server):
    try:
        return int((server.state / "pg/postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return None


def test_083_postmaster_killed(college):
    before = postmaster(college)
    os.kill(before, signal.SIGKILL)
    began = time.monotonic()
    wait_for(lambda: postmaster(college) not in (None, before), 10)
    wait_for(lambda: serves(college), 15)
    assert time.monotonic() - began < 10


def test_083_crash_recovery(college):
    """All of PostgreSQL ends at once; the workers live and serve again."""
    public, before = college.child("child-public"), postmaster(college)
    os.kill(before, signal.SIGQUIT)
    wait_for(lambda: postmaster(college) not in (None, before), 10)
    wait_for(lambda: serves(college), 15)
    assert college.child("child-public") == public


def test_091_sigterm_is_a_clean_end(college):
    assert college.stop() == 0
    assert not (college.state / "pg/postmaster.pid").exists()
    log = (college.state / "zhibud.log").read_text()
    assert "stopped status=0" in log
    college.start()


def test_092_everything_killed_and_started_again(college):
    rows = college.sql("SELECT count(*) FROM data.certificate")
    m = Machine(college, college.code("P1"))
    assert code_of(m.enrol()) is None
    college.kill()
    college.start()
    assert college.sql("SELECT count(*) FROM data.certificate") == \
        [[str(int(rows[0][0]) + 1)]]


def test_children_do_not_outlive_a_killed_supervisor(college):
    pids = college.pids()
    os.kill(college.process.pid, signal.SIGKILL)
    college.process.wait()
    wait_for(lambda: not any(Path(f"/proc/{p}").exists() for p in pids), 15)
    college.start()


def test_start_over_the_remains_of_a_killed_one(college):
    """Killed and started again at once, with PostgreSQL still about."""
    os.kill(college.process.pid, signal.SIGKILL)
    college.process.wait()
    college.start()
    assert serves(college)


def test_a_stale_lock_naming_another_program(college):
    """After a restart of the machine the number may be anybody's."""
    college.stop()
    lock = college.state / "pg/postmaster.pid"
    sleeper = subprocess.Popen([*AS_USER, "sleep", "60"])
    lock.write_text(f"{sleeper.pid}\n{college.state}/pg\n1\n5432\n{college.state}/pgsock\n\n")
    if AS_USER:
        shutil.chown(lock, "zhibu", "zhibu")
    os.chmod(lock, 0o600)
    try:
        college.start()
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_second_zhibud_is_refused(college):
    r = college.zhibud("run", check=False)
    assert r.returncode == 75 and str(college.state) in r.stderr
    assert serves(college)


def test_nothing_of_ours_can_be_traced_or_dumped(college):
    for pid in college.pids():
        name = command_line(pid)
        if "zhibud" not in name:
            continue
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert "Max core file size        0" in limits
        if os.getuid() == 0:  # an undumpable process belongs to root in /proc
            assert Path(f"/proc/{pid}/environ").stat().st_uid == 0, name


def test_files_of_the_state_folder_are_private(college):
    for p in college.state.rglob("*"):
        if p.is_file() and not p.is_symlink() and "crt" not in p.name:
            assert p.stat().st_mode & 0o077 == 0, p
    assert college.state.stat().st_mode & 0o077 == 0


def test_init_again_is_refused(college):
    r = college.zhibud("init", "--name", "另一学院", "--admin", "管理员", check=False)
    assert r.returncode == 73 and "不是空目录" in r.stderr


def test_init_assumes_no_names(college):
    for given in ((), ("--name", "学院"), ("--admin", "管理员"), ("--name", "", "--admin", "管理员")):
        r = college.zhibud("init", *given, check=False)
        assert r.returncode == 64 and "--name 学院名 --admin 姓名" in r.stderr, given
    r = college.zhibud("init", "--help", check=False)
    assert r.returncode == 0 and "--name 学院名 --admin 姓名" in r.stdout


def test_root_is_refused():
    if os.getuid() != 0:
        pytest.skip("not root")
    r = subprocess.run([BIN / "zhibud", "run"], text=True, capture_output=True)
    assert r.returncode == 64 and "root" in r.stderr


def test_085_newer_schema(college):
    college.sql("INSERT INTO migration.applied (name, sha256)"
                " VALUES ('schema/999_future.sql', '\\x00')")
    college.stop()
    r = college.zhibud("run", check=False)
    assert r.returncode == 78 and "schema/999_future.sql" in r.stderr
    r = college.zhibud("psql", "-XqAt", "-c", "DELETE FROM migration.applied"
                       " WHERE name = 'schema/999_future.sql'")
    college.start()


def test_085_an_applied_file_changed(college):
    college.sql("UPDATE migration.applied SET sha256 = '\\x00'"
                " WHERE name = 'schema/001_base.sql' RETURNING sha256")
    r = college.zhibud("migrate", check=False)
    assert r.returncode == 78 and "schema/001_base.sql" in r.stderr
    college.stop()
    assert college.zhibud("run", check=False).returncode == 78


def test_096_durability_switched_off():
    """synchronous_commit each connection sets itself; these it cannot."""
    s = Server()
    try:
        local = s.state / "pg/local.conf"
        local.write_text("fsync = off\n")
        if AS_USER:
            shutil.chown(local, "zhibu", "zhibu")
        s.process = subprocess.Popen(
            [*AS_USER, BIN / "zhibud", "run", "--state", s.state],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: (s.state / "zhibud.log").exists() and
                 "db_not_durable" in (s.state / "zhibud.log").read_text(), 20)
        assert s.zhibud("health", check=False).returncode != 0
    finally:
        s.close()


def test_084_external_database_away_at_start():
    """It starts, answers that it cannot serve now, and does when it can."""
    s = Server()
    try:
        conf = s.state / "zhibud.conf"
        text = conf.read_text().replace("mode = private", "mode = external\n" + "".join(
            f"{key} = host={s.base}/pg user={role} dbname=zhibu\n" for key, role in (
                ("owner_url", "zhibu_owner"), ("member_url", "zhibu_member"),
                ("public_url", "zhibu_public"))))
        conf.write_text(text)
        s.process = subprocess.Popen(
            [*AS_USER, BIN / "zhibud", "run", "--state", s.state],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: unavailable(s), 20)
        # PostgreSQL comes, under somebody else's hand
        (s.base / "pg").mkdir()
        if AS_USER:
            shutil.chown(s.base / "pg", "zhibu", "zhibu")
        pg = [*AS_USER, PG_BIN / "pg_ctl", "-D", s.state / "pg", "-w", "-s",
              "-l", s.base / "pg/log"]
        subprocess.run([*pg, "-o", f"-k {s.base}/pg", "start"], check=True)
        try:
            wait_for(lambda: serves(s), 20)
            assert s.stop() == 0
        finally:
            subprocess.run([*pg, "-m", "immediate", "stop"], check=True)
    finally:
        s.close()


def unavailable(server):
    try:
        w = Wire(server.public_port)
        reply = w.ask(request("enrol", secret=b"x" * 10, spki=b"", proof=b""), signed=False)
        w.close()
    except (OSError, EOFError):
        return False
    return code_of(reply) == "ZB106"
