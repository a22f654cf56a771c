"""Names of devices in sentences of our own, and such sentences without them."""

import re
from collections.abc import Callable, Iterable

INSTEAD = "a forgotten device"


def without(names: Iterable[str]) -> Callable[[str], str]:
    """What says a sentence again without these names: whole words only, ``door`` is no part of ``front-door``."""
    wanted = sorted({name for name in names if name}, key=len, reverse=True)
    if not wanted:
        return lambda text: text
    mention = re.compile(rf"(?<![\w:-])(?:{'|'.join(map(re.escape, wanted))})(?![\w:-])")
    return lambda text: mention.sub(INSTEAD, text)
