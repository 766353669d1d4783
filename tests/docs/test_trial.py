"""A newcomer gets from `pip install` to a paid and verified order in under five minutes.

The wheel is built and installed into an empty environment by the page's own lines, and the page is
the only script. What must hold: no line of it needs the checkout; a minute lost here is a reader
lost.
"""

from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.docs.trial import newcomer, wheel
from tests.docs.walk import walk

MINUTES_MAX = 5


@pytest.mark.timeout(600)
def test_a_newcomer_accepts_a_payment_with_the_wheel_alone(tmp_path: Path) -> None:
    built = wheel(tmp_path)

    done = walk("docs/first-payment.md", tmp_path / "trial", variables=newcomer(built))

    ran = [each for each in done if each.how == "executed"]
    assert any('"resultCode":"9000"' in each.printed for each in ran)
    assert any(':"paid"' in each.printed for each in ran)
    assert sum(each.took_s for each in done) < 60 * MINUTES_MAX
    [installed] = tmp_path.glob("trial/page/.venv/lib/python3*/site-packages")
    with ZipFile(built) as packed:
        ours = [name for name in packed.namelist() if name.startswith("tillgate/")]
        assert all((installed / name).read_bytes() == packed.read(name) for name in ours)
