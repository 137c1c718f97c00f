"""What is drawn in the manual is what the rules say; each rule is kept by the one
function that moves a state."""
import re
from collections import defaultdict
from pathlib import Path

import pytest

from college import ROOT

STATES = ROOT / "deploy/manual/states.html"


@pytest.fixture(scope="module")
def rows(server):
    return server.sql("SELECT entity, from_state, to_state, request, coalesce(guard, '-')"
                      " FROM rule.transition ORDER BY 1, 2, 3, 4")


def test_the_drawings_are_those_of_the_rules(rows):
    drawn = [line.split() for block in
             re.findall(r"<!-- rows\n(.*?)\n-->", STATES.read_text(), re.S)
             for line in block.splitlines()]
    assert drawn == rows, "draw them anew: deploy/manual/draw"


def test_every_move_is_allowed_and_no_other(server, rows):
    """Against flow.move itself, over bare tables of id and state: for every object,
    state, request and state to be reached, the outcome is that of the table."""
    out = server.sql("""
BEGIN;
SET LOCAL client_min_messages = error;
CREATE SCHEMA bare;
DO $$
DECLARE e text;
BEGIN
	FOR e IN SELECT DISTINCT entity FROM rule.transition LOOP
		EXECUTE format('ALTER TABLE data.%I SET SCHEMA bare', e);
		EXECUTE format('CREATE TABLE data.%I (id text, state text)', e);
		EXECUTE format('INSERT INTO data.%I VALUES (''x'', ''-'')', e);
	END LOOP;
END $$;
CREATE TABLE bare.answer (entity text, from_state text, to_state text, request text,
	said text, now text);
UPDATE rule.transition SET guard = NULL;
DO $$
DECLARE m record; me auth.actor; after text;
BEGIN
	FOR m IN SELECT s.entity, s.state AS from_state, t.state AS to_state, r.request
		FROM (SELECT entity, from_state AS state FROM rule.transition WHERE from_state <> '-'
			UNION SELECT entity, to_state FROM rule.transition) s
		JOIN (SELECT DISTINCT entity, to_state AS state FROM rule.transition) t
			ON t.entity = s.entity
		JOIN (SELECT DISTINCT entity, request FROM rule.transition) r
			ON r.entity = s.entity
	LOOP
		EXECUTE format('UPDATE data.%I SET state = $1', m.entity) USING m.from_state;
		me := ROW('P1', 'od_officer', 'ZZB', m.request, NULL)::auth.actor;
		BEGIN
			PERFORM flow.move(me, m.entity, 'x', m.to_state);
			EXECUTE format('SELECT state FROM data.%I', m.entity) INTO after;
			INSERT INTO bare.answer VALUES (m.entity, m.from_state, m.to_state, m.request,
				'moved', after);
		EXCEPTION WHEN SQLSTATE 'ZB003' THEN
			INSERT INTO bare.answer VALUES (m.entity, m.from_state, m.to_state, m.request,
				'refused', NULL);
		END;
	END LOOP;
END $$;
SELECT entity, from_state, to_state, request, said, coalesce(now, '-') FROM bare.answer;
ROLLBACK""")
    allowed = {tuple(r[:4]) for r in rows if r[1] != "-"}
    answered = {tuple(a[:4]): tuple(a[4:]) for a in out if len(a) == 6}
    assert allowed <= answered.keys()
    for move, (said, now) in answered.items():
        if move in allowed:
            assert (said, now) == ("moved", move[2]), move
        else:
            assert said == "refused", move
    assert len(answered) > 3 * len(allowed)


def test_every_state_can_be_reached_and_left_or_is_an_end(rows):
    """No state that nothing leads to; from every state an end can be reached."""
    moves = defaultdict(set)
    states = defaultdict(set)
    for entity, a, b, _, _ in rows:
        moves[entity, a].add(b)
        states[entity] |= {a, b}
    for entity, known in states.items():
        seen, todo = set(), ["-"] if "-" in known else list(known)
        while todo:
            s = todo.pop()
            if s not in seen:
                seen.add(s)
                todo += moves[entity, s]
        assert seen >= known, (entity, known - seen)
