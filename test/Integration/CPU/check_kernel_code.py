"""The object code of the attention kernels keeps its promises; disassembled and counted.

    check_kernel_code.py --qsat-opt=PATH

No calls in a kernel of attention (so neither memset nor libm), one tile configuration, and no more
loads and stores of tiles than the products ask for: none is spilled. What runs in the parallel loops
of a whole sparse attention, of decode and of an audit calls only itself: nothing allocates there.
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


WHOLE = """
!q = memref<1x8x512x128x{element}>
!k = memref<1x2x512x128x{element}>
!blocks = memref<1x8x8x8xf32>
!rows = memref<1x8x8xf32>
!strata = memref<1x8x8x2xf32>
func.func @main(%q: !q, %k: !k, %o: !q, %lse: memref<1x8x512xf32>, %a: !blocks, %i: memref<1x8x8x8xi32>,
                %c: memref<1x8x8xi32>, %m: !rows, %n: !rows, %one: memref<1x8x1x128x{element}>,
                %decoded: memref<1x8x1x128x{element}>, %e: !strata, %f: !strata, %g: !strata) {{
  qsat.amplitude_score ins(%q, %k : !q, !k) outs(%a : !blocks)
    {{mask = #qsat.mask<causal>, block_m = 64 : i64, block_n = 64 : i64, estimator = #qsat.estimator<{estimator}>}}
  qsat.amplified_select ins(%a : !blocks) outs(%i, %c, %m, %n : memref<1x8x8x8xi32>, memref<1x8x8xi32>, !rows, !rows)
    {{policy = #qsat.policy<threshold>, theta = 6.0e-03 : f64, mask = #qsat.mask<causal>}}
  qsat.sparse_attention ins(%q, %k, %k : !q, !k, !k) list(%i, %c : memref<1x8x8x8xi32>, memref<1x8x8xi32>)
    outs(%o, %lse : !q, memref<1x8x512xf32>) {{mask = #qsat.mask<causal>, block_m = 64 : i64, block_n = 64 : i64}}
  qsat.attention ins(%one, %k, %k : memref<1x8x1x128x{element}>, !k, !k)
    outs(%decoded : memref<1x8x1x128x{element}>) {{mask = #qsat.mask<causal, offset = 511>}}
  qsat.audit ins(%q, %k, %k : !q, !k, !k) of(%o : !q) lse(%lse : memref<1x8x512xf32>)
    outs(%e, %f, %g : !strata, !strata, !strata) {{mask = #qsat.mask<causal>, share = 0.03125 : f64, seed = 3 : i64}}
  return
}}"""

#: What a parallel loop may call besides its own functions and the runtime of OpenMP: the arcsine of the
#: modelled count of queries, once for each row of a selection.
ALLOWED = {"asin"}


def disassemble(text, qsat_opt, cpu, *options):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.mlir").write_text(text)
        for command in (
            [str(Path(qsat_opt).resolve()), "in.mlir", f"--convert-qsat-to-loops=cpu={cpu}", *PASSES, "-o", "l.mlir"],
            [LLVM / "bin/mlir-translate", "--mlir-to-llvmir", "l.mlir", "-o", "k.ll"],
            [LLVM / "bin/clang", "-O3", f"-march={cpu}", "-mprefer-vector-width=512", "-fPIC",
             "-Wno-override-module", "-c", "k.ll", "-o", "k.o"],
        ):
            subprocess.run(command, cwd=folder, check=True)
        return subprocess.run([LLVM / "bin/llvm-objdump", "-d", *options, "--no-show-raw-insn", "k.o"], cwd=folder,
                              check=True, capture_output=True, text=True).stdout


def count(qsat_opt, cpu, element, width):
    """The instructions of each function by mnemonic."""
    functions = {}
    for line in disassemble(TEXT.format(element=element, width=width), qsat_opt, cpu).splitlines():
        if start := re.match(r"[0-9a-f]+ <(.*)>:", line):
            counts = functions.setdefault(start[1], {})
        elif instruction := re.match(r"\s*[0-9a-f]+:\s+(\w+)", line):
            counts[instruction[1]] = counts.get(instruction[1], 0) + 1
    return functions


def calls_in_parallel(qsat_opt, cpu, element, estimator):
    """The functions that parallel loops run, with those that each calls."""
    calls = {}
    for line in disassemble(WHOLE.format(element=element, estimator=estimator), qsat_opt, cpu, "-r").splitlines():
        if start := re.match(r"[0-9a-f]+ <(.*)>:", line):
            called = calls.setdefault(start[1], set())
        elif relocation := re.match(r"\s*[0-9a-f]+:\s+R_X86_64_(?:PLT32|GOTPCRELX|REX_GOTPCRELX)\s+([^-+\s]+)", line):
            called.add(relocation[1])
    reached, left = {}, [name for name in calls if ".omp_par" in name]
    while left:
        if (name := left.pop()) not in reached:
            reached[name] = {c for c in calls[name] if not c.startswith(("__kmpc_", "."))}
            left += [c for c in reached[name] if c in calls]
    return {name: called - set(calls) for name, called in reached.items()}


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
    for cpu, element in (("x86-64-v3", "f32"), ("znver5", "bf16"), ("sapphirerapids", "bf16")):
        for estimator in ("rows", "cascade", "antidiagonal"):
            functions = calls_in_parallel(arguments.qsat_opt, cpu, element, estimator)
            print(f"{cpu} {element} {estimator}: {len(functions)} functions in parallel loops")
            for kernel in (f"qsat_score_{estimator}", "qsat_select_threshold", "qsat_sparse_attention", "qsat_decode", "qsat_audit"):
                if not any(name.startswith(kernel) for name in functions):  # LLVM may inline it in its loop
                    wrong.append(f"{cpu} {element} {estimator}: found no {kernel} in a parallel loop")
            for name, called in functions.items():
                if called - ALLOWED:
                    wrong.append(f"{cpu} {element} {estimator}: {name} calls {' '.join(sorted(called - ALLOWED))}")
    print("\n".join(f"FAIL {line}" for line in wrong) or "all kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
