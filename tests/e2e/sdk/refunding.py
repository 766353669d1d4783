"""A server's right answer to the refund that tests of the carriers ask for."""

from tests.support.calls import DAY, HKD_4
from tests.support.small_gateway import answer
from tests.support.sockets import Visit
from tillgate.kernel.results import Result


def right(visit: Visit) -> bytes:
    return answer(
        visit.request,
        Result.SUCCESS,
        acquirementId="ACQ-1",
        merchantRefundId="R-1",
        refundAmount=HKD_4,
        refundTime=DAY,
    )


def well(visit: Visit) -> None:
    visit.answer(right(visit))
