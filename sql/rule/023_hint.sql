-- Hints for the branch that writes its self-assessment: text that was there before,
-- days that cannot be.  They are asked for by check_self and save_self alone, both
-- of them the branch's own; no guard reads them and nothing is kept of them.

-- ---- text that is nearly the same ---------------------------------------------------
-- The letters of a text: no spaces, no punctuation.
CREATE FUNCTION flow.letters(text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT regexp_replace(coalesce(letters.text, ''),
		'[[:space:][:punct:]　，。、；：！？…—·“”‘’（）《》〈〉【】〔〕]', '', 'g') $$;
-- Its pairs of neighbours, with how often each is there.
CREATE FUNCTION flow.letter_pairs(letters text) RETURNS TABLE (pair text, n bigint)
LANGUAGE sql IMMUTABLE AS $$
	SELECT p.pair, count(*) FROM (SELECT c || lead(c) OVER (ORDER BY i) AS pair
		FROM string_to_table(letters, NULL) WITH ORDINALITY t(c, i)) p
	WHERE p.pair IS NOT NULL GROUP BY p.pair $$;
-- Whether 95 in 100 of the pairs of two texts are the same.  A few words may well be.
CREATE FUNCTION flow.alike(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT least(char_length(a), char_length(b)) >= 20
		AND 100 * least(char_length(a), char_length(b))
			>= 90 * greatest(char_length(a), char_length(b))
		AND 200 * (SELECT coalesce(sum(least(x.n, y.n)), 0) FROM flow.letter_pairs(a) x
			JOIN flow.letter_pairs(b) y USING (pair))
			>= 95 * (char_length(a) + char_length(b) - 2) $$;

-- What the branch adopted last in a year before this one.
CREATE FUNCTION flow.last_year(org_id text) RETURNS data.self_version
LANGUAGE sql STABLE AS $$
	SELECT v FROM data.self_version v JOIN data.self_assessment s ON s.id = v.self_id
	WHERE s.org_id = last_year.org_id
		AND extract(year FROM v.held_on) < extract(year FROM flow.today())
	ORDER BY v.held_on DESC, v.adopted_at DESC LIMIT 1 $$;

-- `items` NULL: all of them.
CREATE FUNCTION flow.same_text_hints(self_id text, items text[])
RETURNS SETOF refuse.reason LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	s data.self_assessment;
	v data.self_version;
BEGIN
	SELECT a.* INTO s FROM data.self_assessment a WHERE a.id = self_id;
	v := flow.last_year(s.org_id);
	IF s.state = 'ADOPTED' AND v.self_id = s.id THEN
		v := NULL;  -- what is adopted is that very version
	END IF;
	IF v.self_id IS NOT NULL AND items IS NULL AND flow.alike(
			(SELECT string_agg(flow.letters(w.narrative), '' ORDER BY w.text)
				FROM flow.self_rows(self_id, NULL) w),
			(SELECT string_agg(flow.letters(w.narrative), '' ORDER BY w.text)
				FROM flow.self_rows(v.self_id, v.version_no) w)) THEN
		RETURN NEXT refuse.reason('hint_whole_as_last_year', v.held_on::text);
	ELSIF v.self_id IS NOT NULL THEN
		RETURN QUERY SELECT h.* FROM flow.self_rows(self_id, NULL) w
		JOIN flow.self_rows(v.self_id, v.version_no) o ON o.text = w.text,
		refuse.reason('hint_as_last_year', w.item, w.text, v.held_on::text) h
		WHERE (items IS NULL OR w.item = ANY (items))
			AND flow.alike(flow.letters(w.narrative), flow.letters(o.narrative));
	END IF;
	RETURN QUERY SELECT h.* FROM (SELECT w.*, row_number() OVER () AS no,
			flow.letters(w.narrative) AS letters FROM flow.self_rows(self_id, NULL) w) w
	JOIN (SELECT w.*, row_number() OVER () AS no, flow.letters(w.narrative) AS letters
		FROM flow.self_rows(self_id, NULL) w) o ON o.no < w.no,
	refuse.reason('hint_as_other_item', w.item, w.text, o.item, o.text) h
	WHERE (items IS NULL OR w.item = ANY (items) OR o.item = ANY (items))
		AND flow.alike(w.letters, o.letters);
END $$;

-- ---- days that cannot be ---------------------------------------------------------------
-- NULL: there is no such day.
CREATE FUNCTION flow.day_of(year text, month text, day text) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN month::int BETWEEN 1 AND 12 AND day::int BETWEEN 1 AND extract(day
			FROM make_date(year::int, month::int, 1) + interval '1 month - 1 day')
		THEN make_date(year::int, month::int, day::int) END $$;
CREATE FUNCTION flow.plain_digits(text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT translate(plain_digits.text, '０１２３４５６７８９．／－', '0123456789./-') $$;
-- Full dates of a text: 2026年3月5日, 2026-3-5, 2026.3.5.
CREATE FUNCTION flow.dates_in(text text) RETURNS TABLE (written text, day date)
LANGUAGE sql IMMUTABLE AS $$
	SELECT m[1] || '-' || m[2] || '-' || m[3], flow.day_of(m[1], m[2], m[3])
	FROM regexp_matches(flow.plain_digits(dates_in.text),
		'((?:19|20)\d\d)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})(?!\d)', 'g') m $$;

-- A sentence that tells of studying a document, and when the document came out: by a
-- date before 印发 and the like, or by the year of its number.
CREATE FUNCTION flow.studied_too_early(sentence text)
RETURNS TABLE (studied date, came_out text) LANGUAGE sql IMMUTABLE AS $$
	WITH plain AS (SELECT flow.plain_digits(sentence) AS t),
	out_on AS (
		SELECT flow.day_of(m[1], m[2], m[3]) AS day FROM plain, regexp_matches(t,
			'((?:19|20)\d\d)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})日?\s*(?:正式|公开|由[^，。；\d]{0,12})?(?:印发|发布|公布|下发|发表|通过|施行|实施)', 'g') m),
	told AS (SELECT d.day FROM plain, flow.dates_in(t) d
		WHERE d.day IS NOT NULL AND d.day NOT IN (SELECT o.day FROM out_on o WHERE o.day IS NOT NULL)
			AND t ~ '学习|传达|研讨|宣讲')
	SELECT t.day, o.day::text FROM told t JOIN out_on o ON t.day < o.day
	UNION
	SELECT t.day, m[1] FROM told t, plain, regexp_matches(plain.t,
		'[〔\[（(【]((?:19|20)\d\d)[〕\]）)】]\s*第?\s*\d+\s*号', 'g') m
	WHERE extract(year FROM t.day) < m[1]::int $$;

CREATE FUNCTION flow.date_hints(item text, about text, text text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT h.* FROM flow.dates_in(date_hints.text) d,
		refuse.reason('hint_no_such_day', item, about, d.written) h
	WHERE d.day IS NULL
	UNION
	SELECT h.* FROM flow.dates_in(date_hints.text) d,
		refuse.reason('hint_day_in_future', item, about, d.day::text) h
	WHERE d.day > flow.today()
	UNION
	SELECT h.* FROM regexp_split_to_table(date_hints.text, '[。；;！？!?\n]') s(sentence),
		flow.studied_too_early(s.sentence) e,
		refuse.reason('hint_studied_before', item, about, e.studied::text, e.came_out) h $$;

-- ---- together ---------------------------------------------------------------------------
CREATE FUNCTION flow.self_hints(self_id text, items text[])
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT h.* FROM flow.self_rows(self_hints.self_id, NULL) w,
		flow.date_hints(w.item, w.text, w.narrative) h
	WHERE self_hints.items IS NULL OR w.item = ANY (self_hints.items)
	UNION ALL
	-- a file that tells of studying stands for the day it tells of
	SELECT h.* FROM data.self_assessment s JOIN data.file f ON f.round_id = s.round_id
		AND f.state = 'KEPT',
		flow.studied_too_early(f.happened_on || ' 学习 ' || f.title) e,
		refuse.reason('hint_file_before', f.id, f.title, e.studied::text, e.came_out) h
	WHERE s.id = self_hints.self_id AND self_hints.items IS NULL
		AND f.title ~ '学习|传达|研讨|宣讲'
	UNION ALL
	SELECT h.* FROM flow.same_text_hints(self_hints.self_id, self_hints.items) h $$;

-- What nobody has to type: the tree tells it; files may be none.
CREATE FUNCTION flow.self_facts(self_id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT h.* FROM data.self_assessment s JOIN data.round r ON r.id = s.round_id,
		flow.standard_items(r.standard_version_id, r.org_id) i,
		refuse.reason('hint_tree_tells', i.code, i.text, coalesce((SELECT string_agg(
			flow.org_name(a.id, flow.today()), '、' ORDER BY a.depth)
			FROM flow.above(r.org_id, flow.today()) a WHERE a.depth = 1), '-'),
			coalesce(flow.term_end(r.term_id)::text, '-'),
			flow.members(r.org_id, flow.today(), 'FULL')::text) h
	WHERE s.id = self_facts.self_id AND i.told_by = 'TREE'
	UNION ALL
	SELECT h.* FROM data.self_assessment s, refuse.reason('hint_no_files') h
	WHERE s.id = self_facts.self_id AND NOT EXISTS (SELECT FROM data.file f
		WHERE f.round_id = s.round_id AND f.state = 'KEPT') $$;
