"""Zeus finds the batch size and the GPU power limit at which a recurring training job costs least.

Importing this package loads neither a deep-learning framework nor a GPU library. The parts:

- `zeus.run`: train under Zeus (`ZeusDataLoader`) and run recurring jobs (`ZeusMaster`).
- `zeus.monitor`: measure energy, power and temperature.
- `zeus.optimizer`: find the best power limit inside any training loop.
- `zeus.policy`, `zeus.simulate`: policies for batch sizes and power limits, and the trace-driven simulator.
- `zeus.profile`, `zeus.analyze`: profile jobs, and read power logs.
- `zeus.device`: the GPUs and CPUs of this machine.
"""

from zeus._core import version as __version__

__all__ = ["__version__"]
