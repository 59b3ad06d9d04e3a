"""The object code of the attention kernels keeps its promises; disassembled and counted.

    check_kernel_code.py --qsat-opt=PATH

No calls in a kernel (so neither memset nor libm), one tile configuration, and no more loads and
stores of tiles than the products ask for: none is spilled.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "python" / "benchmarks"))

from native import LLVM, PASSES  # noqa: E402

TEXT = """
func.func @main(%q: memref<1x2x512x{width}x{element}>, %o: memref<1x2x512x{width}x{element}>) {{
  qsat.attention ins(%q, %q, %q : memref<1x2x512x{width}x{element}>, memref<1x2x512x{width}x{element}>,
                     memref<1x2x512x{width}x{element}>)
    outs(%o : memref<1x2x512x{width}x{element}>) {{mask = #qsat.mask<causal>}}
  return
}}"""


def count(qsat_opt, cpu, element, width):
    """The instructions of each function by mnemonic."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.mlir").write_text(TEXT.format(element=element, width=width))
        for command in (
            [str(Path(qsat_opt).resolve()), "in.mlir", f"--convert-qsat-to-loops=cpu={cpu}", *PASSES, "-o", "l.mlir"],
            [LLVM / "bin/mlir-translate", "--mlir-to-llvmir", "l.mlir", "-o", "k.ll"],
            [LLVM / "bin/clang", "-O3", f"-march={cpu}", "-mprefer-vector-width=512", "-fPIC",
             "-Wno-override-module", "-c", "k.ll", "-o", "k.o"],
        ):
            subprocess.run(command, cwd=folder, check=True)
        text = subprocess.run([LLVM / "bin/llvm-objdump", "-d", "--no-show-raw-insn", "k.o"], cwd=folder,
                              check=True, capture_output=True, text=True).stdout
    functions = {}
    for line in text.splitlines():
        if start := re.match(r"[0-9a-f]+ <(.*)>:", line):
            counts = functions.setdefault(start[1], {})
        elif instruction := re.match(r"\s*[0-9a-f]+:\s+(\w+)", line):
            counts[instruction[1]] = counts.get(instruction[1], 0) + 1
    return functions


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", required=True)
    arguments = parser.parse_args()
    wrong = []
    for cpu, element, width in (("x86-64-v3", "f32", 64), ("x86-64-v4", "f32", 128), ("znver5", "bf16", 128),
                                ("sapphirerapids", "bf16", 128), ("sapphirerapids", "bf16", 64),
                                ("graniterapids", "f16", 128)):
        functions = count(arguments.qsat_opt, cpu, element, width)
        kernels = {n: c for n, c in functions.items() if n in ("qsat_attention", "qsat_attention_amx")}
        for name, counts in kernels.items():
            where = f"{cpu} {element} D={width} {name}"
            calls = counts.get("call", 0) + counts.get("callq", 0)
            product = "tdpfp16ps" if element == "f16" else "tdpbf16ps"
            products, loads, stores = (counts.get(i, 0) for i in (product, "tileloadd", "tilestored"))
            print(f"{where}: {calls} calls, {products} products, {loads} tile loads, {stores} tile stores, "
                  f"{counts.get('vdpbf16ps', 0)} pair products")
            if calls:
                wrong.append(f"{where}: {calls} calls")
            if cpu == "znver5" and not counts.get("vdpbf16ps"):
                wrong.append(f"{where}: no products of pairs")
            if not name.endswith("_amx"):
                continue
            # A 2x2 block loads one tile for each product. P V loads and stores its four
            # sums besides, once for each 32 columns where that loop is unrolled, of which
            # LLVM makes two copies (whole parts, and the last); five places build scores
            # and store them.
            sums = 2 * 4 * width // 32
            if counts.get("ldtilecfg") != 1:
                wrong.append(f"{where}: {counts.get('ldtilecfg', 0)} tile configurations")
            if not products or loads > products + sums:
                wrong.append(f"{where}: {loads} tile loads for {products} products")
            if stores > sums + 4 * 5:
                wrong.append(f"{where}: {stores} tile stores for {products} products")
        expected = 2 if cpu.endswith("rapids") else 1
        if len(kernels) != expected:
            wrong.append(f"{cpu}: {len(kernels)} kernels")
    print("\n".join(f"FAIL {line}" for line in wrong) or "all kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
