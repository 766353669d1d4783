"""What a case is: what is sent about which order, what must come of it, and the words for people.

The cases themselves stand in `lies`, `bodies`, `words` and `ends`, each as one row. What must hold:
a case is data and a function that writes messages; it neither sends nor judges.
"""

from collections.abc import Callable, Sequence
from enum import Enum, unique
from typing import Final, final

import msgspec

from tillgate.exam.acquirer import Acquirer, Message
from tillgate.exam.orders import Ordered
from tillgate.exam.wire import Sending

ORDER: Final = "the order"
AGREEMENT: Final = "the agreement"
"""How a fault begins that says how what a case is about stood."""


@unique
class About(Enum):
    """Which order a case is about, or which agreement."""

    OPEN = "one that nobody has paid"
    PAID = "one that the right message has paid"
    OWN = "one of its own, that no other case uses"
    AGREEMENT = "the agreement that was given"


@unique
class Expect(Enum):
    """What must be answered: a sentence."""

    ACKNOWLEDGED = "HTTP 200 and a signed acknowledgement"
    REFUSED = "HTTP 4xx, or HTTP 200 with a signed resultStatus F"
    EITHER = "an acknowledgement, or HTTP 4xx"
    NO_ACKNOWLEDGEMENT = "anything but an acknowledgement or HTTP 5xx; hanging up is fine"


@unique
class Effect(Enum):
    """What must become of the order, or of the agreement: a sentence."""

    NOTHING = "the order stays as it was"
    PAYS = "the order is paid, and delivered once"
    NOT_PAID = "the order is not paid, and not delivered"
    NOTHING_AGAIN = "nothing is delivered, and what was closed does not open again"
    STANDS = "the agreement stands as it did"
    ENDS = "the agreement is ended"
    STAYS_ENDED = "the agreement stays ended"


@final
class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way out."""

    message: Message
    sending: Sending


@final
class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is played with.

    Attributes:
        acquirer: writes messages.
        order: the order it is about; of one about an agreement, whose merchant it is.
        first: the message that paid this order, or None while nothing did.
        agreement: the merchant's number of the agreement it is about, or "".
    """

    acquirer: Acquirer
    order: Ordered
    first: Message | None = None
    agreement: str = ""


Play = Callable[[Scene], Sequence[Step]]


@final
class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case of the exam.

    Attributes:
        name: what it is called, for scripts.
        title: the same for people.
        group: under which heading it stands.
        about: which order or agreement it is about.
        expect: what must be answered.
        effect: what must become of it.
        sent: what goes out, in words.
        why: what it costs when it goes wrong.
        mend: what to change.
        play: writes its messages.
        is_together: whether they go out at the same instant.
        needs_retired_key: whether it can be held only with a key that was retired.
        is_after_refund: whether the merchant should have booked a refund before, if it can be told.
        tells_repeats: whether it is about repeats alone; what it finds is not told again.
    """

    name: str
    title: str
    group: str
    about: About
    expect: Expect
    effect: Effect
    sent: str
    why: str
    mend: str
    play: Play
    is_together: bool = False
    needs_retired_key: bool = False
    is_after_refund: bool = False
    tells_repeats: bool = False

    @property
    def expected(self) -> str:
        """Return what must come of it, in words."""
        return f"{self.expect.value}; {self.effect.value}."

    @property
    def subject(self) -> str:
        """Return what it is about, in two words."""
        return AGREEMENT if self.about is About.AGREEMENT else ORDER


def posted(message: Message, **changes: object) -> Step:
    """Return a message on its way, whole and as it is unless something is changed."""
    sending = Sending(body=message.raw)
    return Step(message=message, sending=msgspec.structs.replace(sending, **changes))


def told(write: Callable[[Acquirer, Ordered], Message]) -> Play:
    """Return how a case of one plain message is played."""
    return lambda scene: [posted(write(scene.acquirer, scene.order))]
