"""A recording in the doctor: each message that is kept is examined with the keys in the file.

It decides which keys belong to which message, as the recording says, and puts the reports together;
the doctor examines. What must hold: no key has to be given, since the file holds the public halves;
a message whose bytes were masked is told with the verdict it had when it was heard.
"""

from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from tillgate import doctor
from tillgate.cli.given_path import named
from tillgate.cli.surface import UsageError
from tillgate.protocol.recording import (
    RECORDING_BYTES_MAX,
    Exchange,
    Recording,
    RecordingRefused,
    SignatureVerdict,
    is_recording,
    read_recording,
)

SIGN_BYTES: Final = 4 * 1024
"""How far into a file it says what it is."""
MESSAGES_MAX: Final = 500
MASKED: Final = "Its bytes were masked when it was recorded; this is what was found then."


def recording_in(file: Path) -> Recording | None:
    """Return the recording in a file, or None when it is something else.

    Raises:
        UsageError: it is one that cannot be read.
    """
    try:
        with file.open("rb") as opened:
            if b'"tillgate-recording"' not in opened.read(SIGN_BYTES):
                return None
            opened.seek(0)
            raw = opened.read(RECORDING_BYTES_MAX + 1)
    except OSError:
        return None
    if not is_recording(raw):
        return None
    try:
        return read_recording(raw)
    except RecordingRefused as error:
        raise UsageError(f"{named(file)}: {error}") from error


def report_of(recording: Recording) -> doctor.Report:
    """Examine the messages of a recording, and return one report of them all."""
    reports = [
        doctor.examine(
            message.raw,
            [doctor.GivenKey(key, was_private=False) for key in message.keys],
            message.digest,
        )
        for message in islice(recording.signed_messages(), MESSAGES_MAX)
        if message.keys
    ]
    found = [
        msgspec.structs.replace(finding, message=number)
        for number, report in enumerate(reports, start=1)
        for finding in report.findings
    ]
    found += [finding for each in recording.exchanges for finding in _masked(each)]
    keys = {key.fingerprint: key for report in reports for key in report.keys}
    return doctor.Report(
        findings=tuple(found),
        messages=tuple(facts for report in reports for facts in report.messages),
        keys=tuple(keys.values()),
    )


def _masked(exchange: Exchange) -> list[doctor.Finding]:
    """Return what was found of a message that cannot be examined any more."""
    signature, told = exchange.signature, exchange.request
    was_kept = told is None or told.raw is not None
    if signature is None or was_kept or signature.verdict is not SignatureVerdict.BAD:
        return []
    if signature.finding not in doctor.Code.__members__:
        return []
    return [doctor.Finding.of(doctor.Code[signature.finding], MASKED, certain=False)]
