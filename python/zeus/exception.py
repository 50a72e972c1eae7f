"""The root of this package's exceptions."""

from __future__ import annotations

__all__ = ["ZeusBaseError"]


class ZeusBaseError(Exception):
    """What every exception of this package derives from, but for Python's own such as `ValueError`."""

    def __init__(self, message: str) -> None:
        """Makes the exception.

        Args:
            message: What happened.
        """
        super().__init__(message)
        self.message = message
