"""`/openapi.json`: the functions, the notifications and our own doors as an OpenAPI 3.1 document.

Made from the same values as the pages. What must hold: a path is named as the gateway serves it,
and every example is signed and verifies.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from tillgate.edge.described import Credential, Door, Said, Types
from tillgate.gateway.reference.codes import codes_of
from tillgate.gateway.reference.samples import sample
from tillgate.gateway.reference.schema import Schema, Schemas, ecma
from tillgate.protocol.envelope import Kind
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.functions import ALL_FUNCTIONS
from tillgate.protocol.messages.head import RequestHead, ResponseHead

JSON = "application/json"
TOKEN_CHARACTERS_MAX = 64
TAGS = {
    "functions": "What a merchant's server posts: signed envelopes, answered by signed envelopes.",
    "notifications": "What the gateway posts to a merchant's server until it is acknowledged.",
    "doors": "Plain JSON of our own, for pages and wallets.",
}
DOOR_STATUSES = {
    200: "Done, or the next step.",
    400: "What was sent is no JSON, or a member is missing or wrong.",
    401: "Nobody is signed in, or the PIN is wrong.",
    403: "Not allowed: another origin, another browser, or an account that is locked or unknown.",
    404: "There is none of this token or number, or it is over.",
    409: "The agreement's state does not allow this.",
    413: "The body is too large.",
    429: "Too many at once; nothing was executed.",
    503: "Not available now; send the same again.",
}
"""What the status of a door of our own says."""
ENVELOPE_STATUSES = {
    400: "The message is no envelope: not JSON in UTF-8, no `request`, or one twice.",
    408: "The message did not arrive in time.",
    413: "The message is larger than 64 KiB.",
    421: "This server does not answer for the host that was asked for.",
    429: "Too many requests with a bad signature in one second.",
}
"""The statuses beside the 200 of every envelope (U12)."""


def document(origin: str, doors: Sequence[Door]) -> dict[str, Any]:
    """Return the whole document of a gateway that is reached at `origin` and has these doors."""
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {}
    webhooks: dict[str, dict[str, Any]] = {}
    for function in ALL_FUNCTIONS:
        operation = {"post": _function(schemas, function)}
        if function.direction is Direction.TO_MERCHANT:
            webhooks[function.name] = operation
        else:
            paths[function.path] = operation
    for door in doors:
        paths.setdefault(door.path, {})[door.method.lower()] = _door(schemas, door)
    return {
        "openapi": "3.1.1",
        "info": _info(),
        "servers": [{"url": origin}],
        "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
        "paths": paths,
        "webhooks": webhooks,
        "components": _components(schemas, doors),
    }


def _info() -> Schema:
    return {
        "title": "Tillgate",
        "version": version("tillgate"),
        "description": "In-app payments by the protocol of alipay.intl.acquiring.cashier.wap.pay. "
        "The same for people: /docs.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _components(schemas: Schemas, doors: Sequence[Door]) -> Schema:
    components = _answer_schemas(doors) | schemas.components
    session = {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that POST /wallet/session answers.",
    }
    return {
        "schemas": dict(sorted(components.items())),
        "securitySchemes": {"session": session},
    }


def _function(schemas: Schemas, function: Function) -> Schema:
    is_sent = function.direction is Direction.TO_MERCHANT
    responses = _acknowledged(schemas, function) if is_sent else _answered(schemas, function)
    return {
        "operationId": function.name,
        "tags": ["notifications" if is_sent else "functions"],
        "summary": function.title,
        "description": _about(function),
        "requestBody": {
            "required": True,
            "content": {JSON: _message(schemas, function, Kind.REQUEST)},
        },
        "responses": responses,
    }


def _about(function: Function) -> str:
    codes = ", ".join(result.name for result in codes_of(function))
    return f"{function.meaning} Result codes in order of precedence: {codes}." if codes else ""


def _answered(schemas: Schemas, function: Function) -> Schema:
    said = "Answered, whatever became of the request; `resultInfo` says that."
    refused = {JSON: {"schema": _one_of((Said,))}}
    return {
        "200": {
            "description": said,
            "content": {JSON: _message(schemas, function, Kind.RESPONSE)},
        },
        **{
            str(status): {"description": about, "content": refused}
            for status, about in ENVELOPE_STATUSES.items()
        },
    }


def _acknowledged(schemas: Schemas, function: Function) -> Schema:
    said = "An acknowledgement; anything but SUCCESS, or another status, and it is sent again."
    content = {JSON: _message(schemas, function, Kind.RESPONSE)}
    return {"2XX": {"description": said, "content": content}}


def _message(schemas: Schemas, function: Function, kind: Kind) -> Schema:
    is_request = kind is Kind.REQUEST
    body = function.request if is_request else function.response
    if body is None:
        return {}
    named = {"properties": {"function": {"enum": [function.name, *function.aliases]}}}
    head = schemas.refer(RequestHead if is_request else ResponseHead)
    inside: Schema = {
        "type": "object",
        "required": ["head", "body"],
        "properties": {
            "head": {"allOf": [head, named]} if is_request else head,
            "body": schemas.refer(body),
        },
    }
    about = "over the exact bytes of " + kind.value
    envelope: Schema = {
        "type": "object",
        "required": [kind.value],
        "properties": {kind.value: inside, "signature": {"type": "string", "description": about}},
    }
    if is_request:
        envelope["required"].append("signature")
    signed = sample(function, kind)
    shown = {"examples": {"signed": {"value": signed.value}}} if signed else {}
    return {"schema": envelope, **shown}


def _door(schemas: Schemas, door: Door) -> Schema:
    operation: Schema = {
        "operationId": door.name,
        "tags": ["doors"],
        "summary": door.title,
        "description": " ".join((door.meaning, *door.notes)),
        "responses": {
            str(status): {
                "description": DOOR_STATUSES[status],
                "content": {JSON: {"schema": _one_of(types)}},
            }
            for status, types in sorted(door.answers.items())
        },
    }
    parameters = [*_query(schemas, door), *([_TOKEN] if "{token}" in door.path else [])]
    if parameters:
        operation["parameters"] = parameters
    if door.body is not None:
        content = {JSON: {"schema": schemas.refer(door.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    if door.credential is Credential.SESSION:
        operation["security"] = [{"session": []}]
    if door.credential is Credential.OPTIONAL_SESSION:
        operation["security"] = [{"session": []}, {}]
    return operation


def _query(schemas: Schemas, door: Door) -> list[Schema]:
    """Return what may stand behind the question mark."""
    if door.query is None:
        return []
    described = schemas.describe(door.query)
    required = described.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in described["properties"].items()
    ]


_TOKEN: Schema = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "The token in the address that the gateway gave.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": TOKEN_CHARACTERS_MAX,
        "pattern": "^[A-Za-z0-9_-]+$",
    },
}


def _one_of(types: Types) -> Schema:
    refs = [{"$ref": f"#/components/schemas/{each.__name__}"} for each in types]
    return refs[0] if len(refs) == 1 else {"oneOf": refs}


def _answer_schemas(doors: Sequence[Door]) -> dict[str, Schema]:
    types = {each for door in doors for kinds in door.answers.values() for each in kinds}
    ordered = sorted(types, key=lambda each: each.__name__)
    _, components = msgspec.json.schema_components(
        ordered, ref_template="#/components/schemas/{name}"
    )
    return {name: _portable(schema) for name, schema in components.items()}


def _portable(schema: Any) -> Any:  # noqa: ANN401  Any part of a schema.
    """Return a schema with its patterns as ECMA 262 writes them."""
    match schema:
        case dict():
            return {
                name: ecma(inside) if name == "pattern" else _portable(inside)
                for name, inside in schema.items()
            }
        case list():
            return [_portable(inside) for inside in schema]
        case _:
            return schema
