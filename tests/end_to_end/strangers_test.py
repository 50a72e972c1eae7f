"""Other people's NVML programs on emulated GPUs: NVIDIA's own Python binding and nvitop, as PyPI has them, unchanged.

ZEUS_TEST_PYTHON is a Python that has them; tools/make_test_environment makes it.
"""

import json
import os
import pathlib
import re
import subprocess
import unittest

from zeus_program import ZEUS, ZeusTest, run

PYTHON = pathlib.Path(os.environ.get("ZEUS_TEST_PYTHON", ""))
GPUS = "v100x2,h100,a40,m40"

# Everything that `zeus env` shows and the binding can tell, by the names of zeus env's JSON.
READ_WITH_PYNVML = """
import json, pynvml as n
def tell(function, *arguments):
    try: return function(*arguments)
    except n.NVMLError as error: return None
n.nvmlInit()
gpus = []
for i in range(n.nvmlDeviceGetCount()):
    gpu = n.nvmlDeviceGetHandleByIndex(i)
    low, high = n.nvmlDeviceGetPowerManagementLimitConstraints(gpu)
    memory = n.nvmlDeviceGetMemoryInfo(gpu)
    clocks = n.nvmlDeviceGetSupportedGraphicsClocks(gpu, n.nvmlDeviceGetSupportedMemoryClocks(gpu)[0])
    use = n.nvmlDeviceGetUtilizationRates(gpu)
    gpus.append({
        "name": n.nvmlDeviceGetName(gpu), "uuid": n.nvmlDeviceGetUUID(gpu),
        "power_w": n.nvmlDeviceGetFieldValues(gpu, [n.NVML_FI_DEV_POWER_INSTANT])[0].value.uiVal / 1000,
        "has_energy": tell(n.nvmlDeviceGetTotalEnergyConsumption, gpu) is not None,
        "temperature_c": n.nvmlDeviceGetTemperature(gpu, n.NVML_TEMPERATURE_GPU),
        "power_limit_w": n.nvmlDeviceGetPowerManagementLimit(gpu) / 1000,
        "minimum_w": low / 1000, "maximum_w": high / 1000,
        "default_w": n.nvmlDeviceGetPowerManagementDefaultLimit(gpu) / 1000,
        "persistence_mode": n.nvmlDeviceGetPersistenceMode(gpu) == 1,
        "graphics_clock_mhz": n.nvmlDeviceGetClockInfo(gpu, n.NVML_CLOCK_GRAPHICS),
        "memory_clock_mhz": n.nvmlDeviceGetClockInfo(gpu, n.NVML_CLOCK_MEM),
        "supported_graphics_clocks_mhz": clocks,
        "gpu_utilization": use.gpu / 100, "memory_utilization": use.memory / 100,
        "memory_used_bytes": memory.used, "memory_total_bytes": memory.total,
        "processes": len(n.nvmlDeviceGetComputeRunningProcesses(gpu)),
        "driver": n.nvmlSystemGetDriverVersion(),
    })
n.nvmlShutdown()
print(json.dumps(gpus))
"""

READ_WITH_NVITOP = """
import json
from nvitop import Device
print(json.dumps([{
    "name": gpu.name(), "uuid": gpu.uuid(), "power_w": gpu.power_usage() / 1000, "temperature_c": gpu.temperature(),
    "power_limit_w": gpu.power_limit() / 1000, "memory_used_bytes": gpu.memory_used(),
    "memory_total_bytes": gpu.memory_total(), "gpu_utilization": gpu.gpu_utilization() / 100,
    "graphics_clock_mhz": gpu.graphics_clock(), "processes": len(gpu.processes()),
} for gpu in Device.all()]))
"""

SET_WITH_PYNVML = """
import pynvml as n
n.nvmlInit()
n.nvmlDeviceSetPowerManagementLimit(n.nvmlDeviceGetHandleByIndex(1), 150000)
n.nvmlDeviceSetGpuLockedClocks(n.nvmlDeviceGetHandleByIndex(2), 210, 1000)
"""


@unittest.skipUnless(PYTHON.is_file(), f"no Python with NVML programs at {PYTHON}; run tools/make_test_environment")
@unittest.skipIf("sanitizers" in os.environ.get("ZEUS_BUILD", ""),
                 "a library with sanitizers cannot be loaded by a program without")
class StrangersTest(ZeusTest):
    def emulate(self, script):
        """Runs a shell script on emulated GPUs, the second of which is busy all the time, and returns its lines."""
        text = (f"set -e; '{ZEUS}' emulate load --gpu 1 --compute 0.9 --memory 0.4 --memory-gib 3 >/dev/null & load=$!\n"
                f"sleep 1.5\n{script}\nkill $load; wait")
        done = run("emulate", "--gpus", GPUS, "--", "bash", "-c", text)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_the_binding_shows_what_zeus_shows(self):
        output = self.emulate(f"'{PYTHON}' - <<'END'\n{READ_WITH_PYNVML}\nEND\necho ---\n'{ZEUS}' env --json")
        theirs, ours = (json.loads(part) for part in output.split("---\n"))
        self.assertEqual(len(theirs), 5)
        for stranger, zeus in zip(theirs, ours["gpus"], strict=True):
            self.assertEqual(stranger.pop("has_energy"), zeus["energy_j"] is not None)
            self.assertEqual(stranger.pop("driver"), ours["libraries"][0]["driver_version"])
            for bound in ("minimum_w", "maximum_w", "default_w"):
                self.assertEqual(stranger.pop(bound), zeus["power_limit_range"][bound])
            # The card warms up between the two looks.
            self.assertAlmostEqual(stranger.pop("temperature_c"), zeus["temperature_c"], delta=2)
            self.assertEqual(stranger, {name: zeus[name] for name in stranger})
        busy = theirs[1]
        self.assertGreater(busy["power_w"], 150)
        self.assertEqual(busy["memory_used_bytes"], 3 * 2**30)
        self.assertEqual(busy["processes"], 1)
        self.assertEqual([gpu["processes"] for gpu in theirs], [0, 1, 0, 0, 0])

    def test_nvitop_shows_what_zeus_shows(self):
        output = self.emulate(f"'{PYTHON}' - <<'END'\n{READ_WITH_NVITOP}\nEND\necho ---\n'{ZEUS}' env --json")
        theirs, ours = (json.loads(part) for part in output.split("---\n"))
        for stranger, zeus in zip(theirs, ours["gpus"], strict=True):
            self.assertAlmostEqual(stranger.pop("temperature_c"), zeus["temperature_c"], delta=2)
            self.assertEqual(stranger, {name: zeus[name] for name in stranger})

    def test_nvitops_own_screen(self):
        screen = self.emulate(f"TERM=dumb '{PYTHON.parent}/nvitop' --once --ascii --no-unicode || "
                              f"'{PYTHON.parent}/nvitop' --once --ascii")
        self.assertIn("Driver Version: 550.54.15", screen)
        self.assertRegex(screen, r"3072MiB / 31\.\d+GiB")
        self.assertRegex(screen, r"\b2\d\dW / 250W")
        self.assertRegex(screen, re.compile(r"^.*\b1 +\d+ C .*3072MiB", re.MULTILINE))

    def test_what_the_binding_sets_zeus_sees(self):
        output = self.emulate(f"'{PYTHON}' - <<'END'\n{SET_WITH_PYNVML}\nEND\n'{ZEUS}' env --json")
        gpus = json.loads(output)["gpus"]
        self.assertEqual([gpu["power_limit_w"] for gpu in gpus], [250, 150, 700, 300, 250])
        self.assertLessEqual(gpus[1]["power_w"], 150)
        self.assertIn("power_limit", gpus[1]["throttle_reasons"])


if __name__ == "__main__":
    unittest.main()
