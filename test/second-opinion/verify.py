#!/usr/bin/env python3
"""A second opinion on Countersign packages.

Reads a package (PROTOCOL.md, chapter 3) and the genesis digest, and says which entries stand in the log without effect
and with which code, and for each proposal the verdict at given signer times by the receipts in the log. Written from
PROTOCOL.md, with the standard library alone; numbers in brackets are its chapters.

Taken for granted, and not proven here: how documents came in force (that is in the signers' receipts; whether a change
tightens is not proven again), that what policies assert holds, and that a miniscript is sane (BIP 379).
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import itertools
import json
import re
import sys
import unicodedata
from calendar import timegm
from dataclasses import dataclass, field
from datetime import datetime


class Refused(Exception):
    """A "no" with its code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class MissingBlob(Exception):
    """The fold needs a blob that the package lacks."""


class Outside(Exception):
    """What this program does not decide."""


def require(condition, code):
    if not condition:
        raise Refused(code)


def sha256(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(part)
    return h.digest()


def sha256d(data):
    return sha256(sha256(data))


try:
    hashlib.new("ripemd160")

    def ripemd160(data):
        return hashlib.new("ripemd160", data).digest()

except ValueError:

    def ripemd160(data):
        """Where OpenSSL has none."""
        rol = lambda x, n: ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF
        order = [7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8]
        left, right = [list(range(16))], [[(9 * i + 5) % 16 for i in range(16)]]
        for rows in (left, right):
            for _ in range(4):
                rows.append([order[i] for i in rows[-1]])
        shifts = [
            [11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8],
            [12, 13, 11, 15, 6, 9, 9, 7, 12, 15, 11, 13, 7, 8, 7, 7],
            [13, 15, 14, 11, 7, 7, 6, 8, 13, 14, 13, 12, 5, 5, 6, 9],
            [14, 11, 12, 14, 8, 6, 5, 5, 15, 12, 15, 14, 9, 9, 8, 6],
            [15, 12, 13, 13, 9, 5, 8, 6, 14, 11, 12, 11, 8, 6, 5, 5],
        ]
        functions = [
            lambda x, y, z: x ^ y ^ z,
            lambda x, y, z: (x & y) | (~x & 0xFFFFFFFF & z),
            lambda x, y, z: (x | (~y & 0xFFFFFFFF)) ^ z,
            lambda x, y, z: (x & z) | (y & ~z & 0xFFFFFFFF),
            lambda x, y, z: x ^ (y | (~z & 0xFFFFFFFF)),
        ]
        lk = [0, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E]
        rk = [0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0]
        state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
        padded = data + b"\x80" + b"\0" * ((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "little")
        for at in range(0, len(padded), 64):
            words = [int.from_bytes(padded[at + 4 * i : at + 4 * i + 4], "little") for i in range(16)]
            sides = []
            for rows, constants, fs in ((left, lk, functions), (right, rk, functions[::-1])):
                a, b, c, d, e = state
                for n in range(80):
                    r, i = divmod(n, 16)
                    t = (a + fs[r](b, c, d) + words[rows[r][i]] + constants[r]) & 0xFFFFFFFF
                    t = (rol(t, shifts[r][rows[r][i]]) + e) & 0xFFFFFFFF
                    a, e, d, c, b = e, d, rol(c, 10), b, t
                sides.append((a, b, c, d, e))
            (a, b, c, d, e), (f, g, h, i, j) = sides
            s0, s1, s2, s3, s4 = state
            state = [x & 0xFFFFFFFF for x in (s1 + c + i, s2 + d + j, s3 + e + f, s4 + a + g, s0 + b + h)]
        return b"".join(x.to_bytes(4, "little") for x in state)


def hash160(data):
    return ripemd160(sha256(data))


def tagged(tag, data):
    t = sha256(tag.encode())
    return sha256(t, t, data)


# ---------------------------------------------------------------- secp256k1 [1, 7, 10]

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def double(p):
    x, y, z = p
    if not y:
        return (1, 1, 0)
    a = y * y % P
    s = 4 * x * a % P
    m = 3 * x * x % P
    nx = (m * m - 2 * s) % P
    return (nx, (m * (s - nx) - 8 * a * a) % P, 2 * y * z % P)


def add_affine(p, q):
    """Jacobian and affine."""
    x1, y1, z1 = p
    x2, y2 = q
    if not z1:
        return (x2, y2, 1)
    zz = z1 * z1 % P
    h = (x2 * zz - x1) % P
    r = (y2 * zz * z1 - y1) % P
    if not h:
        return double(p) if not r else (1, 1, 0)
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    nx = (r * r - hhh - 2 * v) % P
    return (nx, (r * (v - nx) - y1 * hhh) % P, z1 * h % P)


def affine(p):
    x, y, z = p
    if not z:
        return None
    i = pow(z, -1, P)
    ii = i * i % P
    return (x * ii % P, y * ii * i % P)


def affine_all(points):
    """Many at the price of one inversion. None is infinity."""
    products, product = [], 1
    for _, _, z in points:
        products.append(product)
        product = product * z % P
    inverse = pow(product, -1, P)
    found = []
    for (x, y, z), before in zip(reversed(points), reversed(products)):
        i = inverse * before % P
        inverse = inverse * z % P
        ii = i * i % P
        found.append((x * ii % P, y * ii * i % P))
    return found[::-1]


TABLES = {}
USES = {}


def table_of(point):
    """Multiples 1..15 of 16^i times the point, affine: a multiplication is 64 additions then."""
    known = TABLES.get(point)
    if known is None:
        rows, base = [], (point[0], point[1], 1)
        for _ in range(64):
            b = affine(base)
            row = [(b[0], b[1], 1)]
            for _ in range(14):
                row.append(add_affine(row[-1], b))
            rows += row
            base = add_affine(row[-1], b)
        flat = affine_all(rows)
        known = TABLES[point] = [flat[15 * i : 15 * i + 15] for i in range(64)]
    return known


def add_multiple(total, scalar, point):
    """total + scalar * point."""
    uses = USES[point] = USES.get(point, 0) + 1
    if point == G or uses > 6 or point in TABLES:
        for row in table_of(point):
            digit = scalar & 15
            if digit:
                total = add_affine(total, row[digit - 1])
            scalar >>= 4
        return total
    row = [(point[0], point[1], 1)]
    for _ in range(14):
        row.append(add_affine(row[-1], point))
    multiples = affine_all(row)
    found = (1, 1, 0)
    for shift in range(252, -1, -4):
        if found[2]:
            found = double(double(double(double(found))))
        digit = (scalar >> shift) & 15
        if digit:
            found = add_affine(found, multiples[digit - 1])
    other = affine(found)
    return total if other is None else add_affine(total, other)


LIFTED = {}


def lift_x(x, odd=0):
    """The point of an x coordinate with this parity, or None."""
    key = (x, odd)
    if key not in LIFTED:
        found = None
        if x < P:
            c = (pow(x, 3, P) + 7) % P
            y = pow(c, (P + 1) // 4, P)
            if y * y % P == c:
                found = (x, y if y & 1 == odd else P - y)
        LIFTED[key] = found
    return LIFTED[key]


def parse_point(data):
    if len(data) != 33 or data[0] not in (2, 3):
        return None
    return lift_x(int.from_bytes(data[1:], "big"), data[0] & 1)


def compressed(point):
    return bytes([2 | point[1] & 1]) + point[0].to_bytes(32, "big")


VERIFIED = {}


def remember(check):
    """Signatures are checked once in a run."""

    def checked(*what):
        key = (check.__name__, *what)
        if key not in VERIFIED:
            VERIFIED[key] = check(*what)
        return VERIFIED[key]

    return checked


@remember
def verify_bip340(key, message, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    point = lift_x(int.from_bytes(key, "big"))
    if point is None or r >= P or s >= N or len(signature) != 64:
        return False
    e = int.from_bytes(tagged("BIP0340/challenge", signature[:32] + key + message), "big") % N
    found = affine(add_multiple(add_multiple((1, 1, 0), s, G), N - e if e else 0, point))
    return found is not None and found[1] & 1 == 0 and found[0] == r


@remember
def verify_ecdsa(key, message, compact):
    r, s = int.from_bytes(compact[:32], "big"), int.from_bytes(compact[32:], "big")
    point = parse_point(key)
    if point is None or not 0 < r < N or not 0 < s < N:
        return False
    w = pow(s, -1, N)
    z = int.from_bytes(message, "big")
    found = affine(add_multiple(add_multiple((1, 1, 0), z * w % N, G), r * w % N, point))
    return found is not None and found[0] % N == r


def recover(message, compact, number, is_compressed):
    """The public key of an ECDSA signature, or None."""
    r, s = int.from_bytes(compact[:32], "big"), int.from_bytes(compact[32:], "big")
    if not 0 < r < N or not 0 < s < N:
        return None
    point = lift_x(r + N * (number >> 1), number & 1)
    if point is None:
        return None
    i = pow(r, -1, N)
    z = int.from_bytes(message, "big")
    found = affine(add_multiple(add_multiple((1, 1, 0), -z * i % N, G), s * i % N, point))
    if found is None:
        return None
    if is_compressed:
        return compressed(found)
    return b"\x04" + found[0].to_bytes(32, "big") + found[1].to_bytes(32, "big")


# ---------------------------------------------------------------- Ed25519 [4]

Q = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q
ROOT = pow(2, (Q - 1) // 4, Q)


def ed_add(p, q):
    x1, y1, z1, t1 = p
    x2, y2, z2, t2 = q
    a = (y1 - x1) * (y2 - x2) % Q
    b = (y1 + x1) * (y2 + x2) % Q
    c = 2 * t1 * t2 * D % Q
    d = 2 * z1 * z2 % Q
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % Q, g * h % Q, f * g % Q, e * h % Q)


ED_ZERO = (0, 1, 1, 0)
ED_TABLES = {}


def ed_multiply(scalar, point):
    if point not in ED_TABLES:
        rows, base = [], point
        for _ in range(64):
            row = [base]
            for _ in range(14):
                row.append(ed_add(row[-1], base))
            rows.append(row)
            base = ed_add(row[-1], base)
        ED_TABLES[point] = rows
    total = ED_ZERO
    for row in ED_TABLES[point]:
        digit = scalar & 15
        if digit:
            total = ed_add(total, row[digit - 1])
        scalar >>= 4
    return total


def ed_point(data):
    """Of a canonical encoding that is not of small order, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= Q:
        return None
    u, v = (y * y - 1) % Q, (D * y * y + 1) % Q
    x = u * pow(v, 3, Q) * pow(u * pow(v, 7, Q), (Q - 5) // 8, Q) % Q
    if v * x * x % Q != u:
        x = x * ROOT % Q
    if v * x * x % Q != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = Q - x
    point = (x, y, 1, x * y % Q)
    times = point
    for _ in range(3):
        times = ed_add(times, times)
    return None if times[0] == 0 and (times[1] - times[2]) % Q == 0 else point


ED_BASE_Y = 4 * pow(5, -1, Q) % Q


def ed_same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % Q == 0 and (p[1] * q[2] - q[1] * p[2]) % Q == 0


@remember
def verify_ed25519(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    a, r = ed_point(key), ed_point(signature[:32])
    if s >= L or a is None or r is None:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    base = ed_point(ED_BASE_Y.to_bytes(32, "little"))
    return ed_same(ed_multiply(s, base), ed_add(r, ed_multiply(k, a)))


# ---------------------------------------------------------------- canonical JSON, times [2]

DEPTH, TEXT = 24, 8192
ENTRY_BYTES, BLOB_BYTES, LINE = 60_000, 1_000_000, 2_000_000
MONEY = 2_100_000_000_000_000
SAFE = 2**53 - 1
DAY = 86_400
WINDOW = 366 * DAY
INDEX = 1_000_000

SHAPELESS = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U00013430-\U0001343f\U00016fe4\U0001bca0-\U0001bca3"
    "\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
ASCII = re.compile("[ -~]*")
SURROGATE = re.compile("[\ud800-\udfff]")


def units(text):
    """Length in UTF-16 units."""
    return len(text) + sum(c > "\uffff" for c in text) if not text.isascii() else len(text)


def is_plain(text):
    if ASCII.fullmatch(text):
        return True
    if SURROGATE.search(text) or SHAPELESS.search(text):
        return False
    return unicodedata.is_normalized("NFC", text)


PLAIN_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def canonical_text(value):
    found = PLAIN_JSON.encode(value)
    # Where all is ASCII, keys sorted by characters are sorted by UTF-16 units.
    return found if found.isascii() else canonical_slowly(value)


def canonical_slowly(value):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical_slowly(key)}:{canonical_slowly(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical_slowly, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def canonical(value):
    return canonical_text(value).encode()


class NotJson(Exception):
    pass


def load_json(text):
    def constant(_):
        raise NotJson

    def integer(digits):
        return -0.0 if digits == "-0" else int(digits)

    try:
        return json.loads(text, parse_constant=constant, parse_int=integer)
    except (ValueError, RecursionError):
        raise NotJson from None


def check_value(value, depth=0):
    """Whether every number is written as an integer."""
    require(depth <= DEPTH, "json.depth")
    whole = True
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, list):
        for item in value:
            whole = check_value(item, depth + 1) and whole
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key)
            whole = check_value(item, depth + 1) and whole
    elif isinstance(value, float):
        minus_zero = value == 0 and str(value).startswith("-")
        require(value.is_integer() and 0 <= value <= SAFE and not minus_zero, "json.number")
        whole = False
    elif isinstance(value, int) and not isinstance(value, bool):
        require(0 <= value <= SAFE, "json.number")
    return whole


def check_text(text):
    require(units(text) <= TEXT and is_plain(text), "json.text")


def parse_canonical(data):
    """The value of canonical bytes or text."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        value = load_json(text)
    except (UnicodeDecodeError, NotJson):
        raise Refused("json.malformed") from None
    whole = check_value(value)
    require(whole and canonical_text(value) == text, "json.noncanonical")
    return value


def digest_bytes(kind, value):
    return tagged(f"countersign/{kind}/v1", canonical(value))


def digest(kind, value):
    return digest_bytes(kind, value).hex()


TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def parse_time(text):
    """Seconds, or None."""
    if not TIME.fullmatch(text) or text < "2000":
        return None
    try:
        return timegm(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").timetuple())
    except ValueError:
        return None


TIMES = {}


def seconds(text):
    if text not in TIMES:
        TIMES[text] = parse_time(text)
    return TIMES[text]


def from_base64(text):
    """Bytes of canonical base64, or None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


# ---------------------------------------------------------------- forms [5, 6]


def text(pattern=None, most=None):
    compiled = re.compile(pattern, re.ASCII) if pattern else None

    def check(v):
        return (
            isinstance(v, str)
            and (most is None or units(v) <= most)
            and (compiled is None or compiled.fullmatch(v) is not None)
        )

    return check


def integer(least=0, most=SAFE):
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and least <= v <= most


def one_of(*values):
    return lambda v: isinstance(v, (str, int)) and not (isinstance(v, bool) and True not in values) and v in values


def boolean(v):
    return isinstance(v, bool)


def nullable(form):
    return lambda v: v is None or form(v)


def null(v):
    return v is None


def array(form, least=0, most=SAFE, distinct=False):
    def check(v):
        return (
            isinstance(v, list)
            and least <= len(v) <= most
            and all(form(item) for item in v)
            and (not distinct or len(set(v)) == len(v))
        )

    return check


def either(*forms):
    return lambda v: any(form(v) for form in forms)


class Object:
    """Exactly these fields; those in `optional` may be left out."""

    def __init__(self, fields, optional=None, also=None):
        self.fields, self.optional, self.also = fields, optional or {}, also

    def __call__(self, v):
        if not isinstance(v, dict):
            return False
        for name, form in self.fields.items():
            if name not in v or not form(v[name]):
                return False
        for name, item in v.items():
            if name in self.fields:
                continue
            if name not in self.optional or not self.optional[name](item):
                return False
        return self.also is None or self.also(v)


def obj(fields, optional=None, also=None):
    return Object(fields, optional, also)


def variants(key, forms):
    return lambda v: isinstance(v, dict) and isinstance(v.get(key), (str, bool)) and v[key] in forms and forms[v[key]](v)


hex32 = text("[0-9a-f]{64}")
hex33 = text("0[23][0-9a-f]{64}")
hex64 = text("[0-9a-f]{128}")
message_signature = text("[A-Za-z0-9+/]+={0,2}", 1024)
device_signature = either(hex64, message_signature)
label = text("[a-z0-9][a-z0-9._-]*", 64)
sats = integer(0, MONEY)
count = integer()
outpoint_form = text("[0-9a-f]{64}:(0|[1-9][0-9]{0,9})")
network_name = one_of("mainnet", "testnet4", "signet", "regtest", "sandbox")


def time_form(v):
    return isinstance(v, str) and seconds(v) is not None


head = obj({"size": count, "root": hex32})
common = {
    "org": hex32,
    "member": label,
    "device": label,
    "previous": nullable(hex32),
    "log": head,
    "issuedAt": time_form,
    "expiresAt": time_form,
}
spend_form = obj(
    {
        "transaction": hex32,
        "inputs": array(obj({"outpoint": outpoint_form, "sats": sats}), 1, 250),
        "outputs": array(obj({"script": text("([0-9a-f]{2}){1,100}"), "sats": sats}, {"change": count}), 1, 250),
        "feeSats": sats,
        "lockTime": integer(0, 2**32 - 1),
    }
)
reference_form = text("[A-Za-z0-9._/-]{1,64}")


def statement_of(kind, fields):
    return obj({"type": one_of(kind), **common, **fields})


STATEMENTS = {
    "proposal": statement_of(
        "proposal",
        {
            "network": network_name,
            "wallet": obj({"id": label, "digest": hex32}),
            "policy": hex32,
            "charter": hex32,
            "destinations": hex32,
            "kind": one_of("pay", "cancel"),
            "spend": spend_form,
            "cancels": nullable(hex32),
            "envelope": nullable(obj({"feeSatsMax": sats, "replacementsMax": count, "until": time_form})),
            "initiator": label,
            "purposeDigest": hex32,
            "reference": nullable(reference_form),
            "repeats": nullable(hex32),
        },
    ),
    "approval": statement_of(
        "approval",
        {
            "proposal": hex32,
            "decision": one_of("approve", "reject", "withdraw"),
            "spend": hex32,
            "partialSignatures": nullable(hex32),
            "reasonDigest": nullable(hex32),
        },
    ),
    "document": statement_of(
        "document",
        {
            "document": hex32,
            "decision": one_of("approve", "confirm", "veto"),
            "firstAddress": nullable(text("[A-Za-z0-9]{1,100}")),
            "keyProof": nullable(obj({"key": hex33, "signature": device_signature})),
        },
    ),
    "freeze": statement_of(
        "freeze",
        {
            "wallet": either(label, one_of("*")),
            "action": one_of("freeze", "unfreeze"),
            "lifts": array(hex32, 0, 100),
            "reasonDigest": hex32,
        },
    ),
    "session": statement_of("session", {"key": text("[A-Za-z0-9_-]{43}")}),
}
statement_form = variants("type", STATEMENTS)
no_form = variants("type", {kind: STATEMENTS[kind] for kind in ("approval", "document", "freeze")})

document_kind = one_of("charter", "wallet", "policy", "destinations")
CODE = text(r"[a-z]+(\.[a-z]+)+")
CODES = None  # set by --codes: the registry of receipts' codes


def code_form(v):
    return v in CODES if CODES is not None and isinstance(v, str) else CODE(v)


def receipt_of(record, fields, optional=None):
    return obj(
        {
            "record": one_of(record),
            "org": hex32,
            "wallet": label,
            "signer": hex32,
            "epoch": integer(1, 1000),
            "position": count,
            "previous": nullable(hex32),
            "at": time_form,
            "log": head,
            **fields,
        },
        optional,
    )


bump_number = {"version": integer(1, 20)}
witnessed_form = array(obj({"sentinel": label, "at": time_form, "signature": hex64}), 1, 8)
receipt_form = variants(
    "record",
    {
        "started": receipt_of(
            "started",
            {
                "walletDigest": hex32,
                "firstAddress": text(most=100),
                "keyProof": obj({"key": hex33, "signature": hex64}),
            },
        ),
        "sight": receipt_of(
            "sight", {"kind": one_of("approval", "document"), "object": hex32}, {"told": witnessed_form}
        ),
        "heard": receipt_of("heard", {"sentinel": label, "statement": no_form, "signature": device_signature}),
        "force": receipt_of(
            "force",
            {"kind": document_kind, "document": hex32, "by": one_of("first", "one", "undo", "quorum", "recovery")},
        ),
        "lift": receipt_of("lift", {"freeze": hex32}),
        "address": receipt_of("address", {"index": integer(0, INDEX), "address": text(most=100)}),
        "reserve": receipt_of("reserve", {"proposal": hex32, "amountSats": sats, "feeSats": sats}),
        "release": receipt_of("release", {"proposal": hex32, "code": code_form}),
        "refusal": receipt_of("refusal", {"proposal": hex32, "code": code_form}, bump_number),
        "intent": receipt_of("intent", {"proposal": hex32}, {**bump_number, "witnesses": witnessed_form}),
        "signed": receipt_of("signed", {"proposal": hex32, "signatures": hex32}, bump_number),
    },
)


def fact_of(name, fields):
    return obj({"fact": one_of(name), "at": time_form, **fields})


of_spend = {"proposal": hex32, "txid": hex32}
fact_form = variants(
    "fact",
    {
        "broadcast": fact_of("broadcast", of_spend),
        "confirmed": fact_of("confirmed", {**of_spend, "height": count, "block": hex32}),
        "settled": fact_of("settled", of_spend),
        "unconfirmed": fact_of("unconfirmed", of_spend),
        "alert": fact_of(
            "alert",
            {
                "wallet": label,
                "txid": hex32,
                "transaction": hex32,
                "outpoints": array(outpoint_form, 1, 250),
                "height": nullable(count),
            },
        ),
        "address-asked": fact_of(
            "address-asked", {"wallet": label, "index": integer(0, INDEX), "request": nullable(hex32)}
        ),
        "screening": fact_of(
            "screening",
            {
                "proposal": hex32,
                "destinations": array(
                    obj(
                        {
                            "output": integer(0, 249),
                            "answer": one_of("clear", "hold", "deny"),
                            "reference": nullable(reference_form),
                        }
                    ),
                    1,
                    250,
                ),
            },
        ),
    },
)
entry_form = variants(
    "type",
    {
        "statement": obj(
            {
                "type": one_of("statement"),
                "statement": statement_form,
                "signature": device_signature,
                "coins": nullable(hex32),
            }
        ),
        "document": obj({"type": one_of("document"), "document": hex32}),
        "version": obj({"type": one_of("version"), "proposal": hex32, "transaction": hex32}),
        "receipt": obj({"type": one_of("receipt"), "receipt": receipt_form, "signature": hex64}),
        "fact": obj({"type": one_of("fact"), "fact": fact_form}),
    },
)
coins_form = array(obj({"parent": hex32, "branch": integer(0, 1), "index": integer(0, INDEX)}), 1, 250)
signatures_form = array(
    obj({"key": text("(?:0[23])?[0-9a-f]{64}"), "signature": text("(?:[0-9a-f]{2}){9,73}")}), 1, 250
)

DEVICE_KINDS = ["secp256k1", "webauthn", "message", "psbt"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def leaves_of(clause):
    if "from" in clause:
        return [clause]
    return [leaf for part in clause.get("all", clause.get("any")) for leaf in leaves_of(part)]


def depth_of(clause):
    if "from" in clause:
        return 0
    return 1 + max(depth_of(part) for part in clause.get("all", clause.get("any")))


def groups_named(clause):
    return {leaf["from"] for leaf in leaves_of(clause)}


leaf_form = obj(
    {
        "from": label,
        "atLeast": integer(0, 1000),
        "kinds": nullable(array(one_of(*DEVICE_KINDS), 1, SAFE, True)),
    }
)


def clause_part(v):
    return leaf_form(v) or clause_all(v) or clause_any(v)


clause_all = obj({"all": array(clause_part, 1, 16)})
clause_any = obj({"any": array(clause_part, 1, 16)})


def clause_form(v):
    return clause_part(v) and depth_of(v) <= 4 and len(leaves_of(v)) <= 16


name_text = text(most=64)


def name_form(v):
    return name_text(v) and units(v) >= 1 and is_plain(v) and v.strip() == v


window_form = nullable(integer(1, WINDOW))
limit_form = obj(
    {
        "name": name_form,
        "measure": one_of("amount", "count", "fee"),
        "most": sats,
        "windowSeconds": window_form,
        "of": one_of("wallet", "destination", "initiator", "organisation"),
        "here": nullable(sats),
    },
    also=lambda v: not (v["measure"] == "count" and v["windowSeconds"] is None)
    and not (v["measure"] == "fee" and v["of"] == "destination")
    and (v["of"] == "organisation") == (v["here"] is not None)
    and (v["here"] or 0) <= v["most"],
)
terms_form = nullable(array(text("(listed|unlisted|(tag|owner):[a-z0-9][a-z0-9._-]{0,63})"), 1, 64, True))
minute = integer(0, 1440)
output_count = nullable(integer(0, 250))
when_form = obj(
    {
        "payments": one_of("none", "some"),
        "amount": nullable(
            obj(
                {
                    "above": nullable(sats),
                    "atMost": nullable(sats),
                    "windowSeconds": window_form,
                    "of": one_of("wallet", "destination", "initiator"),
                },
                also=lambda v: v["above"] is not None or v["atMost"] is not None,
            )
        ),
        "destinations": nullable(
            obj({"all": terms_form, "any": terms_form}, also=lambda v: v["all"] is not None or v["any"] is not None)
        ),
        "outputs": nullable(
            obj(
                {
                    "any": nullable(array(one_of("data-value", "witness-unknown", "zero-value"), 1, SAFE, True)),
                    "above": output_count,
                    "atMost": output_count,
                },
                also=lambda v: any(v[part] is not None for part in ("any", "above", "atMost")),
            )
        ),
        "initiator": nullable(obj({"any": array(text("(member|group):[a-z0-9][a-z0-9._-]{0,63}"), 1, 64, True)})),
        "hours": nullable(
            obj(
                {
                    "is": one_of("within", "outside"),
                    "spans": array(
                        obj(
                            {
                                "days": array(one_of(*WEEKDAYS), 1, SAFE, True),
                                "fromMinute": minute,
                                "toMinute": minute,
                            },
                            also=lambda v: v["fromMinute"] < v["toMinute"],
                        ),
                        1,
                        28,
                    ),
                }
            )
        ),
        "reference": nullable(one_of("present", "absent")),
    }
)
rule_form = variants(
    "deny",
    {
        False: obj(
            {
                "name": name_form,
                "when": when_form,
                "deny": boolean,
                "require": obj({"approvals": clause_form, "delaySeconds": integer(0, 30 * DAY)}),
            }
        ),
        True: obj({"name": name_form, "when": when_form, "deny": boolean, "require": null}),
    },
)


def ascends(zone):
    offsets = zone["offsets"]
    ends = [one["from"] for one in offsets[1:]] + [zone["until"]]
    return offsets[0]["from"] == 0 and all(one["from"] < end for one, end in zip(offsets, ends))


ZONE_UNTIL = 253_402_300_799
zone_form = obj(
    {
        "version": text("[0-9]{4}[a-z]{1,2}"),
        "offsets": array(
            obj(
                {"from": integer(0, ZONE_UNTIL), "seconds": integer(0, 57600)},
                {"west": lambda v: v is True},
                also=lambda one: one["seconds"] > 0 or "west" not in one,
            ),
            1,
            128,
        ),
        "until": integer(1, ZONE_UNTIL),
    },
    also=ascends,
)
expiry = integer(1, 30 * DAY)
policy_form = obj(
    {
        "wallet": label,
        "timezone": text("[A-Z][A-Za-z_]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}", 64),
        "zone": nullable(zone_form),
        "limits": array(limit_form, 0, 100),
        "fees": obj(
            {
                "rateSatPerVbyte": nullable(integer(1, 10_000)),
                "sharePerMille": nullable(integer(0, 1000)),
                "selfSats": sats,
            }
        ),
        "expires": obj({"approveSeconds": expiry, "signSeconds": expiry}),
        "screening": nullable(one_of("required")),
        "rules": array(rule_form, 0, 100),
        "assert": array(
            obj({"compromised": integer(0, 5), "windowSeconds": window_form, "movesAtMost": sats}), 0, 20
        ),
    },
    also=lambda v: any(rule["when"]["hours"] is not None for rule in v["rules"]) == (v["zone"] is not None),
)


def device_of(kind, key, more=None):
    return obj({"id": label, "suspended": boolean, "kind": one_of(kind), "key": key, **(more or {})})


device_form = variants(
    "kind",
    {
        "secp256k1": device_of("secp256k1", hex32),
        "message": device_of("message", text("[A-Za-z0-9]{14,90}")),
        "psbt": device_of("psbt", text("[A-Za-z0-9]{100,120}"), {"wallet": label}),
        "webauthn": device_of("webauthn", hex32),
    },
)
wait_form = integer(0, WINDOW)
charter_form = obj(
    {
        "protocol": one_of(1),
        "demonstration": boolean,
        "members": array(
            obj(
                {
                    "id": label,
                    "groups": array(label, 0, 64),
                    "devices": array(device_form, 1, 16),
                    "operators": nullable(array(label, 1, 1000)),
                    "suspended": boolean,
                }
            ),
            1,
            1000,
        ),
        "governance": obj({"group": label, "clause": clause_form, "delaySeconds": wait_form}),
        "deputies": array(
            obj({"member": label, "for": label, "groups": array(label, 1, 64), "until": time_form}), 0, 64
        ),
        "initiators": array(label, 1, 64),
        "officers": array(label, 1, 64),
        "coolDowns": obj({"deviceSeconds": wait_form, "destinationSeconds": wait_form}),
        "log": obj({"origin": text("[a-z0-9][a-z0-9./-]{2,99}"), "key": hex32}),
        "signers": array(obj({"wallet": label, "key": hex32, "epoch": one_of(1)}), 0, 64),
        "sentinels": array(obj({"id": label, "key": hex32, "freezeKey": hex32}), 0, 8),
        "sentinelsNeeded": integer(0, 8),
        "recovery": nullable(
            obj(
                {
                    "keys": array(obj({"id": label, "key": hex32}), 1, 16),
                    "needed": integer(1, 16),
                    "delaySeconds": integer(14 * DAY, WINDOW),
                }
            )
        ),
    }
)
wallet_form = obj(
    {
        "network": network_name,
        "genesisBlock": hex32,
        "descriptor": text(most=4000),
        "hotKey": text(most=200),
        "holders": array(obj({"member": label, "key": text(most=200)}), 0, 20),
        "birth": count,
        "gapLimit": integer(1, 1000),
        "custody": boolean,
        "outside": array(array(text(most=200), 0, 20), 0, 20),
    }
)
destinations_form = obj(
    {
        "entries": array(
            obj(
                {
                    "id": label,
                    "owner": label,
                    "script": text("([0-9a-f]{2}){1,42}"),
                    "address": text(most=100),
                    "tags": array(label, 0, 16),
                }
            ),
            0,
            10_000,
        )
    }
)
BODIES = {
    "charter": charter_form,
    "wallet": wallet_form,
    "policy": policy_form,
    "destinations": destinations_form,
}
document_form = obj(
    {
        "kind": document_kind,
        "org": nullable(hex32),
        "id": label,
        "version": integer(1, 1_000_000),
        "previous": nullable(hex32),
        "body": lambda v: True,
    }
)


def parse_entry(leaf):
    require(len(leaf) <= ENTRY_BYTES, "log.entry.size")
    value = parse_canonical(leaf)
    require(entry_form(value), "log.entry.invalid")
    return value


def parse_document(data):
    value = parse_canonical(data)
    require(document_form(value), "schema.mismatch")
    first = value["version"] == 1
    require(first == (value["previous"] is None), "schema.mismatch")
    require((value["kind"] == "charter" and first) == (value["org"] is None), "schema.mismatch")
    require(BODIES[value["kind"]](value["body"]), "schema.mismatch")
    return value


def parse_blob(data, form):
    value = parse_canonical(data)
    require(form(value), "schema.mismatch")
    return value


# ---------------------------------------------------------------- package, checkpoint, tree [3, 4]


def leaf_hash(leaf):
    return sha256(b"\0", leaf)


class Tree:
    """Leaf hashes with all complete subtrees above them."""

    def __init__(self):
        self.levels = [[]]
        self.roots = {}

    @property
    def size(self):
        return len(self.levels[0])

    def append(self, hash_of_leaf):
        height, found = 0, hash_of_leaf
        while True:
            if height == len(self.levels):
                self.levels.append([])
            self.levels[height].append(found)
            if len(self.levels[height]) % 2:
                return
            left, right = self.levels[height][-2:]
            found, height = sha256(b"\1", left, right), height + 1

    def root_at(self, size):
        if size not in self.roots:
            left, found, height, width = size, None, 0, 1
            while left:
                if left % (width * 2):
                    left -= width
                    subtree = self.levels[height][left // width]
                    found = subtree if found is None else sha256(b"\1", subtree, found)
                height, width = height + 1, width * 2
            self.roots[size] = sha256(b"") if found is None else found
        return self.roots[size]


ENTRY_TAIL = re.compile(r',"index":(0|[1-9][0-9]{0,15}),"type":"entry"\}$')


def parse_line(line):
    """One line as (type, …)."""
    require(units(line) <= LINE, "package.invalid")
    if line.startswith('{"entry":'):
        tail = ENTRY_TAIL.search(line[-50:])
        require(tail and int(tail[1]) <= SAFE, "package.invalid")
        leaf = line[len('{"entry":') : len(line) - len(tail[0])]
        require(leaf.startswith("{"), "package.invalid")
        data = leaf.encode("utf-8", "surrogatepass")
        require(len(data) <= ENTRY_BYTES, "log.entry.size")
        try:
            parse_canonical(leaf)
        except Refused as refused:
            spelling = refused.code in ("json.malformed", "json.noncanonical")
            raise Refused("package.invalid" if spelling else refused.code) from None
        return ("entry", int(tail[1]), data)
    try:
        value = load_json(line)
    except NotJson:
        raise Refused("package.invalid") from None
    require(isinstance(value, dict), "package.invalid")
    if value.get("type") == "checkpoint":
        note = value.get("note")
        require(isinstance(note, str) and not SURROGATE.search(note), "package.invalid")
        require(canonical_text({"note": note, "type": "checkpoint"}) == line, "package.invalid")
        return ("checkpoint", note)
    if value.get("type") == "blob":
        name, encoded = value.get("sha256"), value.get("base64")
        require(isinstance(name, str) and isinstance(encoded, str), "package.invalid")
        data = from_base64(encoded)
        require(data is not None, "package.invalid")
        require(len(data) <= BLOB_BYTES, "log.blob.size")
        require(sha256(data).hex() == name, "package.invalid")
        require(canonical_text({"base64": encoded, "sha256": name, "type": "blob"}) == line, "package.invalid")
        return ("blob", name, data)
    raise Refused("package.invalid")


@dataclass
class Package:
    note: str
    leaves: list
    blobs: dict


def read_package(content):
    lines = content.split("\n")
    if lines[-1] == "":
        lines.pop()
    note, leaves, blobs = None, [], {}
    for number, line in enumerate(lines, 1):
        kind, *rest = parse_line(line)
        require((kind == "checkpoint") == (number == 1), "package.invalid")
        if kind == "checkpoint":
            note = rest[0]
        elif kind == "blob":
            blobs[rest[0]] = rest[1]
        else:
            require(rest[0] == len(leaves), "package.invalid")
            leaves.append(rest[1])
    require(note is not None, "package.invalid")
    return Package(note, leaves, blobs)


def genesis_in(package, genesis):
    for leaf in package.leaves:
        try:
            entry = parse_entry(leaf)
            if entry["type"] != "document":
                continue
            document = parse_document(package.blobs[entry["document"]])
        except (Refused, KeyError):
            continue
        if document["kind"] == "charter" and document["version"] == 1 and digest("document", document) == genesis:
            return document
    raise Refused("document.genesis.mismatch")


CONTROLS = re.compile("[\0-\x09\x0b-\x1f]")
KEY_NAME = re.compile(r"[^\s+\0-\x1f\x85]+")


def verify_checkpoint(note, origin, key):
    """Size and root of a checkpoint that the log signed."""
    bad = "log.checkpoint.invalid"
    require(note.endswith("\n") and not SURROGATE.search(note) and not CONTROLS.search(note), bad)
    require(len(note.encode()) <= 131_072, bad)
    blank = note.rfind("\n\n")
    require(blank >= 0, bad)
    lines = note[blank + 2 : -1].split("\n")
    require(len(lines) <= 32, bad)
    signatures = []
    for line in lines:
        parts = line[2:].split(" ")
        require(line.startswith("\u2014 ") and len(parts) == 2 and KEY_NAME.fullmatch(parts[0]), bad)
        data = from_base64(parts[1])
        require(data is not None and len(data) > 4, bad)
        signatures.append((parts[0], data[:4], data[4:]))
    body = note[: blank + 1]
    named, *rest = body.split("\n")
    require(len(rest) >= 3 and rest[-1] == "", bad)
    size, encoded, extensions = rest[0], rest[1], rest[2:-1]
    require(named != "" and len(extensions) <= 16 and "" not in extensions, bad)
    require(re.fullmatch("0|[1-9][0-9]{0,15}", size) and int(size) <= SAFE, bad)
    root = from_base64(encoded)
    require(root is not None and len(root) == 32, bad)
    require(size != "0" or root == sha256(b""), bad)
    require(named == origin, "log.checkpoint.origin")
    key_id = sha256(origin.encode() + b"\n\x01" + key)[:4]
    own = [one for one in signatures if one[0] == origin and one[1] == key_id]
    require(len(own) == 1 and verify_ed25519(key, body.encode(), own[0][2]), bad)
    return int(size), root


def check_root(package, charter):
    log = charter["body"]["log"]
    size, root = verify_checkpoint(package.note, log["origin"], bytes.fromhex(log["key"]))
    tree = Tree()
    for leaf in package.leaves:
        tree.append(leaf_hash(leaf))
    require(tree.size == size and tree.root_at(size) == root, "log.proof.invalid")


# ---------------------------------------------------------------- addresses [8]

NETWORKS = {
    "mainnet": ("bc", 0x00, 0x05, 0x0488B21E),
    "testnet4": ("tb", 0x6F, 0xC4, 0x043587CF),
    "signet": ("tb", 0x6F, 0xC4, 0x043587CF),
    "regtest": ("bcrt", 0x6F, 0xC4, 0x043587CF),
    "sandbox": ("bcrt", 0x6F, 0xC4, 0x043587CF),
}
GENESIS_BLOCKS = {
    "mainnet": "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    "testnet4": "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
    "signet": "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
    "regtest": "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
    "sandbox": "24227b524283c117f0b8180249dd1dbe985daf0633f8f2750e542b8867b9607f",
}
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def base58check(data):
    data += sha256d(data)[:4]
    number = int.from_bytes(data, "big")
    out = ""
    while number:
        number, digit = divmod(number, 58)
        out = BASE58[digit] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def from_base58check(written):
    """Payload, or None."""
    number = 0
    for c in written:
        at = BASE58.find(c)
        if at < 0:
            return None
        number = number * 58 + at
    zeros = len(written) - len(written.lstrip("1"))
    data = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(data) < 4 or sha256d(data[:-4])[:4] != data[-4:]:
        return None
    return data[:-4]


def polymod(values):
    chk = 1
    for value in values:
        top = chk >> 25
        chk = (chk & 0x1FFFFFF) << 5 ^ value
        for i, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> i & 1:
                chk ^= term
    return chk


def expanded(hrp):
    return [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]


def regroup(data, width, to, pad):
    held, bits, out = 0, 0, []
    for value in data:
        held, bits = held << width | value, bits + width
        while bits >= to:
            bits -= to
            out.append(held >> bits & (1 << to) - 1)
        held &= (1 << bits) - 1
    if pad and bits:
        out.append(held << to - bits & (1 << to) - 1)
    elif not pad and (bits >= width or held):
        return None
    return out


def bech32(hrp, version, program):
    data = [version] + regroup(program, 8, 5, True)
    check = polymod(expanded(hrp) + data + [0] * 6) ^ (1 if version == 0 else 0x2BC830A3)
    return hrp + "1" + "".join(BECH32[v] for v in data + [check >> 5 * (5 - i) & 31 for i in range(6)])


def from_bech32(written):
    """(hrp, version, program), or None."""
    if written.lower() != written and written.upper() != written:
        return None
    written = written.lower()
    hrp, _, rest = written.rpartition("1")
    if not hrp or len(rest) < 6 or len(written) > 90 or any(c not in BECH32 for c in rest):
        return None
    data = [BECH32.find(c) for c in rest]
    check = polymod(expanded(hrp) + data)
    if len(data) < 7 or check != (1 if data[0] == 0 else 0x2BC830A3) or data[0] > 16:
        return None
    program = regroup(data[1:-6], 5, 8, False)
    if program is None or not 2 <= len(program) <= 40:
        return None
    return hrp, data[0], bytes(program)


def output_type(script):
    if len(script) == 22 and script[:2] == b"\x00\x14":
        return "p2wpkh"
    if len(script) == 23 and script[:2] == b"\xa9\x14" and script[22] == 0x87:
        return "p2sh"
    if len(script) == 25 and script[:3] == b"\x76\xa9\x14" and script[23:] == b"\x88\xac":
        return "p2pkh"
    if len(script) == 34 and script[:2] == b"\x00\x20":
        return "p2wsh"
    if len(script) == 34 and script[:2] == b"\x51\x20" and lift_x(int.from_bytes(script[2:], "big")):
        return "p2tr"
    return None


DUST = {"p2pkh": 546, "p2sh": 540, "p2wpkh": 294, "p2wsh": 330, "p2tr": 330}


def p2pkh(key):
    return b"\x76\xa9\x14" + hash160(key) + b"\x88\xac"


def p2wpkh(key):
    return b"\x00\x14" + hash160(key)


def p2sh(redeem):
    return b"\xa9\x14" + hash160(redeem) + b"\x87"


def address_of(script, network):
    hrp, key_version, script_version, _ = NETWORKS[network]
    kind = output_type(script)
    if kind == "p2pkh":
        return base58check(bytes([key_version]) + script[3:23])
    if kind == "p2sh":
        return base58check(bytes([script_version]) + script[2:22])
    if kind in ("p2wpkh", "p2wsh"):
        return bech32(hrp, 0, script[2:])
    return bech32(hrp, 1, script[2:]) if kind == "p2tr" else None


def decode_address(address, network):
    hrp, key_version, script_version, _ = NETWORKS[network]
    script = None
    segwit = from_bech32(address)
    if segwit is not None and segwit[0] == hrp and segwit[1] <= 1:
        script = bytes([0 if segwit[1] == 0 else 0x51, len(segwit[2])]) + segwit[2]
    elif segwit is None:
        data = from_base58check(address)
        if data is not None and len(data) == 21:
            if data[0] == key_version:
                script = b"\x76\xa9\x14" + data[1:] + b"\x88\xac"
            elif data[0] == script_version:
                script = b"\xa9\x14" + data[1:] + b"\x87"
    return script if script is not None and output_type(script) else None


def script_of_address(address, network):
    require(len(address) <= 90, "address.invalid")
    script = decode_address(address, network)
    if script is not None:
        return script
    elsewhere = any(decode_address(address, other) is not None for other in NETWORKS)
    raise Refused("address.network" if elsewhere else "address.invalid")


def single_key_script(address):
    """Of the address of a `message` device, or None [7]."""
    for network in NETWORKS:
        try:
            script = script_of_address(address, network)
        except Refused:
            continue
        if output_type(script) != "p2wsh" and address_of(script, network) == address:
            return script
        return None
    return None


SINGLES = {}


def single_key_scripts(x_only):
    """All scripts that a key has alone [11.4]."""
    if x_only not in SINGLES:
        found = set()
        point = lift_x(int.from_bytes(x_only, "big"))
        if point is not None:
            for parity in (2, 3):
                key = bytes([parity]) + x_only
                found |= {p2wpkh(key), p2pkh(key), p2sh(p2wpkh(key))}
            found |= {b"\x51\x20" + x_only, b"\x51\x20" + tweaked(x_only, b"")[0]}
        SINGLES[x_only] = found
    return SINGLES[x_only]


def tweaked(x_only, root):
    """Output key of BIP 341, and its parity."""
    t = int.from_bytes(tagged("TapTweak", x_only + root), "big")
    point = lift_x(int.from_bytes(x_only, "big"))
    x, y = affine(add_multiple((point[0], point[1], 1), t, G))
    return x.to_bytes(32, "big"), y & 1


# ---------------------------------------------------------------- keys of descriptors [8]


class Node:
    """An extended public key (BIP 32)."""

    def __init__(self, key, chain, depth=0, parent=0, index=0):
        self.key, self.chain, self.depth, self.parent, self.index = key, chain, depth, parent, index
        self.children = {}

    @property
    def identity(self):
        return self.key + self.chain

    def derive(self, index):
        if index not in self.children:
            i = hmac.new(self.chain, self.key + index.to_bytes(4, "big"), hashlib.sha512).digest()
            point = parse_point(self.key)
            child = affine(add_multiple((point[0], point[1], 1), int.from_bytes(i[:32], "big"), G))
            self.children[index] = Node(compressed(child), i[32:])
        return self.children[index]


XPUBS = {}


def parse_xpub(xpub, network):
    """Or None."""
    version = NETWORKS[network][3]
    if (xpub, version) not in XPUBS:
        found = None
        data = from_base58check(xpub)
        if data is not None and len(data) == 78 and int.from_bytes(data[:4], "big") == version:
            depth, parent, index = data[4], int.from_bytes(data[5:9], "big"), int.from_bytes(data[9:13], "big")
            sound = depth > 0 or (parent == 0 and index == 0)
            if sound and parse_point(data[45:]) is not None:
                found = Node(data[45:], data[13:45], depth, parent, index)
        XPUBS[xpub, version] = found
    return XPUBS[xpub, version]


SLIP132 = {
    True: (0x049D7CB2, 0x0295B43F, 0x04B24746, 0x02AA7ED3),
    False: (0x044A5262, 0x024289EF, 0x045F1CF6, 0x02575483),
}
B58 = "[1-9A-HJ-NP-Za-km-z]"
PRIVATE = [
    re.compile(rf"(?<!{B58})[A-Za-z]prv{B58}{{20}}"),
    re.compile(rf"(?<!{B58})[5KL9c]{B58}{{50,51}}(?!{B58})"),
    re.compile(r"(?:\b[a-z]{3,8}\b[\s,]+){11}[a-z]{3,8}\b", re.ASCII),
]
KEY = re.compile(rf"(?:\[([0-9a-fA-F]{{8}})((?:/[0-9]{{1,10}}[h']?)*)\])?({B58}{{4,120}})((?:/.*)?)")
RAW = re.compile(r"(?:\[[^\]]*\])?[0-9a-fA-F]{64,130}")
UNSPENDABLE = bytes.fromhex("50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0")


def parse_key(expression, network):
    """(xpub, node, steps) of a key expression; without steps of a fixed key, which is the same in every script."""
    found = KEY.fullmatch(expression)
    require(not RAW.fullmatch(expression), "wallet.key.raw")
    require(found, "wallet.key.invalid")
    fingerprint, path, xpub, suffix = found.groups()
    node = parse_xpub(xpub, network)
    if node is None:
        require(all(parse_xpub(xpub, other) is None for other in NETWORKS), "wallet.key.network")
        data = from_base58check(xpub)
        typed = data is not None and len(data) == 78
        typed = typed and int.from_bytes(data[:4], "big") in SLIP132[network == "mainnet"]
        raise Refused("wallet.key.format" if typed else "wallet.key.invalid")
    if path is not None:
        steps = path.replace("'", "h")[1:].split("/") if path else []
        numbers = [int(step.rstrip("h")) for step in steps]
        require(all(number < 2**31 for number in numbers), "wallet.key.origin")
        last = numbers[-1] + (2**31 if steps[-1].endswith("h") else 0) if steps else 0
        require(len(steps) == node.depth and last == node.index, "wallet.key.origin")
        if len(steps) > 1 and steps[0] in ("44h", "48h", "49h", "84h", "86h"):
            require(steps[1] == ("0h" if network == "mainnet" else "1h"), "wallet.key.cointype")
        if node.depth == 0:
            require(hash160(node.key)[:4].hex() == fingerprint.lower(), "wallet.key.origin")
        if node.depth == 1:
            require(node.parent == int(fingerprint, 16), "wallet.key.origin")
    if not any(node.chain):
        require(expression == xpub and node.depth == 0, "wallet.key.fixed")
        return xpub, node, None
    require(not re.search("[hH']", suffix), "wallet.key.hardened")
    require(suffix in ("/<0;1>/*", "/0/*", "/1/*"), "wallet.multipath")
    return xpub, node, suffix


CHECK_IN = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "


def descriptor_checksum(body):
    """BIP 380, or None for a foreign character."""

    def step(c, value):
        top = c >> 35
        c = (c & 0x7FFFFFFFF) << 5 ^ value
        for i, term in enumerate((0xF5DEE51989, 0xA9FDCA3312, 0x1BAB10E32D, 0x3706B1677A, 0x644D626FFD)):
            if top >> i & 1:
                c ^= term
        return c

    c, group, held = 1, 0, 0
    for character in body:
        at = CHECK_IN.find(character)
        if at < 0:
            return None
        c = step(c, at & 31)
        group, held = group * 3 + (at >> 5), held + 1
        if held == 3:
            c, group, held = step(c, group), 0, 0
    if held:
        c = step(c, group)
    for _ in range(8):
        c = step(c, 0)
    c ^= 1
    return "".join(BECH32[c >> 5 * (7 - i) & 31] for i in range(8))


# Expressions: ('word', wrappers, text), ('call', wrappers, name, args), ('branch', left, right).

HEAD = re.compile("(?:([a-z]{1,11}):)?([^:(){},]*)")


def parse_expression(body):
    at = 0

    def expression(depth):
        nonlocal at
        require(depth <= 32, "wallet.descriptor.malformed")
        if body[at : at + 1] == "{":
            parts = listed(depth, "}")
            require(len(parts) == 2, "wallet.descriptor.malformed")
            return ("branch", *parts)
        start = at
        while at < len(body) and body[at] not in "(){},":
            at += 1
        found = HEAD.fullmatch(body[start:at])
        require(found, "wallet.descriptor.malformed")
        wrappers, name = found[1] or "", found[2]
        if body[at : at + 1] != "(":
            return ("word", wrappers, name)
        return ("call", wrappers, name, listed(depth, ")"))

    def listed(depth, closing):
        nonlocal at
        found = []
        while True:
            at += 1
            found.append(expression(depth + 1))
            if body[at : at + 1] != ",":
                break
        require(body[at : at + 1] == closing, "wallet.descriptor.malformed")
        at += 1
        return found

    found = expression(0)
    require(at == len(body), "wallet.descriptor.malformed")
    return found


# Fragments of miniscript as tuples, keys by their number.

NUMBER = re.compile("0|[1-9][0-9]{0,9}")


def number_of(expression):
    if expression[0] != "word" or expression[1] or not NUMBER.fullmatch(expression[2]):
        return None
    return int(expression[2])


class Reader:
    """Reads scripts of one descriptor and numbers its keys."""

    def __init__(self, network):
        self.network, self.keys, self.seen = network, [], set()

    def key(self, expression):
        require(len(self.keys) < 20, "wallet.threshold")
        xpub, node, suffix = parse_key(expression, self.network)
        require(node.identity not in self.seen, "wallet.key.duplicate")
        self.seen.add(node.identity)
        self.keys.append((expression, xpub, node, suffix))
        return len(self.keys) - 1

    def key_argument(self, args):
        one = args[0] if args else None
        require(one is not None and one[0] == "word" and not one[1], "wallet.descriptor.malformed")
        return self.key(one[2])

    def multi(self, args, context):
        needed = number_of(args[0]) if args else None
        require(needed is not None, "wallet.descriptor.malformed")
        rest = args[1:]
        require(1 <= needed <= len(rest) <= 20, "wallet.threshold")
        return ("multi_a" if context == "leaf" else "multi", needed, [self.key_argument([arg]) for arg in rest])

    def script(self, expression, context):
        """(sorted?, fragment)."""
        suffix = "_a" if context == "leaf" else ""
        if expression[0] == "call" and not expression[1]:
            if expression[2] in (f"multi{suffix}", f"sortedmulti{suffix}"):
                return (expression[2].startswith("sorted"), self.multi(expression[3], context))
        return (False, self.fragment(expression, context))

    def fragment(self, expression, context):
        bad = "wallet.miniscript.malformed"
        require(expression[0] != "branch", bad)
        found = self.bare(expression, context)
        for letter in reversed(expression[1]):
            if letter == "t":
                found = ("and_v", found, ("1",))
            elif letter == "l":
                found = ("or_i", ("0",), found)
            elif letter == "u":
                found = ("or_i", found, ("0",))
            else:
                require(letter in "ascdvjn", bad)
                found = ("wrap", letter, found)
        return found

    def bare(self, expression, context):
        bad = "wallet.miniscript.malformed"
        if expression[0] == "word":
            require(expression[2] in ("0", "1"), bad)
            return (expression[2],)
        _, _, name, args = expression
        if name in ("pk", "pkh", "pk_k", "pk_h"):
            require(len(args) == 1, bad)
            key = self.key_argument(args)
            if name in ("pk_k", "pk_h"):
                return (name, key)
            return ("wrap", "c", ("pk_k" if name == "pk" else "pk_h", key))
        if name in ("older", "after"):
            value = number_of(args[0]) if len(args) == 1 else None
            require(value is not None, bad)
            masked = value & 0xFFFF if name == "older" else value
            means = masked + (value & 0x400000) if name == "older" else value
            require(value < 2**31 and masked > 0 and means == value, "wallet.miniscript.lock")
            return (name, value)
        if name in ("multi", "multi_a"):
            require((name == "multi_a") == (context == "leaf"), "wallet.miniscript.type")
            return self.multi(args, context)
        if name == "thresh":
            needed = number_of(args[0]) if args else None
            require(needed is not None, bad)
            require(1 <= needed <= len(args) - 1, "wallet.threshold")
            return ("thresh", needed, [self.fragment(arg, context) for arg in args[1:]])
        require(name not in ("sha256", "hash256", "ripemd160", "hash160"), "wallet.miniscript.hash")
        parts = [self.fragment(arg, context) for arg in args]
        if name == "andor":
            require(len(parts) == 3, bad)
            return (name, *parts)
        require(len(parts) == 2, bad)
        if name == "and_n":
            return ("andor", *parts, ("0",))
        require(name in ("and_v", "and_b", "or_b", "or_c", "or_d", "or_i"), bad)
        return (name, *parts)


# Opcodes.
OP = {
    "IF": 0x63, "NOTIF": 0x64, "ELSE": 0x67, "ENDIF": 0x68, "VERIFY": 0x69, "TOALTSTACK": 0x6B,
    "FROMALTSTACK": 0x6C, "IFDUP": 0x73, "DUP": 0x76, "SWAP": 0x7C, "SIZE": 0x82, "EQUAL": 0x87,
    "EQUALVERIFY": 0x88, "0NOTEQUAL": 0x92, "ADD": 0x93, "BOOLAND": 0x9A, "BOOLOR": 0x9B, "NUMEQUAL": 0x9C,
    "NUMEQUALVERIFY": 0x9D, "HASH160": 0xA9, "CHECKSIG": 0xAC, "CHECKSIGVERIFY": 0xAD, "CHECKMULTISIG": 0xAE,
    "CHECKMULTISIGVERIFY": 0xAF, "CLTV": 0xB1, "CSV": 0xB2, "CHECKSIGADD": 0xBA,
}  # fmt: skip


def push(data):
    return bytes([len(data)]) + data


def push_number(value):
    if value <= 16:
        return bytes([0x50 + value if value else 0])
    length = value.bit_length() // 8 + 1
    return push(value.to_bytes(length, "little"))


def compile_script(fragment, key_of):
    """Pieces: bytes are pushes, numbers are opcodes (BIP 379)."""
    kind = fragment[0]
    c = lambda part: compile_script(part, key_of)
    if kind in ("0", "1"):
        return [push_number(int(kind))]
    if kind == "pk_k":
        return [push(key_of(fragment[1]))]
    if kind == "pk_h":
        return [OP["DUP"], OP["HASH160"], push(hash160(key_of(fragment[1]))), OP["EQUALVERIFY"]]
    if kind in ("older", "after"):
        return [push_number(fragment[1]), OP["CSV" if kind == "older" else "CLTV"]]
    if kind == "multi":
        keys = [push(key_of(key)) for key in fragment[2]]
        return [push_number(fragment[1]), *keys, push_number(len(keys)), OP["CHECKMULTISIG"]]
    if kind == "multi_a":
        found = []
        for at, key in enumerate(fragment[2]):
            found += [push(key_of(key)), OP["CHECKSIGADD" if at else "CHECKSIG"]]
        return [*found, push_number(fragment[1]), OP["NUMEQUAL"]]
    if kind == "thresh":
        found = []
        for at, part in enumerate(fragment[2]):
            found += c(part) + ([OP["ADD"]] if at else [])
        return [*found, push_number(fragment[1]), OP["EQUAL"]]
    if kind == "wrap":
        inner = c(fragment[2])
        letter = fragment[1]
        if letter == "a":
            return [OP["TOALTSTACK"], *inner, OP["FROMALTSTACK"]]
        if letter == "s":
            return [OP["SWAP"], *inner]
        if letter == "c":
            return [*inner, OP["CHECKSIG"]]
        if letter == "d":
            return [OP["DUP"], OP["IF"], *inner, OP["ENDIF"]]
        if letter == "j":
            return [OP["SIZE"], OP["0NOTEQUAL"], OP["IF"], *inner, OP["ENDIF"]]
        if letter == "n":
            return [*inner, OP["0NOTEQUAL"]]
        if inner[-1] in (OP["EQUAL"], OP["NUMEQUAL"], OP["CHECKSIG"], OP["CHECKMULTISIG"]):
            return [*inner[:-1], inner[-1] + 1]
        return [*inner, OP["VERIFY"]]
    x, y = c(fragment[1]), c(fragment[2])
    if kind == "and_v":
        return x + y
    if kind in ("and_b", "or_b"):
        return [*x, *y, OP["BOOLAND" if kind == "and_b" else "BOOLOR"]]
    if kind == "or_c":
        return [*x, OP["NOTIF"], *y, OP["ENDIF"]]
    if kind == "or_d":
        return [*x, OP["IFDUP"], OP["NOTIF"], *y, OP["ENDIF"]]
    if kind == "or_i":
        return [OP["IF"], *x, OP["ELSE"], *y, OP["ENDIF"]]
    return [*x, OP["NOTIF"], *c(fragment[3]), OP["ELSE"], *y, OP["ENDIF"]]


def script_bytes(pieces):
    return b"".join(bytes([piece]) if isinstance(piece, int) else piece for piece in pieces)


# Conditions: ('key', k), ('blocks' | 'seconds' | 'height' | 'time', value), ('thresh', needed, [parts]).

INFINITY = float("inf")
IMPOSSIBLE = ("thresh", 1, [])
CERTAIN = ("thresh", 0, [])


def never_holds(condition):
    return condition[0] == "thresh" and condition[1] > len(condition[2])


def all_of(parts):
    of = []
    for part in parts:
        of += part[2] if part[0] == "thresh" and part[1] == len(part[2]) else [part]
    if any(map(never_holds, of)):
        return IMPOSSIBLE
    return of[0] if len(of) == 1 else ("thresh", len(of), of)


def any_of(parts):
    of = []
    for part in parts:
        of += part[2] if part[0] == "thresh" and part[1] == 1 else [part]
    if any(part[0] == "thresh" and part[1] == 0 for part in of):
        return CERTAIN
    return of[0] if len(of) == 1 else ("thresh", 1, of)


def condition_of(fragment):
    kind = fragment[0]
    if kind in ("0", "1"):
        return CERTAIN if kind == "1" else IMPOSSIBLE
    if kind in ("pk_k", "pk_h"):
        return ("key", fragment[1])
    if kind == "older":
        low = fragment[1] & 0xFFFF
        return ("seconds", low * 512) if fragment[1] & 0x400000 else ("blocks", low)
    if kind == "after":
        return ("height" if fragment[1] < 500_000_000 else "time", fragment[1])
    if kind in ("multi", "multi_a"):
        return ("thresh", fragment[1], [("key", key) for key in fragment[2]])
    if kind == "thresh":
        return ("thresh", fragment[1], [condition_of(part) for part in fragment[2]])
    if kind == "wrap":
        return condition_of(fragment[2])
    parts = [condition_of(part) for part in fragment[1:]]
    if kind in ("and_v", "and_b"):
        return all_of(parts)
    if kind == "andor":
        return any_of([all_of(parts[:2]), parts[2]])
    return any_of(parts)


def without_waiting(condition):
    if condition[0] == "key":
        return condition
    if condition[0] != "thresh":
        return IMPOSSIBLE
    of = [part for part in map(without_waiting, condition[2]) if not never_holds(part)]
    return IMPOSSIBLE if len(of) < condition[1] else ("thresh", condition[1], of)


def missing_keys(condition, signed):
    if condition[0] == "key":
        return 0 if condition[1] in signed else 1
    if condition[0] != "thresh" or condition[1] > len(condition[2]):
        return INFINITY
    return sum(sorted(missing_keys(part, signed) for part in condition[2])[: condition[1]])


def keys_in(condition):
    if condition[0] == "key":
        return {condition[1]}
    return set().union(*map(keys_in, condition[2])) if condition[0] == "thresh" else set()


def count_paths(condition):
    if condition[0] != "thresh":
        return 1
    ways = [1]
    for part in condition[2]:
        n = count_paths(part)
        get = lambda at: ways[at] if 0 <= at < len(ways) else 0
        ways = [get(taken) + get(taken - 1) * n for taken in range(min(len(ways), condition[1]) + 1)]
    return ways[condition[1]] if condition[1] < len(ways) else 0


def key_sets(condition):
    """Of a condition without locks."""
    if condition[0] == "key":
        return [frozenset([condition[1]])]
    parts = [found for found in map(key_sets, condition[2]) if found]
    return [
        frozenset().union(*choice)
        for chosen in itertools.combinations(parts, condition[1])
        for choice in itertools.product(*chosen)
    ]


def key_sets_without(condition, key, is_open, most):
    """The least key sets that spend without a key, or None when there are too many."""

    def strip(part):
        if part[0] == "key":
            return IMPOSSIBLE if part[1] == key else part
        if part[0] == "thresh":
            return ("thresh", part[1], [strip(one) for one in part[2]])
        return CERTAIN if is_open(part) else IMPOSSIBLE

    left = strip(condition)
    if count_paths(left) > most:
        return None
    found = set(key_sets(left))
    return [one for one in found if not any(other < one for other in found)]


# The dearest satisfaction (BIP 379), as (items, cost, has a signature), or None.


def join(below, above):
    if below is None or above is None:
        return None
    return (below[0] + above[0], below[1] + above[1], below[2] or above[2])


def dearer(a, b):
    if a is None or b is None:
        return a if b is None else b
    if a[2] != b[2]:
        return b if a[2] else a
    return b if a[1] <= b[1] else a


NOTHING = (0, 0, False)


def pick(needed, parts):
    best = [NOTHING]
    for satisfied, dissatisfied in parts:
        before = best
        get = lambda at: before[at] if 0 <= at < len(before) else None
        best = [
            dearer(join(dissatisfied, get(n)), join(satisfied, get(n - 1))) for n in range(min(len(before), needed) + 1)
        ]
    return best[needed] if needed < len(best) else None


def ways_of(fragment, leaf):
    """(satisfied, dissatisfied)."""
    signature = (1, 66 if leaf else 73, True)
    public_key = (1, 33 if leaf else 34, False)
    zero, one = (1, 1, False), (1, 2, False)
    kind = fragment[0]
    if kind == "0":
        return None, NOTHING
    if kind == "1":
        return NOTHING, None
    if kind == "pk_k":
        return signature, zero
    if kind == "pk_h":
        return join(signature, public_key), join(zero, public_key)
    if kind in ("older", "after"):
        return None, None
    if kind == "multi":
        parts = [(signature, NOTHING)] * len(fragment[2])
        return join(zero, pick(fragment[1], parts)), (1 + fragment[1], 1 + fragment[1], False)
    if kind == "multi_a":
        parts = [(signature, zero)] * len(fragment[2])
        return pick(fragment[1], parts), pick(0, parts)
    if kind == "thresh":
        parts = [ways_of(part, leaf) for part in fragment[2]]
        return pick(fragment[1], parts), pick(0, parts)
    if kind == "wrap":
        satisfied, dissatisfied = ways_of(fragment[2], leaf)
        if fragment[1] == "d":
            return join(satisfied, one), zero
        if fragment[1] == "j":
            return satisfied, zero
        return satisfied, None if fragment[1] == "v" else dissatisfied
    (xs, xd), (ys, yd) = ways_of(fragment[1], leaf), ways_of(fragment[2], leaf)
    both, neither, second = join(ys, xs), join(yd, xd), join(ys, xd)
    if kind == "and_v":
        return both, None
    if kind == "and_b":
        return both, neither
    if kind == "or_b":
        return dearer(join(yd, xs), second), neither
    if kind == "or_c":
        return dearer(xs, second), None
    if kind == "or_d":
        return dearer(xs, second), neither
    if kind == "or_i":
        return dearer(join(xs, one), join(ys, zero)), dearer(join(xd, one), join(yd, zero))
    zs, zd = ways_of(fragment[3], leaf)
    return dearer(both, join(zs, xd)), join(zd, xd)


def prefixed(size):
    return size + (1 if size < 0xFD else 3)


def compact_size(n):
    if n < 0xFD:
        return bytes([n])
    return b"\xfd" + n.to_bytes(2, "little") if n <= 0xFFFF else b"\xfe" + n.to_bytes(4, "little")


# ---------------------------------------------------------------- wallets [8]


def tree_leaves(tree, depth=0):
    """[(script, depth)] of ('leaf', script) | ('branch', left, right)."""
    if tree[0] == "leaf":
        return [(tree[1], depth)]
    return tree_leaves(tree[1], depth + 1) + tree_leaves(tree[2], depth + 1)


def is_open(fragment):
    return missing_keys(condition_of(fragment), set()) != INFINITY


class Wallet:
    """What a descriptor derives."""

    def __init__(self, descriptor, network):
        require(units(descriptor) <= TEXT, "wallet.descriptor.malformed")
        require(not any(shape.search(descriptor) for shape in PRIVATE), "wallet.key.private")
        body, *more = descriptor.split("#")
        expected = descriptor_checksum(body)
        require(len(more) <= 1 and expected is not None, "wallet.descriptor.malformed")
        require(more, "wallet.descriptor.checksum.missing")
        require(more[0] == expected, "wallet.descriptor.checksum")
        self.network, self.descriptor = network, descriptor
        reader = Reader(network)
        self.read_plan(parse_expression(body), reader)
        self.keys = reader.keys
        suffixes = [suffix for *_, suffix in self.keys]
        require({*suffixes} - {None} == {"/<0;1>/*"}, "wallet.multipath")
        fixed = suffixes.count(None)
        require(fixed == 0 or (fixed == 1 and self.kind == "wsh"), "wallet.key.fixed")
        self.xpubs = [xpub for _, xpub, *_ in self.keys]
        self.placed, self.weight_known, self.index_of = {}, None, {}
        self.searched = -1
        self.compared_keys = None
        self.finish()

    def read_plan(self, expression, reader):
        """Sets kind, script, internal, tree."""
        bad = "wallet.descriptor.malformed"
        require(expression[0] == "call" and not expression[1], bad)
        _, _, name, args = expression
        self.script_of, self.internal, self.tree, self.nested = None, None, None, False
        if name == "sh":
            require(len(args) == 1 and args[0][0] == "call" and not args[0][1], bad)
            _, _, name, args = args[0]
            require(name in ("wpkh", "wsh"), "wallet.descriptor.unsupported")
            self.nested = True
        if name in ("pkh", "wpkh"):
            require(len(args) == 1, bad)
            reader.key_argument(args)
            self.kind = name
        elif name == "wsh":
            require(len(args) == 1, bad)
            self.kind, self.script_of = "wsh", self.read_script(args[0], "wsh", reader)
        elif name == "tr":
            require(1 <= len(args) <= 2, bad)
            self.kind = "tr"
            if args[0][0] == "word" and args[0][2] == UNSPENDABLE.hex():
                self.internal = None
            else:
                self.internal = reader.key_argument(args)
            if len(args) == 2:
                self.tree = self.read_tree(args[1], reader)
        else:
            known = ("pk", "combo", "multi", "sortedmulti", "addr", "raw", "rawtr", "musig")
            raise Refused("wallet.descriptor.unsupported" if name in known else bad)
        require(self.choose_path() is not None, "wallet.miniscript.locked")

    def read_tree(self, expression, reader):
        if expression[0] == "branch":
            return ("branch", self.read_tree(expression[1], reader), self.read_tree(expression[2], reader))
        return ("leaf", self.read_script(expression, "leaf", reader))

    def read_script(self, expression, context, reader):
        found = reader.script(expression, context)
        sample = bytes(32 if context == "leaf" else 33)
        pieces = compile_script(found[1], lambda key: sample)
        stack = ways_of(found[1], context == "leaf")[0]
        opcodes = sum(isinstance(piece, int) for piece in pieces) + checked_keys(found[1])
        fits = len(script_bytes(pieces)) <= 3600 and (stack or NOTHING)[0] <= 100
        require(fits and (context == "leaf" or opcodes <= 201), "wallet.miniscript.size")
        return found

    def choose_path(self):
        """('key', k) or ('script', script, depth, number of the leaf)."""
        if self.kind in ("pkh", "wpkh"):
            return ("key", 0)
        if self.kind == "wsh":
            return ("script", self.script_of, 0, None) if is_open(self.script_of[1]) else None
        if self.internal is not None:
            return ("key", self.internal)
        for number, (script, depth) in enumerate(tree_leaves(self.tree) if self.tree else []):
            if is_open(script[1]):
                return ("script", script, depth, number)
        return None

    def finish(self):
        self.path = self.choose_path()
        if self.kind == "tr":
            self.signing = "taproot-key" if self.path[0] == "key" else "taproot-leaf"
            leaves = [condition_of(script[1]) for script, _ in tree_leaves(self.tree)] if self.tree else []
            own = [("key", self.internal)] if self.internal is not None else []
            self.condition = any_of(own + leaves)
        else:
            self.signing = "legacy" if self.kind == "pkh" else "segwit"
            self.condition = condition_of(self.script_of[1]) if self.script_of else ("key", 0)
        signed = ("key", self.path[1]) if self.path[0] == "key" else without_waiting(condition_of(self.path[1][1]))
        self.signed = signed
        self.signers = keys_in(signed)
        self.taproot = self.kind == "tr"

    @property
    def input_weight(self):
        if self.weight_known is None:
            self.weight_known = self.worst_input()
        return self.weight_known

    def worst_input(self):
        script_sig = 0
        if self.kind == "pkh":
            return 4 * (41 + 107)
        if self.kind == "wpkh":
            return 4 * (41 + (23 if self.nested else 0)) + 1 + 107
        if self.path[0] == "key":
            return 4 * 41 + 1 + 66
        leaf = self.kind == "tr"
        cost = ways_of(self.path[1][1], leaf)[0][1]
        size = len(script_bytes(compile_script(self.path[1][1], lambda key: bytes(32 if leaf else 33))))
        witness = 1 + cost + prefixed(size)
        if leaf:
            witness += prefixed(33 + 32 * self.path[2])
        elif self.nested:
            script_sig = 35
        return 4 * (41 + script_sig) + witness

    def missing(self, signed):
        return missing_keys(self.signed, signed)

    def key_at(self, key, branch, index):
        _, _, node, steps = self.keys[key]
        return node.key if steps is None else node.derive(branch).derive(index).key

    def fill(self, script, branch, index):
        is_sorted, fragment = script
        taproot = self.kind == "tr"
        keys = {k: self.key_at(k, branch, index)[1 if taproot else 0 :] for k in range(len(self.keys))}
        if is_sorted:
            ordered = sorted(fragment[2], key=lambda k: keys[k])
            fragment = (fragment[0], fragment[1], ordered)
        return script_bytes(compile_script(fragment, lambda k: keys[k]))

    def at(self, branch, index):
        """Everything of a place: script, redeem, witness, internal key, root, output key, leaf hash."""
        if (branch, index) not in self.placed:
            self.placed[branch, index] = self.derive(branch, index)
        return self.placed[branch, index]

    def derive(self, branch, index):
        place = {"redeem": None, "witness": None}
        if self.kind == "pkh":
            place["script"] = p2pkh(self.key_at(0, branch, index))
        elif self.kind == "wpkh":
            place["script"] = p2wpkh(self.key_at(0, branch, index))
        elif self.kind == "wsh":
            place["witness"] = self.fill(self.script_of, branch, index)
            place["script"] = b"\x00\x20" + sha256(place["witness"])
        else:
            internal = UNSPENDABLE if self.internal is None else self.key_at(self.internal, branch, index)[1:]
            hashes = []
            root = self.tap_hash(self.tree, branch, index, hashes) if self.tree else b""
            output, _ = tweaked(internal, root)
            place.update(internal=internal, output=output, script=b"\x51\x20" + output)
            place["leaf"] = hashes[self.path[3]] if self.path[0] == "script" else None
        if self.nested:
            place["redeem"], place["script"] = place["script"], p2sh(place["script"])
        return place

    def tap_hash(self, tree, branch, index, hashes):
        if tree[0] == "leaf":
            script = self.fill(tree[1], branch, index)
            hashes.append(tagged("TapLeaf", b"\xc0" + compact_size(len(script)) + script))
            return hashes[-1]
        left = self.tap_hash(tree[1], branch, index, hashes)
        right = self.tap_hash(tree[2], branch, index, hashes)
        return tagged("TapBranch", min(left, right) + max(left, right))

    def script(self, branch, index):
        return self.at(branch, index)["script"]

    def address(self, branch, index):
        return address_of(self.script(branch, index), self.network)

    def change_index(self, script, highest):
        """Where on branch 1 a script stands, up to an index, or None."""
        while self.searched < highest:
            self.searched += 1
            self.index_of[self.script(1, self.searched)] = self.searched
        found = self.index_of.get(script)
        return found if found is not None and found <= highest else None

    def has(self, script, most):
        if output_type(self.script(0, 0)) != output_type(script):
            return False
        return any(self.script(branch, i) == script for branch in (0, 1) for i in range(most + 1))


def checked_keys(fragment):
    """Keys that OP_CHECKMULTISIG counts."""
    if fragment[0] == "multi":
        return len(fragment[2])
    parts = fragment[2] if fragment[0] == "thresh" else [one for one in fragment[1:] if isinstance(one, tuple)]
    return sum(map(checked_keys, parts))


WALLETS = {}


def wallet_of(descriptor, network):
    if (descriptor, network) not in WALLETS:
        try:
            WALLETS[descriptor, network] = Wallet(descriptor, network)
        except Refused as refused:
            WALLETS[descriptor, network] = refused.code
    found = WALLETS[descriptor, network]
    if isinstance(found, str):
        raise Refused(found)
    return found


# ---------------------------------------------------------------- transactions and spends [9]


@dataclass
class Transaction:
    version: int
    inputs: list  # (txid shown, vout, script, sequence)
    outputs: list  # (script, sats)
    witnessed: bool
    lock_time: int

    def serialise(self, scripts=None):
        """Without witness."""
        out = [self.version.to_bytes(4, "little"), compact_size(len(self.inputs))]
        for at, (txid, vout, script, sequence) in enumerate(self.inputs):
            script = scripts[at] if scripts else script
            out += [bytes.fromhex(txid)[::-1], vout.to_bytes(4, "little"), compact_size(len(script)), script]
            out.append(sequence.to_bytes(4, "little"))
        out.append(compact_size(len(self.outputs)))
        out += map(output_bytes, self.outputs)
        return b"".join(out) + self.lock_time.to_bytes(4, "little")

    def txid(self, scripts=None):
        return sha256d(self.serialise(scripts))[::-1].hex()


def output_bytes(output):
    script, amount = output
    return amount.to_bytes(8, "little") + compact_size(len(script)) + script


def parse_transaction(data):
    """The canonical serialisation of a transaction, or None."""
    at = 0

    def take(n):
        nonlocal at
        at += n
        if at > len(data):
            raise ValueError
        return data[at - n : at]

    def number(n):
        return int.from_bytes(take(n), "little")

    def size():
        first = number(1)
        if first < 0xFD:
            return first
        value = number({0xFD: 2, 0xFE: 4, 0xFF: 8}[first])
        if value < {0xFD: 0xFD, 0xFE: 0x10000, 0xFF: 2**32}[first]:
            raise ValueError
        return value

    try:
        version = number(4)
        witnessed = data[at : at + 2] == b"\0\1"
        if witnessed:
            take(2)
        inputs = []
        for _ in range(size()):
            txid, vout = take(32)[::-1].hex(), number(4)
            inputs.append((txid, vout, take(size()), number(4)))
        outputs = []
        for _ in range(size()):
            amount = number(8)
            outputs.append((take(size()), amount))
        if witnessed:
            items = 0
            for _ in inputs:
                n = size()
                items += n
                for _ in range(n):
                    take(size())
            if not items:
                return None
        lock_time = number(4)
    except ValueError:
        return None
    return Transaction(version, inputs, outputs, witnessed, lock_time) if at == len(data) else None


PARSED = {}


def parse_parent(data):
    """(txid, outputs, stripped bytes), or None."""
    if data not in PARSED:
        found = parse_transaction(data)
        PARSED[data] = None if found is None else (found.txid(), found.outputs, found.serialise())
    return PARSED[data]


@dataclass
class View:
    spend: dict
    transaction: Transaction
    coins: list  # {outpoint, sats, script, branch, index, parent}
    amount: int
    fee: int
    vbytes: int
    sequences: list

    @property
    def payments(self):
        return [one for one in self.spend["outputs"] if "change" not in one]


def read_spend(wallet, data, claims, highest_change):
    """claims: (parent bytes, branch, index) an input."""
    require(len(data) <= 100_000, "psbt.too.large")
    plain = parse_transaction(data)
    require(plain is not None, "psbt.transaction.malformed")
    require(not plain.witnessed and not any(script for _, _, script, _ in plain.inputs), "psbt.transaction.signed")
    require(plain.version == 2, "psbt.transaction.version")
    require(1 <= len(plain.inputs) <= 250, "psbt.transaction.count")
    require(1 <= len(plain.outputs) <= 250, "psbt.transaction.count")
    seen = set()
    for txid, vout, _, sequence in plain.inputs:
        require((txid, vout) not in seen, "psbt.input.duplicate")
        seen.add((txid, vout))
        require(sequence >= 2**31, "psbt.sequence.relative")
    require(plain.lock_time < 500_000_000, "psbt.locktime.time")
    final = all(sequence == 2**32 - 1 for *_, sequence in plain.inputs)
    require(plain.lock_time == 0 or not final, "psbt.locktime.inactive")
    require(len(claims) == len(plain.inputs), "psbt.input.utxo.missing")
    total = 0
    for parent in dict.fromkeys(parent for parent, _, _ in claims):
        total += len(parent)
        require(len(parent) <= BLOB_BYTES and total <= 16_000_000, "psbt.too.large")
        require(parse_parent(parent) is not None, "psbt.input.parent")
    coins = []
    for (txid, vout, _, _), (parent, branch, index) in zip(plain.inputs, claims):
        parent_txid, outputs, stripped = parse_parent(parent)
        require(parent_txid == txid, "psbt.input.parent")
        require(vout < len(outputs), "psbt.input.index")
        script, amount = outputs[vout]
        require(wallet.script(branch, index) == script, "psbt.input.foreign")
        require(amount <= MONEY, "psbt.input.amount")
        coin = {"outpoint": f"{txid}:{vout}", "sats": amount, "script": script}
        coins.append({**coin, "branch": branch, "index": index, "parent": stripped})
    outputs = []
    for script, amount in plain.outputs:
        kind = output_type(script)
        require(kind, "psbt.output.type")
        require(amount <= MONEY, "psbt.output.amount")
        require(amount >= DUST[kind], "psbt.output.dust")
        change = wallet.change_index(script, highest_change)
        outputs.append({"script": script.hex(), "sats": amount, **({} if change is None else {"change": change})})
    spent, paid = sum(coin["sats"] for coin in coins), sum(one["sats"] for one in outputs)
    require(spent <= MONEY, "psbt.input.amount")
    require(paid <= MONEY, "psbt.output.amount")
    require(spent >= paid, "psbt.fee.negative")
    inside = sum(8 + len(compact_size(len(script))) + len(script) for script, _ in plain.outputs)
    counts = len(compact_size(len(coins))) + len(compact_size(len(outputs)))
    weight = 4 * (8 + counts + inside) + 2 + len(coins) * wallet.input_weight
    require(weight <= 400_000, "psbt.transaction.weight")
    spend = {
        "transaction": sha256(data).hex(),
        "inputs": [{"outpoint": coin["outpoint"], "sats": coin["sats"]} for coin in coins],
        "outputs": outputs,
        "feeSats": spent - paid,
        "lockTime": plain.lock_time,
    }
    amount = sum(one["sats"] for one in outputs if "change" not in one)
    sequences = [sequence for *_, sequence in plain.inputs]
    return View(spend, plain, coins, amount, spent - paid, -(-weight // 4), sequences)


def txid_before_signing(wallet, view):
    scripts = []
    for coin in view.coins:
        redeem = wallet.at(coin["branch"], coin["index"])["redeem"]
        scripts.append(b"" if redeem is None else push(redeem))
    return view.transaction.txid(scripts)


# ---------------------------------------------------------------- partial signatures [10]


def outpoints_of(transaction):
    return [bytes.fromhex(txid)[::-1] + vout.to_bytes(4, "little") for txid, vout, *_ in transaction.inputs]


def sequences_of(transaction):
    return [sequence.to_bytes(4, "little") for *_, sequence in transaction.inputs]


def segwit_hash(transaction, at, code, amount):
    outpoints, sequences = outpoints_of(transaction), sequences_of(transaction)
    return sha256d(
        transaction.version.to_bytes(4, "little")
        + sha256d(b"".join(outpoints))
        + sha256d(b"".join(sequences))
        + outpoints[at]
        + compact_size(len(code))
        + code
        + amount.to_bytes(8, "little")
        + sequences[at]
        + sha256d(b"".join(map(output_bytes, transaction.outputs)))
        + transaction.lock_time.to_bytes(4, "little")
        + b"\1\0\0\0"
    )


def taproot_hash(transaction, at, spent, leaf, sighash):
    """spent: (script, sats) of every input."""
    shared = (
        transaction.version.to_bytes(4, "little")
        + transaction.lock_time.to_bytes(4, "little")
        + sha256(b"".join(outpoints_of(transaction)))
        + sha256(b"".join(amount.to_bytes(8, "little") for _, amount in spent))
        + sha256(b"".join(compact_size(len(script)) + script for script, _ in spent))
        + sha256(b"".join(sequences_of(transaction)))
        + sha256(b"".join(map(output_bytes, transaction.outputs)))
    )
    path = b"" if leaf is None else leaf + b"\0\xff\xff\xff\xff"
    kind = 0 if leaf is None else 2
    return tagged("TapSighash", bytes([0, sighash]) + shared + bytes([kind]) + at.to_bytes(4, "little") + path)


def signature_hash(wallet, view, at, sighash):
    coin, transaction = view.coins[at], view.transaction
    place = wallet.at(coin["branch"], coin["index"])
    if wallet.taproot:
        spent = [(one["script"], one["sats"]) for one in view.coins]
        return taproot_hash(transaction, at, spent, place["leaf"], sighash)
    if wallet.signing == "legacy":
        scripts = [coin["script"] if i == at else b"" for i in range(len(view.coins))]
        return sha256d(transaction.serialise(scripts) + b"\1\0\0\0")
    code = place["witness"] or p2pkh(wallet.key_at(0, coin["branch"], coin["index"]))
    return segwit_hash(transaction, at, code, coin["sats"])


def decode_der(data):
    """64 bytes r, s of strict DER with SIGHASH_ALL and low S, or None."""
    end = len(data) - 1
    if len(data) < 9 or data[end] != 1 or data[0] != 0x30 or data[1] != end - 2:
        return None

    def number(at):
        if at + 2 > end or data[at] != 2:
            return None
        length = data[at + 1]
        digits = data[at + 2 : at + 2 + length]
        if not length or at + 2 + length > end or digits[0] >= 0x80:
            return None
        if digits[0] == 0 and (length == 1 or digits[1] < 0x80):
            return None
        value = int.from_bytes(digits, "big")
        return (value, at + 2 + length) if value < 2**256 else None

    r = number(2)
    s = number(r[1]) if r else None
    if not s or s[1] != end or not 0 < r[0] < N or not 0 < s[0] <= N // 2:
        return None
    return r[0].to_bytes(32, "big") + s[0].to_bytes(32, "big")


def nonce_of(signature):
    data = signature["signature"]
    if len(signature["key"]) == 64:
        return data[:64]
    return data[8 : 8 + 2 * int(data[6:8], 16)]


def verify_partial(wallet, view, signatures):
    """The number of the key that signed every input."""
    require(len(signatures) == len(view.coins), "psbt.signature.incomplete")
    signer = None
    for at, one in enumerate(signatures):
        coin = view.coins[at]
        place, key = (coin["branch"], coin["index"]), bytes.fromhex(one["key"])
        cut = 1 if wallet.taproot else 0
        found = [k for k in range(len(wallet.keys)) if wallet.key_at(k, *place)[cut:] == key]
        require(found, "psbt.signature.foreign")
        by_key_path = wallet.signing == "taproot-key"
        require(not by_key_path or wallet.at(*place)["internal"] == key, "psbt.signature.foreign")
        data = bytes.fromhex(one["signature"])
        if wallet.taproot:
            require(len(data) == 64 or (len(data) == 65 and data[64] != 0), "psbt.signature.encoding")
            require(len(data) == 64 or data[64] == 1, "psbt.signature.sighash")
            message = signature_hash(wallet, view, at, 0 if len(data) == 64 else 1)
            by = wallet.at(*place)["output"] if by_key_path else key
            valid = verify_bip340(by, message, data[:64])
        else:
            require(data[-1] == 1, "psbt.signature.sighash")
            compact = decode_der(data)
            require(compact is not None, "psbt.signature.encoding")
            valid = verify_ecdsa(key, signature_hash(wallet, view, at, 1), compact)
        require(valid, "psbt.signature.invalid")
        require(signer is None or signer == found[0], "psbt.signature.mixed")
        signer = found[0]
    require(len({nonce_of(one) for one in signatures}) == len(signatures), "psbt.signature.nonce")
    return signer


# ---------------------------------------------------------------- signed messages [7]


def to_sign(script, message):
    """The transaction of BIP 322 that a signature signs."""
    tagged_message = tagged("BIP0322-signed-message", message.encode())
    spend = Transaction(0, [("00" * 32, 2**32 - 1, b"\0\x20" + tagged_message, 0)], [(script, 0)], False, 0)
    return Transaction(0, [(spend.txid(), 0, b"", 0)], [(b"\x6a", 0)], False, 0)


def witness_items(data):
    """Every item of a witness stack, or None."""
    at, items = 0, []

    def size():
        nonlocal at
        if at >= len(data):
            raise ValueError
        first = data[at]
        at += 1
        if first < 0xFD:
            return first
        width = {0xFD: 2, 0xFE: 4}.get(first)
        if width is None or at + width > len(data):
            raise ValueError
        value = int.from_bytes(data[at : at + width], "little")
        at += width
        if value < {2: 0xFD, 4: 0x10000}[width]:
            raise ValueError
        return value

    try:
        for _ in range(size()):
            length = size()
            if at + length > len(data):
                return None
            items.append(data[at : at + length])
            at += length
    except ValueError:
        return None
    return items if at == len(data) else None


@remember
def verify_message(script, message, signature):
    if signature[:3] in ("ful", "pof") or len(signature) > 1024:
        return False
    data = from_base64(signature[3:] if signature.startswith("smp") else signature)
    if not data:
        return False
    if len(data) == 65 and 27 <= data[0] <= 42:
        header, body = data[0], message.encode()
        hashed = sha256d(b"\x18Bitcoin Signed Message:\n" + compact_size(len(body)) + body)
        key = recover(hashed, data[1:], (header - 27) & 3, header >= 31)
        if key is None:
            return False
        if header <= 30:
            return script == p2pkh(key)
        if header <= 34:
            return script in (p2pkh(key), p2sh(p2wpkh(key)), p2wpkh(key))
        return script == (p2sh(p2wpkh(key)) if header <= 38 else p2wpkh(key))
    items, kind = witness_items(data), output_type(script)
    transaction = to_sign(script, message)
    if items is None:
        return False
    if kind == "p2wpkh" and len(items) == 2 and len(items[1]) == 33:
        compact = decode_der(items[0])
        if hash160(items[1]) != script[2:] or parse_point(items[1]) is None or compact is None:
            return False
        return verify_ecdsa(items[1], segwit_hash(transaction, 0, p2pkh(items[1]), 0), compact)
    if kind == "p2tr" and len(items) == 1:
        plain = len(items[0]) == 64
        if not plain and (len(items[0]) != 65 or items[0][64] != 1):
            return False
        hashed = taproot_hash(transaction, 0, [(script, 0)], None, 0 if plain else 1)
        return verify_bip340(script[2:], hashed, items[0][:64])
    return False


def verify_device(key, said, signature):
    """`said`: the digest as hex, or the line."""
    if hex32(key):
        return verify_bip340(bytes.fromhex(key), bytes.fromhex(said), bytes.fromhex(signature))
    script = single_key_script(key)
    return script is not None and verify_message(script, said, signature)


def base64url(digest_hex):
    return base64.urlsafe_b64encode(bytes.fromhex(digest_hex)).decode().rstrip("=")


def verify_key_proof(proof, org, document, wallet, first_address):
    proven = digest("key-proof", {"org": org, "wallet": document, "firstAddress": first_address})
    x_only = bytes.fromhex(proof["key"][2:])
    if hex64(proof["signature"]):
        said, signature = bytes.fromhex(proven), bytes.fromhex(proof["signature"])
        if verify_bip340(x_only, said, signature):
            return True
        is_low = int.from_bytes(signature[32:], "big") <= N // 2
        return is_low and verify_ecdsa(bytes.fromhex(proof["key"]), said, signature)
    line = f"Countersign v1 hold {wallet} first {first_address} id {base64url(proven)}"
    if len(line) > 240:
        return False
    return any(verify_message(script, line, proof["signature"]) for script in single_key_scripts(x_only))


# ---------------------------------------------------------------- people, clauses [6, 15]

RECOVERY, SENTINEL = "recovery", "sentinel"


def member_of(charter, name):
    return next((member for member in charter["members"] if member["id"] == name), None)


def author_in(charter, statement):
    """A member, or the keys of no member."""
    name, kind = statement["member"], statement["type"]
    if name == RECOVERY and kind == "document" and statement["decision"] == "approve":
        return ownerless(RECOVERY, [(key["id"], key["key"]) for key in (charter["recovery"] or {"keys": []})["keys"]])
    if name == SENTINEL and kind == "freeze" and statement["action"] == "freeze":
        return ownerless(SENTINEL, [(one["id"], one["freezeKey"]) for one in charter["sentinels"]])
    return member_of(charter, name)


def ownerless(name, keys):
    devices = [{"id": device, "kind": "secp256k1", "key": key, "suspended": False} for device, key in keys]
    return {"id": name, "groups": [], "devices": devices, "operators": None, "suspended": False}


def may_freeze(charter, statement):
    if statement["member"] == SENTINEL:
        return any(one["id"] == statement["device"] for one in charter["sentinels"])
    found = member_of(charter, statement["member"])
    return found is not None and is_in(found, charter["officers"])


def is_in(member, groups):
    return any(group in groups for group in member["groups"])


def is_person(member):
    return member["operators"] is None


def is_governor(charter, member):
    governance = charter["governance"]
    return is_person(member) and is_in(member, {governance["group"], *groups_named(governance["clause"])})


def groups_at(charter, member, at):
    """The groups in which a member counts at a time; at None: with every group that he may have."""
    standing = [one for one in charter["deputies"] if at is None or at < seconds(one["until"])]
    lent = set()
    if at is not None:
        lent = {group for one in standing if one["for"] == member["id"] for group in one["groups"]}
    borrowed = {group for one in standing if one["member"] == member["id"] for group in one["groups"]}
    return ({*member["groups"]} - lent) | borrowed


def living_device(charter, member, device):
    """(member, device), or why there is none."""
    found = member_of(charter, member)
    if found is None:
        return "member.unknown"
    if found["suspended"]:
        return "member.suspended"
    own = next((one for one in found["devices"] if one["id"] == device), None)
    if own is None:
        return "device.unknown"
    return "device.suspended" if own["suspended"] else (found, own)


def choices(clause):
    """Every way to take one branch of each `any`, as lists of leaves."""
    if "from" in clause:
        return [[clause]]
    if "any" in clause:
        return [found for part in clause["any"] for found in choices(part)]
    return [sum(found, []) for found in itertools.product(*map(choices, clause["all"]))]


def is_met(clause, voices):
    """voices: [(member, groups, kinds)]."""

    def fills(leaves):
        if any(leaf["atLeast"] < 1 for leaf in leaves):
            return False
        fits = []
        for _, groups, kinds in voices:
            may = [
                i
                for i, leaf in enumerate(leaves)
                if leaf["from"] in groups and (kinds if leaf["kinds"] is None else set(kinds) & set(leaf["kinds"]))
            ]
            fits.append(may)
        seats = [(i, n) for i, leaf in enumerate(leaves) for n in range(leaf["atLeast"])]
        if len(seats) > len(voices):
            return False
        taken = {}

        def place(person, visited):
            for i in fits[person]:
                for seat in (one for one in seats if one[0] == i):
                    if seat in visited:
                        continue
                    visited.add(seat)
                    if seat not in taken or place(taken[seat], visited):
                        taken[seat] = person
                        return True
            return False

        return sum(place(person, set()) for person in range(len(voices))) == len(seats)

    return any(map(fills, choices(clause)))


def kinds_lent(devices, wallet):
    own = {device["kind"] for device in devices if device["kind"] in ("secp256k1", "message")}
    shows = any(device["kind"] == "psbt" and device["wallet"] == wallet for device in devices)
    return own | {"psbt"} if own and shows else own


def living_devices(member):
    return [device for device in member["devices"] if not device["suspended"]]


def is_governable_without(charter, absent):
    voices = [
        (member["id"], set(member["groups"]), kinds_lent(living_devices(member), None))
        for member in charter["members"]
        if member["id"] != absent and not member["suspended"] and is_governor(charter, member)
    ]
    return is_met(charter["governance"]["clause"], [voice for voice in voices if voice[2]])


def shown_wallet(name, bodies):
    return None if any(body["outside"] for body in bodies) else name


def lasting_members(charter, wallet):
    """(id, groups, kinds, operators) without deputies."""
    return [
        (
            member["id"],
            set(member["groups"]),
            set() if member["suspended"] else kinds_lent(living_devices(member), wallet),
            member["operators"],
        )
        for member in charter["members"]
    ]


def eligible(voices, initiator, members):
    """members: [(id, operators)]."""
    behind = next((operators or [] for name, operators in members if name == initiator), [])
    people = {name for name, operators in members if operators is None}
    return [v for v in voices if v[0] in people and v[0] != initiator and v[0] not in behind]


# ---------------------------------------------------------------- state and ledger [11, 13]


@dataclass
class Record:
    """A document in the log."""

    digest: str
    document: dict
    index: int
    approvals: dict = field(default_factory=dict)
    vetoes: dict = field(default_factory=dict)
    recovered: dict = field(default_factory=dict)
    head_at: int | None = None

    @property
    def kind(self):
        return self.document["kind"]

    @property
    def body(self):
        return self.document["body"]


@dataclass
class WalletRecord:
    id: str
    root: Record
    record: Record
    wallet: Wallet
    hot: int
    confirmed_by: set

    @property
    def body(self):
        return self.record.body


@dataclass
class Approval:
    digest: str
    index: int
    statement: dict
    signatures: list | None
    cosigner: int | None

    @property
    def member(self):
        return self.statement["member"]


@dataclass
class Version:
    number: int
    index: int
    view: View
    txid: str
    spend_digest: str
    cosignatures: list = field(default_factory=list)


@dataclass
class Proposal:
    digest: str
    index: int
    statement: dict
    view: View
    txid: str
    spend_digest: str
    approvals: list = field(default_factory=list)
    final: set = field(default_factory=set)
    last: dict = field(default_factory=dict)
    versions: list = field(default_factory=list)
    ended: str | None = None

    @property
    def wallet(self):
        return self.statement["wallet"]["id"]

    @property
    def most_fee(self):
        envelope = self.statement["envelope"]
        return self.view.fee if envelope is None else envelope["feeSatsMax"]


@dataclass
class Forced:
    document: str
    at: int
    by: str
    log_size: int


def says_no(statement):
    return statement.get("decision") in ("reject", "withdraw", "veto") or statement.get("action") == "freeze"


@dataclass
class Ledger:
    position: int = 0
    previous: str | None = None
    at: int = 0
    started_at: int | None = None
    proof: str | None = None  # digest of the wallet that the last start proved
    sights: dict = field(default_factory=dict)
    sight_sizes: dict = field(default_factory=dict)
    forced: dict = field(default_factory=lambda: {kind: [] for kind in BODIES})
    heard: dict = field(default_factory=dict)  # what came by a sentinel, by digest
    lifted: set = field(default_factory=set)
    lifted_at: int | None = None
    reservations: dict = field(default_factory=dict)
    intents: dict = field(default_factory=dict)
    signed: dict = field(default_factory=dict)
    bumps_intended: dict = field(default_factory=dict)
    bumps_signed: dict = field(default_factory=dict)  # proposal: [(version, at)]
    addresses: set = field(default_factory=set)
    highest_address: int = 0
    refusals: dict = field(default_factory=dict)
    log_size: int = 0

    def check(self, receipt):
        """Whether a receipt is the next one."""
        fits = receipt["position"] == self.position and receipt["previous"] == self.previous
        require(fits, "receipt.position")
        require(seconds(receipt["at"]) >= self.at, "receipt.invalid")
        require(receipt["log"]["size"] >= self.log_size, "receipt.invalid")
        require(not self.contradicts(receipt), "receipt.invalid")

    def contradicts(self, r):
        record = r["record"]
        if record == "started":
            return False
        if self.started_at is None:
            return True
        if record == "sight":
            size = self.sight_sizes.get(r["object"])
            if r["kind"] == "approval" or size is None:
                return r["object"] in self.sights
            return r["log"]["size"] <= size
        if record == "force":
            return any(one.document == r["document"] for one in self.forced[r["kind"]])
        if record == "lift":
            return r["freeze"] in self.lifted
        if record == "heard":
            return not says_no(r["statement"]) or statement_digest(r["statement"]) in self.heard
        if record == "address":
            return r["index"] in self.addresses
        proposal, version = r["proposal"], r.get("version")
        if record == "reserve":
            return proposal in self.signed or proposal in self.reservations
        if record == "release":
            return proposal in self.intents or proposal not in self.reservations
        if record == "refusal":
            return self.refusals.get((proposal, version)) == r["code"]
        intended = self.bumps_intended.get(proposal, [])
        last = intended[-1] if intended else 0
        if version is not None:
            if proposal not in self.signed:
                return True
            if record == "intent":
                return version <= last
            return any(v >= version for v, _ in self.bumps_signed.get(proposal, [])) or last != version
        if proposal in self.signed:
            return True
        return proposal not in (self.reservations if record == "intent" else self.intents)

    def apply(self, r):
        at, record = seconds(r["at"]), r["record"]
        if record == "started":
            self.started_at, self.proof = at, r["walletDigest"]
        elif record == "sight":
            self.sights[r["object"]] = at
            if r["kind"] == "document":
                self.sight_sizes[r["object"]] = r["log"]["size"]
        elif record == "force":
            self.forced[r["kind"]].append(Forced(r["document"], at, r["by"], r["log"]["size"]))
            self.sights.setdefault(r["document"], at)
        elif record == "lift":
            self.lifted.add(r["freeze"])
            self.lifted_at = at
        elif record == "heard":
            self.heard[statement_digest(r["statement"])] = r["statement"]
        elif record == "address":
            self.addresses.add(r["index"])
            self.highest_address = max(self.highest_address, r["index"])
        elif record == "reserve":
            self.reservations[r["proposal"]] = at
        elif record == "release":
            del self.reservations[r["proposal"]]
        elif record == "refusal":
            self.refusals[r["proposal"], r.get("version")] = r["code"]
        elif "version" in r:
            if record == "intent":
                self.bumps_intended.setdefault(r["proposal"], []).append(r["version"])
            else:
                self.bumps_signed.setdefault(r["proposal"], []).append((r["version"], at))
        elif record == "intent":
            self.intents[r["proposal"]] = at
        else:
            self.signed[r["proposal"]] = at
            self.reservations.pop(r["proposal"], None)
        self.position += 1
        self.previous = digest("receipt", r)
        self.at, self.log_size = at, r["log"]["size"]


STATEMENT_KINDS = {"document": "document-statement"}


def statement_digest(statement):
    return digest(STATEMENT_KINDS.get(statement["type"], statement["type"]), statement)


def paid_scripts(spend):
    """The first output of each script that is paid."""
    first = {}
    for at, one in enumerate(spend["outputs"]):
        if "change" not in one:
            first.setdefault(one["script"], at)
    return list(first.values())


class State:
    """The fold [11]."""

    def __init__(self, genesis, blobs):
        self.genesis, self.blobs = genesis, blobs
        self.tree = Tree()
        self.documents, self.wallets, self.policies, self.proposals = {}, {}, {}, {}
        self.charter, self.destinations = None, None
        self.confirmed, self.statements = set(), set()
        self.freezes, self.ledgers = [], {}
        self.facts, self.screenings, self.alerts, self.addresses, self.nonces = {}, {}, {}, {}, {}

    def blob(self, name):
        if name not in self.blobs:
            raise MissingBlob(name)
        return self.blobs[name]

    def fold(self, leaf):
        """The code of an entry without effect, or None."""
        effect, code = None, None
        try:
            effect = self.admit(parse_entry(leaf))
        except Refused as refused:
            code = refused.code
        index = self.tree.size
        self.tree.append(leaf_hash(leaf))
        if effect is not None:
            effect(index)
        return code

    def admit(self, entry):
        kind = entry["type"]
        if kind == "document":
            return self.admit_document(entry)
        if kind == "statement":
            return self.admit_statement(entry)
        if kind == "receipt":
            return self.admit_receipt(entry)
        return self.admit_version(entry) if kind == "version" else self.admit_fact(entry["fact"])

    # ------------------------------------------------ who may speak [11.1, 11.2]

    def record_of(self, kind, name):
        record = self.documents.get(name)
        return record if record is not None and record.kind == kind else None

    def ledger(self, wallet):
        return self.ledgers.get(wallet) or Ledger()

    def in_force(self, ledger, kind):
        history = ledger.forced[kind]
        return self.record_of(kind, history[-1].document) if history else None

    def charters_held(self, place):
        """By wallet, the charters in force at the ledgers of a place."""
        held = {}
        for wallet, ledger in self.ledgers.items():
            record = self.in_force(ledger, "charter") if place in ("*", wallet) else None
            if record is not None:
                held[wallet] = record.body
        return held

    def place_of_document(self, document):
        if document is None:
            return ""
        return "*" if document["kind"] in ("charter", "destinations") else document["id"]

    def place_of(self, statement):
        kind = statement["type"]
        if kind == "freeze":
            return statement["wallet"]
        if kind == "document":
            record = self.documents.get(statement["document"])
            return self.place_of_document(record and record.document)
        if kind == "approval" and statement["decision"] != "approve":
            proposal = self.proposals.get(statement["proposal"])
            return proposal.wallet if proposal else ""
        return ""

    def charters_for(self, statement):
        newest = self.charter or self.record_of("charter", self.genesis)
        named = None
        if statement["type"] == "approval" and statement["decision"] != "approve":
            proposal = self.proposals.get(statement["proposal"])
            named = proposal.statement["charter"] if proposal else None
        elif statement["type"] == "document" and statement["decision"] == "confirm":
            named = statement["document"]
        other = self.record_of("charter", named) if named else None
        found = [record.body for record in (newest, other) if record is not None]
        found += self.charters_held(self.place_of(statement)).values()
        return list({id(body): body for body in found}.values())

    def heard(self, place, holds):
        """None: everywhere; a set of wallets; empty: nowhere."""
        if self.charter is not None and holds(self.charter.body):
            return None
        return {wallet for wallet, body in self.charters_held(place).items() if holds(body)}

    def governs_somewhere(self, statement):
        for charter in self.charters_for(statement):
            member = member_of(charter, statement["member"])
            if member is not None and is_governor(charter, member):
                return True
        return False

    def is_of_this_log(self, log):
        return log["size"] <= self.tree.size and self.tree.root_at(log["size"]).hex() == log["root"]

    def authors_of(self, statement):
        members = []
        for charter in self.charters_for(statement):
            found = author_in(charter, statement)
            members += [found] if found else []
        require(members, "member.unknown")
        authors = {}
        for member in members:
            device = next((one for one in member["devices"] if one["id"] == statement["device"]), None)
            if device is not None and device["key"] not in authors:
                authors[device["key"]] = (member, device)
        require(authors, "device.unknown")
        return list(authors.values())

    def author_by(self, entry, authors, said):
        statement, signature = entry["statement"], entry["signature"]

        def signs(kind):
            return kind == "secp256k1" or (kind == "message" and statement["type"] not in ("session", "proposal"))

        able = [author for author in authors if signs(author[1]["kind"])]
        require(able, "device.kind.statement")
        forms = {"secp256k1": hex64, "message": message_signature}
        alike = [author for author in able if forms[author[1]["kind"]](signature)]
        require(alike, "statement.signature.form")
        for author in alike:
            kind = author[1]["kind"]
            if verify_device(author[1]["key"], self.line(statement) if kind == "message" else said, signature):
                return author
        raise Refused("statement.signature")

    def line(self, statement):
        """What a `message` device signs [7]."""
        kind = statement["type"]
        if kind == "approval":
            subject = self.approval_line(statement)
        elif kind == "document":
            record = self.documents.get(statement["document"])
            require(record is not None, "document.unknown")
            verb = "sign" if statement["decision"] == "approve" else statement["decision"]
            first = statement["firstAddress"]
            first = "" if first is None else f" first {first}"
            document = record.document
            subject = f"{verb} {document['kind']} {document['id']} version {document['version']}{first}"
            subject += f" digest {base64url(record.digest)}"
        elif statement["action"] == "freeze":
            subject = f"freeze {statement['wallet']}"
        else:
            subject = f"unfreeze {statement['wallet']} lifts {len(statement['lifts'])}"
        line = f"Countersign v1 {subject} id {base64url(statement_digest(statement))}"
        require(len(line) <= 240, "approval.message.toolong")
        return line

    def approval_line(self, statement):
        proposal = self.proposals.get(statement["proposal"])
        require(proposal is not None, "proposal.unknown")
        about = proposal.statement

        def btc(amount):
            digits = str(amount).rjust(9, "0")
            return f"{digits[:-8]}.{digits[-8:]}"

        payments = []
        for one in about["spend"]["outputs"]:
            if "change" not in one:
                address = address_of(bytes.fromhex(one["script"]), about["network"])
                payments.append(f"{address or 'script ' + one['script']} {btc(one['sats'])}")
        paying = " " + "; ".join(payments) if payments else " nothing" if about["kind"] == "pay" else ""
        again = "" if about["repeats"] is None else " again"
        fee = about["spend"]["feeSats"]
        for version in proposal.versions:
            if version.spend_digest == statement["spend"]:
                fee = version.view.fee
                break
        envelope = about["envelope"]
        most = "" if envelope is None else f" max {btc(envelope['feeSatsMax'])}"
        head = f"{statement['decision']} {about['wallet']['id']} {about['kind']}{again}{paying}"
        return f"{head} fee {btc(fee)}{most}"

    def admit_statement(self, entry):
        statement = entry["statement"]
        kind = statement["type"]
        require(statement["org"] == self.genesis, "statement.organisation")
        authors = self.authors_of(statement)
        issued, expires = seconds(statement["issuedAt"]), seconds(statement["expiresAt"])
        require(issued < expires <= issued + 30 * DAY, "statement.time")
        said = statement_digest(statement)
        require(said not in self.statements, "statement.duplicate")
        member, device = self.author_by(entry, authors, said)
        same_log = self.is_of_this_log(statement["log"])
        self.check_standing(statement, member, device, same_log)
        require((entry["coins"] is not None) == (kind == "proposal"), "log.entry.invalid")
        require(kind != "session", "log.entry.invalid")
        if kind == "proposal":
            effect = self.admit_proposal(statement, said, member, entry["coins"])
        elif kind == "approval":
            effect = self.admit_approval(statement, said, member, same_log)
        elif kind == "document":
            effect = self.admit_document_statement(statement, member, device)
        else:
            effect = self.admit_freeze(statement, said, member, device)

        def take(index):
            self.statements.add(said)
            effect(index)

        return take

    def check_standing(self, statement, member, device, same_log):
        kind = statement["type"]
        if says_no(statement):
            return
        require(same_log or kind == "approval", "log.fork")
        require(not member["suspended"], "member.suspended")
        require(not device["suspended"], "device.suspended")
        first = kind == "document" and (
            statement["document"] == self.genesis
            or (statement["decision"] == "confirm" and self.record_of("charter", statement["document"]))
        )
        require(first or member["id"] == RECOVERY or device["key"] in self.confirmed, "device.unconfirmed")

    # ------------------------------------------------ documents [11.3, 11.4]

    def admit_document(self, entry):
        document = parse_document(self.blob(entry["document"]))
        name = digest("document", document)
        require(name not in self.documents, "document.duplicate")
        self.check_document(document, name)

        def take(index):
            self.documents[name] = Record(name, document, index)

        return take

    def check_document(self, document, name):
        self.check_place(document, name)
        check_content(self, document)

    def head_of(self, kind, name):
        if kind == "charter":
            return self.charter
        if kind == "destinations":
            return self.destinations
        if kind == "policy":
            return self.policies.get(name)
        return self.wallets[name].record if name in self.wallets else None

    def is_in_force_somewhere(self, record):
        histories = [ledger.forced[record.kind] for ledger in self.ledgers.values()]
        return any(history and history[-1].document == record.digest for history in histories)

    def check_place(self, document, name):
        kind, version = document["kind"], document["version"]
        if kind == "charter" and version == 1:
            require(name == self.genesis, "document.genesis.mismatch")
            return
        require(document["org"] == self.genesis, "document.organisation")
        require(self.charter is not None, "document.unauthorised")
        head = self.head_of(kind, document["id"])
        if version == 1:
            given_up = (
                head is not None
                and head.document["version"] == 1
                and head.kind in ("policy", "destinations")
                and head.vetoes
                and not self.is_in_force_somewhere(head)
            )
            require(head is None or given_up, "document.forked")
            return
        before = self.record_of(kind, document["previous"])
        fits = before is not None and before.document["id"] == document["id"]
        require(fits and (before is head or self.is_in_force_somewhere(before)), "document.stale")
        require(version == before.document["version"] + 1, "document.version")
        check_successor(before.document, document)

    def bring_in_force(self, record, index):
        record.head_at = index
        name = record.document["id"]
        if record.kind == "charter":
            self.charter = record
        elif record.kind == "destinations":
            self.destinations = record
        elif record.kind == "policy":
            self.policies[name] = record
        elif name in self.wallets:
            self.wallets[name].record = record
        else:
            wallet = wallet_of(record.body["descriptor"], record.body["network"])
            hot = key_number(wallet, record.body["hotKey"])
            self.wallets[name] = WalletRecord(name, record, record, wallet, hot, set())

    def admit_document_statement(self, statement, member, device):
        record = self.documents.get(statement["document"])
        require(record is not None, "document.unknown")
        bare = statement["firstAddress"] is None and statement["keyProof"] is None
        decision = statement["decision"]
        if decision == "confirm" and record.kind == "wallet":
            return self.admit_holder(record, statement)
        require(bare and (decision != "confirm" or record.kind == "charter"), "document.confirmation.invalid")
        if decision == "confirm":
            return lambda index: self.confirmed.add(device["key"])
        if decision == "veto":
            return self.admit_veto(record, member)
        return self.admit_governor(record, statement, member, device)

    def admit_governor(self, record, statement, member, device):
        newest = self.charter or self.record_of("charter", self.genesis)
        require(newest is not None, "document.unknown")
        recovers = member["id"] == RECOVERY
        require(recovers or self.governs_somewhere(statement), "member.role")
        require(not recovers or record.kind == "charter", "document.recovery")
        if record.head_at is None:
            self.check_document(record.document, record.digest)

        def take(index):
            signer = (index, device["id"], device["key"])
            if recovers:
                record.recovered[device["id"]] = signer
                return
            record.approvals[member["id"]] = signer
            if record.kind == "charter":
                self.confirmed.add(device["key"])
            first = record.document["version"] == 1 and record.head_at is None
            if first and governors_meet(newest.body, record):
                self.bring_in_force(record, index)

        return take

    def admit_veto(self, record, member):
        require(self.charter is not None, "document.unauthorised")

        def may(charter):
            found = member_of(charter, member["id"])
            return found is not None and is_person(found) and is_in(found, [charter["governance"]["group"]])

        place = self.place_of_document(record.document)
        heard = self.heard(place, may)
        require(heard is None or heard, "member.role")
        require(not self.is_in_force_everywhere(record, place), "document.inforce")

        def take(index):
            before = record.vetoes.get(member["id"], set())
            record.vetoes[member["id"]] = None if heard is None or before is None else before | heard

        return take

    def is_in_force_everywhere(self, record, place):
        if record.document["version"] == 1 and record.kind in ("charter", "wallet"):
            return record.head_at is not None
        begun = [ledger for wallet, ledger in self.ledgers.items() if place in ("*", wallet)]
        held = [any(one.document == record.digest for one in ledger.forced[record.kind]) for ledger in begun]
        return bool(held) and all(held)

    def admit_holder(self, record, statement):
        wallet = self.wallets.get(record.document["id"])
        require(wallet is not None and record.head_at is not None, "document.unauthorised")
        first_address, proof = statement["firstAddress"], statement["keyProof"]
        require(first_address == wallet.wallet.address(0, 0), "document.confirmation.address")
        bad = "document.confirmation.invalid"
        require(proof is not None, bad)
        held = [holder["key"] for holder in record.body["holders"] if holder["member"] == statement["member"]]
        keys = [k for xpub in held for k, own in enumerate(wallet.wallet.xpubs) if own == xpub]
        key = next((k for k in keys if wallet.wallet.key_at(k, 0, 0).hex() == proof["key"]), None)
        require(key is not None, bad)
        require(verify_key_proof(proof, self.genesis, record.digest, wallet.id, first_address), bad)

        def take(index):
            wallet.confirmed_by.add((statement["member"], proof["key"]))
            self.confirmed.add(wallet.wallet.xpubs[key])

        return take

    # ------------------------------------------------ freezes [11.5]

    def admit_freeze(self, statement, said, member, device):
        require(self.charter is not None, "document.unauthorised")
        wallet = statement["wallet"]
        require(wallet == "*" or wallet in self.wallets, "wallet.unknown")
        if statement["action"] == "freeze":
            heard = self.heard(wallet, lambda charter: may_freeze(charter, statement))
            require(heard is None or heard, "member.role")
            require(not statement["lifts"], "freeze.lifts")
            return lambda index: self.freezes.append({"digest": said, "wallet": wallet, "heard": heard, "lifts": {}})
        require(self.governs_somewhere(statement), "member.role")
        lifted = [freeze for freeze in self.freezes if freeze["digest"] in statement["lifts"]]
        whole = lifted and len(lifted) == len(set(statement["lifts"]))
        require(whole and all(freeze["wallet"] == wallet for freeze in lifted), "freeze.unknown")

        def take(index):
            for freeze in lifted:
                freeze["lifts"][member["id"]] = (index, device["id"], device["key"])

        return take

    # ------------------------------------------------ proposals [11.6]

    def is_signed(self, proposal):
        return proposal.digest in self.ledger(proposal.wallet).signed

    def change_reach(self, wallet):
        highest = -1
        for name in self.ledger(wallet.id).signed:
            for one in self.proposals[name].statement["spend"]["outputs"]:
                highest = max(highest, one.get("change", -1))
        return min(highest + wallet.body["gapLimit"], INDEX)

    def admit_proposal(self, statement, said, member, coins):
        require(self.charter is not None, "document.unauthorised")
        require(statement["initiator"] == statement["member"], "proposal.initiator")
        require(is_in(member, self.charter.body["initiators"]), "member.role")
        wallet = self.wallets.get(statement["wallet"]["id"])
        require(wallet is not None, "wallet.unknown")
        require(statement["network"] == wallet.body["network"], "statement.network")
        self.check_named(statement, wallet)
        issued, expires = seconds(statement["issuedAt"]), seconds(statement["expiresAt"])
        require(expires - issued <= 30 * DAY, "statement.time")
        require(statement["repeats"] is None or statement["repeats"] in self.proposals, "proposal.unknown")
        listed, data = self.blob(coins), self.blob(statement["spend"]["transaction"])
        claims = parse_blob(listed, coins_form)
        claims = [(self.blob(claim["parent"]), claim["branch"], claim["index"]) for claim in claims]
        view = read_spend(wallet.wallet, data, claims, self.change_reach(wallet))
        require(canonical_text(view.spend) == canonical_text(statement["spend"]), "proposal.spend.mismatch")
        self.check_cancel(statement)
        check_envelope(statement, view)
        txid = txid_before_signing(wallet.wallet, view)
        spend_digest = digest("spend", statement["spend"])

        def take(index):
            self.proposals[said] = Proposal(said, index, statement, view, txid, spend_digest)

        return take

    def check_named(self, statement, wallet):
        forced = self.ledger(wallet.id).forced
        book = self.destinations.document["id"] if self.destinations else None
        named = [
            ("charter", statement["charter"], self.charter.document["id"]),
            ("wallet", statement["wallet"]["digest"], wallet.id),
            ("policy", statement["policy"], wallet.id),
            ("destinations", statement["destinations"], book),
        ]
        for kind, name, place in named:
            record = self.record_of(kind, name)
            known = record is not None and record.document["id"] == place and record.head_at is not None
            require(known or any(one.document == name for one in forced[kind]), "document.stale")

    def check_cancel(self, statement):
        bad = "proposal.cancel.invalid"
        cancels, spend = statement["cancels"], statement["spend"]
        if statement["kind"] == "pay":
            require(cancels is None, bad)
            return
        target = self.proposals.get(cancels)
        require(target is not None and target.wallet == statement["wallet"]["id"] and self.is_signed(target), bad)
        require(target.statement["cancels"] is None, bad)
        require(all("change" in one for one in spend["outputs"]), bad)
        own = {one["outpoint"] for one in spend["inputs"]}
        require(own == {one["outpoint"] for one in target.statement["spend"]["inputs"]}, bad)

    # ------------------------------------------------ approvals [11.7]

    def admit_approval(self, statement, said, member, same_log):
        proposal = self.proposals.get(statement["proposal"])
        require(proposal is not None, "proposal.unknown")
        if proposal.ended is not None:
            raise Refused(proposal.ended)
        if self.is_signed(proposal):
            return self.admit_cosignature(proposal, statement, said, same_log)
        decision, name = statement["decision"], statement["member"]
        require(name not in proposal.final or decision == "reject", "approval.superseded")
        if decision == "approve":
            return self.admit_approve(proposal, statement, said, member, same_log)

        def end(code):
            def take(index):
                proposal.ended = code
                proposal.final.add(name)
                proposal.last[name] = said

            return take

        if decision == "reject":
            require(self.is_asked(proposal, statement), "approval.member.ineligible")
            require(statement["reasonDigest"] is not None, "approval.reason.missing")
            return end("proposal.rejected")
        if name == proposal.statement["initiator"]:
            return end("proposal.withdrawn")
        stands = any(approval.member == name for approval in proposal.approvals)
        known = stands or (statement["previous"] is not None and self.is_asked(proposal, statement))
        require(known, "approval.unknown")

        def take(index):
            proposal.approvals = [approval for approval in proposal.approvals if approval.member != name]
            proposal.final.add(name)
            proposal.last[name] = said

        return take

    def admit_approve(self, proposal, statement, said, member, same_log):
        name, initiator = statement["member"], proposal.statement["initiator"]
        behind = []
        for record in (self.record_of("charter", proposal.statement["charter"]), self.charter):
            found = member_of(record.body, initiator) if record else None
            behind += (found["operators"] or []) if found else []
        require(name != initiator and name not in behind, "approval.initiator")
        require(is_person(member), "member.role")
        require(self.is_asked(proposal, statement), "approval.member.ineligible")
        require(statement["spend"] == proposal.spend_digest, "approval.spend.mismatch")
        if not same_log:

            def end(index):
                proposal.ended = "log.fork"
                proposal.final.add(name)
                proposal.last[name] = said

            return end
        require(statement["log"]["size"] > proposal.index, "approval.log.early")
        require(statement["previous"] == proposal.last.get(name), "statement.previous")
        signatures, cosigner = self.read_signatures(proposal, None, statement)

        def take(index):
            proposal.approvals = [*proposal.approvals, Approval(said, index, statement, signatures, cosigner)]
            self.remember_nonces(signatures, proposal)
            proposal.last[name] = said

        return take

    def admit_cosignature(self, proposal, statement, said, same_log):
        version = proposal.versions[-1] if proposal.versions else None
        fits = statement["decision"] == "approve" and version and version.spend_digest == statement["spend"]
        require(fits, "proposal.signed")
        signed = self.ledger(proposal.wallet).bumps_signed.get(proposal.digest, [])
        require(all(number != version.number for number, _ in signed), "proposal.signed")
        require(same_log, "log.fork")
        require(statement["log"]["size"] > version.index, "approval.log.early")
        name = statement["member"]
        require(statement["previous"] == proposal.last.get(name), "statement.previous")
        require(statement["partialSignatures"] is not None, "approval.signatures.missing")
        signatures, cosigner = self.read_signatures(proposal, version, statement)

        def take(index):
            version.cosignatures = [*version.cosignatures, Approval(said, index, statement, signatures, cosigner)]
            self.remember_nonces(signatures, proposal)
            proposal.last[name] = said

        return take

    def is_asked(self, proposal, statement):
        policies = [self.record_of("policy", proposal.statement["policy"]), self.policies.get(proposal.wallet)]
        asked = set()
        for policy in policies:
            for rule in policy.body["rules"] if policy else []:
                if not rule["deny"]:
                    asked |= groups_named(rule["require"]["approvals"])
        for charter in self.charters_for(statement):
            member = member_of(charter, statement["member"])
            if member is not None and groups_at(charter, member, None) & asked:
                return True
        return False

    def read_signatures(self, proposal, version, statement):
        record = self.wallets[proposal.wallet]
        wallet, body = record.wallet, record.body
        his = {held["key"] for held in body["holders"] if held["member"] == statement["member"]}
        held = [xpub for k, xpub in enumerate(wallet.xpubs) if k in wallet.signers and xpub in his]
        if statement["partialSignatures"] is None:
            require(not held or body["outside"], "approval.signatures.missing")
            return None, None
        require(held, "approval.signatures.unasked")
        said = self.ledger(record.id).refusals.get((proposal.digest, version.number if version else None))
        require(not body["outside"] or said == "psbt.signatures.missing", "approval.signatures.early")
        signatures = parse_blob(self.blob(statement["partialSignatures"]), signatures_form)
        signer = verify_partial(wallet, (version or proposal).view, signatures)
        require(wallet.xpubs[signer] in held, "approval.signatures.foreign")
        for one in signatures:
            used = self.nonces.get(nonce_of(one))
            require(used is None or used[0] == one["signature"], "psbt.signature.nonce.reused")
        return signatures, signer

    def remember_nonces(self, signatures, proposal):
        for one in signatures or []:
            self.nonces.setdefault(nonce_of(one), (one["signature"], proposal.digest))

    # ------------------------------------------------ fee bumps [11.8]

    def admit_version(self, entry):
        proposal = self.proposals.get(entry["proposal"])
        require(proposal is not None, "proposal.unknown")
        envelope = proposal.statement["envelope"]
        require(envelope is not None, "version.envelope")
        require(self.is_signed(proposal), "proposal.unsigned")
        if proposal.ended is not None:
            raise Refused(proposal.ended)
        require(len(proposal.versions) < envelope["replacementsMax"], "version.count")
        record = self.wallets[proposal.wallet]
        data = self.blob(entry["transaction"])
        claims = [(coin["parent"], coin["branch"], coin["index"]) for coin in proposal.view.coins]
        view = read_spend(record.wallet, data, claims, self.change_reach(record))
        check_replacement(proposal.versions[-1].view if proposal.versions else proposal.view, view)
        require(view.fee <= envelope["feeSatsMax"], "version.fee.high")
        txid = txid_before_signing(record.wallet, view)

        def take(index):
            number = len(proposal.versions) + 1
            made = Version(number, index, view, txid, digest("spend", view.spend))
            proposal.versions = [*proposal.versions, made]

        return take

    # ------------------------------------------------ receipts [11.9]

    def admit_receipt(self, entry):
        receipt = entry["receipt"]
        require(receipt["org"] == self.genesis, "statement.organisation")
        wallet = self.wallets.get(receipt["wallet"])
        require(wallet is not None, "wallet.unknown")
        signers = self.charter.body["signers"] if self.charter else []
        named = next((one for one in signers if one["wallet"] == wallet.id), None)
        fits = named and named["key"] == receipt["signer"] and named["epoch"] == receipt["epoch"]
        require(fits, "receipt.unauthorised")
        ledger = self.ledger(wallet.id)
        ledger.check(receipt)
        key, said = bytes.fromhex(receipt["signer"]), digest_bytes("receipt", receipt)
        require(verify_ed25519(key, said, bytes.fromhex(entry["signature"])), "receipt.unauthorised")
        require(self.is_of_this_log(receipt["log"]), "log.fork")
        if receipt["record"] == "force":
            self.check_force(wallet, ledger, receipt)
            signatures = None
        else:
            signatures = self.check_receipt_content(wallet, receipt)

        heard = None
        if receipt["record"] == "heard":
            said = {"statement": receipt["statement"], "signature": receipt["signature"], "coins": None}
            try:
                heard = self.admit_statement(said)
            except Refused:
                pass  # the log holds it, or takes it no more

        def take(index):
            ledger.apply(receipt)
            self.ledgers[wallet.id] = ledger
            if heard is not None:
                heard(index)
            if signatures is not None:
                self.note_signed(wallet, receipt, signatures)
            if receipt["record"] == "force":
                self.advance_head(receipt, index)
            if receipt["record"] == "address":
                self.addresses[wallet.id]["attested"].add(receipt["index"])

        return take

    def note_signed(self, wallet, receipt, signatures):
        proposal = self.proposals[receipt["proposal"]]
        self.remember_nonces(signatures, proposal)
        if wallet.wallet.signing == "legacy":
            about = proposal.versions[receipt["version"] - 1] if "version" in receipt else proposal
            scripts = [
                push(bytes.fromhex(one["signature"])) + push(bytes.fromhex(one["key"])) for one in signatures
            ]
            about.txid = about.view.transaction.txid(scripts)

    def place_at(self, ledger, record):
        history = ledger.forced[record.kind]
        last = history[-1].document if history else None
        if record.document["previous"] == last:
            return "follows"
        version = self.documents[last].document["version"] if last in self.documents else 0
        shared = record.kind in ("charter", "destinations")
        newer = shared and record.head_at is not None and record.document["version"] > version
        return "ahead" if newer else "stale"

    def check_force(self, wallet, ledger, receipt):
        record = self.record_of(receipt["kind"], receipt["document"])
        require(record is not None, "document.unknown")
        signed = record.head_at is not None or record.approvals or record.recovered
        require(signed, "document.unauthorised")
        own = record.kind in ("charter", "destinations") or record.document["id"] == wallet.id
        require(own and self.place_at(ledger, record) != "stale", "document.stale")

    def advance_head(self, receipt, index):
        record = self.documents[receipt["document"]]
        if record.head_at is not None:
            return
        document = record.document
        head = self.head_of(record.kind, document["id"])
        own = record.kind in ("policy", "wallet")
        follows = head is None or head.digest == document["previous"]
        newer = head is not None and document["version"] >= head.document["version"]
        overtakes = newer and self.charter is not None and governors_meet(self.charter.body, record)
        if own or (follows and self.is_authorised(record)) or overtakes:
            self.bring_in_force(record, index)

    def is_authorised(self, record):
        if self.charter is None:
            return False
        charter = self.charter.body
        if governors_meet(charter, record) or is_recovered(charter, record):
            return True
        if not record.approvals or record.kind != "charter":
            return bool(record.approvals)
        alone = any(may_tighten_alone(charter, record.body, name) for name in record.approvals)
        return alone and charter_tightens(charter, record.body)

    def check_receipt_content(self, wallet, receipt):
        """The hot key's signatures of a `signed`, else None."""
        record, bad = receipt["record"], "receipt.invalid"
        if record == "started":
            proof = receipt["keyProof"]
            require(receipt["walletDigest"] == wallet.root.digest, bad)
            require(receipt["firstAddress"] == wallet.wallet.address(0, 0), bad)
            require(proof["key"] == wallet.wallet.key_at(wallet.hot, 0, 0).hex(), bad)
            first = receipt["firstAddress"]
            require(verify_key_proof(proof, self.genesis, wallet.root.digest, wallet.id, first), bad)
            return None
        if record in ("sight", "heard"):
            return None
        if record == "address":
            require(receipt["address"] == wallet.wallet.address(0, receipt["index"]), bad)
            asked = self.addresses.get(wallet.id, {"asked": {}})["asked"].get(receipt["index"])
            require(asked is not None and asked < receipt["log"]["size"], bad)
            return None
        if record == "lift":
            require(any(freeze["digest"] == receipt["freeze"] for freeze in self.freezes), "freeze.unknown")
            return None
        proposal = self.proposals.get(receipt["proposal"])
        require(proposal is not None and proposal.wallet == wallet.id, "proposal.unknown")
        require(proposal.index < receipt["log"]["size"], bad)
        about, number = proposal, receipt.get("version")
        if number is not None:
            require(number <= len(proposal.versions), bad)
            about = proposal.versions[number - 1]
            require(about.index < receipt["log"]["size"], bad)
        if record != "signed":
            return None
        signatures = parse_blob(self.blob(receipt["signatures"]), signatures_form)
        require(verify_partial(wallet.wallet, about.view, signatures) == wallet.hot, bad)
        return signatures

    # ------------------------------------------------ facts [11.10]

    def admit_fact(self, fact):
        kind = fact["fact"]
        if kind == "screening":
            return self.admit_screening(fact)
        if kind == "alert":
            return self.admit_alert(fact)
        if kind == "address-asked":
            return self.admit_asked(fact)
        name = fact["proposal"]
        proposal = self.proposals.get(name)
        require(proposal is not None, "proposal.unknown")
        require(self.is_signed(proposal), "fact.invalid")
        bumped = self.ledger(proposal.wallet).bumps_signed.get(name, [])
        txids = [proposal.txid] + [proposal.versions[number - 1].txid for number, _ in bumped]
        require(fact["txid"] in txids, "fact.invalid")
        known = self.facts.get(name, {"broadcasts": [], "confirmed": None, "settled": False})
        if kind == "broadcast":
            require(fact["txid"] not in known["broadcasts"], "fact.duplicate")
            after = {**known, "broadcasts": [*known["broadcasts"], fact["txid"]]}
        elif kind == "confirmed":
            require(known["broadcasts"], "fact.invalid")
            require(known["confirmed"] is None, "fact.duplicate")
            after = {**known, "confirmed": fact["txid"]}
        elif kind == "settled":
            require(known["confirmed"] == fact["txid"], "fact.invalid")
            require(not known["settled"], "fact.duplicate")
            after = {**known, "settled": True}
        else:
            require(known["confirmed"] == fact["txid"], "fact.invalid")
            after = {**known, "confirmed": None, "settled": False}
        return lambda index: self.facts.__setitem__(name, after)

    def admit_alert(self, fact):
        wallet, txid = fact["wallet"], fact["txid"]
        require(wallet in self.wallets, "wallet.unknown")
        ledger = self.ledger(wallet)
        explained = set()
        for name in ledger.intents:
            proposal = self.proposals[name]
            explained.add(proposal.view.spend["transaction"])
            for number in ledger.bumps_intended.get(name, []):
                explained.add(proposal.versions[number - 1].view.spend["transaction"])
        require(fact["transaction"] not in explained, "fact.invalid")
        known = self.alerts.get((wallet, txid), "none")
        require(known == "none" or (known is None and fact["height"] is not None), "fact.duplicate")
        return lambda index: self.alerts.__setitem__((wallet, txid), fact["height"])

    def admit_asked(self, fact):
        wallet = self.wallets.get(fact["wallet"])
        require(wallet is not None, "wallet.unknown")
        known = self.addresses.get(wallet.id, {"asked": {}, "requests": set(), "attested": set()})
        new = fact["index"] not in known["asked"] and fact["request"] not in known["requests"]
        require(new, "fact.duplicate")
        ledger = self.ledger(wallet.id)
        blocked = blocked_wallet(self, ledger, wallet)
        require(blocked is None, blocked)
        reach = min(ledger.highest_address + wallet.body["gapLimit"], INDEX)
        require(fact["index"] <= reach, "address.reach")

        def take(index):
            known["asked"][fact["index"]] = index
            if fact["request"] is not None:
                known["requests"].add(fact["request"])
            self.addresses[wallet.id] = known

        return take

    def admit_screening(self, fact):
        name, destinations = fact["proposal"], fact["destinations"]
        proposal = self.proposals.get(name)
        require(proposal is not None, "proposal.unknown")
        paid = paid_scripts(proposal.view.spend)
        require(paid and paid == [one["output"] for one in destinations], "fact.invalid")
        answers = [one["answer"] for one in destinations]
        known = self.screenings.get(name)
        require(known != answers, "fact.duplicate")
        require(known is None or "deny" not in known, "fact.invalid")
        return lambda index: self.screenings.__setitem__(name, answers)


def check_envelope(statement, view):
    envelope, bad = statement["envelope"], "proposal.envelope.invalid"
    if envelope is None:
        return
    require(envelope["feeSatsMax"] >= view.fee, bad)
    require(1 <= envelope["replacementsMax"] <= 20, bad)
    issued, until = seconds(statement["issuedAt"]), seconds(envelope["until"])
    require(issued < until <= issued + 30 * DAY, bad)
    require(any(sequence <= 0xFFFFFFFD for sequence in view.sequences), bad)


def check_replacement(former, after):
    def inputs(view):
        return [(coin["outpoint"], sequence) for coin, sequence in zip(view.coins, view.sequences)]

    require(inputs(former) == inputs(after), "version.spend")
    require(former.transaction.version == after.transaction.version, "version.spend")
    require(former.spend["lockTime"] == after.spend["lockTime"], "version.spend")
    outputs, at = after.spend["outputs"], 0
    for was in former.spend["outputs"]:
        now = outputs[at] if at < len(outputs) else None
        same = now is not None and now["script"] == was["script"] and now.get("change") == was.get("change")
        if "change" not in was:
            require(same and now["sats"] == was["sats"], "version.spend")
            at += 1
        elif same:
            require(now["sats"] <= was["sats"], "version.change")
            at += 1
    if at < len(outputs):
        raise Refused("version.change" if "change" in outputs[at] else "version.spend")
    require(after.fee >= former.fee + after.vbytes, "version.fee.low")


# ---------------------------------------------------------------- who signed a document [11.4, 11.9]


def governors_meet(charter, record):
    voices = []
    for name, (_, device, _) in record.approvals.items():
        living = living_device(charter, name, device)
        if isinstance(living, tuple) and is_governor(charter, living[0]):
            voices.append((name, set(living[0]["groups"]), {living[1]["kind"]}))
    return is_met(charter["governance"]["clause"], voices)


def is_recovered(charter, record):
    recovery = charter["recovery"]
    if recovery is None or record.kind != "charter":
        return False
    valid = [k for k in recovery["keys"] if record.recovered.get(k["id"], (0, 0, None))[2] == k["key"]]
    return len(valid) >= recovery["needed"] and replaces_governors(charter, record.body)


def replaces_governors(before, after):
    group = before["governance"]["group"]

    def others(charter):
        return [m for m in charter["members"] if not (is_person(m) and m["groups"] == [group])]

    return others(before) == others(after) and {**before, "members": []} == {**after, "members": []}


def may_tighten_alone(charter, after, name):
    member = member_of(charter, name)
    if member is None or not is_in(member, [charter["governance"]["group"]]):
        return False
    return is_governable_without(after, name) or not is_governable_without(charter, name)


def charter_tightens(before, after):
    old, new = before["governance"], after["governance"]
    same = ("officers", "signers", "sentinels", "sentinelsNeeded", "recovery", "deputies")
    return (
        all(before[part] == after[part] for part in same)
        and all(group in before["initiators"] for group in after["initiators"])
        and new["group"] == old["group"]
        and new["delaySeconds"] >= old["delaySeconds"]
        and implies(new["clause"], old["clause"], before)
        and all(after["coolDowns"][part] >= seconds_ for part, seconds_ in before["coolDowns"].items())
        and suspends_only(before, after)
    )


def implies(clause, other, charter):
    """Whether whoever meets one clause meets the other, with whatever kinds."""
    if clause == other:
        return True
    named = groups_named(clause) | groups_named(other)
    people = [m for m in charter["members"] if is_person(m) and set(m["groups"]) & named]
    options = [set(), {"secp256k1"}, {"webauthn"}, {"message"}, {"psbt"}]
    mentioned = any(leaf["kinds"] is not None for leaf in leaves_of(clause) + leaves_of(other))
    options = options if mentioned else options[:2]
    if len(options) ** len(people) > 200_000:
        raise Outside("clauses of many people are compared")
    for chosen in itertools.product(options, repeat=len(people)):
        voices = [(m["id"], set(m["groups"]), kinds) for m, kinds in zip(people, chosen) if kinds]
        if is_met(clause, voices) and not is_met(other, voices):
            return False
    return True


def suspends_only(before, after):
    if len(before["members"]) != len(after["members"]):
        return False
    for member, now in zip(before["members"], after["members"]):
        if member["suspended"] and not now["suspended"]:
            return False
        devices = []
        for at, device in enumerate(member["devices"]):
            later = at < len(now["devices"]) and now["devices"][at]["suspended"]
            devices.append({**device, "suspended": device["suspended"] or later})
        if {**member, "suspended": now["suspended"], "devices": devices} != now:
            return False
    return True


# ---------------------------------------------------------------- whether a document can stand [12]


def check_successor(before, after):
    old, new = before["body"], after["body"]
    if before["kind"] == "charter":
        for part in ("protocol", "demonstration", "log"):
            require(old[part] == new[part], "charter.changed")
        require(all(signer in new["signers"] for signer in old["signers"]), "charter.changed")
        for member in old["members"]:
            now = member_of(new, member["id"])
            if now is None:
                continue
            require(is_person(now) == is_person(member), "charter.changed")
            for device in member["devices"]:
                same = next((one for one in now["devices"] if one["id"] == device["id"]), None)
                alike = same is None or {**same, "suspended": False} == {**device, "suspended": False}
                require(alike, "charter.changed")
    elif before["kind"] == "wallet":
        for part in ("network", "genesisBlock", "descriptor", "hotKey", "birth"):
            require(old[part] == new[part], "wallet.changed")
        held = [sorted(holder["key"] for holder in body["holders"]) for body in (old, new)]
        require(held[0] == held[1], "wallet.changed")


def check_content(state, document):
    kind, body = document["kind"], document["body"]
    if kind == "charter":
        check_charter_content(state, body)
        return
    require(state.charter is not None, "document.unauthorised")
    if kind == "wallet":
        check_wallet(state, document["id"], body)
    elif kind == "policy":
        require(body["wallet"] == document["id"], "policy.wallet.mismatch")
        require(wallet_bodies(state, document["id"]), "wallet.unknown")
        check_policy(state, state.charter.body, body)
    else:
        check_destinations(state, body)


def wallet_bodies(state, name):
    if name in state.wallets:
        return [state.wallets[name].body]
    found = [record.document for record in state.documents.values() if record.kind == "wallet"]
    return [document["body"] for document in found if document["id"] == name]


def check_charter_content(state, charter):
    check_charter(charter)
    for wallet in state.wallets.values():
        check_wallet_keys(charter, wallet.id, wallet.body, wallet.wallet)
    for record in state.documents.values():
        if record.kind == "charter" and record.head_at is not None:
            check_moved_keys(record.body, charter)
    for wallet in state.wallets.values():
        check_charter_network(charter, wallet.body["network"])
        require(not wallet.body["custody"] or charter["sentinelsNeeded"], "wallet.custody.sentinel")
        require(all(member_of(charter, held["member"]) for held in wallet.body["holders"]), "wallet.holders")
        if wallet.id in state.policies:
            check_policy(state, charter, state.policies[wallet.id].body)


def check_charter(charter):
    bad = "charter.invalid"
    names = [member["id"] for member in charter["members"]]
    require(len(set(names)) == len(names) and not {RECOVERY, SENTINEL} & set(names), bad)
    for member in charter["members"]:
        devices = [device["id"] for device in member["devices"]]
        require(len(set(devices)) == len(devices), bad)
        require(all(device["kind"] != "webauthn" for device in member["devices"]), "device.kind.unsupported")
        require(set(member["operators"] or []) <= set(names), bad)
    check_distinct(charter)
    signed = [signer["wallet"] for signer in charter["signers"]]
    require(len(set(signed)) == len(signed), bad)
    recovery = charter["recovery"]
    if recovery is not None:
        ids = [key["id"] for key in recovery["keys"]]
        require(len(set(ids)) == len(ids) and recovery["needed"] <= len(ids), bad)
    sentinels = charter["sentinels"]
    require(len({one["id"] for one in sentinels}) == len(sentinels), bad)
    require(all(ed_point(bytes.fromhex(one["key"])) for one in sentinels), bad)
    require(charter["sentinelsNeeded"] <= len(sentinels), bad)
    governance, deputies = charter["governance"], charter["deputies"]
    groups = {group for member in charter["members"] for group in member["groups"]}
    barred = {governance["group"], *groups_named(governance["clause"]), *charter["initiators"]}
    named = barred | {*charter["officers"]} | {group for one in deputies for group in one["groups"]}
    require(named <= groups, bad)
    for deputy in deputies:
        one, other = member_of(charter, deputy["member"]), member_of(charter, deputy["for"])
        require(one and other and is_person(one) and is_person(other) and one is not other, bad)
        own = set(deputy["groups"])
        require(own <= set(other["groups"]) and not own & barred, bad)
        for second in deputies:
            same = second["for"] in (deputy["for"], deputy["member"]) or second["member"] == deputy["member"]
            require(second is deputy or not (own & set(second["groups"]) and same), bad)
    require(is_governable_without(charter, None), "charter.unsatisfiable")


def read_extended(xpub):
    for network in NETWORKS:
        node = parse_xpub(xpub, network)
        if node is not None:
            return node.identity
    return None


READ_KEYS = {}


def read_key(device):
    """(is one, identity, x-only, script)."""
    kind, key = device["kind"], device["key"]
    if (kind, key) not in READ_KEYS:
        if kind == "message":
            script = single_key_script(key)
            found = (script is not None, script.hex() if script else key, None, script)
        elif kind == "psbt":
            extended = read_extended(key)
            x_only = extended[1:33] if extended else None
            found = (extended is not None, extended.hex() if extended else key, x_only, None)
        else:
            found = (True, key, bytes.fromhex(key) if kind == "secp256k1" else None, None)
        READ_KEYS[kind, key] = found
    return READ_KEYS[kind, key]


def enrolled(charter):
    return [(member["id"], device, read_key(device)) for member in charter["members"] for device in member["devices"]]


def ownerless_keys(charter):
    """Of secp256k1 and of no device."""
    keys = [key["key"] for key in (charter["recovery"] or {"keys": []})["keys"]]
    return [bytes.fromhex(key) for key in keys + [one["freezeKey"] for one in charter["sentinels"]]]


def check_distinct(charter):
    devices = enrolled(charter)
    require(all(read[0] for *_, read in devices), "device.key.invalid")
    others = ownerless_keys(charter)
    signers = [one["key"] for part in ("signers", "sentinels") for one in charter[part]]
    texts = [charter["log"]["key"], *signers, *[key.hex() for key in others], *[read[1] for *_, read in devices]]
    keys = others + [read[2] for *_, read in devices if read[2]]
    reused = "charter.key.reused"
    require(len(set(texts)) == len(texts) and len(set(keys)) == len(keys), reused)
    scripts = [read[3] for *_, read in devices if read[3]]
    if scripts:
        alone = set().union(*map(single_key_scripts, keys))
        require(not any(script in alone for script in scripts), reused)


def check_wallet_keys(charter, name, body, wallet):
    if wallet.compared_keys is None:
        known = {node.key[1:] for _, _, node, _ in wallet.keys}
        for branch in (0, 1):
            for index in range(20):
                known |= {wallet.key_at(k, branch, index)[1:] for k in range(len(wallet.keys))}
        wallet.compared_keys = known
    known = wallet.compared_keys
    require(not any(key in known for key in ownerless_keys(charter)), "charter.key.reused")
    for member, device, (_, _, x_only, script) in enrolled(charter):
        if script is not None:
            alone = set().union(*map(single_key_scripts, known))
            ours = script in alone or wallet.has(script, body["gapLimit"] - 1)
            require(not ours, "device.address.wallet")
        elif device["kind"] == "psbt" and device["wallet"] == name:
            holds = {"member": member, "key": device["key"]} in body["holders"]
            signs = device["key"] in [wallet.xpubs[k] for k in wallet.signers]
            require(holds and signs, "device.wallet.foreign")
        else:
            require(x_only not in known, "charter.key.reused")


def check_moved_keys(before, after):
    owner = {read[1]: (member, device["id"]) for member, device, read in enrolled(before)}
    for member, device, read in enrolled(after):
        own = (member, device["id"])
        require(owner.get(read[1], own) == own, "charter.key.reused")


def check_charter_network(charter, network):
    if network in ("sandbox", "regtest"):
        return
    require(not charter["demonstration"], "demonstration.network")
    waits = [*charter["coolDowns"].values(), charter["governance"]["delaySeconds"]]
    require(all(waits), "charter.network")


def key_number(wallet, xpub):
    """By public key and chain code, or None."""
    node = parse_xpub(xpub, wallet.network)
    if node is None:
        return None
    return next((k for k, key in enumerate(wallet.keys) if key[2].identity == node.identity), None)


def check_wallet(state, name, body):
    charter = state.charter.body
    require(not body["custody"] or charter["sentinelsNeeded"], "wallet.custody.sentinel")
    check_charter_network(charter, body["network"])
    require(body["genesisBlock"] == GENESIS_BLOCKS[body["network"]], "wallet.network")
    require(any(signer["wallet"] == name for signer in charter["signers"]), "wallet.signer.missing")
    wallet = wallet_of(body["descriptor"], body["network"])
    claimed = sorted([body["hotKey"], *[holder["key"] for holder in body["holders"]]])
    require(claimed == sorted(wallet.xpubs), "wallet.holders")
    require(all(member_of(charter, holder["member"]) for holder in body["holders"]), "wallet.holders")
    check_outside(wallet, body)
    mine = {key[2].identity for key in wallet.keys}
    for other in state.wallets.values():
        shared = other.id != name and mine & {key[2].identity for key in other.wallet.keys}
        require(not shared, "charter.key.reused")
    check_wallet_keys(charter, name, body, wallet)
    if name in state.policies and body["outside"]:
        check_policy(state, charter, state.policies[name].body, [body])


def check_outside(wallet, body):
    hot = key_number(wallet, body["hotKey"])
    require(hot is not None and hot in wallet.signers, "wallet.hotkey.idle")
    birth = max(body["birth"], 930_000 if wallet.network == "mainnet" else 0)
    soon = {"blocks": 144, "seconds": 86_400, "height": birth + 144, "time": 1_767_225_600}
    sets = key_sets_without(wallet.condition, hot, lambda lock: lock[1] < soon[lock[0]], 20)
    require(sets is not None, "wallet.outside.bounds")
    spending = {tuple(sorted(wallet.keys[k][0] for k in one)) for one in sets}
    named = [tuple(sorted(keys)) for keys in body["outside"]]
    require(spending <= set(named), "wallet.outside.missing" if named else "wallet.hotkey")
    require(set(named) <= spending and len(set(named)) == len(named), "wallet.outside.excess")


def check_destinations(state, body):
    bad = "destinations.invalid"
    require(state.wallets, bad)
    network = next(iter(state.wallets.values())).body["network"]
    ids, scripts = set(), set()
    for entry in body["entries"]:
        require(entry["id"] not in ids and entry["script"] not in scripts, bad)
        ids.add(entry["id"])
        scripts.add(entry["script"])
        require(script_of_address(entry["address"], network).hex() == entry["script"], bad)


def folded(name):
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).upper().lower())


def check_policy(state, charter, policy, bodies=None):
    """The first problem of a policy. What it asserts is taken as proven."""
    bodies = wallet_bodies(state, policy["wallet"]) if bodies is None else bodies
    members = lasting_members(charter, shown_wallet(policy["wallet"], bodies))
    for names, found in (("rules", policy["rules"]), ("limits", policy["limits"])):
        require(found or names == "limits", "policy.rules.empty")
    for part in ("limits", "rules"):
        names = [folded(one["name"]) for one in policy[part]]
        require(len(set(names)) == len(names), "policy.name.duplicate")
    custody = any(body["custody"] for body in bodies)
    for rule in policy["rules"]:
        check_rule(policy, rule, charter, members)
        if custody and not rule["deny"]:
            check_custody(policy, rule, charter, members)
    others = [record.body for record in state.policies.values() if record.body["wallet"] != policy["wallet"]]
    for limit in policy["limits"]:
        if limit["here"] is None:
            continue
        shared = [
            one
            for other in others
            for one in other["limits"]
            if one["of"] == "organisation"
            and one["measure"] == limit["measure"]
            and folded(one["name"]) == folded(limit["name"])
        ]
        most = min([limit["most"], *[one["most"] for one in shared]])
        require(limit["here"] + sum(one["here"] for one in shared) <= most, "policy.share.exceeded")


def check_rule(policy, rule, charter, members):
    known = set().union(*[groups for _, groups, _, _ in members])
    terms = (rule["when"]["initiator"] or {"any": []})["any"]
    unknown_groups = [term for term in terms if term.startswith("group:") and term[6:] not in known]
    ids = {name for name, *_ in members}
    unknown_members = [term for term in terms if term.startswith("member:") and term[7:] not in ids]
    proposers = [member for member in members if member[1] & set(charter["initiators"])]
    sure = None if unknown_groups or unknown_members else proposers
    require(not never_matches(rule, sure), "policy.rule.unreachable")
    require(not unknown_groups, "policy.group.unknown")
    require(not unknown_members, "policy.member.unknown")
    if rule["deny"]:
        return
    clause = rule["require"]["approvals"]
    require(all(leaf["atLeast"] >= 1 for leaf in leaves_of(clause)), "policy.quorum.zero")
    require(rule["require"]["delaySeconds"] <= policy["expires"]["approveSeconds"], "policy.delay.outlives")
    require(groups_named(clause) <= known, "policy.group.unknown")
    standing = [(name, operators) for name, _, _, operators in members]
    voices = [(name, groups, kinds) for name, groups, kinds, _ in members]
    for member in proposers:
        if is_initiator(member, rule["when"]["initiator"]):
            require(is_met(clause, eligible(voices, member[0], standing)), "policy.quorum.unsatisfiable")
    require(not asks_more(clause, charter["governance"]["clause"]), "policy.governance.weaker")


def check_custody(policy, rule, charter, members):
    """Neither devices that a web page drives nor one person alone move what belongs to others."""
    parts = ("amount", "destinations", "outputs", "initiator", "hours", "reference")

    def helps(other):
        wide, narrow = other["when"], rule["when"]
        same = wide["payments"] == narrow["payments"]
        return same and all(wide[part] is None or wide[part] == narrow[part] for part in parts)

    clauses = [one["require"]["approvals"] for one in policy["rules"] if not one["deny"] and helps(one)]
    require(not all(fillable(clause, {"webauthn"}) for clause in clauses), "policy.custody.webauthn")
    standing = [(name, operators) for name, _, _, operators in members]
    voices = [(name, groups, kinds) for name, groups, kinds, _ in members]
    for member in members:
        proposes = member[1] & set(charter["initiators"]) and is_initiator(member, rule["when"]["initiator"])
        if not proposes or member[3] is None:
            continue
        for voice in eligible(voices, member[0], standing):
            alone = all(is_met(clause, [voice]) for clause in clauses)
            require(not alone, "policy.custody.alone")


def is_initiator(member, named):
    if named is None:
        return True
    return any(term == f"member:{member[0]}" or term[6:] in member[1] and term[:6] == "group:" for term in named["any"])


def fewest(clause):
    if "from" in clause:
        return clause["atLeast"]
    return sum(map(fewest, clause["all"])) if "all" in clause else min(map(fewest, clause["any"]))


def fillable(clause, held):
    if "from" in clause:
        return clause["kinds"] is None or bool(set(clause["kinds"]) & held)
    part = (fillable(one, held) for one in clause.get("all", clause.get("any")))
    return all(part) if "all" in clause else any(part)


def asks_more(clause, governance):
    if fewest(clause) > fewest(governance):
        return True
    for size in range(1, 5):
        for held in map(set, itertools.combinations(DEVICE_KINDS, size)):
            shown = held | {"psbt"} if "message" in held else held
            if fillable(governance, held) and not fillable(clause, shown):
                return True
    return False


def never_matches(rule, proposers):
    """Whether no spend can match a rule as it was meant."""
    when, deny = rule["when"], rule["deny"]
    for bounds in (when["amount"], when["outputs"]):
        if bounds and None not in (bounds["above"], bounds["atMost"]) and bounds["above"] >= bounds["atMost"]:
            return True
    if pays_never(when, deny) if when["payments"] == "some" else self_never(when):
        return True
    hours = when["hours"]
    if hours and hours["is"] == "outside":
        covered = {
            (day, minute)
            for span in hours["spans"]
            for day in span["days"]
            for minute in range(span["fromMinute"], span["toMinute"])
        }
        if len(covered) == 7 * 1440:
            return True
    return bool(when["initiator"] and proposers is not None) and not any(
        is_initiator(member, when["initiator"]) for member in proposers
    )


def self_never(when):
    amount, outputs = when["amount"], when["outputs"]
    if when["destinations"]:
        return True
    if outputs and (outputs["any"] is not None or outputs["above"] is not None):
        return True
    alone = amount and (amount["windowSeconds"] is None or amount["of"] == "destination")
    return bool(alone and amount["above"] is not None)


def pays_never(when, deny):
    outputs = when["outputs"] or {"any": None, "above": None, "atMost": None}
    most = 250 if outputs["atMost"] is None else outputs["atMost"]
    if most < 1 or (outputs["above"] or 0) >= 250:
        return True
    destinations = when["destinations"] or {"all": None, "any": None}
    every, some = destinations["all"] or [None], destinations["any"] or [None]

    def meet(a, b):
        if a is None or b is None or a == b:
            return True
        if "unlisted" in (a, b):
            return deny and "listed" not in (a, b)
        return not (a.startswith("owner:") and b.startswith("owner:"))

    def may_be(kind, term):
        return kind == "zero-value" or term in (None, "unlisted")

    if not any(meet(a, b) for a in every for b in some):
        return True
    if outputs["any"] is None:
        return amount_never(when["amount"], 0, MONEY)
    others = some if most == 1 else [None]
    possible = [
        kind
        for kind in outputs["any"]
        if any(meet(a, b) and may_be(kind, a) and may_be(kind, b) for a in every for b in others)
    ]
    if not possible:
        return True
    nothing = most == 1 and all(kind == "zero-value" for kind in possible)
    return amount_never(when["amount"], int(all(k == "data-value" for k in possible)), 0 if nothing else MONEY)


def amount_never(amount, least, most):
    if amount is None:
        return False
    if amount["atMost"] is not None and amount["atMost"] < least:
        return True
    return amount["above"] is not None and amount["windowSeconds"] is None and amount["above"] >= most


# ---------------------------------------------------------------- approvals that stand [14, 15]


def forced_charters(state, ledger):
    """[(forced, body)] of the history."""
    found = [(one, state.record_of("charter", one.document)) for one in ledger.forced["charter"]]
    return [(one, record) for one, record in found if record is not None]


def charters_since(state, ledger, since):
    history = ledger.forced["charter"]
    after = next((i for i, one in enumerate(history) if one.at > since), None)
    first = len(history) - 1 if after is None else max(0, after - 1)
    kept = {id(one) for one in history[max(0, first) :]}
    return [(one, record.body) for one, record in forced_charters(state, ledger) if id(one) in kept]


def charters_after(state, ledger, index):
    history = ledger.forced["charter"]
    found = []
    for one, record in forced_charters(state, ledger):
        later = one.log_size > index and (record.head_at is None or record.head_at > index)
        if later or one is history[-1]:
            found.append((one, record.body))
    return found


def cooled_at(state, ledger, member, device, at):
    """When a device has cooled by what was in force until a time, or None."""
    run, key = [], None
    for forced in reversed(ledger.forced["charter"]):
        if forced.at > at:
            continue
        record = state.record_of("charter", forced.document)
        living = living_device(record.body, member, device) if record else None
        if not isinstance(living, tuple) or (key is not None and living[1]["key"] != key):
            break
        key = living[1]["key"]
        run.insert(0, (forced, record.body["coolDowns"]["deviceSeconds"]))
    known = ledger.sights.get(run[0][0].document) if run else None
    if known is None:
        return None
    for i, (forced, cool_down) in enumerate(run):
        cooled = max(known + cool_down, known if i == 0 else forced.at)
        if i + 1 == len(run) or cooled <= run[i + 1][0].at:
            return cooled
    return None


@dataclass
class Standing:
    approval: Approval
    device: str
    charters: list  # [(at, body)]
    seen: int | None
    kind: str
    lost: str | None
    start: int | None
    earliest: int
    until: int

    def holds(self, at):
        return self.lost is None and self.start is not None and self.start <= at < self.until


class Bench:
    """A proposal before its signer, at a time."""

    def __init__(self, state, proposal, now):
        self.state, self.proposal, self.now = state, proposal, now
        self.wallet = state.wallets[proposal.wallet]
        self.ledger = state.ledger(proposal.wallet)
        self.force = {kind: state.in_force(self.ledger, kind) for kind in BODIES}

    def life(self, charters, member, device):
        """(kind, lost)."""
        key, kind = None, "secp256k1"
        for _, body in charters:
            living = living_device(body, member, device)
            if isinstance(living, str):
                return kind, living
            if key is not None and living[1]["key"] != key:
                return kind, "device.unknown"
            key, kind = living[1]["key"], living[1]["kind"]
        return kind, None if key in self.state.confirmed else "device.unconfirmed"

    def standings(self, approve_seconds):
        found = []
        withdrawn = {one["member"] for one in heard_on(self.ledger, self.proposal)}
        for approval in self.proposal.approvals:
            if approval.member in withdrawn:
                continue
            seen = self.ledger.sights.get(approval.digest)
            held = charters_since(self.state, self.ledger, SAFE if seen is None else seen)
            missed = charters_after(self.state, self.ledger, approval.index)
            missed = [one for one in missed if not any(one[0] is other[0] for other in held)]
            charters = [(forced.at, body) for forced, body in missed + held]
            devices = [approval.statement["device"], *self.wallet_device(approval, charters)]
            found += [self.standing(approval, device, charters, seen, approve_seconds) for device in devices]
        return found

    def standing(self, approval, device, charters, seen, approve_seconds):
        issued, expires = seconds(approval.statement["issuedAt"]), seconds(approval.statement["expiresAt"])
        kind, lost = self.life(charters, approval.member, device)
        cooled = cooled_at(self.state, self.ledger, approval.member, device, SAFE)
        start = None if seen is None or cooled is None else max(seen, cooled, issued - 120)
        until = min(expires, issued + approve_seconds)
        return Standing(approval, device, charters, seen, kind, lost, start, issued - 120, until)

    def wallet_device(self, approval, charters):
        if self.is_outdated(approval) or approval.cosigner is None or not charters:
            return []
        body = self.force["wallet"].body
        if body["outside"]:
            return []
        key = self.wallet.wallet.xpubs[approval.cosigner]
        member = member_of(charters[0][1], approval.member)
        return [
            device["id"]
            for device in (member["devices"] if member else [])
            if device["kind"] == "psbt" and device["wallet"] == self.wallet.id and device["key"] == key
        ]

    def is_outdated(self, approval):
        used = self.state.nonces.get(nonce_of(approval.signatures[0])) if approval.signatures else None
        if used is None or used[1] == self.proposal.digest:
            return False
        transaction = self.proposal.statement["spend"]["transaction"]
        return any(
            other.statement["spend"]["transaction"] == transaction
            and (other.ended == "proposal.rejected" or approval.member in other.final)
            for other in self.state.proposals.values()
        )

    def voices(self, held, at):
        """held: standings, all of which hold."""
        said = {one.approval.digest for one in held if one.device == one.approval.statement["device"]}
        by_member = {}
        for one in held:
            if one.approval.digest in said:
                by_member.setdefault(one.approval.member, []).append((one.kind, groups_held(one, at)))
        made = []
        for member, each in by_member.items():
            groups = set().union(*[own for _, own in each])
            made.append((member, groups, {kind for kind, own in each if groups <= own}))
        return self.eligible(made)

    def eligible(self, voices):
        initiator = self.proposal.statement["initiator"]
        named = self.state.record_of("charter", self.proposal.statement["charter"])
        found = member_of(named.body, initiator) if named else None
        behind = (found["operators"] or []) if found else []
        members = [(member["id"], member["operators"]) for member in self.force["charter"].body["members"]]
        return eligible([voice for voice in voices if voice[0] not in behind], initiator, members)

    def voices_at(self, standings, at):
        return self.voices([one for one in standings if one.holds(at)], at)

    def voices_if_seen(self, standings, at):
        held = []
        for one in standings:
            begun = one.seen is None if one.start is None else one.start <= at
            if one.lost is None and begun and at < one.until:
                held.append(one)
        return self.voices(held, at)

    def voices_then(self, standings, at):
        held = []
        for one in standings:
            charters = [charter for i, charter in enumerate(one.charters) if i == 0 or charter[0] <= at]
            cooled = cooled_at(self.state, self.ledger, one.approval.member, one.device, at)
            if one.seen is None or cooled is None or at >= one.until:
                continue
            kind, lost = self.life(charters, one.approval.member, one.device)
            if max(one.seen, cooled, one.earliest) <= at and lost is None:
                fields = {**vars(one), "charters": charters, "kind": kind, "lost": lost}
                held.append(Standing(**fields))
        return self.voices(held, at)

    def initiator_stands(self):
        statement = self.proposal.statement
        named = next((one for one in self.ledger.forced["charter"] if one.document == statement["charter"]), None)
        for _, body in charters_since(self.state, self.ledger, named.at if named else 0):
            living = living_device(body, statement["initiator"], statement["device"])
            if isinstance(living, str) or not is_in(living[0], body["initiators"]):
                return False
        return True


def groups_held(standing, at):
    """In every charter since."""
    found = None
    for _, body in standing.charters:
        member = member_of(body, standing.approval.member)
        own = groups_at(body, member, at) if member else set()
        found = own if found is None else found & own
    return found or set()


# ---------------------------------------------------------------- address books at a time [16]


@dataclass
class Look:
    listed: dict  # script: (owner, tags)
    said: dict


def look_at(state, ledger, named, current, now):
    said = {}
    for book in (named, current):
        for entry in book.body["entries"] if book else []:
            tags = said.get(entry["script"], (None, set()))[1]
            said[entry["script"]] = (entry["owner"], tags | set(entry["tags"]))
    return Look(listed(state, ledger, named, current, now), said)


def listed(state, ledger, named, current, now):
    runs, reached = {}, False
    for forced in ledger.forced["destinations"]:
        if reached:
            break
        record = state.record_of("destinations", forced.document)
        seen = ledger.sights.get(forced.document)
        if record is None or seen is None:
            return {}
        after = {}
        for entry in record.body["entries"]:
            owner, since, tags = runs.get(entry["script"], (None, None, {}))
            if owner != entry["owner"]:
                since, tags = seen, {}
            after[entry["script"]] = (entry["owner"], since, {tag: tags.get(tag, seen) for tag in entry["tags"]})
        runs, reached = after, current is not None and forced.document == current.digest
    if not reached or named is None:
        return {}
    periods, charters = [], forced_charters(state, ledger)
    history = ledger.forced["charter"]
    for one, record in charters:
        at = history.index(one)
        until = history[at + 1].at if at + 1 < len(history) else INFINITY
        periods.append((one.at, until, record.body["coolDowns"]["destinationSeconds"]))

    def has_cooled(since):
        for at, until, wait in periods:
            if max(at, since + wait) <= until:
                return max(at, since + wait) <= now
        return False

    before = {entry["script"]: entry for entry in named.body["entries"]}
    found = {}
    for script, (owner, since, tags) in runs.items():
        entry = before.get(script)
        if entry is None or entry["owner"] != owner or not has_cooled(since):
            continue
        kept = {tag for tag, given in tags.items() if tag in entry["tags"] and has_cooled(given)}
        found[script] = (owner, kept)
    return found


# ---------------------------------------------------------------- what a policy says [17]


@dataclass
class Facts:
    payments: list  # (script, sats)
    amount: int
    fee: int
    vbytes: int
    initiator: str
    groups: list
    reference: bool
    look: Look


@dataclass
class Evaluation:
    refusals: list
    waiting: list
    matched: list  # rules
    delay: int


def payments_of(view):
    return [(one["script"], one["sats"]) for one in view.payments]


class Usage:
    """What holds budget of a wallet at its signer, one proposal left out."""

    def __init__(self, state, ledger, without):
        self.spends = []
        for name, at in [*ledger.signed.items(), *[(one, None) for one in ledger.reservations]]:
            if name != without:
                self.spends.append((at, state.proposals[name]))

    def held(self, measure, of, key, window, now, look):
        if window is None:
            return 0
        total = 0
        for at, proposal in self.spends:
            if at is None or at > now - window:
                total += counted(proposal, measure, of, key, look)
        return total


def owner_of(look, script):
    return look.listed[script][0] if script in look.listed else None


def counted(proposal, measure, of, key, look):
    amount, fee = proposal.view.amount, proposal.most_fee
    if of == "initiator" and proposal.statement["initiator"] != key:
        return 0
    if of == "destination":
        paid = [sats_ for script, sats_ in payments_of(proposal.view) if owner_of(look, script) == key]
        if not paid:
            return 0
        amount = sum(paid)
    return {"amount": amount, "count": 1, "fee": fee}[measure]


def asked_of(facts, measure, of):
    """[(key, what this spend asks)]."""
    whole = {"amount": facts.amount, "count": 1, "fee": facts.fee}
    if of != "destination":
        return [(facts.initiator if of == "initiator" else None, whole[measure])]
    owners = {}
    for script, amount in facts.payments:
        owner = owner_of(facts.look, script)
        owners[owner] = owners.get(owner, 0) + amount
    return [(owner, amount if measure == "amount" else whole[measure]) for owner, amount in owners.items()]


def terms_of(facts, script, by):
    """What a payment is."""
    found = set()

    def says(what):
        found.add(f"owner:{what[0]}")
        found.update(f"tag:{tag}" for tag in what[1])

    if script in facts.look.listed:
        found.add("listed")
        says(facts.look.listed[script])
    else:
        found.add("unlisted")
    if by == "said" and script in facts.look.said:
        says(facts.look.said[script])
    return found


def destinations_hold(asked, facts, by):
    each = [terms_of(facts, script, by) for script, _ in facts.payments]
    every = asked["all"] is None or all(terms & set(asked["all"]) for terms in each)
    some = asked["any"] is None or any(terms & set(asked["any"]) for terms in each)
    return bool(each) and every and some


def is_between(value, asked):
    return (asked["above"] is None or value > asked["above"]) and (asked["atMost"] is None or value <= asked["atMost"])


def output_kinds(facts):
    found = set()
    for script, amount in facts.payments:
        data = bytes.fromhex(script)
        if amount == 0:
            found.add("zero-value")
        if data[:1] == b"\x6a" and amount > 0:
            found.add("data-value")
        version = data[0] if data else 0xFF
        program = len(data) >= 4 and (version == 0 or 0x51 <= version <= 0x60)
        if program and 2 <= data[1] <= 40 and len(data) == data[1] + 2:
            known = data[1] in (20, 32) if version == 0 else version == 0x51 and data[1] == 32
            if not known:
                found.add("witness-unknown")
    return [kind for kind in ("data-value", "witness-unknown", "zero-value") if kind in found]


def east_of(offset):
    """Seconds east of UTC."""
    return -offset["seconds"] if "west" in offset else offset["seconds"]


def local_time(zone, at):
    """(weekday, minute), or None."""
    if at >= zone["until"]:
        return None
    offset = next((east_of(one) for one in reversed(zone["offsets"]) if one["from"] <= at), None)
    if offset is None:
        return None
    second = (at + offset + 3 * DAY) % (7 * DAY)
    return WEEKDAYS[second // DAY], second % DAY // 60


def hours_hold(asked, local):
    within = any(
        local[0] in span["days"] and span["fromMinute"] <= local[1] < span["toMinute"] for span in asked["spans"]
    )
    return within == (asked["is"] == "within")


def hour_changes(zone, conditions, after):
    edges = {
        (WEEKDAYS.index(day) * DAY + minute * 60) % (7 * DAY)
        for one in conditions
        for span in one["spans"]
        for day in span["days"]
        for minute in (span["fromMinute"], span["toMinute"])
    }
    end = min(zone["until"] - 1, after + 15 * DAY)
    times = set()
    for i, one in enumerate(zone["offsets"]):
        until = zone["offsets"][i + 1]["from"] if i + 1 < len(zone["offsets"]) else zone["until"]
        if until <= after or one["from"] > end:
            continue
        start = max(one["from"], after)
        if one["from"] > after:
            times.add(one["from"])
        local = start + east_of(one)
        week = local - (local + 3 * DAY) % (7 * DAY)
        while week - east_of(one) <= min(end, until - 1):
            for edge in edges:
                at = week + edge - east_of(one)
                if start < at <= end and at < until:
                    times.add(at)
            week += 7 * DAY
    return sorted(times)


class Inquiry:
    """One spend before one policy."""

    def __init__(self, policy, facts, usage, now):
        self.policy, self.facts, self.usage, self.now = policy, facts, usage, now
        self.kinds = output_kinds(facts)
        self.local = local_time(policy["zone"], now) if policy["zone"] else None

    def amount(self, asked):
        largest = 0
        for key, own in asked_of(self.facts, "amount", asked["of"]):
            held = self.usage.held("amount", asked["of"], key, asked["windowSeconds"], self.now, self.facts.look)
            largest = max(largest, held + own)
        return largest

    def matches(self, rule, hours=True):
        """By all conditions, hours among them unless left out."""
        when, facts = rule["when"], self.facts
        if (when["payments"] == "none") != (not facts.payments):
            return False
        if when["amount"] and not is_between(self.amount(when["amount"]), when["amount"]):
            return False
        if when["destinations"] and not destinations_hold(when["destinations"], facts, "said"):
            return False
        outputs = when["outputs"]
        if outputs and not is_between(len(facts.payments), outputs):
            return False
        if outputs and outputs["any"] is not None and not set(outputs["any"]) & set(self.kinds):
            return False
        if when["initiator"]:
            own = {f"member:{facts.initiator}", *[f"group:{group}" for group in facts.groups]}
            if not own & set(when["initiator"]["any"]):
                return False
        if when["reference"] and facts.reference != (when["reference"] == "present"):
            return False
        return not (hours and when["hours"]) or hours_hold(when["hours"], self.local)

    def permits(self, rule):
        asked = rule["when"]["destinations"]
        return not rule["deny"] and (asked is None or destinations_hold(asked, self.facts, "listed"))

    def denials(self, hits):
        if not self.policy["rules"]:
            return ["policy.rules.empty"]
        if not any(rule["deny"] or self.permits(rule) for rule in hits):
            found = ["policy.none.matched"]
        else:
            found = []
            for rule in hits:
                if rule["deny"]:
                    found.append("policy.denied")
                elif any(leaf["atLeast"] < 1 for leaf in leaves_of(rule["require"]["approvals"])):
                    found.append("policy.quorum.zero")
        named = {
            kind
            for rule in hits
            if self.permits(rule)
            for kind in (rule["when"]["outputs"] or {"any": None})["any"] or []
        }
        return found + ["policy.output.unnamed" for kind in self.kinds if kind not in named]

    def opening(self):
        """The rules at the next time at which the hours alone allow, or None."""
        zone = self.policy["zone"]
        if zone is None:
            return None
        near = [rule for rule in self.policy["rules"] if self.matches(rule, hours=False)]
        conditions = [rule["when"]["hours"] for rule in near if rule["when"]["hours"]]
        if not conditions:
            return None
        for at in hour_changes(zone, conditions, self.now):
            local = local_time(zone, at)
            if local is None:
                return None
            hits = [rule for rule in near if not rule["when"]["hours"] or hours_hold(rule["when"]["hours"], local)]
            if not self.denials(hits):
                return hits
        return None

    def fees(self):
        caps, facts = self.policy["fees"], self.facts
        found = []
        if caps["rateSatPerVbyte"] is not None and facts.fee > caps["rateSatPerVbyte"] * facts.vbytes:
            found.append("policy.fee.exceeded")
        if not facts.payments:
            if facts.fee > caps["selfSats"]:
                found.append("policy.fee.exceeded")
        elif caps["sharePerMille"] is not None and facts.fee * 1000 > caps["sharePerMille"] * facts.amount:
            found.append("policy.fee.exceeded")
        return found

    def evaluate(self):
        named_hours = any(rule["when"]["hours"] for rule in self.policy["rules"])
        if named_hours and self.local is None:
            return Evaluation(["policy.hours.unknown"], [], [], 0)
        fixed, waiting = self.fees(), []
        for limit in self.policy["limits"]:
            of = "wallet" if limit["of"] == "organisation" else limit["of"]
            most = limit["most"] if limit["here"] is None else limit["here"]
            for key, asked in asked_of(self.facts, limit["measure"], of):
                held = self.usage.held(
                    limit["measure"], of, key, limit["windowSeconds"], self.now, self.facts.look
                )
                if held + asked > most:
                    code = "policy.fee.budget" if limit["measure"] == "fee" else "policy.limit.exceeded"
                    (fixed if asked > most else waiting).append(code)
        hits = [rule for rule in self.policy["rules"] if self.matches(rule)]
        denied = self.denials(hits)
        always = any(rule["deny"] and rule["when"]["hours"] is None for rule in hits)
        if denied and not fixed and not always:
            opened = self.opening()
            if opened is not None:
                hits, denied, waiting = opened, [], ["policy.hours.closed", *waiting]
        matched = [rule for rule in hits if not rule["deny"]]
        delay = max([rule["require"]["delaySeconds"] for rule in matched], default=0)
        return Evaluation(denied + fixed, waiting, matched, delay)


# ---------------------------------------------------------------- the verdict [18, 19]


def heard_on(ledger, proposal):
    """Approval statements on a proposal that came by a sentinel."""
    said = [one for one in ledger.heard.values() if one["type"] == "approval"]
    return [one for one in said if one["proposal"] == proposal.digest]


def end_of(proposal, ledger):
    """Why it can never be signed, by the log or by what was heard outside it."""
    if proposal.ended is not None:
        return proposal.ended
    for one in heard_on(ledger, proposal):
        if one["decision"] == "reject":
            return "proposal.rejected"
        if one["member"] == proposal.statement["initiator"]:
            return "proposal.withdrawn"
    return None


def delays_since(state, ledger):
    """Since when delays run on without a break."""
    first = None
    for one, record in reversed(forced_charters(state, ledger)):
        if record.body["sentinelsNeeded"] == 0:
            break
        first = one
    if ledger.started_at is None or first is None:
        return ledger.started_at
    return min(ledger.started_at, first.at)


def blocked_wallet(state, ledger, wallet):
    """Why nothing is done about a wallet now, or None."""
    for freeze in state.freezes:
        heard = freeze["heard"] is None or wallet.id in freeze["heard"]
        if freeze["wallet"] in ("*", wallet.id) and heard and freeze["digest"] not in ledger.lifted:
            return "wallet.frozen"
    in_log = {freeze["digest"] for freeze in state.freezes} | ledger.lifted
    if any(one["type"] == "freeze" and name not in in_log for name, one in ledger.heard.items()):
        return "wallet.frozen"
    force = state.in_force(ledger, "wallet") if state.in_force(ledger, "charter") else None
    body = (force or wallet.record).body
    for holder in body["holders"]:
        if holder["key"] not in wallet.wallet.xpubs:
            return "wallet.unconfirmed"
        key = wallet.wallet.key_at(wallet.wallet.xpubs.index(holder["key"]), 0, 0).hex()
        if (holder["member"], key) not in wallet.confirmed_by:
            return "wallet.unconfirmed"
    return None if ledger.proof == wallet.root.digest else "wallet.unconfirmed"


def screening_code(state, proposal, policies):
    if not proposal.view.payments:
        return None
    answers = state.screenings.get(proposal.digest)
    if answers is None:
        return "screening.unanswered" if any(policy["screening"] for policy in policies) else None
    if "deny" in answers:
        return "screening.denied"
    return "screening.held" if "hold" in answers else None


def variable_part(address):
    lower = address.lower()
    found = re.match("(?:bc|tb|bcrt)1.", lower)
    return address[1:] if found is None else lower[found.end() :]


def alike(a, b):
    def shared(pairs):
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))

    return a != b and shared(zip(a, b)) + shared(zip(a[::-1], b[::-1])) >= 6


def looks_listed(bench):
    network = bench.proposal.statement["network"]
    history = bench.ledger.forced["destinations"]
    known = []
    for one in history:
        record = bench.state.record_of("destinations", one.document)
        if record is not None and (one.by != "one" or one is history[-1]):
            known += [entry["script"] for entry in record.body["entries"]]
    current = bench.force["destinations"]
    meant = {entry["script"] for entry in current.body["entries"]} if current else set()
    parts = {address_of(bytes.fromhex(script), network) for script in known} - {None}
    parts = list(map(variable_part, parts))
    for script, _ in payments_of(bench.proposal.view):
        address = None if script in meant else address_of(bytes.fromhex(script), network)
        if address is not None and any(alike(variable_part(address), part) for part in parts):
            return True
    return False


def likes_of(proposal):
    found = set()
    if proposal.statement["reference"] is not None:
        found.add(proposal.statement["reference"])
    payments = tuple(sorted(payments_of(proposal.view)))
    return found | {payments} if payments else found


def coins_of(proposal):
    return {coin["outpoint"] for coin in proposal.view.coins}


def spent_by(bench):
    """Proposals whose signatures exist or may, in the order of the ledger."""
    names = dict.fromkeys([*bench.ledger.signed, *bench.ledger.intents])
    return [bench.state.proposals[name] for name in names]


def spend_conflict(bench):
    proposal, ledger, state = bench.proposal, bench.ledger, bench.state
    own = coins_of(proposal)
    if proposal.statement["kind"] != "cancel":
        if any(other is not proposal and own & coins_of(other) for other in spent_by(bench)):
            return "coin.signed"
    former = None
    for name, at in ledger.signed.items():
        other = state.proposals[name]
        times = [at, *[later for _, later in ledger.bumps_signed.get(name, [])]]
        if other is proposal or bench.now - max(times) >= 7 * DAY or not likes_of(other) & likes_of(proposal):
            continue
        if former is None or other.index > former.index:
            former = other
    if former is not None and proposal.statement["repeats"] != former.digest:
        return "spend.repeated"
    for name in ledger.reservations:
        other = state.proposals[name]
        cancels = other.statement["cancels"]
        same = cancels is not None and cancels == proposal.statement["cancels"]
        if other is not proposal and not same and own & coins_of(other):
            return "coin.reserved"
    return None


def facts_of(bench, look, view, fee):
    proposal = bench.proposal
    member = member_of(bench.force["charter"].body, proposal.statement["initiator"])
    return Facts(
        payments_of(view),
        view.amount,
        fee,
        view.vbytes,
        proposal.statement["initiator"],
        member["groups"] if member else [],
        proposal.statement["reference"] is not None,
        look,
    )


def judge(bench, policy, look, view=None, fee=None):
    proposal = bench.proposal
    view = proposal.view if view is None else view
    facts = facts_of(bench, look, view, proposal.most_fee if fee is None else fee)
    usage = Usage(bench.state, bench.ledger, proposal.digest)
    return Inquiry(policy, facts, usage, bench.now).evaluate()


def named_book(bench):
    return bench.state.record_of("destinations", bench.proposal.statement["destinations"])


def authorise(state, proposal, now):
    """(outcome, code)."""
    ledger = state.ledger(proposal.wallet)
    if proposal.digest in ledger.signed:
        return "signed", None
    if end_of(proposal, ledger) is not None:
        return "refused", end_of(proposal, ledger)
    bench = Bench(state, proposal, now)
    if bench.force["charter"] is None or bench.force["wallet"] is None:
        return "pending", "signer.pending"
    blocked = blocked_wallet(state, ledger, bench.wallet)
    if blocked is not None:
        return "pending", blocked
    statement = proposal.statement
    named, current = state.record_of("policy", statement["policy"]), bench.force["policy"]
    if named is None or current is None:
        return "pending", "document.waiting"
    policies = [named.body] if named is current else [named.body, current.body]
    approve_seconds = min(policy["expires"]["approveSeconds"] for policy in policies)
    documents = [("charter", statement["charter"]), ("wallet", statement["wallet"]["digest"])]
    documents += [("policy", statement["policy"]), ("destinations", statement["destinations"])]
    for kind, name in documents:
        history = ledger.forced[kind]
        place = next((i for i, one in enumerate(history) if one.document == name), None)
        if place is None:
            return "pending", "document.waiting"
        if place + 1 < len(history) and now - history[place + 1].at > approve_seconds:
            return "invalidated", "document.stale"
    if not bench.initiator_stands():
        return "invalidated", "proposal.initiator.gone"
    return decide(bench, policies, approve_seconds)


def decide(bench, policies, approve_seconds):
    state, proposal, now, ledger = bench.state, bench.proposal, bench.now, bench.ledger
    book = named_book(bench)
    look = look_at(state, ledger, book, bench.force["destinations"], now)
    evaluations = [judge(bench, policy, look) for policy in policies]
    denied = [code for one in evaluations for code in one.refusals]
    if denied:
        proposed = look_at(state, ledger, book, book, now)
        allowed = not judge(bench, policies[0], proposed).refusals
        return "invalidated" if allowed else "refused", denied[0]
    screened = screening_code(state, proposal, policies)
    if screened == "screening.denied":
        return "refused", screened
    if looks_listed(bench):
        return "refused", "address.lookalike"
    conflict = spend_conflict(bench)
    if conflict is not None and conflict != "coin.reserved":
        return "refused", conflict
    clauses = [rule["require"]["approvals"] for one in evaluations for rule in one.matched]
    standings = bench.standings(approve_seconds)
    expires = seconds(proposal.statement["expiresAt"])

    def met(voices):
        return bool(clauses) and all(is_met(clause, voices) for clause in clauses)

    times = {one.start for one in standings if one.start is not None}
    times |= {seconds(one["until"]) for one in bench.force["charter"].body["deputies"]}
    quorum = None
    for at in sorted(times):
        if at <= now and at < expires and met(bench.voices_at(standings, at)):
            quorum = at
            break
    if quorum is None:
        return without_quorum(bench, standings, expires, met)
    issued = seconds(proposal.statement["issuedAt"])
    if issued > now + 120:
        return "pending", "statement.early"
    if conflict is not None:
        return "pending", conflict
    full = [code for one in evaluations for code in one.waiting]
    if full:
        return "pending", full[0]
    delay = max(one.delay for one in evaluations)
    sign_seconds = min(policy["expires"]["signSeconds"] for policy in policies)
    return with_quorum(bench, standings, quorum, delay, sign_seconds, screened)


def without_quorum(bench, standings, expires, met):
    now = bench.now
    if now >= expires:
        return "refused", "proposal.expired"

    def is_lessened(one):
        first = Standing(**{**vars(one), "charters": one.charters[:1]})
        return one.lost is not None or len(groups_held(first, now)) > len(groups_held(one, now))

    if any(map(is_lessened, standings)):
        times = {at for one in standings for at in (one.seen, one.start) if at is not None}
        if any(at <= now and at < expires and met(bench.voices_then(standings, at)) for at in times):
            return "invalidated", "approval.lost"
    if met(bench.voices_if_seen(standings, now)):
        return "pending", "signer.pending"
    return "pending", "policy.quorum.missing"


def with_quorum(bench, standings, quorum, delay, sign_seconds, screened):
    ledger, now, proposal = bench.ledger, bench.now, bench.proposal
    since = delays_since(bench.state, ledger)
    begun = max(quorum, now if since is None else since, ledger.lifted_at or 0)
    if now > quorum + delay + sign_seconds:
        return "refused", "policy.sign.expired"
    if proposal.digest not in ledger.reservations:
        return "pending", "signer.pending"
    if screened is not None:
        return "pending", screened
    if now < begun + delay:
        return "waiting", "policy.delay.waiting"
    keys = {bench.wallet.hot}
    for one in standings:
        own = one.lost is None and one.device == one.approval.statement["device"]
        if own and one.approval.cosigner is not None:
            keys.add(one.approval.cosigner)
    if bench.wallet.wallet.missing(keys) > 0:
        return "pending", "psbt.signatures.missing"
    return "authorised", None


def authorise_version(state, proposal, now):
    """(number, outcome, code) of the newest fee bump, or None."""
    ledger = state.ledger(proposal.wallet)
    if not proposal.versions or proposal.digest not in ledger.signed:
        return None
    version = proposal.versions[-1]
    if any(number >= version.number for number, _ in ledger.bumps_signed.get(proposal.digest, [])):
        return None
    return (version.number, *judge_version(state, proposal, version, now))


def judge_version(state, proposal, version, now):
    bench = Bench(state, proposal, now)
    policy = bench.force["policy"]
    if None in (bench.force["charter"], bench.force["wallet"], policy):
        return "pending", "signer.pending"
    blocked = blocked_wallet(state, bench.ledger, bench.wallet)
    if blocked is not None:
        return "pending", blocked
    if end_of(proposal, bench.ledger) is not None:
        return "refused", end_of(proposal, bench.ledger)
    spent = spent_by(bench)
    if any(other.statement["cancels"] == proposal.digest for other in spent):
        return "refused", "proposal.cancelled"
    change = set()
    for about in (proposal, *proposal.versions):
        outputs = about.view.spend["outputs"]
        change |= {f"{about.txid}:{vout}" for vout, one in enumerate(outputs) if "change" in one}
    if any(change & coins_of(other) for other in spent):
        return "refused", "version.child"
    if now >= seconds(proposal.statement["envelope"]["until"]):
        return "refused", "version.expired"
    screened = screening_code(state, proposal, [policy.body])
    if screened is not None:
        return "refused" if screened == "screening.denied" else "pending", screened
    look = look_at(state, bench.ledger, named_book(bench), bench.force["destinations"], now)
    denied = judge(bench, policy.body, look, version.view, version.view.fee).refusals
    if denied:
        return "refused", denied[0]
    keys = {one.cosigner for one in version.cosignatures} | {bench.wallet.hot}
    if bench.wallet.wallet.missing(keys) > 0:
        return "pending", "psbt.signatures.missing"
    return "authorised", None


# ---------------------------------------------------------------- the program


def verify(content, genesis, times):
    """Everything about one package, as JSON data."""
    try:
        package = read_package(content)
        check_root(package, genesis_in(package, genesis))
        state = State(genesis, package.blobs)
        skipped = []
        for index, leaf in enumerate(package.leaves):
            code = state.fold(leaf)
            if code is not None:
                skipped.append({"index": index, "code": code})
    except Refused as refused:
        return {"refused": refused.code}
    except MissingBlob:
        return {"refused": "log.blob.missing"}
    verdicts = []
    for proposal in state.proposals.values():
        for at in times:
            now = max(at, state.ledger(proposal.wallet).at)
            outcome, code = authorise(state, proposal, now)
            found = {"proposal": proposal.digest, "at": at, "outcome": outcome, "code": code}
            bump = authorise_version(state, proposal, now)
            if bump is not None:
                found["version"] = dict(zip(("number", "outcome", "code"), bump))
            verdicts.append(found)
    return {"entries": state.tree.size, "skipped": skipped, "verdicts": verdicts}


def answer(request):
    """One request of the stream: {package | file, genesis, at: [seconds]}."""
    content = request.get("package")
    if content is None:
        with open(request["file"], encoding="utf-8", newline="") as file:
            content = file.read()
    try:
        return verify(content, request["genesis"], request["at"])
    except Outside as outside:
        return {"outside": str(outside)}


def main():
    global CODES
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", help="a package; without one, requests are read from standard input")
    parser.add_argument("--genesis", help="genesis digest, learnt over another channel")
    parser.add_argument("--at", help="signer time, YYYY-MM-DDTHH:MM:SSZ; at least that of the signer's last receipt")
    parser.add_argument("--codes", help="file with a JSON list of all codes, to hold those of receipts against it")
    given = parser.parse_args()
    if given.codes:
        with open(given.codes, encoding="utf-8") as file:
            CODES = set(json.load(file))
    if given.file is None:
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), flush=True)
        return 0
    at = parse_time(given.at) if given.at else 0
    if not given.genesis or at is None:
        parser.error("a file takes --genesis, and --at as YYYY-MM-DDTHH:MM:SSZ")
    found = answer({"file": given.file, "genesis": given.genesis, "at": [at]})
    print(json.dumps(found, indent=2))
    return 2 if "refused" in found or "outside" in found else 0


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    sys.exit(main())
