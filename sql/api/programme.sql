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
CREATE TYPE api.phase_row AS (name text, start_on date, end_on date);

CREATE FUNCTION api.show_programme(me auth.actor, OUT programme_id text, OUT title text,
	OUT award_title text, OUT issued_by text, OUT issued_on date,
	OUT basis api.basis_row[], OUT phases api.phase_row[], OUT goals text[])
LANGUAGE sql STABLE AS $$
	SELECT p.id, p.title, p.award_title, p.issued_by, p.issued_on,
		coalesce((SELECT array_agg(ROW(b.issuer, b.title, b.doc_no,
			b.issued_on)::api.basis_row ORDER BY b.basis_no)
			FROM data.programme_basis b WHERE b.programme_id = p.id), '{}'),
		coalesce((SELECT array_agg(ROW(f.name, f.start_on, f.end_on)::api.phase_row
			ORDER BY f.phase_no)
			FROM data.programme_phase f WHERE f.programme_id = p.id), '{}'),
		coalesce((SELECT array_agg(g.text::text ORDER BY g.goal_no)
			FROM data.programme_goal g WHERE g.programme_id = p.id), '{}')
	FROM data.programme p WHERE p.id = flow.current_programme() $$;

-- ---- standard ---------------------------------------------------------------------
CREATE TYPE api.standard_row AS (standard_version_id text, adopted_on date, basis text,
	current boolean);

CREATE FUNCTION api.list_standards(me auth.actor, OUT standards api.standard_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(v.id, v.adopted_on, v.basis,
		v.id = flow.current_standard())::api.standard_row
		ORDER BY flow.version_order(v.id)), '{}')
	FROM data.standard_version v $$;

CREATE TYPE api.standard_item AS (code text, text text, guidance text, about text,
	told_by text, applies_to text[]);
CREATE TYPE api.standard_group AS (group_no int, title text, text text,
	items api.standard_item[]);

CREATE FUNCTION api.show_standard(me auth.actor, INOUT standard_version_id text,
	org_id text, OUT adopted_on date, OUT basis text, OUT groups api.standard_group[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	standard_version_id := coalesce(standard_version_id, flow.current_standard());
	SELECT v.adopted_on, v.basis INTO adopted_on, basis
	FROM data.standard_version v WHERE v.id = standard_version_id;
	IF NOT FOUND THEN
		PERFORM refuse.denied();
	END IF;
	SELECT coalesce(array_agg(ROW(g.group_no, g.title, g.text,
		coalesce((SELECT array_agg(ROW(i.code, i.text, i.guidance, i.about, i.told_by,
				i.applies_to)::api.standard_item ORDER BY i.item_no)
			FROM flow.standard_items(standard_version_id, org_id) i
			WHERE i.group_no = g.group_no), '{}'))::api.standard_group
		ORDER BY g.group_no), '{}')
	INTO groups FROM data.standard_group g WHERE g.standard_version_id = standard_version_id;
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
	OUT students_judge boolean)
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
		r.award_through_extension, r.students_judge
	INTO adopted_on, adopted_by, basis, quorum_num, quorum_den, majority, recused_stay,
		notice_working_days, posting_day_counted, small_group, rectification_months,
		award_through_extension, students_judge
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
	students_judge boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r refuse.reason[];
BEGIN
	SELECT coalesce(array_agg(refuse.reason('choice_needed', f.name) ORDER BY f.n), '{}')
	INTO r FROM (VALUES
		(1, 'basis', nullif(btrim(basis), '')), (2, 'quorum_num', quorum_num::text),
		(3, 'quorum_den', quorum_den::text), (4, 'majority', majority),
		(5, 'recused_stay', recused_stay::text),
		(6, 'notice_working_days', notice_working_days::text),
		(7, 'posting_day_counted', posting_day_counted::text),
		(8, 'small_group', small_group::text),
		(9, 'rectification_months', rectification_months::text),
		(10, 'award_through_extension', award_through_extension::text),
		(11, 'students_judge', students_judge::text)) AS f(n, name, value)
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
		small_group, rectification_months, award_through_extension, students_judge)
	VALUES (rule_set_id, adopted_on, me.person_id, flow.now(), basis, quorum_num, quorum_den,
		majority, recused_stay, notice_working_days, posting_day_counted, small_group,
		rectification_months, award_through_extension, students_judge);
END $$;

-- ---- ballot items -------------------------------------------------------------------------
CREATE TYPE api.item_set_row AS (item_set_id text, title text, applies_to text[],
	adopted_on date, basis text);
CREATE TYPE api.item_option AS (code text, text text);
CREATE TYPE api.item_set_item AS (text text, options api.item_option[]);

CREATE FUNCTION api.list_item_sets(me auth.actor, OUT item_sets api.item_set_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(s.id, s.title, s.applies_to, s.adopted_on,
		s.basis)::api.item_set_row ORDER BY flow.version_order(s.id)), '{}')
	FROM data.item_set s $$;

CREATE FUNCTION api.show_item_set(me auth.actor, INOUT item_set_id text, OUT title text,
	OUT applies_to text[], OUT adopted_on date, OUT basis text,
	OUT items api.item_set_item[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	item_set_id := coalesce(item_set_id, (SELECT s.id FROM data.item_set s
		ORDER BY flow.version_order(s.id) DESC LIMIT 1));
	SELECT s.title, s.applies_to, s.adopted_on, s.basis
	INTO title, applies_to, adopted_on, basis
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
	IF item.text IS NULL OR item.text !~ '\S' OR char_length(item.text) > 200 THEN
		r := r || refuse.reason('item_without_text', item_no::text);
	END IF;
	IF coalesce(n, 0) NOT BETWEEN 2 AND 20 THEN
		RETURN r || refuse.reason('item_options_few', item_no::text);
	END IF;
	IF EXISTS (SELECT FROM unnest(item.options) o WHERE coalesce(o.text, '') !~ '\S'
			OR char_length(o.text) > 200 OR coalesce(o.code, '') !~ '^[A-Z][A-Z_]{0,30}$')
		OR (SELECT count(DISTINCT o.code) FROM unnest(item.options) o) < n THEN
		r := r || refuse.reason('item_option_bad', item_no::text);
	END IF;
	RETURN r;
END $$;

-- A new set; the older ones stay, and a session that took one keeps it.
CREATE FUNCTION api.adopt_item_set(me auth.actor, title text, applies_to text[], basis text,
	OUT item_set_id text, INOUT adopted_on date, items api.item_set_item[])
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
	PERFORM refuse.defects('item_set', r);
	item_set_id := flow.next_version('item_set', 'CX');
	INSERT INTO data.item_set (id, title, applies_to, adopted_on, adopted_by, basis)
	VALUES (item_set_id, title, applies_to, adopted_on, me.person_id, basis);
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
	IF x.name IS NULL OR x.name !~ '\S' OR char_length(x.name) > 200 THEN
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
