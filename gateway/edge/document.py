"""A text file that people edit too: replaced whole or not at all, and only where nobody has changed it meanwhile."""

import os
from contextlib import suppress
from pathlib import Path


class ChangedMeanwhile(OSError):
    """Somebody else wrote the file after it was read."""


def read_text(path: Path) -> str | None:
    """Its text, line ends as they are; None where there is no such file. OSError where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def replace_text(path: Path, before: str | None, after: str) -> None:
    """Put a text in the place of another (None: of nothing), with the rights that the file had. OSError: it stays as it was."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    try:
        _write(aside, after, like=path)
        if read_text(path) != before:
            raise ChangedMeanwhile(f"{path} was changed meanwhile")
        os.replace(aside, path)
        _sync(path.parent)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def remove_text(path: Path, before: str) -> None:
    """Take a file away that still holds this text. OSError: it stays."""
    path = path.resolve()
    if read_text(path) != before:
        raise ChangedMeanwhile(f"{path} was changed meanwhile")
    path.unlink()
    _sync(path.parent)


def _write(aside: Path, text: str, *, like: Path) -> None:
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with open(descriptor, "wb") as file:
        with suppress(OSError):  # a new file, or not ours to give away
            kept = like.stat()
            os.fchmod(descriptor, kept.st_mode & 0o7777)
            os.fchown(descriptor, kept.st_uid, kept.st_gid)
        file.write(text.encode("utf-8", "surrogateescape"))
        file.flush()
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
