"""Agreements and their tokens (U22), as stories: prepared, signed, limited, ended by either side.

What must hold: one payer signs once and in time; each step that is sent again gets its first answer;
a code yields one generation and a refresh token always the same next one; after a cancel nothing is
issued any more.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

import pytest

from tests.engine.score import SHOP, merchant
from tests.engine.server import digest
from tests.engine.story import Story, perform
from tillgate.acquiring.agreement import Agreement, Grant, GrantKind
from tillgate.acquiring.notification import Notification
from tillgate.engine.commands import ApplyToken, ResendNotification, SetMerchant
from tillgate.kernel.clock import DAY_MS, MINUTE_MS
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.ids import NotificationId

STORIES = {
    "prepared again until it is signed": """
        prepare G-1                               SIGNING
        wait 29 minutes                           -
        prepare G-1                               SIGNING
        wait 29 minutes                           -
        sign G-1                                  ACTIVE
        prepare G-1                               ACTIVE
        end G-1                                   CANCELED
        prepare G-1                               refused AGREEMENT_STATUS_INVALID body.agreementPayAuthInfo.merchantAgreementId
    """,
    "its code comes to life again when its payer comes back": """
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        wait 11 minutes                           -
        apply code                                refused AUTH_CODE_EXPIRED body.authCode
        sign G-1                                  ACTIVE
        apply code                                generation 1
        wait 31 minutes                           -
        sign G-1                                  refused AGREEMENT_STATUS_INVALID
        prepare G-1                               ACTIVE
        sign G-1                                  ACTIVE
        apply code                                generation 2
        apply code                                generation 2
    """,
    "a payer who agrees again gives tokens that live": """
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code                                generation 1
        apply refresh 1                           generation 2
        wait 800 days                             -
        prepare G-1                               ACTIVE
        sign G-1                                  ACTIVE
        apply code                                generation 3
        debit D-1 1.00 generation=2               refused EXPIRED_ACCESS_TOKEN head.accessToken
        debit D-1 1.00 generation=3               SUCCESS
        apply refresh 3                           generation 4
        apply code                                generation 3
        wait 10 minutes                           -
        apply code                                refused AUTH_CODE_EXPIRED body.authCode
    """,
    "a payer agrees again while the old tokens live": """
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code                                generation 1
        wait 11 minutes                           -
        sign G-1                                  ACTIVE
        apply refresh 1                           generation 2
        apply code                                generation 2
        wait 11 minutes                           -
        sign G-1                                  ACTIVE
        apply code                                generation 3
        debit D-1 1.00 generation=2               SUCCESS
        wait 10 minutes                           -
        debit D-2 1.00 generation=2               refused EXPIRED_ACCESS_TOKEN head.accessToken
        apply refresh 2                           generation 3
    """,
    "prepared with another content": """
        prepare G-1 state=one                     SIGNING
        prepare G-1 state=two                     refused REPEAT_REQ_INCONSISTENT body.state
        prepare G-1 redirect=https://b.example/   refused REPEAT_REQ_INCONSISTENT body.merchantRedirectUrl
        prepare G-1 state=one                     SIGNING
        prepare G-1 merchant=kiosk                SIGNING
        prepare G-2 merchant=nobody               refused MERCHANT_NOT_REGISTERED body.authMerchantId
        shop active=no                            -
        prepare G-3                               refused MERCHANT_STATUS_ABNORMAL body.authMerchantId
        prepare G-1 state=one                     refused MERCHANT_STATUS_ABNORMAL body.authMerchantId
    """,
    "signed too late": """
        prepare G-1                               SIGNING
        wait 1799999 ms                           -
        sign G-1                                  ACTIVE
        prepare G-2                               SIGNING
        wait 30 minutes                           -
        sign G-2                                  refused AGREEMENT_STATUS_INVALID
        prepare G-2                               SIGNING
        sign G-2                                  ACTIVE
    """,
    "signed twice, and by another": """
        prepare G-1                               SIGNING
        sign G-1 single=1.00 daily=2.00           ACTIVE
        sign G-1 single=9.00 daily=9.00           ACTIVE
        sign G-1 payer=poor                       refused AGREEMENT_STATUS_INVALID
        sign G-1 payer=nobody                     refused USER_NOT_EXIST
        sign G-2                                  refused TARGET_NOT_FOUND
        apply code                                generation 1
        debit D-1 1.01                            PAYMENT_AMOUNT_EXCEED_LIMIT
        debit D-2 1.00                            SUCCESS
        debit D-3 1.00                            SUCCESS
        debit D-4 0.01                            AMOUNT_EXCEED_DAILY_LIMIT
    """,
    "signed with the last PIN try": """
        prepare G-1                               SIGNING
        tries rich 3                              -
        sign G-1                                  ACTIVE
        prepare G-2                               SIGNING
        sign G-2                                  ACTIVE
    """,
    "signed at a suspended merchant's": """
        prepare G-1                               SIGNING
        shop active=no                            -
        sign G-1                                  refused MERCHANT_STATUS_ABNORMAL
    """,
    "ended by its merchant before anybody signed": """
        prepare G-1                               SIGNING
        end G-1 payer=rich                        refused TARGET_NOT_FOUND
        end G-1                                   CANCELED
        sign G-1                                  refused AGREEMENT_STATUS_INVALID
        prepare G-1                               refused AGREEMENT_STATUS_INVALID body.agreementPayAuthInfo.merchantAgreementId
        told                                      -
    """,
    "ended by its merchant": """
        shop notify_url=https                     -
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        end G-1 merchant=kiosk                    refused TARGET_NOT_FOUND body.merchantAgreementId
        end G-1                                   CANCELED
        end G-1 payer=rich                        CANCELED
        end G-1 payer=poor                        refused TARGET_NOT_FOUND
        end G-2                                   refused TARGET_NOT_FOUND body.merchantAgreementId
        limit G-1 single=1.00                     refused AGREEMENT_STATUS_INVALID
        told                                      SUCCESS
    """,
    "ended by its payer": """
        shop notify_url=https                     -
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        end G-1 payer=poor                        refused TARGET_NOT_FOUND
        end G-1 payer=rich                        CANCELED
        end G-1                                   CANCELED
        told                                      SUCCESS
    """,
    "limited by its payer alone": """
        prepare G-1                               SIGNING
        limit G-1 single=1.00                     refused TARGET_NOT_FOUND
        sign G-1                                  ACTIVE
        limit G-1 payer=poor single=1.00          refused TARGET_NOT_FOUND
        limit G-2 single=1.00                     refused TARGET_NOT_FOUND
        limit G-1 single=1.00 daily=3.00          1.00 3.00
        limit G-1                                 - -
    """,
    "a code is given twice, and late": """
        prepare G-1                               SIGNING
        apply code                                refused INVALID_AUTHCODE body.authCode
        sign G-1                                  ACTIVE
        apply code                                generation 1
        wait 599999 ms                            -
        apply code                                generation 1
        wait 1 ms                                 -
        apply code                                refused AUTH_CODE_EXPIRED body.authCode
    """,
    "a code is given by another client, or for another merchant": """
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code client=C2                      refused INVALID_AUTHCODE body.authCode
        apply code merchant=kiosk                 refused INVALID_AUTHCODE body.authCode
        apply refresh 0                           refused INVALID_ACCESS_TOKEN body.refreshToken
        apply code                                generation 1
        apply refresh 1 client=C2                 refused INVALID_ACCESS_TOKEN body.refreshToken
        apply refresh 1 merchant=kiosk            refused INVALID_ACCESS_TOKEN body.refreshToken
        apply code merchant=nobody                refused MERCHANT_NOT_REGISTERED body.authMerchantId
    """,
    "a refresh token yields the same next generation": """
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code                                generation 1
        apply refresh 1                           generation 2
        wait 5 minutes                            -
        apply refresh 1                           generation 2
        apply refresh 2                           generation 3
        apply refresh 1                           generation 2
        apply refresh 4                           refused INVALID_ACCESS_TOKEN body.refreshToken
        apply code                                generation 1
    """,
    "an old token lives ten minutes more": """
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code                                generation 1
        wait 20 minutes                           -
        apply refresh 1                           generation 2
        wait 599999 ms                            -
        debit D-1 1.00 generation=1               SUCCESS
        debit D-2 1.00 generation=2               SUCCESS
        apply refresh 1                           generation 2
        wait 1 ms                                 -
        debit D-3 1.00 generation=1               refused EXPIRED_ACCESS_TOKEN head.accessToken
        debit D-1 1.00 generation=1               SUCCESS
        debit D-3 1.00 generation=2               SUCCESS
    """,
    "tokens end": """
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code                                generation 1
        wait 365 days                             -
        debit D-1 1.00                            refused EXPIRED_ACCESS_TOKEN head.accessToken
        apply refresh 1                           generation 2
        debit D-1 1.00 generation=2               SUCCESS
        wait 365 days                             -
        apply refresh 1                           refused EXPIRED_ACCESS_TOKEN body.refreshToken
        apply refresh 2                           generation 3
    """,
    "after a cancel nothing is issued": """
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code                                generation 1
        end G-1                                   CANCELED
        apply code                                refused AGREEMENT_STATUS_INVALID body.authCode
        apply refresh 1                           refused AGREEMENT_STATUS_INVALID body.refreshToken
        debit D-1 1.00                            refused EXPIRED_ACCESS_TOKEN head.accessToken
    """,
}


@pytest.mark.parametrize("name", STORIES)
async def test_an_agreement(name: str) -> None:
    await perform(STORIES[name])


async def test_a_merchant_sets_how_long_its_tokens_live() -> None:
    story = Story()
    await story.set_up()
    shop = merchant(access_life_ms=5 * MINUTE_MS, refresh_life_ms=DAY_MS)
    await story.operates(SetMerchant(**story.by_hand(), merchant=shop))
    await story.perform("""
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code                                generation 1
        wait 5 minutes                            -
        debit D-1 1.00                            refused EXPIRED_ACCESS_TOKEN head.accessToken
        apply refresh 1                           generation 2
        wait 1 days                               -
        apply refresh 2                           refused EXPIRED_ACCESS_TOKEN body.refreshToken
    """)
    await story.engine.stop()


async def test_a_refresh_never_makes_an_old_token_live_longer() -> None:
    story = Story()
    await story.set_up()
    shop = merchant(access_life_ms=5 * MINUTE_MS)
    await story.operates(SetMerchant(**story.by_hand(), merchant=shop))
    await story.perform("""
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code                                generation 1
    """)
    before = await story.store.get(Grant, SHOP, digest("access shop G-1 1"))
    await story.perform("apply refresh 1                  generation 2")

    assert await story.store.get(Grant, SHOP, digest("access shop G-1 1")) == before
    await story.engine.stop()


async def test_a_code_that_is_given_while_its_payer_agrees_again_is_to_be_given_once_more() -> None:
    story = Story()
    await story.set_up()
    await story.perform("""
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        apply code                                generation 1
        wait 11 minutes                           -
    """)
    code = await story.store.get(Grant, SHOP, digest("code shop G-1"))
    assert code is not None
    first = ApplyToken(
        operation_id=story.operation(),
        client_id=code.client_id,
        merchant_id=SHOP,
        kind=GrantKind.CODE,
        given_hash=code.token_hash,
        access_hash=digest("access shop G-1 1"),
        refresh_hash=digest("refresh shop G-1 1"),
    )
    await story.step("sign G-1")

    with pytest.raises(Unavailable, match="agreed again"):
        await story.engine.execute(first)
    assert await story.step("apply code") == "generation 2"
    await story.engine.stop()


async def test_an_agreement_is_in_the_first_currency_its_merchant_sells_in() -> None:
    story = Story()
    await story.set_up()
    await story.perform("""
        shop currencies=JPY,HKD                   -
        prepare G-1                               SIGNING
        prepare G-2 merchant=kiosk                SIGNING
    """)

    kept = {row.merchant_id: row.currency for row in await story.rows(Agreement)}
    assert kept == {"shop": "JPY", "kiosk": "HKD"}
    await story.engine.stop()


async def test_the_news_of_a_cancelled_agreement_is_sent_again_by_hand() -> None:
    story = Story()
    await story.set_up()
    shop = merchant(notify_url="https://shop.example/notify")
    await story.operates(SetMerchant(**story.by_hand(), merchant=shop))
    await story.perform("""
        prepare G-1                               SIGNING
        sign G-1                                  ACTIVE
        end G-1 payer=rich                        CANCELED
    """)
    news = (await story.rows(Notification))[0]
    assert (news.kind, news.merchant_agreement_id, news.merchant_trans_id) == (
        "AGREEMENT_CANCELLED",
        "G-1",
        "",
    )
    again = ResendNotification(
        **story.by_hand(), merchant_id=SHOP, notification_id=NotificationId(news.notification_id)
    )

    assert await story.operates(again) == "SendRecorded"
    await story.clean()
    await story.engine.stop()
