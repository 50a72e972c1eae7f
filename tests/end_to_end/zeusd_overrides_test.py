"""`zeusd serve --gpu-command-overrides`: commands in the place of the GPUs' library."""

import os
import subprocess
import unittest

from zeus_program import environment
from zeusd_case import ZEUSD, ZeusdCase


class OverridesTest(ZeusdCase):
    def overrides(self, text):
        file = self.write("overrides.toml", text)
        file.chmod(0o600)
        return file

    def test_an_overridden_operation_runs_commands_and_the_others_do_not(self):
        log = self.folder / "log"
        self.serve("--enable", "gpu-control,gpu-read", "--gpu-command-overrides", self.overrides(f"""
            [set_power_limit]
            commands = ["sh -c 'echo $0 $1 >> {log}' {{gpu_id}} {{power_limit_w}}"]
            [reset_locked_clocks]
            commands = ["sh -c 'echo no way >&2; exit 7'"]
            """))
        self.post("/gpu/set_power_limit?gpu_ids=2&power_limit_mw=150999&block=true")
        self.assertEqual(log.read_text(), "2 150\n")
        self.assertEqual(self.limits(), [250] * 4)  # Reads are the library's.
        self.post("/gpu/set_persistence_mode?gpu_ids=0&enabled=true&block=true")
        self.assertEqual(self.get("/gpu/get_persistence_mode?gpu_ids=0"), {"0": {"enabled": True}})
        self.assertEqual(self.ask("POST", "/gpu/reset_locked_clocks?gpu_ids=1&block=true")[::2], (500, {"errors": {
            "1": "Override command failed: command 'sh -c 'echo no way >&2; exit 7'' exited with code 7; stdout: ; "
                 "stderr: no way\n"}}))

    def test_a_slow_command_holds_up_its_gpu_alone_and_no_stream(self):
        go = self.folder / "go"
        self.serve("--enable", "gpu-control,gpu-read", "--gpu-command-overrides", self.overrides(f"""
            [reset_gpu_locked_clocks]
            commands = ["sh -c 'while [ ! -e {go} ]; do sleep 0.05; done'"]
            """))
        self.post("/gpu/reset_gpu_locked_clocks?gpu_ids=0&block=false")
        self.post("/gpu/set_power_limit?gpu_ids=0&power_limit_mw=150000&block=false")
        self.assertEqual(self.get("/gpu/get_power_limit?gpu_ids=1"), {"1": {"power_limit_mw": 250000}})
        self.assertEqual(self.event(self.stream("/gpu/stream_power?gpu_ids=0"))["gpu_id"], 0)
        go.touch()
        self.assertEqual(self.get("/gpu/get_power_limit?gpu_ids=0"), {"0": {"power_limit_mw": 150000}})

    def test_files_that_are_refused(self):
        def refused(message, file, **options):
            done = subprocess.run([ZEUSD, "serve", "--enable", "gpu-control", "--socket-path", self.folder / "x.sock",
                                   "--gpu-command-overrides", file], capture_output=True, text=True, timeout=60,
                                  env=environment(), **options)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertRegex(done.stderr, r"\Azeusd: [^\n]+\n\Z")
            self.assertIn(message, done.stderr)

        refused("overrides.toml:2:2: set_fan: there is no such key", self.overrides("\n[set_fan]\ncommands = ['a']"))
        file = self.overrides("[set_power_limit]\ncommands = ['true']")
        file.chmod(0o602)
        refused("everybody may write to it", file)
        refused("absent", self.folder / "absent")
        if os.getuid() == 0:
            file.chmod(0o600)
            os.chown(file, 12345, 12345)
            refused("its owner, user 12345", file)

    @unittest.skipUnless(os.getuid() == 0, "only root becomes somebody else")
    def test_commands_need_no_root(self):
        file = self.write("overrides.toml", "[set_power_limit]\ncommands = ['true']")
        file.chmod(0o644)
        self.folder.chmod(0o777)

        def become_nobody():
            os.setgid(65534)
            os.setuid(65534)

        process = subprocess.Popen([ZEUSD, "serve", "--enable", "gpu-control", "--socket-path", self.folder / "x.sock",
                                    "--gpu-command-overrides", file], stdout=subprocess.PIPE, text=True,
                                   env=environment(RUST_LOG="error"), preexec_fn=become_nobody)
        line = process.stdout.readline()
        process.terminate()
        process.communicate(timeout=60)
        self.assertEqual((line, process.returncode), (f"Listening on {self.folder}/x.sock\n", 0))

    def test_they_are_ignored_where_nothing_may_be_changed(self):
        daemon = self.serve("--enable", "gpu-read", "--gpu-command-overrides",
                            self.overrides("[set_power_limit]\ncommands = ['true']"))
        self.assertIn("ignored, because gpu-control is not enabled", daemon.log()[0]["message"])


if __name__ == "__main__":
    unittest.main()
