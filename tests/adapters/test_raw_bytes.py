"""What reaches the verifier is what was sent: types, encodings, chunks and sizes, over a socket.

The example shops run with keys of the test's own, so no gateway is needed to sign. What must hold:
a message is judged by its bytes and never by what its headers claim; an order stays open after
whatever was refused; nothing longer than a message may be is read to its end.
"""

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final

import pytest

from tests.adapters import messages
from tests.adapters.shops import FRAMEWORKS, Shop, open_shop, send
from tests.support.wire import text_of
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX

TYPES: Final = (
    "application/json",
    "application/json;charset=gbk",
    "application/json;charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "no type at all",
    "",
)


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Shop]]:
    folder = tmp_path_factory.mktemp("raw")
    data = messages.write_keys(folder / "data")
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(open_shop(name, data=data, folder=folder / name))
            for name in FRAMEWORKS
        }


@pytest.fixture(params=FRAMEWORKS)
def shop(request: pytest.FixtureRequest, shops: dict[str, Shop]) -> Shop:
    return shops[request.param]


@pytest.mark.parametrize("content_type", TYPES)
def test_no_claim_about_the_type_changes_the_bytes(shop: Shop, content_type: str) -> None:
    number, _ = shop.buy()
    answer = shop.notify(messages.notification(number), content_type=content_type)
    assert (answer.status, answer.content_type) == (200, "application/json;charset=utf-8")
    assert messages.is_acknowledgement(answer.body)
    assert shop.states()[number] == "paid"


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(lambda text: text.replace(b',"', b' ,\r\n\t"'), id="spaced"),
        pytest.param(lambda text: text.replace(b"Done.", "已付款 é".encode()), id="raw UTF-8"),
        pytest.param(lambda text: text.replace(b"Done.", rb"\u5df2\/+%25&="), id="escaped"),
    ],
)
def test_the_bytes_that_were_signed_arrive_as_they_were(shop: Shop, spelling: Any) -> None:
    number, _ = shop.buy()
    text = spelling(text_of(messages.content(number)))
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        answer = shop.notify(messages.sealed(text), content_type=content_type)
        assert answer.status == 200, answer
    assert shop.states()[number] == "paid"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32-le"])
def test_another_encoding_of_a_true_message_is_no_message(shop: Shop, encoding: str) -> None:
    number, _ = shop.buy()
    raw = messages.notification(number).decode().encode(encoding)
    _refused(shop, number, raw, content_type=f"application/json;charset={encoding}")


@pytest.mark.parametrize("claimed", ["gzip", "identity"])
def test_a_compressed_message_is_not_unpacked(shop: Shop, claimed: str) -> None:
    number, _ = shop.buy()
    raw = gzip.compress(messages.notification(number))
    _refused(shop, number, raw, content_type="application/json", content_encoding=claimed)


def test_an_empty_body_is_no_message_and_the_log_says_where_to_look(shop: Shop) -> None:
    number, _ = shop.buy()
    _refused(shop, number, b"")
    assert "something before this view has read it" in shop.printed()


def test_a_message_may_be_as_long_as_64_kib_and_no_longer(shop: Shop) -> None:
    number, _ = shop.buy()
    raw = messages.notification(number)
    longest = raw.ljust(MESSAGE_BYTES_MAX)
    for longer in (longest + b" ", raw.ljust(65 * 1024), raw.ljust(1024 * 1024)):
        answer = shop.notify(longer, content_type="application/json")
        assert answer.status == 413
        assert answer.body == b"The message is too large.\n"
        assert shop.states()[number] == "open"
    assert shop.notify(longest, content_type="application/json").status == 200
    assert shop.states()[number] == "paid"


def test_a_message_in_chunks_is_the_same_message(shops: dict[str, Shop]) -> None:
    for name in ("fastapi", "flask"):
        shop = shops[name]
        number, _ = shop.buy()
        answer = send(f"{shop.url}/notify", "POST", _chunks(messages.notification(number)))
        assert answer.status == 200, (name, answer)
        assert shop.states()[number] == "paid", name


def test_chunks_that_add_up_to_more_than_a_message_are_refused(shops: dict[str, Shop]) -> None:
    for name in ("fastapi", "flask"):
        shop = shops[name]
        number, _ = shop.buy()
        raw = messages.notification(number).ljust(65 * 1024)
        assert send(f"{shop.url}/notify", "POST", _chunks(raw)).status == 413, name
        assert shop.states()[number] == "open", name


def test_a_server_that_hands_django_no_chunks_refuses_and_never_takes_half(
    shops: dict[str, Shop],
) -> None:
    shop = shops["django"]
    number, _ = shop.buy()
    answer = send(f"{shop.url}/notify", "POST", _chunks(messages.notification(number)))
    assert answer.status == 400
    assert shop.states()[number] == "open"
    assert shop.notify(messages.notification(number)).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_a_post_is_a_notification(shop: Shop, method: str) -> None:
    number, _ = shop.buy()
    answer = send(f"{shop.url}/notify", method, messages.notification(number))
    assert answer.status == 405
    assert shop.states()[number] == "open"


def test_a_payment_that_came_to_nothing_is_acknowledged_and_ships_nothing(shop: Shop) -> None:
    number, _ = shop.buy()
    closed = {"resultStatus": "F", "resultCode": "ORDER_IS_CLOSED"}
    answer = shop.notify(messages.notification(number, resultInfo=closed))
    assert answer.status == 200
    assert messages.is_acknowledgement(answer.body)
    assert shop.states()[number] == "open"
    assert number not in shop.shipped()


def test_the_same_message_many_times_at_once_ships_once(shop: Shop) -> None:
    number, _ = shop.buy()
    raw = messages.notification(number)
    with ThreadPoolExecutor(8) as others:
        answers = list(others.map(shop.notify, [raw] * 24))
    assert {answer.status for answer in answers} == {200}
    assert shop.states()[number] == "paid"
    assert shop.shipped().count(number) == 1


def test_many_orders_at_once_ship_once_each(shop: Shop) -> None:
    numbers = [shop.buy()[0] for _ in range(12)]
    messages_of_all = [messages.notification(number) for number in numbers for _ in range(3)]
    with ThreadPoolExecutor(12) as others:
        answers = list(others.map(shop.notify, messages_of_all))
    assert {answer.status for answer in answers} == {200}
    assert [shop.states()[number] for number in numbers] == ["paid"] * 12
    assert sorted(number for number in shop.shipped() if number in numbers) == sorted(numbers)


def _refused(shop: Shop, number: str, raw: bytes, **headers: str) -> None:
    answer = shop.notify(raw, **headers)
    assert answer.status == 400
    assert not messages.is_acknowledgement(answer.body)
    assert shop.states()[number] == "open"


def _chunks(raw: bytes) -> Iterator[bytes]:
    for start in range(0, len(raw), 997):
        yield raw[start : start + 997]
