"""`zeus emulate`: a command on a machine with GPUs that are not there."""

import json
import pathlib
import signal
import subprocess
import time
import unittest

from zeus_program import ZEUS, ZeusTest, run, started


def states(process):
    """The machines that the command `process` made and that still exist. Others may run beside this test."""
    return list(pathlib.Path("/dev/shm").glob(f"zeus-emulator.*.{process.pid}"))


class EmulateTest(ZeusTest):
    def env(self, *arguments, **options):
        done = run("emulate", *arguments, "--", ZEUS, "env", "--json", **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_the_command_sees_the_gpus(self):
        gpus = self.env("--gpus", "v100x2,rtx6000,h100")["gpus"]
        self.assertEqual([gpu["name"] for gpu in gpus],
                         ["Tesla V100-PCIE-32GB", "Tesla V100-PCIE-32GB", "Quadro RTX 6000", "NVIDIA H100 80GB HBM3"])
        self.assertEqual(len({gpu["uuid"] for gpu in gpus}), 4)

    def test_the_exit_code_is_passed_on(self):
        for code in (0, 1, 7, 255):
            self.assertEqual(run("emulate", "--", "sh", "-c", f"exit {code}").returncode, code)
        self.assertEqual(run("emulate", "sh", "-c", "kill -9 $$").returncode, 128 + 9)

    def test_the_commands_streams_are_its_own(self):
        done = run("emulate", "--", "sh", "-c", "cat; echo problem >&2", input="words\n")
        self.assertEqual((done.stdout, done.stderr), ("words\n", "problem\n"))

    def test_nothing_is_left_behind(self):
        with started([ZEUS, "emulate", "--", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            process.stdin.write("up\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), "up\n")
            self.assertEqual(len(states(process)), 1)
            process.stdin.close()
            self.assertEqual(process.wait(timeout=30), 0)
        self.assertEqual(states(process), [])

    def test_a_termination_reaches_the_command(self):
        with started([ZEUS, "emulate", "--", "sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.02; done"],
                     stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=30), 9)
        self.assertEqual(states(process), [])

    def test_processes_share_one_machine(self):
        state = self.folder / "state"
        script = f"'{ZEUS}' emulate --state '{state}' -- '{ZEUS}' env --json"
        # Another command joins while the first still runs, and finds what the first was given.
        done = run("emulate", "--state", state, "--gpus", "a100x3", "--", "sh", "-c", script)
        self.assertEqual(len(json.loads(done.stdout)["gpus"]), 3, done.stderr)
        self.assertFalse(state.exists())

    def test_a_load_ends_with_its_process(self):
        script = (f"'{ZEUS}' emulate load --compute 1 & load=$!; sleep 0.5; '{ZEUS}' env --json; kill -9 $load; "
                  f"sleep 0.5; '{ZEUS}' env --json")
        done = run("emulate", "--gpus", "v100", "--", "sh", "-c", script)
        busy, idle = (document["gpus"][0] for document in self.documents(done.stdout))
        self.assertGreater(busy["power_w"], 200)
        self.assertEqual(busy["processes"], 1)
        self.assertEqual(idle["processes"], 0)
        self.assertLess(idle["power_w"], 50)

    @staticmethod
    def documents(text):
        """The JSON documents that stand one after the other in a text."""
        decoder, documents = json.JSONDecoder(), []
        while text := text.strip():
            document, end = decoder.raw_decode(text)
            documents.append(document)
            text = text[end:]
        return documents

    def test_work_takes_longer_under_a_lower_limit(self):
        config = self.write("machine.toml", '[[gpu]]\npreset = "v100"\ndefault_power_limit_w = 100\n')
        work = [ZEUS, "emulate", "load", "--compute-seconds", "0.4", "--memory-seconds", "0.1"]
        took = []
        for machine in (["--gpus", "v100"], ["--config", config]):
            begin = time.monotonic()
            done = run("emulate", *machine, "--", *work)
            took.append(time.monotonic() - begin)
            self.assertRegex(done.stdout, r"GPU 0 did the work in \d\.\d{3} s; at its highest clock it takes 0\.500 s")
        self.assertGreater(took[0], 0.5)
        self.assertGreater(took[1], 1.2 * took[0])

    def test_a_fault_of_the_configuration(self):
        config = self.write("machine.toml",
                            '[[gpu]]\npreset = "v100"\ncount = 2\n'
                            '[[fault]]\ngpu = 1\nerror = "gpu_is_lost"\n')
        found = self.env("--config", config)
        self.assertEqual([gpu["vendor_index"] for gpu in found["gpus"]], [0])
        self.assertTrue(any("GPU 1" in problem and "lost" in problem for problem in found["problems"]), found["problems"])

    def test_missing_symbols_are_really_missing(self):
        config = self.write("machine.toml",
                            'missing_symbols = ["nvmlDeviceGetTotalEnergyConsumption"]\n[[gpu]]\npreset = "v100"\n')
        energy = self.env("--config", config)["gpus"][0]["capabilities"]["energy_counter"]
        self.assertEqual(energy, {"can": False, "may": False,
                                  "why_not": "this driver's NVML has no nvmlDeviceGetTotalEnergyConsumption"})

    def test_visible_devices(self):
        gpus = self.env("--gpus", "v100x3", env={"CUDA_VISIBLE_DEVICES": "2,0"})["gpus"]
        self.assertEqual([gpu["index"] for gpu in gpus], [1, None, 0])


class EmulateBadInputTest(ZeusTest):
    def expect(self, code, message, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_wrong_usage(self):
        self.expect(2, "a command is missing", "emulate")
        self.expect(2, "a command is missing", "emulate", "--gpus", "v100", "--")
        self.expect(2, '--gpus: "tpu": no GPU model "tpu": expected one of m40, p100, v100', "emulate", "--gpus", "tpu", "--", "true")
        self.expect(2, "expected 1 to 64 GPUs", "emulate", "--gpus", "v100x65", "--", "true")
        self.expect(2, "--gpus excludes --config", "emulate", "--gpus", "v100", "--config", "x", "--", "true")

    def test_a_command_that_cannot_be_run(self):
        self.expect(1, "no-such-command: cannot be run: No such file or directory", "emulate", "--", "no-such-command")

    def test_a_configuration_that_is_none(self):
        for text, message in (
            ("gpus = 1\n", "machine.toml:1: gpus: there is no such key; there are: "),
            ('[[gpu]]\npreset = "v1"\n', 'machine.toml:2: gpu.preset: no GPU model "v1"'),
            ('[[gpu]]\npreset = "v100"\ncount = -1\n', "machine.toml:3: gpu.count: expected a whole number from 1 to 64"),
            ("[[gpu]\n", "machine.toml:1:"),
            ('[[gpu]]\npreset = "v100"\n[[fault]]\nfunction = "nvmlDeviceGetPowr"\nerror = "timeout"\n',
             "machine.toml: fault.function: nvmlDeviceGetPowr: the emulator has no such function"),
            ('[[gpu]]\npreset = "v100"\nmin_power_limit_w = 400\n', "the default limit, 250 W, is not within 400 to 250 W"),
        ):
            self.expect(1, message, "emulate", "--config", self.write("machine.toml", text), "--", "true")
        self.expect(1, "nowhere.toml", "emulate", "--config", self.folder / "nowhere.toml", "--", "true")

    def test_load_needs_an_emulated_gpu(self):
        self.expect(1, "only an emulated GPU can be loaded; run `zeus emulate -- zeus emulate load ...`", "emulate", "load")
        self.expect(2, "there is no GPU 3 on the emulated machine", "emulate", "--gpus", "v100", "--", ZEUS, "emulate", "load",
                    "--gpu", "3")
        self.expect(1, "has no 64 GiB of memory left", "emulate", "--gpus", "v100", "--", ZEUS, "emulate", "load",
                    "--memory-gib", "64")
        self.expect(2, "--compute", "emulate", "load", "--compute", "2")
        self.expect(2, "--for", "emulate", "load", "--for", "nan")


if __name__ == "__main__":
    unittest.main()
