"""Runs a program as a user who may do nothing."""

import contextlib
import os
import shutil
import tempfile

USER = 65534
AS_NOBODY = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all"]


def unusable():
    """Why this cannot be done here, or ''."""
    if os.geteuid() != 0:
        return "needs root"
    return "" if shutil.which("setpriv") else "not installed: setpriv"


@contextlib.contextmanager
def copies(*paths):
    """Copies of files in a directory that anyone may enter; the test's own may be closed."""
    directory = tempfile.mkdtemp(prefix="spanflow-nobody-")
    os.chmod(directory, 0o755)
    try:
        yield [shutil.copy(path, directory) for path in paths]
    finally:
        shutil.rmtree(directory)
