"""The published vectors get their verdict from four implementations that share no code.

Tillgate's own, the openssl command, Node's crypto, Java's Signature: each checker is one process
for the whole set, and a file that a stranger may copy. What must hold: all four say of every vector
what the set says; the set keeps its schema and can be made again, byte for byte.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import jsonschema
import pytest

from tests.vectors.published import EXPECTED, FOLDER, SET, VECTORS, Vector
from tillgate.doctor.findings import Code
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.protocol import redirect
from tillgate.protocol.envelope import Kind
from tillgate.protocol.functions import open_request
from tillgate.protocol.keys import load_private_key, load_public_key
from tillgate.protocol.profile import Digest
from tillgate.protocol.signature import decode, verify_digest

ROOT = FOLDER.parent
VALID = [vector for vector in VECTORS if vector.is_valid]
ENVELOPES = [vector for vector in VECTORS if vector.told["form"] != "address"]
REQUESTS = [v for v in VALID if v in ENVELOPES and v.told["member"] == "request"]

pytestmark = pytest.mark.timeout(180)


def java() -> str:
    """Return the Java that `make test` has found, or ask the same script."""
    named = os.environ.get("TILLGATE_TEST_JAVA")
    if named:
        return named
    done = subprocess.run(
        [ROOT / "tools" / "java"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def checker(name: str, folder: Path) -> Sequence[str]:
    """Return how a checker is run on a folder that holds the set."""
    if name == "java":
        return (java(), str(folder / "checkers" / "Verify.java"), str(folder))
    if name == "node":
        return ("node", str(folder / "checkers" / "verify.mjs"))
    return ("bash", str(folder / "checkers" / "verify.sh"))


CHECKERS = ("openssl", "node", "java")


def verdicts(name: str, folder: Path) -> tuple[int, Mapping[str, str]]:
    """Return a checker's exit code and what it says of each vector."""
    done = subprocess.run(checker(name, folder), capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, dict(line.split("\t") for line in done.stdout.splitlines())


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_our_own_code_says_what_the_set_says(vector: Vector) -> None:
    assert vector.verdict() == vector.told["expect"]


@pytest.mark.parametrize("name", CHECKERS)
def test_an_independent_checker_says_what_the_set_says(name: str) -> None:
    assert verdicts(name, FOLDER) == (0, EXPECTED)


@pytest.mark.parametrize("name", CHECKERS)
def test_a_checker_finds_what_was_changed(name: str, tmp_path: Path) -> None:
    """A checker that always agreed would be worth nothing: here two signatures are swapped."""
    swapped = ("order-2048-rsa2-base64", "order-2048-rsa-base64")
    copy = tmp_path / "vectors"
    shutil.copytree(FOLDER, copy)
    _swap(copy, *swapped)

    code, said = verdicts(name, copy)

    assert code == 1
    assert {each for each in said if said[each] != EXPECTED[each]} == set(swapped)


def _swap(folder: Path, one: str, other: str) -> None:
    """Give two vectors each other's signature, in both files."""
    told = json.loads((folder / "vectors.json").read_bytes())
    texts = {case["name"]: case for case in told["cases"] if case["name"] in (one, other)}
    first, second = texts[one]["signature"], texts[other]["signature"]
    for case, mine, theirs in ((texts[one], first, second), (texts[other], second, first)):
        message = base64.b64decode(case["messageBase64"]).replace(mine.encode(), theirs.encode())
        case["messageBase64"] = base64.b64encode(message).decode()
    (folder / "vectors.json").write_text(json.dumps(told))
    rows = [row.split("\t") for row in (folder / "vectors.tsv").read_text().splitlines()]
    for row in rows:
        if row[0] in texts:
            case = texts[row[0]]
            given = {one: second, other: first}[row[0]]
            row[6], row[8] = case["messageBase64"], base64.b64encode(given.encode()).decode()
    (folder / "vectors.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n")


def test_the_set_keeps_its_schema() -> None:
    schema = json.loads((FOLDER / "schema.json").read_bytes())

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(SET)
    assert len(EXPECTED) == len(VECTORS)
    assert {vector.told["key"] for vector in VECTORS} <= set(SET["keys"])


def test_the_table_holds_what_the_set_holds() -> None:
    head, *rows = [line.split("\t") for line in (FOLDER / "vectors.tsv").read_text().splitlines()]
    names = [name for name in head if name != "signatureBase64"]
    told = [dict(zip(head, row, strict=True)) for row in rows]

    assert [[row[name] for name in names] for row in told] == [
        [vector.told[name] or "-" for name in names] for vector in VECTORS
    ]
    assert [row["signatureBase64"] for row in told] == [
        base64.b64encode((vector.told["signature"] or "").encode()).decode() or "-"
        for vector in VECTORS
    ]


def test_the_set_can_be_made_again() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.vectors", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "as they were made"), done.stderr


def test_the_set_covers_what_it_says_it_covers() -> None:
    told = [vector.told for vector in VECTORS]

    assert len({(case["key"], case["digest"]) for case in told}) >= 8
    assert {case["form"] for case in told} == {"envelope", "literal", "address"}
    assert {case["member"] for case in told} == {"request", "response", "query"}
    currencies = {case["reads"]["amount"].split()[1] for case in told if "amount" in case["reads"]}
    assert {"HKD", "JPY", "KWD", "BHD", "USD"} <= currencies
    assert sum(case["expect"] == "valid" for case in told) >= 70
    assert sum(case["expect"] == "invalid" for case in told) >= 60
    assert len({case["why"] for case in told}) >= 30
    assert f"{len(told)} messages" in (FOLDER / "README.md").read_text()


def test_the_reasons_are_named_as_the_doctor_names_them() -> None:
    reasons = {vector.told["why"] for vector in VECTORS if not vector.is_valid}

    assert reasons - {code.name for code in Code} == {"PREFIX_MISSING"}  # Of redirects alone.


@pytest.mark.parametrize("vector", ENVELOPES, ids=str)
def test_the_bytes_we_cut_out_are_those_that_the_set_names(vector: Vector) -> None:
    try:
        signed = vector.cut().signed
    except Refused:
        signed = None

    assert signed == vector.signed


@pytest.mark.parametrize("vector", VALID, ids=str)
def test_the_private_half_makes_the_very_signature(vector: Vector) -> None:
    """PKCS#1 v1.5 has no randomness, so the set checks signers, too."""
    private = FOLDER / "keys" / f"{vector.told['key']}.TEST-KEY.private.pem"
    key = load_private_key(private.read_bytes())

    assert key.public == vector.key
    wanted = decode(vector.told["signature"], length=vector.key.signature_bytes)
    assert key.sign(vector.signed or b"", vector.digest) == wanted


@pytest.mark.parametrize("vector", REQUESTS, ids=str)
def test_a_request_reads_as_the_set_says_or_is_refused_there(vector: Vector) -> None:
    verified = verify_digest(vector.cut(), [vector.key], vector.digest)
    refused = vector.told["contentRefused"]
    if refused:
        with pytest.raises(Refused) as caught:
            open_request(verified)
        assert refused in {"*", caught.value.path, f"body.{caught.value.path}"}
        return
    body = open_request(verified).body
    reads = vector.told["reads"]
    order = getattr(body, "order", body)
    if "amount" in reads:
        assert order.order_amount.money == Money.parse(reads["amount"])
    if "title" in reads:
        assert order.order_title == reads["title"]
    if "merchantTransId" in reads:
        assert body.merchant_trans_id == reads["merchantTransId"]


@pytest.mark.parametrize("vector", [v for v in VALID if v not in ENVELOPES], ids=str)
def test_a_redirect_reads_as_the_set_says(vector: Vector) -> None:
    read = redirect.read_return_url(vector.message.decode(), [vector.key])

    assert read.merchant_trans_id == vector.told["reads"]["merchantTransId"]
    assert read.order_amount.money == Money.parse(vector.told["reads"]["amount"])


@pytest.mark.parametrize("vector", [v for v in VALID if v in ENVELOPES], ids=str)
def test_the_other_digest_and_a_strangers_key_are_refused(vector: Vector) -> None:
    other = Digest.RSA if vector.digest is Digest.RSA2 else Digest.RSA2
    stranger = load_public_key((FOLDER / SET["keys"]["stranger-2048"]).read_bytes())

    for key, digest in ((vector.key, other), (stranger, vector.digest)):
        with pytest.raises(Refused):
            verify_digest(vector.cut(), [key], digest)


@pytest.mark.parametrize("name", sorted(SET["keys"]))
def test_each_key_is_the_same_in_both_shapes_and_has_the_bits_of_its_name(name: str) -> None:
    pem = load_public_key((FOLDER / SET["keys"][name]).read_bytes())

    assert pem == load_public_key((FOLDER / "keys" / f"{name}.public.txt").read_text())
    assert pem.bits == int(name.rpartition("-")[2])


def test_every_private_half_says_that_it_is_a_test_key() -> None:
    halves = sorted((FOLDER / "keys").glob("*.private.pem"))

    assert [half.name for half in halves] == sorted(
        f"{name}.TEST-KEY.private.pem" for name in SET["keys"]
    )
    assert all(half.read_text().startswith("THIS IS A TEST KEY.") for half in halves)


def test_the_members_of_an_envelope_are_those_the_protocol_knows() -> None:
    assert {each.value for each in Kind} == {vector.told["member"] for vector in ENVELOPES}
