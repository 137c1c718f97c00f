-- Funds: who may, which moves, the sums of one entry.

CREATE FUNCTION flow.fund_spent(fund_id text) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(s.spent_fen), 0)::bigint FROM data.fund_spend s
	WHERE s.fund_id = fund_spent.fund_id $$;
