"""What an expert tries against a running service."""
import os
from concurrent.futures import ThreadPoolExecutor

from wire import Wire, request


def cluster_log(server):
    return "".join(f.read_text() for f in (server.state / "pg/log").iterdir())


def test_refusals_leave_no_line_in_the_cluster_log(server):
    """Of whom it was or when: neither without a certificate nor with one."""
    w = Wire(server.public_port)
    for _ in range(10):
        r = w.ask(request("cast_ballot", session_id="CP26-14", token=os.urandom(32),
                          sealed=bytes(1457), signature=bytes(64)), signed=False)
        assert r.refusal.code == "ZB009"
    w.close()
    w = Wire(server.member_port, *server.credentials("P1"))
    assert w.ask(request("show_gap", gap_id="WT26-14")).refusal.code == "ZB002"
    assert w.ask(request("disable_person", person="P1", why="x")).refusal.code == "ZB001"
    w.close()
    assert "ERROR" not in cluster_log(server)


def crossing(server, first, second, rounds=40):
    """Writes on two objects in one order, eight under way."""
    w = Wire(server.member_port, *server.credentials("P1"), timeout=60)
    sent = 0
    replies = []
    for _ in range(rounds):
        for person in (first, second):
            w.send(request("enable_person", person=person))
            sent += 1
            if sent >= 8:
                replies.append(w.receive()[1])
                sent -= 1
    while sent:
        replies.append(w.receive()[1])
        sent -= 1
    w.close()
    return replies


def test_groups_that_meet_end_well(server):
    """Two write connections take the same rows in opposite orders: one group gives
    way and runs again, and nobody is told of it."""
    server.sql("INSERT INTO data.person (id, name) VALUES ('P8', '甲'), ('P9', '乙')")
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(crossing, server, *pair)
                for pair in [("P8", "P9"), ("P9", "P8")] * 2]
        replies = [r for j in jobs for r in j.result()]
    assert len(replies) == 4 * 80
    assert not [r for r in replies if r.HasField("refusal")]
    assert server.sql("SHOW deadlock_timeout") == [["100ms"]]
