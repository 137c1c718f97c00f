"""What is broken under the writers' hands, in an order a seed gives."""
import contextlib
import os
import random
import shutil
import signal
import time
from pathlib import Path

from history import superuser
from volume import Volume


def end(pid):
    with contextlib.suppress(ProcessLookupError, TypeError):
        os.kill(pid, signal.SIGKILL)


class Breaker:
    """Each fault is a method; its weight is how often it comes."""
    WEIGHTS = {"member": 3, "public": 3, "supervisor": 1, "everything": 2, "postmaster": 3,
               "one_backend": 4, "all_of_postgresql": 3, "cut": 6, "delay": 4,
               "cut_within": 4, "data_full": 2, "log_full": 1}

    def __init__(self, seed):
        self.server = self.history = None
        self.rng = random.Random(seed)
        self.done, self.volumes, self.why_no_disk = {}, {}, ""

    def small_disks(self, server):
        """With the server stopped."""
        self.server = server
        try:
            for name, megabytes in (("base", 700), ("pg_wal", 200)):
                self.volumes[name] = Volume(server.state / "pg" / name, megabytes)
            # the log's own size has to fit
            conf = server.state / "pg/local.conf"
            conf.write_text("max_wal_size = 64MB\n")
            shutil.chown(conf, "zhibu", "zhibu")
        except OSError as why:
            self.why_no_disk = str(why)

    def unmount(self):
        for v in self.volumes.values():
            v.unmount()

    def order(self, n):
        """The faults of this seed: every kind once, then as they come."""
        weights = {k: v for k, v in self.WEIGHTS.items()
                   if self.volumes or not k.endswith("_full")}
        first = list(weights)
        self.rng.shuffle(first)
        more = self.rng.choices(list(weights), list(weights.values()), k=n)
        return (first + more)[:n]

    def break_(self, name):
        getattr(self, name)()
        self.done[name] = self.done.get(name, 0) + 1

    def member(self):
        end(self.server.child("child-member"))

    def public(self):
        end(self.server.child("child-public"))

    def supervisor(self):
        """Alone; what it started ends with it."""
        others = self.server.pids()[1:]
        end(self.server.process.pid)
        self.server.process.wait()
        deadline = time.monotonic() + 30
        while any(Path(f"/proc/{p}").exists() for p in others):
            assert time.monotonic() < deadline, "a child outlives the supervisor"
            time.sleep(0.05)
        self.server.start()

    def everything(self):
        self.server.kill()
        self.server.start()

    def postmaster(self):
        end(self.server.child("postgres"))

    def one_backend(self):
        found = self.server.backends("zhibu_member", "zhibu_public")
        if found:
            end(self.rng.choice(found))

    def all_of_postgresql(self):
        pids = [self.server.child("postgres"), *self.server.backends("zhibu_member", "zhibu_public")]
        for pid in pids:
            end(pid)

    def cut(self):
        self.history.member.cut()
        self.history.public.cut()

    def delay(self):
        both = self.history.member, self.history.public
        for p in both:
            p.delay = self.rng.uniform(0.02, 0.4)
        time.sleep(1)
        for p in both:
            p.delay = 0

    def cut_within(self):
        """After so many more bytes, in one direction: within a frame, a reply."""
        p = self.rng.choice((self.history.member, self.history.public))
        if self.rng.random() < 0.5:
            p.cut_at = p.up + self.rng.randrange(1, 3000)
        else:
            p.cut_down_at = p.down + self.rng.randrange(1, 1500)
        time.sleep(0.5)
        p.cut_at = p.cut_down_at = 0
        p.cut()

    def data_full(self):
        self.volumes["base"].fill()
        time.sleep(self.rng.uniform(1, 2))
        self.volumes["base"].empty()

    def log_full(self):
        """PostgreSQL ends itself then, again and again, until there is space."""
        self.volumes["pg_wal"].fill()
        superuser(self.server, "CREATE TABLE IF NOT EXISTS public.x (); SELECT pg_switch_wal()")
        time.sleep(self.rng.uniform(1, 2))
        self.volumes["pg_wal"].empty()


