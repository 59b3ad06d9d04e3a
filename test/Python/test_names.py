"""Names in Python sources: those of benchmarks, which no test runs (GPUs, torch), among them."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def names_amiss(folder):
    command = [sys.executable, "-m", "pyflakes", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("folder", ["python", "test/Python", "test/Integration"])
def test_names_are_defined_and_used(folder):
    assert names_amiss(ROOT / folder) == ""


def test_undefined_names_are_found(tmp_path):
    (tmp_path / "undefined.py").write_text("print(nothing)\n")
    assert "undefined name 'nothing'" in names_amiss(tmp_path)
