-- Opinion surveys: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('adopt_question_set', '{od_head}'::text[]),
	('list_question_sets', '{person}'),
	('show_question_set', '{person}'),
	('new_survey', '{od_officer}'),
	('list_codes', '{od_officer}'),
	('open_survey', '{od_officer}'),
	('close_survey', '{od_officer}'),
	('void_survey', '{od_officer,od_head}'),
	('get_survey', '{anyone}'),
	('answer_survey', '{anyone}'),
	('show_survey', '{od_officer,od_head}'),
	('list_surveys', '{od_officer,od_head}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('eval_stream', 'OPEN', 'OPEN', 'new_survey', 'stream_of_masses'),
	('eval_stream', 'REOPENED', 'REOPENED', 'new_survey', 'stream_of_masses'),
	('survey', '-', 'DRAFT', 'new_survey', NULL),
	('survey', 'DRAFT', 'DRAFT', 'list_codes', 'survey_with_codes'),
	('survey', 'OPEN', 'OPEN', 'list_codes', 'survey_with_codes'),
	('survey', 'DRAFT', 'OPEN', 'open_survey', 'survey_ready'),
	('survey', 'OPEN', 'CLOSED', 'close_survey', NULL),
	('survey', 'DRAFT', 'VOID', 'void_survey', NULL),
	('survey', 'OPEN', 'VOID', 'void_survey', NULL),
	('survey', 'CLOSED', 'VOID', 'void_survey', 'survey_not_locked');

INSERT INTO rule.request (request, keyed, evented, keeps_payload, why) VALUES
	('list_codes', true, true, false, 'hashes of codes, next to which a trace has a time');

-- Answering holds this lock shared, closing alone: an answer is in the box before the
-- close is acknowledged, or not at all.
CREATE FUNCTION flow.survey_lock(survey_id text) RETURNS bigint LANGUAGE sql IMMUTABLE
AS $$ SELECT hashtextextended('survey ' || survey_id, 0) $$;

CREATE FUNCTION flow.current_questions() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT q.id FROM data.question_set q ORDER BY flow.version_order(q.id) DESC LIMIT 1 $$;
