"""`zeusd serve`: the published daemon's behaviour, through real sockets, on an emulated machine."""

import itertools
import threading
import time
import unittest

from zeusd_case import GROUPS, JSON, ROUTES, TEXT, ZeusdCase


class RoutesTest(ZeusdCase):
    def test_discovery_and_time(self):
        self.serve("--enable", "gpu-read,gpu-control", "--enable", "gpu-read")
        self.assertEqual(self.get("/discover"), {
            "gpus": [{"id": i, "name": "Tesla V100-PCIE-32GB", "pci_address": f"0000:0{i + 1}:00.0",
                      "cumulative_energy_available": True} for i in range(4)],
            "cpus": [], "enabled_api_groups": ["gpu-read", "gpu-control"], "auth_required": False})
        before = time.time_ns() // 1_000_000
        now = self.get("/time")["timestamp_ms"]
        self.assertTrue(before <= now <= time.time_ns() // 1_000_000, now)

    def test_paths_and_methods_that_are_none(self):
        self.serve("--enable", ",".join(GROUPS))
        for method, target in (("GET", "/"), ("GET", "/gpu"), ("GET", "/gpu/"), ("GET", "/gpu/nothing"),
                               ("POST", "/gpu/set_nothing"), ("GET", "/gpu/set_power_limit?gpu_ids=0"),
                               ("POST", "/gpu/get_power"), ("POST", "/discover"), ("GET", "/cpu/get_power/"),
                               ("GET", "/gpu%2Fget_power"), ("GET", "/../etc/passwd"), ("DELETE", "/time")):
            self.assertEqual(self.ask(method, target), (404, None, ""), (method, target))
        self.assertEqual(self.ask("GET", "/auth/whoami"),
                         (404, JSON, {"error": "Authentication is not enabled on this server."}))

    def test_reads(self):
        self.serve("--enable", "gpu-control,gpu-read")
        self.assertEqual(self.get("/gpu/get_power_limit?gpu_ids=3,%201,3"),
                         {"1": {"power_limit_mw": 250000}, "3": {"power_limit_mw": 250000}})
        self.assertEqual(self.get("/gpu/get_power_limit_constraints?gpu_ids=2"),
                         {"2": {"min_power_limit_mw": 100000, "max_power_limit_mw": 250000}})
        self.assertEqual(list(self.get("/gpu/get_persistence_mode")), ["0", "1", "2", "3"])
        power = self.get("/gpu/get_power")
        self.assertEqual((list(power), list(power["power_mw"])), (["timestamp_ms", "power_mw"], ["0", "1", "2", "3"]))
        self.assertTrue(all(10_000 < milliwatts < 250_000 for milliwatts in power["power_mw"].values()), power)
        energies = [0]
        while energies[-1] <= energies[0]:  # It grows with the sensor's next update.
            energies.append(self.get("/gpu/get_cumulative_energy?gpu_ids=0")["0"]["energy_mj"])
        self.assertEqual(energies, sorted(energies))

    def test_writes_to_one_and_to_several(self):
        self.serve("--enable", "gpu-control,gpu-read")
        self.post("/gpu/set_power_limit?gpu_ids=2&block=true&power_limit_mw=150000")
        self.assertEqual(self.limits(), [250, 250, 150, 250])
        self.post("/gpu/set_power_limit?power_limit_mw=%2B120000&gpu_ids=0,3,0&block=true")
        self.assertEqual(self.limits(), [120, 250, 150, 120])
        for enabled in ("true", "false"):
            self.post(f"/gpu/set_persistence_mode?gpu_ids=0,1&enabled={enabled}&block=true")
            self.assertEqual(self.get("/gpu/get_persistence_mode?gpu_ids=0,1"),
                             {i: {"enabled": enabled == "true"} for i in "01"})
        self.post("/gpu/set_gpu_locked_clocks?gpu_ids=0&min_clock_mhz=800&max_clock_mhz=1000&block=true")
        self.post("/gpu/reset_gpu_locked_clocks?gpu_ids=0&block=true")
        self.post("/gpu/reset_locked_clocks?gpu_ids=0&block=true")
        changes = [line["message"] for line in self.daemon.log() if line["message"].startswith("GPU 0: ")]
        self.assertEqual(changes, ["GPU 0: set_power_limit 120 W", "GPU 0: set_persistence_mode on",
                                   "GPU 0: set_persistence_mode off", "GPU 0: set_gpu_locked_clocks 800 to 1000 MHz",
                                   "GPU 0: reset_gpu_locked_clocks", "GPU 0: reset_locked_clocks"])

    def test_what_a_card_lacks_is_a_bad_request(self):
        self.serve("--enable", "gpu-control")
        for target in ("set_mem_locked_clocks?min_clock_mhz=800&max_clock_mhz=900&", "reset_mem_locked_clocks?"):
            status, kind, body = self.ask("POST", f"/gpu/{target}gpu_ids=1&block=true")
            self.assertEqual((status, kind, list(body), list(body["errors"])), (400, JSON, ["errors"], ["1"]))
            self.assertIn("NVML error: ", body["errors"]["1"])
            self.post(f"/gpu/{target}gpu_ids=1&block=false")

    def test_limits_out_of_range(self):
        self.serve("--enable", "gpu-control,gpu-read")
        for limit in (0, 99_999, 250_001, 4_294_967_295):
            target = f"/gpu/set_power_limit?gpu_ids=0,2&power_limit_mw={limit}&block="
            status, kind, body = self.ask("POST", target + "true")
            self.assertEqual((status, kind, list(body), list(body["errors"])), (400, JSON, ["errors"], ["0", "2"]))
            self.assertIn("NVML error: invalid argument: ", body["errors"]["0"])
            self.post(target + "false")
        self.post("/gpu/set_power_limit?gpu_ids=0&power_limit_mw=250000&block=true")
        self.assertEqual(self.limits(), [250] * 4)

    def test_bulk_order_is_kept(self):
        daemon = self.serve("--enable", "gpu-control,gpu-read")
        connection = daemon.connect()
        order = [100 + 37 * i % 150 for i in range(100)]
        for i, limit in enumerate(order):
            block = "true" if i == len(order) - 1 else "false"
            connection.request("POST", f"/gpu/set_power_limit?gpu_ids=1,3&power_limit_mw={limit}000&block={block}")
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read()), (200, b""))
        self.assertEqual(self.limits(), [250, order[-1], 250, order[-1]])
        for gpu in (1, 3):
            self.assertEqual([line["message"] for line in daemon.log() if line["message"].startswith(f"GPU {gpu}")],
                             [f"GPU {gpu}: set_power_limit {limit} W" for limit in order])
        connection.close()

    def test_many_at_once(self):
        self.serve("--enable", "gpu-control,gpu-read", tcp=True)
        failures = []

        def work(gpu):
            connection = self.daemon.connect()
            for i in range(50):
                connection.request("POST", f"/gpu/set_power_limit?gpu_ids={gpu}&power_limit_mw={100 + i}000&block=true")
                answer = connection.getresponse()
                if (answer.status, answer.read()) != (200, b""):
                    failures.append(gpu)
            connection.close()

        threads = [threading.Thread(target=work, args=(i % 4,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((failures, self.limits()), ([], [149] * 4))

    def test_a_faulty_gpu_spoils_the_answer_of_all_but_not_their_settings(self):
        self.serve("--enable", "gpu-control,gpu-read", machine="""
            settings = "everyone"
            [[gpu]]
            preset = "v100"
            count = 4
            [[fault]]
            gpu = 2
            function = "nvmlDeviceSetPowerManagementLimit"
            error = "gpu_is_lost"
            [[fault]]
            gpu = 1
            function = "nvmlDeviceSetPowerManagementLimit"
            error = "no_permission"
            """)
        status, _, body = self.ask("POST", "/gpu/set_power_limit?gpu_ids=0,1,2&power_limit_mw=200000&block=true")
        self.assertEqual((status, list(body["errors"])), (500, ["1", "2"]))
        self.assertEqual(self.limits(), [200, 250, 250, 250])
        self.assertEqual(self.ask("POST", "/gpu/set_power_limit?gpu_ids=0,1&power_limit_mw=200000&block=true")[0], 403)


class QueryTest(ZeusdCase):
    def test_queries_that_are_wrong(self):
        self.serve("--enable", ",".join(GROUPS))
        write, clocks, energy = "/gpu/set_power_limit", "/gpu/set_gpu_locked_clocks", "/cpu/get_cumulative_energy"
        good = "gpu_ids=0&power_limit_mw=200000&block=true"
        fields = "`gpu_ids`, `power_limit_mw`, `block`"
        digit, flag = "invalid digit found in string", "provided string was not `true` or `false`"
        for method, target, text in (
                ("POST", write, "missing field `gpu_ids`"),
                ("POST", f"{write}?gpu_ids=0&power_limit_mw=200000", "missing field `block`"),
                ("POST", f"{write}?gpu_ids=0&block=true", "missing field `power_limit_mw`"),
                ("POST", f"{write}?{good}&disabled=1", f"unknown field `disabled`, expected one of {fields}"),
                ("POST", f"{write}?{good}&BLOCK=true", f"unknown field `BLOCK`, expected one of {fields}"),
                ("POST", f"{write}?{good}&block=true", "duplicate field `block`"),
                ("POST", f"{write}?gpu_ids=0&power_limit_mw=-1&block=true", digit),
                ("POST", f"{write}?gpu_ids=0&power_limit_mw=1.5&block=true", digit),
                ("POST", f"{write}?gpu_ids=0&power_limit_mw=+5&block=true", digit),
                ("POST", f"{write}?gpu_ids=0&power_limit_mw=%2B&block=true", digit),
                ("POST", f"{write}?gpu_ids=0&power_limit_mw=0x10&block=true", digit),
                ("POST", f"{write}?gpu_ids=0&power_limit_mw=&block=true", "cannot parse integer from empty string"),
                ("POST", f"{write}?gpu_ids=0&power_limit_mw=4294967296&block=true",
                 "number too large to fit in target type"),
                ("POST", f"{write}?gpu_ids=0&power_limit_mw={'9' * 40}&block=true",
                 "number too large to fit in target type"),
                *(("POST", f"{write}?gpu_ids=0&power_limit_mw=200000&block={value}", flag)
                  for value in ("True", "1", "", "yes", "%20true")),
                ("POST", f"{clocks}?gpu_ids=0&min_clock_mhz=1&max_clock_khz=2&block=true",
                 "unknown field `max_clock_khz`, expected one of `gpu_ids`, `min_clock_mhz`, `max_clock_mhz`, `block`"),
                ("POST", "/gpu/set_persistence_mode?gpu_ids=0&disabled=true&block=true",
                 "unknown field `disabled`, expected one of `gpu_ids`, `enabled`, `block`"),
                ("POST", "/gpu/reset_gpu_locked_clocks?lego=1",
                 "unknown field `lego`, expected `gpu_ids` or `block`"),
                ("POST", "/gpu/reset_gpu_locked_clocks?block=false", "missing field `gpu_ids`"),
                ("GET", "/gpu/get_power?gpu=0", "unknown field `gpu`, expected `gpu_ids`"),
                ("GET", "/gpu/stream_power?gpu_ids=0&gpu_ids=1", "duplicate field `gpu_ids`"),
                ("GET", energy, "missing field `cpu`"),
                ("GET", f"{energy}?cpu=true", "missing field `dram`"),
                ("GET", f"{energy}?cpu=true&dram=maybe", flag),
                ("GET", "/cpu/get_power?dram=true", "unknown field `dram`, expected `cpu_ids`"),
                ("GET", "/cpu/stream_power?x=", "unknown field `x`, expected `cpu_ids`")):
            with self.subTest(target=target):
                self.assertEqual(self.ask(method, target), (400, TEXT, f"Query deserialize error: {text}"))
        self.assertEqual(self.ask("GET", "/gpu/get_power?gpu_ids=%zz")[0], 400)

    def test_ids_that_are_wrong(self):
        self.serve("--enable", ",".join(GROUPS))
        write = "/gpu/reset_gpu_locked_clocks?block={}&gpu_ids="
        gpu = ("/gpu/get_power?gpu_ids=", "/gpu/stream_power?gpu_ids=", write.format("true"), write.format("false"))
        cpu = ("/cpu/get_power?cpu_ids=", "/cpu/stream_power?cpu_ids=",
               "/cpu/get_cumulative_energy?cpu=true&dram=true&cpu_ids=")
        for kind, field, prefixes in (("GPU", "gpu_ids", gpu), ("CPU", "cpu_ids", cpu)):
            for ids, error in (("", f"{field} must contain at least one {kind} index"),
                               ("%20%20", f"{field} must contain at least one {kind} index"),
                               ("0,,1", f"{field} contains an empty {kind} index"),
                               ("0,", f"{field} contains an empty {kind} index"),
                               ("x", f"Invalid {kind} index: x"), ("-1", f"Invalid {kind} index: -1"),
                               ("0,1.0", f"Invalid {kind} index: 1.0")):
                for prefix in prefixes:
                    method = "POST" if "reset" in prefix else "GET"
                    with self.subTest(target=prefix + ids):
                        self.assertEqual(self.ask(method, prefix + ids), (400, JSON, {"error": error}))

    def test_devices_that_are_not_there(self):
        self.serve("--enable", ",".join(GROUPS))
        for block in ("true", "false"):
            self.assertEqual(self.ask("POST", f"/gpu/set_power_limit?gpu_ids=0,5,9&power_limit_mw=100000&block={block}"),
                             (400, TEXT, "GPU index 5 does not exist."))
        self.assertEqual(self.limits(), [250] * 4)
        for route in ("get_power", "get_cumulative_energy", "get_power_limit", "get_power_limit_constraints",
                      "get_persistence_mode"):
            self.assertEqual(self.ask("GET", f"/gpu/{route}?gpu_ids=99,1"), (400, JSON, {"error": "GPU 99 not found"}))
        self.assertEqual(self.ask("GET", "/gpu/stream_power?gpu_ids=9,1,7"),
                         (400, JSON, {"error": "Unknown GPU indices: [7, 9]. Available: [0, 1, 2, 3]"}))
        self.assertEqual(self.ask("GET", "/cpu/get_power?cpu_ids=64"), (400, JSON, {"error": "CPU 64 not found"}))

    def test_groups(self):
        daemon = None
        for count in range(1, 4):
            for groups in itertools.combinations(GROUPS, count):
                daemon = self.serve("--enable", ",".join(groups))
                discovered = self.get("/discover")
                self.assertEqual(discovered["enabled_api_groups"], list(groups))
                self.assertEqual(len(discovered["gpus"]), 0 if groups == ("cpu-read",) else 4)
                for group, routes in ROUTES.items():
                    for method, target in routes:
                        with self.subTest(groups=groups, target=target):
                            answer = self.ask(method, target)
                            if group in groups:
                                self.assertEqual(answer[0], 200)
                            else:
                                self.assertEqual(answer, (404, JSON, {
                                    "error": f"API group '{group}' is not enabled on this server."}))
                self.assertEqual(daemon.end(), 0)


class CpuTest(ZeusdCase):
    def serve_cpus(self, tree, *flags):
        self.serve(*flags, machine=None, tree=tree)

    def test_default_groups_without_a_gpu(self):
        self.serve_cpus("two_sockets_dram")
        self.assertEqual(self.get("/discover"), {
            "gpus": [], "cpus": [{"id": 0, "dram_available": True}, {"id": 1, "dram_available": True}],
            "enabled_api_groups": ["cpu-read"], "auth_required": False})

    def test_energy(self):
        self.serve_cpus("two_sockets_dram", "--enable", "cpu-read")
        before = self.get("/cpu/get_cumulative_energy?cpu=true&dram=true")
        self.advance("intel-rapl:0", 5)
        self.advance("intel-rapl:1:0", 0.25)
        after = self.get("/cpu/get_cumulative_energy?cpu=true&dram=true")
        for cpu, field, microjoules in (("0", "cpu_energy_uj", 5_000_000), ("0", "dram_energy_uj", 0),
                                        ("1", "cpu_energy_uj", 0), ("1", "dram_energy_uj", 250_000)):
            self.assertEqual(after[cpu][field] - before[cpu][field], microjoules, (cpu, field))
        self.assertEqual(self.get("/cpu/get_cumulative_energy?cpu=false&dram=true&cpu_ids=1"),
                         {"1": {"cpu_energy_uj": None, "dram_energy_uj": after["1"]["dram_energy_uj"]}})
        self.assertEqual(self.get("/cpu/get_cumulative_energy?cpu=true&dram=false&cpu_ids=0"),
                         {"0": {"cpu_energy_uj": after["0"]["cpu_energy_uj"], "dram_energy_uj": None}})

    def test_a_socket_without_dram(self):
        self.serve_cpus("one_socket", "--enable", "cpu-read")
        self.assertEqual(self.get("/discover")["cpus"], [{"id": 0, "dram_available": False}])
        self.assertIsNone(self.get("/cpu/get_cumulative_energy?cpu=true&dram=true")["0"]["dram_energy_uj"])
        power = self.get("/cpu/get_power")["power_mw"]
        self.assertEqual(power, {"0": {"cpu_mw": 0, "dram_mw": None}})

    def test_power_is_measured_while_others_are_served(self):
        self.serve_cpus("two_sockets_dram", "--enable", "cpu-read", "--cpu-power-poll-hz", "1")
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.get("/cpu/get_power?cpu_ids=0")))
        asking.start()
        while asking.is_alive():
            self.advance("intel-rapl:0", 10)
            self.get("/cpu/get_cumulative_energy?cpu=true&dram=true&cpu_ids=1")
            time.sleep(0.05)
        asking.join()
        self.assertEqual(list(answers[0]["power_mw"]), ["0"])
        self.assertGreater(answers[0]["power_mw"]["0"]["cpu_mw"], 1000)
        self.assertEqual(answers[0]["power_mw"]["0"]["dram_mw"], 0)

    def test_stream(self):
        self.serve_cpus("two_sockets_dram", "--enable", "cpu-read", "--cpu-power-poll-hz", "20")
        answer = self.stream("/cpu/stream_power?cpu_ids=1")
        event = self.event(answer)
        self.assertEqual((list(event), event["cpu_id"], event["cpu_mw"], event["dram_mw"]),
                         (["timestamp_ms", "cpu_id", "cpu_mw", "dram_mw"], 1, 0, 0))
        # Nominal: 2 J within a 20th of a second are 40 W.
        self.advance("intel-rapl:1", 2)
        self.assertEqual(self.event(answer)["cpu_mw"], 40_000)
        self.assertEqual(self.event(answer)["cpu_mw"], 0)


if __name__ == "__main__":
    unittest.main()
