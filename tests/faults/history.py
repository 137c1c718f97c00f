"""Many people write while everything that can break is broken; afterwards every
answer anybody had is held against the database.

  acked    answered: there exactly once, and a repeat gets the same answer
  refused  refused with nothing done, and never sent again: no trace
  unknown  cut, or "unknown, repeat with the same key": repeated until answered
"""
import contextlib
import hashlib
import os
import random
import subprocess
import threading
import time

from college import AS_USER, BIN, Server
from load import (BRANCH_14, CUT, OFFICES, RECORDER, appoint, meeting, packed)
from proxy import Proxy
from wire import Wire, pb, request

SESSION = "CP26-14"
SEATS = [f"P{n}" for n in range(20, 26)]  # of the committee, each with a key
CHAIR = "P30"
SEALED, CHUNK = 1457, 256 * 1024  # bytes: flow.sealed_size, flow.chunk_bytes
CLOCKS = ["-40d", "-2h", "+2h", "+40d", "+30y"]
REPEATS = 4     # in a row, before the write is left for later
PATIENCE = 15   # seconds for one reply


def ground(votes, slips, before=lambda server: None):
    """A server with a committee in session, `votes` motions, an open urn; `before`
    is done to it before it is started."""
    server = Server()
    before(server)
    return fill(server.start(), votes, slips)


def fill(server, votes, slips):
    appoint(server)
    people = ", ".join(f"('{p}', '委员{p[1:]}')" for p in [*SEATS, CHAIR])
    offices = ", ".join(f"('{p}', 'DW', 'committee_member', '2026-01-01')" for p in SEATS)
    seats = ", ".join(f"('HY26-99', '{p}', true, true)" for p in [*SEATS, CHAIR])
    server.sql(f"""
        INSERT INTO data.person (id, name) VALUES {people};
        INSERT INTO data.office (person_id, org_id, role, from_on) VALUES {offices};
        INSERT INTO data.meeting (id, org_id, state, held_on, place, chair_id, recorder_id)
        VALUES ('HY26-99', 'DW', 'OPEN', '2026-12-01', '会议室', '{CHAIR}', '{RECORDER}');
        INSERT INTO data.attendance (meeting_id, person_id, entitled, present) VALUES {seats};
        INSERT INTO data.agenda_item (id, org_id, state, meeting_id, item_no, entity,
            subject_id, motion, presenter_id, method)
        SELECT 'YT26-99-' || n, '14', 'VOTING', 'HY26-99', n, 'award_review', 'X' || n, '议题',
            '{RECORDER}', 'NAMED_VOTE' FROM generate_series(1, {votes}) n;
        INSERT INTO data.ballot_session (id, org_id, org_name, state, purpose, channel,
            comments, held_on, place, entitled, present, agenda_item_id,
            prepared_by)
        VALUES ('{SESSION}', '14', '第十四支部', 'OPEN', 'COMMITTEE_VOTE', 'SLIPS', false,
            '2026-12-01', '会议室', {slips}, {slips}, 'YT26-99-1',
            '{RECORDER}');
        INSERT INTO data.slip (token_hash, session_id, public_key)
        SELECT sha256(sha256(('slip ' || n)::bytea)), '{SESSION}', sha256(('key ' || n)::bytea)
        FROM generate_series(1, {slips}) n""")
    for person in (RECORDER, BRANCH_14, *SEATS):
        server.credentials(person)
    return server


class Write:
    """One act, the same bytes however often it is sent."""

    def __init__(self, kind, who, name, payload, key=None):
        self.kind, self.who, self.name = kind, who, name
        self.payload, self.key = payload, key
        self.state, self.unknown, self.tries = "unsent", False, 0
        self.reply = self.raw = None


def ask(wire, write):
    """(the reply's exact bytes, the reply)"""
    want = wire.send(write.payload, signed=write.key is not None)
    size = int.from_bytes(wire._exactly(4), "big")
    envelope = pb.Envelope.FromString(wire._exactly(size))
    assert envelope.id == want, "another request's reply"
    return envelope.payload, pb.Reply.FromString(envelope.payload)


class History:
    """`hosts`: the addresses of several zhibud, tried in turn; else one behind our
    proxies.  `pause`: what each writer rests after an act, in seconds."""

    def __init__(self, server, seed, votes, slips, hosts=(), pause=0.004):
        self.server, self.votes, self.slips = server, votes, slips
        self.random, self.hosts, self.pause = random.Random(seed), hosts, pause
        self.member, self.public = Proxy(server.member_port), Proxy(server.public_port)
        self.writes, self.lock = [], threading.Lock()
        self.stopping, self.threads = threading.Event(), []
        self.differing, self.trouble = [], []
        self.client_done, self.client_open = {}, {}
        self.client_codes = {}
        self.next_slip = self.next_item = 0
        known = "时钟" in server.people
        self.client = server.person("时钟", None if known else server.code(RECORDER))
        self.client.acting = "recorder@DW"
        self.conf = self.client.dir / "config/profiles/default/profile.conf"
        if hosts:
            self.route(server.public_port, server.member_port)
        else:
            self.route(self.public.port, self.member.port)

    # ---- one write ------------------------------------------------------------------
    def wire(self, who, through=True):
        proxy, port, certificate = (
            (self.public, self.server.public_port, ()) if who is None else
            (self.member, self.server.member_port, self.server.credentials(who)))
        if not self.hosts:
            return Wire(proxy.port if through else port, *certificate, timeout=PATIENCE)
        for host in self.hosts:
            with contextlib.suppress(CUT):
                return Wire(port, *certificate, timeout=PATIENCE, host=host)
        raise ConnectionError("none of them")

    def once(self, wires, write, through=True):
        """Sends it; what comes of it is booked."""
        write.tries += 1
        try:
            wire = wires.get(write.who)
            if not wire:
                # Nothing has left before there is a connection.
                wire = wires[write.who] = self.wire(write.who, through)
        except CUT:
            write.tries -= 1
            time.sleep(0.05)
            return
        try:
            raw, reply = ask(wire, write)
        except CUT:
            wires.pop(write.who).close()
            write.unknown, write.state = True, "unknown"
            return
        if not reply.HasField("refusal"):
            if write.raw is not None and write.raw != raw:
                self.differing.append(write.name)
            write.raw, write.reply, write.state = raw, reply, "acked"
        elif reply.refusal.outcome_unknown:
            write.unknown, write.state = True, "unknown"
        elif write.state != "acked":
            # After an unknown outcome a refusal says nothing of the first time.
            write.state = "unknown" if write.unknown else "refused"
            write.reply = reply

    def do(self, wires, write, rng):
        with self.lock:
            self.writes.append(write)
        for n in range(REPEATS):
            self.once(wires, write)
            if write.state == "acked":
                if rng.random() < 0.05:  # people press twice
                    self.once(wires, write)
                break
            if write.state == "refused" and rng.random() < 0.5:
                break  # never again
            if self.stopping.is_set():
                break
            time.sleep(0.05 + rng.random() * 0.2 * n)
        return write

    # ---- who writes what ---------------------------------------------------------------
    def signed(self, kind, who, name, message):
        key = os.urandom(16)
        return Write(kind, who, name, packed(message, key), key)

    def submissions(self, wires, rng):
        name = f"会议 {os.urandom(8).hex()}"
        self.do(wires, self.signed("submission", RECORDER, name, meeting(name)), rng)

    def ballot(self, n, rng):
        token = hashlib.sha256(f"slip {n}".encode()).digest()
        message = request("cast_ballot", session_id=SESSION, token=token,
                          sealed=rng.randbytes(SEALED), signature=bytes(64))
        message.version = 1
        return Write("ballot", None, hashlib.sha256(token).hexdigest(),
                     message.SerializeToString())

    def ballots(self, wires, rng):
        with self.lock:
            self.next_slip += 1
            n = self.next_slip
        if n > self.slips:
            self.trouble.append("no slips left")
            return self.stopping.wait(1)
        self.do(wires, self.ballot(n, rng), rng)

    def voting(self, wires, rng):
        with self.lock:
            self.next_item += 1
            n = self.next_item
        if n > self.votes:
            self.trouble.append("no motions left")
            return self.stopping.wait(1)
        for who in SEATS:
            item = f"YT26-99-{n}"
            message = request("cast_vote", agenda_item_id=item,
                              choice=rng.choice(list(pb_choices())))
            self.do(wires, self.signed("vote", who, f"{item} {who}", message), rng)

    def evidence(self, wires, rng):
        data = b"%PDF-1.4\n" + rng.randbytes((200 if rng.random() < 0.95 else CHUNK + 5000))
        name = f"{os.urandom(8).hex()}.pdf"
        begin = self.signed("file", BRANCH_14, name, request(
            "begin_file", name=name, title="材料", size_bytes=len(data),
            sha256=hashlib.sha256(data).digest(), not_classified=True))
        begin.data = data
        self.do(wires, begin, rng)
        if begin.state == "acked":
            self.rest_of_file(wires, begin, rng)

    def rest_of_file(self, wires, begin, rng, through=True):
        file_id = begin.reply.begin_file.file_id
        for n in range(0, len(begin.data), CHUNK):
            chunk = Write("chunk", BRANCH_14, f"{file_id} {n}", packed(request(
                "put_chunk", file_id=file_id, chunk_no=n // CHUNK,
                data=begin.data[n:n + CHUNK])))
            for _ in range(REPEATS):
                if chunk.state != "acked":
                    self.once(wires, chunk, through)
        begin.finish = getattr(begin, "finish", None) or self.signed(
            "finish", BRANCH_14, file_id, request("finish_file", file_id=file_id))
        if begin.finish.state != "acked":
            if begin.finish not in self.writes:
                with self.lock:
                    self.writes.append(begin.finish)
            self.once(wires, begin.finish, through)

    def route(self, public, member):
        servers = ",".join(f"{h}:{public}" for h in self.hosts or ["127.0.0.1"])
        self.conf.write_text(f"server = {servers}\nmember_port = {member}\n"
                             f"person_id = {RECORDER}\nacting = recorder@DW\n")

    def clocks(self, wires, rng):
        """The real client on a machine whose clock is wrong."""
        place = f"钟 {os.urandom(8).hex()}"
        self.client_open[place] = clock = rng.choice(CLOCKS)
        code = self.run_client(place, "faketime", "-f", clock)
        if code == 11:  # it did not trust the server's certificate: nothing was sent
            self.client_open.pop(place)
        counts = self.client_codes.setdefault(clock, {})
        counts[code] = counts.get(code, 0) + 1

    def run_client(self, place, *prefix):
        args = [*prefix, BIN / "zhibu", "--as", "recorder@DW", "meeting", "new", "--held-on",
                "2026-12-01", "--place", place]
        r = subprocess.run(args, capture_output=True, text=True, timeout=300,
                           env=self.client.env(), cwd=self.client.dir,
                           stdin=subprocess.DEVNULL)
        if r.returncode == 0:
            self.client_done[place] = r.stdout
            self.client_open.pop(place)
        self.last_client = r
        return r.returncode

    def write(self, what, seed):
        wires, rng = {}, random.Random(seed)
        while not self.stopping.is_set():
            try:
                what(wires, rng)
            except Exception as e:  # noqa: BLE001, it fails the run at the end
                self.trouble.append(repr(e))
                raise
            self.stopping.wait(self.pause)
        for w in wires.values():
            w.close()

    def begin(self):
        kinds = [self.submissions] * 2 + [self.ballots] * 2 + [
            self.voting, self.evidence, self.clocks]
        for what in kinds:
            t = threading.Thread(target=self.write, args=(what, self.random.random()),
                                 daemon=True)
            t.start()
            self.threads.append(t)
        return self

    def acked(self):
        return sum(w.state == "acked" for w in self.writes)

    def wait_for_acks(self, n, seconds=40):
        want, end = self.acked() + n, time.monotonic() + seconds
        while self.acked() < want:
            assert time.monotonic() < end, f"{self.acked()} of {want} acknowledged"
            time.sleep(0.05)

    def end(self):
        """Nobody begins anything more; what is unknown is repeated until it is known."""
        self.stopping.set()
        self.member.delay = self.public.delay = 0
        for t in self.threads:
            t.join(120)
            assert not t.is_alive(), "a writer hangs"
        wires = {}
        for w in list(self.writes):
            end = time.monotonic() + 60
            while w.state in ("unknown", "unsent"):
                self.once(wires, w, through=False)
                assert time.monotonic() < end, f"not answered: {w.kind} {w.reply}"
        for w in [w for w in self.writes if w.kind == "file" and w.state == "acked"]:
            end = time.monotonic() + 60
            while getattr(w, "finish", None) is None or w.finish.state != "acked":
                self.rest_of_file(wires, w, None, through=False)
                assert time.monotonic() < end, f"not finished: {w.finish.reply}"
        for w in wires.values():
            w.close()
        self.member.close()
        self.public.close()
        self.route(self.server.public_port, self.server.member_port)
        for place in list(self.client_open):
            code = self.run_client(place)
            assert code == 0, f"{code}: {self.last_client.stderr}"

    def repeat_some(self, n):
        """What was acknowledged, sent once more: the same answer, nothing new."""
        wires = {}
        acked = [w for w in self.writes if w.state == "acked"]
        for w in self.random.sample(acked, min(n, len(acked))):
            self.once(wires, w, through=False)
        for w in wires.values():
            w.close()

    # ---- the book is balanced --------------------------------------------------------------
    def by(self, kind, *states):
        return [w for w in self.writes if w.kind == kind and w.state in states]

    def compare(self, what, there, wanted, defects):
        """Both lists of pairs, each pair once."""
        seen, wanted = {}, dict(wanted)
        for name, value in there:
            if name in seen:
                defects.append(f"{what}: doubled: {name}")
            seen[name] = value
        for name in wanted.keys() - seen.keys():
            defects.append(f"{what}: lost: {name}")
        for name in seen.keys() - wanted.keys():
            defects.append(f"{what}: not acknowledged, and there: {name}")
        for name in wanted.keys() & seen.keys():
            if wanted[name] is not None and wanted[name] != seen[name]:
                defects.append(f"{what}: another: {name}: {seen[name]}, not {wanted[name]}")

    def defects(self):
        sql, d = self.server.sql, []
        d += [f"a repeat was answered otherwise: {n}" for n in self.differing]
        d += [f"a writer stopped: {t}" for t in set(self.trouble)]
        self.compare("submission", [(p, i) for p, i in sql(
            "SELECT place, id FROM data.meeting WHERE place LIKE '会议 %'")],
            [(w.name, w.reply.new_meeting.meeting_id) for w in self.by("submission", "acked")],
            d)
        self.compare("client", [(p, "") for p, in sql(
            "SELECT place FROM data.meeting WHERE place LIKE '钟 %'")],
            [(p, None) for p in self.client_done], d)
        self.compare("ballot", sql("SELECT encode(token_hash, 'hex'), encode(sealed_hash, 'hex')"
                                   " FROM data.urn"),
                     [(w.name, w.reply.cast_ballot.receipt.hex())
                      for w in self.by("ballot", "acked")], d)
        left, both = sql("SELECT count(*), count(*) FILTER (WHERE u.token_hash IS NOT NULL)"
                         " FROM data.slip s LEFT JOIN data.urn u USING (token_hash)")[0]
        cast = len(self.by("ballot", "acked"))
        if both != "0":
            d.append(f"code: burnt and to be used again: {both}")
        if int(left) != self.slips - cast:
            d.append(f"code: {left} left of {self.slips}, {cast} ballots acknowledged")
        self.compare("vote", [(f"{i} {p}", c) for i, p, c in sql(
            "SELECT agenda_item_id, person_id, choice FROM data.named_vote")],
            [(w.name, choice_name(w.reply.cast_vote.choice)) for w in self.by("vote", "acked")],
            d)
        self.compare("file", [(n, f"{i} {s} {ok}") for n, i, s, ok in sql(
            "SELECT name, id, state, flow.file_hash(id) = sha256 FROM data.file")],
            [(w.name, f"{w.reply.begin_file.file_id} KEPT t") for w in self.by("file", "acked")],
            d)
        keyed = [w for w in self.writes if w.key and w.state == "acked"]
        self.compare("event", sql("SELECT encode(key, 'hex'), encode(sha256(payload), 'hex')"
                                  " FROM audit.event WHERE key IS NOT NULL"
                                  " AND NOT (object IN (SELECT id FROM data.meeting"
                                  " WHERE place NOT LIKE '会议 %'))"),
                     [(w.key.hex(), hashlib.sha256(w.payload).hexdigest()) for w in keyed], d)
        self.compare("key", sql("SELECT encode(key, 'hex'), encode(payload_hash, 'hex')"
                                " FROM data.idem WHERE key NOT IN (SELECT key FROM audit.event"
                                " JOIN data.meeting m ON m.id = object WHERE m.place NOT LIKE '会议 %')"),
                     [(w.key.hex(), None) for w in keyed], d)
        return d

    def figures(self):
        rows = []
        for kind in ("submission", "ballot", "vote", "file", "finish"):
            all_of = [w for w in self.writes if w.kind == kind]
            rows.append(f"{kind:12}{len(self.by(kind, 'acked')):7} acknowledged"
                        f"{len(self.by(kind, 'refused')):6} refused"
                        f"{sum(w.unknown for w in all_of):6} unknown and repeated"
                        f"{sum(w.tries for w in all_of):8} sent")
        codes = "  ".join(f"{c} {n}" for c, n in sorted(self.client_codes.items()))
        rows.append(f"{'client':12}{len(self.client_done):7} acknowledged, at clocks (exit code:"
                    f" times) {codes}")
        return "\n".join(rows)


def pb_choices():
    return vote_enum().values_by_number


def choice_name(number):
    return vote_enum().values_by_number[number].name


def vote_enum():
    return pb.Request.DESCRIPTOR.fields_by_name["cast_vote"].message_type.enum_types_by_name[
        "Choice"]


def superuser(server, text):
    """Around the server's back."""
    r = subprocess.run([*AS_USER, "psql", "-h", str(server.state / "pgsock"), "-U",
                        "zhibu_super", "-d", "zhibu", "-XqAt", "-v", "ON_ERROR_STOP=1"],
                       input=text, capture_output=True, text=True, timeout=60)
    return r.returncode == 0 or say_why(r.stderr)


def say_why(text):
    print(text.strip())
    return False


@contextlib.contextmanager
def writing(server, seed, votes, slips, **kw):
    h = History(server, seed, votes, slips, **kw)
    try:
        yield h.begin()
    finally:
        h.stopping.set()


# ---- the two parts of tests/faults/run ------------------------------------------------------

def history(opt, say):
    """Breaks everything while people write, then balances the book."""
    from breaking import Breaker
    n = opt.count(faults=220, short=12)
    seconds = opt.seconds(long=600, short=8)
    votes, slips = (400, 8000) if opt.short else (30000, 400000)
    breaker = Breaker(opt.seed)
    server = ground(votes, slips, breaker.small_disks)
    try:
        with writing(server, opt.seed, votes, slips) as h:
            breaker.history = h
            if breaker.why_no_disk:
                say(f"full disks are left out: {breaker.why_no_disk}")
            began = time.monotonic()
            for i, name in enumerate(breaker.order(n)):
                due = began + i * seconds / n
                time.sleep(max(0, due - time.monotonic()))
                h.wait_for_acks(1 if opt.short else 5, 60)
                if not opt.short:
                    say(f"{i + 1:4} {name}")
                breaker.break_(name)
            h.wait_for_acks(10, 60)
            took = time.monotonic() - began
            h.end()
            h.repeat_some(50 if opt.short else 1000)
        defects = h.defects()
        print(f"seed {opt.seed}, {n} faults in {took:.0f} s: "
              + "  ".join(f"{k} {v}" for k, v in sorted(breaker.done.items())))
        print(h.figures())
        assert not defects, "\n".join(defects[:40])
        print("the book balances: nothing lost, nothing doubled, no trace of what was refused")
    finally:
        if server.process:
            server.stop(60)
        breaker.unmount()
        server.close()


def planted(opt, say):
    """Three faults of our own making, each of which the book has to show."""
    votes, slips = 100, 2000
    server = ground(votes, slips)

    def found(word, plant, after):
        with writing(server, opt.seed, votes, slips) as h:
            h.wait_for_acks(30)
            plant(h)
            after(h)
            defects = [d for d in h.defects() if word in d]
        assert defects, f"nothing shows: {word}"
        say(f"found: {defects[0]} ({len(defects)} of them)")

    def fresh():
        """What the last one has spoilt is taken out of the books."""
        assert superuser(server, f"""
            SET session_replication_role = replica;
            DELETE FROM data.meeting WHERE id <> 'HY26-99'; DELETE FROM data.urn;
            DELETE FROM data.slip; DELETE FROM data.named_vote; DELETE FROM data.file_chunk;
            DELETE FROM data.file; DELETE FROM data.idem; DELETE FROM audit.event;
            INSERT INTO data.slip (token_hash, session_id, public_key)
            SELECT sha256(sha256(('slip ' || n)::bytea)), '{SESSION}', sha256('k')
            FROM generate_series(1, {slips}) n""")

    def lazy(h):
        """Every commit says so before it is on disk, as no setting of ours allows."""
        assert superuser(server, """
            ALTER SYSTEM SET wal_writer_delay = '10s'; SELECT pg_reload_conf();
            CREATE FUNCTION public.lazy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM set_config('synchronous_commit', 'off', true); RETURN NULL; END $$;
            CREATE TRIGGER lazy AFTER INSERT ON data.meeting EXECUTE FUNCTION public.lazy();
            CREATE TRIGGER lazy AFTER INSERT ON data.urn EXECUTE FUNCTION public.lazy()""")

    def power_cut(h):
        # A few more, at a time when nothing else makes the log go to disk.
        h.stopping.set()
        for t in h.threads:
            t.join(60)
        wires, rng = {}, random.Random(opt.seed)
        for _ in range(20):
            h.stopping.clear()
            h.ballots(wires, rng)
            h.submissions(wires, rng)
        for w in wires.values():
            w.close()
        server.kill()
        server.start()
        h.end()
        assert superuser(server, """DROP FUNCTION public.lazy CASCADE;
            ALTER SYSTEM RESET wal_writer_delay""")

    def forgotten(h):
        h.end()
        w = h.by("submission", "acked")[-1]
        assert superuser(server, f"DELETE FROM data.idem WHERE key = '\\x{w.key.hex()}'")
        wires = {}
        h.once(wires, w, through=False)
        for wire in wires.values():
            wire.close()

    def unburnt(h):
        h.end()
        w = h.by("ballot", "acked")[-1]
        assert superuser(server, f"INSERT INTO data.slip VALUES ('\\x{w.name}', '{SESSION}',"
                                 " sha256('k'))")

    try:
        found("lost", lazy, power_cut)
        fresh()
        found("doubled", forgotten, lambda h: None)
        fresh()
        found("burnt and to be used again", unburnt, lambda h: None)
        fresh()
        with writing(server, opt.seed, votes, slips) as h:
            h.wait_for_acks(30)
            h.end()
            assert h.defects() == [], h.defects()[:5]
        say("and without a fault none is found")
    finally:
        server.close()
