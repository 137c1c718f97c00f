"""Evidence and the text form with the real client (fault list 97 to 102): what goes
up comes down the same, after a cut it goes on, and nothing is overwritten unasked."""
import hashlib
import io
import os
import zipfile

import pytest

from proxy import Proxy
from test_client import HARMFUL, ONE_TRY, Through, outbox
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


def test_two_names_for_the_same_bytes(secretary):
    one, two = add(secretary, "原件.pdf", PDF + b"2"), add(secretary, "副本.pdf", PDF + b"2")
    assert one != two
    for number in (one, two):
        secretary("file", "get", number, "-o", f"{number}.pdf")
        assert (secretary.dir / f"{number}.pdf").read_bytes() == PDF + b"2"


@pytest.mark.parametrize("name", [
    "汉" * 80 + ".pdf", "ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ.pdf", "𠮷野家（复印件）.PDF", "a.b.c-d_e+f.pdf",
    "Ünïcode.pdf"])
def test_97_names_people_use(secretary, name):
    number = add(secretary, name, PDF + name.encode())
    (secretary.dir / "取").mkdir(exist_ok=True)
    secretary("file", "get", number, "-o", "取")
    assert (secretary.dir / "取" / name).read_bytes() == PDF + name.encode()


def test_several_at_once(secretary):
    for i in range(3):
        put_file(secretary, f"多件{i}.pdf", PDF + b"m%d" % i)
    secretary("file", "add", "多件0.pdf", "多件1.pdf", "多件2.pdf", "--not-classified")
    listed = {f["name"]: f["state"] for f in secretary.json("file", "list")["files"]}
    assert {f"多件{i}.pdf": "KEPT" for i in range(3)}.items() <= listed.items()


@pytest.mark.parametrize("what", ["missing", "folder", "pipe"])
def test_not_a_file(secretary, what):
    path = secretary.dir / f"{what}.pdf"
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    r = secretary.refused(1, "file", "add", path.name, "--not-classified")
    assert path.name in r.err


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


def test_98_a_link_that_leads_nowhere(secretary):
    """Writing through it would make a file where somebody else chose."""
    number = add(secretary, "d.pdf", PDF + b"d")
    folder, target = secretary.dir / "dangling", secretary.dir / "made-elsewhere"
    folder.mkdir()
    (folder / "d.pdf").symlink_to(target)
    secretary.refused(1, "file", "get", number, "-o", "dangling")
    secretary.refused(1, "file", "get", number, "-o", "dangling/d.pdf")
    assert not target.exists() and os.listdir(folder) == ["d.pdf"]


@pytest.fixture
def wire(server, branch):
    w = Wire(server.member_port, *server.credentials(SECRETARY))
    yield w
    w.close()


def begin(wire, name="w.pdf", data=PDF, **kw):
    fields = {"name": name, "title": "来函", "size_bytes": len(data),
              "sha256": hashlib.sha256(data).digest(), "not_classified": True, **kw}
    return wire.ask(request("begin_file", **fields))


def put(wire, number, no, data):
    return wire.ask(request("put_chunk", file_id=number, chunk_no=no, data=data))


def files(server):
    return server.sql("SELECT count(*) FROM data.file")


@pytest.mark.parametrize("name", [
    "../../etc/passwd.pdf", "C:\\x.pdf", "a/b.pdf", ".", "..", "", " ", ".pdf", " a.pdf",
    "a.pdf.", "a.pdf ", "汉" * 117 + ".pdf", "汉" * 84 + ".pdf", "CON.pdf", "lpt1.pdf", "aux.x.pdf",
    "cod\u202eexe.pdf", "a\x1b.pdf", "a\nb.pdf", "a\tb.pdf", "a*.pdf", "a?.pdf", "a:b.pdf",
    "零\u200b宽.pdf", "a|b.pdf", "$(id).pdf", "`id`.pdf", "a;b.pdf", "'a'.pdf"])
def test_97_names_refused_at_announcement(server, wire, name):
    before = files(server)
    refusal = begin(wire, name).refusal
    assert refusal.code in ("ZB001", "ZB103"), refusal
    assert files(server) == before


@pytest.mark.parametrize("name", ["a.docm", "a.exe", "a.lnk", "a.html", "a.svg", "a.pdf.exe",
                                  "a.js", "a.zip", "a", "a.", "a.xls", "a.PDF.SCR"])
def test_99_types_refused_at_announcement(server, wire, name):
    before = files(server)
    assert begin(wire, name).refusal.code == "ZB001"
    assert files(server) == before


def test_who_takes_evidence_gives_way(server, secretary):
    """The backends of uploads and exports run behind those of short requests."""
    add(secretary, "nice.pdf", PDF + b"nice")
    nice = []
    for pid in server.backends("zhibu_member"):
        with open(f"/proc/{pid}/stat") as stat:
            nice.append(int(stat.read().rsplit(")", 1)[1].split()[16]))
    # four that read, two that write; one for exports and two for evidence
    assert set(nice) == {0, 10} and nice.count(0) >= 6 and nice.count(10) <= 3, nice


ZIP, PNG, JPG = b"PK\3\4", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


@pytest.mark.parametrize("name, start", [
    ("a.pdf", ZIP), ("a.png", JPG), ("a.jpg", PNG), ("a.docx", b"%PDF-"), ("a.xlsx", b"MZ"),
    ("a.ofd", b"<htm"), ("a.mp4", b"\0\0\0\x18moov"), ("a.txt", b"text\0"), ("a.pdf", b"%PD"),
    ("a.csv", b"\0")])
def test_99_magic_refused_with_the_first_chunk(server, wire, name, start):
    data = start + name.encode()
    number = begin(wire, name, data).begin_file.file_id
    refusal = put(wire, number, 0, data).refusal
    assert refusal.reasons[0].key == "file_not_its_type"
    assert server.sql(f"SELECT count(*) FROM data.file_chunk WHERE file_id = '{number}'"
                      ) == [["0"]]
    wire.ask(request("remove_file", file_id=number))


@pytest.mark.parametrize("name, start", [
    ("b.PDF", b"%PDF-1.7"), ("b.jpeg", JPG), ("b.png", PNG), ("b.xlsx", ZIP), ("b.ofd", ZIP),
    ("b.mp4", b"\0\0\0\x18ftypisom"), ("b.txt", "文字".encode()), ("b.csv", b"a,b\n")])
def test_99_what_is_taken(wire, name, start):
    data = start + os.urandom(8).hex().encode()
    number = begin(wire, name, data).begin_file.file_id
    assert not put(wire, number, 0, data).HasField("refusal")
    assert wire.ask(request("finish_file", file_id=number)).finish_file.state == "KEPT"
    wire.ask(request("remove_file", file_id=number))


def test_100_an_archive_is_never_opened(secretary):
    """Ten megabytes in ten kilobytes, under a document's name: bytes like any other."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("[Content_Types].xml", b"\0" * 10 * 1048576)
        z.writestr("../../outside", "x")
    assert len(inner.getvalue()) < 20000
    number = add(secretary, "evidence.docx", inner.getvalue())
    secretary("file", "get", number, "-o", "docx")
    assert (secretary.dir / "docx").read_bytes() == inner.getvalue()


def test_102_the_largest_file_and_one_byte_more(server, wire):
    limit = 20 * 1048576
    number = begin(wire, "limit.pdf", size_bytes=limit).begin_file.file_id
    wire.ask(request("remove_file", file_id=number))
    before = files(server)
    for size in (limit + 1, 2 ** 40, 2 ** 63 - 1):
        refusal = begin(wire, "over.pdf", size_bytes=size).refusal
        assert (refusal.code, refusal.key) == ("ZB102", "file_too_big")
    for size in (0, -1):
        assert begin(wire, "none.pdf", size_bytes=size).refusal.code == "ZB001"
    assert files(server) == before


def test_102_the_201st_mebibyte(server, branch):
    w = Wire(server.member_port, *server.credentials(OTHER))
    def announce(n):
        return begin(w, f"big{n}.pdf", size_bytes=20 * 1048576, sha256=bytes([n]) * 32)
    numbers = [announce(n).begin_file.file_id for n in range(10)]
    assert len(set(numbers)) == 10 and all(numbers)
    refusal = announce(10).refusal
    assert (refusal.code, refusal.key) == ("ZB102", "files_too_big")
    # what was announced goes on, and what is taken away makes room
    assert announce(3).begin_file.file_id == numbers[3]
    w.ask(request("remove_file", file_id=numbers[0]))
    assert announce(10).begin_file.file_id
    server.sql("DELETE FROM data.file WHERE org_id = '15'")
    w.close()


def test_101_chunks_in_any_order_and_none_that_is_not_there(server, wire):
    data = PDF + b"order"
    number = begin(wire, "order.pdf", data).begin_file.file_id
    assert put(wire, number, 2, data[2 * CHUNK:]).put_chunk.next_chunk == 0
    missing = wire.ask(request("finish_file", file_id=number)).refusal
    assert (missing.code, missing.reasons[0].key) == ("ZB003", "chunk_missing")
    assert put(wire, number, 0, data[:CHUNK]).put_chunk.next_chunk == 1
    for no, part in ((3, b"x"), (-1, b"x"), (2 ** 31 - 1, b"x"), (1, b""), (1, b"x"),
                     (1, data[CHUNK:2 * CHUNK] + b"x"), (2, data[2 * CHUNK:-1])):
        assert put(wire, number, no, part).refusal.code == "ZB001"
    # the same again is the same; another content for it is not taken
    assert put(wire, number, 0, data[:CHUNK]).put_chunk.next_chunk == 1
    other = put(wire, number, 0, data[:CHUNK - 1] + b"!").refusal
    assert (other.code, other.key) == ("ZB004", "chunk_differs")
    assert put(wire, number, 1, data[CHUNK:2 * CHUNK]).put_chunk.next_chunk == 3
    for _ in range(2):
        assert wire.ask(request("finish_file", file_id=number)).finish_file.state == "KEPT"
    assert put(wire, number, 1, data[CHUNK:2 * CHUNK]).refusal.code == "ZB003"
    read = [wire.ask(request("get_chunk", file_id=number, chunk_no=n), signed=False)
            for n in (0, 1, 2, 3, -1)]
    assert b"".join(r.get_chunk.data for r in read[:3]) == data
    assert [r.refusal.code for r in read[3:]] == ["ZB001"] * 2


def test_101_wrong_hash_keeps_nothing(server, wire, secretary):
    data = PDF + b"hash"
    wrong = hashlib.sha256(b"something else").digest()
    number = begin(wire, "hash.pdf", data, sha256=wrong).begin_file.file_id
    for no in range(3):
        put(wire, number, no, data[no * CHUNK:(no + 1) * CHUNK])
    refusal = wire.ask(request("finish_file", file_id=number)).refusal
    assert (refusal.code, refusal.reasons[0].key) == ("ZB001", "file_hash_differs")
    r = secretary.refused(3, "file", "link", number, "3.1")
    assert "上传中" in r.err or number in r.err
    secretary.refused(3, "file", "get", number, "-o", "hash.pdf")
    assert not (secretary.dir / "hash.pdf").exists()
    # announced again it begins at the beginning
    again = begin(wire, "hash.pdf", data, sha256=wrong).begin_file
    assert (again.file_id, again.next_chunk) == (number, 0)
    for bad in (b"", b"x" * 31, b"x" * 33):
        assert begin(wire, "form.pdf", data, sha256=bad).refusal.code == "ZB001"
    wire.ask(request("remove_file", file_id=number))


@pytest.fixture
def another(server, branch):
    """A second connection of the same person."""
    w = Wire(server.member_port, *server.credentials(SECRETARY))
    yield w
    w.close()


def part(data, no):
    return data[no * CHUNK:(no + 1) * CHUNK]


def finish(wire, number):
    """The state, or the reason."""
    reply = wire.ask(request("finish_file", file_id=number))
    return reply.refusal.reasons[0].key if reply.HasField("refusal") else reply.finish_file.state


def spoil(server, number):
    """Under the server's hands, so that only reading the bytes back shows it."""
    server.sql(f"UPDATE data.file_chunk SET bytes = 'x' WHERE file_id = '{number}'"
               " AND chunk_no = 1")


def test_101_not_read_back_after_one_connection_in_order(server, wire):
    data = PDF + b"one"
    number = begin(wire, "one.pdf", data).begin_file.file_id
    for no in (0, 1, 1, 2):
        put(wire, number, no, part(data, no))
    # a chunk refused is none of it
    assert put(wire, number, 1, part(data, 1)[:-1] + b"!").refusal.code == "ZB004"
    spoil(server, number)
    assert finish(wire, number) == "KEPT"
    server.sql(f"DELETE FROM data.file_chunk WHERE file_id = '{number}'")
    wire.ask(request("remove_file", file_id=number))


@pytest.mark.parametrize("how", ["elsewhere", "resumed", "order", "interleaved"])
def test_101_read_back_after_anything_else(server, wire, another, how):
    """The bytes are those announced, or nothing is kept, whoever took them."""
    for spoilt in (False, True):
        data = PDF + how.encode() + bytes((spoilt,))
        number = begin(wire, f"{how}.pdf", data).begin_file.file_id
        other = begin(wire, f"{how}2.pdf", data + b"2").begin_file.file_id
        for no in (1, 0, 2) if how == "order" else (0, 1, 2):
            put(another if how == "resumed" and no > 1 else wire, number, no, part(data, no))
            if how == "interleaved":
                put(wire, other, no, part(data + b"2", no))
        if spoilt:
            spoil(server, number)
        assert finish(another if how in ("elsewhere", "resumed") else wire, number) == (
            "file_hash_differs" if spoilt else "KEPT")
        for n in (number, other):
            wire.ask(request("remove_file", file_id=n))


def test_101_a_digest_of_what_was_taken_away(server, wire, another):
    """One connection has hashed the right bytes; another had them thrown away between and
    put wrong ones in their place."""
    data = PDF + b"swap"
    wrong = part(data, 0)[:-1] + b"!"
    number = begin(wire, "swap.pdf", data).begin_file.file_id
    assert put(wire, number, 0, part(data, 0)).put_chunk.next_chunk == 1
    for no in (1, 2):
        put(another, number, no, part(data, no)[:-1] + b"!")
    assert begin(another, "swap.pdf", data).begin_file.next_chunk == 0
    assert put(another, number, 0, wrong).put_chunk.next_chunk == 1
    for no in (1, 2):
        put(wire, number, no, part(data, no))
    assert finish(wire, number) == "file_hash_differs"
    wire.ask(request("remove_file", file_id=number))


def test_101_a_digest_of_what_was_only_tried(server, wire, another):
    data = PDF + b"tried"
    number = begin(wire, "tried.pdf", data).begin_file.file_id
    for no in (0, 1):
        put(wire, number, no, part(data, no))
    tried = wire.ask(request("put_chunk", dry_run=True, file_id=number, chunk_no=2,
                             data=part(data, 2)))
    assert tried.put_chunk.next_chunk == 3
    put(another, number, 2, part(data, 2)[:-1] + b"!")
    assert finish(wire, number) == "file_hash_differs"
    wire.ask(request("remove_file", file_id=number))


# Bytes of the client's, TLS and all, after which the line is cut.
CUTS = {"the first chunk": 100_000, "between two": CHUNK + 4000, "the second": CHUNK + 100_000,
        "the last": 2 * CHUNK + 100_000}


@pytest.mark.parametrize("where", CUTS)
def test_101_cut_and_resumed(server, secretary, where):
    """The same command goes on; what had arrived is not sent again."""
    data = PDF + where.encode()
    name = put_file(secretary, f"断{CUTS[where]}.pdf", data)
    words = ["file", "add", name, "-m", "来函", "--not-classified"]
    with Proxy(server.member_port) as proxy, Through(secretary, proxy):
        proxy.cut_at = CUTS[where]
        r = secretary.refused(9, *words, env=ONE_TRY)
        assert "重新执行同一命令" in r.err
    number, there = server.sql(f"""SELECT f.id, (SELECT count(*) FROM data.file_chunk c
        WHERE c.file_id = f.id) FROM data.file f WHERE f.name = '{name}'""")[0]
    with Proxy(server.member_port) as proxy, Through(secretary, proxy):
        r = secretary(*words)
        # a chunk whose answer is late on a busy machine is repeated; all once more would
        # be more than the file
        most = len(data) - int(there) * CHUNK + 16_000 + CHUNK
        assert proxy.up < (min(most, len(data)) if int(there) else most)
    assert ("接着上次" in r.err) == (int(there) > 0)
    assert outbox(secretary) == []
    secretary("file", "get", number, "-o", name + "回")
    assert (secretary.dir / (name + "回")).read_bytes() == data
    assert server.sql(f"SELECT count(*) FROM data.file WHERE name = '{name}'") == [["1"]]


def test_101_a_download_that_is_cut_leaves_nothing(server, secretary):
    number = add(secretary, "cutdown.pdf", PDF + b"down")
    with Proxy(server.member_port) as proxy, Through(secretary, proxy):
        proxy.cut_down_at = CHUNK + 50_000
        secretary.refused(9, "file", "get", number, "-o", "half.pdf", env=ONE_TRY)
    assert not [n for n in os.listdir(secretary.dir)
                if n == "half.pdf" or n.endswith(".part")]


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


@pytest.mark.parametrize("evil", ["../evil.pdf", "/tmp/evil.pdf", ".ssh", "a\\\\b.pdf",
                                  "a\\x1b]0;x.pdf", "cod\\u202eexe.pdf", "a\\u009b.pdf",
                                  "..", "汉" * 99 + ".pdf"])
def test_97_a_name_the_server_should_not_have_given(server, secretary, evil):
    number = add(secretary, "named.pdf", PDF + b"n")
    server.sql(f"UPDATE data.file SET name = E'{evil}' WHERE id = '{number}'")
    before = sorted(os.listdir(secretary.dir))
    r = secretary.refused(1, "file", "get", number)
    assert not HARMFUL.search(r.err)
    assert not (secretary.dir.parent / "evil.pdf").exists()
    assert sorted(os.listdir(secretary.dir)) == before
    server.sql(f"UPDATE data.file SET name = 'named.pdf' WHERE id = '{number}'")


def test_another_branch(branch):
    number = add(branch["secretary"], "ours.pdf", PDF + b"o")
    theirs = branch["other"].refused(5, "file", "get", number)
    nobody = branch["other"].refused(5, "file", "get", "WJ99-99")
    assert theirs.err.split("ZB")[0] == nobody.err.split("ZB")[0]


def test_another_branch_over_the_wire(server, branch):
    """Whatever is asked of it: the bytes of the answer are those for what is not there."""
    number = add(branch["secretary"], "wire.pdf", PDF + b"w")
    w = Wire(server.member_port, *server.credentials(OTHER))

    def answer(request_name, file_id, **fields):
        refusal = w.ask(request(request_name, file_id=file_id, **fields)).refusal
        assert refusal.code == "ZB002"
        refusal.ClearField("ref")
        return refusal.SerializeToString()
    for name, fields in (("get_file", {}), ("get_chunk", {"chunk_no": 0}), ("finish_file", {}),
                         ("put_chunk", {"chunk_no": 0, "data": b"x"}), ("remove_file", {}),
                         ("link_file", {"items": ["3.1"]}),
                         ("unlink_file", {"items": ["3.1"]})):
        assert answer(name, number, **fields) == answer(name, "WJ99-99", **fields)
    # the same bytes under one's own branch are a file of one's own
    assert begin(w, "wire.pdf", PDF + b"w").begin_file.file_id != number
    w.close()


def test_no_file_at_all_is_valid(server, branch):
    """Nobody is asked for evidence: a whole self-assessment without any."""
    other = branch["other"]
    server.sql("DELETE FROM data.file WHERE org_id = '15'")
    other("round", "start", "--standard-version-id", "BZ20.1")
    assert other.json("file", "list").get("files", []) == []
    for item in ("3.1", "3.2"):
        other("self", "edit", item, "--judgement", "达到")
    r = other("self", "check")
    assert "佐证" not in r.out + r.err and "没有附件，可以提交" in r.out


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
    assert "已经是这样" in secretary("self", "import", "自评表.txt").err
    member("self", "edit", "3.1", "--judgement", "达到")
    secretary.refused(7, "self", "import", "自评表.txt")
    secretary("self", "form", "-o", "新.txt")
    assert secretary("self", "form").out == (secretary.dir / "新.txt").read_text()
    assert secretary.json("self", "import", "新.txt").get("changed", []) == []


def test_form_defects_by_line(secretary):
    (secretary.dir / "坏.txt").write_text("[3.1] x = 优秀\n[3.2] y\n")
    r = secretary.refused(3, "self", "import", "坏.txt")
    assert "第1行" in r.err and "第2行" in r.err
