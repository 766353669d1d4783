"""Requests that are no whole message: torn, empty, far too long, or not posted at all.

Networks and strangers send them every day. What must hold: each is refused without a crash, and
the order stays as it was.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from tillgate.exam.cases import About, Case, Effect, Expect, Scene, Step, posted
from tillgate.exam.wire import Manner

OVERSIZED_BYTES: Final = 1024 * 1024


def _half(scene: Scene) -> Sequence[Step]:
    message = scene.acquirer.paid(scene.order)
    return [posted(message, body=message.raw[: len(message.raw) // 2])]


def _cut_off(scene: Scene) -> Sequence[Step]:
    return [posted(scene.acquirer.paid(scene.order), manner=Manner.CUT_OFF)]


def _empty(scene: Scene) -> Sequence[Step]:
    return [posted(scene.acquirer.paid(scene.order), body=b"")]


def _oversized(scene: Scene) -> Sequence[Step]:
    message = scene.acquirer.paid(scene.order)
    return [posted(message, body=message.raw[:-1].ljust(OVERSIZED_BYTES) + b"}")]


def _get(scene: Scene) -> Sequence[Step]:
    return [posted(scene.acquirer.paid(scene.order), method="GET", body=b"")]


_broken = partial(
    Case, group="Broken requests", about=About.OPEN, expect=Expect.REFUSED, effect=Effect.NOTHING
)

BODIES: Final[Sequence[Case]] = (
    _broken(
        name="half-body",
        title="Half a body",
        sent="The first half of the order's right notification, with a Content-Length to match.",
        why="A crash fills your log and your alarms, and a page of your framework may show a "
        "stranger its code.",
        mend="Catch what your JSON parser raises and answer 400.",
        play=_half,
    ),
    _broken(
        name="cut-off",
        title="Cut off in the middle",
        expect=Expect.NO_ACKNOWLEDGEMENT,
        sent="The right Content-Length, half of the bytes, and then the end of the connection.",
        why="A part of a message must never be taken for the whole.",
        mend="Let the server wait for Content-Length bytes, and do nothing when fewer come.",
        play=_cut_off,
    ),
    _broken(
        name="empty-body",
        title="No body at all",
        sent="A POST with a Content-Length of 0.",
        why="Health checks and scanners post nothing; it should not look like a fault of yours.",
        mend="Answer 400 to an empty body.",
        play=_empty,
    ),
    _broken(
        name="oversized",
        title="A body of 1 MiB",
        expect=Expect.NO_ACKNOWLEDGEMENT,
        sent="The order's right notification, filled up with blanks to 1 MiB.",
        why="Who reads whatever comes can be filled up by anybody; no notification is longer than "
        "64 KiB.",
        mend="Limit the body of this address to 64 KiB before it is read, in your framework or in "
        "front of it; answer 413.",
        play=_oversized,
    ),
    _broken(
        name="get",
        title="GET instead of POST",
        expect=Expect.NO_ACKNOWLEDGEMENT,
        sent="A GET of the address, as a browser or a link checker makes it.",
        why="An address that does something on GET does it whenever somebody looks.",
        mend="Take POST alone at this address; answer 405 to all else.",
        play=_get,
    ),
)
"""In the order in which they are sent."""
