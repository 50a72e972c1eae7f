"""How tests start a Python script below the command `zeus`."""

import os
import sys

__all__ = ["ENVIRONMENT", "PYTHON"]

# The command has the sanitizers' library in itself; Python needs it in its process before it loads the module.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
_PRELOAD = os.environ.get("LD_PRELOAD")
PYTHON = [*(("env", f"LD_PRELOAD={_PRELOAD}") if _PRELOAD else ()), sys.executable]
