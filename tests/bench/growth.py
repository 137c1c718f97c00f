"""The same four requests at a thousand branches and at as many as are asked for: the
time of one at a time, through the whole server."""
import time
from concurrent.futures import ThreadPoolExecutor

from parts import Bench
from world import (OFFICER, SESSION, World, envelope, field, load, median, payload,
                   write_requests)

FEW = 1000
CASTS = 512  # ballots cast at each measuring

# Branches from :a to :b, thirty below each general branch, with a term and a secretary.
# Every tenth applies; two of three of these say that they meet the conditions, one of ten
# is awarded, the others are being evaluated.  Every fiftieth is or was weak and lax.
# Triggers are off: nothing here breaks what they watch over, and what they count is
# counted at the end.
BRANCHES = """
SET session_replication_role = replica;
SET synchronous_commit = off;
INSERT INTO data.org (id, kind, established_on)
SELECT 'Y' || n, 'general_branch', '2010-01-01' FROM generate_series({a} / 30, {b} / 30) n
ON CONFLICT DO NOTHING;
INSERT INTO data.org_version (org_id, parent_id, name, from_on)
SELECT 'Y' || n, 'DW', '第' || n || '党总支', '2010-01-01'
FROM generate_series({a} / 30, {b} / 30) n ON CONFLICT DO NOTHING;
INSERT INTO data.org (id, kind, member_category, established_on)
SELECT 'X' || n, 'branch', '教工', '2010-01-01' FROM generate_series({a}, {b}) n;
INSERT INTO data.org_version (org_id, parent_id, name, from_on)
SELECT 'X' || n, 'Y' || n / 30, '第' || n || '党支部', '2010-01-01'
FROM generate_series({a}, {b}) n;
INSERT INTO data.term (id, org_id, term_no, start_on, due_on)
SELECT 'RQX' || n || '-1', 'X' || n, 1, '2024-05-20', '2027-05-19'
FROM generate_series({a}, {b}) n;
INSERT INTO data.person (id, name)
SELECT 'P' || 100000000 + n, '书记' || n FROM generate_series({a}, {b}) n;
INSERT INTO data.affiliation (person_id, org_id, standing, from_on)
SELECT 'P' || 100000000 + n, 'X' || n, 'FULL', '2020-01-01' FROM generate_series({a}, {b}) n;
INSERT INTO data.office (person_id, org_id, role, from_on)
SELECT 'P' || 100000000 + n, 'X' || n, 'branch_secretary', '2024-05-20'
FROM generate_series({a}, {b}) n;
CREATE TEMP TABLE a AS
SELECT n, 'X' || n AS org, n % 100 = 51 AS awarded, date '2026-05-01' + n % 97 AS submitted_on
FROM generate_series({a}, {b}, 10) n;
INSERT INTO data.round (id, org_id, state, term_id, standard_version_id, started_on, started_by)
SELECT 'LCX' || n, org, 'APPLIED', 'RQX' || n || '-1', s.id, '2026-03-01', 'P1'
FROM a, data.standard_version s;
INSERT INTO data.self_assessment (id, org_id, state, round_id, version_no)
SELECT 'ZPX' || n, org, 'ADOPTED', 'LCX' || n, 1 FROM a;
INSERT INTO data.self_version (self_id, version_no, revision, held_on, entitled, present,
    in_favour, against, abstain, meets_conditions, adopted_by, adopted_at)
SELECT 'ZPX' || n, 1, 1, '2026-04-20', 25, 22, 21, 0, 1, awarded OR n % 3 > 0, 'P1', '2026-04-20'
FROM a;
INSERT INTO data.application (id, org_id, state, round_id, standard_version_id, self_id,
    self_version_no, org_name, org_kind, established_on, full_members,
    probationary_members, summary, term_id, created_on, created_by, submitted_at)
SELECT 'SBX' || n, org, CASE WHEN awarded THEN 'EFFECTIVE' ELSE 'EVALUATING' END, 'LCX' || n,
    s.id, 'ZPX' || n, 1, '第' || n || '党支部', 'branch', '2010-01-01', 25, 0, '自创工作情况',
    'RQX' || n || '-1', submitted_on, 'P1', submitted_on
FROM a, data.standard_version s;
INSERT INTO data.application_step (application_id, serial, at, person_id, request, to_state)
SELECT 'SBX' || n, k, (CASE WHEN k <= 3 THEN submitted_on ELSE '2026-09-16' END + k) + time '10:00',
    'P1',
    (ARRAY['submit_application', 'accept_application', 'open_evaluation', 'freeze_dossier',
    'add_agenda_item', 'resolve_item', 'post_notice', 'end_notice', 'decide_award'])[k],
    (ARRAY['SUBMITTED', 'ACCEPTED', 'EVALUATING', 'DOSSIER_FROZEN', 'IN_DELIBERATION',
    'PROPOSED_AWARD', 'IN_PUBLICITY', 'CONFIRMED', 'EFFECTIVE'])[k]
FROM a, generate_series(1, CASE WHEN awarded THEN 9 ELSE 3 END) k;
INSERT INTO data.dossier (id, org_id, state, application_id, content, sha256, frozen_at,
    frozen_by)
SELECT 'CLX' || n, org, 'FROZEN', 'SBX' || n, '{{}}', sha256('{{}}'), '2026-09-20', 'P1'
FROM a WHERE awarded;
INSERT INTO data.meeting (id, org_id, state, held_on, place, chair_id, recorder_id)
VALUES ('HYX{a}', 'DW', 'SIGNED', '2026-09-21', '会议室', 'P1', 'P1');
INSERT INTO data.agenda_item (id, org_id, state, meeting_id, item_no, entity, subject_id,
    application_id, dossier_id, presenter_id, passed, outcome)
SELECT 'YTX' || n, org, 'RESOLVED', 'HYX{a}', n, 'application', 'SBX' || n, 'SBX' || n, 'CLX' || n,
    'P1', true, 'PROPOSED_AWARD'
FROM a WHERE awarded;
INSERT INTO data.notice (id, org_id, state, kind, title, contact, drafted_by, drafted_on)
VALUES ('GSX{a}', 'DW', 'ENDED_CLEAR', 'INTENDED_AWARD', '公示', '电话', 'P1', '2026-09-22');
INSERT INTO data.award (id, org_id, state, application_id, round_id, programme_id, level, title,
    org_name, doc_no, decided_on, term_id, effective_from, valid_to, agenda_item_id, notice_id,
    signed_by)
SELECT 'PDX' || n, org, 'EFFECTIVE', 'SBX' || n, 'LCX' || n, p.id, 'COLLEGE', '最强党支部',
    '第' || n || '党支部', '院党发〔2026〕12号', '2026-09-25', 'RQX' || n || '-1', '2026-09-25',
    '2027-05-19', 'YTX' || n, 'GSX{a}', 'P1'
FROM a, data.programme p WHERE awarded;
INSERT INTO data.weak_lax (id, org_id, state, criteria, facts, basis, listed_on, listed_by,
    accepted_by, closed_on)
SELECT 'RRX' || n, 'X' || n, CASE WHEN d.closed THEN 'CLOSED' ELSE 'LISTED' END, '{{x}}',
    '半年没有召开支部大会', '党委会', '2026-03-01', 'P1', CASE WHEN d.closed THEN 'P1' END,
    CASE WHEN d.closed THEN date '2026-06-01' + n % 97 END
FROM generate_series({a} + 1, {b}, 50) n, LATERAL (SELECT n % 4 > 0) d(closed);
INSERT INTO flow.sheet (application_id) SELECT 'SBX' || n FROM a;
INSERT INTO data.eval_stream (id, org_id, state, application_id, stream, opened_on)
SELECT 'PSX' || n || '-' || left(k, 3), org, 'LOCKED', 'SBX' || n, k, submitted_on + 5
FROM a, unnest('{{ORG,MEMBERS,MASSES,SOCIETY}}'::text[]) k;
INSERT INTO data.eval_version (stream_id, version_no, summary, prepared_by)
SELECT 'PSX' || n || '-' || left(k, 3), 1, '小结', 'P1'
FROM a, unnest('{{ORG,MEMBERS,MASSES,SOCIETY}}'::text[]) k;
INSERT INTO data.gap (id, org_id, state, round_id, item_code, source, problem, found_on,
    found_by)
SELECT 'WTX' || n, org, 'OPEN', 'LCX' || n, '3.2', 'SELF', '批评意见偏少', submitted_on, 'P1'
FROM a;
"""
# Left out of both worlds: filling them takes longer than all the rest, and what they
# watch over is not asked about.
LEFT_OUT = [("org_version", "org_one_version_a_day"), ("affiliation", "affiliation_one_primary")]
# Random as it is, this one is made at the end.
LAST = ("urn", "urn_pkey", "PRIMARY KEY (token_hash)")
# Sealed ballots lie in the urns of other sessions, twenty-five each.
BALLOTS = """
SET session_replication_role = replica;
SET synchronous_commit = off;
INSERT INTO data.urn (token_hash, session_id, public_key, sealed, sealed_hash, signature)
SELECT sha256(int8send(n)), 'CPX' || n / 25, sha256(int8send(n + 1)), s.sealed,
    sha256(int8send(n + 2)), s.signature
FROM generate_series({a}::bigint, {b}) n,
    (SELECT sealed, signature FROM bench.ballot LIMIT 1) s;
"""


class Growth(Bench):
    """Two worlds side by side, asked alternately."""

    def __init__(self, opt, say):
        self.opt, self.say = opt, say
        self.curves, self.where, self.found, self.peers = {}, {}, {}, {}
        self.rounds = opt.rounds or 5
        self.world = World(CASTS, base=opt.base)
        self.large = World(CASTS, base=opt.base)

    def close(self):
        self.large.close()
        self.world.close()

    def run(self):
        times = {}
        for w, sizes in ((self.world, (FEW, FEW)),
                         (self.large, (self.opt.branches, self.opt.ballots))):
            w.begin()
            self.fill(w, *sizes)
            self.prepare(w)
            times[w] = {}
        for _ in range(self.rounds):
            for w in times:
                for name, us in self.measure(w):
                    times[w].setdefault(name, []).append(us)
        for w, sizes in ((self.world, (FEW, FEW)),
                         (self.large, (self.opt.branches, self.opt.ballots))):
            size = w.sql("SELECT pg_size_pretty(pg_database_size('zhibu'))")[0][0]
            what = f"{sizes[0]:,} branches, {sizes[1]:,} ballots ({size})  "
            self.found[what] = {k: median(v) for k, v in times[w].items()}
        return {f"growth_{k}": median(times[self.large][k]) / median(v)
                for k, v in times[self.world].items()}

    def prepare(self, w):
        def asks(name, request, acting, bodies):
            return write_requests(w.base / name, [envelope(payload(
                request, b, acting=acting)) for b in bodies])
        w.requests = {
            "sheet": asks("sheets", "show_evaluation", OFFICER,
                          [field(1, f"SBX{n}".encode()) for n in range(1, FEW, 10)
                           if n % 100 != 51]),
            "list": asks("list", "list_orgs", OFFICER,
                         [field(1, f"Y{n}".encode()) for n in range(1, FEW // 30)]),
            "progress": asks("progress", "show_progress", OFFICER, [b""] * 200),
        }
        w.casts = self.cast_requests(w)

    def fill(self, w, branches, ballots):
        began, step = time.monotonic(), 250_000

        def parts(sql, total, size):
            return [(sql, n, min(n + size - 1, total)) for n in range(1, total + 1, size)]

        def insert(part):
            sql, a, b = part
            w.psql(sql.format(a=a, b=b))
            self.say(f"{'branch' if sql is BRANCHES else 'ballot'} {b:,},"
                     f" {time.monotonic() - began:.0f} s")

        # nothing of PostgreSQL's own runs beside what is measured
        w.psql("ALTER SYSTEM SET autovacuum = off; ALTER SYSTEM SET max_wal_size = '16GB';"
               "SELECT pg_reload_conf()")
        for table, name, *_ in [*LEFT_OUT, LAST]:
            w.psql(f"ALTER TABLE data.{table} DROP CONSTRAINT {name}")
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(insert, sorted(parts(BRANCHES, branches, step)
                                         + parts(BALLOTS, ballots, 2 * step),
                                         key=lambda p: p[1])))
        table, name, how = LAST
        w.psql(f"SET maintenance_work_mem = '1GB';"
               f"ALTER TABLE data.{table} ADD CONSTRAINT {name} {how};"
               "SELECT flow.begin_counts(); ANALYZE; CHECKPOINT")
        self.say(f"filled, {time.monotonic() - began:.0f} s")

    @staticmethod
    def measure(w):
        """Medians in µs of one request at a time; every sheet is made anew."""
        w.psql("UPDATE flow.sheet SET as_of_on = NULL WHERE as_of_on IS NOT NULL;"
               f"DELETE FROM data.urn WHERE session_id = '{SESSION}';"
               f"INSERT INTO data.slip SELECT hash, '{SESSION}', key FROM bench.ballot"
               " ON CONFLICT DO NOTHING; CHECKPOINT")
        for name, file in w.requests.items():
            yield name, load(w, w.member_port, file, "-1", connections=1).p50_us
        yield "cast", load(w, w.public_port, w.casts, "-1", connections=1,
                           certificate=None).p50_us
