"""A full disk, to be had and to be rid of again."""
import contextlib
import os
import shutil
import subprocess
from pathlib import Path


class Volume:
    """A small file system of its own over a folder of a stopped cluster."""

    def __init__(self, folder, megabytes):
        self.folder, self.filler = Path(folder), Path(folder) / "filler"
        if os.getuid() != 0:
            raise OSError("needs root to mount a small file system")
        copy = self.folder.with_name(self.folder.name + ".copy")
        subprocess.run(["cp", "-a", self.folder, copy], check=True)
        r = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700",
                            "tmpfs", self.folder], capture_output=True, text=True)
        if r.returncode:
            raise OSError(f"no small file system can be mounted here: {r.stderr.strip()}")
        subprocess.run(["chown", "--reference", copy, self.folder], check=True)
        subprocess.run(["cp", "-a", f"{copy}/.", self.folder], check=True)
        shutil.rmtree(copy)

    def fill(self):
        with open(self.filler, "ab", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(b"\0" * 4096)

    def empty(self):
        self.filler.unlink()

    def unmount(self):
        subprocess.run(["umount", "-l", self.folder], check=True)
