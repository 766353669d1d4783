"""The gateway's own keys: the one that signs, the next one, and the public one before it.

The database says which key is the gateway's; here that key is found among the files, and the files
follow the database. A change of keys is one commit and then files, so it may be cut short anywhere.
What must hold: whoever is started signs with the key that the database names, or with none; a file
of a private key is replaced only by the key that takes its place.
"""

from pathlib import Path
from typing import Final, NamedTuple, final

from tillgate.acquiring.operator import GATEWAY_KEY, PREVIOUS_KEY, Fact
from tillgate.config.folder import Folder, FolderRefused, read_private, replace, write_once
from tillgate.config.settings import Settings, check_gateway_key
from tillgate.engine.ports import Reader
from tillgate.kernel.errors import TillgateError
from tillgate.protocol.keys import KeyRefused, PrivateKey, PublicKey, load_private_key
from tillgate.protocol.keys import load_public_key as load

NEXT: Final = "gateway.next"
PREVIOUS: Final = "gateway.previous"
SWITCH: Final = "tillgate keys switch-gateway --data DIR"


class ModeRefused(TillgateError):
    """The database is for another mode or another gateway key."""


@final
class Belongs(NamedTuple):
    """Which key a database belongs to, "" when it is new, and the public key before it."""

    fingerprint: str
    previous: PublicKey | None


@final
class Switch(NamedTuple):
    """A change of keys that is to be committed: from which to which."""

    before: PublicKey
    after: PublicKey


async def belongs_to(reader: Reader) -> Belongs:
    """Return which key the database belongs to."""
    named = await reader.get(Fact, GATEWAY_KEY)
    before = await reader.get(Fact, PREVIOUS_KEY)
    return Belongs(
        named.value if named is not None else "",
        load(before.value) if before is not None else None,
    )


def gateway_key(settings: Settings) -> PrivateKey:
    """Return the private key that lies where the gateway's lies.

    Raises:
        FolderRefused: there is none, or others can read it.
        SettingRefused: a sandbox is told of one outside its folder.
    """
    check_gateway_key(settings)
    path = settings.gateway_key or _keys(settings) / "gateway.private.pem"
    if not path.exists():
        step = f"tillgate keys generate gateway --out {path.parent}"
        message = (
            f"The gateway has no private key: {path} does not exist. Make one ({step}) or name "
            "yours in TILLGATE_GATEWAY_KEY."
        )
        raise FolderRefused(message)
    return load_private_key(read_private(path))


def next_key(settings: Settings) -> PrivateKey | None:
    """Return the private key that was made to follow, if there is one."""
    path = _private(settings, NEXT)
    return load_private_key(read_private(path)) if path.exists() else None


def make_next(settings: Settings, *, bits: int) -> PrivateKey:
    """Make the key that is to follow, or complete the making of one.

    Raises:
        FolderRefused: there is one already, or none that it could follow.
    """
    own, path = gateway_key(settings), _private(settings, NEXT)
    public = _public(settings, NEXT)
    made = next_key(settings)
    if made is not None and made.public == own.public:
        message = f"{path} is the key that signs already; delete it, since it is kept elsewhere."
        raise FolderRefused(message)
    if made is not None and public.exists():
        message = f"There is a next key already; give {public} to merchants, then type: {SWITCH}"
        raise FolderRefused(message)
    if _kept(_public(settings, "gateway")) != own.public:
        # Its own private half may lie elsewhere; this is how the next key's start is proved.
        _write_public(_public(settings, "gateway"), own.public)
    if made is None:
        made = PrivateKey.generate(bits)
        write_once(path, made.pem())
    _write_public(public, made.public)
    return made


def to_switch(settings: Settings, belongs: Belongs) -> Switch | None:
    """Return the change to commit, None when the database holds it and only files may not.

    Raises:
        FolderRefused: there is nothing to switch to.
        ModeRefused: no file here is of the key that the database belongs to.
    """
    own, following = gateway_key(settings), next_key(settings)
    if own.public.fingerprint == belongs.fingerprint:
        if following is None or following.public == own.public:
            message = f"There is no key to follow {belongs.fingerprint}; type: {_MAKE}"
            raise FolderRefused(message)
        return Switch(own.public, following.public)
    if following is not None and following.public.fingerprint == belongs.fingerprint:
        return None
    # The files went first: a database of before the switch was restored, or the new key was named.
    return Switch(_must_precede(settings, belongs, own), own.public)


def signing_key(
    settings: Settings, belongs: Belongs, *, own: PrivateKey | None = None
) -> PrivateKey:
    """Return the key that the database belongs to, and let the files follow.

    `own` is what `gateway_key` returned, for who has asked it. Only who holds the lock of the
    folder may call it.

    Raises:
        FolderRefused: the gateway has no private key.
        ModeRefused: the database belongs to another one; the text says what to do.
    """
    own, following = own or gateway_key(settings), next_key(settings)
    if belongs.fingerprint in ("", own.public.fingerprint):
        _tidy(settings, own)
        return own
    if following is not None and following.public.fingerprint == belongs.fingerprint:
        if settings.gateway_key is None:
            _promote(settings, own, following)
        return following
    _must_precede(settings, belongs, own)
    message = (
        f"{_sentence(belongs, own)} The key before it is known, so the change of keys was begun: "
        f"finish it with {SWITCH}"
    )
    raise ModeRefused(message)


def public_keys(settings: Settings, own: PrivateKey, belongs: Belongs) -> tuple[PublicKey, ...]:
    """Return every public key that merchants may hold: the gateway's own first."""
    following = next_key(settings)
    found = (own.public, following.public if following else None, belongs.previous)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _tidy(settings: Settings, own: PrivateKey) -> None:
    """Take away what a change that was cut short left of a next key that is the own one by now."""
    if settings.gateway_key is None and _kept(_public(settings, NEXT)) == own.public:
        for path in (_private(settings, NEXT), _public(settings, NEXT)):
            path.unlink(missing_ok=True)


def _promote(settings: Settings, own: PrivateKey, following: PrivateKey) -> None:
    """Put the next key in the place of the gateway's own; each step may be done again."""
    _write_public(_public(settings, PREVIOUS), own.public)
    _write_public(_public(settings, "gateway"), following.public)
    replace(_private(settings, "gateway"), following.pem())
    _private(settings, NEXT).unlink(missing_ok=True)
    _public(settings, NEXT).unlink(missing_ok=True)


def _must_precede(settings: Settings, belongs: Belongs, own: PrivateKey) -> PublicKey:
    """Return the public key that the database belongs to, as the files keep it."""
    for name in (PREVIOUS, "gateway"):
        kept = _kept(_public(settings, name))
        if kept is not None and kept.fingerprint == belongs.fingerprint:
            return kept
    message = (
        f"{_sentence(belongs, own)} If the keys were switched on another machine of this database, "
        f"copy its keys/gateway.* to {_keys(settings)}. Put the right key back otherwise, from a "
        "backup if need be."
    )
    raise ModeRefused(message)


def _kept(path: Path) -> PublicKey | None:
    """Return the public key of a file, None when there is none or it is no key."""
    try:
        return load(path.read_bytes())
    except (OSError, KeyRefused):
        return None


def _sentence(belongs: Belongs, own: PrivateKey) -> str:
    return (
        f"This database belongs to the gateway key {belongs.fingerprint}; the configured key is "
        f"{own.public.fingerprint}."
    )


def _write_public(path: Path, key: PublicKey) -> None:
    replace(path, key.pem().encode(), mode=0o644)


def _keys(settings: Settings) -> Path:
    return Folder(settings.data).keys


def _private(settings: Settings, name: str) -> Path:
    return _keys(settings) / f"{name}.private.pem"


def _public(settings: Settings, name: str) -> Path:
    return _keys(settings) / f"{name}.public.pem"


_MAKE: Final = "tillgate keys next-gateway --data DIR"
