"""The file of a recording: what is read is what was written, and nothing is guessed at."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.profile import Digest
from tillgate.protocol.recording import (
    FORMAT,
    VERSION,
    Exchange,
    ExchangeKind,
    RecordedKey,
    Recording,
    RecordingRefused,
    Text,
    is_recording,
    read_recording,
    schema,
    write_recording,
)

SCHEMA = Path("docs/recording.schema.json")
GATEWAY, CLIENT = PrivateKey.generate().public, PrivateKey.generate().public


def _recording(**changes: Any) -> Recording:
    made = Recording(
        format=FORMAT,
        version=VERSION,
        made_by="0.1.0",
        origin="http://127.0.0.1:8080",
        begun_at="2026-11-23T16:00:00+08:00",
        ended_at="2026-11-23T16:01:00+08:00",
        masking="…",
        keys=(
            RecordedKey(owner="gateway", fingerprint=GATEWAY.fingerprint, pem=GATEWAY.pem()),
            RecordedKey(
                owner="client",
                client_id="c-1",
                fingerprint=CLIENT.fingerprint,
                pem=CLIENT.pem(),
                digest=Digest.RSA,
            ),
        ),
        exchanges=(
            Exchange(
                seq=1,
                at="2026-11-23T16:00:01.000+08:00",
                kind=ExchangeKind.NOTIFICATION,
                client_id="c-1",
                order="A-1",
                request=Text(size=4, text="told"),
                answer=Text(size=2, base64="/v8="),
            ),
            Exchange(
                seq=2,
                at="2026-11-23T16:00:02.000+08:00",
                kind=ExchangeKind.FUNCTION,
                client_id="c-1",
                request=Text(size=5, shown={"a": 1}, masked=("b",)),
                answer=Text(size=5, text="yes{}"),
            ),
        ),
    )
    return msgspec.structs.replace(made, **changes)


def test_what_is_written_is_read() -> None:
    recording = _recording()

    assert read_recording(write_recording(recording)) == recording
    assert is_recording(write_recording(recording))


def test_each_message_whose_bytes_are_kept_comes_with_the_keys_of_its_signer() -> None:
    first, second, third = _recording().signed_messages()

    assert (first.raw, first.keys, first.digest) == (b"told", (GATEWAY,), Digest.RSA)
    assert (second.raw, second.keys) == (b"\xfe\xff", (CLIENT,))
    assert (third.raw, third.keys, third.label) == (b"yes{}", (GATEWAY,), "2 function response")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no recording"),
        (b"\xff", "no recording"),
        (b'{"format":"har","version":1}', "no recording"),
        (write_recording(_recording(version=2)), "version 2"),
        (write_recording(_recording()).replace(b'"seq": 1', b'"seq": "1"'), "damaged"),
        (write_recording(_recording())[:-40], "no recording"),
        (b" " * (32 * 1024 * 1024 + 1), "32 MiB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(raw: bytes, says: str) -> None:
    with pytest.raises(RecordingRefused, match=says):
        read_recording(raw)


def test_a_later_reader_finds_members_that_it_does_not_know_and_leaves_them_alone() -> None:
    told = json.loads(write_recording(_recording()))
    told["exchanges"][0]["weather"] = "rain"

    assert read_recording(json.dumps(told).encode()) == _recording()


def test_the_published_schema_is_the_one_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text()) == json.loads(json.dumps(schema()))
