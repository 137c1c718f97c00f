-- An award rests on a passed item of signed minutes (domain 2.5).
SELECT w.id FROM data.award w JOIN data.agenda_item i ON i.id = w.agenda_item_id
JOIN data.meeting m ON m.id = i.meeting_id
WHERE NOT (i.passed AND i.state = 'RESOLVED' AND m.state = 'SIGNED');

-- An award followed a public notice whose time was over when it was decided (plan 三(一)).
SELECT w.id FROM data.award w JOIN data.notice n ON n.id = w.notice_id
WHERE w.continues_id IS NULL AND (n.posted_on IS NULL OR n.ends_on IS NULL OR w.decided_on <= n.ends_on);

-- A branch has one award in effect at most, a round led to one at most (plan 三(一)).
SELECT org_id FROM data.award WHERE state IN ('EFFECTIVE', 'UNDER_REVIEW') GROUP BY org_id
HAVING count(*) > 1
UNION ALL SELECT round_id FROM data.award WHERE continues_id IS NULL GROUP BY round_id
HAVING count(*) > 1;

-- An application is EFFECTIVE exactly when it has an award (domain 2.3).
SELECT a.id FROM data.application a WHERE (a.state = 'EFFECTIVE') <> EXISTS (SELECT FROM data.award w
WHERE w.application_id = a.id);

-- An award lasts no longer than its term (plan 四(四)).
SELECT w.id FROM data.award w WHERE w.valid_to > flow.term_end(w.term_id)
	AND w.state IN ('EFFECTIVE', 'UNDER_REVIEW');

-- An award in effect belongs to an organisation that stands (plan 四(四)).
SELECT w.id FROM data.award w WHERE w.ended_on IS NULL AND NOT flow.stands(w.org_id, flow.today());

-- A revoked award had its branch heard and a review decided by the committee (domain S-49).
SELECT w.id FROM data.award w WHERE w.state = 'REVOKED' AND NOT EXISTS (
	SELECT FROM data.award_review r JOIN data.review_statement s ON s.review_id = r.id
	JOIN data.agenda_item i ON i.subject_id = r.id AND i.passed
	JOIN data.meeting m ON m.id = i.meeting_id AND m.state = 'SIGNED'
	WHERE r.award_id = w.id AND r.state = 'REVOKED');

-- An award is UNDER_REVIEW exactly while a review of it is open (domain 2.2: 29).
SELECT w.id FROM data.award w WHERE (w.state = 'UNDER_REVIEW') <> EXISTS (SELECT FROM data.award_review r
WHERE r.award_id = w.id AND r.ended_on IS NULL);

-- The votes of an item add up to those who may vote, they were present, and passed is
-- more than half of the denominator (domain 2.5).
SELECT id FROM data.agenda_item WHERE state IN ('COUNTED', 'RESOLVED') AND passed IS NOT NULL AND NOT (
	in_favour + against + abstain + not_cast = voters AND least(in_favour, against, abstain, not_cast) >= 0
	AND voters <= present AND present <= entitled AND recused <= entitled
	AND passed = (2 * in_favour > denominator));

-- A named vote's counts are its names; who stood aside did not vote (domain 2.5).
SELECT i.id FROM data.agenda_item i WHERE i.method = 'NAMED_VOTE' AND i.passed IS NOT NULL
	AND i.in_favour <> (SELECT count(*) FROM data.named_vote v WHERE v.agenda_item_id = i.id
		AND v.choice = 'IN_FAVOUR')
UNION ALL SELECT v.agenda_item_id FROM data.named_vote v JOIN data.recusal r
	ON r.agenda_item_id = v.agenda_item_id AND r.person_id = v.person_id
UNION ALL SELECT v.agenda_item_id FROM data.named_vote v JOIN data.agenda_item i ON i.id = v.agenda_item_id
	WHERE NOT EXISTS (SELECT FROM data.attendance t WHERE t.meeting_id = i.meeting_id
		AND t.person_id = v.person_id AND t.entitled AND t.present);

-- A meeting that began had its quorum (domain 2.5).
SELECT m.id FROM data.meeting m JOIN data.rule_set r ON r.id = m.rule_set_id
WHERE m.state IN ('ENDED', 'SIGNED') AND (SELECT count(*) FILTER (WHERE present) * r.quorum_den
	< count(*) * r.quorum_num FROM data.attendance a WHERE a.meeting_id = m.id AND a.entitled);

-- A signed meeting has nothing undecided (domain 2.3).
SELECT m.id FROM data.meeting m JOIN data.agenda_item i ON i.meeting_id = m.id
WHERE m.state IN ('ENDED', 'SIGNED') AND i.state NOT IN ('RESOLVED', 'REMOVED');

-- Minutes and dossiers are what their digests say (design 9).
SELECT id FROM data.meeting WHERE minutes_sha256 <> sha256(convert_to(minutes, 'UTF8'))
UNION ALL SELECT id FROM data.dossier WHERE sha256 <> sha256(convert_to(content, 'UTF8'));

-- What is on a live agenda item is in deliberation, and the other way round (rule.matter).
SELECT i.subject_id FROM data.agenda_item i, LATERAL flow.matter(i.subject_id) s
WHERE i.state = 'LISTED' AND s.state NOT IN ('IN_DELIBERATION', 'WITHDRAWN', 'LAPSED', 'CANCELLED')
UNION ALL SELECT a.id FROM data.application a WHERE a.state = 'IN_DELIBERATION' AND NOT EXISTS (
	SELECT FROM data.agenda_item i WHERE i.subject_id = a.id AND i.state IN ('LISTED', 'VOTING', 'COUNTED'));

-- Every item on an agenda has a frozen dossier of its application (domain S-45).
SELECT i.id FROM data.agenda_item i JOIN data.dossier d ON d.id = i.dossier_id
WHERE d.application_id <> i.application_id
	OR (i.state IN ('LISTED', 'VOTING', 'COUNTED') AND d.state <> 'FROZEN');

-- No ballot counts above those present; none void or negative (domain 2.2: 18).
SELECT b.id FROM data.ballot_session b WHERE b.valid + b.void_count > b.present
	OR b.present > b.entitled OR b.paper > b.present
UNION ALL SELECT t.session_id FROM data.ballot_tally t JOIN data.ballot_session b ON b.id = t.session_id
	WHERE (SELECT sum(c) FROM unnest(t.counts) c) + t.blank <> b.valid
UNION ALL SELECT b.id FROM data.ballot_session b WHERE (SELECT count(*) FROM data.slip s
	WHERE s.session_id = b.id) + (SELECT count(*) FROM data.urn u WHERE u.session_id = b.id) > b.present;

-- A certified urn is empty and two people stand for it; of a void one nothing is left (design 7).
SELECT b.id FROM data.ballot_session b WHERE b.state IN ('CERTIFIED', 'ARCHIVED')
	AND (EXISTS (SELECT FROM data.urn u WHERE u.session_id = b.id)
		OR (SELECT count(DISTINCT person_id) FROM data.ballot_certificate c WHERE c.session_id = b.id) < 2)
UNION ALL SELECT b.id FROM data.ballot_session b WHERE b.state = 'VOID' AND (
	EXISTS (SELECT FROM data.urn u WHERE u.session_id = b.id)
	OR EXISTS (SELECT FROM data.slip s WHERE s.session_id = b.id)
	OR EXISTS (SELECT FROM data.ballot x WHERE x.session_id = b.id));

-- The roll of a frozen session has as many as it says (domain 2.2: 19).
SELECT b.id FROM data.ballot_session b WHERE b.state NOT IN ('PREPARED', 'VOID') AND b.entitled <> (
	SELECT count(*) FROM data.roll_entry r WHERE r.session_id = b.id);

-- No more answers than were asked for; of a closed survey no token is left (domain D9).
SELECT s.id FROM data.survey s WHERE (SELECT count(*) FROM data.survey_answer a WHERE a.survey_id = s.id)
	+ (SELECT count(*) FROM data.survey_box x WHERE x.survey_id = s.id) > (SELECT sum(g) FROM unnest(s.given_out) g)
	OR s.state = 'CLOSED' AND EXISTS (SELECT FROM data.survey_box x WHERE x.survey_id = s.id);

-- One primary affiliation at a time, and none in an organisation that is gone (domain 2.2: 7).
SELECT a.person_id FROM data.affiliation a JOIN data.affiliation b ON b.person_id = a.person_id
	AND b.kind = 'PRIMARY' AND (b.org_id, b.from_on) <> (a.org_id, a.from_on)
	AND daterange(a.from_on, a.to_on) && daterange(b.from_on, b.to_on) WHERE a.kind = 'PRIMARY'
UNION ALL SELECT a.person_id FROM data.affiliation a WHERE a.kind = 'PRIMARY'
	AND (a.to_on IS NULL OR a.to_on > flow.today() + 1) AND NOT flow.stands(a.org_id, flow.today() + 1);

-- One holder of a single office at a time (rule.role.single).
SELECT o.org_id || ' ' || o.role FROM data.office o JOIN rule.role r ON r.role = o.role AND r.single
JOIN data.office p ON p.org_id = o.org_id AND p.role = o.role AND p.person_id <> o.person_id
WHERE daterange(o.from_on, o.to_on) && daterange(p.from_on, p.to_on);

-- The tree has no circle, and everybody in it reaches the top (domain 2.2: 2).
SELECT o.id FROM data.org o WHERE flow.stands(o.id, flow.today()) AND o.id <> 'GW'
	AND NOT flow.is_below(o.id, 'GW', flow.today());

-- A term at a time: none begins before the one before it ended (plan 四(四)).
SELECT t.id FROM data.term t JOIN data.term n ON n.org_id = t.org_id AND n.term_no = t.term_no + 1
WHERE t.ended_on IS NULL OR t.ended_on > n.start_on;

-- A round has ended exactly when it says when; an open one belongs to a branch that
-- stands (domain 2.2: 10).
SELECT id FROM data.round WHERE (ended_on IS NOT NULL) <> (state LIKE 'ENDED%')
UNION ALL SELECT id FROM data.round WHERE ended_on IS NULL AND NOT flow.stands(org_id, flow.today());

-- An application under way has an open round that says so (domain 2.3).
SELECT a.id FROM data.application a JOIN data.round r ON r.id = a.round_id
WHERE NOT flow.is_final('application', a.state) AND r.ended_on IS NOT NULL
	AND a.state NOT IN ('PROPOSED_AWARD', 'IN_PUBLICITY', 'OBJECTION_HANDLING', 'CONFIRMED')
	AND flow.term_end(r.term_id) >= flow.today();

-- A branch has one application under way at most (domain 2.2: 14).
SELECT org_id FROM data.application WHERE NOT flow.is_final('application', state)
GROUP BY org_id HAVING count(*) > 1;

-- An open problem of a round that ended was carried over (T14).
SELECT g.id FROM data.gap g JOIN data.round r ON r.id = g.round_id WHERE r.ended_on IS NOT NULL
	AND NOT flow.is_final('gap', g.state) AND EXISTS (SELECT FROM data.round n
		WHERE n.org_id = g.org_id AND n.ended_on IS NULL);

-- What a branch meeting adopted was adopted by more than half of those entitled (domain 2.4).
SELECT self_id FROM data.self_version WHERE NOT (present <= entitled AND in_favour + against + abstain <= present
	AND 2 * present >= entitled AND 2 * in_favour > entitled)
UNION ALL SELECT id FROM data.application WHERE submitted_at IS NOT NULL AND NOT (present <= entitled
	AND 2 * present >= entitled AND 2 * in_favour > entitled);

-- A file that is kept has all its bytes (design 8).
SELECT f.id FROM data.file f WHERE f.state = 'KEPT' AND f.sha256 IS DISTINCT FROM (
	SELECT sha256(string_agg(c.bytes, '' ORDER BY c.chunk_no)) FROM data.file_chunk c WHERE c.file_id = f.id);

-- A locked stream was locked by another than who wrote it; nothing of a stream moves
-- once its dossier is frozen (T45).
SELECT s.id FROM data.eval_stream s JOIN data.eval_version v ON v.stream_id = s.id
	AND v.version_no = s.version_no WHERE s.state = 'LOCKED'
	AND (v.locked_by IS NULL OR v.locked_by = v.prepared_by)
UNION ALL SELECT s.id FROM data.eval_stream s JOIN data.application a ON a.id = s.application_id
	WHERE a.state IN ('DOSSIER_FROZEN', 'IN_DELIBERATION', 'DEFERRED', 'PROPOSED_AWARD', 'IN_PUBLICITY',
		'OBJECTION_HANDLING', 'CONFIRMED', 'EFFECTIVE', 'NOT_THIS_TIME')
	AND s.state NOT IN ('LOCKED', 'NOT_CARRIED_OUT');

-- Three people made a notice (domain S-47).
SELECT id FROM data.notice WHERE posted_on IS NOT NULL AND (num_nulls(drafted_by, checked_by, approved_by) > 0
	OR drafted_by IN (checked_by, approved_by) OR checked_by = approved_by);

-- An application is handled for objections while one of it is open, and only then (domain 2.3).
SELECT o.id FROM data.objection o JOIN data.application a ON a.id = o.application_id
WHERE o.state IN ('REGISTERED', 'ASSIGNED', 'INQUIRING') AND a.state = 'IN_PUBLICITY';

-- Of an objection that was transferred nothing is left (T6).
SELECT o.id FROM data.objection o WHERE o.state = 'TRANSFERRED_TO_DISCIPLINE' AND (
	EXISTS (SELECT FROM data.inquiry i WHERE i.objection_id = o.id)
	OR EXISTS (SELECT FROM data.question q WHERE q.objection_id = o.id)
	OR num_nonnulls(o.text, o.sealed, o.gist) > 0);

-- Spent is no more than granted, granted no more than budgeted; nothing is spent
-- after it was withdrawn or before it was decided (plan 四(三)).
SELECT f.id FROM data.fund f LEFT JOIN (SELECT fund_id, sum(spent_fen) AS spent, max(spent_on) AS last,
	min(spent_on) AS first FROM data.fund_spend GROUP BY 1) s ON s.fund_id = f.id
WHERE s.spent > coalesce(f.granted_fen, 0) OR f.granted_fen > f.budgeted_fen
	OR s.last > f.withdrawn_on OR s.first < f.decided_on;

-- A reconciled entry has a confirmed voucher for all that was spent (plan 四(三)).
SELECT f.id FROM data.fund f JOIN data.fund_spend s ON s.fund_id = f.id
WHERE f.state = 'RECONCILED' AND s.confirmed_on IS NULL;

-- What follows an award stops with it (plan 四(四)).
SELECT i.id FROM data.incentive i JOIN data.award w ON w.id = i.award_id
WHERE i.state = 'DUE' AND w.ended_on <= flow.today() AND w.state NOT IN ('CONTINUED')
UNION ALL SELECT f.id FROM data.fund f JOIN data.award w ON w.id = f.award_id
WHERE f.state IN ('BUDGETED', 'GRANTED') AND w.ended_on <= flow.today() AND w.state NOT IN ('CONTINUED');

-- Nothing is on its way upwards for an award that ended, but where its term did (T18).
SELECT e.id FROM data.escalation e JOIN data.award w ON w.id = e.award_id
WHERE w.state IN ('REVOKED', 'ENDED_REORG') AND NOT flow.is_final('escalation', e.state);

-- A weak and lax case is with an organisation that stands (plan 一(三)).
SELECT id FROM data.weak_lax WHERE closed_on IS NULL AND NOT flow.stands(org_id, flow.today());

-- Who agreed is another than who asked (domain 3.2).
SELECT id FROM data.approval WHERE state = 'APPROVED' AND (second_id = person_id OR second_id IS NULL);

-- Taken over by another than who handed over; destroyed only what was taken over (domain 4).
SELECT id FROM data.handover WHERE taken_by = handed_by
UNION ALL SELECT d.object_id FROM data.disposal d WHERE d.object_id NOT LIKE 'CP%' AND NOT EXISTS (
	SELECT FROM data.handover_item i JOIN data.handover h ON h.id = i.handover_id
	WHERE i.object_id = d.object_id AND h.state = 'TAKEN_OVER');

-- No contact point and no office reaches into the time before its organisation.
SELECT c.org_id FROM data.contact_point c JOIN data.org o ON o.id = c.org_id WHERE c.from_on < o.established_on;

-- Every event is in its canonical form, with the digest of what it keeps (design 9).
SELECT e.id FROM audit.event e WHERE e.body <> convert_to(concat_ws(E'\n', 'zhibu-event-1',
	to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.person_id, coalesce(e.role, ''),
	coalesce(e.org_id, ''), e.request, coalesce(e.object, ''), coalesce(encode(e.key, 'hex'), ''),
	coalesce(encode(sha256(e.payload), 'hex'), ''), coalesce(encode(e.signature, 'hex'), ''),
	coalesce(encode(e.certificate_fp, 'hex'), '')), 'UTF8');

-- Every event of a person is signed, and its key has its kept reply (design 4, 5).
SELECT e.id FROM audit.event e WHERE e.key IS NOT NULL AND (e.signature IS NULL
	OR NOT EXISTS (SELECT FROM data.idem i WHERE i.person_id = e.person_id AND i.key = e.key
		AND i.reply IS NOT NULL));

-- The college's counts are those of the branches, on every day (S-12, S-14;
-- tests/sql/progress_counts.psql).
SELECT day FROM miscounted;

-- Every constraint is validated and every trigger is on.
SELECT conname FROM pg_constraint WHERE NOT convalidated
UNION ALL SELECT tgname FROM pg_trigger WHERE tgenabled = 'D';
