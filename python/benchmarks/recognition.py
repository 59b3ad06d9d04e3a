"""What qsat-raise-attention finds in a folder of model IR, against its ground truth.

    python python/benchmarks/recognition.py test/Models --jobs 2

The folder holds a manifest.json: `{"format": 1, "cases": [...]}`. A case has `name`, `file`
and `entry` (the program), `verdict` and `attention_ops` (what is right), and for the tables
`frontend`, `group` and `features`; `attention_ops_alt` lists other right counts. With
`inputs` and `expected` (npz: arg0.., out0..), `rtol`, `atol` and `output_types` its numbers
are checked too: of the raised program and of the program as it is, both by qsat-run.

    verdict                             right when
    raise                               `attention_ops` attentions are raised
    reject                              none is, and a remark says why
    optional, not_raised_or_kept        the numbers are right, whatever is raised
    numerics_option                     none is (what would raise it is an option)
    forward_present_in_training_graph   reported; the numbers are right

The column `N x N` counts files in which a tensor with an element for every query and key is
computed beside an attention: a bias that the score region cannot compute, or weights that are
used elsewhere too. A bias that is an argument or a constant of the program is none.

The exit code is 1 when a case is not right, 2 when the folder or a tool cannot be used.
"""

import argparse
import collections
import concurrent.futures
import json
import math
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ATTENTION = re.compile(r"^\s*%\S+(?:, %\S+)* = qsat\.attention ", re.M)
REASON = re.compile(r'Reason="((?:[^"\\]|\\.)*)"')
REQUIRED = ("name", "file", "entry", "verdict", "attention_ops")
VERDICTS = ("raise", "reject", "optional", "not_raised_or_kept", "numerics_option",
            "forward_present_in_training_graph")
EVIDENCE = ("inputs", "expected", "rtol", "atol", "output_types")


class UsageError(Exception):
    """A folder or a tool that cannot be used."""


def read_manifest(folder, only):
    """The cases of a folder whose names hold `only`."""
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}: {error}") from error
    cases = manifest.get("cases") if isinstance(manifest, dict) else None
    if not isinstance(cases, list):
        raise UsageError(f"{path}: expected an object with a list `cases`")
    for number, case in enumerate(cases):
        missing = [field for field in REQUIRED if field not in case]
        if missing:
            raise UsageError(f"{path}: case {number} has no `{missing[0]}`")
        name = case["name"]
        if case["verdict"] not in VERDICTS:
            raise UsageError(f"{path}: {name}: expected a verdict of {', '.join(VERDICTS)}, but got "
                             f"'{case['verdict']}'")
        if case.get("inputs") and any(case.get(field) is None for field in EVIDENCE):
            raise UsageError(f"{path}: {name}: expected all of {', '.join(EVIDENCE)}, or no `inputs`")
        for field in ("file", "inputs", "expected"):
            if case.get(field) and not (folder / case[field]).is_file():
                raise UsageError(f"{path}: {name}: {case[field]}: no such file")
    chosen = [case for case in cases if only in case["name"]]
    if not chosen:
        raise UsageError(f"{path}: no case matches '{only}'" if only else f"{path}: no cases")
    return chosen


# -- one case --------------------------------------------------------------------


def run(command, limit):
    """(what happened: ok, error, crash or timeout; output; messages; seconds)."""
    start = time.perf_counter()
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return "timeout", "", "", limit
    crashed = done.returncode < 0 or done.returncode >= 128 or "Stack dump:" in done.stderr
    status = "crash" if crashed else "error" if done.returncode else "ok"
    return status, done.stdout, done.stderr, time.perf_counter() - start


def first_line(text):
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]


def as_f64(array, elem):
    if elem == "bf16" and array.dtype == np.uint16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float64)


def numbers(case, folder, program, arguments, extra=()):
    """"ok", or what is wrong with the results of `program`."""
    with tempfile.TemporaryDirectory() as scratch:
        outputs = pathlib.Path(scratch) / "out.npz"
        status, _, messages, _ = run(
            [arguments.qsat_run, program, f"--entry={case['entry']}", f"--inputs={folder / case['inputs']}",
             f"--outputs={outputs}", *extra], arguments.run_limit)
        if status != "ok":
            return f"qsat-run: {status} {first_line(messages)}"
        got, want = np.load(outputs), np.load(folder / case["expected"])
        for number, elem in enumerate(case["output_types"]):
            name = f"out{number}"
            if name not in got.files:
                return f"{name}: missing"
            a, b = as_f64(got[name], elem), as_f64(want[name], elem)
            if a.shape != b.shape:
                return f"{name}: expected the shape {list(b.shape)}, but got {list(a.shape)}"
            wrong = ~np.isclose(a, b, rtol=case["rtol"], atol=case["atol"], equal_nan=True)
            if wrong.any():
                return f"{name}: {wrong.sum()} of {wrong.size} off, by up to {np.nanmax(np.abs(a - b)):.3g}"
    return "ok"


# -- what is left over queries and keys -----------------------------------------

MAP = re.compile(r"affine_map<\(d0, d1, d2, d3\) -> \((.*?)\)>")
OPERANDS = re.compile(r"qsat\.attention ins\(\S+, \S+, \S+ : (tensor<[^<>]*>), (tensor<[^<>]*>), tensor<[^<>]*>\)"
                      r"(?: extras\(([^:)]*) : ([^)]*)\))?.*?\{(.*?)\}")
PRODUCER = re.compile(r"^\s*(%\S+?)(?::\d+)? = ([\w.]+)([^\n]*)", re.M)
MOVEMENT = ("tensor.expand_shape", "tensor.collapse_shape", "tensor.cast", "tensor.extract_slice", "linalg.transpose")


def sizes(tensor):
    return re.match(r"tensor<([^<>]*)>", tensor).group(1).split("x")[:-1]


def is_over(tensor, queries, keys):
    """`tensor` has an element for every query and key, by its sizes."""
    dims = sizes(tensor)
    if "?" in (*dims, queries, keys):
        return len(dims) >= 2 and sorted(dims.count(n) > (queries == keys) for n in (queries, keys))[0]
    return math.prod(map(int, dims)) >= int(queries) * int(keys)


def score_tensors(text):
    """The types of tensors over queries and keys that are computed in a raised program."""
    aliases = dict(re.findall(r"^(#\w+) = (affine_map<.*>)$", text, re.M))
    found = set()
    for function in text.split("func.func ")[1:]:
        producers = {name: (op, rest) for name, op, rest in PRODUCER.findall(function)}

        def is_input(name):
            op, rest = producers.get(name, ("", ""))
            operand = re.search(r"%\w+", rest)
            if op in MOVEMENT and operand:
                return is_input(operand.group(0))
            return op in ("", "arith.constant")

        shapes = set()
        for q, k, names, types, attributes in OPERANDS.findall(function):
            queries, keys = sizes(q)[2], sizes(k)[2]
            if "1" in (queries, keys):
                continue
            shapes.add((queries, keys))
            maps = re.search(r"extra_maps = \[(.*?)\](?:,|$)", attributes)
            maps = [MAP.match(aliases.get(m, m)).group(1) for m in re.findall(r"#\w+|affine_map<.*?>", maps.group(1))] if maps else []
            for name, type_, map_ in zip(names.split(", "), re.findall(r"tensor<[^<>]*>", types), maps):
                if "d2" in map_ and "d3" in map_ and is_over(type_, queries, keys) and not is_input(name):
                    found.add(f"bias {type_}")
        # Weights of an attention that was raised, computed all the same.
        for body in re.findall(r"linalg\.softmax[^\n]*|linalg\.generic[^}]*?math\.exp[^}]*\}[^\n]*", function):
            type_ = (re.findall(r"-> (tensor<[^<>]*>)$", body) or ["tensor<f32>"])[-1]
            if any(sizes(type_)[-2:] == [*shape] for shape in shapes):
                found.add(f"weights {type_}")
    return sorted(found)


def judge(case, count):
    """ok, missed, partial or false raise, by the number of attentions found."""
    verdict, expected = case["verdict"], case["attention_ops"]
    if verdict in ("reject", "numerics_option"):
        return "ok" if count == 0 else "false raise"
    if verdict == "raise" and count != expected and count not in case.get("attention_ops_alt", ()):
        return "missed" if count == 0 else "partial" if count < expected else "false raise"
    return "ok"


def check(case, folder, arguments):
    program = folder / case["file"]
    status, text, messages, seconds = run(
        [arguments.qsat_opt, *arguments.passes.split(), "--remarks-filter-missed=qsat", program],
        arguments.limit)
    result = dict(name=case["name"], verdict=case["verdict"], seconds=seconds, raised=0, detail="", score_tensors=[],
                  numbers_raised="", numbers_as_is="")
    result["remarks"] = list(dict.fromkeys(REASON.findall(messages)))
    if status != "ok":
        return dict(result, status=status, detail=first_line(messages))
    result["raised"] = len(ATTENTION.findall(text))
    result["status"] = judge(case, result["raised"])
    result["score_tensors"] = score_tensors(text)
    if result["status"] == "ok" and case["verdict"] == "reject" and not result["remarks"]:
        result["status"] = "no remark"
    if case.get("inputs") and not arguments.no_run:
        if result["raised"]:
            with tempfile.NamedTemporaryFile("w", suffix=".mlir") as raised:
                raised.write(text)
                raised.flush()
                result["numbers_raised"] = numbers(case, folder, raised.name, arguments)
        if not arguments.raised_only:
            result["numbers_as_is"] = numbers(case, folder, program, arguments, ["--no-raise"])
    for what in ("numbers_raised", "numbers_as_is"):
        if result[what] not in ("", "ok") and result["status"] == "ok":
            result.update(status="wrong numbers", detail=f"{what}: {result[what]}")
    return result


# -- tables ----------------------------------------------------------------------

COLUMNS = ("files", "right", "raised", "of", "false", "crashes", "numbers wrong", "checked", "remarks", "of", "N x N")


def row(pairs):
    """The columns for some (case, result) pairs."""
    to_raise = [(c, r) for c, r in pairs if c["verdict"] == "raise"]
    rejects = [r for c, r in pairs if c["verdict"] == "reject"]
    ran = [r for _, r in pairs if r["numbers_raised"] or r["numbers_as_is"]]
    wrong = [r for r in ran if {r["numbers_raised"], r["numbers_as_is"]} - {"", "ok"}]
    return (len(pairs), sum(r["status"] == "ok" for _, r in pairs),
            sum(min(r["raised"], c["attention_ops"]) for c, r in to_raise),
            sum(c["attention_ops"] for c, _ in to_raise),
            sum(r["status"] == "false raise" for _, r in pairs),
            sum(r["status"] in ("crash", "error", "timeout") for _, r in pairs), len(wrong), len(ran),
            sum(bool(r["remarks"]) for r in rejects), len(rejects), sum(bool(r["score_tensors"]) for _, r in pairs))


def table(title, pairs, keys):
    groups = collections.defaultdict(list)
    for case, result in pairs:
        for key in keys(case):
            groups[key].append((case, result))
    if not groups:
        return
    width = max(len(title), *map(len, groups))
    print(f"\n{title:<{width}}  " + "  ".join(f"{c:>{max(len(c), 5)}}" for c in COLUMNS))
    for key in sorted(groups):
        cells = zip(COLUMNS, row(groups[key]))
        print(f"{key:<{width}}  " + "  ".join(f"{x:>{max(len(c), 5)}}" for c, x in cells))


def print_tables(pairs, arguments):
    for case, r in pairs:
        if r["status"] != "ok":
            said = f" {r['detail']}" if r["detail"] else ""
            why = f" (remark: {r['remarks'][-1]})" if r["remarks"] and r["status"] in ("missed", "partial") else ""
            print(f"{r['status']}: {case['name']}: {case['verdict']}, expected {case['attention_ops']}, "
                  f"got {r['raised']}{said}{why}")
    if arguments.remarks:
        print("\nwhat is said of each file that is to be rejected")
        for case, r in pairs:
            if case["verdict"] == "reject":
                print(f"  {case['name']}: {'; '.join(r['remarks']) or 'nothing'}")
    left = [(c["name"], r["score_tensors"]) for c, r in pairs if r["score_tensors"]]
    if left and not arguments.brief:
        print("\ncomputed over queries and keys beside an attention")
        for name, tensors in left:
            print(f"  {name}: {', '.join(tensors)}")
    table("verdict", pairs, lambda c: [c["verdict"]])
    for field in ("frontend", "group"):
        table(field, pairs, lambda c: [c[field]] if c.get(field) else [])
    if not arguments.brief:
        table("feature", pairs, lambda c: c.get("features", ()))
    total, times = row(pairs), [r["seconds"] for _, r in pairs]
    slowest = max((r for _, r in pairs), key=lambda r: r["seconds"])
    print(f"\nattentions raised: {total[2]} of {total[3]}; files right: {total[1]} of {total[0]}; "
          f"false raises: {total[4]}; crashes: {total[5]}; numbers wrong: {total[6]} of {total[7]}; "
          f"rejects with a remark: {total[8]} of {total[9]}; files with a tensor over queries and keys: {total[10]}")
    print(f"time per file, a process each: median {1e3 * statistics.median(times):.0f} ms, "
          f"max {1e3 * max(times):.0f} ms ({slowest['name']})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt")
    parser.add_argument("--qsat-run", default="build/bin/qsat-run")
    parser.add_argument("--passes", default="--inline --canonicalize --cse --qsat-raise-attention")
    parser.add_argument("--no-run", action="store_true", help="do not check numbers")
    parser.add_argument("--raised-only", action="store_true", help="check the numbers of raised programs only")
    parser.add_argument("--only", default="", help="cases whose names hold this")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time")
    parser.add_argument("--limit", type=float, default=60, help="seconds for qsat-opt")
    parser.add_argument("--run-limit", type=float, default=180, help="seconds for qsat-run")
    parser.add_argument("--remarks", action="store_true", help="print the remarks on rejects")
    parser.add_argument("--brief", action="store_true", help="no table of features")
    parser.add_argument("--json", action="store_true", help="print the results as JSON instead")
    arguments = parser.parse_args()
    try:
        for tool in (arguments.qsat_opt, *([] if arguments.no_run else [arguments.qsat_run])):
            if not shutil.which(tool):
                raise UsageError(f"{tool}: no such program")
        cases = read_manifest(arguments.folder, arguments.only)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with concurrent.futures.ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        results = list(pool.map(lambda case: check(case, arguments.folder, arguments), cases))
    if arguments.json:
        print(json.dumps(results, indent=1))
    else:
        print_tables(list(zip(cases, results)), arguments)
    return 0 if all(r["status"] == "ok" for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
