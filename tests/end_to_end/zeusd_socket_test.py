"""`zeusd serve`: where it listens, as whom it runs, and the flags that cannot be."""

import os
import pathlib
import signal
import socket
import stat
import subprocess
import unittest

from zeus_program import environment
from zeusd_case import ZEUSD, ZeusdCase


class SocketTest(ZeusdCase):
    def run_zeusd(self, *flags, **options):
        return subprocess.run([ZEUSD, "serve", "--enable", "gpu-read", *map(str, flags)], capture_output=True, text=True,
                              timeout=60, env=environment(), **options)

    def refused(self, code, message, *flags, **options):
        done = self.run_zeusd(*flags, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, r"zeusd: [^\n]+\n\Z")
        self.assertIn(message, done.stderr)

    def test_states_of_the_socket(self):
        path = self.folder / "zeusd.sock"
        path.write_text("mine")
        self.refused(1, "Socket path is occupied by a non-socket file", "--socket-path", path)
        self.assertEqual(path.read_text(), "mine")
        path.unlink()
        path.symlink_to(self.folder / "absent")
        self.refused(1, "Socket path is occupied by a non-socket file", "--socket-path", path)
        path.unlink()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        self.serve("--enable", "gpu-read")  # Replaces what nobody answers on.
        self.refused(1, "Socket is in use by another process", "--socket-path", path)
        self.assertEqual(self.ask("GET", "/time")[0], 200)
        self.assertEqual(self.daemon.end(), 0)
        self.assertFalse(path.exists())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.bind(str(path))
            self.refused(1, "Socket file already exists", "--socket-path", path)

    def test_a_killed_daemon_leaves_a_socket_that_the_next_takes(self):
        daemon = self.serve("--enable", "cpu-read", machine=None)
        daemon.end(signal.SIGKILL)
        self.assertTrue((self.folder / "zeusd.sock").exists())
        self.serve("--enable", "cpu-read", machine=None)
        self.assertEqual(self.ask("GET", "/time")[0], 200)

    def test_permissions_and_folder(self):
        for flags, mode in (((), 0o666), (("--socket-permissions", "640"), 0o640), (("--socket-permissions", "0600"), 0o600)):
            path = self.folder / "a" / "b" / f"{mode}.sock"
            daemon = self.serve("--enable", "gpu-read", *flags, "--socket-uid", os.getuid(), "--socket-gid", os.getgid(),
                                socket_path=path)
            status = path.stat()
            self.assertEqual((stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid), (mode, os.getuid(), os.getgid()))
            self.assertEqual(daemon.end(), 0)
        for text in ("888", "", "rw-rw-rw-", "-1", "17777777"):
            self.refused(2, "socket-permissions", "--socket-path", self.folder / "x.sock", "--socket-permissions", text)

    @unittest.skipUnless(os.getuid() == 0, "only root gives files away")
    def test_ownership(self):
        path = self.folder / "zeusd.sock"
        self.serve("--enable", "gpu-read", "--socket-uid", 12345, "--socket-gid", 54321)
        self.assertEqual((path.stat().st_uid, path.stat().st_gid), (12345, 54321))

    @unittest.skipUnless(os.getuid() == 0, "only root becomes somebody else")
    def test_groups_that_need_root(self):
        def become_nobody():
            os.setgid(65534)
            os.setuid(65534)

        self.folder.chmod(0o777)
        for groups, refused in (("gpu-control", "gpu-control"), ("gpu-read,cpu-read", "cpu-read")):
            self.refused(1, f"API group '{refused}' requires root but Zeusd is not running as root", "--enable", groups,
                         "--socket-path", self.folder / "x.sock", preexec_fn=become_nobody)

    @unittest.skipUnless(os.getuid() == 0, "only root has capabilities to give up")
    def test_capabilities_that_are_not_needed_are_given_up(self):
        sys_admin, read_search = 1 << 21, 1 << 2  # capabilities(7)
        mine = self.capabilities("self")["CapBnd"]
        for groups, needed in (("gpu-read", 0), ("gpu-control,gpu-read", sys_admin), ("cpu-read", read_search),
                               ("gpu-control,cpu-read", sys_admin | read_search)):
            with self.subTest(groups):
                daemon = self.serve("--enable", groups, machine=None)
                for thread in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
                    has = self.capabilities(f"{daemon.process.pid}/task/{thread.name}")
                    self.assertEqual({name: has[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")},
                                     {"CapEff": needed & mine, "CapPrm": needed & mine, "CapBnd": needed & mine,
                                      "CapInh": 0, "CapAmb": 0})
                    self.assertEqual(has["NoNewPrivs"], 1)
                daemon.end()

    @staticmethod
    def capabilities(process):
        lines = (line.split(":\t") for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines())
        return {name: int(value, 16) for name, value in lines if name.startswith("Cap") or name == "NoNewPrivs"}

    def test_flags_that_cannot_be(self):
        for message, flags in (("--enable: expected some of gpu-control, gpu-read, cpu-read", ("--enable", "all")),
                               ("--mode", ("--mode", "pipe")), ("--gpu-backend", ("--gpu-backend", "cuda")),
                               ("expected HOST:PORT", ("--mode", "tcp", "--tcp-bind-address", "4938")),
                               ("--gpu-power-poll-hz", ("--gpu-power-poll-hz", "0")),
                               ("--num-workers", ("--num-workers", "x"))):
            self.refused(2, message, "--socket-path", self.folder / "x.sock", *flags)
        self.refused(1, "--gpu-backend amdsmi: ", "--gpu-backend", "amdsmi", "--socket-path", self.folder / "x.sock")

    def test_tcp_without_a_key_is_told(self):
        daemon = self.serve("--enable", "gpu-read", "--num-workers", "10", tcp=True)
        self.assertTrue(daemon.address.startswith("http://127.0.0.1:"))
        self.assertEqual(self.ask("GET", "/time")[0], 200)
        self.assertIn("there is no key", daemon.log()[0]["message"])


if __name__ == "__main__":
    unittest.main()
