-- A committee's secret vote hangs on an agenda item.
ALTER TABLE data.ballot_session ADD COLUMN agenda_item_id text REFERENCES data.agenda_item,
	ADD CHECK ((agenda_item_id IS NOT NULL) = (purpose = 'COMMITTEE_VOTE'));
-- One at a time for one matter: an item, an application, or a year's own meeting.
CREATE UNIQUE INDEX ballot_session_one_live ON data.ballot_session (org_id, purpose,
	coalesce(agenda_item_id, application_id, extract(year FROM held_on)::text))
	WHERE state <> 'VOID';
