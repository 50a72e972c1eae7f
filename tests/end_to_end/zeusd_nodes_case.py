"""Several `zeusd serve` on TCP, as on several nodes, on one emulated machine that outlives them."""

import json
import subprocess
import sys
import time

from zeus_program import ZEUS, environment
from zeusd_case import MACHINE, ZEUSD, Daemon, ZeusdCase


class NodesCase(ZeusdCase):
    def setUp(self):
        super().setUp()
        self.machine = subprocess.Popen(
            [ZEUS, "emulate", "--config", self.write("machine.toml", MACHINE), "--", sys.executable, "-c",
             "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(RUST_LOG=None))
        self.addCleanup(self.machine.communicate)
        self.emulated = json.loads(self.machine.stdout.readline())
        self.key_file = self.write("key", b"k" * 32)
        self.key_file.chmod(0o600)

    def node(self, *flags, endpoint="127.0.0.1:0"):
        """A daemon at `endpoint`, at a port of the system's without one; `.endpoint` says where."""
        daemon = Daemon(
            [ZEUSD, "serve", "--allow-unprivileged", "--enable", "gpu-read", "--journal-folder",
             self.folder / f"journal{time.monotonic_ns()}",
             "--mode", "tcp", "--tcp-bind-address", endpoint, *flags], self.folder, env=self.emulated)
        self.addCleanup(daemon.process.stdout.close)
        self.addCleanup(daemon.process.wait)
        self.addCleanup(daemon.process.kill)
        self.assertTrue(daemon.line.startswith("Listening on "), daemon.errors_file.read_text())
        daemon.endpoint = daemon.address.removeprefix("http://")
        return daemon

    def guarded_node(self, **options):
        """One that asks for a token."""
        return self.node("--signing-key-path", self.key_file, **options)

    def token(self, *scopes):
        done = subprocess.run(
            [ZEUSD, "token", "issue", "--signing-key-path", str(self.key_file), "--user", "alice", "--scope",
             ",".join(scopes), "--expires", "1h"], capture_output=True, text=True, timeout=60, env=environment())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()
