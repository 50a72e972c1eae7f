"""`GET /metrics` of `zeusd serve`: what it tells, to a real Prometheus, and to the dashboard and the unit beside it."""

import json
import re
import shutil
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from zeus_program import HERE
from zeusd_case import ZeusdCase

SOURCES = HERE.parents[1] / "apps" / "zeusd"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class MetricsTest(ZeusdCase):
    def text(self, accept=None):
        status, kind, text = self.ask("GET", "/metrics", headers={"Accept": accept} if accept else {})
        self.assertEqual(status, 200, text)
        return kind, text

    def value(self, text, name, gpu):
        found = re.search(rf'^{name}{{gpu="{gpu}",[^}}]*}} (.*)$', text, re.MULTILINE)
        self.assertIsNotNone(found, name)
        return float(found[1])

    def test_figures_of_every_gpu(self):
        self.serve("--enable", "gpu-control,gpu-read")
        self.post("/gpu/set_power_limit?gpu_ids=2&power_limit_mw=150000&block=true")
        kind, first = self.text()
        self.assertEqual(kind, "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual([self.value(first, "zeus_gpu_power_limit_watts", gpu) for gpu in range(4)],
                         [250, 250, 150, 250])
        self.assertEqual(self.value(first, "zeus_gpu_up", 3), 1)
        self.assertIn('zeus_http_requests_total{method="POST",route="/gpu/set_power_limit",status="200"} 1\n', first)
        time.sleep(0.3)
        second = self.text()[1]
        spent = (self.value(second, "zeus_gpu_energy_joules_total", 0)
                 - self.value(first, "zeus_gpu_energy_joules_total", 0))
        self.assertGreater(spent, 0)

    def test_openmetrics_where_it_is_asked_for(self):
        self.serve("--enable", "gpu-read")
        kind, text = self.text("application/openmetrics-text; version=1.0.0,text/plain;q=0.5")
        self.assertEqual(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.assertTrue(text.endswith("# EOF\n"))
        self.assertIn("# TYPE zeus_gpu_energy_joules counter\n", text)

    def test_processors(self):
        self.serve("--enable", "cpu-read", tree="one_socket_dram", machine=None)
        text = self.text()[1]
        self.assertRegex(text, r'zeus_cpu_energy_joules_total{cpu="0",name="package-0"} [\d.e+]+\n')
        self.assertNotIn("zeus_gpu_up{", text)

    def test_a_gpu_that_is_lost_is_told_and_the_others_go_on(self):
        self.serve("--enable", "gpu-read", machine="""
            settings = "everyone"
            [[gpu]]
            preset = "v100"
            count = 2
            [[fault]]
            gpu = 1
            function = "nvmlDeviceGetTotalEnergyConsumption"
            error = "gpu_is_lost"
            """)
        text = self.text()[1]
        self.assertGreaterEqual(self.value(text, "zeus_gpu_energy_joules_total", 0), 0)
        self.assertNotIn('zeus_gpu_energy_joules_total{gpu="1"', text)

    def test_prometheus_scrapes_it(self):
        program = shutil.which("prometheus")
        if program is None:
            self.skipTest("there is no prometheus here")
        daemon = self.serve("--enable", "gpu-control,gpu-read", tcp=True)
        target = daemon.address.removeprefix("http://")
        config = self.write("prometheus.yml", "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: zeusd\n"
                                              f"    static_configs: [{{targets: ['{target}']}}]\n")
        url = f"http://127.0.0.1:{free_port()}"
        with open(self.folder / "prometheus.log", "wb") as log:
            prometheus = subprocess.Popen([program, f"--config.file={config}", f"--storage.tsdb.path={self.folder}/data",
                                           f"--web.listen-address={url.removeprefix('http://')}"], stdout=log,
                                          stderr=log, cwd=self.folder)
        self.addCleanup(prometheus.wait)
        self.addCleanup(prometheus.kill)

        def query(expression):
            end = time.monotonic() + 60
            while time.monotonic() < end:
                try:
                    with urllib.request.urlopen(f"{url}/api/v1/query?query=" + urllib.parse.quote(expression)) as answer:
                        result = json.load(answer)["data"]["result"]
                    if result:
                        return result
                except (urllib.error.URLError, ConnectionError):
                    pass
                self.assertIsNone(prometheus.poll(), (self.folder / "prometheus.log").read_text())
                time.sleep(0.1)
            raise AssertionError(f"{expression}: nothing\n" + (self.folder / "prometheus.log").read_text())

        self.assertEqual([each["value"][1] for each in query('up{job="zeusd"}')], ["1"])
        limits = query("zeus_gpu_power_limit_watts")
        self.assertEqual(sorted((each["metric"]["gpu"], each["value"][1]) for each in limits),
                         [(str(gpu), "250") for gpu in range(4)])
        self.assertEqual({each["metric"]["name"] for each in limits}, {"Tesla V100-PCIE-32GB"})
        self.assertGreater(float(query("sum(increase(zeus_gpu_energy_joules_total[1m])) > 0")[0]["value"][1]), 0)
        self.check_dashboard(query)

    def check_dashboard(self, query):
        """Prometheus takes each of its expressions, and each metric in them is one that we tell."""
        told = set(re.findall(r"^# TYPE (\w+) ", self.text()[1], re.MULTILINE))
        dashboard = json.loads((SOURCES / "grafana.json").read_text())
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        self.assertGreater(len(expressions), 10)
        for expression in expressions:
            with self.subTest(expression):
                self.assertLessEqual(set(re.findall(r"zeus_\w+", expression)), told)
                filled = (expression.replace("$instance", ".*").replace("$__range", "1m")
                          .replace("$__rate_interval", "1m"))
                query(f"({filled}) or vector(1)")


class UnitTest(unittest.TestCase):
    def test_systemd_takes_the_unit_and_finds_it_hardened(self):
        program = shutil.which("systemd-analyze")
        if program is None:
            self.skipTest("there is no systemd-analyze here")
        done = subprocess.run([program, "security", "--offline=true", "--threshold=35", SOURCES / "zeusd.service"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)
        self.assertNotRegex(done.stderr, "(?i)unknown")


if __name__ == "__main__":
    unittest.main()
