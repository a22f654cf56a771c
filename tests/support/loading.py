"""``gateway.policy.load`` for tests that read the same few files over and over: what they mean is found out once."""

from pathlib import Path

from gateway.policy import Loaded, load

_KNOWN: dict[object, Loaded] = {}


def load_known(*folders: Path) -> Loaded:
    """``load``, by what stands in the files."""
    texts = tuple(
        tuple((str(path.relative_to(folder)), path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file())
        for folder in folders
    )
    if texts not in _KNOWN:
        _KNOWN[texts] = load(*folders)
    return _KNOWN[texts]
