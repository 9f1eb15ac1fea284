import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** What comes in: JSON, amounts, requests; sessions and proofs; statements and devices. */
export const requestCodes = {
  // JSON, amounts, requests
  'json.malformed': final(400, 'The bytes are not JSON.', 'Send UTF-8 JSON.'),
  'json.noncanonical': final(
    422,
    'The JSON is not in canonical form (RFC 8785).',
    'Send the exact bytes that were signed.',
  ),
  'json.number': final(
    422,
    'A number is not an integer from 0 to 2^53 - 1.',
    'Write amounts in satoshi.',
  ),
  'json.text': final(
    422,
    'A text is too long, not NFC, or holds invisible characters.',
    'Remove control, bidirectional and zero-width characters.',
  ),
  'json.depth': final(422, 'The JSON is nested too deep.', 'Flatten the object.'),
  'file.syntax': final(
    422,
    'The file is neither JSON nor the narrow YAML of policy files.',
    'Mend the line named.',
  ),
  'schema.mismatch': final(
    422,
    'The object does not have the expected fields.',
    'Compare with the schema; unknown fields are refused.',
  ),
  'amount.invalid': final(
    422,
    'That is no amount between 0 and 21,000,000 BTC.',
    'Write amounts as satoshi, "0.5 BTC" or "50000 sat".',
  ),
  'address.invalid': final(422, 'That is no Bitcoin address.', 'Copy the whole address again.'),
  'address.network': final(
    422,
    'The address belongs to another network.',
    'Use an address of the network of the wallet.',
  ),
  'address.uri': final(
    422,
    'The payment URI cannot be read, or asks for what is not supported (BIP 21).',
    'Give the address and the amount themselves.',
  ),
  'address.uri.amount': final(
    422,
    'The payment URI asks for another amount than the one given.',
    'Ask the payee which is right.',
  ),
  'address.lookalike': final(
    422,
    'A payee looks like a known address at both ends, and is another.',
    'Compare every character with the payee over another channel; if he is meant, have him listed in the address book.',
  ),

  'http.malformed': final(400, 'The request cannot be read.', 'Send a well-formed HTTP request.'),
  'http.unknown': final(404, 'There is nothing at this address.', 'Look at /docs.'),
  'http.body.size': final(413, 'The body of the request is too large.', 'Send less.'),
  'http.media': final(
    415,
    'The body is not of a type that this route takes.',
    'Send application/json.',
  ),
  'http.rate': later(429, 'There are too many requests.', 'Wait some seconds.'),
  'idempotency.key': final(
    422,
    'The Idempotency-Key is not 1 to 128 printable characters.',
    'Send a UUID.',
  ),
  'idempotency.mismatch': final(
    409,
    'The Idempotency-Key was used with another body.',
    'Send a new key.',
  ),
  'idempotency.running': later(
    409,
    'The request with this Idempotency-Key is still being answered.',
    'Send it again after some seconds.',
  ),
  'cursor.invalid': final(422, 'That is no cursor of this list.', 'Start at the first page.'),

  // Sessions and proofs
  'proof.missing': final(
    401,
    'The request carries no DPoP proof.',
    'Open a session and prove each request with its key.',
  ),
  'proof.invalid': final(
    401,
    'The DPoP proof is malformed, of another request, out of time or not signed by its key.',
    'Make a new proof for this request; check the clock.',
  ),
  'proof.replayed': final(401, 'The DPoP proof was used before.', 'Make a new proof.'),
  'session.unknown': final(
    401,
    'There is no living session of this key.',
    'Open a session with a signed statement.',
  ),
  'session.key': final(
    422,
    'The session statement names another key than the one that proves the request.',
    'Prove the request with the key that the statement names.',
  ),
  'session.time': final(
    422,
    'A session lives for at most fifteen minutes from now.',
    'Sign a shorter session; check the clock of the device.',
  ),
  'session.member': final(
    403,
    'The statement is of another member than the session.',
    'Send statements of your own.',
  ),
  'caller.kind': final(
    403,
    'This route is not for this kind of caller.',
    'Use the session of a member.',
  ),
  'statement.kind': final(
    422,
    'This route takes statements of another kind.',
    'Send the statement to its own route.',
  ),
  'text.mismatch': final(
    422,
    'The text does not have the digest that the statement names.',
    'Send the salt and text that were signed.',
  ),

  // Statements and devices
  'statement.time': final(
    422,
    'The times of the statement are out of order or out of bounds.',
    'Check the clock of the device and sign again.',
  ),
  'statement.expired': final(409, 'The statement has expired.', 'Sign a new one.'),
  'statement.early': later(
    409,
    'The statement was issued in the future.',
    'Check the clock of the device.',
  ),
  'statement.organisation': final(
    422,
    'The statement is of another organisation.',
    'Use the keys and the profile of this organisation.',
  ),
  'statement.network': final(
    422,
    'The statement is of another network.',
    'Propose on the network of the wallet.',
  ),
  'statement.signature': final(
    401,
    'The signature does not match the statement and the device.',
    'Sign with the device that is named.',
  ),
  'statement.signature.form': final(
    422,
    'The signature is not of the form that a device of this kind makes.',
    'Send 64 bytes in hex of a secp256k1 device, base64 of a message device.',
  ),
  'statement.duplicate': final(
    409,
    'This statement stands in the log already.',
    'Nothing is to be done.',
  ),
  'statement.declined': final(
    403,
    'The person did not type "yes": nothing was signed.',
    'Nothing is to be done.',
  ),
  'statement.previous': final(
    409,
    'The statement does not follow the former one of this member.',
    'Fetch the newest state and sign again.',
  ),
  'member.unknown': final(403, 'The charter names no such member.', 'Ask a governor.'),
  'member.role': final(403, 'The member may not do this.', 'Ask someone whose group may.'),
  'device.unknown': final(403, 'The member has no such device.', 'Use an enrolled device.'),
  'device.unconfirmed': final(
    403,
    'The device has not confirmed its entry in the charter.',
    'Confirm the charter with this device first.',
  ),
  'member.suspended': final(
    403,
    'A governor has suspended the member. His "no" still counts.',
    'Ask the governors to lift the suspension.',
  ),
  'device.suspended': final(
    403,
    'A governor has suspended the device. Its "no" still counts.',
    'Use another device, or ask the governors.',
  ),
  'device.kind.unsupported': final(
    422,
    'Devices of this kind are not supported yet.',
    'Use a device of kind secp256k1, message or psbt.',
  ),
  'device.kind.statement': final(
    422,
    'A device of this kind does not sign such statements.',
    'Sign it with the key of your key file: a message device neither proposes nor opens sessions, a psbt device signs coins alone.',
  ),
  'device.key.invalid': final(
    422,
    'The key of the device is none of its kind.',
    'Name for a message device an address of one key (not P2WSH), for a psbt device the extended public key in the wallet.',
  ),
  'device.address.wallet': final(
    422,
    'The address of the message device belongs to a wallet.',
    'Take an address of an account that no wallet of the organisation uses.',
  ),
  'device.wallet.foreign': final(
    422,
    'The psbt device is not one of the keys of the wallet that this member holds and signs proposals by.',
    'Name the key as the wallet document does, under the member who holds it; a recovery key is no device.',
  ),
} as const satisfies Record<string, CodeEntry>;
