"""Which files of a folder are articles: no hidden ones, nothing outside of it, nothing twice."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from knowledge.models import Failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file: `name` is its POSIX path under the root, `path` where it is really opened."""

    name: str
    path: str
    size: int


@dataclass(slots=True)
class Walk:
    """What a walk found. `unreadable` are folders that it could not enter: the listing is not complete."""

    files: list[FoundFile] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def walk_folder(root: Path, wanted: Callable[[str], bool]) -> Walk:
    """List the files under `root` whose name is `wanted`, in the order of their paths.

    Hidden files and folders are passed over. A symbolic link is followed only to a place inside the folder,
    and only if what it points at is not read anyway. Raises OSError when `root` itself cannot be read.
    """
    walker = _Walker(os.path.realpath(root, strict=True), wanted)
    walker.enter("", walker.root, must=True)
    walker.follow_links()
    walker.walk.files.sort(key=lambda file: file.name)
    walker.walk.failed.sort(key=lambda failed: failed.article_id)
    return walker.walk


class _Walker:
    """The state of one walk: what was seen, and the links to look at once all real files are known."""

    def __init__(self, root: str, wanted: Callable[[str], bool]) -> None:
        self.root = root
        self.walk = Walk()
        self._wanted = wanted
        self._folders: set[_Identity] = set()
        self._files: set[_Identity] = set()
        self._links: list[tuple[str, str]] = []

    def enter(self, name: str, path: str, *, must: bool = False) -> None:
        """Take in a folder and all below it."""
        pending = [(name, path)]
        while pending:
            name, path = pending.pop()
            try:
                status = os.stat(path)  # noqa: PTH116 - os.scandir's world
                if (status.st_dev, status.st_ino) in self._folders:
                    continue
                self._folders.add((status.st_dev, status.st_ino))
                with os.scandir(path) as entries:
                    pending += self._take_in(name, list(entries))
            except OSError as error:
                if must and path == self.root:
                    raise
                self.walk.unreadable.append(f"{name} ({error.strerror})")

    def _take_in(self, folder: str, entries: list[os.DirEntry[str]]) -> list[tuple[str, str]]:
        folders = []
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_symlink():
                self._links.append((name, entry.path))
            elif entry.is_dir(follow_symlinks=False):
                folders.append((name, entry.path))
            elif self._wanted(name):
                self._add_file(name, entry.path, entry.stat(follow_symlinks=False))
        return folders

    def _add_file(self, name: str, path: str, status: os.stat_result) -> None:
        if _shown(name) != name:
            self._fail(name, "its name is not UTF-8; rename it")
        elif not stat.S_ISREG(status.st_mode):
            self._fail(name, "is no regular file; take it away or exclude it")
        else:
            self._files.add((status.st_dev, status.st_ino))
            self.walk.files.append(FoundFile(name, path, status.st_size))

    def follow_links(self) -> None:
        """Look at the links, those found behind links included."""
        while self._links:
            links, self._links = sorted(self._links), []
            for name, path in links:
                self._follow(name, path)

    def _follow(self, name: str, path: str) -> None:
        try:
            target = os.path.realpath(path, strict=True)
            status = os.stat(target)  # noqa: PTH116 - as above
        except OSError as error:
            if self._wanted(name) or not os.path.splitext(name)[1]:  # noqa: PTH122 - perhaps a folder, gone for now
                self._fail(name, f"is a symbolic link to nothing ({error.strerror}); mend it or take it away")
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        if os.path.commonpath([self.root, target]) != self.root:
            if is_folder or self._wanted(name):
                self._fail(
                    name, "is a symbolic link out of the folder and is not followed; copy what it points at"
                )
        elif is_folder:
            self.enter(name, target)
        elif self._wanted(name) and (status.st_dev, status.st_ino) not in self._files:
            self._add_file(name, target, status)

    def _fail(self, name: str, reason: str) -> None:
        shown = _shown(name)
        self.walk.failed.append(Failed(shown, f"{shown}: {reason}"))


def _shown(name: str) -> str:
    """Make a path fit for print: bytes that are no UTF-8 become question marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path fits one of the globs; `*` spans folders, and one without a slash fits any part."""
    return any(
        fnmatchcase(name, pattern)
        or ("/" not in pattern and any(fnmatchcase(part, pattern) for part in name.split("/")))
        for pattern in patterns
    )
