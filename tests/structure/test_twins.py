"""Each source file has its test file and each test file its source, so that both are found by name alone."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

TEST_FOLDER = {
    "lictor": "tests/lictor",
    "collectors": "tests/collectors",
    "pipeline": "tests/pipeline",
    "enforcer": "tests/enforcer",
    "queries": "tests/queries",
    "dashboards": "tests/dashboards",
    "benchmarks": "tests/benchmarks",
    "tools": "tests/structure",
}
"""Where the twins of a source folder live."""

WITHOUT_TWIN: dict[str, str] = {
    "benchmarks/bench_*.py": "a measurement, not a part: make bench runs it and a person reads it",
    "tests/structure/*.py": "they test the tree, not one file",
    "tests/kernel/*.py": "they test the sensor's C programs on the running kernel; C files are no Python modules",
    "tests/e2e/*.py": "they run whole commands; the source of each is the command line and all below it",
    "tests/browser/*.py": "they walk through the whole dashboard as people do",
    "tests/faults/*.py": "they kill whole deeds at every step; the source of each is a package",
    "tests/windows/*.py": "they act on a Windows, or on Wine, as a whole; the source of each is enforcer/windows or the live way of collectors/etw",
    "tests/queries/views/*.py": "they test the SQL files of queries/views",
    "tests/policies/*.py": "they test the policy files of the tree, not one module",
    "tests/enforcer/machine.py": "the made-up machine of the ladder's tests",
    "tests/etl_writer.py": "writes traces of Windows whose content a test knows",
    "tests/etw_events.py": "makes events as Windows hands them to a consumer, of those that the writer of traces made",
    "tests/recordings/*.py": "they read real recordings of Windows; the source of each is the whole way into the lake",
    "tests/seams.py": "reads both sides of a seam between operating systems, for tests that hold them together",
    "tests/windows_files.py": "makes up renames, owners and access lists of Windows for tests of its vault",
    "tests/trials.py": "says how much of what takes long is tried",
    "tests/lictor/enforcing/keepers.py": "stands for a keeper in tests of whoever tells it something",
    "tests/wine.py": "makes the Windows Python that tests run under Wine",
    "tests/corpus.py": "finds real files of other projects for tests that read them",
    "tests/receivers/*.py": "other ends for tests: daemons and small servers that exports and sign-ins talk to",
    "tests/apt.py": "installs system packages for tests that want them",
    "tests/npm.py": "fetches other products for tests that ask them",
    "tests/**/*_judge.py": "another product that tests beside it ask for its opinion",
    "tests/**/conftest.py": "fixtures for the tests beside it",
}
"""Patterns of files that stand alone, each with the reason."""


def twin(source: PurePosixPath) -> PurePosixPath:
    """Test file of a source file."""
    top, *rest = source.parts
    return PurePosixPath(TEST_FOLDER[top], *rest).with_name(f"test_{source.name}")


def source_of(test: PurePosixPath) -> PurePosixPath | None:
    """Source file of a test file; ``None`` where no source folder has its tests there."""
    for top, folder in TEST_FOLDER.items():
        if test.is_relative_to(folder):
            return PurePosixPath(top, test.relative_to(folder)).with_name(test.name.removeprefix("test_"))
    return None


def stands_alone(path: Path) -> bool:
    return any(full_match(path.as_posix(), pattern) for pattern in WITHOUT_TWIN)


def full_match(path: str, pattern: str) -> bool:
    """Whole-path match; ``**/`` stands for any folders, also none (``PurePath.full_match`` comes with 3.13)."""
    head, star, tail = pattern.partition("**/")
    if not star:
        return PurePosixPath(path).match(pattern) and path.count("/") == pattern.count("/")
    return path.startswith(head) and PurePosixPath(path).match(tail)


def only_names(text: str) -> bool:
    """Whether a package's ``__init__`` does nothing but say what the package is and re-export names."""
    plain = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign, ast.AnnAssign)
    return all(isinstance(node, plain) for node in ast.parse(text).body)


def test_every_source_file_has_its_test_file(tree):
    sources = tree.files(".py", folders=tuple(TEST_FOLDER))
    needing = [s for s in sources if not stands_alone(s) and not (s.name == "__init__.py" and only_names(tree.text(s)))]
    missing = [f"{s}: {twin(PurePosixPath(s))} is missing" for s in needing if not (tree.root / twin(s)).is_file()]
    assert not missing, "\n".join(missing)


def test_every_test_file_has_its_source_file(tree):
    tests = [t for t in tree.files(".py", folders=("tests",)) if not stands_alone(t)]
    orphans = [f"{t}: tests {source_of(t)}, which is not there" for t in tests if not _has_source(tree, t)]
    assert not orphans, "\n".join(orphans)


def _has_source(tree, test: Path) -> bool:
    source = source_of(PurePosixPath(test))
    return test.name.startswith("test_") and source is not None and (tree.root / source).is_file()


def test_every_exemption_has_a_reason():
    assert all(len(reason.split()) > 3 for reason in WITHOUT_TWIN.values())


@given(
    st.sampled_from(sorted(set(TEST_FOLDER) - {"tools"})),
    st.lists(st.from_regex("[a-z]{1,5}", fullmatch=True), min_size=1),
)
def test_twin_and_source_are_each_others_reverse(top, parts):
    source = PurePosixPath(top, *parts).with_suffix(".py")
    assert source_of(twin(source)) == source


def test_patterns_match_whole_paths():
    assert full_match("tests/conftest.py", "tests/**/conftest.py")
    assert full_match("tests/a/b/conftest.py", "tests/**/conftest.py")
    assert full_match("tests/kernel/test_x.py", "tests/kernel/*.py")
    assert not full_match("tests/kernel/deep/test_x.py", "tests/kernel/*.py")
    assert not full_match("tests/pipeline/test_x.py", "tests/kernel/*.py")
