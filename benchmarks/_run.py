"""The program that a compiler made for another platform, run on the CPU client. Of the jaxlib that is pinned alone."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxlib import _hlo, _jax, xla_client  # type: ignore[attr-defined]


def program_of(compiled: Any) -> str:
    """The optimised HLO of a jax.stages.Compiled, with its tables, which as_text() leaves out."""
    options = _hlo.HloPrintOptions()
    options.print_metadata = options.print_backend_config = False
    options.print_large_constants = options.print_operand_shape = True
    (module,) = compiled.runtime_executable().hlo_modules()
    text: str = module.to_string(options)
    return text


def on_cpu(program: str) -> Callable[..., np.ndarray]:
    """A stripped program, operation for operation, on the CPU: arrays -> its only result."""
    module = _hlo.hlo_module_from_text(program)
    portable = _jax.mlir.hlo_to_stablehlo(module.as_serialized_hlo_module_proto())
    device = jax.devices("cpu")[0]
    options = xla_client.CompileOptions()
    # (x + a) + b would become x + (a + b), and what a pair of float32 carries in its lower half be lost. In a fusion
    # a * b + c would be rounded once, and what several operations read be computed for each of them.
    options.executable_build_options.debug_options.xla_disable_hlo_passes = "algsimp,fusion"
    client: Any = device.client
    executable = client.compile_and_load(portable, _jax.DeviceList((device,)), options)

    def run(*arguments: Any) -> np.ndarray:
        results = executable.execute_sharded([jax.device_put(argument, device) for argument in arguments])
        ((result,),) = results.disassemble_into_single_device_arrays()
        return np.asarray(result)

    return run
