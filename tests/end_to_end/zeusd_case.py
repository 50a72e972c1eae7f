"""A running `zeusd serve` on an emulated machine, and how to ask it, for the tests of it."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

from zeus_program import HERE, ZEUS, ZeusTest, environment

ZEUSD = pathlib.Path(os.environ["ZEUSD_PROGRAM"]).resolve()
TREES = HERE.parents[1] / "tests" / "support" / "powercap"
GROUPS = ("gpu-control", "gpu-read", "cpu-read")
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
# A route of each group; what its query needs.
ROUTES = {"gpu-control": [("POST", "/gpu/set_power_limit?gpu_ids=0&block=true&power_limit_mw=200000"),
                          ("POST", "/gpu/reset_locked_clocks?gpu_ids=0&block=true")],
          "gpu-read": [("GET", "/gpu/get_power"), ("GET", "/gpu/get_persistence_mode?gpu_ids=3")],
          "cpu-read": [("GET", "/cpu/get_power"), ("GET", "/cpu/get_cumulative_energy?cpu=true&dram=false")]}

MACHINE = """
settings = "everyone"
[[gpu]]
preset = "v100"
count = 4
"""

# A mount namespace of its own, in which the folder $1 is /sys.
UNSHARED = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-ec",
            'mount --bind "$1" /sys; shift; exec "$@"', "bash"]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)  # Waits where many others do.
        self.sock.settimeout(60)


class Daemon:
    """`zeusd serve` with these flags, on these devices."""

    def __init__(self, command, cwd, env=None):
        self.errors_file = cwd / f"zeusd.{time.monotonic_ns()}.err"
        with open(self.errors_file, "wb") as errors:
            self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=errors, text=True,
                                            cwd=cwd, env=env or environment(RUST_LOG=None))
        self.line = self.process.stdout.readline().strip()
        self.address = self.line.removeprefix("Listening on ")

    def connect(self):
        if self.address.startswith("http://"):
            return http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=60)
        return UnixConnection(self.address)

    def log(self):
        return [json.loads(line) for line in self.errors_file.read_text().splitlines() if line.startswith("{")]

    def end(self, which=signal.SIGTERM):
        self.process.send_signal(which)
        self.process.communicate(timeout=60)
        return self.process.returncode


class ZeusdCase(ZeusTest):
    def serve(self, *flags, machine=MACHINE, tree=None, tcp=False, socket_path=None):
        """A daemon; `machine`: an emulated one, or None; `tree`: a recorded powercap tree."""
        where = ["--socket-path", socket_path or self.folder / "zeusd.sock"]
        if tcp:
            where = ["--mode", "tcp", "--tcp-bind-address", "127.0.0.1:0"]
        command = [ZEUSD, "serve", "--allow-unprivileged", "--journal-folder", self.folder / "journal", *where, *flags]
        if tree is not None:
            self.sys = self.folder / "sys"
            shutil.rmtree(self.sys, ignore_errors=True)
            shutil.copytree(TREES / tree / "sys", self.sys, symlinks=True)
            tried = subprocess.run([*UNSHARED, str(self.sys), "true"], capture_output=True, text=True)
            if tried.returncode != 0:
                self.skipTest(f"this place allows no mounts of one's own: {tried.stderr.strip()}")
            command = [*UNSHARED, self.sys, *command]
        if machine is not None:
            command = [ZEUS, "emulate", "--config", self.write("machine.toml", machine), "--", *command]
        daemon = Daemon(command, self.folder)
        self.addCleanup(daemon.process.stdout.close)
        self.addCleanup(daemon.process.wait)
        self.addCleanup(daemon.process.terminate)
        self.assertTrue(daemon.line.startswith("Listening on "), daemon.errors_file.read_text())
        self.daemon = daemon
        return daemon

    def ask(self, method, target, headers=None, daemon=None):
        """Status, type and body; JSON where it is some."""
        with contextlib.closing((daemon or self.daemon).connect()) as connection:
            connection.request(method, target, headers=headers or {})
            answer = connection.getresponse()
            self.headers = answer.headers
            body = answer.read().decode()
        kind = answer.headers["Content-Type"]
        return answer.status, kind, json.loads(body) if kind == "application/json" else body

    def get(self, target, **options):
        status, kind, body = self.ask("GET", target, **options)
        self.assertEqual((status, kind), (200, "application/json"), (target, body))
        return body

    def post(self, target):
        self.assertEqual(self.ask("POST", target), (200, None, ""), target)

    def limits(self):
        return [value["power_limit_mw"] // 1000 for value in self.get("/gpu/get_power_limit").values()]

    def stream(self, target):
        """The answer, of which lines can be read; hang_up() ends it."""
        connection = self.daemon.connect()
        connection.request("GET", target)
        answer = connection.getresponse()
        answer.hang_up = lambda: (answer.close(), connection.close())
        self.addCleanup(answer.hang_up)
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"],
                          answer.headers["Transfer-Encoding"]), (200, "text/event-stream", "no-cache", "chunked"))
        return answer

    def event(self, answer):
        line, end = answer.readline().decode(), answer.readline()
        self.assertTrue(line.startswith("data: ") and end == b"\n", (line, end))
        return json.loads(line.removeprefix("data: "))

    def advance(self, zone, joules):
        file = self.sys / "class" / "powercap" / zone / "energy_uj"
        with open(file, "r+b", buffering=0) as counter:  # Never empty: the daemon may be reading.
            text = b"%d\n" % (int(counter.read()) + round(joules * 1e6))
            counter.seek(0)
            counter.write(text)


def wait_until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"in {seconds} s it did not come true that {what()}")
        time.sleep(0.005)


class LeaseCase(ZeusdCase):
    """A machine that outlives its daemons."""

    machine_text = """
settings = "everyone"
[[gpu]]
preset = "v100"
count = 2
"""

    def setUp(self):
        super().setUp()
        self.machine = subprocess.Popen(
            [ZEUS, "emulate", "--config", self.write("machine.toml", self.machine_text), "--", sys.executable, "-c",
             "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(RUST_LOG=None))
        self.addCleanup(self.machine.communicate)
        self.emulated = json.loads(self.machine.stdout.readline())
        self.start()

    def start(self, *flags):
        self.socket = self.folder / "zeusd.sock"
        self.daemon = Daemon([ZEUSD, "serve", "--allow-unprivileged", "--enable", "gpu-control,gpu-read",
                              "--socket-path", self.socket, "--journal-folder", self.folder / "journal", *flags],
                             self.folder, env=self.emulated)
        self.addCleanup(self.daemon.process.stdout.close)
        self.addCleanup(self.daemon.process.wait)
        self.addCleanup(self.daemon.process.kill)
        self.assertTrue(self.daemon.line.startswith("Listening on "), self.daemon.errors_file.read_text())
        return self.daemon

    def limits(self):
        answer = self.get("/gpu/get_power_limit")
        return [answer[gpu]["power_limit_mw"] // 1000 for gpu in sorted(answer)]

    def open(self, ttl):
        status, _, lease = self.ask("POST", f"/leases?ttl_s={ttl}")
        self.assertEqual(status, 201, lease)
        return lease["lease_id"]

    def set(self, watts, lease=None, gpus="0", expect=200):
        headers = {"Zeus-Lease": lease} if lease else {}
        answer = self.ask("POST", f"/gpu/set_power_limit?gpu_ids={gpus}&power_limit_mw={watts}000&block=true",
                          headers=headers)
        self.assertEqual(answer[0], expect, answer)
        return answer[2]

    def come_back(self, *limits):
        wait_until(lambda: self.limits() == list(limits), lambda: f"{self.limits()} are {limits}")
