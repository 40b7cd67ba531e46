"""The text of optimised programs: what they launch, and what is left without their platform."""

import dataclasses
import re
from itertools import count

_NAME = r"%[\w.-]+"
_SAME = "AssumeGatherIndicesInBound|GatherScatterIndicesBitpacked"  # they say something of the indices they return
_SHAPE = r"\w+\[[\d,]*\]"
_ATTRIBUTES = re.compile(  # what is left of the platform when the layouts are gone
    r", (?:sharding|operand_layout_constraints|control-predecessors|frontend_attributes|backend_config)"
    r'=\{(?:[^{}"]|"[^"]*"|\{[^{}]*\})*\}'
)
_COMPUTATION = re.compile(r"^(ENTRY )?(%[\w.-]+) \(.*\{$")
_INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%[\w.-]+ = (?:\(.*?\)|\S+) ([a-z][\w-]*)\((.*)$")
_INNER = re.compile(r"(?:to_apply|body|condition|calls|branch_computations)=\{?(%[\w.-]+(?:, %[\w.-]+)*)")
_CONTROL = ("call", "while", "conditional")
_FREE = (  # what stands between fusions and is no kernel
    *_CONTROL,
    *("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all", "copy-done", "async-done"),
)


@dataclasses.dataclass(frozen=True)
class Launches:
    """What a program launches.

    Attributes:
      kernels: its fusions, copies and library calls, those of a loop's body once.
      loops: how many loops and conditionals it has.
    """

    kernels: int
    loops: int


def launches(program: str) -> Launches:
    """Counts the instructions that stand between fusions, from the entry on, of an optimised program."""
    entry, bodies = _computations(program)
    kernels = loops = 0
    waiting = [entry]
    while waiting:
        for opcode, rest in bodies[waiting.pop()]:
            kernels += opcode not in _FREE
            loops += opcode in ("while", "conditional")
            if opcode in _CONTROL:
                waiting += [name for names in _INNER.findall(rest) for name in names.split(", ")]
    return Launches(kernels, loops)


def float64_in(program: str, shape: str) -> int:
    """How many operations on float64 scalars lie in fusions whose result has, or holds, an array of the shape."""
    fused = re.findall(r"= (\(.*?\)|\S+) fusion\(.*calls=(%[\w.-]+)", program)
    inside = {name for result, name in fused if f"[{shape}]" in result}
    text = dict(re.findall(r"^(%[\w.-]+) \(.*\{\n((?:.*\n)*?)\}", program, flags=re.MULTILINE))
    return sum(len(re.findall(r"= f64\[\] (?!constant|parameter)", text.get(name, ""))) for name in inside)


def _computations(program: str) -> tuple[str, dict[str, list[tuple[str, str]]]]:
    """The entry's name, and by its name each computation's instructions: opcode and the rest of the line."""
    entry = name = ""
    bodies: dict[str, list[tuple[str, str]]] = {}
    for line in program.splitlines():
        if begin := _COMPUTATION.match(line):
            name = begin[2]
            bodies[name] = []
            entry = name if begin[1] else entry
        elif name and (found := _INSTRUCTION.match(line)):
            bodies[name].append((found[1], found[2]))
    if not entry:
        raise ValueError(f"program must be an HLO module with an ENTRY, got {program[:80]!r}")
    return entry, bodies


def stripped(program: str, quotient: float = 1.0) -> str:
    """The same computation without layouts, memory spaces, fusions and asynchronous copies: HLO for any client.

    Args:
      program: what program_of gives.
      quotient: what to multiply every float32 quotient by: not every platform's division is exactly rounded.

    Raises:
      ValueError: an operation means something only where it was compiled for.
    """
    text = re.sub(r"^(HloModule [\w.-]+).*$", r"\1", program, flags=re.MULTILINE)
    text = re.sub(r"(?<=\])\{[^{}]*\}", "", text)
    text = _ATTRIBUTES.sub("", text)
    text = re.sub(r" fusion\((.*)\), kind=k\w+, calls=", r" call(\1), to_apply=", text)
    text = re.sub(rf"= \(({_SHAPE}), .*?\) copy-start\(", r"= \1 copy(", text)
    text = re.sub(rf" copy-done\(\(.*\) ({_NAME})\)", r" copy(\1)", text)
    text = re.sub(
        rf"^(\s*(?:ROOT )?({_NAME}) = )({_SHAPE}) bitcast\(({_SHAPE}) ({_NAME})\)", _reshaped, text, flags=re.MULTILINE
    )
    text = re.sub(rf' custom-call\((.*)\), custom_call_target="(?:{_SAME})".*', r" copy(\1)", text)
    names = count()
    text = re.sub(
        rf'^(\s*(?:ROOT )?{_NAME} = (\w+)\[.*) custom-call\(\), custom_call_target="AllocateBuffer".*$',
        lambda found: _filled(found[1], found[2], "0", f"%allocated.{next(names)}"),
        text,
        flags=re.MULTILINE,
    )
    if quotient != 1:
        text = re.sub(
            rf"^(\s*)((?:ROOT )?{_NAME}) = (f32\[[\d,]*\]) divide\((.*)\)$",
            lambda found: _scaled(found, quotient, next(names)),
            text,
            flags=re.MULTILINE,
        )
    left = re.search(r"custom_call_target=\"([^\"]*)\"| ([\w-]+-(?:start|done|update))\(", text)
    if left:
        raise ValueError(f"program must hold operations that every client has, got {left[1] or left[2]}")
    return text


def _reshaped(found: re.Match[str]) -> str:
    """A bitcast looks at memory: at a vector, which lies there in order, or at its first element."""
    begin, name, to, of, operand = found.groups()
    (to_type, to_sizes), (of_type, of_sizes) = _type_and_sizes(to), _type_and_sizes(of)
    if to_type != of_type or max(len(to_sizes), len(of_sizes)) > 1 or (to_sizes and to_sizes != of_sizes):
        raise ValueError(f"program must bitcast a vector to its like, or to its first element, got {of} to {to}")
    if to_sizes == of_sizes:
        return f"{begin}{to} reshape({operand})"
    ranges = ", ".join("[0:1]" for _ in of.split(","))
    first = f"{name}.first = {of_type}[{','.join('1' for _ in of.split(','))}]"
    return f"  {first} slice({operand}), slice={{{ranges}}}\n{begin}{to} reshape({name}.first)"


def _type_and_sizes(shape: str) -> tuple[str, list[str]]:
    """The element type, and the dimensions of more than one element."""
    dtype, sizes = shape[:-1].split("[")
    return dtype, [size for size in sizes.split(",") if size not in ("", "1")]


def _filled(instruction: str, dtype: str, value: str, name: str) -> str:
    """The instruction as an array of one value."""
    return f"  {name} = {dtype}[] constant({value})\n{instruction} broadcast({name}), dimensions={{}}"


def _scaled(found: re.Match[str], factor: float, i: int) -> str:
    """A quotient, multiplied by the factor."""
    indent, name, shape, operands = found.groups()
    return "\n".join(
        (
            f"{indent}%quotient.{i} = {shape} divide({operands})",
            _filled(f"{indent}%factors.{i} = {shape}", "f32", repr(factor), f"%factor.{i}"),
            f"{indent}{name} = {shape} multiply(%quotient.{i}, %factors.{i})",
        )
    )
