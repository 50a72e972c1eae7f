"""What `import zeus` and the imports of monitoring scripts cost, beside a Python that does nothing, in one run.

    build/venv/bin/python bench/python_import_bench.py build/release
"""

from __future__ import annotations

import os
import pathlib
import statistics
import subprocess
import sys
import time

RUNS = 15
STATEMENTS = ("pass", "import zeus", "from zeus.monitor import ZeusMonitor")
PEAK = "; print([l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')][0])"


def measure(statement: str, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of the whole process, and its peak resident memory, MiB."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", statement + PEAK], env=environment, capture_output=True, text=True,
                          check=True)
    return time.perf_counter() - start, int(done.stdout) / 1024


def main() -> None:
    """Prints the medians, the statements taken in turn."""
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {sys.argv[0]} BUILD_FOLDER")
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(sys.argv[1]).resolve() / "python")}
    seen: dict[str, list[tuple[float, float]]] = {statement: [] for statement in STATEMENTS}
    for _ in range(RUNS):
        for statement in STATEMENTS:
            seen[statement].append(measure(statement, environment))
    plain = statistics.median(one[0] for one in seen["pass"])
    for statement, runs in seen.items():
        seconds = statistics.median(one[0] for one in runs)
        peak = max(one[1] for one in runs)
        print(f"{statement}: {seconds * 1e3:.0f} ms ({(seconds - plain) * 1e3:+.0f} ms, ratio {seconds / plain:.1f}), "
              f"peak {peak:.1f} MiB")


if __name__ == "__main__":
    main()
