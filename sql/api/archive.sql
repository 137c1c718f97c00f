-- Archive: what is due, hand-over, disposal.  Messages: proto/archive.proto.

CREATE TYPE api.archive_row AS (object_id text, org_id text, org_name text, form text,
	class text, title text, retention text);

-- Closed and not handed over yet, class by class in code order.
CREATE FUNCTION flow.archive_due() RETURNS SETOF api.archive_row
LANGUAGE plpgsql STABLE AS $$
DECLARE k data.archive_kind;
BEGIN
	FOR k IN SELECT x.* FROM data.archive_kind x ORDER BY x.class, length(x.form), x.form LOOP
		RETURN QUERY EXECUTE format('SELECT x.id::text, x.org_id::text,'
			' flow.org_name(x.org_id, flow.today())::text, $2, $3, $4, $5'
			' FROM data.%I x WHERE x.state = ANY ($1) AND NOT EXISTS ('
			'	SELECT FROM data.handover_item h WHERE h.object_id = x.id)'
			' ORDER BY x.org_id, length(x.id), x.id', k.entity)
			USING k.states, k.form, k.class, k.title::text, k.retention;
	END LOOP;
END $$;

CREATE FUNCTION api.list_archive(me auth.actor, org_id text, class text,
	OUT records api.archive_row[])
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT d FROM flow.archive_due() d
		WHERE d.org_id = coalesce(list_archive.org_id, d.org_id)
			AND d.class = coalesce(list_archive.class, d.class)) $$;

-- ---- hand-over: one gives, the archivist takes ------------------------------------------
CREATE TYPE api.handover_entry AS (object_id text, pages int);

-- What is named, or all that is due.
CREATE FUNCTION api.hand_over(me auth.actor, entries api.handover_entry[],
	OUT handover_id text, OUT state text, OUT record_count int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	due api.archive_row[] := ARRAY(SELECT d FROM flow.archive_due() d);
	r refuse.reason[];
BEGIN
	r := ARRAY(SELECT refuse.reason('not_due_for_archive', coalesce(e.object_id, ''))
		FROM unnest(entries) e WHERE NOT EXISTS (SELECT FROM unnest(due) d
			WHERE d.object_id = e.object_id));
	r := r || ARRAY(SELECT refuse.reason('pages_bad', e.object_id) FROM unnest(entries) e
		WHERE e.pages NOT BETWEEN 1 AND 100000);
	r := r || ARRAY(SELECT refuse.reason('record_twice', e.object_id) FROM unnest(entries) e
		GROUP BY e.object_id HAVING count(*) > 1);
	IF cardinality(due) = 0 THEN
		r := r || refuse.reason('nothing_due_for_archive');
	END IF;
	PERFORM refuse.defects('handover', r);
	handover_id := flow.new_id('handover', 'YJ');
	state := 'HANDED_OVER';
	INSERT INTO data.handover (id, org_id, state, handed_on, handed_by)
	VALUES (handover_id, flow.committee(), state, flow.today(), me.person_id);
	INSERT INTO data.handover_item (handover_id, item_no, object_id, entity, org_id, form,
		class, title, retention, pages)
	SELECT handover_id, row_number() OVER (ORDER BY d.n), d.object_id, k.entity, d.org_id,
		d.form, d.class, format('%s（%s，%s）', d.title, d.org_name, d.object_id),
		d.retention, e.pages
	FROM unnest(due) WITH ORDINALITY d(object_id, org_id, org_name, form, class, title,
		retention, n)
	JOIN data.archive_kind k ON k.form = d.form AND k.class = d.class AND k.title = d.title
	LEFT JOIN unnest(entries) e ON e.object_id = d.object_id
	WHERE cardinality(entries) = 0 OR e.object_id IS NOT NULL;
	GET DIAGNOSTICS record_count = ROW_COUNT;
END $$;

CREATE FUNCTION flow.find_handover(me auth.actor, handover_id text) RETURNS data.handover
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE h data.handover;
BEGIN
	SELECT t.* INTO h FROM data.handover t WHERE t.id = handover_id;
	PERFORM auth.need(me, h.org_id);
	RETURN h;
END $$;

CREATE FUNCTION api.take_over(me auth.actor, INOUT handover_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE h data.handover := flow.find_handover(me, handover_id);
BEGIN
	state := 'TAKEN_OVER';
	PERFORM flow.need(me, 'handover', h.id, state);
	IF h.handed_by = me.person_id THEN
		PERFORM refuse.because('ZB012', 'second_person_needed', ARRAY[h.id],
			ARRAY[refuse.reason('handover_is_yours', h.id)]);
	END IF;
	UPDATE data.handover t SET state = state, taken_on = flow.today(),
		taken_by = me.person_id WHERE t.id = h.id;
	-- a notice that the archive has is corrected no more
	PERFORM flow.move(me, 'notice', i.object_id, 'ARCHIVED') FROM data.handover_item i
	WHERE i.handover_id = h.id AND i.entity = 'notice'
		AND (SELECT n.state LIKE 'ENDED%' FROM data.notice n WHERE n.id = i.object_id);
END $$;

CREATE TYPE api.handover_row AS (handover_id text, state text, handed_on date,
	handed_by text, taken_on date, taken_by text);
CREATE FUNCTION api.list_handovers(me auth.actor, OUT handovers api.handover_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(h.id, h.state, h.handed_on, flow.person_name(h.handed_by),
		h.taken_on, flow.person_name(h.taken_by))::api.handover_row
		ORDER BY h.handed_on, length(h.id), h.id), '{}')
	FROM data.handover h $$;

CREATE TYPE api.handover_item_row AS (item_no int, class text, title text, pages int,
	retention text, kept_until_on date, form text, disposed_on date);
CREATE FUNCTION api.show_handover(me auth.actor, INOUT handover_id text, OUT state text,
	OUT handed_on date, OUT handed_by text, OUT taken_on date, OUT taken_by text,
	OUT records api.handover_item_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE h data.handover := flow.find_handover(me, handover_id);
BEGIN
	SELECT h.state, h.handed_on, flow.person_name(h.handed_by), h.taken_on,
		flow.person_name(h.taken_by)
	INTO state, handed_on, handed_by, taken_on, taken_by;
	records := ARRAY(SELECT ROW(i.item_no, i.class, i.title, i.pages, i.retention,
			flow.kept_until(i.retention, h.taken_on), i.form,
			x.disposed_on)::api.handover_item_row
		FROM data.handover_item i LEFT JOIN data.disposal x ON x.object_id = i.object_id
		WHERE i.handover_id = h.id ORDER BY i.item_no);
END $$;

-- ---- disposal ------------------------------------------------------------------------
-- The act: what, when, why, on whose decision.  Held while an objection is open.
CREATE FUNCTION flow.record_disposal(me auth.actor, object_id text, org_id text,
	title text, reason text, basis text) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE disposal_id text := flow.new_id('disposal', 'XH');
BEGIN
	PERFORM refuse.unless_words('reason', reason, 1000);
	PERFORM refuse.unless_line('basis', basis);
	INSERT INTO data.disposal (id, org_id, state, object_id, title, disposed_on, reason,
		basis, disposed_by)
	VALUES (disposal_id, org_id, 'DISPOSED', object_id, title, flow.today(), reason, basis,
		me.person_id);
	RETURN disposal_id;
END $$;

CREATE FUNCTION api.dispose_record(me auth.actor, object_id text, reason text, basis text,
	OUT disposal_id text, OUT state text, OUT title text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	i data.handover_item;
	h data.handover;
	until_on date;
	r refuse.reason[] := '{}';
BEGIN
	SELECT t.* INTO i FROM data.handover_item t WHERE t.object_id = object_id;
	SELECT t.* INTO h FROM data.handover t WHERE t.id = i.handover_id;
	IF h.taken_on IS NULL THEN
		PERFORM refuse.invalid('object_id', 'not_in_archive', coalesce(object_id, ''));
	END IF;
	IF EXISTS (SELECT FROM data.disposal d WHERE d.object_id = object_id) THEN
		PERFORM refuse.conflict('disposed_already', object_id);
	END IF;
	until_on := flow.kept_until(i.retention, h.taken_on);
	IF until_on IS NULL THEN
		r := r || refuse.reason('kept_for_ever', i.title);
	ELSIF until_on > flow.today() THEN
		r := r || refuse.reason('kept_until', i.title, until_on::text);
	END IF;
	r := r || ARRAY(SELECT x FROM flow.disposal_holds(i.org_id) x);
	PERFORM refuse.defects(object_id, r);
	disposal_id := flow.record_disposal(me, object_id, i.org_id, i.title, reason, basis);
	state := 'DISPOSED';
	title := i.title;
END $$;

CREATE TYPE api.disposal_row AS (disposal_id text, object_id text, org_id text, title text,
	disposed_on date, reason text, basis text, disposed_by text);
CREATE FUNCTION api.list_disposals(me auth.actor, OUT disposals api.disposal_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(d.id, d.object_id, d.org_id, d.title, d.disposed_on, d.reason,
		d.basis, flow.person_name(d.disposed_by))::api.disposal_row
		ORDER BY d.disposed_on, length(d.id), d.id), '{}')
	FROM data.disposal d $$;

-- ---- what is filed, and for how long ---------------------------------------------------
CREATE TYPE api.archive_kind_row AS (form text, class text, title text,
	retention text, changed_on date, basis text);
CREATE FUNCTION api.list_archive_kinds(me auth.actor, OUT kinds api.archive_kind_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(k.form, k.class, k.title, k.retention,
		k.changed_on, k.basis)::api.archive_kind_row
		ORDER BY k.class, length(k.form), k.form), '{}')
	FROM data.archive_kind k $$;

-- The college's table says otherwise: class or retention, on its basis.
CREATE FUNCTION api.set_archive_kind(me auth.actor, INOUT form text, INOUT class text,
	INOUT retention text, basis text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE k data.archive_kind;
BEGIN
	SELECT x.* INTO k FROM data.archive_kind x WHERE x.form = upper(form);
	IF k.entity IS NULL THEN
		PERFORM refuse.invalid('form', 'form_unknown', coalesce(form, ''));
	END IF;
	form := k.form;
	class := coalesce(upper(class), k.class);
	retention := coalesce(retention, k.retention);
	IF class !~ '^[A-Z]{2}[0-9]{2}$' THEN
		PERFORM refuse.invalid('class', 'class_bad', class);
	END IF;
	PERFORM refuse.unless_line('basis', basis);
	UPDATE data.archive_kind x SET class = class, retention = retention, basis = basis,
		changed_by = me.person_id, changed_on = flow.today() WHERE x.entity = k.entity;
END $$;
