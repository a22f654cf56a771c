"""A child process that is killed in the middle of what it does."""

import os
import select
import signal
import time
from collections.abc import Callable


def killed(work: Callable[[int], None], *, after_s: float) -> bytes:
    """Run ``work`` in a child, and kill it so long after its first word; all that it wrote to the pipe it was given."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            work(writer)
        finally:
            os._exit(1)
    os.close(writer)
    select.select([reader], [], [], 10.0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as stream:
        told = stream.read()
    assert os.WIFSIGNALED(status), f"the child ended by itself: {told!r}"
    return told
