"""A psql session of the machine's operator that stays open: one statement, one answer."""
import json
import os
import subprocess

from college import AS_USER, BIN

END = "\x01end"


class Refused(Exception):
    """What the database answered instead of a result."""


class Psql:
    def __init__(self, server):
        self.process = subprocess.Popen(
            [*AS_USER, BIN / "zhibud", "psql", "--state", server.state, "-XqAt",
             "-v", "VERBOSITY=verbose"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            # psql complains of a locale that is not there, and of a folder that its
            # user may not enter.
            env={**os.environ, "LC_ALL": "C.UTF-8"}, cwd="/")

    def run(self, text):
        """What psql printed; Refused when it complained."""
        self.process.stdin.write(f"{text}\n;\n\\echo '{END}'\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == END:
                break
            lines.append(line.rstrip("\n"))
        else:
            raise EOFError("psql ended: " + "\n".join(lines))
        for i, line in enumerate(lines):
            if line.startswith("ERROR:"):
                raise Refused("\n".join(lines[i:i + 12]))
        return lines

    def rows(self, query):
        """The rows as dicts."""
        out = self.run(f"SELECT coalesce(json_agg(t), '[]') FROM ({query}) t")
        return json.loads("\n".join(out))

    def one(self, query):
        """The one value, or None."""
        rows = self.rows(query)
        return next(iter(rows[0].values())) if rows else None

    def column(self, query):
        return [next(iter(r.values())) for r in self.rows(query)]

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)


def quoted(value):
    """A literal; control characters and all."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"({value})"
    if isinstance(value, (bytes, bytearray)):
        return f"'\\x{bytes(value).hex()}'::bytea"
    if "\\" in value or "\n" in value:
        return "E'" + value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "'"
    return "'" + value.replace("'", "''") + "'"
