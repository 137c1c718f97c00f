"""Every clause of the plan has its command and its test (tests/clauses.tsv), every
prohibition the test that would fail, and every trick case a test that bears its number.

A row: the clause (S-n: the plan's clauses in its order; NF-n: what its last clause
forbids, as rules; Tn: trick cases); the plan's own words; commands; what shows it; what
would fail if the forbidden thing were there.  A test is file: its name or description.
"""
import csv
import re

import pytest

from test_contract import REQUESTS, ROOT, read

PLAN = re.sub(r"\s", "", read("tests/data/work-plan.txt"))
with open(ROOT / "tests/clauses.tsv", encoding="utf-8", newline="") as f:
    ROWS = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
BY_CLAUSE = {r["clause"]: r for r in ROWS}
# "noun verb" -> request, NONE: the client's own.
COMMANDS = {f"{noun} {verb}": request for noun, verb, request in re.findall(
    r'^COMMAND\((\w+), (\w+), "[^"]*", "[^"]*", (\w+),', read("client/commands.def"), re.M)}
# An attitude of the college, for which there is nothing to do with a program.
ATTITUDE = {"S-57", "S-62"}
CASES = [1, 2, 3, 4, 6, 7, *range(9, 21), 22, 23, 24, 28, 29, *range(31, 35), 36, *range(38, 42),
         *range(43, 51)]


def parts(text, by):
    return [] if text == "-" else [p.strip() for p in text.split(by)]


def named_by(row):
    return parts(row["shown by"], " | ") + parts(row["would fail"], " | ")


def test_every_clause_once():
    expected = [f"S-{n}" for n in range(1, 68)] + [f"NF-{n}" for n in range(1, 13)] + [
        f"T{n}" for n in CASES]
    assert [r["clause"] for r in ROWS] == expected


def test_words_are_the_plans():
    assert {r["clause"]: r["plan"] for r in ROWS if r["clause"][0] != "T"
            and (len(r["plan"]) < 4 or r["plan"] not in PLAN)} == {}


def test_commands_are_there_and_somebody_may():
    catalogue = set(re.findall(r"\bROW\(\w+, (\w+),", read("server/catalogue.c")))
    allowed = set(re.findall(r"^\t\('(\w+)', '\{", read("sql/rule/*.sql"), re.M))
    wrong = []
    for r in ROWS:
        for command in parts(r["commands"], ","):
            request = COMMANDS.get(command)
            if request is None or request != "NONE" and not (
                    request in REQUESTS and request in catalogue and request in allowed):
                wrong.append((r["clause"], command, request))
    assert wrong == []


def named(test):
    """Is a test of that name or description in that file?"""
    file, _, name = test.partition(": ")
    kind = ROOT / "tests" / file
    if file.startswith("e2e/"):
        return re.search(rf"^def {re.escape(name)}\(", kind.with_suffix(".py").read_text("utf-8"), re.M)
    described = "'" + name.replace("'", "''") + "')"
    return described in kind.with_suffix(".sql").read_text("utf-8")


def test_tests_are_there():
    assert [(r["clause"], t) for r in ROWS for t in named_by(r) if not named(t)] == []


def test_no_clause_is_without():
    assert {r["clause"] for r in ROWS if r["shown by"] == "-"} == ATTITUDE
    assert {r["clause"] for r in ROWS if r["commands"] == "-"} - ATTITUDE == {"T44"}


@pytest.mark.parametrize("clause", [f"S-{n}" for n in range(63, 68)] + [f"NF-{n}" for n in range(1, 13)])
def test_a_prohibition_has_a_test_that_would_fail(clause):
    assert parts(BY_CLAUSE[clause]["would fail"], " | ")


def test_a_rule_or_case_is_in_the_name_of_its_test():
    wrong = []
    for r in ROWS:
        if r["clause"][0] in "NT":
            number = rf"(?<![A-Za-z0-9]){r['clause']}(?![0-9])"
            wrong += [(r["clause"], t) for t in named_by(r)
                      if not re.search(number, t.partition(": ")[2].replace("_", " "))]
    assert wrong == []
