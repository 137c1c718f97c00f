"""Evidence and the text form with the real client (fault list 97 to 102): what goes
up comes down the same, after a cut it goes on, and nothing is overwritten unasked."""
import hashlib
import os

import pytest

from wire import Wire, request

SECRETARY, MEMBER, OTHER = "P2", "P3", "P4"
CHUNK = 262144
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 3000  # three chunks


@pytest.fixture(scope="module")
def branch(server):
    """Branch 14 with a round begun; its secretary and a committee member."""
    server.sql(f"""
        INSERT INTO data.org (id, kind, established_on) VALUES
            ('14', 'branch', '2020-01-01'), ('15', 'branch', '2020-01-01')
            ON CONFLICT DO NOTHING;
        INSERT INTO data.org_version (org_id, name, from_on) VALUES
            ('14', '电气自动化系教工党支部', '2020-01-01'), ('15', '第十五支部', '2020-01-01');
        INSERT INTO data.person (id, name) VALUES
            ('{SECRETARY}', '乌云其木格'), ('{MEMBER}', '巴特尔'), ('{OTHER}', '其其格');
        INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
            ('{SECRETARY}', '14', 'branch_secretary', '2020-01-01'),
            ('{MEMBER}', '14', 'branch_committee_member', '2020-01-01'),
            ('{OTHER}', '15', 'branch_secretary', '2020-01-01');
        INSERT INTO data.programme (id, title, award_title, issued_by)
            VALUES ('XM20-01', '最强党支部', '最强党支部', '学院党委');
        INSERT INTO data.standard_version (id, programme_id, adopted_on)
            VALUES ('BZ20.1', 'XM20-01', '2020-01-01');
        INSERT INTO data.standard_group VALUES ('BZ20.1', 3, '组织生活强', '…');
        INSERT INTO data.standard_item (standard_version_id, code, group_no, item_no, text)
            VALUES ('BZ20.1', '3.1', 3, 1, '严格执行组织生活制度'),
                   ('BZ20.1', '3.2', 3, 2, '主题党日主题突出')""")
    people = {}
    for name, person in (("secretary", SECRETARY), ("member", MEMBER), ("other", OTHER)):
        people[name] = server.person(name, server.code(person))
    people["secretary"]("round", "start", "--standard-version-id", "BZ20.1")
    return people


@pytest.fixture
def secretary(branch):
    return branch["secretary"]


def put_file(person, name, data=PDF):
    (person.dir / name).write_bytes(data)
    return name


def add(person, name, data=PDF, *more):
    """Uploads; the number of the file."""
    put_file(person, name, data)
    reply = person.json("file", "add", name, "-m", "来函", "--not-classified", *more)
    return reply["fileId"]


def test_up_and_down(secretary):
    name = "技改服务函（红山电机厂）·“一”.pdf"
    number = add(secretary, name, PDF, "--item", "3.1", "--item", "3.2")
    assert secretary.json("file", "show", number)["items"] == ["3.1", "3.2"]
    (secretary.dir / "下载").mkdir()
    secretary("file", "get", number, "-o", "下载")
    assert (secretary.dir / "下载" / name).read_bytes() == PDF
    assert os.listdir(secretary.dir / "下载") == [name]
    secretary("file", "verify", number, name)
    put_file(secretary, "改过.pdf", PDF[:-1] + b"x")
    secretary.refused(11, "file", "verify", number, "改过.pdf")


def test_nothing_is_overwritten(secretary):
    number = add(secretary, "a.pdf", PDF + b"a")
    r = secretary.refused(1, "file", "get", number)
    assert "a.pdf" in r.err
    put_file(secretary, "mine.pdf", b"mine")
    secretary.refused(1, "file", "get", number, "-o", "mine.pdf")
    assert (secretary.dir / "mine.pdf").read_bytes() == b"mine"
    secretary("file", "get", number, "-o", "mine.pdf", "--force")
    assert (secretary.dir / "mine.pdf").read_bytes() == PDF + b"a"


def test_98_a_link_of_that_name(secretary):
    number = add(secretary, "l.pdf", PDF + b"l")
    folder = secretary.dir / "links"
    folder.mkdir()
    target = secretary.dir / "target"
    target.write_bytes(b"precious")
    (folder / "l.pdf").symlink_to(target)
    secretary.refused(1, "file", "get", number, "-o", "links")
    secretary("file", "get", number, "-o", "links", "--force")
    assert target.read_bytes() == b"precious"
    assert not (folder / "l.pdf").is_symlink()
    assert os.listdir(folder) == ["l.pdf"]


def test_101_goes_on_after_a_cut(server, secretary):
    data = PDF + b"cut"
    w = Wire(server.member_port, *server.credentials(SECRETARY))
    begun = w.ask(request("begin_file", name="cut.pdf", title="来函",
                          size_bytes=len(data), sha256=hashlib.sha256(data).digest(),
                          not_classified=True)).begin_file
    assert begun.next_chunk == 0 and begun.chunks == 3
    w.ask(request("put_chunk", file_id=begun.file_id, chunk_no=0, data=data[:CHUNK]))
    w.ask(request("put_chunk", file_id=begun.file_id, chunk_no=2, data=data[2 * CHUNK:]))
    w.close()
    before = server.sql(f"SELECT chunk_no, xmin FROM data.file_chunk "
                        f"WHERE file_id = '{begun.file_id}' ORDER BY 1")
    assert add(secretary, "cut.pdf", data) == begun.file_id
    after = server.sql(f"SELECT chunk_no, xmin FROM data.file_chunk "
                       f"WHERE file_id = '{begun.file_id}' ORDER BY 1")
    assert [row for row in after if row[0] != "1"] == before  # not sent again
    secretary("file", "get", begun.file_id, "-o", "back.pdf")
    assert (secretary.dir / "back.pdf").read_bytes() == data


def test_again_is_the_same_file(secretary):
    assert add(secretary, "twice.pdf") == add(secretary, "twice.pdf")


@pytest.mark.parametrize("name, data, word", [
    ("空.pdf", b"", "空文件"), ("a.exe", PDF, ".exe"), ("机密.pdf", PDF, "密级"),
    ("zip.pdf", b"PK\3\4" + PDF, "不是 pdf 格式"), ("con.pdf", PDF, "文件名"),
])
def test_refused_with_advice(secretary, name, data, word):
    put_file(secretary, name, data)
    r = secretary.refused(3, "file", "add", name, "--not-classified")
    assert word in r.err, r


def test_102_too_big(secretary):
    with open(secretary.dir / "big.pdf", "wb") as f:
        f.truncate(20 * 1048576 + 1)
    secretary.refused(1, "file", "add", "big.pdf", "--not-classified")


def test_not_declared(secretary):
    put_file(secretary, "undeclared.pdf")
    r = secretary.refused(3, "file", "add", "undeclared.pdf")
    assert "--not-classified" in r.err


def test_tampered_at_the_server(server, secretary):
    number = add(secretary, "t.pdf", PDF + b"t")
    server.sql(f"UPDATE data.file_chunk SET bytes = set_byte(bytes, 9, 255) "
               f"WHERE file_id = '{number}' AND chunk_no = 1")
    secretary.refused(11, "file", "get", number, "-o", "never.pdf")
    assert not (secretary.dir / "never.pdf").exists()
    assert not [n for n in os.listdir(secretary.dir) if n.endswith(".part")]


@pytest.mark.parametrize("evil", ["../evil.pdf", "/tmp/evil.pdf", ".ssh", "a\\b.pdf"])
def test_97_a_name_the_server_should_not_have_given(server, secretary, evil):
    number = add(secretary, "named.pdf", PDF + b"n")
    server.sql(f"UPDATE data.file SET name = '{evil}' WHERE id = '{number}'")
    secretary.refused(1, "file", "get", number)
    assert not (secretary.dir.parent / "evil.pdf").exists()
    server.sql(f"UPDATE data.file SET name = 'named.pdf' WHERE id = '{number}'")


def test_another_branch(branch):
    number = add(branch["secretary"], "ours.pdf", PDF + b"o")
    theirs = branch["other"].refused(5, "file", "get", number)
    nobody = branch["other"].refused(5, "file", "get", "WJ99-99")
    assert theirs.err.split("ZB")[0] == nobody.err.split("ZB")[0]


def test_form_out_and_in(branch):
    secretary, member = branch["secretary"], branch["member"]
    secretary("self", "form", "-o", "自评表.txt")
    path = secretary.dir / "自评表.txt"
    text = path.read_text()
    assert "[3.1] 严格执行组织生活制度 = \n" in text
    secretary.refused(1, "self", "form", "-o", "自评表.txt")
    path.write_text(text.replace("制度 = \n", "制度 ＝ 不足\n  说明：偏少，\n    已改。\n"))
    assert secretary.json("self", "import", "自评表.txt")["changed"] == ["3.1"]
    rows = {r["item"]: r for r in secretary.json("self", "show")["items"]}
    assert rows["3.1"]["judgement"] == "SHORTFALL"
    assert rows["3.1"]["narrative"] == "偏少，\n已改。"
    # T52: a form written on an older revision
    member("self", "edit", "3.2", "--judgement", "达到")
    secretary.refused(7, "self", "import", "自评表.txt")
    secretary("self", "form", "-o", "新.txt")
    assert secretary("self", "form").out == (secretary.dir / "新.txt").read_text()
    assert secretary.json("self", "import", "新.txt").get("changed", []) == []


def test_form_defects_by_line(secretary):
    (secretary.dir / "坏.txt").write_text("[3.1] x = 优秀\n[3.2] y\n")
    r = secretary.refused(3, "self", "import", "坏.txt")
    assert "第1行" in r.err and "第2行" in r.err
