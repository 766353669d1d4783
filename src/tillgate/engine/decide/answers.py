"""What an issuer's answer makes of an attempt, whatever was asked.

A late answer is one that comes after the last word. What must hold: only an explicit answer ends an
attempt, and an issuer's own codes never become ours unless they say no.
"""

from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.states import ATTEMPT, AttemptEvent, AttemptState, after
from tillgate.engine.issuer import Answer, Approved, Declined, Unknown
from tillgate.engine.verb import Moment
from tillgate.kernel.results import Actor, Result, Status

PAYERS_CODES = frozenset(
    result for result in Result if result.actor is Actor.PAYER and result.status is Status.FAILURE
)
"""What an issuer may say in its own words; a code that judges a request would be taken for ours."""
DOUBLINGS_MAX = 20
"""Past this the longest wait has long been reached."""


def is_late_yes(attempt: Attempt, answer: Answer) -> bool:
    """Tell whether this is the first yes after a no."""
    declined = attempt.state is AttemptState.DECLINED and attempt.late_approved_at_ms is None
    return declined and isinstance(answer, Approved)


def is_late_no(attempt: Attempt, answer: Answer) -> bool:
    """Tell whether this is the first no after a yes."""
    approved = attempt.state is AttemptState.APPROVED and attempt.contradicted_at_ms is None
    return approved and isinstance(answer, Declined)


def event_of(answer: Answer) -> AttemptEvent:
    """Return what an answer is in the table of attempts."""
    match answer:
        case Approved():
            return AttemptEvent.APPROVED
        case Declined():
            return AttemptEvent.DECLINED
        case Unknown():
            return AttemptEvent.NO_ANSWER


def answered(attempt: Attempt, answer: Answer, moment: Moment) -> Attempt:
    """Return the attempt after an answer; after an unknown one with the time to ask again."""
    state = after(ATTEMPT, attempt.state, event_of(answer))
    if isinstance(answer, Unknown):
        return attempt.replaced(
            state=state, next_ask_at_ms=moment.now_ms + _wait_ms(attempt, moment)
        )
    code = _declined_code(answer) if isinstance(answer, Declined) else ""
    return attempt.replaced(state=state, answered_at_ms=moment.now_ms, declined_code=code)


def _declined_code(answer: Declined) -> str:
    """Return the issuer's code if it says what a payer must do; an issuer may say anything."""
    named = Result.__members__.get(answer.result)
    is_payers = named in PAYERS_CODES
    return answer.result if is_payers else Result.UNAVAILABLE_PAYMENT_METHOD.name


def _wait_ms(attempt: Attempt, moment: Moment) -> int:
    """Return how long after this unknown answer the issuer is asked again."""
    settings = moment.settings
    doublings = min(max(attempt.asks - 1, 0), DOUBLINGS_MAX)
    return min(settings.issuer_ask_again_ms << doublings, settings.issuer_ask_again_ms_max)
