"""Helpers of scripts that train under Zeus."""
