-- Reorganisation.  Messages: proto/reorg.proto.

-- Its place in the history of titles.
CREATE FUNCTION flow.succession_events(org_id text) RETURNS SETOF api.history_row
LANGUAGE sql STABLE AS $$
	SELECT s.succeeded_on, s.kind, s.from_org_id, flow.org_name(s.from_org_id,
		s.succeeded_on - 1), r.id, NULL, r.doc_no,
		s.to_org_id || ' ' || flow.org_name(s.to_org_id, s.succeeded_on)
	FROM data.org_succession s JOIN data.reorg r ON r.id = s.reorg_id
	WHERE s.from_org_id IN (SELECT flow.lineage(succession_events.org_id)) $$;
