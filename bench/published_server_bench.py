"""The published batch-size server (PyPI, zeus 0.16.0) beside `zeus serve`, under the same load, in one run.

    /usr/bin/python3 bench/published_server_bench.py build/release

Each is a process of its own with a new SQLite file, and takes down each change durably before it answers. Clients, one
and then eight, each with a connection and jobs of its own, register, ask for a batch size and send a report that ends
the trial, as fast as they can. The servers take turns, because machines are noisy.

The clients are threads of this one Python process, so its speed bounds what `zeus serve` seems to do: how much
of a core they take is printed. bench/batch_size_server_bench.cc has clients that do not stand in the way. The processor
time that a server takes for a cycle does not depend on them.

The published package is installed from PyPI into build/venv-published-server. Where that fails, the reason is printed,
and ours is measured alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

SOURCE = pathlib.Path(__file__).resolve().parents[1]
REQUIREMENTS = "bench/published_server_requirements.txt"
PYTHON = SOURCE / "build" / "venv-published-server" / "bin" / "python"
MAKE_TABLES = """
import sys
from sqlalchemy import create_engine
from zeus.optimizer.batch_size.server.database.schema import Base
Base.metadata.create_all(create_engine("sqlite:///" + sys.argv[1]))
"""

ROUNDS = 5
SECONDS = 3.0  # Of each round, server and number of clients.
CLIENTS = (1, 8)
RECURRENCES = 20  # Of a job, before the next one: both servers see jobs of the same ages.
REQUESTS = ("register", "predict", "report")
BATCH_SIZES = [8, 16, 32, 64, 128]


class Unavailable(Exception):
    """The published server cannot be had here."""


class Refused(Exception):
    """A request that was not done."""


@dataclasses.dataclass
class Server:
    """A running one."""

    name: str
    process: subprocess.Popen[bytes]
    address: tuple[str, int]

    def processor_seconds(self) -> float:
        """What the process and all its threads have used."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Seen:
    """What a load came to; times of requests and of processors in milliseconds."""

    cycles_per_s: list[float] = dataclasses.field(default_factory=list)
    server_ms: list[float] = dataclasses.field(default_factory=list)  # Of processor, for a cycle.
    client_cores: list[float] = dataclasses.field(default_factory=list)
    refusals: list[str] = dataclasses.field(default_factory=list)
    requests_ms: dict[str, list[float]] = dataclasses.field(default_factory=lambda: {name: [] for name in REQUESTS})


@contextlib.contextmanager
def running(name: str, command: list[str], pattern: str, folder: pathlib.Path,
            environment: dict[str, str]) -> Iterator[Server]:
    """Starts it, and waits for the line that tells its address."""
    log = folder / f"{name}.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   env=os.environ | environment, cwd=folder)
    try:
        end = time.monotonic() + 60
        while (found := re.search(pattern, log.read_text(errors="replace"))) is None:
            if process.poll() is not None or time.monotonic() > end:
                lines = log.read_text(errors="replace").splitlines() or ["it says nothing"]
                raise Unavailable(f"{name} does not start: {lines[-1]}")
            time.sleep(0.02)
        yield Server(name, process, (found[1], int(found[2])))
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ours(zeus: pathlib.Path, folder: pathlib.Path) -> contextlib.AbstractContextManager[Server]:
    """`zeus serve`."""
    return running("ours", [str(zeus), "serve", "--listen", "127.0.0.1:0", "--database", f"sqlite:///{folder}/ours.db"],
                   r"Listening on http://([\d.]+):(\d+)\n", folder, {})


def published(folder: pathlib.Path) -> contextlib.AbstractContextManager[Server]:
    """The published one, with one worker, and with nothing logged about requests."""
    made = subprocess.run([SOURCE / "tools" / "make_test_environment", "published-server", REQUIREMENTS],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        lines = made.stderr.splitlines()
        reasons = [line for line in lines if line.startswith("ERROR")] or lines or ["it says nothing"]
        raise Unavailable(f"pip cannot install {REQUIREMENTS}: {reasons[0]}")
    file = folder / "published.db"
    environment = {"ZEUS_BSO_DATABASE_URL": f"sqlite+aiosqlite:///{file}", "ZEUS_BSO_LOG_LEVEL": "WARN"}
    tables = subprocess.run([PYTHON, "-c", MAKE_TABLES, file], capture_output=True, text=True, check=False, cwd=folder,
                            env=os.environ | environment)
    if tables.returncode != 0:
        raise Unavailable(f"its tables cannot be made: {(tables.stderr.splitlines() or [''])[-1]}")
    return running("published", [str(PYTHON), "-m", "uvicorn", "zeus.optimizer.batch_size.server.router:app", "--host",
                                 "127.0.0.1", "--port", "0", "--workers", "1", "--no-access-log"],
                   r"running on http://([\d.]+):(\d+) ", folder, environment)


class Client:
    """Jobs that recur, one after the other, over one connection."""

    def __init__(self, server: Server, name: str) -> None:
        self.connection = http.client.HTTPConnection(*server.address, timeout=60)
        self.connection.connect()
        self.name = name
        self.cycles = 0
        self.requests_ms: dict[str, list[float]] = {name: [] for name in REQUESTS}
        self.refusals: list[str] = []
        self.trouble: BaseException | None = None

    def request(self, what: str, method: str, target: str, body: dict[str, object] | None = None) -> dict[str, object]:
        text = None if body is None else json.dumps(body).encode()
        start = time.perf_counter()
        self.connection.request(method, target, text, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        self.requests_ms[what].append((time.perf_counter() - start) * 1e3)
        if answer.status not in (200, 201):
            raise Refused(f"{method} {target}: {answer.status}: {content.decode(errors='replace')[:200]}")
        result: dict[str, object] = json.loads(content)
        return result

    def cycle(self) -> None:
        job = f"{self.name}-{self.cycles // RECURRENCES}"
        self.request("register", "POST", "/jobs", {
            "job_id": job, "job_id_prefix": job, "batch_sizes": BATCH_SIZES, "default_batch_size": 32,
            "target_metric": 0.9, "mab_seed": 1, "max_power": 300, "number_of_gpus": 1, "gpu_model": "V100"})
        trial = self.request("predict", "GET", f"/jobs/batch_size?job_id={job}")
        size = trial["batch_size"]
        assert isinstance(size, int)
        # No two alike, because the published server has an infinite precision for an arm whose costs are all the same.
        verdict = self.request("report", "POST", "/report", trial | {
            "energy": 9000 + 10 * size + self.cycles * 7 % 90, "time": 60, "metric": 0.95, "current_epoch": 3})
        if verdict["stop_train"] is not True:
            raise Refused(f"the trial did not end: {verdict}")
        self.cycles += 1

    def run(self, end: float) -> None:
        try:
            while time.perf_counter() < end:
                try:
                    self.cycle()
                except Refused as refused:
                    self.refusals.append(str(refused))
        except BaseException as error:  # pylint: disable=broad-except
            self.trouble = error


def drive(server: Server, clients: int, turn: int, seen: Seen) -> None:
    """A round of one server."""
    each = [Client(server, f"job{turn}-{clients}-{index}") for index in range(clients)]
    server_before = server.processor_seconds()
    own_before = time.process_time()
    start = time.perf_counter()
    threads = [threading.Thread(target=client.run, args=(start + SECONDS,)) for client in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    cycles = sum(client.cycles for client in each)
    seen.client_cores.append((time.process_time() - own_before) / seconds)
    seen.server_ms.append((server.processor_seconds() - server_before) / max(cycles, 1) * 1e3)
    seen.cycles_per_s.append(cycles / seconds)
    for client in each:
        client.connection.close()
        if client.trouble is not None:
            raise SystemExit(f"{server.name}: {client.trouble}")
        for name in REQUESTS:
            seen.requests_ms[name] += client.requests_ms[name]
        seen.refusals += client.refusals


def describe(name: str, seen: Seen) -> None:
    rates = seen.cycles_per_s
    print(f"  {name}: {statistics.median(rates):.1f} cycles/s ({min(rates):.1f} to {max(rates):.1f}), "
          f"{statistics.median(seen.server_ms):.2f} ms of processor each; the clients took "
          f"{statistics.median(seen.client_cores):.2f} of a core")
    for request, times in seen.requests_ms.items():
        times.sort()
        print(f"    {request}: mean {statistics.fmean(times):.2f} ms, 99th percentile "
              f"{times[len(times) * 99 // 100]:.2f} ms, of {len(times)}")
    if seen.refusals:
        print(f"    refused: {len(seen.refusals)} requests, the last of them {seen.refusals[-1]}")


def main() -> None:
    """Prints, for each number of clients, medians over the rounds, and times over all requests."""
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {sys.argv[0]} BUILD_FOLDER")
    build = pathlib.Path(sys.argv[1]).resolve()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="published_server.", dir=build)))
        servers = [stack.enter_context(ours(build / "bin" / "zeus", folder))]
        try:
            servers.append(stack.enter_context(published(folder)))
        except Unavailable as reason:
            print(f"Ours alone, without the published server: {reason}")
        seen = {(clients, server.name): Seen() for clients in CLIENTS for server in servers}
        for turn in range(ROUNDS):
            for clients in CLIENTS:
                for server in servers:
                    drive(server, clients, turn, seen[clients, server.name])
    for clients in CLIENTS:
        print(f"{clients} client{'s' if clients > 1 else ''}, {ROUNDS} rounds of {SECONDS:.0f} s each:")
        for server in servers:
            describe(server.name, seen[clients, server.name])
        if len(servers) == 2:
            own, other = (seen[clients, server.name] for server in servers)
            rates = statistics.median(own.cycles_per_s) / statistics.median(other.cycles_per_s)
            processor = statistics.median(other.server_ms) / statistics.median(own.server_ms)
            print(f"  ours does {rates:.1f} times the cycles; the published one takes {processor:.1f} times the "
                  "processor time for each")
    print("The clients are threads of one Python process and hold ours back; bench/batch_size_server_bench does not.")


if __name__ == "__main__":
    main()
