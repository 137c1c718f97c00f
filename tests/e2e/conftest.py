import os

import pytest

from college import Server
from demo import DemoCollege


@pytest.fixture(scope="module")
def server():
    """A fresh installation, running; nobody has enrolled yet."""
    s = Server()
    try:
        s.start()
        yield s
    finally:
        s.close()


@pytest.fixture(scope="module")
def college():
    """A running installation with the whole demo college in it."""
    s = DemoCollege()
    try:
        s.start()
        yield s.load()
    finally:
        s.close()


def pytest_terminal_summary(terminalreporter):
    """The plain closing line, whatever pytest's colours are."""
    stats = terminalreporter.stats
    n = {k: len(stats.get(k, [])) for k in ("passed", "failed", "error", "skipped")}
    terminalreporter.write_line(
        f"{n['passed']} passed, {n['failed'] + n['error']} failed, {n['skipped']} skipped")


os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
