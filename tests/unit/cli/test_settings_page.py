"""`docs/settings.md` tells of every setting, and of each number the default that holds."""

import re
from pathlib import Path

import pytest

from tillgate.acquiring.risk.settings import RiskSettings
from tillgate.config import Limits
from tillgate.config.risk import COUNTS, HOURS, SCORES
from tillgate.config.settings import KNOWN
from tillgate.kernel.clock import HOUR_MS

PAGE = (Path(__file__).parents[3] / "docs" / "settings.md").read_text()
ROW = re.compile(r"^\| `TILLGATE_([A-Z_]+)` \| (.+?) \|", re.MULTILINE)
TOLD = {name.lower(): default.strip("`") for name, default in ROW.findall(PAGE)}
RISK = RiskSettings()
DEFAULTS = {
    **{name: getattr(Limits(), name) for name in Limits.__struct_fields__},
    **{f"risk_{name}": getattr(RISK, name) for name in (*SCORES, *COUNTS)},
    **{f"risk_{name}_hours": getattr(RISK, f"{name}_ms") // HOUR_MS for name in HOURS},
    "risk_large_amounts": ", ".join(map(str, RISK.large_amounts)),
}


def test_the_page_tells_of_every_setting_and_of_no_other() -> None:
    assert set(TOLD) == set(KNOWN)


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_page_tells_the_default_that_holds(name: str) -> None:
    assert TOLD[name] == str(DEFAULTS[name])
