"""The package's own client of the node daemon, zeus.utils.zeusd and zeus.monitor.PowerStreamingClient, against
`zeusd serve`; the scripts that the published package runs, run with it, too."""

import os
import signal
import subprocess
import unittest

import published_package
from published_package import PYTHON
from zeus_program import environment
from zeusd_nodes_case import NodesCase
from zeusd_published_client_test import CLIENT, STREAM

PACKAGE = os.environ["ZEUS_PYTHON_PACKAGE"]

# What scripts below begin with: each server is HOST:PORT or a socket.
HEAD = """
    import sys, time
    from zeus.monitor import PowerReadings, PowerStreamingClient
    from zeus.utils.zeusd import *
    def config(server, **more):
        host, _, port = server.partition(":")
        return ZeusdConfig.tcp(host, int(port), **more) if port else ZeusdConfig.uds(server, **more)
    def error_of(wanted, call, *arguments, **named):
        try:
            call(*arguments, **named)
        except wanted as error:
            assert type(error) is wanted, type(error)
            return str(error)
        raise SystemExit(f"{call} raised no {wanted}")
    def until(is_so, what):
        end = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < end, what()
            time.sleep(0.02)
"""

WRONG = HEAD + """
    server, old, nothing = sys.argv[1:]
    for where in (nothing, "/nowhere/zeusd.sock", "/" + "x" * 200):
        message = error_of(ZeusdConnectionError, ZeusdClient, config(where))
        assert message.startswith(f"Cannot reach Zeusd at {where}: "), message
    assert "HOST:PORT" in error_of(ZeusdConnectionError, ZeusdClient, ZeusdConfig(host_port="nowhere"))
    assert error_of(ZeusdConnectionError, ZeusdClient) == (
        "No Zeusd connection configured. Set ZEUSD_SOCK_PATH or ZEUSD_HOST_PORT, or pass a ZeusdConfig.")
    assert "two words" not in error_of(ValueError, ZeusdClient, config(server, token="two words"))

    client = ZeusdClient(config(server))
    assert client.endpoint == server and not client.auth_required and client.auth_error is None
    assert client.gpus[1] == GpuInfo(1, "Tesla V100-PCIE-32GB", client.gpus[1].pci_address, True), client.gpus
    assert client.can_read_gpu and not client.can_control_gpu and not client.can_read_cpu
    require_capabilities(client, read_gpu=True, gpu_ids=[0, 3])
    assert error_of(ZeusdCapabilityError, require_capabilities, client, read_gpu=True, control_gpu=True, read_cpu=True,
                    gpu_ids=[0, 5], cpu_ids=[3]) == (
        f"Zeusd at {server}: API group 'gpu-control' is not enabled on this server; "
        "API group 'cpu-read' is not enabled on this server; GPU indices [5] not available (available: [0, 1, 2, 3]); "
        "CPU indices [3] not available (available: [])")
    assert error_of(ZeusdError, client.get_gpu_power, [9]) == 'Failed to get_gpu_power: {"error":"GPU 9 not found"}'
    assert error_of(ZeusdError, client.get_gpu_energy, []) == (
        'Failed to get_gpu_energy: {"error":"gpu_ids must contain at least one GPU index"}')
    assert "gpu-control" in error_of(ZeusdError, client.set_power_limit, [0], 150_000)
    assert client.url("/time") == f"http://{server}/time"

    for body, words in (("[", "is no zeusd"), ("[]", "is no zeusd"), ("{}", "did not report 'gpus' in /discover"),
                        ('{"gpus":[{"id":0}]}', "did not report 'name' in /discover; the daemon is older than this "
                                                "version of Zeus. Upgrade zeusd.")):
        open(old, "w").write(body)
        assert words in error_of(ZeusdConnectionError, answering, open(old).read())
    print("done")
"""

# A server that says what it is told to.
ANSWERS = """
    import http.server, threading
    def answering(body, status=200):
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_): pass
            def do_GET(self):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())
        with http.server.HTTPServer(("127.0.0.1", 0), Handler) as served:
            threading.Thread(target=served.serve_forever, daemon=True).start()
            try:
                return ZeusdClient(ZeusdConfig.tcp("127.0.0.1", served.server_port))
            finally:
                served.shutdown()
"""

TOKENS = HEAD + """
    server, good, other = sys.argv[1:]
    def client(token):
        return ZeusdClient(config(server, token=token))
    def refused(client, message):
        assert client.auth_required and message in client.auth_error, client.auth_error
        assert client.granted_scopes == frozenset() and not client.can_read_gpu
        assert error_of(ZeusdAuthError, require_capabilities, client, read_gpu=True) == client.auth_error
    refused(client(None), f"Zeusd at {server} requires authentication but no token was provided. Set the ZEUSD_TOKEN "
                          "environment variable or pass token= in the config.")
    refused(client("garbage"), f"Token rejected by Zeusd at {server}: ")
    assert "gpu-read" in client(good).granted_scopes and client(good).can_read_gpu and not client(good).can_read_cpu
    assert client(good).get_gpu_power([0]).power_mw == {0: 25_000}
    assert not client(other).can_read_gpu
    assert error_of(ZeusdCapabilityError, require_capabilities, client(other), read_gpu=True) == (
        f"Zeusd at {server}: Token lacks required scope 'gpu-read' (granted: ['cpu-read'])")
    assert good not in repr(config(server, token=good))

    def followed(**more):
        return PowerStreamingClient([config(server, **more)])
    assert error_of(ZeusdCapabilityError, followed, token=other, gpu_indices=[0]).startswith(
        f"Token for {server} lacks required scope 'gpu-read' (explicitly requested gpu_indices=[0])")
    for nothing in (followed(token=other), followed(), followed(token=good, gpu_indices=[], cpu_indices=[])):
        assert nothing.get_power() == {}
        nothing.stop()
    power = followed(token=good, gpu_indices=[2])
    until(power.get_power, power.get_power)
    assert power.get_power()[server].gpu_power_w == {2: 25.0}
    print("done")
"""

FOLLOW = HEAD + """
    import asyncio, faulthandler, os, threading
    servers = sys.argv[1:]
    faulthandler.dump_traceback_later(100, exit=True)  # After a failure its threads would go on.
    assert "Duplicate server endpoints: ['" in error_of(ValueError, PowerStreamingClient, [config(servers[0])] * 2)
    assert error_of(ValueError, PowerStreamingClient, [config(servers[0], gpu_indices=[0, 9])]) == (
        f"GPU indices [9] requested for {servers[0]} but only [0, 1, 2, 3] are available")
    assert error_of(ZeusdConnectionError, PowerStreamingClient, [config("127.0.0.1:1")]).startswith(
        "Cannot reach Zeusd at 127.0.0.1:1: ")

    client = PowerStreamingClient([config(server) for server in servers], reconnect_delay_s=0.05)
    for readings in client:
        if all(len(readings.get(server, PowerReadings()).gpu_power_w) == 4 for server in servers):
            break
    assert abs(readings[servers[0]].timestamp_s - time.time()) < 20, readings
    readings[servers[0]].gpu_power_w.clear()
    assert client.get_power()[servers[0]].gpu_power_w == {gpu: 25.0 for gpu in range(4)}

    # The iterators end with it, wherever they wait; so do those of a coroutine.
    ended = []
    async def follow():
        async for readings in client:
            ended.append(set(readings))
    def loop():
        for readings in client:
            ended.append(set(readings))
    threads = [threading.Thread(target=loop), threading.Thread(target=asyncio.run, args=(follow(),))]
    for thread in threads:
        thread.start()
    until(lambda: len(ended) >= 2, lambda: ended)
    assert all(each == set(servers) for each in ended), ended

    print("following", flush=True)
    assert sys.stdin.readline() == "killed\\n"
    assert client.get_power()[servers[1]].gpu_power_w[3] == 25.0  # What it told last.
    before = client.get_power()[servers[1]].timestamp_s
    print("away", flush=True)
    assert sys.stdin.readline() == "back\\n"
    until(lambda: client.get_power()[servers[1]].timestamp_s > before, client.get_power)

    if (child := os.fork()) == 0:
        message = error_of(RuntimeError, client.get_power)
        os._exit(0 if "made in the process that forked this one" in message else 1)
    assert os.waitpid(child, 0)[1] == 0

    begin = time.monotonic()
    client.stop()
    client.stop()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begin < 1
    assert set(client.get_power()) == set(servers) and list(client) == []
    print("done", flush=True)
"""

SHARED = HEAD + """
    import os, threading
    client = ZeusdClient(config(sys.argv[1]))
    failed = []
    def ask():
        for _ in range(50):
            if client.get_power_limit([1]) != {1: 250_000}:
                failed.append(1)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    if (child := os.fork()) == 0:
        ask()
        os._exit(len(failed))
    for thread in threads:
        thread.join()
    assert os.waitpid(child, 0)[1] == 0 and not failed
    print("done")
"""

ENVIRONMENT = HEAD + """
    found = ZeusdConfig.from_env()
    assert (found and found.endpoint) == (sys.argv[1] or None), found
    assert (found and found.token) == (sys.argv[2] or None), found
    print("done")
"""

HTTPX = HEAD + """
    client = ZeusdClient(config(sys.argv[1]))
    with client.make_client() as http:
        assert http.get(client.url("/time")).json()["timestamp_ms"] > 1_700_000_000_000
    print("done")
"""


def without_indent(script):
    return "\n".join(line.removeprefix("    ") for line in script.splitlines())


class PythonCase(NodesCase):
    def start(self, script, *arguments, env=None, **options):
        changes = {"ZEUSD_SOCK_PATH": None, "ZEUSD_HOST_PORT": None, "ZEUSD_TOKEN": None, "PYTHONPATH": PACKAGE,
                   **(env or {})}
        return subprocess.Popen(
            [os.environ["ZEUS_TEST_PYTHON"], self.write("client.py", without_indent(script)), *map(str, arguments)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**changes),
            cwd=self.folder, **options)

    def run_script(self, script, *arguments, **options):
        with self.start(script, *arguments, **options) as process:
            out, errors = process.communicate(timeout=120)
        self.assertEqual((process.returncode, out.splitlines()[-1:]), (0, ["done"]), out + errors)
        return errors


class ClientTest(PythonCase):
    def test_the_published_script_over_both_transports(self):
        daemon = self.serve(tree="one_socket_dram")
        self.run_script(CLIENT, daemon.address)
        daemon.end()
        self.run_script(CLIENT, self.serve(tree="one_socket_dram", tcp=True).address.removeprefix("http://"))

    def test_what_is_wrong_is_told(self):
        gone = self.node()
        gone.end()
        self.run_script(ANSWERS + WRONG, self.node().endpoint, self.folder / "answer", gone.endpoint)

    def test_tokens(self):
        errors = self.run_script(TOKENS, self.guarded_node().endpoint, self.token("gpu-read"), self.token("cpu-read"))
        self.assertIn("requires authentication but no token was provided", errors)

    def test_threads_and_forks_share_a_client(self):
        self.run_script(SHARED, self.node().endpoint)

    def test_what_the_environment_says(self):
        for env, endpoint, token in (
            ({}, "", ""),
            ({"ZEUSD_SOCK_PATH": "/a.sock", "ZEUSD_HOST_PORT": "node1:4938", "ZEUSD_TOKEN": "t"}, "/a.sock", "t"),
            ({"ZEUSD_SOCK_PATH": "", "ZEUSD_HOST_PORT": "node1:4938", "ZEUSD_TOKEN": ""}, "node1:4938", ""),
        ):
            self.run_script(ENVIRONMENT, endpoint, token, env=env)

    def test_a_client_of_httpx(self):
        published_package.install()
        [packages] = (PYTHON.parents[1] / "lib").glob("python3*/site-packages")
        env = {"PYTHONPATH": f"{PACKAGE}{os.pathsep}{packages}"}
        self.run_script(HTTPX, self.node().endpoint, env=env)
        self.run_script(HTTPX, self.serve().address, env=env)


class StreamTest(PythonCase):
    def test_the_published_script(self):
        self.run_script(STREAM, self.node().endpoint, self.node().endpoint)

    def test_a_node_is_killed_and_starts_again(self):
        first, second = self.node(), self.node()
        with self.start(FOLLOW, first.endpoint, second.endpoint) as process:
            try:
                self.assertEqual(process.stdout.readline(), "following\n")
                second.end(signal.SIGKILL)
                print("killed", file=process.stdin, flush=True)
                self.assertEqual(process.stdout.readline(), "away\n")
                self.node(endpoint=second.endpoint)
                out, errors = process.communicate("back\n", timeout=120)
            finally:
                process.kill()
        self.assertEqual((process.returncode, out), (0, "done\n"), errors)
        self.assertRegex(errors, rf"{second.endpoint}: the stream of its GPUs' power has ended")
        self.assertRegex(errors, rf"{second.endpoint}: the stream of its GPUs' power goes on")

    def test_processors_and_their_memory(self):
        self.run_script(HEAD + """
    from zeus.monitor import CpuPowerReading
    client = PowerStreamingClient([config(sys.argv[1])])
    until(client.get_power, client.get_power)
    (readings,) = client.get_power().values()
    assert readings.cpu_power_w == {0: CpuPowerReading(0.0, 0.0)} and readings.gpu_power_w == {}, readings
    print("done")
""", self.serve(tree="one_socket_dram", machine=None).address)

    def test_an_interrupt_ends_a_loop_to_which_nothing_comes(self):
        self.run_script(HEAD + """
    import os, signal, threading
    client = PowerStreamingClient([config(sys.argv[1])])
    try:
        for readings in client:  # Power does not change; the last of the GPUs' first events is the last of all.
            if len(readings[sys.argv[1]].gpu_power_w) == 4:
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    except KeyboardInterrupt:
        print("done")
""", self.node().endpoint)

    def test_a_script_that_forgets_to_stop_ends(self):
        self.run_script(HEAD + """
    client = PowerStreamingClient([config(sys.argv[1])])
    until(client.get_power, client.get_power)
    print("done")
""", self.node().endpoint)


class ShowEnvTest(PythonCase):
    def shown(self, section="Zeusd daemon", **env):
        changes = {"ZEUSD_SOCK_PATH": None, "ZEUSD_HOST_PORT": None, "ZEUSD_TOKEN": None, "PYTHONPATH": PACKAGE, **env}
        done = subprocess.run([os.environ["ZEUS_TEST_PYTHON"], "-m", "zeus.show_env"], capture_output=True, text=True,
                              timeout=120, env=environment(**changes))
        self.assertEqual(done.returncode, 0, done.stderr)
        sections = [part.strip("\n-") for part in done.stdout.split("## ")]
        return next(part for part in sections if part.startswith(section)).splitlines()[1:]

    def test_no_daemon(self):
        self.assertEqual(self.shown(), ["  Not configured (set ZEUSD_SOCK_PATH or ZEUSD_HOST_PORT to connect)."])

    def test_a_daemon_that_is_not_there(self):
        endpoint, error = self.shown(ZEUSD_SOCK_PATH="/nowhere/zeusd.sock")
        self.assertEqual(endpoint, "  Endpoint: /nowhere/zeusd.sock")
        self.assertTrue(error.startswith("  Error: Cannot reach Zeusd at /nowhere/zeusd.sock: "), error)

    def test_a_daemon(self):
        endpoint = self.node().endpoint
        lines = self.shown(ZEUSD_HOST_PORT=endpoint)
        text = "\n".join(lines)
        self.assertIn(f"  Endpoint: {endpoint}\n", text)
        self.assertIn("  GPUs: [(0, 'Tesla V100-PCIE-32GB'), (1, ", text)
        self.assertIn("  Auth required: False\n", text)
        self.assertRegex(text, r"(?m)^  Clock offset: [+-]0\.\d{4} s \(client - daemon\)$")
        self.assertIn("  can_read_gpu: True\n  can_control_gpu: False\n  can_read_cpu: False", text)
        self.assertNotIn("Authenticated", text)

    def test_processors_that_the_daemon_reads(self):
        if os.path.exists("/sys/class/powercap/intel-rapl:0"):
            self.skipTest("this machine has processors of its own to read")
        self.serve("--enable", "cpu-read", machine=None, tree="one_socket_dram")
        socket = self.folder / "zeusd.sock"
        self.assertEqual(self.shown("CPU availability", ZEUSD_SOCK_PATH=str(socket)), [
            "  CPU 0:", f"    CPU measurements available (Zeusd at {socket})",
            f"    DRAM measurements available (Zeusd at {socket})"])

    def test_a_token(self):
        endpoint = self.guarded_node().endpoint
        text = "\n".join(self.shown(ZEUSD_HOST_PORT=endpoint, ZEUSD_TOKEN=self.token("gpu-read", "cpu-read")))
        self.assertIn("  Authenticated as: alice\n  Granted scopes: ['cpu-read', 'gpu-read']\n", text)
        self.assertRegex(text, r"  Token expires: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ \(valid\)")
        self.assertIn("  Auth error: Token rejected by Zeusd",
                      "\n".join(self.shown(ZEUSD_HOST_PORT=endpoint, ZEUSD_TOKEN="garbage")))


if __name__ == "__main__":
    unittest.main()
