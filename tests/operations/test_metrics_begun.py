"""A counter that an alert waits for stands at 0 before the first fault of its kind.

What must hold: Prometheus sees the first fault as a rise, so whatever an alert selects is there on
the first page of a gateway that has done nothing, alone and as one process of several.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.reading import Page
from tillgate.acquiring.states import NotificationState
from tillgate.edge.metrics import Metrics
from tillgate.edge.metrics_begun import ENTRIES
from tillgate.engine.verbs import VERBS
from tillgate.ledger.entries import EntryKind

ALERTS = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yml"
COUNTED = re.compile(r"(?:rate|increase)\(tillgate_(\w+)(?:\{([^}]*)\})?\[")
ALONE = """
import sys
from collections.abc import Callable
from pathlib import Path
from tillgate.edge.metrics import Metrics

sys.stdout.write(Metrics(shared=Path(sys.argv[1])).page().decode())
"""


def _alone(_folder: Path) -> str:
    return Metrics().page().decode()


def _of_several(folder: Path) -> str:
    line = [sys.executable, "-c", ALONE, str(folder)]
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    return subprocess.run(line, env=env, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("first_page", [_alone, _of_several])
def test_what_an_alert_counts_is_there_at_0_before_anything_happens(
    first_page: Callable[[Path], str], tmp_path: Path
) -> None:
    text = first_page(tmp_path)
    page = Page(text)
    selected = COUNTED.findall(ALERTS.read_text())
    assert len(selected) > 8
    for name, labels in selected:
        if name.endswith("_bucket"):
            continue  # A share of many: the first of them may be missing.
        for label, how, wanted in re.findall(r'(\w+)(=~?)"([^"]*)"', labels):
            for word in wanted.split("|") if how == "=~" else [wanted]:
                line = rf'^tillgate_{name}{{[^}}]*{label}="{word}"[^}}]*}} 0\.0$'
                assert re.search(line, text, re.MULTILINE), (name, label, word)
        assert re.search(rf"^tillgate_{name}(?:{{.*}})? 0\.0$", text, re.MULTILINE), name
        assert page.value(name) == 0


def test_each_verb_each_kind_of_entry_and_each_state_is_there() -> None:
    text = Metrics().page().decode()
    assert set(ENTRIES) == {kind.value for kind in EntryKind}
    for verb in VERBS:
        assert f'commands_total{{outcome="BROKEN",verb="{verb.__name__}"}} 0.0' in text
    for kind in EntryKind:
        assert f'ledger_entries_total{{kind="{kind.value}"}} 0.0' in text
    for state in NotificationState:
        assert f'notifications_total{{state="{state.value}"}} 0.0' in text
