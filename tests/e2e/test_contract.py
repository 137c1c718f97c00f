"""A request is two messages, one function, one catalogue row, one permission and one
command, with words for all of it in both languages: whatever is missing is named here.
"""
import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from college import BIN, DATA, ROOT
from wire import pb

HAN = re.compile(r"[\u3400-\u9fff]")

# Requests without a command of their own, and why.
NO_COMMAND = {
    "enrol": "zhibu login",
    "renew_certificate": "zhibu login --renew",
    "put_chunk": "zhibu file add",
    "finish_file": "zhibu file add",
    "get_chunk": "zhibu file get",
}


def body_of(message):
    return {f.name: f for f in message.DESCRIPTOR.oneofs_by_name["body"].fields}


REQUESTS = body_of(pb.Request)
REPLIES = body_of(pb.Reply)


def read(pattern):
    return "\n".join(p.read_text("utf-8") for p in sorted(ROOT.glob(pattern)))


# ---- words ------------------------------------------------------------------------------

STRING = r'"((?:[^"\\]|\\.)*)"'
WORDS = {key: (zh, en) for key, zh, en in re.findall(
    rf"^WORD\({STRING},\s*{STRING},\s*{STRING}\)", read("client/words/*.def"), re.M)}


def messages():
    """Every message a person's words can be about, below Request and Reply."""
    found, todo = {}, [f.message_type for f in (*REQUESTS.values(), *REPLIES.values())]
    todo += [pb.Refusal.DESCRIPTOR]
    while todo:
        m = todo.pop()
        if m.full_name not in found:
            found[m.full_name] = m
            todo += [f.message_type for f in m.fields if f.message_type]
    return found.values()


FIELDS = {f.name for m in messages() for f in m.fields} - {
    f.name for f in pb.Refusal.DESCRIPTOR.fields} - {
    f.name for f in pb.Reason.DESCRIPTOR.fields}


def without(keys):
    """Those of the keys no word is for; an entry is one key or several of which any
    will do."""
    return sorted(k if isinstance(k, str) else k[-1] for k in keys
                  if not any(one in WORDS for one in ([k] if isinstance(k, str) else k)))


def test_a_word_is_said_once_and_in_both_languages():
    text = read("client/words/*.def")
    keys = re.findall(r'^WORD\("([^"]+)"', text, re.M)
    assert len(keys) == len(WORDS), "a line the pattern of this test does not read"
    assert sorted(keys) == sorted(set(keys))
    assert [k for k, (zh, en) in WORDS.items() if not zh.strip() or not en.strip()] == []
    # what is typed in Chinese whatever the language: a form, 今天, the topics of help
    assert [k for k, (_, en) in WORDS.items() if HAN.search(en)
            and not re.search(r"今天|明天|zhibu help|达到", en)] == []


def test_arguments_are_the_same_in_both_languages():
    """%1 to %9: what one language tells, the other does not keep back."""
    def named(text):
        return set(re.findall(r"%[1-9]", text))
    assert [k for k, (zh, en) in WORDS.items() if named(zh) != named(en)] == []


def test_words_for_every_request():
    assert without(f"request.{name}" for name in REQUESTS) == []


def test_words_for_every_field():
    assert without(f"field.{name}" for name in FIELDS) == []


def test_words_for_every_enum_value():
    """Each under its field's name or everywhere the same."""
    assert without((f"value.{v.name}", f"value.{f.name}.{v.name}")
                   for m in messages() for f in m.fields if f.enum_type
                   for v in f.enum_type.values) == []


def test_no_two_values_of_a_field_read_the_same():
    """What a person types must mean one of them."""
    wrong = []
    for m in messages():
        for f in m.fields:
            for language in (0, 1) if f.enum_type else ():
                said = [WORDS.get(f"value.{f.name}.{v.name}",
                                  WORDS.get(f"value.{v.name}", ("", "")))[language]
                        for v in f.enum_type.values]
                if len(said) != len(set(said)):
                    wrong.append((m.name, f.name, said))
    assert wrong == []


# ---- what SQL and the server say ----------------------------------------------------------

# Which argument of each is the key.
RAISING = {"refuse.reason": 0, "refuse.invalid": 1, "refuse.conflict": 0,
           "refuse.because": 1}
# Handed on from a caller, which is looked at itself: function, expression.
HANDED_ON = {("refuse.because", "=key"), ("refuse.reason", "=key"),
             ("refuse.because", "=closed[1].key")}


def split_arguments(text):
    """Of the call whose '(' was just read: its arguments, as they are written."""
    parts, depth, at, quoted = [""], 0, 0, False
    while True:
        c = text[at]
        at += 1
        if c == "'":
            quoted = not quoted
        if not quoted and c in "([":
            depth += 1
        if not quoted and c in ")]":
            if depth == 0:
                return [p.strip() for p in parts]
            depth -= 1
        if not quoted and c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c


def raised(sql):
    """(function, key) of every refusal in this text; (function, "=" and the
    expression) where no key stands there."""
    sql = re.sub(r"--[^\n]*", "", sql)
    for m in re.finditer(r"(?<!FUNCTION )(refuse\.\w+)\s*\(", sql):
        function = m.group(1)
        if function not in RAISING:
            continue
        arguments = split_arguments(sql[m.end():])
        if len(arguments) <= RAISING[function]:
            continue
        expression = arguments[RAISING[function]]
        results = re.findall(r"(?:THEN|ELSE|^|COALESCE\()\s*'([a-z][a-z0-9_]*)'",
                             expression)
        for key in results or ["=" + expression]:
            yield function, key


SQL = read("sql/rule/*.sql") + read("sql/api/*.sql") + read("sql/call.sql")


def test_every_refusal_of_sql_has_its_sentence():
    found = set(raised(SQL))
    assert len(found) > 150, "the pattern finds next to nothing"
    assert {(f, k) for f, k in found if k[0] == "="} == HANDED_ON
    keys = {k for f, k in found - HANDED_ON}
    assert without((f"refusal.{k}", f"reason.{k}") for k in keys) == []


def test_every_refusal_of_the_server_has_its_sentence():
    server = read("server/*.c")
    keys = set(re.findall(r'refuse_field\([^;]*?"(\w+)"\)', server)
               + re.findall(r'end_refused\([^;]*?"([a-z]\w+)"\)', server)
               + re.findall(r'\.key = "(\w+)"', server))
    assert keys
    assert without((f"refusal.{k}", f"reason.{k}") for k in keys) == []
    kinds = re.findall(r'\{ ERR_\w+, "(\w+)"', (ROOT / "common/error.c").read_text())
    assert len(kinds) > 15
    assert without(f"refusal.{kind}" for kind in kinds) == []


def test_every_key_the_client_says_has_its_sentence():
    """Its own errors, by the names its files call them."""
    source = read("client/*.c") + read("client/views/*.c")
    keys = set(re.findall(r'"((?:error|text|help|option|doctor|topic)\.[a-z0-9_]+)"', source))
    assert len(keys) > 100
    assert without(keys) == []
    bare = set(re.findall(r'\bfail[012]?\([^;"]*?"([a-z0-9_]+)"', source))
    assert without((f"error.{k}", f"refusal.{k}", f"reason.{k}") for k in bare) == []


# ---- rights, moves, catalogue -------------------------------------------------------------

def test_request_and_reply_have_the_same_members():
    assert {n: f.number for n, f in REQUESTS.items()} == \
        {n: f.number for n, f in REPLIES.items() if n != "refusal"}
    for name, field in REQUESTS.items():
        assert field.message_type.name.lower() == name.replace("_", "")
        assert REPLIES[name].message_type.name == field.message_type.name + "Reply"


def test_catalogue_has_every_request():
    """That each has its function the server has checked, or it would not run."""
    rows = re.findall(r"^\s*ROW\((\w+), (\w+),", (ROOT / "server/catalogue.c").read_text(),
                      re.M)
    assert all(case.lower() == name for case, name in rows)
    assert sorted(name for _, name in rows) == sorted(REQUESTS)


def test_everybody_may_is_said_of_every_request(server):
    allowed = {r for r, in server.sql("SELECT DISTINCT request FROM rule.permission")}
    # a code is its own permission: enrolment's two steps are the server's own
    assert allowed - set(REQUESTS) == {"enrol_person", "enrol_complete"}
    assert set(REQUESTS) - allowed == {"enrol"}
    assert without(f"role.{r}" for r, in server.sql("SELECT role FROM rule.role")) == []
    assert server.sql("""SELECT DISTINCT p.role FROM rule.permission p
        LEFT JOIN rule.role r USING (role)
        WHERE r.role IS NULL AND p.role NOT IN ('person', 'anyone')""") == []


def test_every_role_may_do_something(server):
    assert server.sql("""SELECT r.role FROM rule.role r
        WHERE NOT EXISTS (SELECT FROM rule.permission p WHERE p.role = r.role)""") == []


def test_moves_name_requests_that_somebody_may_make(server):
    assert server.sql("""SELECT t.entity, t.request FROM rule.transition t
        WHERE NOT EXISTS (SELECT FROM rule.permission p WHERE p.request = t.request)""") == []
    assert {r for r, in server.sql("SELECT DISTINCT request FROM rule.transition")} \
        <= set(REQUESTS)


def test_a_second_person_for_what_somebody_may_ask(server):
    """Of writes only, and whoever may agree holds an office there is."""
    rows = server.sql("SELECT request, role FROM rule.second_person")
    signed = set(re.findall(r"ROW\(\w+, (\w+), LANE_\w+, CAT_SIGNED\)",
                            (ROOT / "server/catalogue.c").read_text()))
    assert rows and {r for r, _ in rows} <= signed
    assert {r for _, r in rows} <= {r for r, in server.sql("SELECT role FROM rule.role")}


def test_words_for_every_state(server):
    states = {(e, s) for e, *pair in server.sql(
        "SELECT entity, from_state, to_state FROM rule.transition")
        for s in pair} - {(e, "-") for e, in server.sql(
            "SELECT DISTINCT entity FROM rule.transition")}
    assert len(states) > 30
    assert without((f"value.{e}.{s}", f"value.state.{s}", f"value.{s}")
                   for e, s in states) == []


def test_every_guard_there_is(server):
    assert server.sql("""SELECT t.entity, t.guard FROM rule.transition t
        WHERE t.guard IS NOT NULL AND NOT EXISTS (SELECT FROM pg_proc p
            WHERE p.pronamespace = 'guard'::regnamespace AND p.proname = t.guard)""") == []


# ---- commands ------------------------------------------------------------------------------

def zhibu(*words, cwd=None, **env):
    return subprocess.run([BIN / "zhibu", *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=30, cwd=cwd,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **env})


def commands():
    r = zhibu("help", "--json")
    assert r.returncode == 0
    return json.loads(r.stdout)


COMMANDS = commands() if (BIN / "zhibu").exists() else []


def words_of(command, language="noun"):
    verb = "verb" if language == "noun" else "verbZh"
    return [command[language], *([command[verb]] if command["verb"] != "_" else [])]


def test_every_request_has_a_command():
    reached = {c["request"] for c in COMMANDS if "request" in c}
    assert reached <= set(REQUESTS)
    assert set(REQUESTS) - reached == set(NO_COMMAND)


def test_every_command_says_what_it_does():
    for c in COMMANDS:
        assert HAN.search(c["does"]), c
    english = json.loads(zhibu("help", "--json", "--lang", "en").stdout)
    for c in english:
        assert not HAN.search(c["does"]), c
        assert [o["label"] for o in c["options"] if HAN.search(o["label"])] == []


def test_chinese_names_are_one_to_one():
    nouns = {(c["noun"], c["nounZh"]) for c in COMMANDS}
    assert len(nouns) == len({en for en, _ in nouns}) == len({zh for _, zh in nouns})
    pairs = [(c["nounZh"], c["verbZh"]) for c in COMMANDS]
    assert len(pairs) == len(set(pairs))
    assert len({(c["noun"], c["verb"]) for c in COMMANDS}) == len(COMMANDS)


def test_at_most_twelve_verbs_a_noun_but_for_the_ballot():
    count = {}
    for c in COMMANDS:
        count[c["noun"]] = count.get(c["noun"], 0) + 1
    # a ballot is a procedure of many steps, each at its own moment
    assert {n for n, verbs in count.items() if verbs > 12} <= {"ballot"}


@functools.cache
def help_page(*words):
    return zhibu(*words, "--help")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(words_of(c)))
def test_help_page_alias_and_example(command):
    """The page in Chinese words is the same page; its example is on it and parses."""
    page = help_page(*words_of(command))
    assert page.returncode == 0, page
    assert zhibu(*words_of(command, "nounZh"), "--help").stdout == page.stdout
    assert zhibu(*words_of(command), "-h").stdout == page.stdout
    assert command["example"] in page.stdout
    words = shlex.split(command["example"])
    assert words[:1 + len(words_of(command))] == ["zhibu", *words_of(command)]
    # everything but the values is understood before the page is shown
    assert zhibu(*words[1:], "--help").stdout == page.stdout


# The examples whose course this machine alone decides; all others come as far as
# the login that is missing here.
HERE = {
    "login": 2,              # its code is cut short on purpose
    "logout": 4,
    "help": 0, "version": 0, "doctor": 0, "status": 4, "use": 4, "sync": 4,
    "completion bash": 0, "config show": 0,
    "profile list": 0, "print list": 0,
    "profile add": 2,        # its certificate is not here
    "profile use": 6, "profile show": 6, "profile remove": 6,
}


@pytest.fixture(scope="module")
def folder():
    """What the examples name."""
    path = Path(tempfile.mkdtemp(prefix="zbex"))
    for f in DATA.iterdir():
        shutil.copy(f, path)
    (path / "技改服务函.pdf").write_bytes(b"%PDF-1.7\n")
    (path / "自评表.txt").write_text("[3.1] 严格执行组织生活制度 = 达到\n")
    (path / "意见.txt").write_text("多开一次研讨\n")
    (path / "标准草案.json").write_text('{"groups": [{"groupNo": 1, "items": [{"code": "1.1"}]}]}')
    (path / "自创情况.txt").write_text("一年来支部围绕专业建设开展自创。\n")
    yield path
    shutil.rmtree(path)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(words_of(c)))
def test_values_of_the_example_are_understood(command, folder):
    words = shlex.split(command["example"])[1:]
    r = zhibu(*words, "-n", cwd=folder, ZHIBU_CONFIG_DIR=str(folder / "config"),
              ZHIBU_RETRY="1,1")
    assert r.returncode == HERE.get(" ".join(words_of(command)), 4), r


# ---- letters -------------------------------------------------------------------------------

GLOBAL = {"h": "--help", "n": "--dry-run", "y": "--yes", "f": "--file", "P": "--profile",
          "q": "--quiet", "v": "--verbose", "V": "--version"}
OWN = {"a": {"--application-id"}, "b": {"--org-id", "--branch-id"}, "s": {"--state"},
       "m": {"--text", "--reason", "--opinion", "--summary", "--narrative", "--note",
             "--description", "--statement", "--answer", "--comment", "--title", "--result"},
       "o": {"--out"}}


def letters_of(page):
    return re.findall(r"^\s*-(\w), (--[a-z-]+)", page, re.M)


def test_a_letter_means_the_same_everywhere():
    used = set()
    for c in COMMANDS:
        own = letters_of(help_page(*words_of(c)).stdout)
        assert len(own) == len({letter for letter, _ in own}), (c["noun"], c["verb"], own)
        for letter, option in own:
            assert option in OWN.get(letter, set()), (c["noun"], c["verb"], letter, option)
            used.add(letter)
    assert used == set(OWN)


def test_letters_of_every_command():
    assert dict(letters_of(zhibu("help", "通用选项").stdout)) == GLOBAL


# ---- topics --------------------------------------------------------------------------------

@pytest.mark.parametrize("zh, en", [("术语", "terms"), ("退出码", "exit-codes"),
                                    ("环境变量", "environment"), ("通用选项", "options"),
                                    ("表格填报", "forms"), ("无记名", "secret-ballot")])
def test_topics_in_both_languages(zh, en):
    page = zhibu("help", zh)
    assert page.returncode == 0 and HAN.search(page.stdout)
    assert zhibu("help", en).stdout == page.stdout
    english = zhibu("--lang", "en", "help", en)
    assert english.returncode == 0 and english.stdout != page.stdout


def test_exit_codes_are_all_explained():
    header = (ROOT / "client/command.h").read_text()
    codes = re.findall(r"EXIT_\w+ = (\d+)", header)
    for page in (zhibu("help", "退出码").stdout, zhibu("help", "exit-codes",
                                                       "--lang=en").stdout):
        told = re.findall(r"^\s*(\d+)\b", page, re.M)
        assert sorted(map(int, told)) == sorted(map(int, codes))


# ---- completion ----------------------------------------------------------------------------

def completed(*words):
    r = zhibu("__complete", *words)
    assert r.returncode == 0 and r.stderr == ""
    return r.stdout.splitlines()


def test_completion_of_nouns_and_verbs():
    nouns = list(dict.fromkeys(c["noun"] for c in COMMANDS))
    assert completed("") == nouns
    assert completed("ap") == ["app", "approve"]
    assert completed("申") == ["申报"]
    for noun in nouns:
        verbs = [c["verb"] for c in COMMANDS if c["noun"] == noun and c["verb"] != "_"]
        if verbs:
            assert completed(noun, "") == verbs
    assert completed("申报", "提") == ["提交"]
    assert completed("没有这个", "") == []


def test_completion_of_options_and_values():
    assert "--state" in completed("app", "list", "--")
    assert completed("app", "list", "--sta") == ["--state"]
    assert completed("--js") == ["--json"]
    judgements = completed("duty", "add", "14", "--grade", "")
    assert judgements == [v.name for v in
                          REQUESTS["record_duty_review"].message_type.fields_by_name[
                              "grade"].enum_type.values]
    assert completed("duty", "add", "14", "--grade", "较") == ["较好"]
    assert completed("duty", "add", "14", "--grade=较") == ["较好"]


def test_completion_in_bash():
    """The script as a shell loads it, with the program it calls."""
    script = zhibu("completion", "bash").stdout
    ask = "COMP_WORDS=(zhibu {}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _zhibu;" \
          ' printf "%s\\n" "${{COMPREPLY[@]}}"'
    for line, want in (("app su", ["submit"]), ("申报 提", ["提交"]), ("nex", ["next"])):
        r = subprocess.run(["bash", "--norc", "-c", script + ask.format(line)],
                           capture_output=True, text=True, timeout=10,
                           env={"PATH": f"{BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"})
        assert r.stdout.split() == want, r
