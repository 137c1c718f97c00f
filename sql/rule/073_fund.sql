-- Funds: who may, which moves, the sums of one entry.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('budget_fund', '{od_officer,od_head}'::text[]),
	('grant_fund', '{od_head}'),
	('record_spend', '{branch_secretary,od_officer}'),
	('finish_fund', '{od_officer,od_head}'),
	('confirm_voucher', '{finance_officer}'),
	('reconcile_fund', '{finance_officer}'),
	('list_funds', '{branch_secretary,od_officer,od_head,committee_member,committee_secretary,finance_officer}'),
	('show_fund', '{branch_secretary,od_officer,od_head,committee_member,committee_secretary,finance_officer}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('fund', '-', 'BUDGETED', 'budget_fund', NULL),
	('fund', 'BUDGETED', 'GRANTED', 'grant_fund', 'fund_award_in_effect'),
	('fund', 'GRANTED', 'GRANTED', 'record_spend', NULL),
	('fund', 'GRANTED', 'SPENT', 'record_spend', NULL),
	-- an entry made late, of money spent before it was withdrawn
	('fund', 'SPENT', 'SPENT', 'record_spend', NULL),
	('fund', 'WITHDRAWN', 'SPENT', 'record_spend', NULL),
	('fund', 'BUDGETED', 'WITHDRAWN', 'finish_fund', NULL),
	('fund', 'GRANTED', 'WITHDRAWN', 'finish_fund', NULL),
	('fund', 'GRANTED', 'SPENT', 'finish_fund', NULL),
	('fund', 'GRANTED', 'GRANTED', 'confirm_voucher', NULL),
	('fund', 'SPENT', 'SPENT', 'confirm_voucher', NULL),
	('fund', 'SPENT', 'RECONCILED', 'reconcile_fund', 'fund_vouchers_confirmed');

INSERT INTO rule.hint (entity, request, field, from_column, only_if) VALUES
	('fund', 'grant_fund', 'fund_id', 'id', NULL),
	('fund', 'confirm_voucher', 'fund_id', 'id', 'fund_voucher_waits'),
	('fund', 'reconcile_fund', 'fund_id', 'id', NULL);

CREATE FUNCTION flow.fund_spent(fund_id text) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(s.spent_fen), 0)::bigint FROM data.fund_spend s
	WHERE s.fund_id = fund_spent.fund_id $$;
-- As people write it, for a sentence.
CREATE FUNCTION flow.yuan(fen bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT fen / 100 || '.' || to_char(fen % 100, 'FM00') $$;
