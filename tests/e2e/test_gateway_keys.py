"""The gateway's key changes: merchants who hold both keys notice nothing, nobody is cut off.

A running sandbox and its SDK, then every place at which a change of keys can be cut short. What
must hold: whoever starts signs with the key that the database names, or refuses and says what to
type; the private half is never printed.
"""

import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import databases
from tests.support.gateway import CLIENT_ID, MERCHANT_ID, PIN, Gateway
from tests.support.shell import Done, Tillgate
from tillgate import UNCHECKED, Cause, InvalidSignature, Merchant, NotFound, Order, Unknown
from tillgate.bootstrap import gateway_keys
from tillgate.bootstrap.gateway_keys import belongs_to, public_keys, signing_key
from tillgate.cli.operate import read, settings_of
from tillgate.cli.root import run
from tillgate.config import folder
from tillgate.protocol.keys import load_private_key, load_public_key


@pytest.fixture
def tillgate(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Tillgate:
    """Run commands on the folder `data` of this test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TILLGATE_OPERATOR", "olga")

    def ran(*arguments: str) -> Done:
        capfd.readouterr()
        code = run([*arguments, "--data", str(tmp_path / "data")])
        told = capfd.readouterr()
        assert "PRIVATE KEY" not in told.out + told.err
        return Done(code, told.out, told.err)

    return ran


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path / "data")
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def keys(tmp_path: Path, tillgate: Tillgate) -> Path:
    """A production folder with a database, and a next key."""
    keys = tmp_path / "data" / "keys"
    databases.furnish(tmp_path / "data", with_tables=False)
    assert run(["keys", "generate", "gateway", "--out", str(keys)]) == 0
    assert tillgate("db", "upgrade").code == 0
    assert tillgate("keys", "next-gateway").code == 0
    return keys


def _holding(gateway: Gateway, *keys: bytes) -> Merchant:
    return Merchant(
        client_id=CLIENT_ID,
        merchant_id=MERCHANT_ID,
        private_key=gateway.data / "keys" / "merchant.private.pem",
        gateway_public_key=keys,
        base_url=gateway.origin,
    )


def _notified(tillgate: Tillgate) -> bytes:
    """Return what was sent last."""
    (row,) = tillgate("notification", "show", MERCHANT_ID, "K-1", "--json").json
    sent: str = row["sends"][-1]["request"]
    return sent.encode()


def _sends(tillgate: Tillgate) -> int:
    (row,) = tillgate("notification", "show", MERCHANT_ID, "K-1", "--json").json
    return len(row["sends"])


def _send_again(tillgate: Tillgate) -> bytes:
    """Return what was sent last, once more was sent than before."""
    import time  # noqa: PLC0415  Only for this.

    before = _sends(tillgate)
    assert tillgate("notification", "resend", MERCHANT_ID, "K-1.paid").code == 0
    ends_s = time.monotonic() + 120
    while _sends(tillgate) == before and time.monotonic() < ends_s:
        time.sleep(0.1)
    assert _sends(tillgate) > before
    return _notified(tillgate)


def _pay(gateway: Gateway, tmp_path: Path) -> None:
    order = Order(
        merchant_trans_id="K-1",
        title="Dress",
        amount="10.00 HKD",
        notify_url="http://127.0.0.1:9/notify",
    )
    file = tmp_path / "order.txt"
    file.write_text(gateway.merchant().order_str(order))
    paid = ("wallet", "pay", str(file), "--url", gateway.origin, "--payer", "rich", "--pin", PIN)
    assert run([*paid]) == 0


def test_who_holds_both_keys_notices_nothing_and_who_holds_the_old_one_refuses(
    gateway: Gateway, tillgate: Tillgate, tmp_path: Path
) -> None:
    _pay(gateway, tmp_path)
    old = (gateway.data / "keys" / "gateway.public.pem").read_bytes()
    made = tillgate("keys", "next-gateway", "--json").json
    new = made["publicKey"].encode()
    prints = [load_public_key(each).fingerprint for each in (old, new)]

    def is_believed(*held: bytes) -> bool:
        """Tell whether an answer and a notification are believed; both or neither must be."""
        with _holding(gateway, *held) as merchant:
            found = merchant.query("never ordered")
            sent = _send_again(tillgate)
            try:
                merchant.notification(sent, expect=UNCHECKED)
            except InvalidSignature:
                assert isinstance(found, Unknown)
                assert found.cause is Cause.BAD_SIGNATURE
                return False
            assert isinstance(found, NotFound)
            return True

    assert is_believed(old, new)

    switched = tillgate("keys", "switch-gateway", "--json").json
    assert switched == {
        "changed": True,
        "fingerprint": prints[1],
        "previous": prints[0],
        "restartNeeded": True,
    }
    shown = tillgate("keys", "show", "--json").json
    assert [(row["key"], row["fingerprint"]) for row in shown["keys"]] == [
        ("current", prints[1]),
        ("previous", prints[0]),
    ]
    assert shown["signsNow"] == prints[0]
    assert "start it again" in tillgate("keys", "show").err
    assert is_believed(old, new)
    assert is_believed(old)

    gateway.stop()
    gateway.start()
    assert tillgate("keys", "show", "--json").json["signsNow"] == prints[1]
    assert is_believed(old, new)
    assert is_believed(new)
    assert not is_believed(old)


def test_each_key_is_listed_and_the_log_says_who_switched(keys: Path, tillgate: Tillgate) -> None:
    first = load_private_key((keys / "gateway.private.pem").read_bytes()).public
    following = load_private_key((keys / "gateway.next.private.pem").read_bytes()).public
    assert stat.S_IMODE((keys / "gateway.next.private.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((keys / "gateway.next.public.pem").stat().st_mode) == 0o644

    listed = tillgate("keys", "show", "--json").json
    assert [(row["key"], row["fingerprint"]) for row in listed["keys"]] == [
        ("current", first.fingerprint),
        ("next", following.fingerprint),
    ]
    assert listed["signsNow"] is None
    assert tillgate("keys", "switch-gateway", "--operator", "otto", "--json").json == {
        "changed": True,
        "fingerprint": following.fingerprint,
        "previous": first.fingerprint,
        "restartNeeded": False,
    }

    shown = tillgate("keys", "show").out
    assert shown.splitlines() == [
        f"current\t{following.fingerprint}\t{keys / 'gateway.private.pem'}",
        f"previous\t{first.fingerprint}\t",
    ]
    assert tillgate("db", "show", "--json").json["gatewayFingerprint"] == following.fingerprint
    assert [*sorted(path.name for path in keys.glob("gateway*"))] == [
        "gateway.previous.public.pem",
        "gateway.private.pem",
        "gateway.public.pem",
    ]
    assert stat.S_IMODE((keys / "gateway.private.pem").stat().st_mode) == 0o600
    assert load_public_key((keys / "gateway.public.pem").read_bytes()) == following
    assert load_public_key((keys / "gateway.previous.public.pem").read_bytes()) == first
    assert ("otto", "keys switch-gateway") in _log(keys)
    settings = settings_of(str(keys.parent))
    belongs = read(settings, belongs_to)
    assert public_keys(settings, signing_key(settings, belongs), belongs) == (following, first)


def _log(keys: Path) -> list[tuple[str, str]]:
    from tillgate.acquiring.operator import OperatorAction  # noqa: PLC0415  Only this test reads it.
    from tillgate.cli.operate import every  # noqa: PLC0415  As above.

    rows = read(settings_of(str(keys.parent)), lambda reader: every(reader, OperatorAction))
    return [(row.operator, row.action) for row in rows]


def test_a_next_key_is_made_once_and_never_switched_to_twice(
    keys: Path, tillgate: Tillgate
) -> None:
    before = (keys / "gateway.next.private.pem").read_bytes()
    again = tillgate("keys", "next-gateway")
    assert (again.code, "There is a next key already" in again.err) == (2, True)
    (keys / "gateway.next.public.pem").unlink()
    assert tillgate("keys", "next-gateway").code == 0
    assert (keys / "gateway.next.private.pem").read_bytes() == before

    assert tillgate("keys", "switch-gateway").code == 0
    twice = tillgate("keys", "switch-gateway")
    assert (twice.code, "tillgate keys next-gateway" in twice.err) == (2, True)


class _PowerCut(Exception):
    """The power went."""


STEPS = 5
"""Files that change after the commit; a test below counts them."""


def _cut_at(monkeypatch: pytest.MonkeyPatch, step: int) -> list[int]:
    """Let the power go before this step among the files that change; return what was counted."""
    counted = [0]

    def counting(real: Callable[..., None]) -> Callable[..., None]:
        def cut(*arguments: Any, **more: Any) -> None:
            counted[0] += 1
            if counted[0] == step:
                raise _PowerCut
            real(*arguments, **more)

        return cut

    monkeypatch.setattr(gateway_keys, "replace", counting(folder.replace))
    monkeypatch.setattr(Path, "unlink", counting_unlink(counting))
    return counted


def counting_unlink(counting: Callable[..., Any]) -> Callable[..., None]:
    """Count what is taken away of the next key alone."""
    real = Path.unlink
    counted = counting(real)

    def unlink(path: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002  Path's own shape.
        (counted if path.name.startswith("gateway.next.") else real)(path, missing_ok=missing_ok)

    return unlink


def _starts_with(data: Path) -> str:
    """Return the fingerprint with which a server would sign that starts now."""
    settings = settings_of(str(data))
    return signing_key(settings, read(settings, belongs_to)).public.fingerprint


@pytest.mark.parametrize("then", ["start", "command"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_switch_that_is_cut_short_among_the_files_is_finished(
    keys: Path, tillgate: Tillgate, step: int, then: str
) -> None:
    following = load_private_key((keys / "gateway.next.private.pem").read_bytes()).public
    with pytest.MonkeyPatch.context() as cutting:
        _cut_at(cutting, step)
        with pytest.raises(_PowerCut):
            tillgate("keys", "switch-gateway")

    if then == "start":
        assert _starts_with(keys.parent) == following.fingerprint
    else:
        # Once the own key is the new one, there is nothing left to switch to.
        assert tillgate("keys", "switch-gateway").code in (0, 2)
    assert _starts_with(keys.parent) == following.fingerprint
    assert load_private_key((keys / "gateway.private.pem").read_bytes()).public == following
    assert load_public_key((keys / "gateway.public.pem").read_bytes()) == following
    assert not [*keys.glob("gateway.next.*")]


def test_there_are_no_more_steps_than_those_that_were_cut(
    keys: Path, tillgate: Tillgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = _cut_at(monkeypatch, 0)

    assert tillgate("keys", "switch-gateway").code == 0
    assert counted == [STEPS]


def test_files_that_are_ahead_of_the_database_are_refused_until_it_follows(
    keys: Path, tillgate: Tillgate
) -> None:
    restore = databases.backup(keys.parent)
    following = load_private_key((keys / "gateway.next.private.pem").read_bytes()).public
    assert tillgate("keys", "switch-gateway").code == 0
    restore()

    with pytest.raises(gateway_keys.ModeRefused, match="finish it with tillgate keys switch-gat"):
        _starts_with(keys.parent)

    assert tillgate("keys", "switch-gateway", "--json").json["changed"] is True
    assert _starts_with(keys.parent) == following.fingerprint


def test_a_key_that_nobody_announced_is_never_switched_to(keys: Path, tillgate: Tillgate) -> None:
    for each in keys.glob("gateway*"):
        each.unlink()
    assert run(["keys", "generate", "gateway", "--out", str(keys)]) == 0

    with pytest.raises(gateway_keys.ModeRefused, match="belongs to the gateway key"):
        _starts_with(keys.parent)
    refused = tillgate("keys", "switch-gateway")
    assert (refused.code, "Put the right key back" in refused.err) == (1, True)
    assert f"another machine of this database, copy its keys/gateway.* to {keys}" in refused.err


def test_a_machine_that_did_not_switch_follows_with_the_files_of_the_one_that_did(
    keys: Path, tillgate: Tillgate, tmp_path: Path
) -> None:
    second = tmp_path / "second machine"
    shutil.copytree(keys, second)
    for each in second.glob("gateway.next.*"):
        each.unlink()
    assert tillgate("keys", "switch-gateway").code == 0
    switched = _starts_with(keys.parent)
    first = tmp_path / "first machine"
    shutil.copytree(keys, first)
    for each in keys.glob("gateway*"):
        each.unlink()
    for each in second.glob("gateway*"):
        shutil.copy(each, keys)

    with pytest.raises(gateway_keys.ModeRefused, match=r"another machine .* copy its keys/gateway"):
        _starts_with(keys.parent)

    for each in first.glob("gateway*"):
        shutil.copy(each, keys)
    assert _starts_with(keys.parent) == switched


@pytest.fixture
def elsewhere(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The gateway's private key where TILLGATE_GATEWAY_KEY names it, and nowhere else."""
    path = tmp_path / "vault.pem"
    (keys / "gateway.private.pem").rename(path)
    monkeypatch.setenv("TILLGATE_GATEWAY_KEY", str(path))
    return path


def test_a_key_that_lies_elsewhere_is_switched_and_then_moved_there(
    keys: Path, elsewhere: Path, tillgate: Tillgate
) -> None:
    following = load_private_key((keys / "gateway.next.private.pem").read_bytes()).public
    told = tillgate("keys", "switch-gateway")
    assert (told.code, "where TILLGATE_GATEWAY_KEY names it" in told.err) == (0, True)
    assert _starts_with(keys.parent) == following.fingerprint

    shutil.copy(keys / "gateway.next.private.pem", elsewhere)
    assert _starts_with(keys.parent) == following.fingerprint
    twice = tillgate("keys", "next-gateway")
    assert (twice.code, "delete it" in twice.err) == (2, True)
    (keys / "gateway.next.private.pem").unlink()
    assert tillgate("keys", "next-gateway").code == 0
    assert load_public_key((keys / "gateway.public.pem").read_bytes()) == following
    assert tillgate("keys", "switch-gateway").code == 0
    assert _starts_with(keys.parent) != following.fingerprint


def test_a_new_key_that_was_named_before_the_switch_is_refused_until_it_is_made(
    keys: Path, elsewhere: Path, tillgate: Tillgate
) -> None:
    following = load_private_key((keys / "gateway.next.private.pem").read_bytes()).public
    (keys / "gateway.next.private.pem").replace(elsewhere)

    with pytest.raises(gateway_keys.ModeRefused, match="switch-gateway"):
        _starts_with(keys.parent)

    assert tillgate("keys", "switch-gateway").code == 0
    assert _starts_with(keys.parent) == following.fingerprint
