-- Funds for building up branches.  Messages: proto/fund.proto.

-- ---- guards, hints ---------------------------------------------------------------
CREATE FUNCTION guard.fund_award_in_effect(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('award_not_in_effect', w.id, flow.today()::text)
	FROM data.fund f JOIN data.award w ON w.id = f.award_id
	WHERE f.id = fund_award_in_effect.id AND NOT flow.award_holds(w, flow.today()) $$;
CREATE FUNCTION guard.fund_award_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN w.id IS NULL THEN refuse.reason('fund_of_no_award', f.id)
		ELSE refuse.reason('award_goes_on', w.id) END
	FROM data.fund f LEFT JOIN data.award w ON w.id = f.award_id
	WHERE f.id = fund_award_over.id AND w.ended_on IS NULL $$;
CREATE FUNCTION guard.fund_vouchers_confirmed(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('voucher_open', s.fund_id, s.spend_no::text, s.purpose)
	FROM data.fund_spend s
	WHERE s.fund_id = fund_vouchers_confirmed.id AND s.confirmed_on IS NULL
	ORDER BY s.spend_no $$;
CREATE FUNCTION guard.fund_voucher_waits(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.when(NOT EXISTS (SELECT FROM data.fund_spend s
		WHERE s.fund_id = fund_voucher_waits.id AND s.confirmed_on IS NULL
			AND s.recorded_by <> me.person_id), 'voucher_none_waits') g $$;

CREATE FUNCTION flow.find_fund(me auth.actor, fund_id text) RETURNS data.fund
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE f data.fund;
BEGIN
	SELECT t.* INTO f FROM data.fund t WHERE t.id = fund_id;
	PERFORM auth.need(me, f.org_id);
	RETURN f;
END $$;

-- An amount somebody can mean: more than nothing, less than a thousand million yuan.
CREATE FUNCTION refuse.unless_amount(field text, fen bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF fen IS NULL OR fen NOT BETWEEN 1 AND 100000000000 THEN
		PERFORM refuse.invalid(field, 'amount_bad');
	END IF;
END $$;

-- ---- budget, grant -----------------------------------------------------------------
CREATE FUNCTION api.budget_fund(me auth.actor, INOUT org_id text, year int, INOUT source text,
	budgeted_fen bigint, used_for text, award_id text, OUT fund_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE w data.award;
BEGIN
	PERFORM refuse.unless_branch('org_id', org_id);
	year := coalesce(year, extract(year FROM flow.today())::int);
	IF year NOT BETWEEN 1990 AND 2200 THEN
		PERFORM refuse.invalid('year', 'number_out_of_range', 'year', '1990', '2200');
	END IF;
	source := flow.need_choice('source', 'FUND_SOURCE', source);
	PERFORM refuse.unless_amount('budgeted_fen', budgeted_fen);
	PERFORM refuse.unless_words('used_for', used_for, 1000);
	IF award_id IS NOT NULL THEN
		SELECT t.* INTO w FROM data.award t WHERE t.id = award_id AND t.org_id = org_id;
		IF NOT coalesce(flow.award_holds(w, flow.today()), false) THEN
			PERFORM refuse.invalid('award_id', 'award_not_in_effect', award_id,
				flow.today()::text);
		END IF;
	END IF;
	fund_id := flow.new_id('fund', 'JF', org_id);
	state := 'BUDGETED';
	INSERT INTO data.fund (id, org_id, state, year, source, award_id, purpose, budgeted_fen,
		budgeted_by)
	VALUES (fund_id, org_id, state, year, source, award_id, used_for, budgeted_fen,
		me.person_id);
END $$;

-- The collective decision, with its day and its meeting.
CREATE FUNCTION api.grant_fund(me auth.actor, INOUT fund_id text, INOUT granted_fen bigint,
	collective_on date, basis text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE f data.fund := flow.find_fund(me, fund_id);
BEGIN
	state := 'GRANTED';
	PERFORM flow.need(me, 'fund', f.id, state);
	granted_fen := coalesce(granted_fen, f.budgeted_fen);
	PERFORM refuse.unless_amount('granted_fen', granted_fen);
	IF granted_fen > f.budgeted_fen THEN
		PERFORM refuse.invalid('granted_fen', 'grant_over_budget', flow.yuan(granted_fen),
			flow.yuan(f.budgeted_fen));
	END IF;
	PERFORM refuse.unless_past('collective_on', collective_on);
	PERFORM refuse.unless_sane_date('collective_on', collective_on);
	PERFORM refuse.unless_line('basis', basis);
	UPDATE data.fund t SET granted_fen = granted_fen, decided_on = collective_on, basis = basis,
		granted_by = me.person_id WHERE t.id = f.id;
	PERFORM flow.move(me, 'fund', f.id, state);
END $$;

-- ---- spending ----------------------------------------------------------------------
-- Part of a grant or all of it.  Of money withdrawn meanwhile only what was spent before.
CREATE FUNCTION api.record_spend(me auth.actor, INOUT fund_id text, spent_fen bigint,
	spent_on date, used_for text, voucher_no text, OUT spend_no int, OUT left_fen bigint,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE f data.fund := flow.find_fund(me, fund_id);
BEGIN
	PERFORM flow.need(me, 'fund', f.id);
	SELECT t.* INTO f FROM data.fund t WHERE t.id = fund_id;
	PERFORM refuse.unless_amount('spent_fen', spent_fen);
	spent_on := coalesce(spent_on, flow.today());
	PERFORM refuse.unless_past('spent_on', spent_on);
	PERFORM refuse.unless_line('used_for', used_for);
	PERFORM refuse.unless_line_or_none('voucher_no', voucher_no);
	IF f.decided_on IS NULL OR spent_on < f.decided_on THEN
		PERFORM refuse.invalid('spent_on', 'spent_before_decision', spent_on::text,
			coalesce(f.decided_on::text, '-'));
	END IF;
	IF spent_on >= f.withdrawn_on THEN
		PERFORM refuse.invalid('spent_on', 'spent_after_withdrawal', spent_on::text,
			f.withdrawn_on::text);
	END IF;
	left_fen := f.granted_fen - flow.fund_spent(f.id) - spent_fen;
	IF left_fen < 0 THEN
		PERFORM refuse.invalid('spent_fen', 'spend_over_grant', flow.yuan(spent_fen),
			flow.yuan(left_fen + spent_fen), f.id);
	END IF;
	SELECT coalesce(max(s.spend_no), 0) + 1 INTO spend_no FROM data.fund_spend s
	WHERE s.fund_id = f.id;
	INSERT INTO data.fund_spend (fund_id, spend_no, spent_fen, spent_on, purpose, recorded_by,
		voucher_no)
	VALUES (f.id, spend_no, spent_fen, spent_on, used_for, me.person_id, voucher_no);
	state := CASE WHEN f.state = 'GRANTED' AND left_fen > 0 THEN 'GRANTED' ELSE 'SPENT' END;
	PERFORM flow.move(me, 'fund', f.id, state);
END $$;

-- No more will be spent: what is left goes back.
CREATE FUNCTION api.finish_fund(me auth.actor, INOUT fund_id text, OUT state text,
	OUT returned_fen bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE f data.fund := flow.find_fund(me, fund_id);
BEGIN
	PERFORM flow.need(me, 'fund', f.id);
	f := flow.find_fund(me, fund_id);  -- as it is now that nobody else changes it
	state := CASE WHEN flow.fund_spent(f.id) > 0 THEN 'SPENT' ELSE 'WITHDRAWN' END;
	PERFORM flow.move(me, 'fund', f.id, state);
	returned_fen := f.granted_fen - flow.fund_spent(f.id);
	UPDATE data.fund t SET withdrawn_on = flow.today(),
		withdrawn_why = CASE WHEN f.granted_fen IS NULL THEN 'NOT_GRANTED' ELSE 'FINISHED' END
	WHERE t.id = f.id AND returned_fen IS DISTINCT FROM 0;
END $$;

-- ---- vouchers ------------------------------------------------------------------------
-- The number is in the finance system, and somebody there looked: not the one who
-- spent.  One voucher never covers Party dues and other money.
CREATE FUNCTION api.confirm_voucher(me auth.actor, INOUT fund_id text, INOUT spend_no int,
	INOUT voucher_no text, OUT open_vouchers text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	f data.fund := flow.find_fund(me, fund_id);
	s data.fund_spend;
	other text;
BEGIN
	PERFORM flow.need(me, 'fund', f.id);
	SELECT t.* INTO s FROM data.fund_spend t
	WHERE t.fund_id = f.id AND t.spend_no = coalesce(spend_no, t.spend_no)
	ORDER BY t.confirmed_on IS NOT NULL, t.spend_no LIMIT 1;
	IF s.fund_id IS NULL THEN
		PERFORM refuse.invalid('spend_no', 'spend_unknown', f.id, coalesce(spend_no, 0)::text);
	END IF;
	spend_no := s.spend_no;
	IF s.confirmed_on IS NOT NULL THEN
		PERFORM refuse.conflict('voucher_confirmed_already', s.voucher_no,
			s.confirmed_on::text);
	END IF;
	IF s.recorded_by = me.person_id THEN
		PERFORM refuse.because('ZB012', 'second_person_needed', ARRAY[f.id],
			ARRAY[refuse.reason('spend_is_yours', f.id)]);
	END IF;
	voucher_no := coalesce(voucher_no, s.voucher_no);
	PERFORM refuse.unless_line('voucher_no', voucher_no, 60);
	voucher_no := btrim(voucher_no);
	SELECT o.id INTO other FROM data.fund_spend x JOIN data.fund o ON o.id = x.fund_id
	WHERE x.voucher_no = voucher_no AND x.confirmed_on IS NOT NULL
		AND o.source <> f.source AND 'DUES' IN (o.source, f.source)
	ORDER BY o.id LIMIT 1;
	IF other IS NOT NULL THEN
		PERFORM refuse.invalid('voucher_no', 'voucher_of_other_money', voucher_no, other);
	END IF;
	UPDATE data.fund_spend t SET voucher_no = voucher_no, confirmed_by = me.person_id,
		confirmed_on = flow.today()
	WHERE t.fund_id = f.id AND t.spend_no = s.spend_no;
	open_vouchers := ARRAY(SELECT t.spend_no || ' ' || t.purpose FROM data.fund_spend t
		WHERE t.fund_id = f.id AND t.confirmed_on IS NULL ORDER BY t.spend_no);
END $$;

CREATE FUNCTION api.reconcile_fund(me auth.actor, INOUT fund_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_fund(me, fund_id);
	state := 'RECONCILED';
	PERFORM flow.move(me, 'fund', fund_id, state);
END $$;

-- ---- reading ---------------------------------------------------------------------------
CREATE TYPE api.fund_row AS (fund_id text, org_id text, org_name text, year int, source text,
	award_id text, state text, budgeted_fen bigint, granted_fen bigint, collective_on date,
	spent_fen bigint, withdrawn_fen bigint, withdrawn_on date, used_for text);
-- What is left of a grant that was stopped or finished; NULL while it may be spent.
CREATE FUNCTION flow.fund_withdrawn(f data.fund) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN f.withdrawn_on IS NOT NULL
		THEN coalesce(f.granted_fen, f.budgeted_fen) - flow.fund_spent(f.id) END $$;
CREATE FUNCTION flow.fund_row(f data.fund) RETURNS api.fund_row LANGUAGE sql STABLE AS $$
	SELECT ROW(f.id, f.org_id, flow.org_name(f.org_id, flow.today()), f.year, f.source,
		f.award_id, f.state, f.budgeted_fen, f.granted_fen, f.decided_on,
		CASE WHEN f.granted_fen IS NOT NULL THEN flow.fund_spent(f.id) END,
		flow.fund_withdrawn(f), f.withdrawn_on, f.purpose)::api.fund_row $$;
CREATE FUNCTION flow.fund_rows(org_id text, year int, source text, award_id text)
RETURNS api.fund_row[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(flow.fund_row(f) ORDER BY f.org_id, f.year, length(f.id), f.id),
		'{}')
	FROM data.fund f WHERE f.org_id = coalesce(fund_rows.org_id, f.org_id)
		AND f.year = coalesce(fund_rows.year, f.year)
		AND f.source = coalesce(fund_rows.source, f.source)
		AND (fund_rows.award_id IS NULL OR f.award_id = fund_rows.award_id) $$;

-- The ledger, and a sum for each source: dues are never added to other money.
CREATE TYPE api.fund_sum AS (source text, budgeted_fen bigint, granted_fen bigint,
	spent_fen bigint, withdrawn_fen bigint);
CREATE FUNCTION api.list_funds(me auth.actor, org_id text, year int, source text,
	OUT funds api.fund_row[], OUT sums api.fund_sum[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	IF source IS NOT NULL THEN
		source := flow.need_choice('source', 'FUND_SOURCE', source);
	END IF;
	org_id := flow.own_org(me, org_id);
	IF org_id IS NOT NULL THEN
		PERFORM auth.need(me, org_id);
	END IF;
	funds := flow.fund_rows(org_id, year, source, NULL);
	sums := ARRAY(SELECT ROW(r.source, sum(r.budgeted_fen)::bigint, sum(r.granted_fen)::bigint,
			sum(r.spent_fen)::bigint, sum(r.withdrawn_fen)::bigint)::api.fund_sum
		FROM unnest(funds) r JOIN data.choice c ON c.list = 'FUND_SOURCE' AND c.code = r.source
		GROUP BY r.source, c.added_on ORDER BY c.added_on NULLS FIRST, r.source);
END $$;

CREATE TYPE api.spend_row AS (spend_no int, spent_on date, spent_fen bigint, used_for text,
	recorded_by text, voucher_no text, confirmed_by text, confirmed_on date);
CREATE FUNCTION api.show_fund(me auth.actor, INOUT fund_id text, OUT org_id text,
	OUT org_name text, OUT state text, OUT year int, OUT source text, OUT award_id text,
	OUT used_for text, OUT budgeted_fen bigint, OUT granted_fen bigint, OUT collective_on date,
	OUT basis text, OUT spent_fen bigint, OUT left_fen bigint, OUT withdrawn_fen bigint,
	OUT withdrawn_on date, OUT stopped_why text, OUT spends api.spend_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	f data.fund := flow.find_fund(me, fund_id);
	r api.fund_row := flow.fund_row(f);
BEGIN
	SELECT r.org_id, r.org_name, r.state, r.year, r.source, r.award_id, r.used_for,
		r.budgeted_fen, r.granted_fen, r.collective_on, f.basis, r.spent_fen,
		CASE WHEN f.withdrawn_on IS NULL THEN r.granted_fen - r.spent_fen END,
		r.withdrawn_fen, r.withdrawn_on, f.withdrawn_why
	INTO org_id, org_name, state, year, source, award_id, used_for, budgeted_fen, granted_fen,
		collective_on, basis, spent_fen, left_fen, withdrawn_fen, withdrawn_on, stopped_why;
	spends := ARRAY(SELECT ROW(s.spend_no, s.spent_on, s.spent_fen, s.purpose,
			flow.person_name(s.recorded_by), s.voucher_no, flow.person_name(s.confirmed_by),
			s.confirmed_on)::api.spend_row
		FROM data.fund_spend s WHERE s.fund_id = f.id ORDER BY s.spend_no);
END $$;
