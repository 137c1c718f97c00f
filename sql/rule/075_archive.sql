-- Archive: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('list_archive', '{od_officer,od_head,archivist}'::text[]),
	('hand_over', '{od_officer,od_head}'),
	('take_over', '{archivist}'),
	('list_handovers', '{od_officer,od_head,archivist}'),
	('show_handover', '{od_officer,od_head,archivist}'),
	('dispose_record', '{archivist}'),
	('list_disposals', '{od_officer,od_head,archivist,auditor}'),
	('list_archive_kinds', '{od_officer,od_head,archivist,auditor}'),
	('set_archive_kind', '{archivist}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('handover', '-', 'HANDED_OVER', 'hand_over', NULL),
	('handover', 'HANDED_OVER', 'TAKEN_OVER', 'take_over', NULL),
	('notice', 'ENDED_CLEAR', 'ARCHIVED', 'take_over', NULL),
	('notice', 'ENDED_WITH_OBJECTION', 'ARCHIVED', 'take_over', NULL),
	('disposal', '-', 'DISPOSED', 'dispose_record', NULL),
	('disposal', '-', 'DISPOSED', 'archive_ballot', NULL);

INSERT INTO rule.hint (entity, request, field, from_column, only_if) VALUES
	('handover', 'take_over', 'handover_id', 'id', NULL);

INSERT INTO rule.second_person (request, role, why) VALUES
	('dispose_record', 'od_head', 'what is destroyed does not come back');

-- How long a thing is kept from the day the archive took it; NULL: for ever.  Papers
-- of money are kept as long as the accounts.
CREATE FUNCTION flow.kept_until(retention text, taken_on date) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE retention WHEN 'YEARS_10' THEN taken_on + interval '10 years'
		WHEN 'YEARS_30' THEN taken_on + interval '30 years'
		WHEN 'AS_ACCOUNTS' THEN taken_on + interval '30 years' END::date $$;

-- While an objection about the organisation, or about nobody by name, is open nothing
-- of it is destroyed (T50).
CREATE FUNCTION flow.disposal_holds(org_id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('held_by_objection', o.id)
	FROM data.objection o
	WHERE o.org_id IN (disposal_holds.org_id, flow.committee())
		AND NOT flow.is_final('objection', o.state) ORDER BY o.id $$;
