"""How a setting's text is read and how it is refused: numbers, amounts, pairs, networks.

It knows no setting by name. What must hold: every refusal names the setting, the rule and the next
step; digits are ASCII's alone.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from tillgate.kernel.errors import TillgateError
from tillgate.kernel.money import Money

PREFIX: Final = "TILLGATE_"
OPTIONS: Final = frozenset({"host", "port", "workers"})
"""What a command takes as an option, too: whoever typed that never heard of the setting."""
Network = IPv4Network | IPv6Network


class SettingRefused(TillgateError):
    """A setting cannot be used; the text names it, its rule and the next step."""


def refused(name: str, rule: str, step: str) -> SettingRefused:
    """Return the refusal of a setting."""
    option = f" (--{name})" if name in OPTIONS else ""
    return SettingRefused(f"Setting {PREFIX}{name.upper()}{option}: {rule}. Next: {step}.")


def whole(said: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int) -> int:
    """Return a whole number within its bounds."""
    text = said.get(name, str(default)).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        number = -1
    else:
        number = int(text)
    if not least <= number <= most:
        rule = f"it is a whole number from {least} to {most}, not {text[:40]!r}"
        raise refused(name, rule, f"the default is {default}")
    return number


def amounts(said: Mapping[str, str], name: str, default: tuple[Money, ...]) -> tuple[Money, ...]:
    """Return amounts that stand between commas, one for each currency; "none" means none."""
    if name not in said:
        return default
    step = 'write amounts between commas, as in "5000.00 HKD, 650.00 USD", or none'
    if said[name].strip() == "none":
        return ()
    found: dict[str, Money] = {}
    for text in _parts(said[name]):
        try:
            money = Money.parse(text)
        except ValueError as error:
            raise refused(name, str(error), step) from None
        if not money.is_positive or money.currency.code in found:
            rule = f"each amount is above zero and in a currency of its own, not {text[:40]!r}"
            raise refused(name, rule, step)
        found[money.currency.code] = money
    return tuple(found.values())


def pairs(said: Mapping[str, str], name: str, *, most: int) -> tuple[tuple[str, int], ...]:
    """Return names with numbers that stand between commas."""
    step = 'write names and numbers between commas, as in "device_new=0, velocity_hour=40"'
    found: dict[str, int] = {}
    for text in _parts(said.get(name, "")):
        key, _, number = (part.strip() for part in text.partition("="))
        is_number = number.isascii() and number.isdigit() and len(number) <= len(str(most))
        if not key or not is_number or int(number) > most or key in found:
            rule = f"each name has one whole number from 0 to {most}, not {text[:60]!r}"
            raise refused(name, rule, step)
        found[key] = int(number)
    return tuple(found.items())


def networks(said: Mapping[str, str], name: str, default: str) -> tuple[Network, ...]:
    """Return addresses and networks that stand between commas; "none" means none."""
    text = said.get(name, default)
    if text.strip() == "none":
        return ()
    try:
        return tuple(ip_network(part) for part in _parts(text))
    except ValueError:
        rule = f"it is addresses or networks between commas, not {text[:60]!r}"
        raise refused(name, rule, f"the default is {default!r}; write none for none") from None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
