"""Output to two places: `FileAndConsole`."""

from __future__ import annotations

import sys
from os import PathLike

__all__ = ["FileAndConsole"]


class FileAndConsole:
    """Writes to a file and to what was `sys.stdout` when it was made: `sys.stdout = FileAndConsole("log.txt")`.

    Both are flushed at each write, so that what was said before a crash is in the file.
    """

    def __init__(self, filepath: str | PathLike[str]) -> None:
        """Opens the file.

        Args:
            filepath: It; what was in it is replaced.

        Raises:
            OSError: It cannot be written.
        """
        self.file = open(filepath, "w", encoding="utf-8")
        self.stdout = sys.stdout

    def write(self, message: str) -> int:
        """Writes to both.

        Returns:
            How many characters.
        """
        self.file.write(message)
        written = self.stdout.write(message)
        self.flush()
        return written

    def flush(self) -> None:
        """Flushes both."""
        self.file.flush()
        self.stdout.flush()
