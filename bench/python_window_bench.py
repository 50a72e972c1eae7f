"""What opening and closing an energy window from Python costs beyond the NVML calls under it, on one GPU and on eight.

    build/venv/bin/python bench/python_window_bench.py build/release

The calls alone are timed in the same run by a loop in C, bench/monitor_window_bench, on the same emulated GPUs. Fails
where a window costs ten times its goal: that is a mistake, and no busy machine.
"""

from __future__ import annotations

import pathlib
import re
import statistics
import subprocess
import sys

GOALS_US = {1: 1.5, 8: 3.0}
WINDOWS = 200
SCRIPT = f"""
import sys, time, warnings
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")
from zeus.monitor import ZeusMonitor
monitor = ZeusMonitor(cpu_indices=[])
begin, end = monitor.begin_window, monitor.end_window
for batch in range(501):
    start = time.perf_counter()
    for window in range({WINDOWS}):
        begin("training step")
        end("training step")
    print((time.perf_counter() - start) / {WINDOWS})
"""


def window_us(build: pathlib.Path, gpus: int) -> float:
    """One window from Python, NVML included: the median over batches."""
    done = subprocess.run(
        [build / "bin" / "zeus", "emulate", "--gpus", f"v100x{gpus}", "--", sys.executable, "-c", SCRIPT,
         build / "python"], capture_output=True, text=True, check=True)
    return statistics.median(float(line) for line in done.stdout.split()) * 1e6


def nvml_us(build: pathlib.Path, gpus: int) -> float:
    """The NVML calls of one window."""
    done = subprocess.run(
        [build / "bin" / "bench" / "monitor_window_bench", f"--benchmark_filter=/{gpus}/"],
        capture_output=True, text=True, check=True)
    found = re.search(r"nvml_ns=([\d.]+)(k?)", done.stdout)
    if found is None:
        raise SystemExit(f"monitor_window_bench printed no nvml_ns:\n{done.stdout}{done.stderr}")
    return float(found[1]) * (1.0 if found[2] else 1e-3)


def main() -> None:
    """Prints both and their difference."""
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {sys.argv[0]} BUILD_FOLDER")
    build = pathlib.Path(sys.argv[1]).resolve()
    slow = False
    for gpus, goal in GOALS_US.items():
        nvml, window = nvml_us(build, gpus), window_us(build, gpus)
        beyond = window - nvml
        slow = slow or beyond > 10 * goal
        print(f"{gpus} GPU: window {window:.2f} us, NVML {nvml:.2f} us, beyond {beyond:.2f} us "
              f"(goal {goal} us), ratio {window / nvml:.1f}")
    if slow:
        raise SystemExit("a window costs more than ten times its goal")


if __name__ == "__main__":
    main()
