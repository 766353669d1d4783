"""Another merchant's client can see, refund, cancel or debit nothing: every function and every id.

The victim has everything a merchant can have; a stranger names it in every function, for its own
merchant and for the victim's. What must hold: each is refused with the code of U16, and no row of
the victim, of any payer or of the books is another one afterwards.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from tests.e2e.api.posting import (
    APPLY,
    CANCEL,
    DEBIT,
    END,
    PREPARE,
    QUERY,
    REFUND,
    STATUS,
    WAP_PAY,
    Json,
    Server,
    agrees,
    operate,
    path_of,
    pays,
    registered,
    rows,
)
from tests.support.gateway import MERCHANT_ID, Gateway, running
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement, Grant
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.refund import Refund
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance, Entry, Posting

OTHER = "2160400000007777"
ALL_FUNCTIONS = (WAP_PAY, DEBIT, QUERY, REFUND, CANCEL, PREPARE, APPLY, STATUS, END)
MONEY: tuple[type[Record], ...] = (Balance, Entry, Posting, Allowance, Attempt)
OF_A_MERCHANT: tuple[type[Record], ...] = (Acquirement, Call, Refund, Agreement, Grant)


class Victim(NamedTuple):
    """Every id and every token that the victim has."""

    acquirementId: str  # noqa: N815  Spelt as on the wire, which names the cases of the tests.
    merchantTransId: str  # noqa: N815  As above.
    merchantRefundId: str  # noqa: N815  As above.
    merchantAgreementId: str  # noqa: N815  As above.
    authCode: str  # noqa: N815  As above.
    accessToken: str  # noqa: N815  As above.
    refreshToken: str  # noqa: N815  As above.
    cashierToken: str  # noqa: N815  As above.
    signingToken: str  # noqa: N815  As above.


TOKENS = ("authCode", "accessToken", "refreshToken", "cashierToken", "signingToken")


class Scene(NamedTuple):
    """A gateway with a victim and three strangers."""

    gateway: Gateway
    victim: Victim
    owner: Server
    stranger: Server
    """Bound to another merchant."""
    both: Server
    """Bound to both merchants, acting for the other one."""
    reader: Server
    """Bound to the victim's merchant, for payQuery alone."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("rights")
    with running(folder / "gateway") as gateway:
        operate(gateway, "merchant", "add", OTHER, "--name", "Other")
        theirs = ("--merchant", OTHER)
        ours = ("--merchant", MERCHANT_ID)
        stranger = registered(gateway, "STRANGER", *theirs, at=folder)
        both = registered(gateway, "BOTH", *ours, *theirs, at=folder)
        reader = registered(gateway, "READER", *ours, "--function", QUERY, at=folder)
        owner = Server(gateway)
        yield Scene(
            gateway,
            _victim(gateway, owner),
            owner,
            Server(gateway, client_id="STRANGER", merchant_id=OTHER, key=stranger),
            Server(gateway, client_id="BOTH", merchant_id=OTHER, key=both),
            Server(gateway, client_id="READER", key=reader),
        )
        found = gateway.audit()
    assert found["clean"], found


def _victim(gateway: Gateway, owner: Server) -> Victim:
    assert pays(gateway, owner.sealed(WAP_PAY, owner.order("V-1")), "rich") == "9000"
    ours = owner.ask(QUERY, owner.named(merchantTransId="V-1")).body["acquirementId"]
    assert owner.ask(REFUND, owner.refund(ours, "V-R-1", 100)).code == "SUCCESS"
    waiting = owner.ask(WAP_PAY, owner.order("V-2")).body["cashierUrl"]
    signing = owner.ask(PREPARE, owner.page("v-signing")).body["authSiteUrl"]
    page = owner.ask(PREPARE, owner.page("v-agreement")).body["authSiteUrl"]
    code = agrees(gateway, page, "rich")
    tokens = owner.ask(APPLY, owner.token(code=code)).body["accessTokenInfo"]
    return Victim(
        acquirementId=ours,
        merchantTransId="V-1",
        merchantRefundId="V-R-1",
        merchantAgreementId="v-agreement",
        authCode=code,
        accessToken=tokens["accessToken"],
        refreshToken=tokens["refreshToken"],
        cashierToken=waiting.rpartition("/")[2],
        signingToken=signing.rpartition("/")[2],
    )


async def untouched(scene: Scene) -> Mapping[type[Record], list[Any]]:
    """Return what no stranger may change: the victim's rows, and all money."""
    found = await rows(scene.gateway, *MONEY, *OF_A_MERCHANT)
    return {
        kind: [row for row in held if kind in MONEY or row.merchant_id == MERCHANT_ID]
        for kind, held in found.items()
    }


def body_of(function: str, who: Server, victim: Victim) -> Json:
    """Return a function's request that names everything of the victim's that it can."""
    ours, agreement = victim.acquirementId, victim.merchantAgreementId
    return {
        WAP_PAY: who.order(victim.merchantTransId),
        DEBIT: who.debit("NEW-1"),
        QUERY: who.named(acquirementId=ours, merchantTransId=victim.merchantTransId),
        REFUND: who.refund(ours, victim.merchantRefundId, 100),
        CANCEL: who.named(acquirementId=ours, merchantTransId=victim.merchantTransId),
        PREPARE: who.page(agreement),
        APPLY: who.token(code=victim.authCode),
        STATUS: who.agreement(agreement),
        END: who.agreement(agreement),
    }[function]


def token_of(function: str, victim: Victim) -> dict[str, str]:
    """Return the token that a function's head carries."""
    return {"accessToken": victim.accessToken} if function == DEBIT else {}


@pytest.mark.parametrize("function", ALL_FUNCTIONS)
async def test_a_stranger_may_not_act_for_the_victims_merchant(scene: Scene, function: str) -> None:
    victim, before = scene.victim, await untouched(scene)
    body = body_of(function, scene.owner, victim)

    told = scene.stranger.ask(function, body, **token_of(function, victim))

    assert (told.code, told.is_signed) == ("ACCESS_DENIED", True)
    assert set(told.body) == {"resultInfo"}
    assert await untouched(scene) == before


@pytest.mark.parametrize("function", [each for each in ALL_FUNCTIONS if each != QUERY])
async def test_a_client_may_use_its_own_functions_alone(scene: Scene, function: str) -> None:
    victim, before = scene.victim, await untouched(scene)

    told = scene.reader.ask(
        function, body_of(function, scene.reader, victim), **token_of(function, victim)
    )

    assert (told.code, set(told.body)) == ("API_IS_INVALID", {"resultInfo"})
    assert await untouched(scene) == before


@pytest.mark.parametrize(
    ("function", "path"),
    [
        (REFUND, "/api/alipay/intl/acquiring/common/grefund.htm"),
        (CANCEL, "/api/alipay/intl/acquiring/agreement/payCancel.htm"),
        (CANCEL, path_of(CANCEL).upper()),
    ],
)
def test_no_other_path_leads_round_a_clients_functions(
    scene: Scene, function: str, path: str
) -> None:
    body = body_of(function, scene.reader, scene.victim)

    assert scene.reader.ask(function, body, path=path).code == "API_IS_INVALID"


def test_a_client_bound_to_one_function_may_use_it(scene: Scene) -> None:
    assert scene.reader.ask(QUERY, body_of(QUERY, scene.reader, scene.victim)).code == "SUCCESS"


BY_ID = (
    (QUERY, ("acquirementId",), "ORDER_NOT_EXIST"),
    (QUERY, ("merchantTransId",), "ORDER_NOT_EXIST"),
    (QUERY, ("acquirementId", "merchantTransId"), "ORDER_NOT_EXIST"),
    (CANCEL, ("acquirementId",), "ORDER_NOT_EXIST"),
    (CANCEL, ("acquirementId", "merchantTransId"), "ORDER_NOT_EXIST"),
)


@pytest.mark.parametrize("who", ["stranger", "both"])
@pytest.mark.parametrize(("function", "ids", "code"), BY_ID)
async def test_another_merchants_order_does_not_exist(  # noqa: PLR0917  One parameter for each column.
    scene: Scene, who: str, function: str, ids: tuple[str, ...], code: str
) -> None:
    asker, before = getattr(scene, who), await untouched(scene)

    told = asker.ask(function, asker.named(**{name: getattr(scene.victim, name) for name in ids}))

    assert (told.code, set(told.body)) == (code, {"resultInfo"})
    assert await untouched(scene) == before


@pytest.mark.parametrize("who", ["stranger", "both"])
@pytest.mark.parametrize("refund_id", ["V-R-1", "NEW-R-1"])
async def test_another_merchants_order_is_not_refunded(
    scene: Scene, who: str, refund_id: str
) -> None:
    asker, before = getattr(scene, who), await untouched(scene)

    told = asker.ask(REFUND, asker.refund(scene.victim.acquirementId, refund_id, 100))

    assert told.code == "ORDER_NOT_EXIST"
    assert await untouched(scene) == before


@pytest.mark.parametrize("who", ["stranger", "both"])
@pytest.mark.parametrize("function", [STATUS, END])
async def test_another_merchants_agreement_does_not_exist(
    scene: Scene, who: str, function: str
) -> None:
    asker, before = getattr(scene, who), await untouched(scene)

    told = asker.ask(function, asker.agreement(scene.victim.merchantAgreementId))

    assert (told.code, set(told.body)) == ("TARGET_NOT_FOUND", {"resultInfo"})
    assert await untouched(scene) == before


@pytest.mark.parametrize("who", ["stranger", "both"])
@pytest.mark.parametrize("token", TOKENS)
async def test_no_token_of_the_victims_is_worth_anything_elsewhere(
    scene: Scene, who: str, token: str
) -> None:
    asker, before = getattr(scene, who), await untouched(scene)
    text = getattr(scene.victim, token)

    told = [
        asker.ask(DEBIT, asker.debit("NEW-2"), accessToken=text).code,
        asker.ask(APPLY, asker.token(code=text)).code,
        asker.ask(APPLY, asker.token(refresh=text)).code,
    ]

    assert told == ["INVALID_ACCESS_TOKEN", "INVALID_AUTHCODE", "INVALID_ACCESS_TOKEN"]
    assert await untouched(scene) == before


@pytest.mark.parametrize("token", TOKENS)
async def test_a_token_serves_only_the_client_it_was_issued_to(scene: Scene, token: str) -> None:
    """A client may act for the victim's merchant, but the tokens were issued to another client."""
    both = Server(scene.gateway, client_id="BOTH", key=scene.both.key)
    before, text = await untouched(scene), getattr(scene.victim, token)
    seen = both.ask(QUERY, both.named(acquirementId=scene.victim.acquirementId))
    assert seen.code == "SUCCESS", "it is bound to this merchant"

    told = [
        both.ask(DEBIT, both.debit("NEW-3"), accessToken=text).code,
        both.ask(APPLY, both.token(code=text)).code,
        both.ask(APPLY, both.token(refresh=text)).code,
    ]

    assert told == ["INVALID_ACCESS_TOKEN", "INVALID_AUTHCODE", "INVALID_ACCESS_TOKEN"]
    assert await untouched(scene) == before


@pytest.mark.parametrize(
    "token", [each for each in TOKENS if each != "accessToken"], ids=lambda name: f"debit by {name}"
)
async def test_only_an_access_token_debits_even_for_its_owner(scene: Scene, token: str) -> None:
    before, text = await untouched(scene), getattr(scene.victim, token)

    told = scene.owner.ask(DEBIT, scene.owner.debit("NEW-4"), accessToken=text)

    assert told.code == "INVALID_ACCESS_TOKEN"
    assert await untouched(scene) == before


async def test_the_same_numbers_of_two_merchants_are_two_things(scene: Scene) -> None:
    """What a stranger makes under the victim's numbers is its own, and the victim's stays."""
    stranger, victim, before = scene.stranger, scene.victim, await untouched(scene)

    closed = stranger.ask(CANCEL, stranger.named(merchantTransId=victim.merchantTransId))
    opened = stranger.ask(WAP_PAY, stranger.order("V-2"))
    page = stranger.ask(PREPARE, stranger.page(victim.merchantAgreementId))
    prepared = stranger.ask(PREPARE, stranger.page("v-signing"))

    assert closed.code == opened.code == page.code == prepared.code == "SUCCESS"
    assert "acquirementId" not in closed.body, "it was never created"
    assert not opened.body["cashierUrl"].endswith(victim.cashierToken)
    assert not prepared.body["authSiteUrl"].endswith(victim.signingToken)
    assert stranger.ask(END, stranger.agreement(victim.merchantAgreementId)).code == "SUCCESS"
    assert await untouched(scene) == before


async def test_a_refund_number_of_the_victims_is_free_for_another_merchant(scene: Scene) -> None:
    stranger = scene.stranger
    assert pays(scene.gateway, stranger.sealed(WAP_PAY, stranger.order("S-1")), "rich") == "9000"
    ours = stranger.ask(QUERY, stranger.named(merchantTransId="S-1")).body["acquirementId"]
    seen = scene.owner.ask(QUERY, scene.owner.named(merchantTransId="V-1")).body

    told = stranger.ask(REFUND, stranger.refund(ours, scene.victim.merchantRefundId, 1_000))

    assert told.code == "SUCCESS"
    assert scene.owner.ask(QUERY, scene.owner.named(merchantTransId="V-1")).body == seen
    mine = scene.owner.ask(REFUND, scene.owner.refund(ours, "V-R-2", 100))
    assert mine.code == "ORDER_NOT_EXIST", "nor may the victim refund the stranger's"
