"""`python -m zeus.monitor energy|power`: measures until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from types import FrameType

from zeus.monitor.energy import ZeusMonitor
from zeus.monitor.power import PowerDomain, PowerMonitor

_WINDOW = "zeus.monitor.energy"
_YEAR_S = 365 * 24 * 3600.0


def _measure_energy(gpu_indices: Sequence[int] | None, interrupted: threading.Event) -> None:
    monitor = ZeusMonitor(gpu_indices)
    monitor.begin_window(_WINDOW)
    interrupted.wait(_YEAR_S)
    print(monitor.end_window(_WINDOW))


def _show_power(
    gpu_indices: Sequence[int] | None, update_period: float, domain: PowerDomain, interrupted: threading.Event,
) -> None:
    monitor = PowerMonitor(gpu_indices, update_period=update_period, power_domains=[domain])
    start = time.time()
    while not interrupted.wait(update_period):
        power = monitor.get_power(power_domain=domain)
        if power is not None:
            now = datetime.now().strftime("%Y-%m-%d %H:%M:%S.%f")
            print(now, {f"GPU{index}": watts for index, watts in power.items()}, flush=True)
    end = time.time()
    print()
    print("Total time (s):", end - start)
    if domain is not PowerDomain.MEMORY_AVERAGE:
        energy = monitor.get_energy(start, end, domain) or {}
        print("Total energy (J):", {f"GPU{index}": joules for index, joules in energy.items()})
    monitor.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command.

    Args:
        arguments: Of the command line; `None`: this process's.
    """
    parser = argparse.ArgumentParser(prog="python -m zeus.monitor", description="Measures until Ctrl-C.")
    commands = parser.add_subparsers(dest="command", required=True)
    energy = commands.add_parser("energy", help="the energy and time from now until Ctrl-C")
    power = commands.add_parser("power", help="the power, line by line, and in the end the energy")
    for command in (energy, power):
        command.add_argument("--gpu-indices", type=int, nargs="+", metavar="N", help="which GPUs (all)")
    power.add_argument("--update-period", type=float, default=1.0, metavar="S", help="seconds between lines (1.0)")
    power.add_argument("--power-domain", type=PowerDomain, default=PowerDomain.DEVICE_INSTANT,
                       metavar="{" + ",".join(domain.value for domain in PowerDomain) + "}")
    chosen = parser.parse_args(arguments)
    if chosen.command == "power" and not chosen.update_period > 0:
        parser.error(f"--update-period: expected a time above 0, found {chosen.update_period}")

    interrupted = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupted.set()

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    if chosen.command == "energy":
        _measure_energy(chosen.gpu_indices, interrupted)
    else:
        _show_power(chosen.gpu_indices, chosen.update_period, chosen.power_domain, interrupted)


if __name__ == "__main__":
    main()
