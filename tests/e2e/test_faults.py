"""What happens when something breaks: cases 47 and 83 to 96 of the list of faults.

Where something is killed there is load, and afterwards the book is balanced
(load.py): every acknowledged write is there exactly once, and every one whose
outcome was not known is there exactly once after its repeat.
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from college import AS_USER, BIN, Server, wait_for
from load import (BUSY, CUT, OFFICER, RECORDER, STORAGE_FULL, UNAVAILABLE, Load, answer,
                  appoint, connect, cpu_seconds, eventually, held_in, meeting, packed, refusal)
from volume import Volume
from wire import Wire, request

EX_CONFIG = 78


@pytest.fixture(scope="module")
def home(server):
    return appoint(server)


@pytest.fixture
def college(home):
    """Serving before and after each test."""
    if home.process is None:
        home.start()
    eventually(home)[0].close()
    yield home
    if home.process is None:
        home.start()
    eventually(home)[0].close()


def log_of(server):
    return (server.state / "zhibud.log").read_text()


class Log:
    """What zhibud writes from now on."""

    def __init__(self, server):
        self.server, self.at = server, len(log_of(server))

    def text(self):
        return log_of(self.server)[self.at:]

    def has(self, pattern):
        return re.search(pattern, self.text())


def psql_super(server, text):
    return subprocess.run([*AS_USER, "psql", "-h", str(server.state / "pgsock"), "-U",
                           "zhibu_super", "-d", "zhibu", "-XqAt", "-c", text],
                          capture_output=True, text=True, timeout=60)


@contextlib.contextmanager
def function_replaced(server, signature, body):
    """A function of ours does something else meanwhile."""
    def define(text):
        return f"CREATE OR REPLACE FUNCTION {signature} AS $body${text}$body$"
    name = signature.split("(")[0]
    kept = "\n".join("\t".join(row) for row in server.sql(
        f"SELECT prosrc FROM pg_proc WHERE oid = '{name}'::regproc"))
    language = "LANGUAGE sql STABLE"
    assert language in signature
    server.sql(define(body).replace(language, "LANGUAGE plpgsql"))
    try:
        yield
    finally:
        server.sql(define(kept))


SEATS = "flow.seats(on_day date) RETURNS SETOF text LANGUAGE sql STABLE"


@contextlib.contextmanager
def locked(server, table, seconds):
    """Another transaction holds the table."""
    thread = threading.Thread(target=psql_super, args=(
        server, f"BEGIN; LOCK TABLE {table}; SELECT pg_sleep({seconds}); COMMIT"))
    thread.start()
    wait_for(lambda: server.sql("SELECT count(*) FROM pg_locks WHERE granted AND relation ="
                                f" '{table}'::regclass AND mode = 'AccessExclusiveLock'"
                                ) != [["0"]])
    yield
    thread.join()


# ---- one process dies -------------------------------------------------------------------

CHILDREN = ["child-member", "child-public", "child-signer", "postgres"]


@pytest.mark.parametrize("name", CHILDREN[:3])
def test_a_killed_child_is_restarted_and_no_other(college, name):
    log = Log(college)
    before = {c: college.child(c) for c in CHILDREN}
    os.kill(before[name], signal.SIGKILL)
    wait_for(lambda: college.child(name) not in (None, before[name]), 5)
    eventually(college, seconds=5)[0].close()
    eventually(college, None, seconds=5)[0].close()
    after = {c: college.child(c) for c in CHILDREN}
    assert [c for c in CHILDREN if before[c] != after[c]] == [name]
    assert log.has(rf"died child={name} exit=-1 signal=9")


def restart_signer(server):
    pid = server.child("child-signer")
    if pid:  # it may be waiting for its next start
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: server.child("child-signer") not in (None, pid), 10)
    wait_for(lambda: server.zhibud("health", check=False).returncode == 0, 15)


def test_enrolment_works_after_the_signer_died(college):
    restart_signer(college)
    college.sql("INSERT INTO data.person (id, name) VALUES ('P800', '新人')")
    w = connect(college, "P800")
    assert w.ask(request("whoami"), signed=False).whoami.person_id == "P800"
    w.close()


def test_member_worker_killed_under_load(college):
    with Load(college) as load:
        for _ in range(3):
            load.wait_for_acks(30)
            os.kill(college.child("child-member"), signal.SIGKILL)
        load.wait_for_acks(30)
    load.check()


# ---- the database dies (83) -------------------------------------------------------------

@pytest.mark.parametrize("victim", ["postmaster", "one backend", "all of it"])
def test_083_database_killed_under_load(college, victim):
    workers = [college.child(c) for c in CHILDREN[:3]]
    with Load(college) as load:
        for _ in range(2):
            load.wait_for_acks(30)
            pids = {"postmaster": [college.child("postgres")],
                    "one backend": college.backends("zhibu_member")[:1],
                    "all of it": [college.child("postgres"),
                                  *college.backends("zhibu_member")]}[victim]
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            load.wait_for_acks(30)
    assert load.longest_gap() < 10
    assert set(load.refused.values()) <= {BUSY, UNAVAILABLE}
    load.check()
    # nobody else was touched
    assert [college.child(c) for c in CHILDREN[:3]] == workers


def test_database_hangs(college):
    """Frozen, not dead: everybody gets an answer in bounded time, and after it goes
    on nothing is lost."""
    with configured(college, lambda text: re.sub("(read|write)_time = 5s", r"\1_time = 1s",
                                                 text)):
        college.start()
        freeze_and_ask(college)
        college.stop()


def freeze_and_ask(college):
    w = connect(college, timeout=20)
    payload = packed(meeting("hangs"))
    frozen = college.backends("zhibu_member")
    assert frozen
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        since = time.monotonic()
        sent = {w.send(payload), w.send(request("whoami"), signed=False)}
        # the public port has connections of its own
        p = Wire(college.public_port)
        assert not p.ask(request("public_notices"), signed=False).HasField("refusal")
        assert time.monotonic() - since < 2
        p.close()
        answers = [w.receive() for _ in sent]
        assert {n for n, _ in answers} == sent
        assert time.monotonic() - since < 14  # two connections, six seconds each
        assert {refusal(r).code for _, r in answers} <= {BUSY, UNAVAILABLE}
    finally:
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    w.close()
    w, _ = eventually(college)
    number = answer(w, payload)[1].new_meeting.meeting_id
    assert held_in(college, "hangs") == [number]
    w.close()


# ---- the database is not there, or not ours (84, 85, 96) -----------------------------------

@contextlib.contextmanager
def postgres(server):
    """Started by somebody else, as in external mode."""
    program, = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    process = subprocess.Popen([*AS_USER, program, "-D", server.state / "pg"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


@contextlib.contextmanager
def configured(server, change):
    """Stopped, with another zhibud.conf."""
    conf = server.state / "zhibud.conf"
    kept = conf.read_text()
    server.stop()
    conf.write_text(change(kept))
    try:
        yield
    finally:
        if server.process:
            server.stop()
        conf.write_text(kept)


def external(server):
    """For a database somebody else runs."""
    url = f"host={server.state}/pgsock dbname=zhibu user=zhibu_"
    return configured(server, lambda text: text.replace(
        "mode = private", "mode = external\n" + "\n".join(
            f"{role}_url = {url}{role}" for role in ("owner", "member", "public"))))


def begin(server, *prefix):
    """Started, and not yet asked whether all is well: a connection."""
    log = open(server.base / "log", "ab")
    server.process = subprocess.Popen(
        [*prefix, *AS_USER, BIN / "zhibud", "run", "--state", server.state],
        stdout=log, stderr=log)
    wires = []

    def heard():
        with contextlib.suppress(*CUT):
            wires.append(connect(server))
            return True
    wait_for(heard, 10)
    return wires[0]


def test_084_no_database_at_start(college):
    with external(college):
        w = begin(college)
        for ask in (request("whoami"), meeting("084")):
            assert refusal(w.ask(ask)).code == UNAVAILABLE
        with postgres(college):
            again, seconds = eventually(college, seconds=15)
            assert seconds < 10
            again.close()
            # the old connection is served, too
            assert w.ask(request("whoami"), signed=False).whoami.person_id == RECORDER
            w.close()
            assert college.stop() == 0


def test_084_ends_in_peace_without_a_database(college):
    with external(college):
        w = begin(college)
        since = time.monotonic()
        assert college.stop() == 0
        assert time.monotonic() - since < 5
        w.close()


def test_084_private_database_that_cannot_start(college):
    college.stop()
    control = college.state / "pg/global/pg_control"
    away = control.with_name("away")
    control.rename(away)
    try:
        said = refuses_to_start(college, os.EX_UNAVAILABLE)
        assert f"{college.state}/pg/log" in said
    finally:
        away.rename(control)


def test_085_function_missing(college):
    """The contract of messages and functions no longer fits."""
    college.sql("DROP FUNCTION call.list_meetings")
    log = Log(college)
    os.kill(college.child("child-member"), signal.SIGKILL)
    assert college.process.wait(15) == EX_CONFIG
    college.process = None
    assert log.has(r"contract list_meetings: no such function in schema call")
    assert log.has(r"died child=child-member exit=78")
    # made anew with the rules at the next start
    with postgres(college):
        wait_for(lambda: psql_super(college, "DELETE FROM migration.applied"
                                    " WHERE name = 'rule, api, call'").returncode == 0)
    college.start()
    w, _ = eventually(college)
    assert not w.ask(request("list_meetings"), signed=False).HasField("refusal")
    w.close()


def test_085_column_of_another_type(college):
    college.sql("ALTER TYPE api.meeting_row ALTER ATTRIBUTE held_on TYPE text CASCADE")
    log = Log(college)
    os.kill(college.child("child-member"), signal.SIGKILL)
    assert college.process.wait(15) == EX_CONFIG
    college.process = None
    assert log.has(r"contract reply list_meetings.*held_on")
    with postgres(college):
        wait_for(lambda: psql_super(
            college, "ALTER TYPE api.meeting_row ALTER ATTRIBUTE held_on TYPE date CASCADE"
        ).returncode == 0)


def refuses_to_start(server, code=EX_CONFIG):
    """What it says about it."""
    r = subprocess.run([*AS_USER, BIN / "zhibud", "run", "--state", server.state],
                       capture_output=True, text=True, timeout=60)
    assert r.returncode == code, r
    return r.stderr


def test_085_database_of_a_newer_program(college):
    college.sql("INSERT INTO migration.applied (name, sha256)"
                " VALUES ('schema/900_later.sql', '\\x00')")
    college.stop()
    assert "schema/900_later.sql" in refuses_to_start(college)
    with postgres(college):
        wait_for(lambda: psql_super(college, "DELETE FROM migration.applied WHERE name ="
                                    " 'schema/900_later.sql'").returncode == 0)


def test_085_migration_file_that_was_changed(college):
    college.sql("UPDATE migration.applied SET sha256 = sha256 || '\\x00'"
                " WHERE name = 'schema/001_base.sql'")
    college.stop()
    assert "schema/001_base.sql" in refuses_to_start(college)
    with postgres(college):
        wait_for(lambda: psql_super(
            college, "UPDATE migration.applied SET sha256 = substr(sha256, 1, 32)"
            " WHERE name = 'schema/001_base.sql'").returncode == 0)


@contextlib.contextmanager
def local_conf(server, text):
    """Somebody's own settings of PostgreSQL, from a restart on."""
    conf = server.state / "pg/local.conf"
    server.stop()
    conf.write_text(text)
    if AS_USER:
        shutil.chown(conf, "zhibu", "zhibu")
    try:
        yield
    finally:
        if server.process:
            server.stop()
        conf.unlink()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_096_not_durable_is_not_served(college, setting):
    log = Log(college)
    with local_conf(college, f"{setting} = off\n"):
        w = begin(college)
        for ask in (request("whoami"), meeting("096")):
            assert refusal(w.ask(ask)).code == UNAVAILABLE
        w.close()
        wait_for(lambda: log.has(r"error db_not_durable .*synchronous_commit, fsync"))
    college.start()
    assert held_in(college, "096") == []


def test_096_synchronous_commit_cannot_be_taken_away(college):
    """Off for the cluster and for the role itself: on in every connection of ours."""
    psql_super(college, "ALTER ROLE zhibu_member SET synchronous_commit = off")
    try:
        with local_conf(college, "synchronous_commit = off\n"):
            college.start()
            assert psql_super(college, "SHOW synchronous_commit").stdout.strip() == "off"
            told = "BEGIN PERFORM refuse.invalid('x', current_setting('synchronous_commit')); END"
            with function_replaced(college, SEATS, told):
                w, _ = eventually(college)
                assert refusal(w.ask(meeting("096"))).reasons[0].key == "remote_apply"
                w.close()
        college.start()
    finally:
        psql_super(college, "ALTER ROLE zhibu_member RESET synchronous_commit")


# ---- the database is slow (88) -----------------------------------------------------------------

def test_088_lock_held(college):
    w, other = connect(college), connect(college, OFFICER)
    payload = packed(meeting("088"))
    with locked(college, "data.meeting", 5):
        since = time.monotonic()
        r = refusal(answer(w, payload)[1])
        assert r.code == BUSY and not r.outcome_unknown
        assert time.monotonic() - since < 4
        # reads and writes of other things went on
        since = time.monotonic()
        assert other.ask(request("whoami"), signed=False).whoami.person_id == OFFICER
        assert time.monotonic() - since < 1
    # the connection is good, and so is the key
    number = answer(w, payload)[1].new_meeting.meeting_id
    assert held_in(college, "088") == [number]
    w.close(), other.close()


def test_088_a_lock_shorter_than_patience_is_waited_for(college):
    w = connect(college)
    with locked(college, "data.meeting", 1.5):
        assert not w.ask(meeting("088 short")).HasField("refusal")
    w.close()


def test_088_statement_too_long(college):
    w, other = connect(college), connect(college)
    with function_replaced(college, SEATS, "BEGIN PERFORM pg_sleep(20); END"):
        since = time.monotonic()
        w.send(meeting("088 long"))
        # the other write connection serves everybody else
        assert not other.ask(request("whoami"), signed=False).HasField("refusal")
        assert time.monotonic() - since < 2
        assert refusal(w.receive()[1]).code == BUSY
        assert 4 < time.monotonic() - since < 8
    assert not w.ask(meeting("088 long")).HasField("refusal")
    assert len(held_in(college, "088 long")) == 1
    w.close(), other.close()


def test_088_deadlock_is_tried_again(college):
    """Two transactions that meet crosswise: PostgreSQL ends one of them, which is
    ours to repeat, not the caller's."""
    w = connect(college)
    crosswise = threading.Thread(target=psql_super, args=(college, """
        BEGIN; LOCK TABLE data.idem IN SHARE MODE; SELECT pg_sleep(0.7);
        SET LOCAL deadlock_timeout = '10s'; LOCK TABLE data.meeting; COMMIT"""))
    told = ("BEGIN LOCK TABLE data.meeting IN SHARE UPDATE EXCLUSIVE MODE;"
            " PERFORM pg_sleep(0.5); RETURN QUERY SELECT DISTINCT o.person_id FROM"
            " data.office o WHERE o.role IN ('committee_member', 'committee_secretary'); END")
    with function_replaced(college, SEATS, told):
        crosswise.start()
        reply = w.ask(meeting("deadlock"))
        crosswise.join()
    assert not reply.HasField("refusal"), reply
    assert len(held_in(college, "deadlock")) == 1
    w.close()


# ---- no more descriptors (89) ---------------------------------------------------------------------

def test_089_out_of_descriptors(college):
    with external(college), postgres(college):
        log = Log(college)
        w = begin(college, "prlimit", "--nofile=56:56")
        eventually(college)[0].close()
        pid = college.child("child-member")
        socks = [socket.create_connection(("127.0.0.1", college.member_port))
                 for _ in range(40)]
        wait_for(lambda: log.has("reason=shed_descriptors"), 5)
        used, since = cpu_seconds(pid), time.monotonic()
        # who is connected is served, and nothing spins
        for _ in range(10):
            assert w.ask(request("whoami"), signed=False).whoami.person_id == RECORDER
            time.sleep(0.1)
        assert cpu_seconds(pid) - used < 0.3 * (time.monotonic() - since)
        for s in socks:
            s.close()
        eventually(college, seconds=10)[0].close()
        assert college.child("child-member") == pid
        w.close()
        assert college.stop() == 0


# ---- the service ends (91, 92) ----------------------------------------------------------------------

def test_091_sigterm_under_load(college):
    for _ in range(2):
        with Load(college) as load:
            load.wait_for_acks(40)
            assert college.stop() == 0
            acked = len(load.acked)
            college.start()
            load.wait_for_acks(20)
        assert len(load.acked) >= acked + 20
        load.check()


def test_091_what_is_in_flight_is_finished(college):
    w = connect(college)
    with locked(college, "data.meeting", 1.5):
        w.send(packed(meeting("in flight")))
        time.sleep(0.2)
        college.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises(CUT):
            connect(college)
        number = w.receive()[1].new_meeting.meeting_id
        assert number and w.closed_by_peer()
        assert college.process.wait(15) == 0
        college.process = None
        # the table's lock was held by the same PostgreSQL, which has ended too
    college.start()
    assert held_in(college, "in flight") == [number]


def test_092_everything_killed_under_load(college):
    with Load(college) as load:
        for _ in range(3):
            load.wait_for_acks(40)
            college.kill()
            college.start()
        load.wait_for_acks(20)
    load.check()


def test_092_supervisor_alone_killed(college):
    """What it started ends with it; the next one begins on clean ground."""
    with Load(college) as load:
        load.wait_for_acks(30)
        others = college.pids()[1:]
        os.kill(college.process.pid, signal.SIGKILL)
        college.process.wait()
        wait_for(lambda: not any(alive(p) for p in others), 20)
        college.start()
        load.wait_for_acks(20)
    load.check()


def test_092_lock_files_that_name_somebody_else(college):
    """After a power cut the numbers in them may be another program's."""
    college.stop()
    somebody = subprocess.Popen([*AS_USER, "sleep", "60"])
    folder = college.state / "pg"
    for lock in (folder / "postmaster.pid", college.state / "pgsock/.s.PGSQL.5432.lock"):
        lock.write_text(f"{somebody.pid}\n{folder}\n1\n5432\n{college.state}/pgsock\n")
        lock.chmod(0o600)
        if AS_USER:
            shutil.chown(lock, "zhibu", "zhibu")
    try:
        college.start()
        eventually(college)[0].close()
        assert somebody.poll() is None
    finally:
        somebody.kill()
        somebody.wait()


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_only_one_at_a_time(college):
    """A second zhibud on the same folder leaves the first alone."""
    said = refuses_to_start(college, os.EX_TEMPFAIL)
    assert str(college.state) in said
    eventually(college)[0].close()


# ---- the client's side of it (43, 109) -----------------------------------------------------------------

@pytest.fixture
def officer(college):
    if not (BIN / "zhibu").exists():
        pytest.skip("zhibu is not in this build")
    return college.person(os.urandom(3).hex(), college.code(OFFICER))


def units(server, name):
    return len(server.sql(f"SELECT id FROM data.outside_unit WHERE name = '{name}'"))


def kill_client(college, process):
    process.kill()


def kill_worker(college, process):
    os.kill(college.child("child-member"), signal.SIGKILL)


def kill_everything(college, process):
    college.kill()
    college.start()


@pytest.mark.parametrize("cut", [kill_client, kill_worker, kill_everything])
def test_109_cut_in_the_middle_of_a_write(college, officer, cut):
    """While it waits for a lock; afterwards sync (or the command itself, which goes
    on trying) brings it to one effect."""
    name = cut.__name__
    with locked(college, "data.outside_unit", 1.5):
        process = subprocess.Popen(
            [str(BIN / "zhibu"), "unit", "add", name, "--kind", "学校"], env=officer.env(),
            cwd=officer.dir, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        cut(college, process)
        assert process.wait(60) in (0, 9, -signal.SIGKILL)
    eventually(college)[0].close()
    officer("sync")
    assert units(college, name) == 1
    # nothing is left over; the same command is a new request now, which finds it there
    assert re.search("未得到答复的提交 +0", officer("status").out)
    officer.refused(7, "unit", "add", name, "--kind", "学校")
    assert units(college, name) == 1


def test_T49_095_restored_from_an_hour_ago(college, officer):
    """The database comes back as it was before a write whose answer was lost: what the
    outbox kept is sent again, and is done there once.  What was written down of the trace
    says that it is an older one, and how much is gone."""
    college.sql("INSERT INTO data.person (id, name) VALUES ('P999', '审计员');"
                " INSERT INTO data.office (person_id, org_id, role, from_on)"
                " VALUES ('P999', 'DW', 'administrator', '2026-01-01')")
    auditor = college.person("审计员", college.code("P999"))
    pg, aside = college.state / "pg", college.base / "hour-ago"
    college.stop()
    subprocess.run(["cp", "-a", pg, aside], check=True)
    college.start()
    with locked(college, "data.outside_unit", 1.5):
        process = subprocess.Popen(
            [str(BIN / "zhibu"), "unit", "add", "恢复", "--kind", "学校"], env=officer.env(),
            cwd=officer.dir, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        process.kill()
        process.wait()
    wait_for(lambda: units(college, "恢复") == 1)
    last = college.sql("SELECT max(id) FROM audit.event")[0][0]
    written = auditor.json("audit", "verify", last)
    assert auditor.json("audit", "verify", last, written["digest"])["intact"]
    college.stop()
    shutil.rmtree(pg)
    aside.rename(pg)
    college.start()
    eventually(college)[0].close()
    assert units(college, "恢复") == 0
    now = auditor.json("audit", "verify", last, written["digest"])
    assert not now["intact"] and int(now["lastNo"]) < int(last)
    officer("sync")
    assert units(college, "恢复") == 1
    assert "没有要送出的内容" in officer("sync").err
    assert units(college, "恢复") == 1


# ---- files of our own (47, 94) --------------------------------------------------------------------------

def test_047_authority_expired(college):
    college.stop()
    crt, key = college.state / "authority.crt", college.state / "authority.key"
    kept = crt.read_bytes()
    old = x509.load_pem_x509_certificate(kept)
    now = datetime.now(timezone.utc)
    b = (x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer)
         .public_key(old.public_key()).serial_number(old.serial_number)
         .not_valid_before(now - timedelta(days=400))
         .not_valid_after(now - timedelta(days=1)))
    for e in old.extensions:
        b = b.add_extension(e.value, e.critical)
    expired = b.sign(serialization.load_pem_private_key(key.read_bytes(), None),
                     hashes.SHA256())
    crt.write_bytes(expired.public_bytes(serialization.Encoding.PEM))
    try:
        said = refuses_to_start(college)
        assert "authority.crt" in said and "zhibud init" in said
    finally:
        crt.write_bytes(kept)


@pytest.mark.parametrize("damage", ["truncated", "open to others", "missing"])
def test_047_key_of_the_authority(college, damage):
    """Nothing can stand in for it: the service says so and ends."""
    college.stop()
    key = college.state / "authority.key"
    kept = key.read_bytes()
    log = Log(college)
    with spoilt(key, damage):
        refuses_to_start(college)
    assert log.has(r"signer_start cannot=read_key path=\S*authority.key")
    assert key.read_bytes() == kept


@contextlib.contextmanager
def spoilt(path, damage):
    kept, was = path.read_bytes(), path.stat()
    if damage == "truncated":
        path.write_bytes(kept[:len(kept) // 2])
    elif damage == "missing":
        path.unlink()
    else:
        path.chmod(0o644)
    try:
        yield
    finally:
        path.write_bytes(kept)
        path.chmod(was.st_mode & 0o777)
        os.chown(path, was.st_uid, was.st_gid)


@pytest.mark.parametrize("file,damage", [
    ("server.key", "truncated"), ("server.key", "open to others"), ("server.key", "missing"),
    ("server.crt", "truncated"), ("server.crt", "missing")])
def test_047_key_of_the_server(college, file, damage):
    """Made anew by the authority; nobody has to do anything.  A key that others
    could read is used no more."""
    college.stop()
    path = college.state / file
    kept = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(kept[:len(kept) // 2])
    elif damage == "missing":
        path.unlink()
    else:
        path.chmod(0o644)
    college.start()
    eventually(college)[0].close()
    assert path.read_bytes() != kept
    assert (college.state / "server.key").stat().st_mode & 0o777 == 0o600


def test_094_what_was_signed_cannot_be_recorded(college):
    """The signer's own file stands on a full disk: no certificate leaves it."""
    if os.getuid() != 0:
        pytest.skip("needs root to mount a small file system")
    record, aside = college.state / "signer.log", college.base / "full"
    aside.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", aside],
                      capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here")
    full = aside / "signer.log"
    text = record.read_bytes()
    full.write_bytes(text + b"-" * (4095 - len(text) % 4096) + b"\n")
    shutil.chown(full, record.owner(), record.group())
    with open(aside / "filler", "ab", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(b"\0" * 4096)
    college.sql("INSERT INTO data.person (id, name) VALUES ('P801', '新人')")
    subprocess.run(["mount", "--bind", full, record], check=True)
    try:
        restart_signer(college)
        with pytest.raises(AssertionError, match=UNAVAILABLE):
            college.credentials("P801")
        assert college.sql("SELECT FROM data.certificate WHERE person_id = 'P801'") == []
        eventually(college)[0].close()
    finally:
        subprocess.run(["umount", "-l", record, aside], check=True)
    restart_signer(college)
    shutil.rmtree(college.base / "wire-P801")
    w = connect(college, "P801")
    assert w.ask(request("whoami"), signed=False).whoami.person_id == "P801"
    w.close()


# ---- full disks (86, 87) ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def small():
    """A server whose data and whose log of changes stand on small volumes."""
    s, volumes = Server(), {}
    try:
        try:
            for name, megabytes in (("base", 90), ("pg_wal", 120)):
                volumes[name] = Volume(s.state / "pg" / name, megabytes)
        except OSError as why:
            pytest.skip(str(why))
        appoint(s.start())
        yield s, volumes
    finally:
        if s.process:
            s.stop(60)
        for v in volumes.values():
            v.unmount()
        s.close()


def test_086_disk_of_the_data_full(small):
    server, volumes = small
    volume = volumes["base"]
    reader = connect(server)
    with Load(server, writers=2) as load:
        load.wait_for_acks(10)
        volume.fill()
        wait_for(lambda: STORAGE_FULL in load.refused.values(), 30)
        # reads go on
        for _ in range(20):
            assert reader.ask(request("whoami"), signed=False).whoami.person_id == RECORDER
        assert not reader.ask(request("list_meetings"), signed=False).HasField("refusal")
        volume.empty()
        load.wait_for_acks(30)
    assert set(load.refused.values()) <= {STORAGE_FULL, BUSY, UNAVAILABLE}
    load.check()
    reader.close()


def test_087_disk_of_the_log_full(small):
    """PostgreSQL ends itself then, again and again, until there is space."""
    server, volumes = small
    volume = volumes["pg_wal"]
    with Load(server, writers=2) as load:
        load.wait_for_acks(10)
        volume.fill()

        def down():
            psql_super(server, "CREATE TABLE IF NOT EXISTS public.x (); SELECT pg_switch_wal()")
            return UNAVAILABLE in load.refused.values() or len(load.unknown) >= 2
        wait_for(down, 40)
        time.sleep(2)
        volume.empty()
        load.wait_for_acks(30, seconds=40)
    assert set(load.refused.values()) <= {STORAGE_FULL, BUSY, UNAVAILABLE}
    load.check()
