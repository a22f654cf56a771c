"""The household's own files, changed by a command or the panel: made, tried on the whole directory, and only then put in place.

Everything that nobody asked to change keeps every byte. Where the files would hold a fault, or somebody else has written the
file meanwhile, nothing is written. The running gateway takes a change up like any other edit.
"""

import difflib
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.edge.document import read_text, remove_text, replace_text
from gateway.model.policy import DevicePolicy
from gateway.policy import Loaded, load
from gateway.policy.fault import Fault

_NOTHING = "version: 1\n"
"""A file of devices without one."""
Value = str | bool | Sequence[str] | Mapping[str, str]
"""What ``policy.amendment`` writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One file as it is, and as it is to be."""

    file: str
    """Relative to the policy directory."""
    path: Path
    before: str | None
    """None: there is no such file yet."""
    after: str | None
    """None: the file goes."""

    @property
    def changes(self) -> bool:
        """There is something to write."""
        return self.before != self.after

    @property
    def diff(self) -> str:
        """For people; empty where nothing changes."""
        old, new = ((text or "").splitlines(True) for text in (self.before, self.after))
        was, then = (self.file if text is not None else "/dev/null" for text in (self.before, self.after))
        return "".join(difflib.unified_diff(old, new, was, then))


class Faulty(ValueError):
    """The files would hold faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults) or "the files hold a fault")
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple[type["Faulty"], tuple[Sequence[Fault]]]:
        """It may have to go from one process to another."""
        return Faulty, (self.faults,)


class Household:
    """The folders over the shipped policies; the last of them is written to."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """``folders``: at least one, all of which exist. FileNotFoundError if there is none."""
        self.folders = tuple(folder for folder in folders if folder.is_dir())
        if not self.folders:
            raise FileNotFoundError("there is no policy folder yet")

    def load(self) -> Loaded:
        """What the files say now."""
        return load(*self.folders)

    def amend_device(self, entry: DevicePolicy, values: dict[str, str | bool]) -> Edit:
        """Plain values of a device that a file defines already. ValueError where only a person should change the file."""
        from gateway.policy.amendment import amend_entry  # ruamel: only where there is something to write

        path, before = self._text(entry.ref.file)
        known = entry.device.profile if "profile" in values else ""
        says_so = entry.device.confirmed and values.get("profile", known) == known and values.keys() <= {"profile", "confirmed"}
        after = before if says_so else amend_entry(before, entry.device.id, values)
        return Edit(file=entry.ref.file, path=path, before=before, after=after)

    def amend(self, file: str, way: Sequence[str], value: Value | None) -> Edit:
        """One value of a file that is there (``policy.amendment.amend``)."""
        from gateway.policy.amendment import amend

        path, before = self._text(file)
        return Edit(file=file, path=path, before=before, after=amend(before, way, value))

    def add_device(self, name: str, mac: str, values: dict[str, str | bool]) -> Edit:
        """A file of its own for a device that no file defines."""
        from gateway.policy.amendment import write_entry

        file = next(file for stem in _names(name) if not self._where(file := f"devices.d/{stem}.yaml"))
        return Edit(file=file, path=self.folders[-1] / file, before=None, after=write_entry(name, mac, values))

    def remove_device(self, entry: DevicePolicy) -> tuple[Edit, ...]:
        """Every line that is about it, in the order in which they can be put in place; comments elsewhere stay. A file that
        says nothing else goes. ValueError where only a person should change a file."""
        from gateway.policy.amendment import disown, remove_entry

        name, own = entry.device.id, entry.ref.file
        edits = []
        for file in (*sorted(self._files() - {own}), own):
            path, before = self._text(file)
            after: str | None = disown(before, name)
            if file == own:
                after = remove_entry(after or "", name)
                if after is None and sum((folder / own).is_file() for folder in self.folders) > 1:
                    after = _NOTHING  # else another one would come to light
            edits.append(Edit(file=file, path=path, before=before, after=after))
        return tuple(edit for edit in edits if edit.changes)

    def put_all(self, edits: Sequence[Edit]) -> None:
        """Write them one after another, or none of them: as ``put``."""
        done: list[Edit] = []
        try:
            for edit in edits:
                self.put(edit)
                done.append(edit)
        except (OSError, ValueError):
            self.take_all_back(done)
            raise

    def take_all_back(self, edits: Sequence[Edit]) -> None:
        """As ``take_back``, the last one first."""
        for edit in reversed(edits):
            self.take_back(edit)

    def put(self, edit: Edit) -> Loaded:
        """Write it. ``Faulty`` where the files would hold a fault; OSError where it cannot be written, or is another by now."""
        loaded = self.try_out(edit)
        if edit.changes:
            _swap(edit.path, edit.before, edit.after)
        return loaded

    def try_out(self, edit: Edit) -> Loaded:
        """What the files would say. ``Faulty`` where that is a fault."""
        with tempfile.TemporaryDirectory(prefix="netcurtain-") as draft:
            path = Path(draft) / edit.file
            path.parent.mkdir(exist_ok=True)
            path.write_bytes((edit.after or _NOTHING).encode("utf-8", "surrogateescape"))
            loaded = load(*self.folders, Path(draft))
        if loaded.policy is None:
            raise Faulty(loaded.faults)
        return loaded

    def take_back(self, edit: Edit) -> None:
        """As it was before. OSError where somebody has written the file since."""
        _swap(edit.path, edit.after, edit.before)

    def _files(self) -> set[str]:
        """Those that may name devices."""
        found = {path.relative_to(folder) for folder in self.folders for path in (folder / "devices.d").glob("*.yaml")}
        own = {"household.yaml"} if self._where("household.yaml") else set()
        return own | {str(path) for path in found}

    def _text(self, file: str) -> tuple[Path, str]:
        path = self._where(file)
        text = read_text(path) if path else None
        if path is None or text is None:
            raise FileNotFoundError(f"{file} is not among the household's files")
        return path, text

    def _where(self, file: str) -> Path | None:
        return next((path for folder in reversed(self.folders) if (path := folder / file).is_file()), None)


def _swap(path: Path, before: str | None, after: str | None) -> None:
    """One text for another; None: there is no such file. OSError where it is another by now."""
    if after is not None:
        replace_text(path, before, after)
    elif before is not None:
        remove_text(path, before)


def free_name(stem: str, taken: Container[str]) -> str:
    """A name after ``stem`` that no device has yet."""
    return next(name for name in _names(stem) if name not in taken)


def _names(stem: str) -> Iterator[str]:
    yield stem
    yield from (f"{stem}-{number}" for number in range(2, 10_000))
