"""`zeusd serve` among clients that send anything, say nothing, or take nothing: the others notice nothing."""

import contextlib
import json
import os
import pathlib
import resource
import socket
import subprocess
import threading
import time
import unittest

from zeus_program import ZEUS
from zeusd_case import LeaseCase, ZeusdCase

IDLE = 10_000
STREAMS = 100
MUTE = 30  # Of those, take nothing.


class HostileTest(ZeusdCase):
    def raw(self, content):
        """What the daemon answers to these bytes before it closes."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(self.daemon.address))
            answer = b""
            with contextlib.suppress(OSError):  # It has heard enough.
                connection.sendall(content)
                connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while part := connection.recv(65536):
                    answer += part
        return answer

    def test_what_is_too_much_or_nonsense(self):
        self.serve("--enable", "gpu-control,gpu-read")
        flood = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 100) for i in range(10_000))
        for content, status in ((b"GET /discover HTTP/1.1\r\n" + flood + b"\r\n", b"431"),
                                (b"POST /gpu/set_power_limit HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n", b"413"),
                                (b"nonsense\r\n\r\n", b"400"), (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"400"),
                                (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
                                (b"GET /gpu/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
                                (b"GET /leases/../gpu/get_power/.. HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
                                (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n", b"4")):
            with self.subTest(content[:40]):
                self.assertTrue(self.raw(content).startswith(b"HTTP/1.1 " + status), self.raw(content)[:100])
        self.assertEqual(len(self.get("/gpu/get_power")["power_mw"]), 4)

    def test_many_who_say_nothing_or_little(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < IDLE + 100:
            self.skipTest(f"this user may open {hard} files, and this needs {IDLE}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE + 100), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.serve("--enable", "gpu-control,gpu-read")  # Which inherits the limit.
        with contextlib.ExitStack() as idle:
            for number in range(IDLE):
                each = idle.enter_context(socket.socket(socket.AF_UNIX))
                each.connect(str(self.daemon.address))  # Waits while many others do.
                each.settimeout(30)
                if number % 2:
                    each.sendall(b"POST /gpu/set_power_limit?gpu_ids=0 HTTP/1.1\r\nX: ")  # And then nothing.
            began = time.monotonic()
            for limit in range(100):
                self.post(f"/gpu/set_power_limit?gpu_ids=0&power_limit_mw={100 + limit}000&block=true")
            self.assertLess(time.monotonic() - began, 30)
            self.assertEqual(self.limits()[0], 199)


class StreamsTest(LeaseCase):
    """On a machine whose GPUs work, so that their power changes all the time."""

    def work(self):
        while not self.stop.is_set():
            for busy in (1.0, 0.2):
                subprocess.run([ZEUS, "emulate", "load", "--gpu", "0", "--compute", str(busy), "--for", "0.1"],
                               env=self.emulated, check=True, timeout=60, capture_output=True)

    def memory_kib(self):
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def test_clients_that_take_nothing_hold_up_nobody(self):
        self.stop = threading.Event()
        worker = threading.Thread(target=self.work)
        worker.start()
        self.addCleanup(worker.join)
        self.addCleanup(self.stop.set)
        request = b"GET /gpu/stream_power HTTP/1.1\r\nHost: x\r\n\r\n"
        with contextlib.ExitStack() as all_streams:
            clients = []
            for _ in range(STREAMS):
                client = all_streams.enter_context(socket.socket(socket.AF_UNIX))
                client.settimeout(60)
                client.connect(str(self.socket))
                client.sendall(request)
                clients.append(client)
            seen = [[] for _ in clients[MUTE:]]

            def take(client, events, until):
                text = b""
                while time.monotonic() < until:
                    with contextlib.suppress(TimeoutError):
                        text += client.recv(65536)
                    *whole, text = text.split(b"\n\n")
                    events += [json.loads(line.split(b"data: ")[1]) for line in whole if b"data: " in line]

            def take_for(seconds):
                until = time.monotonic() + seconds
                takers = [threading.Thread(target=take, args=(client, events, until))
                          for client, events in zip(clients[MUTE:], seen)]
                for taker in takers:
                    taker.start()
                for taker in takers:
                    taker.join()

            for client in clients[MUTE:]:
                client.settimeout(0.5)
            take_for(2)
            before = self.memory_kib()
            for events in seen:
                events.clear()
            take_for(5)
            after = self.memory_kib()
        times = [sorted(event["timestamp_ms"] for event in events if event["gpu_id"] == 0) for events in seen]
        everything = set().union(*times)
        self.assertGreater(len(everything), 10)
        # But for those at either end, each client has seen each of them.
        inner = sorted(everything)[3:-3]
        for of_one in times:
            self.assertLessEqual(set(inner), set(of_one))
        if "sanitizers" not in os.environ.get("ZEUS_BUILD", ""):  # The address sanitizer keeps what was freed.
            self.assertLess(after, before + 2048, "KiB")
        self.assertEqual(len(self.get("/gpu/get_power")["power_mw"]), 2)


if __name__ == "__main__":
    unittest.main()
