-- Programme, standard, ballot items, rules of deciding, calendar.  Messages:
-- proto/programme.proto.

CREATE FUNCTION api.show_college(me auth.actor, OUT name text, OUT demo boolean,
	OUT programme text, OUT award_title text, OUT standard_version_id text,
	OUT rule_set_id text, OUT today_on date)
LANGUAGE sql STABLE AS $$
	SELECT d.college_name, d.demo, p.title, p.award_title, flow.current_standard(),
		flow.current_rule_set(), flow.today()
	FROM data.deployment d LEFT JOIN data.programme p ON p.id = flow.current_programme() $$;

CREATE TYPE api.basis_row AS (issuer text, title text, doc_no text, issued_on date);
CREATE TYPE api.phase_row AS (name text, start_on date, end_on date, goal text);
CREATE FUNCTION flow.phase_rows(programme_id text) RETURNS api.phase_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(f.name, f.start_on, f.end_on, f.goal)::api.phase_row
		ORDER BY f.phase_no), '{}')
	FROM data.programme_phase f WHERE f.programme_id = phase_rows.programme_id $$;

CREATE FUNCTION api.show_programme(me auth.actor, OUT programme_id text, OUT title text,
	OUT award_title text, OUT issued_by text, OUT issued_on date,
	OUT basis api.basis_row[], OUT phases api.phase_row[], OUT goals text[],
	OUT related text[])
LANGUAGE sql STABLE AS $$
	SELECT p.id, p.title, p.award_title, p.issued_by, p.issued_on,
		coalesce((SELECT array_agg(ROW(b.issuer, b.title, b.doc_no,
			b.issued_on)::api.basis_row ORDER BY b.basis_no)
			FROM data.programme_basis b WHERE b.programme_id = p.id), '{}'),
		flow.phase_rows(p.id),
		coalesce((SELECT array_agg(g.text::text ORDER BY g.goal_no)
			FROM data.programme_goal g WHERE g.programme_id = p.id), '{}'),
		ARRAY(SELECT c.name::text FROM data.choice c WHERE c.list = 'RELATED_PROGRAMME'
			ORDER BY c.added_on NULLS FIRST, c.code)
	FROM data.programme p WHERE p.id = flow.current_programme() $$;

-- ---- standard ---------------------------------------------------------------------
CREATE TYPE api.standard_row AS (standard_version_id text, state text, adopted_on date,
	basis text, current boolean);

CREATE FUNCTION api.list_standards(me auth.actor, OUT standards api.standard_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(v.id, v.state, v.adopted_on, v.basis,
		v.id = flow.current_standard())::api.standard_row
		ORDER BY flow.version_order(v.id)), '{}')
	FROM data.standard_version v WHERE flow.sees_standard(me, v) $$;

CREATE TYPE api.standard_item AS (code text, text text, guidance text, about text,
	told_by text, applies_to text[]);
CREATE TYPE api.standard_group AS (group_no int, title text, text text,
	items api.standard_item[]);

-- Fields that a kind of branch must fill in a year.
CREATE TYPE api.burden_category AS (member_category text, inputs_now int,
	inputs_then int);

CREATE FUNCTION api.show_standard(me auth.actor, INOUT standard_version_id text,
	org_id text, OUT state text, OUT adopted_on date, OUT adopted_by text, OUT basis text,
	OUT burden_decision text, OUT groups api.standard_group[],
	OUT burden api.burden_category[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE v data.standard_version;
BEGIN
	v := flow.find_standard(me, standard_version_id);
	standard_version_id := v.id;
	SELECT v.state, v.adopted_on, flow.person_name(v.adopted_by), v.basis,
		v.burden_decision
	INTO state, adopted_on, adopted_by, basis, burden_decision;
	burden := flow.burden(v.id);
	SELECT coalesce(array_agg(ROW(g.group_no, g.title, g.text,
		coalesce((SELECT array_agg(ROW(i.code, i.text,
				flow.guidance_of(i, coalesce(org_id, me.org_id)), i.about, i.told_by,
				i.applies_to)::api.standard_item ORDER BY i.item_no)
			FROM flow.standard_items(standard_version_id, org_id) i
			WHERE i.group_no = g.group_no), '{}'))::api.standard_group
		ORDER BY g.group_no), '{}')
	INTO groups FROM data.standard_group g WHERE g.standard_version_id = standard_version_id;
END $$;

-- The version named, or the one in force.
CREATE FUNCTION flow.find_standard(me auth.actor, standard_version_id text)
RETURNS data.standard_version LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_version data.standard_version;
BEGIN
	SELECT v.* INTO found_version FROM data.standard_version v
	WHERE v.id = coalesce(standard_version_id, flow.current_standard())
		AND flow.sees_standard(me, v);
	IF found_version.id IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	RETURN found_version;
END $$;

-- Every defect of a draft: the plan's five standards each once, items in them by
-- their codes, words where there must be words.
CREATE FUNCTION flow.draft_reasons(groups api.standard_group[])
RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(d.reason ORDER BY d.g, d.n, (d.reason).key), '{}') FROM (
		SELECT s.n AS g, 0 AS n, refuse.reason('standard_group_needed', s.n::text) AS reason
		FROM generate_series(1, 5) s(n)
		WHERE (SELECT count(*) FROM unnest(groups) g WHERE g.group_no = s.n) <> 1
		UNION ALL
		SELECT coalesce(g.group_no, 0), 0, refuse.reason('standard_group_bad',
			coalesce(g.group_no::text, '-'))
		FROM unnest(groups) g WHERE coalesce(g.group_no, 0) NOT BETWEEN 1 AND 5
			OR coalesce(g.title, '') !~ '\S' OR char_length(g.title) > 200
			OR coalesce(g.text, '') !~ '\S' OR char_length(g.text) > 20000
		UNION ALL
		SELECT coalesce(i.group_no, 0), i.n, d.reason FROM (
			SELECT g.group_no, e.n, e.code, e.text, e.guidance, e.about, e.told_by,
				e.applies_to, count(*) OVER (PARTITION BY e.code) AS times
			FROM unnest(groups) g, unnest(g.items) WITH ORDINALITY
				e(code, text, guidance, about, told_by, applies_to, n)) i,
		LATERAL (SELECT CASE
			WHEN i.code IS NULL OR i.code !~ '^[1-5]\.[1-9][0-9]?$'
					OR split_part(i.code, '.', 1) <> i.group_no::text
			THEN refuse.reason('standard_code_bad', coalesce(i.code, '-'),
				coalesce(i.group_no::text, '-'))
			WHEN i.times > 1 THEN refuse.reason('item_twice', i.code)
			WHEN coalesce(i.text, '') !~ '\S' OR char_length(i.text) > 200
					OR char_length(i.guidance) > 2000
					OR coalesce(i.about, 'BRANCH') NOT IN ('BRANCH', 'SECRETARY', 'MEMBERS')
					OR coalesce(i.told_by, 'BRANCH') NOT IN ('BRANCH', 'TREE', 'MASSES')
			THEN refuse.reason('standard_item_bad', i.code)
			WHEN NOT i.applies_to <@ ARRAY(SELECT flow.branch_categories())
			THEN refuse.reason('standard_category_unknown', i.code,
				array_to_string(ARRAY(SELECT flow.branch_categories()), '、'))
			END AS reason) d
		WHERE d.reason IS NOT NULL) d $$;

-- What the forms of a year ask of each kind of branch, by the version in force and
-- by this one.
CREATE FUNCTION flow.burden(standard_version_id text) RETURNS api.burden_category[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(c, flow.yearly_inputs(flow.current_standard(), c),
		flow.yearly_inputs(burden.standard_version_id, c))::api.burden_category
		ORDER BY c), '{}')
	FROM flow.branch_categories() c $$;

-- The department drafts the next version; nobody is bound by it.  A draft may be
-- written again as often as it takes.
CREATE FUNCTION api.draft_standard(me auth.actor, INOUT standard_version_id text,
	INOUT basis text, groups api.standard_group[], OUT state text,
	OUT burden_limit int, OUT burden api.burden_category[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.defects(coalesce(standard_version_id, 'standard_version'),
		flow.draft_reasons(groups));
	IF basis IS NOT NULL THEN
		PERFORM refuse.unless_line('basis', basis);
	END IF;
	state := 'DRAFT';
	IF standard_version_id IS NULL THEN
		standard_version_id := flow.next_version('standard_version', 'BZ');
		INSERT INTO data.standard_version (id, programme_id, state, basis, drafted_by,
			drafted_on)
		VALUES (standard_version_id, flow.current_programme(), state, basis, me.person_id,
			flow.today());
	ELSE
		PERFORM flow.move(me, 'standard_version', standard_version_id, state);
		UPDATE data.standard_version v SET basis = coalesce(basis, v.basis),
			drafted_by = me.person_id, drafted_on = flow.today()
		WHERE v.id = standard_version_id RETURNING v.basis INTO basis;
		DELETE FROM data.standard_item i WHERE i.standard_version_id = standard_version_id;
		DELETE FROM data.standard_group g WHERE g.standard_version_id = standard_version_id;
	END IF;
	INSERT INTO data.standard_group (standard_version_id, group_no, title, text)
	SELECT standard_version_id, g.group_no, g.title, g.text FROM unnest(groups) g;
	INSERT INTO data.standard_item (standard_version_id, code, group_no, item_no, text,
		guidance, about, told_by, applies_to)
	SELECT standard_version_id, i.code, g.group_no, split_part(i.code, '.', 2)::int, i.text,
		nullif(i.guidance, ''), coalesce(i.about, 'BRANCH'), coalesce(i.told_by, 'BRANCH'),
		coalesce(i.applies_to, '{}')
	FROM unnest(groups) g, unnest(g.items) i;
	burden_limit := (flow.burden_limit()).required_inputs;
	burden := flow.burden(standard_version_id);
END $$;

-- The committee adopts it.  Rounds and applications keep the version they began with.
-- Where it asks more of branches than the college's own limit, that needs a decision
-- of its own.
CREATE FUNCTION api.adopt_standard(me auth.actor, INOUT standard_version_id text,
	INOUT basis text, INOUT adopted_on date, INOUT burden_decision text, OUT state text,
	OUT burden_limit int, OUT burden api.burden_category[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_standard(me, standard_version_id);
	PERFORM refuse.unless_line('basis', basis);
	adopted_on := coalesce(adopted_on, flow.today());
	IF adopted_on > flow.today() THEN
		PERFORM refuse.invalid('adopted_on', 'adopted_in_future', adopted_on::text);
	END IF;
	PERFORM refuse.unless_sane_date('adopted_on', adopted_on);
	burden_limit := (flow.burden_limit()).required_inputs;
	burden := flow.burden(standard_version_id);
	IF burden_decision IS NULL THEN
		PERFORM flow.need_with(me, 'standard_version', standard_version_id, 'ADOPTED',
			ARRAY(SELECT refuse.reason('burden_over_limit', b.member_category,
					b.inputs_then::text, burden_limit::text)
				FROM unnest(burden) b
				WHERE b.inputs_then > burden_limit AND b.inputs_then > b.inputs_now));
	ELSE
		PERFORM refuse.unless_line('burden_decision', burden_decision);
	END IF;
	PERFORM flow.need(me, 'standard_version', standard_version_id, 'ADOPTED');
	state := 'ADOPTED';
	UPDATE data.standard_version v SET state = state, adopted_on = adopted_on,
		adopted_by = me.person_id, basis = basis, burden_decision = burden_decision
	WHERE v.id = standard_version_id;
END $$;

-- Field by field, item by item, in the standard's order.
CREATE FUNCTION api.diff_standards(me auth.actor, INOUT old_version_id text,
	INOUT new_version_id text, OUT differences api.difference[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	new_version_id := coalesce(new_version_id, (SELECT v.id FROM data.standard_version v
		WHERE flow.sees_standard(me, v) ORDER BY flow.version_order(v.id) DESC LIMIT 1));
	old_version_id := coalesce(old_version_id, (SELECT v.id FROM data.standard_version v
		WHERE v.state = 'ADOPTED' AND flow.version_order(v.id)
			< flow.version_order(new_version_id)
		ORDER BY flow.version_order(v.id) DESC LIMIT 1), new_version_id);
	PERFORM flow.find_standard(me, old_version_id), flow.find_standard(me, new_version_id);
	WITH field AS (
		SELECT g.standard_version_id AS v, g.group_no AS g, 0 AS n, g.group_no::text AS code,
			f.no, f.field, f.value
		FROM data.standard_group g, LATERAL (VALUES (1, 'title', g.title::text),
			(2, 'text', g.text::text)) f(no, field, value)
		UNION ALL
		SELECT i.standard_version_id, i.group_no, i.item_no, i.code, f.no, f.field, f.value
		FROM data.standard_item i, LATERAL (VALUES (1, 'text', i.text::text),
			(2, 'guidance', i.guidance::text), (3, 'about', i.about), (4, 'told_by', i.told_by),
			(5, 'applies_to', nullif(array_to_string(i.applies_to, '、'), '')))
			f(no, field, value)
	), pair AS (
		SELECT coalesce(a.g, b.g) AS g, coalesce(a.n, b.n) AS n, coalesce(a.no, b.no) AS no,
			coalesce(a.code, b.code) AS code, coalesce(a.field, b.field) AS field,
			a.v IS NULL AS fresh, b.v IS NULL AS gone, a.value AS before, b.value AS after
		FROM (SELECT * FROM field WHERE v = old_version_id) a
		FULL JOIN (SELECT * FROM field WHERE v = new_version_id) b
			ON b.code = a.code AND b.field = a.field)
	SELECT coalesce(array_agg(ROW(NULL, p.code, CASE WHEN p.fresh THEN 'NEW'
			WHEN p.gone THEN 'REMOVED' ELSE 'CHANGED' END, p.field, p.before,
			p.after)::api.difference ORDER BY p.g, p.n, p.no), '{}')
	INTO differences FROM pair p
	WHERE p.before IS DISTINCT FROM p.after;
END $$;

-- A level between explains items to its branches; whatever else is said of an item
-- must be as it is (NF-9: nothing is added on the way down).
CREATE FUNCTION flow.explain_reasons(standard_version_id text, items api.standard_item[])
RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(d.reason ORDER BY e.n), '{}')
	FROM unnest(items) WITH ORDINALITY e(code, text, guidance, about, told_by, applies_to, n)
	LEFT JOIN data.standard_item i ON i.code = e.code
		AND i.standard_version_id = explain_reasons.standard_version_id,
	LATERAL (VALUES
		(CASE WHEN i.code IS NULL THEN refuse.reason('nf9_item_added', coalesce(e.code, '-'))
			END),
		(CASE WHEN e.text <> i.text THEN refuse.reason('nf9_item_changed', i.code, 'text') END),
		(CASE WHEN e.about <> i.about THEN refuse.reason('nf9_item_changed', i.code, 'about')
			END),
		(CASE WHEN e.told_by <> i.told_by THEN refuse.reason('nf9_item_changed', i.code,
			'told_by') END),
		(CASE WHEN e.applies_to <> '{}' AND e.applies_to <> i.applies_to
			THEN refuse.reason('nf9_item_changed', i.code, 'applies_to') END),
		(CASE WHEN e.guidance IS NULL AND i.code IS NOT NULL
			THEN refuse.reason('explanation_missing', i.code) END),
		(CASE WHEN char_length(e.guidance) > 1000 THEN refuse.reason('explanation_too_long',
			i.code, '1000') END)) d(reason)
	WHERE d.reason IS NOT NULL $$;

CREATE FUNCTION api.explain_standard(me auth.actor, INOUT standard_version_id text,
	items api.standard_item[], OUT org_id text, OUT explained text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	standard_version_id := (flow.find_standard(me, standard_version_id)).id;
	org_id := me.org_id;
	IF items = '{}' THEN
		PERFORM refuse.invalid('items', 'item_needed');
	END IF;
	PERFORM refuse.defects(standard_version_id,
		flow.explain_reasons(standard_version_id, items));
	PERFORM pg_advisory_xact_lock(hashtext('explain ' || org_id));
	INSERT INTO data.item_explanation (org_id, standard_version_id, item_code, serial, text,
		by_person, at)
	SELECT org_id, standard_version_id, i.code, 1 + (SELECT count(*)
			FROM data.item_explanation e WHERE e.org_id = org_id AND e.item_code = i.code
				AND e.standard_version_id = standard_version_id),
		nullif(i.guidance, ''), me.person_id, flow.now()
	FROM (SELECT DISTINCT ON (x.code) x.* FROM unnest(items) x ORDER BY x.code) i;
	explained := ARRAY(SELECT DISTINCT i.code FROM unnest(items) i ORDER BY 1);
END $$;

-- ---- the burden of forms (NF-9) ------------------------------------------------------
CREATE TYPE api.burden_form AS (form text, needed text, required_fields text[],
	optional_fields text[]);
CREATE FUNCTION api.show_burden(me auth.actor, INOUT standard_version_id text,
	OUT burden_limit int, OUT basis text, OUT forms api.burden_form[],
	OUT burden api.burden_category[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE l data.burden_limit := flow.burden_limit();
BEGIN
	standard_version_id := (flow.find_standard(me, standard_version_id)).id;
	burden_limit := l.required_inputs;
	basis := l.basis;
	burden := flow.burden(standard_version_id);
	forms := ARRAY(SELECT ROW(m.form, m.needed,
			ARRAY(SELECT f.field FROM rule.form_field f WHERE f.form = m.form
				AND f.required ORDER BY f.field_no),
			ARRAY(SELECT f.field FROM rule.form_field f WHERE f.form = m.form
				AND NOT f.required ORDER BY f.field_no))::api.burden_form
		FROM rule.form m ORDER BY m.form_no);
END $$;

CREATE FUNCTION api.set_burden_limit(me auth.actor, INOUT burden_limit int,
	INOUT basis text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_line('basis', basis);
	IF burden_limit IS NULL OR burden_limit NOT BETWEEN 1 AND 1000 THEN
		PERFORM refuse.invalid('burden_limit', 'number_out_of_range', 'burden_limit', '1',
			'1000');
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('burden_limit'));
	INSERT INTO data.burden_limit (serial, required_inputs, basis, set_by, set_at)
	SELECT count(*) + 1, burden_limit, basis, me.person_id, flow.now()
	FROM data.burden_limit b;
END $$;

-- ---- rules of deciding ---------------------------------------------------------------
CREATE TYPE api.rule_set_row AS (rule_set_id text, adopted_on date, basis text,
	current boolean);

CREATE FUNCTION api.list_rule_sets(me auth.actor, OUT rule_sets api.rule_set_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(r.id, r.adopted_on, r.basis,
		r.id = flow.current_rule_set())::api.rule_set_row
		ORDER BY flow.version_order(r.id)), '{}')
	FROM data.rule_set r $$;

CREATE FUNCTION api.show_rule_set(me auth.actor, INOUT rule_set_id text,
	OUT adopted_on date, OUT adopted_by text, OUT basis text, OUT quorum_num int,
	OUT quorum_den int, OUT majority text, OUT recused_stay boolean,
	OUT notice_working_days int, OUT posting_day_counted boolean, OUT small_group int,
	OUT rectification_months int, OUT award_through_extension boolean,
	OUT students_judge boolean, OUT weak_lax_may_apply boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	rule_set_id := coalesce(rule_set_id, flow.current_rule_set());
	IF rule_set_id IS NULL THEN
		PERFORM refuse.because('ZB003', 'no_rule_set');
	END IF;
	SELECT r.adopted_on, flow.person_label(r.adopted_by), r.basis, r.quorum_num,
		r.quorum_den, r.majority, r.recused_stay, r.notice_working_days,
		r.posting_day_counted, r.small_group, r.rectification_months,
		r.award_through_extension, r.students_judge, r.weak_lax_may_apply
	INTO adopted_on, adopted_by, basis, quorum_num, quorum_den, majority, recused_stay,
		notice_working_days, posting_day_counted, small_group, rectification_months,
		award_through_extension, students_judge, weak_lax_may_apply
	FROM data.rule_set r WHERE r.id = rule_set_id;
	IF NOT FOUND THEN
		PERFORM refuse.denied();
	END IF;
END $$;

-- Every choice the college has not made yet, at once: nothing is filled in for it.
CREATE FUNCTION api.adopt_rule_set(me auth.actor, basis text, OUT rule_set_id text,
	INOUT adopted_on date, quorum_num int, quorum_den int, majority text,
	recused_stay boolean, notice_working_days int, posting_day_counted boolean,
	small_group int, rectification_months int, award_through_extension boolean,
	students_judge boolean, weak_lax_may_apply boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r refuse.reason[];
BEGIN
	SELECT coalesce(array_agg(refuse.reason('choice_needed', f.name) ORDER BY f.n), '{}')
	INTO r FROM (VALUES
		(1, 'basis', CASE WHEN NOT flow.blank(basis) THEN basis END), (2, 'quorum_num', quorum_num::text),
		(3, 'quorum_den', quorum_den::text), (4, 'majority', majority),
		(5, 'recused_stay', recused_stay::text),
		(6, 'notice_working_days', notice_working_days::text),
		(7, 'posting_day_counted', posting_day_counted::text),
		(8, 'small_group', small_group::text),
		(9, 'rectification_months', rectification_months::text),
		(10, 'award_through_extension', award_through_extension::text),
		(11, 'students_judge', students_judge::text),
		(12, 'weak_lax_may_apply', weak_lax_may_apply::text)) AS f(n, name, value)
	WHERE f.value IS NULL;
	IF NOT (quorum_num::bigint * 2 >= quorum_den AND quorum_num <= quorum_den
			AND quorum_den BETWEEN 2 AND 12) THEN
		r := r || refuse.reason('quorum_bad', quorum_num::text, quorum_den::text);
	END IF;
	IF notice_working_days NOT BETWEEN 1 AND 60 THEN
		r := r || refuse.reason('number_out_of_range', 'notice_working_days', '1', '60');
	END IF;
	IF small_group NOT BETWEEN 2 AND 50 THEN
		r := r || refuse.reason('number_out_of_range', 'small_group', '2', '50');
	END IF;
	IF rectification_months NOT BETWEEN 0 AND 12 THEN
		r := r || refuse.reason('number_out_of_range', 'rectification_months', '0', '12');
	END IF;
	adopted_on := coalesce(adopted_on, flow.today());
	IF adopted_on > flow.today() THEN
		r := r || refuse.reason('adopted_in_future', adopted_on::text);
	END IF;
	PERFORM refuse.defects('rule_set', r);
	rule_set_id := flow.next_version('rule_set', 'GZ');
	INSERT INTO data.rule_set (id, adopted_on, adopted_by, adopted_at, basis, quorum_num,
		quorum_den, majority, recused_stay, notice_working_days, posting_day_counted,
		small_group, rectification_months, award_through_extension, students_judge,
		weak_lax_may_apply)
	VALUES (rule_set_id, adopted_on, me.person_id, flow.now(), basis, quorum_num, quorum_den,
		majority, recused_stay, notice_working_days, posting_day_counted, small_group,
		rectification_months, award_through_extension, students_judge,
		weak_lax_may_apply);
END $$;

-- ---- ballot items -------------------------------------------------------------------------
CREATE TYPE api.item_set_row AS (item_set_id text, title text, applies_to text[],
	adopted_on date, basis text, purpose text, org_id text);
CREATE TYPE api.item_option AS (code text, text text);
CREATE TYPE api.item_set_item AS (text text, options api.item_option[]);

CREATE FUNCTION api.list_item_sets(me auth.actor, OUT item_sets api.item_set_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(s.id, s.title, s.applies_to, s.adopted_on, s.basis,
		s.purpose, s.org_id)::api.item_set_row ORDER BY flow.version_order(s.id)), '{}')
	FROM data.item_set s $$;

CREATE FUNCTION api.show_item_set(me auth.actor, INOUT item_set_id text, OUT title text,
	OUT applies_to text[], OUT adopted_on date, OUT basis text,
	OUT items api.item_set_item[], OUT purpose text, OUT org_id text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	item_set_id := coalesce(item_set_id, (SELECT s.id FROM data.item_set s
		ORDER BY flow.version_order(s.id) DESC LIMIT 1));
	SELECT s.title, s.applies_to, s.adopted_on, s.basis, s.purpose, s.org_id
	INTO title, applies_to, adopted_on, basis, purpose, org_id
	FROM data.item_set s WHERE s.id = item_set_id;
	IF NOT FOUND THEN
		PERFORM refuse.denied();
	END IF;
	SELECT coalesce(array_agg(ROW(i.text, (SELECT array_agg(ROW(o.code,
			o.text)::api.item_option ORDER BY o.option_no)
		FROM data.item_set_option o WHERE o.item_set_id = i.item_set_id
			AND o.item_no = i.item_no))::api.item_set_item ORDER BY i.item_no), '{}')
	INTO items FROM data.item_set_item i WHERE i.item_set_id = item_set_id;
END $$;

CREATE FUNCTION flow.item_reasons(item_no int, item api.item_set_item)
RETURNS refuse.reason[] LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	r refuse.reason[] := '{}';
	n int := cardinality(item.options);
BEGIN
	IF flow.blank(item.text) OR char_length(item.text) > 200 THEN
		r := r || refuse.reason('item_without_text', item_no::text);
	END IF;
	IF coalesce(n, 0) NOT BETWEEN 2 AND 20 THEN
		RETURN r || refuse.reason('item_options_few', item_no::text);
	END IF;
	IF EXISTS (SELECT FROM unnest(item.options) o WHERE flow.blank(o.text)
			OR char_length(o.text) > 200 OR coalesce(o.code, '') !~ '^[A-Z][A-Z_]{0,30}$')
		OR (SELECT count(DISTINCT o.code) FROM unnest(item.options) o) < n THEN
		r := r || refuse.reason('item_option_bad', item_no::text);
	END IF;
	RETURN r;
END $$;

-- A new set, for the branches of some categories or for a single one; the older ones
-- stay, and a session that took one keeps it.
CREATE FUNCTION api.adopt_item_set(me auth.actor, title text, applies_to text[], basis text,
	OUT item_set_id text, INOUT adopted_on date, items api.item_set_item[], purpose text,
	org_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r refuse.reason[] := '{}';
BEGIN
	PERFORM refuse.unless_line('title', title);
	PERFORM refuse.unless_line('basis', basis);
	adopted_on := coalesce(adopted_on, flow.today());
	IF adopted_on > flow.today() THEN
		r := r || refuse.reason('adopted_in_future', adopted_on::text);
	END IF;
	IF cardinality(items) NOT BETWEEN 1 AND 50 THEN
		r := r || refuse.reason('number_out_of_range', 'items', '1', '50');
	END IF;
	r := r || coalesce((SELECT array_agg(x ORDER BY i) FROM generate_subscripts(items, 1) i,
		unnest(flow.item_reasons(i, items[i])) x), '{}');
	purpose := coalesce(purpose, 'MEMBERS_ON_BRANCH');
	IF purpose = 'COMMITTEE_VOTE' THEN
		r := r || refuse.reason('vote_items_fixed');
	ELSIF purpose = 'MEMBERS_ON_MEMBERS' AND cardinality(items) <> 1 THEN
		r := r || refuse.reason('one_item_for_members');
	END IF;
	IF org_id IS NOT NULL AND NOT EXISTS (SELECT FROM data.org o
			WHERE o.id = org_id AND o.kind LIKE 'branch%') THEN
		r := r || refuse.reason('branch_unknown', org_id);
	END IF;
	PERFORM refuse.defects('item_set', r);
	item_set_id := flow.next_version('item_set', 'CX');
	INSERT INTO data.item_set (id, title, purpose, applies_to, org_id, adopted_on,
		adopted_by, basis)
	VALUES (item_set_id, title, purpose, applies_to, org_id, adopted_on, me.person_id,
		basis);
	INSERT INTO data.item_set_item (item_set_id, item_no, text)
	SELECT item_set_id, i, (items[i]).text FROM generate_subscripts(items, 1) i;
	INSERT INTO data.item_set_option (item_set_id, item_no, option_no, code, text)
	SELECT item_set_id, i, o.n, o.code, o.text FROM generate_subscripts(items, 1) i,
		unnest((items[i]).options) WITH ORDINALITY AS o(code, text, n);
END $$;

-- ---- calendar -------------------------------------------------------------------------------
CREATE TYPE api.holiday_row AS (day_on date, working boolean, name text);

CREATE FUNCTION api.list_holidays(me auth.actor, INOUT year int, OUT published boolean,
	OUT doc_no text, OUT holidays api.holiday_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	year := coalesce(year, extract(year FROM flow.today())::int);
	SELECT true, y.doc_no INTO published, doc_no
	FROM data.holiday_year y WHERE y.year = year;
	published := coalesce(published, false);
	SELECT coalesce(array_agg(ROW(h.day, h.working, h.name)::api.holiday_row
		ORDER BY h.day), '{}')
	INTO holidays FROM data.holiday h WHERE h.year = year;
END $$;

-- Days not given come from the rule set; without one they must be given.
CREATE FUNCTION api.show_working_end(me auth.actor, start_on date, days int,
	posting_day_counted boolean, OUT end_on date, OUT provisional boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r data.rule_set;
BEGIN
	SELECT x.* INTO r FROM data.rule_set x WHERE x.id = flow.current_rule_set();
	days := coalesce(days, r.notice_working_days);
	IF days IS NULL OR days NOT BETWEEN 1 AND 400 THEN
		PERFORM refuse.invalid('days', 'number_out_of_range', 'days', '1', '400');
	END IF;
	SELECT w.end_on, w.provisional INTO end_on, provisional
	FROM flow.working_end(coalesce(start_on, flow.today()), days,
		coalesce(posting_day_counted, r.posting_day_counted, false)) w;
END $$;

CREATE TYPE api.holiday_import AS (line int, day_on date, working boolean, name text);

CREATE FUNCTION flow.holiday_row_reasons(x api.holiday_import, rows api.holiday_import[])
RETURNS refuse.reason[] LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r refuse.reason[] := '{}';
BEGIN
	IF x.day_on IS NULL THEN
		r := r || refuse.reason('line_date_missing', 'day_on');
	ELSIF EXISTS (SELECT FROM unnest(rows) y WHERE y.day_on = x.day_on
			AND y.line < x.line) THEN
		r := r || refuse.reason('row_twice', x.day_on::text);
	ELSIF extract(year FROM x.day_on) NOT BETWEEN 1990 AND 2200 THEN
		r := r || refuse.reason('line_date_missing', 'day_on');
	END IF;
	IF x.working IS NULL THEN
		r := r || refuse.reason('working_missing');
	END IF;
	IF flow.blank(x.name) OR char_length(x.name) > 200 THEN
		r := r || refuse.reason('name_missing');
	END IF;
	RETURN r;
END $$;

-- The years of the file, each as a whole: a day of such a year that the file no
-- longer holds is taken out.
CREATE FUNCTION api.import_holidays(me auth.actor, doc_no text, rows api.holiday_import[],
	OUT differences api.difference[], OUT unchanged int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	x api.holiday_import;
	r refuse.reason[] := '{}';
BEGIN
	PERFORM flow.one_import();
	PERFORM refuse.unless_line_or_none('doc_no', doc_no);
	FOREACH x IN ARRAY rows LOOP
		r := r || refuse.at_line(x.line, flow.holiday_row_reasons(x, rows));
	END LOOP;
	PERFORM refuse.defects(me.request, r);
	SELECT coalesce(array_agg(ROW(d.line, d.subject, d.change, d.field, d.before,
		d.after)::api.difference ORDER BY d.subject), '{}') INTO differences FROM (
		SELECT y.line, y.day_on || ' ' || y.name AS subject,
			CASE WHEN h.day IS NULL THEN 'NEW' ELSE 'CHANGED' END AS change,
			'working' AS field,
			CASE WHEN h.working THEN 'WORKDAY' WHEN NOT h.working THEN 'HOLIDAY' END AS before,
			CASE WHEN y.working THEN 'WORKDAY' ELSE 'HOLIDAY' END AS after
		FROM unnest(rows) y LEFT JOIN data.holiday h ON h.day = y.day_on
		WHERE (h.working, h.name::text) IS DISTINCT FROM (y.working, y.name)
		UNION ALL
		SELECT NULL, h.day || ' ' || h.name, 'REMOVED', 'working',
			CASE WHEN h.working THEN 'WORKDAY' ELSE 'HOLIDAY' END, NULL
		FROM data.holiday h
		WHERE h.year IN (SELECT extract(year FROM y.day_on)::int FROM unnest(rows) y)
			AND NOT EXISTS (SELECT FROM unnest(rows) y WHERE y.day_on = h.day)
		) AS d(line, subject, change, field, before, after);
	unchanged := cardinality(rows)
		- (SELECT count(*) FROM unnest(differences) d WHERE d.line IS NOT NULL);
	INSERT INTO data.holiday_year AS k (year, doc_no, imported_at)
	SELECT DISTINCT extract(year FROM y.day_on)::int, doc_no, flow.now() FROM unnest(rows) y
	ON CONFLICT ON CONSTRAINT holiday_year_pkey DO UPDATE
	SET doc_no = coalesce(excluded.doc_no, k.doc_no), imported_at = excluded.imported_at;
	DELETE FROM data.holiday h
	WHERE h.year IN (SELECT extract(year FROM y.day_on)::int FROM unnest(rows) y);
	INSERT INTO data.holiday (day, year, working, name)
	SELECT y.day_on, extract(year FROM y.day_on), y.working, y.name FROM unnest(rows) y;
END $$;
