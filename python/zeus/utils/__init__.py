"""Helpers of scripts that train under Zeus."""

__all__: list[str] = []
