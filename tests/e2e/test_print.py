"""Papers of a real college: every form fills from what the server answers, as a page
and as a document that an office program opens (domain 4)."""
import re
import zipfile
from xml.etree import ElementTree

import pytest

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def facts(college):
    college.secretary("round", "start")
    return college.on_its_way()


def words(path):
    """All text of a document; every part of it is well-formed."""
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        parts = {n: ElementTree.fromstring(z.read(n)) for n in z.namelist()}
    assert "[Content_Types].xml" in parts and "word/styles.xml" in parts
    return "\n".join("".join(t.text or "" for t in p.iter(W + "t"))
                     for p in parts["word/document.xml"].iter(W + "p"))


def test_the_application_in_both_formats(college, facts):
    officer = college.officer
    said = officer("print", "D1", "SB26-14", "-o", "表.docx").out
    text = words(officer.dir / "表.docx")
    assert "电气自动化系教工党支部" in text and "对照标准开展自创。" in text
    assert "应到有表决权的党员25人，实到22人；赞成21人" in text
    assert "2026年10月12日" in text
    # the digest is that of the content, whatever the format
    digest = re.search(r"[0-9a-f]{16}", said).group(0)
    assert digest in officer("print", "ｄ０１", "SB26-14", "-o", "表.html").out
    page = (officer.dir / "表.html").read_text()
    assert digest in page and "<script" not in page
    assert "default-src 'none'" in page
    # nothing that is there is written over
    officer.refused(2, "print", "D1", "SB26-14", "-o", "表.docx")
    assert words(officer.dir / "表.docx") == text


def test_a_number_given_by_hand(college, facts):
    officer = college.officer
    officer("print", "D11", facts["letter_id"], "-o", "函.docx", "--doc-no", "院组函〔2026〕3号")
    assert "院组函〔2026〕3号" in words(officer.dir / "函.docx")
    officer("print", "D11", facts["letter_id"], "-o", "函2.docx")
    assert "〔　　〕" in words(officer.dir / "函2.docx")


def test_two_requests_make_one_paper(college, facts):
    college.officer("print", "D4", "14", "-o", "表4.docx")
    text = words(college.officer.dir / "表4.docx")
    assert "智能制造党总支" in text and "排名不分先后" in text
    assert text.count("正式党员") >= 25


def test_who_may_not_see_it_may_not_print_it(college, facts):
    other = college.enrol("书记24", "党支部书记", "24", role="branch_secretary")
    other.refused(5, "print", "D1", "SB26-14")
    assert not list(other.dir.glob("*.docx"))


def test_a_form_of_the_colleges_own(college, facts):
    officer = college.officer
    (officer.dir / "own.txt").write_text(
        "name 一页纸\nrequest show_org org_id\ntitle {name}\nbody 今天{today}\n")
    officer("print", "D1", "14", "--template", "own.txt")
    assert "2026年10月12日" in words(officer.dir / "一页纸-14.docx")
    (officer.dir / "bad.txt").write_text("name 坏\nrequest show_org org_id\nbody {得分}\n")
    said = officer.refused(2, "print", "D1", "14", "--template", "bad.txt").err
    assert "第3行" in said and "得分" in said


def test_what_is_no_form(college):
    assert "print list" in college.officer.refused(2, "print", "D99", "14").err
    college.officer.refused(2, "print", "D1", "SB26-14", "-o", "x.pdf")
    assert "最强党支部申报表" in college.officer("print", "list").out
