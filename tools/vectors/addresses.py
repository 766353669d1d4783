"""Vectors of signed redirects: the address to which a buyer's browser returns.

Signed is a line that names the format, then the raw query before `&signature=`, as it was written.
What must hold: a reader takes the address's raw text, never parameters that were decoded.
"""

import json
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from tools.vectors.case import Case
from tools.vectors.content import ACQUIREMENT_ID, DONE, MERCHANT_ID, major, money
from tools.vectors.signing import signature

PREFIX: Final = "tillgate-return-v1\n"
HERE: Final = "https://merchant.example/result.html"
GATEWAY: Final = "gateway-2048"
MARK: Final = "&signature="
Change = Callable[[str], str]


def query(name: str, *, amount: str = "1000 HKD", before: str = "", **changes: str) -> str:
    """Return the query of a redirect before its signature."""
    told = {
        "merchantId": MERCHANT_ID,
        "merchantTransId": f"V-{name}",
        "resultInfo": _json(DONE),
        "acquirementId": ACQUIREMENT_ID,
        "orderAmount": _json(money(amount)),
        "createTime": "2018-12-04T22:00:53-08:00",
        **changes,
        "respTime": "2018-12-04T22:01:12-08:00",
    }
    own = "&".join(f"{each}={quote(value, safe='')}" for each, value in told.items())
    return f"{before}&{own}" if before else own


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def returned(
    short: str,
    says: str,
    *,
    amount: str = "1000 HKD",
    before: str = "",
    fragment: str = "",
    key: str = GATEWAY,
    **changes: str,
) -> Case:
    """Return a redirect that is right."""
    name = f"redirect-{short}"
    asked = query(name, amount=amount, before=before, **changes)
    written = signature((PREFIX + asked).encode(), key)
    return Case(
        name=name,
        says=says,
        message=f"{HERE}?{asked}{MARK}{quote(written, safe='')}{fragment}".encode(),
        key=key,
        signed=(PREFIX + asked).encode(),
        signature=quote(written, safe=""),
        form="address",
        member="query",
        reads={"merchantTransId": f"V-{name}", "amount": major(amount)},
    )


def spoilt(
    short: str,
    why: str,
    says: str,
    change: Change = str,
    *,
    signed: str = "",
    digest: str = "RSA2",
    key: str = GATEWAY,
) -> Case:
    """Return a redirect that is wrong: other bytes were signed, or it was changed since."""
    name = f"redirect-{short}"
    asked = query(name, extendInfo='{"note":"a b"}')
    written = signature((signed or PREFIX + asked).encode(), key, digest)
    address = change(f"{HERE}?{asked}{MARK}{quote(written, safe='')}")
    found = address.partition("?")[2].rpartition(MARK)
    is_last = bool(found[1]) and "&" not in found[2]
    return Case(
        name=name,
        says=says,
        message=address.encode(),
        key=GATEWAY,
        signed=(PREFIX + found[0]).encode() if is_last else None,
        signature=found[2] if is_last else None,
        form="address",
        member="query",
        why=why,
    )


def cases() -> Iterator[Case]:
    """Return all of them."""
    yield returned("plain", "A payment that is made, on its way back to the merchant.")
    yield returned("jpy", "An amount without decimals.", amount="1000 JPY")
    yield returned("kwd", "An amount with three decimals.", amount="1234 KWD")
    yield returned(
        "own-query", "The merchant's own query stands first.", before="shop=7&lang=zh-HK"
    )
    own = f"name={quote('女裝')}&back=%2Fcart"
    yield returned("own-query-encoded", "The merchant's own query is percent-encoded.", before=own)
    yield returned("fragment", "A fragment follows; it is not signed.", fragment="#thanks")
    yield returned("3072", "By the gateway's longer key.", key="gateway-3072")
    yield returned("extend-info", "With blanks, as %20.", extendInfo='{"note":"a b"}')
    yield from _wrong()


def _wrong() -> Iterator[Case]:
    yield spoilt("changed", "CHANGED", "The amount was changed.", lambda a: a.replace("1000", "1"))
    says = "A framework decoded the query and wrote it again: blanks became +."
    yield spoilt("plus", "VALUES_RESPELLED", says, lambda a: a.replace("%20", "+"))
    says = "The percent-encoding was written again in lower case."
    yield spoilt("lower-case", "VALUES_RESPELLED", says, _lower)
    yield spoilt("reordered", "KEYS_REORDERED", "The first parameter was moved back.", _moved)
    yield spoilt("added", "UNSIGNED", "A parameter follows the signature.", lambda a: f"{a}&utm=1")
    says = "A parameter was put in before the signature."
    yield spoilt("inserted", "CHANGED", says, lambda a: a.replace(MARK, f"&utm=1{MARK}"))
    yield spoilt("unsigned", "UNSIGNED", "There is no signature.", lambda a: a.partition(MARK)[0])
    says = "A blank stands where the signature had +: it was decoded as a form is."
    yield spoilt("plus-lost", "SIGNATURE_PLUS_LOST", says, lambda a: a.replace("%2B", "%20"))
    yield spoilt("sha-1", "OTHER_DIGEST", "SHA-1, which redirects never use.", digest="RSA")
    yield spoilt("stranger", "WRONG_KEY", "Somebody else signed it.", key="stranger-2048")
    bare = query("redirect-no-prefix", extendInfo='{"note":"a b"}')
    says = "The query was signed without the line that names the format."
    yield spoilt("no-prefix", "PREFIX_MISSING", says, signed=bare)


def _lower(address: str) -> str:
    before, mark, after = address.partition(MARK)
    parts = before.split("%")
    return "%".join((parts[0], *(part[:2].lower() + part[2:] for part in parts[1:]))) + mark + after


def _moved(address: str) -> str:
    place, _, asked = address.partition("?")
    before, mark, after = asked.partition(MARK)
    first, _, rest = before.partition("&")
    return f"{place}?{rest}&{first}{mark}{after}"
