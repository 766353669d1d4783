"""What holds for every test: nothing is skipped, each has a log of its own, no two runs differ.

A test that cannot run here says nothing about the code, yet it looks like one that passed. So a
skip is turned into a failure that repeats the reason. Hypothesis makes the same examples in every
run, and takes its time on a machine that does much besides: a landing is not refused by chance, and
`--hypothesis-profile default` looks for new ones. What a test is handed may take longer to come up
than a test may run, since whoever comes first waits for what all share; one that hangs ends, too.
What must hold: this knows no test by name.
"""

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Final

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile(
    "tillgate",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tillgate")
FIXTURES_S_MAX: Final = 1_800
"""How long all that a test is handed may take to come up, and to go: it ends what hangs."""


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """Forget how a command set the log up: the stream it wrote to ends with its test."""
    yield
    structlog.reset_defaults()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """End what hangs while it comes up."""
    with _ending(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """End what hangs while it goes."""
    with _ending(item):
        yield


@contextmanager
def _ending(item: pytest.Item) -> Iterator[None]:
    """End what hangs as the plugin does, whose own `timeout` is for what a test itself does."""
    plugin = item.config.pluginmanager.get_plugin("timeout")
    if plugin is None or item.config.getoption("timeout") == 0:
        yield
        return
    limit = plugin.Settings(
        timeout=FIXTURES_S_MAX,
        method=plugin.DEFAULT_METHOD,
        func_only=True,
        disable_debugger_detection=False,
    )
    item.config.hook.pytest_timeout_set_timer(item=item, settings=limit)
    try:
        yield
    finally:
        item.config.hook.pytest_timeout_cancel_timer(item=item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one; an expected failure stays what it is."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and nothing here may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped file into an error."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = (
            f"{collector.nodeid} was skipped, and nothing here may be: {report.longrepr}"
        )
    return report


def pytest_sessionfinish() -> None:
    """Drop the databases that this process made for its tests."""
    used = sys.modules.get("tests.support.postgres")
    if used is not None:
        used.leave()
