"""Addresses of options: what is none, and what is left of those that are."""

import pytest

from tillgate.cli.given_url import checked_endpoint, checked_origin
from tillgate.cli.surface import UsageError

NO_ADDRESSES = (
    "",
    "127.0.0.1:8080",
    "ftp://127.0.0.1/",
    "http://",
    "http:///path",
    "http://[",
    "http://host:port/",
    "http://host:99999/",
    "http://user@host/",
    "http://user:secret@host/",
)


@pytest.mark.parametrize("given", NO_ADDRESSES)
def test_what_is_no_address_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(UsageError, match=r"--url is the gateway's origin, as in http://"):
        checked_origin(given)
    with pytest.raises(UsageError, match=r"--to is your endpoint's address, as in http://"):
        checked_endpoint(given, option="--to")


@pytest.mark.parametrize("given", ["https://pay.test:8443", " https://pay.test:8443/a?b=c#d\n"])
def test_an_origin_is_what_stands_before_the_path(given: str) -> None:
    assert checked_origin(given) == "https://pay.test:8443"


def test_an_endpoint_keeps_its_path_and_query() -> None:
    given = " https://shop.test/notify?from=tillgate "
    assert checked_endpoint(given, option="--to") == "https://shop.test/notify?from=tillgate"


def test_a_password_is_not_shown() -> None:
    with pytest.raises(UsageError) as told:
        checked_origin("http://user:pass/w@rd@host/")
    assert str(told.value).endswith("not 'http://(hidden)@host/'.")
