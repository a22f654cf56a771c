"""Mozilla's list of public suffixes: below which names strangers register theirs (``com``, ``co.uk``, ``s3.amazonaws.com``)."""

from collections.abc import Callable
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

MEMORISED = 4_096


def read_suffixes() -> Callable[[str], str]:
    """Name -> the domain that somebody registered (``ring.com`` of ``fw.ring.com``), empty where the list names none.

    Suffixes that companies added for their customers count, so that two buckets are no siblings. Top-level names that are not
    on the list have no owners known to anybody: nothing below them is related.
    """
    suffixes = PublicSuffixList(accept_unknown=False)

    @lru_cache(maxsize=MEMORISED)
    def registrable(name: str) -> str:
        return suffixes.privatesuffix(name) or ""

    return registrable
