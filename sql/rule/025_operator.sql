-- What the operator of the machine may do as zhibu_owner (zhibud clock, zhibud psql).

-- A demo or test college's day: flow.now() is nine o'clock in Beijing and goes on
-- from there.  A real college has no such function: its row refuses a shift.
CREATE FUNCTION setup.set_clock(day date) RETURNS timestamptz LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE moment timestamptz := (day + time '09:00') AT TIME ZONE 'Asia/Shanghai';
BEGIN
	UPDATE data.deployment d SET clock_shift = moment - now() WHERE d.demo;
	IF NOT FOUND THEN
		RAISE 'only a demo college has a clock that can be set';
	END IF;
	RETURN flow.now();
END $$;

-- The operator's own doings are in the trace, under no person.
CREATE FUNCTION setup.note(what text) RETURNS void LANGUAGE sql AS $$
	SELECT audit.append(ROW('-', NULL, NULL, what, NULL)::auth.actor, NULL, NULL,
		NULL, NULL) $$;

REVOKE ALL ON FUNCTION setup.set_clock, setup.note FROM PUBLIC;
