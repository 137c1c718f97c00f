"""The parts of the benchmark, each a pair of things measured alternately."""
import base64
import json
import os
import re
import subprocess
import time
from datetime import date
from pathlib import Path

import chart
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from world import (APPLICATION, AS_USER, BIN, OFFICER, PG, SESSION, Outcome, Peer, World, at_nice,
                   begin_load, envelope, evaluation_pb2, field, free_ports, http, load, median,
                   payload, pgbench, write_requests)

CONNECTIONS = 64
UPLOAD_FILES, UPLOAD_BYTES = 10, 20_000_000
CHUNK = 256 * 1024


class Scale:
    """How long everything takes."""

    def __init__(self, opt):
        self.rounds = opt.rounds or (1 if opt.smoke else 5)
        self.seconds = 0.3 if opt.smoke else 0.4 if opt.quick else 3
        # enough that none runs out of them before its time, and beside the sheets
        self.ballots = 2048 if opt.smoke else 20480 if opt.quick else 131072
        self.all_ballots = 49152 if opt.quick else self.ballots
        self.notes = 64 if opt.smoke else 768 if opt.quick else 4096
        self.clients = ([16] if opt.smoke else [16, 64] if opt.quick
                        else [1, 2, 4, 8, 16, 32, 64])
        self.idle = 200 if opt.smoke else 10_000
        self.files = 1 if opt.smoke else UPLOAD_FILES
        self.commands = 3 if opt.smoke else 40


class Bench:
    def __init__(self, opt, say):
        self.opt, self.say, self.scale = opt, say, Scale(opt)
        self.curves, self.where, self.found, self.peers = {}, {}, {}, {}
        self.world = World(self.scale.all_ballots, base=opt.base)

    def close(self):
        for p in self.peers.values():
            p.close()
        self.world.close()

    def settings(self):
        s = self.world.settings
        return (f"PostgreSQL {s['server_version']}, fsync {s['fsync']}, synchronous_commit"
                f" {s['synchronous_commit']}, full_page_writes {s['full_page_writes']}")

    def run(self):
        self.world.begin()
        ratios = {}
        for name in ("cast", "sheet", "submit", "handshakes", "cli", "upload", "tail",
                     "idle"):
            if not self.opt.only or name in self.opt.only:
                self.say(name)
                ratios.update(getattr(self, name)())
        return ratios

    def alternate(self, what, **ways):
        """Medians of each way's rate over the rounds."""
        got = {name: [] for name in ways}
        for _ in range(self.scale.rounds):
            for name, way in ways.items():
                got[name].append(way())
        self.found[what] = {n: median([o.rate for o in v]) for n, v in got.items()}
        spans = "  ".join(f"{n} {m:.0f} ({min(o.rate for o in got[n]):.0f}-"
                          f"{max(o.rate for o in got[n]):.0f})"
                          for n, m in self.found[what].items())
        self.say(f"{what}: {spans} a second")
        for name, outcomes in got.items():
            if "cost" in outcomes[0]:
                self.where[what, name] = [median(c) for c in
                                          zip(*(o.cost for o in outcomes))]
            points = self.curves.get(what, {}).get(name)
            if points and CONNECTIONS not in [n for n, *_ in points]:
                points.append((CONNECTIONS, self.found[what][name],
                               median([o.p50_us for o in outcomes])))
        return self.found[what]

    def curve(self, what, name, way, clients):
        """How fast it is with so many connections."""
        points = [(n, way(n)) for n in clients]
        self.curves.setdefault(what, {})[name] = [(n, o.rate, o.p50_us) for n, o in points]
        return points

    def best(self, what, way):
        """The number of clients at which pgbench is fastest, and how many transactions
        each makes in the time that all have: by the clock it takes whole seconds."""
        n, o = max(self.curve(what, "pgbench", way, self.scale.clients),
                   key=lambda p: p[1].rate)
        return n, round(o.rate * self.scale.seconds / n)

    def fewer(self, what, **ways):
        """The same with fewer connections than alternate(), which adds its own point."""
        for name, way in ways.items():
            self.curve(what, name, way, [n for n in self.scale.clients if n < CONNECTIONS])

    def peer(self, name):
        if name not in self.peers:
            self.peers[name] = Peer(self.world, name)
        return self.peers[name]

    # ---- casting ------------------------------------------------------------------
    @staticmethod
    def cast_requests(w, n=None):
        return write_requests(w.base / "cast", (envelope(payload(
            "cast_ballot", field(1, SESSION.encode()) + field(2, b["token"]) +
            field(3, b["sealed"]) + field(4, b["signature"]))) for b in w.ballots[:n]))

    def cast(self):
        w, n, seconds = self.world, self.scale.ballots, self.scale.seconds
        ours = self.cast_requests(w, n)
        theirs = write_requests(w.base / "cast.http", (http("POST", "/cast", json.dumps({
            "session_id": SESSION, **{k: base64.b64encode(b[k]).decode()
                                      for k in ("token", "sealed", "signature")}
        }).encode()) for b in w.ballots[:n]))

        def zhibud(connections=CONNECTIONS, depth=1):
            w.renew_slips(n)
            return load(w, w.public_port, ours, "-1", "-d", str(depth), certificate=None,
                        connections=connections, seconds=seconds)

        def bare(clients, each=None):
            w.renew_slips(n)
            return pgbench(w, "zhibu_public", f"""
\\set n :n + 1
\\set i :client_id * {n // clients} + :n - 1
SELECT c.receipt FROM bench.ballot b, LATERAL call.cast_ballot(NULL, NULL, NULL, NULL, NULL,
    '{SESSION}', b.token, b.sealed, b.signature) c WHERE b.i = :i;
""", clients, seconds=seconds, each=each, n=0)

        def peer(name, connections=CONNECTIONS):
            p = self.peer(name)
            w.renew_slips(n)
            return load(w, p.port, theirs, "-1", "-H", certificate=None,
                        connections=connections, seconds=seconds)

        best = self.best("cast", bare)
        self.fewer("cast", zhibud=zhibud, go=lambda n: peer("go", n),
                   python=lambda n: peer("python", n))
        got = self.alternate("cast", zhibud=zhibud, pgbench=lambda: bare(*best),
                             go=lambda: peer("go"), python=lambda: peer("python"))
        return {f"cast_vs_{k}": got["zhibud"] / got[k] for k in ("pgbench", "go", "python")}

    # ---- reading a sheet -------------------------------------------------------------
    def sheet_requests(self):
        return write_requests(self.world.base / "sheet", [envelope(payload(
            "show_evaluation", field(1, APPLICATION.encode()), acting=OFFICER))])

    def sheet(self):
        w, seconds = self.world, self.scale.seconds
        ours = self.sheet_requests()
        theirs = write_requests(w.base / "sheet.http", [http(
            "GET", f"/sheet?application={APPLICATION}&acting={OFFICER}", X_Certificate=w.fp)])

        def zhibud(connections=CONNECTIONS):
            return load(w, w.member_port, ours, connections=connections, seconds=seconds)

        def bare(clients, each=None):
            return pgbench(w, "zhibu_member", f"""
SELECT * FROM call.show_evaluation('\\x{w.fp}'::bytea, '{OFFICER}', NULL, NULL, NULL,
    '{APPLICATION}');""", clients, seconds=seconds, each=each)

        def peer(name, connections=CONNECTIONS):
            return load(w, self.peer(name).port, theirs, "-H", connections=connections,
                        seconds=seconds)

        best = self.best("sheet", bare)
        self.fewer("sheet", zhibud=zhibud, go=lambda n: peer("go", n),
                   python=lambda n: peer("python", n))
        got = self.alternate("sheet", zhibud=zhibud, pgbench=lambda: bare(*best),
                             go=lambda: peer("go"), python=lambda: peer("python"))
        return {f"sheet_vs_{k}": got["zhibud"] / got[k] for k in ("pgbench", "go", "python")}

    # ---- a signed write ---------------------------------------------------------------
    def submit(self):
        w, n = self.world, self.scale.notes
        key = load_pem_private_key(Path(w.key).read_bytes(), None)
        day = (date(2026, 10, 10) - date(1970, 1, 1)).days
        requests = []
        for i in range(n):
            note = evaluation_pb2.AddNote(org_id=f"B{i % 1000 + 1}", source=1, happened_on=day,
                              text="参加支部主题党日，与党员交谈。")
            body = payload("add_note", note.SerializeToString(), os.urandom(16), OFFICER)
            requests.append(envelope(body, key.sign(body, ec.ECDSA(hashes.SHA256()))))
        ours = write_requests(w.base / "submit", requests)

        def zhibud(connections=CONNECTIONS):
            w.renew_notes()
            return load(w, w.member_port, ours, "-1", connections=connections)

        def bare(clients):
            w.renew_notes()
            return pgbench(w, "zhibu_member", f"""
\\set n :n + 1
\\set org :client_id * 1000 / {clients} + mod(:n, 1000 / {clients}) + 1
SELECT * FROM call.add_note({arguments});""", clients, each=n // clients, n=0)

        # whatever else it takes by now is left out
        given = {"z_fp": f"'\\x{w.fp}'", "z_acting": f"'{OFFICER}'",
                 "z_key": "decode(md5(:client_id || ' ' || :n), 'hex')",
                 "z_payload": f"'\\x{requests[0][3:-74].hex()}'",
                 "z_signature": f"'\\x{requests[0][-70:].hex()}'", "org_id": "'B' || :org",
                 "source": "'VISIT'", "happened_on": "'2026-10-10'",
                 "text": "'参加支部主题党日，与党员交谈。'"}
        arguments = ", ".join(given.get(name, "NULL") for name, in w.sql(
            "SELECT unnest(proargnames) FROM pg_proc WHERE oid ="
            " (SELECT oid FROM pg_proc WHERE proname = 'add_note'"
            " AND pronamespace = 'call'::regnamespace)"))
        clients, _ = self.best("submit", bare)
        self.fewer("submit", zhibud=zhibud)
        got = self.alternate("submit", zhibud=zhibud, pgbench=lambda: bare(clients))
        return {"submit_vs_pgbench": got["zhibud"] / got["pgbench"]}

    # ---- connections -------------------------------------------------------------------
    def handshakes(self):
        w, seconds, port = self.world, self.scale.seconds, free_ports(1)[0]
        whoami = write_requests(w.base / "whoami", [envelope(payload("whoami", b""))])
        tls = ["-cert", w.state / "server.crt", "-key", w.state / "server.key"]
        server = subprocess.Popen(
            [*AS_USER, "openssl", "s_server", "-accept", f"127.0.0.1:{port}", *tls,
             "-CAfile", w.state / "authority.crt", "-Verify", "2", "-tls1_3", "-www",
             "-quiet"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(0.5)

        def zhibud():
            return load(w, w.member_port, whoami, "-m", "handshake", connections=8,
                        seconds=seconds)

        def openssl():
            """By our clock: its own tells whole seconds, one more than it may have taken."""
            began = time.perf_counter()
            r = subprocess.run(
                ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new",
                 "-www", "/", "-time", str(max(1, round(seconds))), "-cert", w.certificate,
                 "-key", w.key, "-CAfile", w.state / "authority.crt"],
                capture_output=True, text=True)
            n = re.search(r"(\d+) connections in \d+ real seconds", r.stdout).group(1)
            return Outcome(rate=int(n) / (time.perf_counter() - began))

        try:
            got = self.alternate("handshakes", zhibud=zhibud, openssl=openssl)
        finally:
            server.terminate()
            server.wait()
        return {"handshakes_vs_openssl": got["zhibud"] / got["openssl"]}

    def idle(self):
        w, n = self.world, self.scale.idle
        worker = w.child("child-member")

        def resident():
            text = Path(f"/proc/{worker}/status").read_text()
            return int(re.search(r"RssAnon:\s+(\d+)", text).group(1))

        before = resident()
        end = begin_load(w, w.member_port, None, "-m", "idle", connections=n)
        assert end.process.stdout.readline() == "ready\n", "not all connections were taken"
        time.sleep(1)
        each = (resident() - before) / n
        end()
        self.say(f"idle: {each:.1f} KiB each of {n} connections")
        return {"idle_kib_per_connection": each}

    # ---- the client -------------------------------------------------------------------
    def cli(self):
        w = self.world
        tls = ["-connect", f"127.0.0.1:{w.member_port}", "-CAfile",
               str(w.state / "authority.crt"), "-cert", w.certificate, "-key", w.key,
               "-tls1_3", "-alpn", "zhibu/1", "-verify_return_error", "-no_ign_eof"]
        officer = w.officer

        def timed(args, env):
            null = os.open("/dev/null", os.O_RDWR)
            began = time.perf_counter()
            pid = os.posix_spawn(args[0], args, env, file_actions=[
                (os.POSIX_SPAWN_DUP2, null, k) for k in (0, 1, 2)])
            status = os.waitpid(pid, 0)[1]
            took = time.perf_counter() - began
            os.close(null)
            assert status == 0, args
            return took

        def many(args, env):
            times = [timed(args, env) for _ in range(self.scale.commands)]
            return Outcome(rate=1 / median(times))

        got = self.alternate(
            "cli", zhibud=lambda: many([str(BIN / "zhibu"), "--as", OFFICER, "whoami"],
                                       officer.env()),
            s_client=lambda: many(["/usr/bin/openssl", "s_client", *tls],
                                  dict(os.environ)))
        return {"cli_vs_handshake": got["s_client"] / got["zhibud"]}

    # ---- evidence ----------------------------------------------------------------------
    def evidence(self):
        """Files no compression helps, and the same bytes as \\copy reads them."""
        w = self.world
        folder = w.secretary.dir / "evidence"
        if folder.exists():
            return sorted(folder.iterdir()), w.base / "copy.bin"
        folder.mkdir()
        with open(w.base / "copy.bin", "wb") as out:
            out.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for i in range(self.scale.files):
                data = b"%PDF-1.4\n" + os.urandom(UPLOAD_BYTES - 9)
                (folder / f"材料{i}.pdf").write_bytes(data)
                for at in range(0, len(data), CHUNK):
                    part = data[at:at + CHUNK]
                    out.write(b"\0\1" + len(part).to_bytes(4, "big") + part)
            out.write(b"\xff\xff")
        os.chmod(w.base / "copy.bin", 0o644)
        w.psql("CREATE TABLE bench.bytes (data bytea);"
               "ALTER TABLE bench.bytes ALTER data SET STORAGE EXTERNAL")
        return sorted(folder.iterdir()), w.base / "copy.bin"

    def clear_evidence(self):
        """Both ways begin with an empty table.  Under a lock: a client that was stopped
        may have a chunk on its way still."""
        mine = "IN (SELECT id FROM data.file WHERE name LIKE '材料%')"
        self.world.psql("BEGIN; LOCK TABLE data.file, data.file_chunk, data.file_link;"
                        f" DELETE FROM data.file_link WHERE file_id {mine};"
                        " TRUNCATE data.file_chunk;"
                        " DELETE FROM data.file WHERE name LIKE '材料%'; COMMIT; CHECKPOINT")

    def upload_once(self):
        w = self.world
        files, _ = self.evidence()
        self.clear_evidence()
        began = time.perf_counter()
        w.secretary("file", "add", *files, "--item", "4.2", "--not-classified")
        return Outcome(rate=len(files) * UPLOAD_BYTES / 1e6 / (time.perf_counter() - began))

    def copy_once(self):
        w = self.world
        files, data = self.evidence()
        w.psql("TRUNCATE bench.bytes; CHECKPOINT")
        began = time.perf_counter()
        r = subprocess.run(
            [*AS_USER, PG / "psql", "-Xq", f"host={w.address} user=zhibu_super"
             f" dbname=zhibu sslmode=verify-ca sslrootcert={w.state}/authority.crt", "-c",
             f"\\copy bench.bytes from '{data}' with (format binary)"],
            capture_output=True, text=True, env={**os.environ, "HOME": str(w.base)})
        assert r.returncode == 0, r.stderr
        return Outcome(rate=len(files) * UPLOAD_BYTES / 1e6 / (time.perf_counter() - began))

    def upload(self):
        got = self.alternate("upload", zhibud=self.upload_once, copy=self.copy_once)
        return {"upload_vs_copy": got["zhibud"] / got["copy"]}

    # ---- slow work beside quick ------------------------------------------------------------
    def tail(self):
        """Reads at a steady pace, few beside what the server can do, and never the
        first of a connection.  What those at the other end do with their own machine's
        processor is theirs: those of the slow work run at the lowest priority, those
        who read at the highest."""
        w, seconds = self.world, self.scale.seconds
        sheets, casts = self.sheet_requests(), self.cast_requests(w)
        events = write_requests(w.base / "events", [envelope(payload("audit_log", b""))])
        auditor = w.credentials(w.person_id("BY0039"))
        files, _ = self.evidence()
        w.psql("INSERT INTO audit.event (at, person_id, request, object, body)"
               " SELECT now(), 'P1', 'add_note', 'B' || n, 'zhibu-event-1'"
               " FROM generate_series(1, 100000) n; VACUUM ANALYZE audit.event")

        def begin_export():
            return begin_load(w, w.member_port, events, certificate=auditor, connections=2,
                              nice=19).process

        def begin_upload():
            return subprocess.Popen(
                [*at_nice(19), BIN / "zhibu", "file", "add", *files, "--item", "4.2",
                 "--not-classified"], env=w.secretary.env(), cwd=w.secretary.dir,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def sheet_under(*slow):
            self.clear_evidence()
            w.renew_slips()
            load(w, w.member_port, sheets, connections=8, seconds=0.2)
            work = [begin_load(w, w.public_port, casts, "-1", certificate=None).process,
                    *(begin() for begin in slow)]
            time.sleep(0.3)
            out = load(w, w.member_port, sheets, "-r", "1000", connections=8,
                       seconds=max(1, seconds), nice=-19)
            if any(p.poll() is not None for p in work):
                self.say("tail: some of the work ended before the sheets")
            for p in work:
                p.kill()
                p.communicate()
            return Outcome(rate=1e6 / out.p99_us)

        got = self.alternate("tail",
                             zhibud=lambda: sheet_under(begin_export, begin_upload),
                             casts_alone=sheet_under)
        return {"tail_under_slow": got["casts_alone"] / got["zhibud"]}

    # ---- what people see ------------------------------------------------------------------
    def table(self, bars, ratios):
        lines = [f"{'':26}{'measured':>10}{'bar':>8}{'aim':>6}"]
        for name, value in ratios.items():
            bar, aim, more = bars[name]
            good = value >= bar if more else value <= bar
            lines.append(f"{name:26}{value:>10.3g}{('≥ ' if more else '≤ ') + str(bar):>8}"
                         f"{aim or '':>6}  {'' if good else 'missed'}")
        lines.append("")
        for what, got in self.found.items():
            unit = {"upload": "MB/s", "cli": "commands/s"}.get(
                what, "µs" if "branches" in what else "a second")
            lines.append(f"{what:12}" + "  ".join(f"{k} {v:,.0f}" for k, v in got.items()) +
                         f"  {unit}")
        if self.where:
            lines += ["", f"{'µs of processor a request':26}{'service':>10}"
                      f"{'PostgreSQL':>12}{'generator':>11}"]
        for (what, name), cost in self.where.items():
            lines.append(f"  {what + ' ' + name:24}{cost[0]:>10.1f}{cost[1]:>12.1f}"
                         f"{cost[2]:>11.1f}")
        return "\n".join(lines)

    def svg(self):
        return chart.curves(self.curves)
