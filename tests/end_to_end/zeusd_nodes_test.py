"""`zeus monitor power --from`: the power of many nodes, as their daemons tell it."""

import contextlib
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import termios
import time
import unittest

from zeus_program import ZEUS, environment, rows, run, started
from zeusd_nodes_case import NodesCase

PATIENCE = 60  # s


class NodesTest(NodesCase):
    def setUp(self):
        super().setUp()
        self.nodes = [self.node(), self.node()]
        self.list = ",".join(node.endpoint for node in self.nodes)

    def follow(self, nodes, token=None):
        """The command, and a function that reads lines of CSV until one is as wanted."""
        process = subprocess.Popen([ZEUS, "monitor", "power", "--from", nodes, "--csv", "--period", "0.05"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=environment(ZEUSD_TOKEN=token))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        header = process.stdout.readline()

        def until(wanted):
            end = time.monotonic() + PATIENCE
            for line in iter(process.stdout.readline, ""):
                row = rows(header + line)[0]
                if wanted(row):
                    return row
                self.assertLess(time.monotonic(), end, f"not within {PATIENCE} s; the last row is {row}")
            self.fail("it ended: " + process.stderr.read())

        return process, until

    def test_a_row_for_each_node_and_device(self):
        done = run("monitor", "power", "--from", self.list, "--period", "0.2", "--for", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = rows(done.stdout)
        self.assertEqual(list(found[0]), ["time", "elapsed_s", "node", "device", "power_W", "energy_J", "domain", "source",
                                          "failure"])
        self.assertEqual([(row["node"], row["device"]) for row in found],
                         [(node.endpoint, f"gpu{gpu}") for node in self.nodes for gpu in range(4)] * 6)
        self.assertEqual({row["power_W"] for row in found}, {"25.0"})
        self.assertEqual({row["energy_J"] for row in found[:8]}, {"0.0"})
        for row in found[-8:]:
            # Power does not change, and no second event comes of it.
            self.assertAlmostEqual(float(row["energy_J"]), 25 * float(row["elapsed_s"]), delta=2.5)
        self.assertEqual({(row["source"], row["failure"]) for row in found}, {("integrated", "")})
        self.assertRegex(done.stderr, rf"\Azeus: \d\.\d s: {self.nodes[0].endpoint} \d+\.\d+ J, {self.nodes[1].endpoint} "
                                      r"\d+\.\d+ J, together \d+\.\d+ J\n\Z")

    def test_json_lines_say_the_same(self):
        done = run("monitor", "power", "--from", self.list, "--json", "--for", "0", "--gpu", "1,3")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(line["node"], line["device"], line["power_W"]) for line in lines],
                         [(node.endpoint, gpu, 25) for node in self.nodes for gpu in ("gpu1", "gpu3")])
        self.assertEqual((lines[0]["energy_J"], lines[0]["domain"], lines[0]["failure"]), (0, None, None))

    def test_a_node_is_killed_and_starts_again(self):
        first, second = self.nodes
        third = self.guarded_node()
        process, until = self.follow(self.list + "," + third.endpoint, self.token("gpu-read"))
        until(lambda row: row["node"] == third.endpoint and row["power_W"] == "25.0")
        until(lambda row: row["node"] == second.endpoint and row["power_W"] == "25.0")
        second.end(signal.SIGKILL)
        gone = until(lambda row: row["node"] == second.endpoint and row["failure"])
        self.assertEqual((gone["power_W"], gone["source"]), ("", "integrated"))
        self.assertIn(second.endpoint, gone["failure"])
        until(lambda row: row["node"] == first.endpoint and row["power_W"] == "25.0" and not row["failure"])
        away = until(lambda row: row["node"] == second.endpoint and float(row["elapsed_s"]) > float(gone["elapsed_s"]) + 0.3)
        self.assertEqual(away["energy_J"], gone["energy_J"])
        self.node(endpoint=second.endpoint)
        back = until(lambda row: row["node"] == second.endpoint and row["power_W"] == "25.0")
        self.assertEqual((back["source"], back["failure"]), ("estimated", ""))
        process.send_signal(signal.SIGINT)
        out, notes = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, notes)
        for row in rows("time,elapsed_s,node,device,power_W,energy_J,domain,source,failure\n" + out)[-12:]:
            self.assertAlmostEqual(float(row["energy_J"]), 25 * float(row["elapsed_s"]), delta=5, msg=row)
        self.assertRegex(notes, rf"(?m)^zeus: {second.endpoint}: the stream of its GPUs' power has ended, and is asked for again: ")
        self.assertRegex(notes, rf"(?m)^zeus: {second.endpoint}: the stream of its GPUs' power goes on$")
        self.assertRegex(notes, r"(?m)^zeus: \S+ s: .* together \S+ k?J\n\Z")

    def test_a_machine_that_starts_anew_would_be_noticed(self):
        process, until = self.follow(self.nodes[0].endpoint)
        until(lambda row: row["power_W"] == "25.0")
        port = f":{int(self.nodes[0].endpoint.rpartition(':')[2]):04X}"

        def is_kept_alive():
            connections = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
            # The other's address; its timer, of which 2 is that of keeping alive (kernel, proc_net_tcp).
            return any(each[2].endswith(port) and each[5].startswith("02:") for each in connections)

        end = time.monotonic() + PATIENCE
        while not is_kept_alive():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        process.terminate()
        process.communicate(timeout=PATIENCE)

    def test_a_node_that_is_away_in_the_end(self):
        process, until = self.follow(self.list)
        until(lambda row: row["power_W"] == "25.0")
        self.nodes[1].end()
        until(lambda row: row["failure"])
        process.send_signal(signal.SIGTERM)
        _, notes = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 1, notes)
        self.assertIn(f"zeus: {self.nodes[1].endpoint}: ", notes.splitlines()[-1])

    def test_a_node_that_asks_for_a_token(self):
        node = self.guarded_node()

        def monitor(token, *arguments):
            return run("monitor", "power", "--from", node.endpoint, "--for", "0", *arguments, env={"ZEUSD_TOKEN": token})

        done = monitor(None)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"\Azeus: there is nothing to follow: .*token.*\n\Z")
        done = run("monitor", "power", "--for", "0", "--from", f"{node.endpoint},{self.nodes[0].endpoint}",
                   env={"ZEUSD_TOKEN": None})
        self.assertEqual((done.returncode, {row["node"] for row in rows(done.stdout)}), (0, {self.nodes[0].endpoint}))
        self.assertRegex(done.stderr, rf"\Azeus: Zeusd at {node.endpoint} .*token")
        done = monitor(None, "--gpu", "0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("lacks required scope 'gpu-read'", done.stderr)
        self.assertNotEqual(monitor(self.token("cpu-read"), "--gpu", "0").returncode, 0)
        done = monitor(self.token("gpu-read"), "--gpu", "0")
        self.assertEqual((done.returncode, [row["power_W"] for row in rows(done.stdout)]), (0, ["25.0"]), done.stderr)
        done = monitor("two words")
        self.assertEqual((done.returncode, done.stderr),
                         (2, "zeus: ZEUSD_TOKEN: expected visible ASCII characters without spaces\n"))

    def test_a_table_on_a_terminal(self):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (50, 140))
        process = subprocess.Popen(
            [ZEUS, "monitor", "power", "--from", self.list, "--period", "0.1", "--for", "0.5"],
            stdout=theirs, stderr=theirs, env=environment(TERM="xterm"))
        os.close(theirs)
        text = b""
        with open(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # How a terminal tells its end.
            while part := terminal.read(65536):
                text += part
        self.assertEqual(process.wait(PATIENCE), 0, text)
        last = re.sub(r"\x1b\[[0-9;]*m", "", re.split(r"\x1b\[\d+A\x1b\[J", text.decode())[-1])
        self.assertRegex(last, rf"(?m)^{self.nodes[0].endpoint} +gpu0 +Tesla V100-PCIE-32GB +25\.0 W")
        self.assertRegex(last, r"s; together 200\.0 W, \S+ J; energy integrated; Ctrl-C ends")

    def test_wrong_usage(self):
        endpoint = self.nodes[0].endpoint
        for arguments, message in [
            (("node1",), 'zeus: --from: expected HOST:PORT or unix:FILE, such as node1:4938, found "node1"\n'),
            ((endpoint + ",",), "--from"),
            ((endpoint + "," + endpoint,), f"Duplicate server endpoints: ['{endpoint}']"),
            ((endpoint, "--gpu", "0,9"), f"GPU indices [9] requested for {endpoint} but only [0, 1, 2, 3] are available"),
            ((endpoint, "--gpu", "x"), '--gpu: expected GPUs such as 0 or 0,2, found "x"'),
            ((endpoint, "--domain", "device_average"), "excludes"),
        ]:
            done = run("monitor", "power", "--for", "0", "--from", *arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), (arguments, done.stderr))
            self.assertIn(message, done.stderr)
        self.nodes[1].end()
        done = run("monitor", "power", "--for", "0", "--from", self.list)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, rf"\Azeus: Cannot reach Zeusd at {self.nodes[1].endpoint}: .*\n\Z")


class ProcessorsTest(NodesCase):
    def test_processors_and_their_memory_over_a_unix_socket(self):
        daemon = self.serve(tree="one_socket_dram", machine=None)
        with started([ZEUS, "monitor", "power", "--from", f"unix:{daemon.address}", "--json", "--period", "0.1"],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            lines = map(json.loads, process.stdout)
            first = [next(lines), next(lines)]
            self.assertEqual([(line["node"], line["device"], line["power_W"]) for line in first],
                             [(daemon.address, "cpu0", 0), (daemon.address, "dram0", 0)])
            # 50 W for a period of the daemon's polling. On a machine that is busy a client may be too slow to see that.
            advanced = 0
            for row, line in enumerate(line for line in lines if line["device"] == "cpu0"):
                if line["energy_J"] > 4:
                    break
                if row % 20 == 0:
                    self.advance("intel-rapl:0", 5)
                    advanced += 5
                self.assertLess(advanced, 100, line)
            self.assertLess(line["energy_J"], advanced + 2)
            process.send_signal(signal.SIGINT)
            for line in lines:
                last = line
            self.assertEqual(process.wait(PATIENCE), 0, process.stderr.read())
        self.assertEqual(last["energy_J"], 0)  # The memory's.


if __name__ == "__main__":
    unittest.main()
