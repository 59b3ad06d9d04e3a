"""Kernels of AMX on a machine without: the tile instructions of the LLVM IR become calls.

A tile is a vector of 1024 bytes then, and amx_emulation.c says what the instructions do. The runtime's
question whether the system grants AMX is answered here. For numbers, not for speed.
"""

from pathlib import Path

from native import Module

SOURCE = Path(__file__).with_name("amx_emulation.c")

TILE = "<256 x i32>"

#: The products of tiles, and what does the same.
PRODUCTS = {"tdpbf16ps": "emulated_tile_product_bf16", "tdpfp16ps": "emulated_tile_product_fp16",
            "tdpbssd": "emulated_tile_product_bytes"}

#: One definition for each intrinsic: a tile in memory for each of its tiles, and the call.
DEFINITIONS = f"""
declare void @emulated_tile_load(ptr, i16, i16, ptr, i64)
declare void @emulated_tile_store(i16, i16, ptr, i64, ptr)
define internal {TILE} @tilezero(i16 %rows, i16 %bytes) {{
  ret {TILE} zeroinitializer
}}
define internal {TILE} @tileloadd64(i16 %rows, i16 %bytes, ptr %from, i64 %stride) {{
  %t = alloca {TILE}
  call void @emulated_tile_load(ptr %t, i16 %rows, i16 %bytes, ptr %from, i64 %stride)
  %result = load {TILE}, ptr %t
  ret {TILE} %result
}}
define internal void @tilestored64(i16 %rows, i16 %bytes, ptr %to, i64 %stride, {TILE} %tile) {{
  %t = alloca {TILE}
  store {TILE} %tile, ptr %t
  call void @emulated_tile_store(i16 %rows, i16 %bytes, ptr %to, i64 %stride, ptr %t)
  ret void
}}
""" + "".join(f"""
declare void @{emulation}(i16, i16, i16, ptr, ptr, ptr)
define internal {TILE} @{instruction}(i16 %rows, i16 %bytes, i16 %depth, {TILE} %c, {TILE} %a, {TILE} %b) {{
  %pc = alloca {TILE}
  %pa = alloca {TILE}
  %pb = alloca {TILE}
  store {TILE} %c, ptr %pc
  store {TILE} %a, ptr %pa
  store {TILE} %b, ptr %pb
  call void @{emulation}(i16 %rows, i16 %bytes, i16 %depth, ptr %pc, ptr %pa, ptr %pb)
  %result = load {TILE}, ptr %pc
  ret {TILE} %result
}}
""" for instruction, emulation in PRODUCTS.items())


def emulate(ir):
    """The LLVM IR `ir` with calls in place of tile instructions."""
    lines = [line for line in ir.splitlines() if not line.startswith("declare") or "@llvm.x86.t" not in line]
    text = "\n".join(lines).replace("x86_amx", TILE)
    for name in ("tilezero", "tileloadd64", "tilestored64", *PRODUCTS):
        text = text.replace(f"@llvm.x86.{name}.internal", f"@{name}")
    return text + DEFINITIONS


class EmulatedModule(Module):
    """A Module of a CPU with AMX, for this machine."""

    granted = 1

    def rewrite(self, path):
        path.write_text(emulate(path.read_text()))

    def compile_arguments(self, march, objects):
        # First: its answer to the question of the runtime counts.
        return super().compile_arguments("native", [f"-DGRANTED={self.granted}", SOURCE, *objects])


class RefusedModule(EmulatedModule):
    """The same where the system refuses AMX: what runs in its place."""

    granted = 0
