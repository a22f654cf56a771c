"""What CONTRIBUTING shows is what the files take."""

import re
import textwrap
from pathlib import Path

from gateway.engine.judge import judge
from gateway.policy import load
from gateway.policy.case import run_cases
from gateway.policy.compiler import compile_file
from gateway.policy.document import CasesDocument

TEXT = (Path(__file__).resolve().parents[3] / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS, CASES = (textwrap.dedent(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))


def test_its_row_ports_and_shapes_are_a_catalogue_and_its_case_comes_out_as_written(tmp_path: Path) -> None:
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "example.yaml").write_text(ROWS, encoding="utf-8")
    loaded = load(tmp_path)
    assert loaded.faults == () and loaded.policy is not None
    compiled = compile_file("cases/example.yaml", CASES.encode())
    assert isinstance(compiled.document, CasesDocument) and compiled.source is not None
    results = list(run_cases(loaded.policy, compiled.document, compiled.source, judge=judge, now=1_795_348_800.0))
    assert [str(result) for result in results if result.differences] == []
    assert {hint.vendor for hint in loaded.policy.catalogue.hints} >= {"example"}
