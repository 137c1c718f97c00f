-- Which version holds today, and working-day arithmetic.

CREATE FUNCTION flow.current_programme() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT p.id FROM data.programme p ORDER BY p.id DESC LIMIT 1 $$;

-- The serial after the dot of BZ26.2, as a number: BZ26.10 comes after BZ26.9.
CREATE FUNCTION flow.version_order(id text) RETURNS int[] LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY[substring(id FROM '^[A-Z]+([0-9]+)\.')::int,
		substring(id FROM '\.([0-9]+)$')::int] $$;

-- The next id of a versioned thing: BZ26.1, BZ26.2 …
CREATE FUNCTION flow.next_version(entity text, prefix text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	stem text := prefix || to_char(flow.today(), 'YY') || '.';
	n int;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('next_version ' || stem));
	EXECUTE format('SELECT coalesce(max(split_part(v.id, ''.'', 2)::int), 0) + 1'
		' FROM data.%I v WHERE v.id LIKE $1', entity) INTO n USING stem || '%';
	RETURN stem || n;
END $$;

CREATE FUNCTION flow.current_standard() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT v.id FROM data.standard_version v WHERE v.adopted_on <= flow.today()
	ORDER BY v.adopted_on DESC, flow.version_order(v.id) DESC LIMIT 1 $$;

-- The items of a version that concern a branch (NULL: all of them), in order.
CREATE FUNCTION flow.standard_items(standard_version_id text, org_id text DEFAULT NULL)
RETURNS SETOF data.standard_item LANGUAGE sql STABLE AS $$
	SELECT i.* FROM data.standard_item i
	LEFT JOIN data.org o ON o.id = standard_items.org_id
	WHERE i.standard_version_id = standard_items.standard_version_id
		AND (o.id IS NULL OR i.applies_to = '{}' OR o.member_category = ANY (i.applies_to))
	ORDER BY i.group_no, i.item_no $$;

-- NULL while the college has not adopted one: nothing may then be decided.
CREATE FUNCTION flow.current_rule_set() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT r.id FROM data.rule_set r WHERE r.adopted_on <= flow.today()
	ORDER BY r.adopted_on DESC, flow.version_order(r.id) DESC LIMIT 1 $$;

-- The newest item set for a branch and a purpose: its own before one made for its
-- category, that before a general one.
CREATE FUNCTION flow.current_item_set(org_id text, purpose text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT s.id FROM data.item_set s JOIN data.org o ON o.id = current_item_set.org_id
	WHERE s.adopted_on <= flow.today() AND s.purpose = current_item_set.purpose
		AND coalesce(s.org_id, o.id) = o.id
		AND (s.applies_to = '{}' OR o.member_category = ANY (s.applies_to))
	ORDER BY s.org_id IS NULL, s.applies_to = '{}', s.adopted_on DESC,
		flow.version_order(s.id) DESC LIMIT 1 $$;

CREATE FUNCTION flow.is_working(day date) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT h.working FROM data.holiday h WHERE h.day = is_working.day),
		extract(isodow FROM is_working.day) < 6) $$;

-- The last of so many working days.  The day of posting counts only where the rule
-- says so (and only if it is a working day).  `provisional`: the count ran into a
-- year whose calendar is not published, so the date must not be fixed yet.
CREATE FUNCTION flow.working_end(start_on date, days int, posting_counts boolean,
	OUT end_on date, OUT provisional boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE left_days int := days;
BEGIN
	IF days < 1 OR days > 400 THEN
		RAISE 'working_end: % days', days;
	END IF;
	provisional := false;
	end_on := start_on - CASE WHEN posting_counts THEN 1 ELSE 0 END;
	WHILE left_days > 0 LOOP
		end_on := end_on + 1;
		provisional := provisional OR NOT EXISTS (SELECT FROM data.holiday_year y
			WHERE y.year = extract(year FROM end_on));
		IF flow.is_working(end_on) THEN
			left_days := left_days - 1;
		END IF;
	END LOOP;
END $$;

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('show_college', '{person}'::text[]),
	('show_programme', '{person}'),
	('list_standards', '{person}'),
	('show_standard', '{person}'),
	('list_rule_sets', '{person}'),
	('show_rule_set', '{person}'),
	('adopt_rule_set', '{committee_secretary}'),
	('list_item_sets', '{person}'),
	('show_item_set', '{person}'),
	('adopt_item_set', '{committee_secretary}'),
	('list_holidays', '{person}'),
	('show_working_end', '{person}'),
	('import_holidays', '{administrator,od_officer,od_head}')
) AS p(r, roles), unnest(roles) o;
