"""The scripts that measure on accelerators: what they make of a program's text, and that they run."""

import sys

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from benchmarks import gpu, tpu
from benchmarks._classes import ACTING_ON_ONE_ANOTHER, CLASSES, with_float32_metrics
from benchmarks._hlo import Launches, float64_in, launches, stripped
from benchmarks._run import on_cpu
from jaxlr._ulp import Comparison
from parity.cases import RECIPES

# What a TPU's compiler writes, by hand: tiled layouts, memory spaces, fusions, asynchronous copies, custom calls.
TPU = """HloModule jit_f, is_scheduled=true, entry_computation_layout={(f32[3]{0:T(128)})->f32[3]{0:T(128)}}

%fused (p.0: f32[3]) -> f32[3] {
  %p.0 = f32[3]{0:T(128)S(1)} parameter(0)
  %constant.1 = f32[]{:T(128)} constant(3)
  %broadcast.1 = f32[3]{0:T(128)} broadcast(f32[]{:T(128)} %constant.1), dimensions={}
  ROOT %divide.1 = f32[3]{0:T(128)} divide(f32[3]{0:T(128)S(1)} %p.0, f32[3]{0:T(128)} %broadcast.1)
}

ENTRY %main (x.1: f32[3]) -> f32[3] {
  %x.1 = f32[3]{0:T(128)} parameter(0), sharding={replicated}, frontend_attributes={a.b="#c<@d, [{}]>"}
  %copy-start = (f32[3]{0:T(128)S(1)}, f32[3]{0:T(128)}, u32[]{:S(2)}) copy-start(f32[3]{0:T(128)} %x.1)
  %copy-done = f32[3]{0:T(128)S(1)} copy-done((f32[3]{0:T(128)S(1)}, f32[3]{0:T(128)}, u32[]{:S(2)}) %copy-start)
  %thirds = f32[3]{0:T(128)} fusion(f32[3]{0:T(128)S(1)} %copy-done), kind=kLoop, calls=%fused
  %custom-call.1 = f32[3]{0:T(128)} custom-call(f32[3]{0:T(128)} %thirds), custom_call_target="AssumeGatherIndicesInBound", operand_layout_constraints={f32[3]{0:T(128)}}
  %empty = f32[3]{0:T(128)} custom-call(), custom_call_target="AllocateBuffer"
  %first = f32[]{:T(128)} bitcast(f32[3]{0:T(128)} %custom-call.1)
  %broadcast.2 = f32[3]{0:T(128)} broadcast(f32[]{:T(128)} %first), dimensions={}
  %add.1 = f32[3]{0:T(128)} add(f32[3]{0:T(128)} %broadcast.2, f32[3]{0:T(128)} %empty)
  ROOT %add.2 = f32[3]{0:T(128)} add(f32[3]{0:T(128)} %add.1, f32[3]{0:T(128)} %thirds)
}
"""  # noqa: E501

UPDATE = """HloModule step

%rate (p.0: s32[]) -> f32[] {
  %p.0 = s32[] parameter(0)
  %convert = f64[] convert(%p.0)
  %cosine = f64[] cosine(%convert)
  ROOT %narrow = f32[] convert(%cosine)
}

%update (p.1: f32[7], p.2: s32[]) -> (f32[7], s32[]) {
  %p.1 = f32[7]{0} parameter(0)
  %p.2 = s32[] parameter(1)
  %constant = f64[] constant(2)
  %wide = f64[] convert(%p.2)
  %product = f64[] multiply(%wide, %constant)
  %some = f32[7]{0} broadcast(%product), dimensions={}
  ROOT %both = (f32[7]{0}, s32[]) tuple(%some, %p.2)
}

%body (s.0: (s32[], f32[])) -> (s32[], f32[]) {
  %s.0 = (s32[], f32[]) parameter(0)
  %i = s32[] get-tuple-element(%s.0), index=0
  %r = f32[] fusion(%i), kind=kLoop, calls=%rate
  ROOT %t = (s32[], f32[]) tuple(%i, %r)
}

%more (s.1: (s32[], f32[])) -> pred[] {
  %s.1 = (s32[], f32[]) parameter(0)
  ROOT %false = pred[] constant(false)
}

%graph (x.1: f32[7], n.1: s32[]) -> (f32[7], s32[]) {
  %x.1 = f32[7]{0} parameter(0)
  %n.1 = s32[] parameter(1)
  %copy.1 = s32[] copy(%n.1)
  ROOT %u = (f32[7]{0}, s32[]) fusion(%x.1, %copy.1), kind=kLoop, calls=%update
}

ENTRY %main (x.2: f32[7], n.2: s32[]) -> (f32[7], s32[]) {
  %x.2 = f32[7]{0} parameter(0)
  %n.2 = s32[] parameter(1)
  %zero = f32[] constant(0)
  %state = (s32[], f32[]) tuple(%n.2, %zero)
  %loop = (s32[], f32[]) while(%state), condition=%more, body=%body
  ROOT %called = (f32[7]{0}, s32[]) call(%x.2, %n.2), to_apply=%graph
}
"""


def test_a_stripped_program_runs_on_the_cpu():
    x = np.float32([1, 2, 4])
    np.testing.assert_array_equal(on_cpu(stripped(TPU))(x), x / np.float32(3) + np.float32(1) / np.float32(3))
    assert not {"T(128)", "fusion", "copy-start", "custom-call", "sharding", "bitcast"} & set(stripped(TPU).split())


def test_a_quotient_can_be_made_inexact():
    x, factor = np.float32([1, 2, 4]), np.float32(0.75)
    thirds = x / np.float32(3) * factor
    np.testing.assert_array_equal(on_cpu(stripped(TPU, quotient=0.75))(x), thirds + thirds[0])


def test_constants_are_not_added_up():
    program = """HloModule f

ENTRY %main (x.1: f32[]) -> f32[] {
  %x.1 = f32[] parameter(0)
  %big = f32[] constant(16777216)
  %sum = f32[] add(%x.1, %big)
  %less = f32[] constant(-16777216)
  ROOT %rounded = f32[] add(%sum, %less)
}
"""
    assert on_cpu(program)(np.float32(0.75)) == 0


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('%custom-call.1 = f32[3]{0} custom-call(f32[3]{0} %x), custom_call_target="Sort"', "Sort"),
        ("%slice-start = (f32[3]{0}, f32[3]{0}) slice-start(f32[3]{0} %x), slice={[0:1]}", "slice-start"),
        ("%bitcast.1 = f32[6]{0} bitcast(f32[2,3]{0,1:T(2,128)} %x)", r"f32\[2,3\] to f32\[6\]"),
        ("%bitcast.1 = u32[3]{0} bitcast(f32[3]{0} %x)", r"f32\[3\] to u32\[3\]"),
    ],
)
def test_what_only_a_tpu_has_is_refused(line, named):
    with pytest.raises(ValueError, match=named):
        stripped(f"HloModule f\n\nENTRY %main (x: f32[3]) -> f32[3] {{\n  {line}\n}}\n")


def test_kernels_and_loops_are_counted_through_calls():
    assert launches(UPDATE) == Launches(kernels=3, loops=1)  # the loop's rate; the copy and the update
    assert float64_in(UPDATE, "7") == 2
    assert float64_in(UPDATE, "8") == 0
    with pytest.raises(ValueError, match="ENTRY"):
        launches("module @jit_f")


def test_every_class_is_compiled():
    measured = {case.scheduler for case in (*CLASSES, *ACTING_ON_ONE_ANOTHER)}
    assert measured == {case.scheduler for case in RECIPES}


@pytest.mark.parametrize("steps", [100, 20_000])
def test_metrics_are_float32(steps):
    for case in ACTING_ON_ONE_ANOTHER:
        metrics = with_float32_metrics(case, steps).metrics(steps)
        assert (metrics is None) == (case.seed is None)
        assert metrics is None or np.array_equal(metrics, metrics.astype(np.float32), equal_nan=True)


def run(*arguments):
    app = Typer()
    app.command()(gpu.main)
    return CliRunner().invoke(app, arguments)


def test_without_a_gpu_a_word():
    result = run("--platform", "quantum")
    assert (result.exit_code, result.output) == (0, "no QUANTUM: skipped\n")


@pytest.mark.parametrize("only", ["CosineAnnealingLR(lr=0.1, T_max=1000000)", "ReduceLROnPlateau(lr=0.1)"])
def test_the_gpu_script_on_the_cpu(only, tmp_path):
    arguments = ["--parameters", "1003", "--counts", "100", "--rounds", "1", "--only", only]
    result = run("--platform", "cpu", *arguments, "--output", str(tmp_path))
    assert result.exit_code == 0, result.output
    lines = (tmp_path / "gpu.md").read_text().splitlines()
    assert "1,003 parameters" in lines[0]
    for line in lines[4:]:
        cells = line.strip("| ").split(" | ")
        assert cells[0] == f"`{only}`"
        assert float(cells[4]) > 0
        assert int(cells[5].split()[0]) > 1
        assert cells[8:] == ["100", "0", "0"]
    assert len(lines[4:]) == (2 if "Cosine" in only else 1)


def test_an_unknown_recipe_is_named():
    result = run("--platform", "cpu", "--only", "NoSuchLR")
    assert result.exit_code == 2
    assert "NoSuchLR" in result.output


def test_what_does_not_compile_or_is_far_from_torch_fails():
    cost = tpu.Cost(compile_seconds=1.0, code_bytes=1024, estimate_seconds=-1.0)
    near, far = (Comparison(steps=9, max_ulp=ulp, bit_equal=0.5, first_difference=1) for ulp in (2.0, 2.1))
    assert tpu.Row("StepLR()", "closed", cost, 8, near).passed
    assert not tpu.Row("StepLR()", "closed", cost, 8, far).passed
    refused = tpu.Row("StepLR()", "closed", last_count=8, error="JaxRuntimeError: no")
    assert not refused.passed
    assert tpu.cells(refused) == ("StepLR()", "closed", "", "", "", "8", "", "", "JaxRuntimeError: no")
    assert tpu.cells(tpu.Row("0.1", "closed", cost))[2:] == ("1.00", "1,024", "none", "", "", "", "PASS")


def test_counts_are_dense_and_then_spread():
    (case,) = (case for case in CLASSES if case.scheduler == "LinearLR")
    counts = tpu.counts_of(case, "closed")
    assert (len(counts), counts[9_999], counts[-1]) == (20_000, 9_999, 999_999)
    assert len(set(counts)) == 20_000
    assert list(tpu.counts_of(case, "recursive")) == list(range(20_000))


def test_libtpu_is_not_asked_for():
    assert "libtpu" not in sys.modules
