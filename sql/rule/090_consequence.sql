-- What a request makes beside its own thing: that it comes to be is a move like any
-- other.  All of it follows from rows of the files before.

-- What waits for a second person.
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT DISTINCT 'approval', '-', 'WAITING', s.request FROM rule.second_person s;

-- A term that ends a round opens the next one by itself (plan 四(四)).
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT DISTINCT m.entity, '-', m.state, t.request
FROM rule.transition t, (VALUES ('round', 'PLANNED'), ('self_assessment', 'DRAFT')) m(entity, state)
WHERE t.entity = 'round' AND t.to_state = 'ENDED_TERM';

-- A problem that is carried over goes on as it was, with its origin.
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT DISTINCT 'gap', '-', t.from_state, t.request
FROM rule.transition t WHERE t.entity = 'gap' AND t.to_state = 'CARRIED_OVER';
