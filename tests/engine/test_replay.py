"""Replay marks (U10), as stories: the same reqMsgId with the same bytes, with others, and later.

What must hold: other bytes under a remembered reqMsgId are refused before anything is decided; the
same bytes are decided again and the business key gives the answer; what was refused left no mark.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

import asyncio

import msgspec
import pytest

from tests.engine.score import CLIENT, Refusal
from tests.engine.server import marked, said
from tests.engine.story import Story, perform
from tillgate.acquiring.replay import Mark, RequestMark
from tillgate.kernel.ids import ClientId, ReqMsgId

TAKEN = "refused REPEATED_REQ_MSG_ID head.reqMsgId"

STORIES = {
    "the same bytes are decided again": """
        pay A-1                                   9000
        refund R-1 4.00 mark=m1 sent=x            DONE
        refund R-1 4.00 mark=m1 sent=x            DONE
        refund R-1 4.00 mark=m2 sent=y            DONE
        refunded                                  4.00 HKD open 0
    """,
    "other bytes are refused before anything is decided": """
        pay A-1                                   9000
        refund R-1 4.00 mark=m1 sent=x            DONE
        refund R-2 4.00 mark=m1 sent=y            refused REPEATED_REQ_MSG_ID head.reqMsgId
        refund R-1 4.00 mark=m1 sent=y            refused REPEATED_REQ_MSG_ID head.reqMsgId
        refund R-9 4.00 mark=m1 sent=y merchant=kiosk  refused REPEATED_REQ_MSG_ID head.reqMsgId
        cancel A-1 mark=m1 sent=z                 refused REPEATED_REQ_MSG_ID head.reqMsgId
        prepare G-1 mark=m1 sent=z                refused REPEATED_REQ_MSG_ID head.reqMsgId
        refunded                                  4.00 HKD open 0
    """,
    "for half an hour": """
        pay A-1                                   9000
        refund R-1 4.00 mark=m1 sent=x            DONE
        wait 1799999 ms                           -
        refund R-2 4.00 mark=m1 sent=y            refused REPEATED_REQ_MSG_ID head.reqMsgId
        wait 1 ms                                 -
        refund R-2 4.00 mark=m1 sent=y            DONE
        refund R-3 1.00 mark=m1 sent=x            refused REPEATED_REQ_MSG_ID head.reqMsgId
        wait 30 minutes                           -
        refund R-3 1.00 mark=m1 sent=x            DONE
    """,
    "what was refused left no mark": """
        pay A-1                                   9000
        refund R-1 11.00 mark=m1 sent=x           refused AMOUNT_EXCEEDS_LIMIT body.refundAmount.value
        refund R-1 4.00 mark=m1 sent=y            DONE
    """,
    "of a tombstone and of a closed order": """
        cancel A-1 mark=m1 sent=x                 TRADE_CLOSED
        cancel A-1 mark=m1 sent=x                 TRADE_CLOSED
        cancel A-2 mark=m1 sent=y                 refused REPEATED_REQ_MSG_ID head.reqMsgId
        cancel A-1 mark=m2 sent=y                 TRADE_CLOSED
    """,
}


@pytest.mark.parametrize("name", STORIES)
async def test_a_mark(name: str) -> None:
    await perform(STORIES[name])


async def test_of_two_contents_under_one_id_in_one_batch_one_is_decided() -> None:
    story = Story()
    await story.set_up()
    cancels = [
        msgspec.structs.replace(story.cancel(order), mark=marked("m1", order))
        for order in ("A-1", "A-2")
    ]
    told = await asyncio.gather(*map(story.once, cancels))

    assert [said(outcome) for outcome in told] == ["TRADE_CLOSED", TAKEN]
    assert isinstance(told[1], Refusal)
    await story.engine.stop()


async def test_a_mark_is_its_clients_own() -> None:
    story = Story()
    await story.set_up()
    await story.perform("cancel A-1 mark=m1 sent=x                 TRADE_CLOSED")
    theirs = Mark(client_id=ClientId("C2"), req_msg_id=ReqMsgId("m1"), digest="y")
    told = await story.do(msgspec.structs.replace(story.cancel("A-2"), mark=theirs))

    assert said(told) == "TRADE_CLOSED"
    kept = {(row.client_id, row.req_msg_id) for row in await story.rows(RequestMark)}
    assert kept == {(CLIENT, "m1"), ("C2", "m1")}
    await story.engine.stop()
