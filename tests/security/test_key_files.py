"""Key files that others can read: refused by the server, warned about everywhere else.

What must hold: no mode that lets anybody but the owner in passes in silence; the warning names the
file and what to type, and holds nothing of the key.
"""

import json
import logging
from pathlib import Path

import pytest

from tests.support.gateway import tillgate
from tests.support.wire import CONTENT, gateway_key, merchant_key
from tillgate import AsyncMerchant, Merchant
from tillgate.bootstrap import open_house
from tillgate.cli.operate import settings_of
from tillgate.config.folder import Folder, FolderRefused, write_once
from tillgate.merchant.sources import warning_of
from tillgate.protocol.keys import KeyRefused, PrivateKey

OPEN = (0o644, 0o640, 0o604, 0o660, 0o666, 0o620, 0o601)
CLOSED = (0o600, 0o400)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "merchant.private.pem"
    path.write_bytes(merchant_key().pem())
    return path


@pytest.mark.parametrize("mode", OPEN)
@pytest.mark.parametrize("kind", [Merchant, AsyncMerchant])
def test_the_sdk_warns_of_a_key_that_others_can_read(
    key: Path, mode: int, kind: type, caplog: pytest.LogCaptureFixture
) -> None:
    key.chmod(mode)
    with caplog.at_level(logging.WARNING, logger="tillgate.merchant"):
        kind(
            client_id="C",
            merchant_id="M",
            private_key=key,
            gateway_public_key=gateway_key().public,
        )
    [record] = caplog.records
    assert f"chmod 600 {key}" in record.getMessage()
    assert f"{mode:04o}" in record.getMessage()
    assert not [line for line in key.read_text().splitlines() if line in record.getMessage()]


@pytest.mark.parametrize("mode", CLOSED)
def test_the_sdk_is_silent_about_a_key_of_its_owners_alone(
    key: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    key.chmod(mode)
    for source in (key, key.read_text(), key.read_bytes(), merchant_key()):
        Merchant(
            client_id="C",
            merchant_id="M",
            private_key=source,
            gateway_public_key=gateway_key().public,
        )
    assert caplog.records == []
    assert warning_of(key) == ""


def test_the_step_that_the_sdk_names_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    key = tmp_path / "my key.pem"
    key.write_bytes(merchant_key().pem())
    key.chmod(0o644)

    assert warning_of(key).endswith(f"chmod 600 '{key}'")


def test_a_public_key_given_by_mistake_is_not_called_a_private_one(
    key: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key.write_text(merchant_key().public.pem())
    key.chmod(0o644)

    with pytest.raises(KeyRefused, match="public key"):
        Merchant(
            client_id="C",
            merchant_id="M",
            private_key=key,
            gateway_public_key=gateway_key().public,
        )

    assert caplog.records == []


def test_signing_an_order_warns_and_prints_the_order_string_alone(key: Path) -> None:
    body = key.with_name("body.json")
    body.write_text(json.dumps(CONTENT["body"]))
    for mode, is_warned in ((0o644, True), (0o600, False)):
        key.chmod(mode)
        done = tillgate("order", "sign", str(body), "--key", str(key))
        assert done.returncode == 0, done.stderr
        assert (f"chmod 600 {key}" in done.stderr) == is_warned
        assert done.stdout.count("\n") == 1
        assert "chmod" not in done.stdout


@pytest.mark.parametrize("mode", OPEN)
async def test_the_server_refuses_a_key_that_others_can_read(tmp_path: Path, mode: int) -> None:
    data = tmp_path / "gateway"
    folder = Folder(data)
    folder.make()
    path = folder.keys / "gateway.private.pem"
    write_once(path, PrivateKey.generate().pem())
    path.chmod(mode)
    settings = settings_of(str(data), mode="production", public_url="https://pay.example")
    with pytest.raises(FolderRefused, match="chmod 600"):
        async with open_house(settings, port=8080):
            raise AssertionError("it started")


@pytest.mark.parametrize("name", ["secret.bin", "gateway.private.pem"])
async def test_the_server_refuses_each_of_its_secrets(tmp_path: Path, name: str) -> None:
    data = tmp_path / "gateway"
    folder = Folder(data)
    folder.make()
    write_once(folder.keys / "gateway.private.pem", PrivateKey.generate().pem())
    settings = settings_of(str(data), mode="production", public_url="https://pay.example")
    async with open_house(settings, port=8080):
        pass
    (folder.keys / name).chmod(0o644)
    with pytest.raises(FolderRefused, match=name):
        async with open_house(settings, port=8080):
            raise AssertionError("it started")


def test_keys_are_born_closed(tmp_path: Path) -> None:
    done = tillgate("keys", "generate", "merchant", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "merchant.private.pem").stat().st_mode & 0o077 == 0
