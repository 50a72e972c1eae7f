"""Leases of `zeusd serve`: what was there before comes back, whoever dies and when."""

import http.client
import json
import random
import signal
import subprocess
import sys
import threading
import time
import unittest

from zeus_program import HERE, environment
from zeusd_case import LeaseCase, ZeusdCase, wait_until

JSON = "application/json"
KILLS = 100  # Of clients, and as many of the daemon.

# A client of its own: holds a lease, sets a limit under it, and hangs.
HOLDER = """
import json, sys, time
from zeusd_case import UnixConnection
held = UnixConnection(sys.argv[1])
held.request("POST", "/leases")
answer = held.getresponse()
lease = json.loads(answer.fp.readline() and answer.fp.readline().removeprefix(b"data: "))["lease_id"]
asking = UnixConnection(sys.argv[1])
for limit in sys.argv[2:]:
    asking.request("POST", f"/gpu/set_power_limit?gpu_ids=0,1&power_limit_mw={limit}&block=true",
                   headers={"Zeus-Lease": lease})
    assert asking.getresponse().read() == b""
print("holding", flush=True)
time.sleep(100)
"""


class HeldLeaseCase(LeaseCase):
    def hold(self, *limits_mw):
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(self.socket), *map(str, limits_mw)],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=environment(PYTHONPATH=str(HERE)))
        self.addCleanup(holder.stderr.close)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        return holder


class LeasesTest(HeldLeaseCase):
    def test_a_lease_that_is_ended(self):
        lease = self.open(100)
        self.set(150, lease, gpus="0,1")
        self.set(120, lease)
        self.assertEqual(self.limits(), [120, 150])
        [told] = self.get("/leases")["leases"]
        self.assertEqual((told["number"], told["ttl_s"], told["changes"]),
                         (1, 100, {"0": ["set_power_limit 120 W"], "1": ["set_power_limit 150 W"]}))
        self.assertRegex(told["holder"], r"uid \d+, pid \d+")
        self.assertNotIn(lease, json.dumps(told))
        self.assertEqual(self.ask("DELETE", f"/leases?lease_id={lease}"), (200, None, ""))
        self.assertEqual((self.limits(), self.get("/leases")), ([250, 250], {"leases": []}))
        error = {"error": "There is no such lease; it may have ended."}
        self.assertEqual(self.set(150, lease, expect=409), error)
        self.assertEqual(self.ask("DELETE", f"/leases?lease_id={lease}"), (409, JSON, error))
        self.assertEqual(self.ask("POST", f"/leases/renew?lease_id={lease}"), (409, JSON, error))

    def test_every_setting_comes_back(self):
        lease = {"Zeus-Lease": self.open(100)}
        for target in ("set_persistence_mode?gpu_ids=0&enabled=true", "set_power_limit?gpu_ids=0&power_limit_mw=130000",
                       "set_gpu_locked_clocks?gpu_ids=0&min_clock_mhz=800&max_clock_mhz=1000"):
            self.assertEqual(self.ask("POST", f"/gpu/{target}&block=true", headers=lease), (200, None, ""))
        self.assertEqual(self.get("/gpu/get_persistence_mode?gpu_ids=0"), {"0": {"enabled": True}})
        self.ask("DELETE", f"/leases?lease_id={lease['Zeus-Lease']}")
        self.assertEqual(self.get("/gpu/get_persistence_mode?gpu_ids=0"), {"0": {"enabled": False}})
        self.assertEqual(self.limits(), [250, 250])

    def test_a_lease_that_is_not_renewed(self):
        lease = self.open(1)
        self.set(150, lease)
        for _ in range(6):
            time.sleep(0.3)
            self.assertEqual(self.ask("POST", f"/leases/renew?lease_id={lease}"), (200, JSON, {"ttl_s": 1.0}))
            self.assertEqual(self.limits(), [150, 250])
        self.come_back(250, 250)

    def test_a_client_that_is_killed(self):
        for which in (signal.SIGKILL, signal.SIGTERM):
            holder = self.hold(150000)
            self.assertEqual(holder.stdout.readline(), "holding\n", holder.stderr)
            self.assertEqual(self.limits(), [150, 150])
            [told] = self.get("/leases")["leases"]
            self.assertEqual((told["ttl_s"], told["expires_in_s"]), (None, None))
            self.assertIn(f"pid {holder.pid}", told["holder"])
            holder.send_signal(which)
            self.come_back(250, 250)
            wait_until(lambda: not self.get("/leases")["leases"], lambda: "no lease is left")

    def test_the_last_change_counts(self):
        first, second = self.open(100), self.open(100)
        self.set(150, first)
        self.set(120, second)
        self.ask("DELETE", f"/leases?lease_id={first}")
        self.assertEqual(self.limits(), [120, 250])
        third = self.open(100)
        self.set(200, third)
        self.ask("DELETE", f"/leases?lease_id={third}")
        self.assertEqual(self.limits(), [120, 250])
        self.ask("DELETE", f"/leases?lease_id={second}")
        self.assertEqual(self.limits(), [250, 250])

    def test_what_has_no_lease_stays(self):
        self.set(240)
        lease = self.open(100)
        self.set(150, lease)
        self.set(230)
        self.assertEqual(self.limits(), [230, 250])
        self.set(140, lease)
        self.ask("DELETE", f"/leases?lease_id={lease}")
        self.assertEqual(self.limits(), [230, 250])
        self.assertEqual(self.daemon.end(), 0)
        self.start()
        self.assertEqual(self.limits(), [230, 250])

    def test_the_end_of_the_daemon_ends_leases(self):
        self.set(150, self.open(100), gpus="0,1")
        holder = self.hold(120000)
        self.assertEqual(holder.stdout.readline(), "holding\n")
        self.assertEqual(self.daemon.end(), 0)
        self.start()
        self.assertEqual(self.limits(), [250, 250])

    def test_a_daemon_that_is_killed(self):
        self.set(240)
        self.set(150, self.open(100), gpus="0,1")
        self.daemon.end(signal.SIGKILL)
        self.start()
        self.assertEqual(self.limits(), [240, 250])
        self.assertTrue([line for line in self.daemon.log() if "restored" in line["message"]], self.daemon.log())
        self.daemon.end(signal.SIGKILL)
        self.start("--restore-unleased")
        self.assertEqual(self.limits(), [250, 250])
        self.set(130)
        self.set(120)
        self.assertEqual(self.daemon.end(), 0)
        self.start()
        self.assertEqual(self.limits(), [250, 250])

    def test_every_change_is_told_with_who_and_what(self):
        self.set(150, self.open(100))
        self.set(1, expect=400)
        [first, second] = [line for line in self.daemon.log() if line["message"].startswith("GPU 0: set_power_limit")]
        self.assertEqual({name: first[name] for name in ("gpu", "lease", "before", "after", "level")},
                         {"gpu": "0", "lease": "1", "before": "250 W", "after": "150 W", "level": "info"})
        self.assertRegex(first["who"], r"^uid \d+, pid \d+$")
        self.assertEqual((second["level"], second["before"], second["after"]), ("warning", "150 W", "1 W"))

    def test_what_is_no_lease(self):
        self.assertEqual(self.ask("POST", "/leases?ttl_s=0"), (400, JSON, {"error": "ttl_s must be 1 to 86400"}))
        self.assertEqual(self.ask("POST", "/leases?ttl_s=86401")[0], 400)
        self.assertEqual(self.ask("POST", "/leases?ttl=1")[0], 400)
        self.assertEqual(self.ask("DELETE", "/leases")[0], 400)
        self.set(150, "nonsense", expect=409)
        self.assertEqual(self.limits(), [250, 250])


class LostTest(LeaseCase):
    machine_text = """
settings = "everyone"
[[gpu]]
preset = "v100"
count = 2
[[fault]]
gpu = 1
error = "gpu_is_lost"
after_seconds = 8
for_seconds = 5
"""

    def test_a_gpu_that_is_lost_and_found(self):
        lease = self.open(100)
        self.set(150, lease, gpus="0,1")
        self.assertEqual(self.limits(), [150, 150])
        wait_until(lambda: self.ask("GET", "/gpu/get_power_limit?gpu_ids=1")[0] == 500, lambda: "GPU 1 is lost")
        self.assertIn("1", self.ask("GET", "/gpu/get_power")[2]["errors"])
        self.assertEqual(self.ask("GET", "/gpu/get_power?gpu_ids=0")[0], 200)
        # The lease ends while the GPU is away: what was there before comes back with it.
        self.ask("DELETE", f"/leases?lease_id={lease}")
        self.assertEqual(self.get("/gpu/get_power_limit?gpu_ids=0")["0"]["power_limit_mw"], 250_000)
        self.assertEqual(self.ask("GET", "/gpu/get_power_limit?gpu_ids=1")[0], 500)
        wait_until(lambda: self.ask("GET", "/gpu/get_power_limit")[0] == 200, lambda: "GPU 1 is found")
        self.come_back(250, 250)
        told = [line["message"] for line in self.daemon.log()]
        self.assertIn("GPU 1: what was there before ended leases is back", told)


class ReadingTest(ZeusdCase):
    def test_a_daemon_that_changes_nothing_notes_nothing(self):
        self.serve("--enable", "gpu-read")
        self.assertEqual(self.ask("POST", "/leases?ttl_s=1")[0], 404)
        self.assertFalse((self.folder / "journal").exists())


class KillTest(HeldLeaseCase):
    def are_changed(self):
        wait_until(lambda: self.limits() != [240, 240], lambda: "limits are changed")

    def test_clients_killed_at_random_points(self):
        generator = random.Random(1)
        self.set(240, gpus="0,1")
        killed_while_set = 0
        for number in range(KILLS // 4):
            holders = [self.hold(*(generator.randrange(100, 200) * 1000 for _ in range(20))) for _ in range(4)]
            if number % 2 == 0:  # On a machine that is busy, clients take longer to begin than others to end.
                self.are_changed()
            time.sleep(generator.random() * 0.4)
            killed_while_set += self.limits() != [240, 240]
            for holder in generator.sample(holders, 4):
                holder.kill()
            wait_until(lambda: not self.get("/leases")["leases"], lambda: "no lease is left")
            self.come_back(240, 240)
        self.assertGreater(killed_while_set, 0)

    def test_the_daemon_killed_at_random_points(self):
        generator = random.Random(2)
        self.set(240, gpus="0,1")
        killed_while_set = 0
        for number in range(KILLS):
            stop = threading.Event()

            def change(seed, stop=stop):
                mine = random.Random(seed)
                try:
                    while not stop.is_set():
                        lease = self.ask("POST", "/leases?ttl_s=100")[2]["lease_id"]
                        for _ in range(mine.randrange(1, 4)):
                            self.ask("POST", f"/gpu/set_power_limit?gpu_ids={mine.choice(('0', '1', '0,1'))}"
                                             f"&power_limit_mw={mine.randrange(100, 200)}000&block=true",
                                     headers={"Zeus-Lease": lease})
                        if mine.random() < 0.5:
                            self.ask("DELETE", f"/leases?lease_id={lease}")
                except (OSError, http.client.HTTPException, json.JSONDecodeError):
                    pass  # It was killed.

            threads = [threading.Thread(target=change, args=(generator.random(),)) for _ in range(3)]
            for thread in threads:
                thread.start()
            if number % 2 == 0:
                self.are_changed()
            time.sleep(generator.random() * 0.05)
            self.daemon.end(signal.SIGKILL)
            stop.set()
            for thread in threads:
                thread.join()
            self.start()
            killed_while_set += any("restored" in line["message"] for line in self.daemon.log())
            self.assertEqual(self.limits(), [240, 240])
        self.assertGreater(killed_while_set, KILLS // 10)


if __name__ == "__main__":
    unittest.main()
