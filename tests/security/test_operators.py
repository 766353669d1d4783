"""The doors of operators: every command, tried by everybody who is none.

What must hold: whoever lacks the token of this machine, comes through a proxy or from another
machine, has no command carried out and learns of none; no operator's word stands without a name.
"""

import json
from typing import Any, Final

import pytest

from tests.security.production import HOST, Production
from tests.support.asgi import Headers, Reply, ask
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.payer import Payer
from tillgate.engine.ports import Select
from tillgate.gateway.operators import COMMANDS

HERE: Final = "127.0.0.1:8080"
FORWARDED: Final = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


def command(name: str) -> bytes:
    """Return a command; those that need no more than a payer are whole."""
    said = {"operation_id": "operation-1", "operator": "mallory", "payer_id": "alice"}
    return json.dumps({"name": name, "command": said}).encode()


async def sent(
    gate: Production, name: str, headers: Headers, *, host: str = HERE, method: str = "POST"
) -> Reply:
    return await ask(gate.house, method, "/control", command(name), headers=headers, host=host)


async def actions(gate: Production) -> list[Any]:
    return list(await gate.house.desk.reader.select(Select(record=OperatorAction)))


async def test_no_command_is_carried_out_without_the_token_or_through_a_proxy(
    gate: Production,
) -> None:
    token = gate.house.folder.control_token.read_text()
    good = (b"authorization", f"Bearer {token}".encode())
    before = await actions(gate)
    for name in COMMANDS:
        for wrong in ("", "Bearer ", f"Bearer {token[:-1]}", f"Basic {token}", f"bearer {token}"):
            given = [(b"authorization", wrong.encode())] if wrong else []
            assert (await sent(gate, name, given)).status == 401
        for header in FORWARDED:
            reply = await sent(gate, name, [good, (header.encode(), b"127.0.0.1")])
            assert reply.status == 404
        for host in (HOST, "evil.example", f"127.0.0.1.{HOST}", ""):
            assert (await sent(gate, name, [good], host=host)).status == 404
        assert (await sent(gate, name, [good], method="GET")).status == 405
    assert await actions(gate) == before
    alice = await gate.house.desk.reader.get(Payer, "alice")
    assert alice is not None
    assert (alice.name, alice.session_no) == ("Alice Chan", 0)


async def test_with_the_token_the_same_words_are_a_command(gate: Production) -> None:
    """So what stood in the way above was the authorisation, and nothing else."""
    token = gate.house.folder.control_token.read_text()
    good = (b"authorization", f"Bearer {token}".encode())
    assert (await sent(gate, "SignOutPayer", [good])).status == 200
    alice = await gate.house.desk.reader.get(Payer, "alice")
    assert alice is not None
    assert alice.session_no == 1


async def test_a_payers_session_is_no_operators(gate: Production) -> None:
    token = await gate.token()
    bearer = (b"authorization", f"Bearer {token}".encode())
    assert (await sent(gate, "ErasePayer", [bearer])).status == 401


async def test_the_file_with_the_token_is_its_owners_alone(gate: Production) -> None:
    assert gate.house.folder.control_token.stat().st_mode & 0o077 == 0
    assert gate.house.folder.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["", "\n", " "])
async def test_a_command_without_a_name_behind_it_is_refused(gate: Production, name: str) -> None:
    token = gate.house.folder.control_token.read_text()
    said = {"operation_id": "operation-2", "operator": name, "payer_id": "alice"}
    body = json.dumps({"name": "UnlockPayer", "command": said}).encode()
    good = (b"authorization", f"Bearer {token}".encode())
    reply = await ask(gate.house, "POST", "/control", body, headers=[good], host=HERE)
    assert reply.status == 422
