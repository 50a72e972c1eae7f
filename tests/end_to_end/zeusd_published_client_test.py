"""The published package's client of the node daemon (PyPI, zeus 0.16.0), unchanged, against `zeusd serve`."""

import os
import subprocess
import unittest

import published_package
from published_package import PYTHON
from zeus_program import environment
from zeusd_case import LeaseCase, ZeusdCase

CLIENT = """
    import sys
    from zeus.utils.zeusd import ZeusdClient, ZeusdConfig
    host, _, port = sys.argv[1].partition(":")
    config = ZeusdConfig.tcp(host, int(port)) if port else ZeusdConfig.uds(sys.argv[1])
    client = ZeusdClient(config)
    assert client.can_read_gpu and client.can_control_gpu and client.can_read_cpu, client.granted_scopes
    assert list(client.gpu_ids) == [0, 1, 2, 3], client.gpu_ids
    assert list(client.cpu_ids) == [0], client.cpu_ids
    assert client.dram_available
    client.set_power_limit([0, 2], 150_000, block=True)
    assert client.get_power_limit([0, 1, 2, 3]) == {0: 150_000, 1: 250_000, 2: 150_000, 3: 250_000}
    constraints = client.get_power_limit_constraints([1])
    assert tuple(constraints[1]) == (100_000, 250_000), constraints
    client.set_persistence_mode([1], True, block=True)
    assert client.get_persistence_mode([1]) == {1: True}
    client.set_gpu_locked_clocks([0], 800, 1000, block=True)
    client.reset_gpu_locked_clocks([0], block=True)
    snapshot = client.get_gpu_power()
    assert len(snapshot.power_mw) == 4 and all(power > 0 for power in snapshot.power_mw.values()), snapshot
    first, second = client.get_gpu_energy([0]), client.get_gpu_energy([0])
    assert second[0] >= first[0] >= 0
    energy = client.get_cpu_energy(cpu=True, dram=True)
    assert set(energy) == {0}, energy
    assert set(client.get_cpu_power().power_mw) == {0}
    assert client.get_time() > 1_700_000_000  # s
    try:
        client.set_power_limit([0], 1, block=True)
    except Exception as error:
        assert "100" in str(error) or "NVML" in str(error), error
    else:
        raise SystemExit("a limit out of range was taken")
    print("done")
"""

DEVICES = """
    from zeus.device import get_gpus
    gpus = get_gpus()
    print(type(gpus.gpus[0]).__name__)
    assert len(gpus) == 2
    gpus.set_power_management_limit(1, 180_000, block=True)
    assert gpus.get_power_management_limit(1) == 180_000
    assert gpus.get_power_management_limit(0) == 250_000
    assert gpus.get_instant_power_usage(1) > 0
    assert gpus.get_total_energy_consumption(1) >= 0
    gpus.reset_power_management_limit(1, block=True)
    assert gpus.get_power_management_limit(1) == 250_000
    print("done")
"""

STREAM = """
    import sys, time
    from zeus.monitor.power_streaming import PowerStreamingClient
    from zeus.utils.zeusd import ZeusdConfig
    client = PowerStreamingClient([ZeusdConfig.tcp(host, int(port))
                                   for host, port in (server.split(":") for server in sys.argv[1:])])
    readings = {}
    end = time.monotonic() + 30
    while time.monotonic() < end and len(readings) < len(sys.argv) - 1:
        time.sleep(0.1)
        readings = client.get_power()
    client.stop()
    assert set(readings) == set(sys.argv[1:]), readings
    for reading in readings.values():
        assert set(reading.gpu_power_w) == {0, 1, 2, 3}, reading
        assert all(0 < watts < 1000 for watts in reading.gpu_power_w.values()), reading
    print("done")
"""


def setUpModule():
    published_package.install()


class PublishedCase(ZeusdCase):
    def published(self, script, *arguments, env=None):
        file = self.write("client.py", "\n".join(line.removeprefix("    ") for line in script.splitlines()))
        done = subprocess.run([PYTHON, file, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                              env=env or environment(), cwd=self.folder)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1:]), (0, ["done"]), done.stdout + done.stderr)
        return done.stdout


class ClientTest(PublishedCase):
    def test_the_client_over_both_transports(self):
        daemon = self.serve(tree="one_socket_dram")
        self.published(CLIENT, daemon.address)
        daemon.end()
        self.published(CLIENT, self.serve(tree="one_socket_dram", tcp=True).address.removeprefix("http://"))

    def test_power_streamed_from_two_nodes(self):
        nodes = [self.serve("--enable", "gpu-read", tcp=True).address.removeprefix("http://") for _ in range(2)]
        self.published(STREAM, *nodes)


class DevicesTest(PublishedCase, LeaseCase):
    @unittest.skipIf("sanitizers" in os.environ.get("ZEUS_BUILD", ""),
                     "a Python without the sanitizers cannot load the emulated library of this build")
    def test_gpus_driven_through_the_daemon(self):
        out = self.published(DEVICES, env={**self.emulated, "ZEUSD_SOCK_PATH": str(self.socket)})
        self.assertEqual(out.splitlines()[0], "ZeusdNVIDIAGPU")
        self.assertIn("GPU 1: set_power_limit 180 W", [line["message"] for line in self.daemon.log()])


if __name__ == "__main__":
    unittest.main()
