"""The lit configuration of qsat.

Tools by name in RUN lines: qsat-opt, qsat-run, qsat-compile, qsat-lsp-server,
mlir-opt-22, mlir-runner-22, FileCheck, not, count, split-file.

Substitutions:
  %python          Python of the project's .venv (else the one running lit)
  %qsat_lib_dir    where libqsat*.so and qsatPlugin.so are
  %mlir_lib_dir    where libMLIR.so and the runner libraries are
  %qsat_src_root   the source tree
  %cmake %cc %cxx  the programs that configured and built the project

Features:
  qsat-run, qsat-compile, qsat-lsp-server, plugin    the program was built
  numpy                                              %python has numpy
  avx2, avx512, avx512bf16, amx                      what this CPU does
  ptxas                                              CUDA's assembler is here
  sanitize                                           a sanitizer build
"""

import os
import platform
import shutil
import subprocess
import sys

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "qsat"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test"]
# Inputs that tests read, not tests.
config.excludes = ["Inputs", "Data", "CMakeLists.txt", "lit.cfg.py", "lit.site.cfg.py"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.qsat_obj_root, "test")

llvm_config.with_system_environment(["HOME", "TMP", "TEMP", "TMPDIR", "OMP_NUM_THREADS"])
llvm_config.with_environment(
    "PYTHONPATH", os.path.join(config.qsat_src_root, "python"), append_path=True
)
# `not`, `count` and what they start are found by name.
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.use_default_substitutions()


def find_python():
    """The virtual environment's Python, where tools/check has made one."""
    venv = os.path.join(config.qsat_src_root, ".venv", "bin", "python")
    return venv if os.path.exists(venv) else sys.executable


python = find_python()
# First: among the default substitutions is a %python, the one that runs lit.
config.substitutions.insert(0, ("%python", python))
config.substitutions += [
    ("%qsat_lib_dir", config.qsat_lib_dir),
    ("%mlir_lib_dir", config.mlir_lib_dir),
    ("%mlir_cmake_dir", config.mlir_cmake_dir),
    ("%qsat_src_root", config.qsat_src_root),
    ("%qsat_obj_root", config.qsat_obj_root),
    ("%cmake", config.cmake),
    ("%cxx", config.cxx_compiler),
    ("%cc", config.c_compiler),
]

llvm_config.add_tool_substitutions(
    [
        ToolSubst("mlir-opt-22", os.path.join(config.llvm_tools_dir, "mlir-opt")),
        ToolSubst("mlir-runner-22", os.path.join(config.llvm_tools_dir, "mlir-runner")),
        ToolSubst("qsat-opt", unresolved="fatal"),
    ]
    + [
        ToolSubst(tool, unresolved="ignore")
        for tool in ("qsat-run", "qsat-compile", "qsat-lsp-server")
    ]
    + ["llvm-nm"],
    [config.qsat_tools_dir, config.llvm_tools_dir],
)

# -- features ----------------------------------------------------------------

for tool in ("qsat-run", "qsat-compile", "qsat-lsp-server"):
    if os.path.exists(os.path.join(config.qsat_tools_dir, tool)):
        config.available_features.add(tool)
if os.path.exists(os.path.join(config.qsat_lib_dir, "qsatPlugin.so")):
    config.available_features.add("plugin")
if subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode == 0:
    config.available_features.add("numpy")
if shutil.which("ptxas"):
    config.available_features.add("ptxas")
if config.sanitize.upper() in ("ON", "1", "TRUE"):
    config.available_features.add("sanitize")
    # libMLIR.so is not instrumented: containers that it fills look overflown, the
    # arenas that both sides allocate from are poisoned by one side only, and its
    # registries are never freed.
    config.environment["ASAN_OPTIONS"] = ":".join(
        ["detect_leaks=0", "detect_container_overflow=0", "allow_user_poisoning=0"]
    )
    config.environment["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"


def cpu_flags():
    """The flags of the first CPU, as Linux names them."""
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith(("flags", "Features")):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


flags = cpu_flags()
for feature, needed in {
    "avx2": {"avx2", "fma", "f16c"},
    "avx512": {"avx512f", "avx512bw", "avx512vl", "avx512dq"},
    "avx512bf16": {"avx512f", "avx512_bf16"},
    "amx": {"amx_tile", "amx_bf16"},
}.items():
    if needed <= flags:
        config.available_features.add(feature)
config.available_features.add(platform.machine())
