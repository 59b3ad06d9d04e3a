"""Adds up what the test suites left in a directory of results.

    summary.py DIRECTORY SUITE...

lit.json (lit --output) and pytest.xml (pytest --junitxml).
Prints a line for each suite, the tests that failed, and last `N passed, N failed`. A suite without
results counts as one failure. The exit code is 1 if anything failed or nothing ran.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Suite:
    """The outcome of one suite; `failures` names what failed."""

    passed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)


def read_lit(path: Path) -> Suite:
    suite = Suite()
    for test in json.loads(path.read_text())["tests"]:
        if test["code"] in ("PASS", "FLAKYPASS", "XFAIL"):
            suite.passed += 1
        elif test["code"] in ("UNSUPPORTED", "SKIPPED", "EXCLUDED"):
            suite.skipped += 1
        else:
            suite.failures.append(f"{test['name']} ({test['code']})")
    return suite


def read_pytest(path: Path) -> Suite:
    suite = Suite()
    for case in xml.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            suite.failures.append(f"{case.get('classname')}.{case.get('name')}")
        elif case.find("skipped") is not None:
            suite.skipped += 1
        else:
            suite.passed += 1
    return suite


READERS = {
    "lit": ("lit.json", read_lit),
    "pytest": ("pytest.xml", read_pytest),
}


def read(directory: Path, name: str) -> Suite:
    """The results of the suite `name`; one failure if they cannot be read."""
    file, reader = READERS[name]
    try:
        suite = reader(directory / file)
    except (OSError, ValueError, KeyError, xml.ParseError) as error:
        return Suite(failures=[f"no results ({error})"])
    if suite.passed + len(suite.failures) == 0:
        suite.failures.append("no test ran")
    return suite


def main() -> int:
    directory, names = Path(sys.argv[1]), sys.argv[2:]
    suites = {name: read(directory, name) for name in names}
    for name, suite in suites.items():
        for failure in suite.failures:
            print(f"FAILED {name}: {failure}")
    for name, suite in suites.items():
        print(f"{name:>7}: {suite.passed} passed, {len(suite.failures)} failed, {suite.skipped} not run")
    passed = sum(suite.passed for suite in suites.values())
    failed = sum(len(suite.failures) for suite in suites.values())
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


if __name__ == "__main__":
    sys.exit(main())
