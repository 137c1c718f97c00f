-- Enrolment in two steps, with the signer between them (server/identity.c).
-- Neither is a request of its own: no message has these fields, and the caller is
-- the public worker after it has checked the proof.  A verdict is a column and not
-- an exception, because a wrong proof must be counted, so committed.
--
-- Unknown, expired, dead and wrong are one verdict: the answer must not tell a
-- guesser which it was.

INSERT INTO rule.permission (request, role) VALUES
	('enrol_person', 'anyone'),
	('enrol_complete', 'anyone');

-- The code's row, locked, if it may still be used or has been used.
CREATE FUNCTION auth.enrol_code(secret_hash bytea) RETURNS data.enrol_code
LANGUAGE sql AS $$
	SELECT c FROM data.enrol_code c JOIN data.person p ON p.id = c.person_id
	WHERE c.secret_hash = enrol_code.secret_hash AND p.active
		AND c.wrong_proofs < 5
		AND (c.used_at IS NOT NULL OR c.expires_at > now())
	FOR UPDATE OF c $$;

-- A used code with another key: somebody has the paper who should not.
CREATE FUNCTION auth.enrol_alarm(code data.enrol_code) RETURNS void
LANGUAGE sql AS $$
	UPDATE data.enrol_code c SET alarms = c.alarms + 1
	WHERE c.secret_hash = code.secret_hash;
	SELECT audit.append(ROW(code.person_id, NULL, NULL, 'enrol_code_reused',
		code.certificate_fp)::auth.actor, code.person_id, NULL, NULL, NULL)
	WHERE code.alarms < 5 $$;

-- GO: sign for this person.  DONE: here is what was given before.  USED, BAD.
CREATE FUNCTION api.enrol_person(secret_hash bytea, spki bytea, proved boolean,
	OUT verdict text, OUT person_id text, OUT certificate bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE code data.enrol_code := auth.enrol_code(secret_hash);
BEGIN
	verdict := 'BAD';
	IF code.secret_hash IS NULL THEN
		RETURN;
	END IF;
	IF NOT proved THEN
		UPDATE data.enrol_code c SET wrong_proofs = c.wrong_proofs + 1
		WHERE c.secret_hash = secret_hash;
		RETURN;
	END IF;
	-- a renewal is for a new key; cut off and repeated, it is the same certificate
	IF code.renews IS NOT NULL AND code.used_at IS NULL THEN
		IF EXISTS (SELECT FROM data.certificate c WHERE c.fp = code.renews
				AND c.spki = spki) THEN
			RETURN;
		END IF;
		SELECT c.der, c.person_id INTO certificate, person_id FROM data.certificate c
		WHERE c.renews = code.renews AND c.spki = spki AND c.revoked_at IS NULL;
		IF FOUND THEN
			verdict := 'DONE';
			RETURN;
		END IF;
	END IF;
	IF code.used_at IS NULL THEN
		verdict := 'GO';
		person_id := code.person_id;
	ELSIF code.used_spki = spki THEN
		verdict := 'DONE';
		person_id := code.person_id;
		SELECT c.der INTO certificate FROM data.certificate c
		WHERE c.fp = code.certificate_fp;
	ELSE
		verdict := 'USED';
		PERFORM auth.enrol_alarm(code);
	END IF;
END $$;

-- Consumes the code for the certificate the signer made.  Of two machines that
-- race with one code the first to lock its row wins.
CREATE FUNCTION api.enrol_complete(secret_hash bytea, spki bytea, der bytea,
	issued_at timestamptz, expires_at timestamptz,
	OUT verdict text, OUT person_id text, OUT certificate bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE fp bytea := sha256(der);
BEGIN
	SELECT e.verdict, e.person_id, e.certificate INTO verdict, person_id, certificate
	FROM api.enrol_person(secret_hash, spki, true) e;
	IF verdict <> 'GO' THEN
		RETURN;
	END IF;
	INSERT INTO data.certificate (fp, person_id, der, spki, issued_at, expires_at, renews)
	SELECT fp, person_id, der, spki, issued_at, expires_at, c.renews
	FROM data.enrol_code c WHERE c.secret_hash = secret_hash;
	UPDATE data.enrol_code c SET used_at = now(), used_spki = spki, certificate_fp = fp
	WHERE c.secret_hash = secret_hash;
	PERFORM audit.append(ROW(person_id, NULL, NULL, 'enrol', fp)::auth.actor,
		person_id, NULL, NULL, NULL);
	verdict := 'DONE';
	certificate := der;
END $$;
