"""The memory of attention over 128k keys stays below 64 MB for each kv head, on every kind of CPU.

    check_kernel_memory.py --qsat-opt=PATH

Read from the emitted IR: the heap buffers of the function, and the scratch of the kernels times
the threads of a machine. Exit code 1 where either is larger than promised.
"""

import argparse
import itertools
import math
import re
import subprocess
import sys

KEYS = 131072
LIMIT = 64_000_000  #: bytes of the heap for each kv head
SCRATCH = 2_000_000  #: of the stack, of which threads have 4 MiB or more

BYTES = {"f32": 4, "f16": 2, "bf16": 2, "i32": 4, "index": 8}


def text_of(element, width, is_list):
    q, k = f"memref<1x8x{KEYS}x{width}x{element}>", f"memref<1x2x{KEYS}x{width}x{element}>"
    if not is_list:
        return f"""func.func @main(%q: {q}, %k: {k}, %o: {q}) {{
  qsat.attention ins(%q, %k, %k : {q}, {k}, {k}) outs(%o : {q}) {{mask = #qsat.mask<causal>}}
  return
}}"""
    i, c, l = "memref<1x8x1024x64xi32>", "memref<1x8x1024xi32>", f"memref<1x8x{KEYS}xf32>"
    return f"""func.func @main(%q: {q}, %k: {k}, %o: {q}, %i: {i}, %c: {c}, %l: {l}) {{
  qsat.sparse_attention ins(%q, %k, %k : {q}, {k}, {k}) list(%i, %c : {i}, {c}) outs(%o, %l : {q}, {l})
    {{mask = #qsat.mask<causal>, block_m = 128 : i64, block_n = 128 : i64,
     background = #qsat.background<t2>}}
  return
}}"""


def sizes(ir, operation):
    """Bytes of the buffers that the IR makes by `operation`, all of static shape."""
    for extents, element in re.findall(rf"memref\.{operation}\(.*: memref<((?:\d+x)+)(\w+)>", ir):
        yield math.prod(map(int, extents.rstrip("x").split("x"))) * BYTES[element]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", required=True)
    arguments = parser.parse_args()
    wrong = False
    cpus = {"x86-64-v3": ["f32"], "x86-64-v4": ["f32", "bf16", "f16"], "znver5": ["bf16"],
            "sapphirerapids": ["f32", "bf16"], "graniterapids": ["f16"]}
    cases = [(cpu, element) for cpu, elements in cpus.items() for element in elements]
    for (cpu, element), width, is_list in itertools.product(cases, (64, 128, 256), (False, True)):
        done = subprocess.run([arguments.qsat_opt, f"--convert-qsat-to-loops=cpu={cpu}", "--canonicalize"],
                              input=text_of(element, width, is_list), capture_output=True, text=True, check=True)
        heap = sum(sizes(done.stdout, "alloc")) / 2
        stack = max(sum(sizes(kernel, "alloca")) for kernel in done.stdout.split("func.func"))
        is_wrong = heap == 0 or heap >= LIMIT or stack >= SCRATCH
        wrong |= is_wrong
        print(f"{'FAIL' if is_wrong else 'ok  '} {cpu} {element} D={width} {'list' if is_list else 'dense'}: "
              f"{heap / 1e6:.1f} MB for a kv head, {stack / 1e6:.2f} MB of scratch")
    print("too much" if wrong else "all below 64 MB")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
