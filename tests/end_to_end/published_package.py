"""The published package (PyPI, zeus 0.16.0) in a virtual environment of its own, for tests that run it unchanged."""

import subprocess
import unittest

from zeus_program import HERE

SOURCE = HERE.parents[1]
REQUIREMENTS = "tests/published_client/requirements.txt"
PYTHON = SOURCE / "build" / "venv-published-client" / "bin" / "python"


def install():
    """Or skips the tests that need it, with the reason."""
    made = subprocess.run([SOURCE / "tools" / "make_test_environment", "published-client", REQUIREMENTS],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        reasons = [line for line in made.stderr.splitlines() if line.startswith("ERROR")] or made.stderr.splitlines()
        raise unittest.SkipTest(f"pip cannot install {REQUIREMENTS}: {reasons[0] if reasons else 'it says nothing'}")
