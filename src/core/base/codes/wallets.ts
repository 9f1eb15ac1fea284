import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** Wallets, files of other wallets, receive addresses. */
export const walletCodes = {
  // Wallets
  'wallet.changed': final(
    422,
    'Network, descriptor, keys and birth of a wallet never change.',
    'Other keys are another wallet: publish one.',
  ),
  'wallet.unknown': final(404, 'There is no such wallet.', 'List the wallets.'),
  'wallet.unconfirmed': later(
    409,
    'Not every key holder has confirmed this wallet.',
    'Have each key holder confirm the first address.',
  ),
  'wallet.frozen': later(409, 'The wallet is frozen.', 'Talk to the security officer.'),
  'wallet.custody.sentinel': final(
    422,
    'A wallet with custody: true needs a charter that asks for a sentinel.',
    'Name a sentinel in the charter and set sentinelsNeeded to 1 or more, or leave custody false.',
  ),
  'wallet.outside.missing': final(
    422,
    'A set of keys that spends without the hot key is not named under outside.',
    'Name the sets that the facts tell, each key as the descriptor writes it.',
  ),
  'wallet.outside.excess': final(
    422,
    'A set of keys under outside does not spend without the hot key, or not only just, or is named twice.',
    'Leave out the sets that the facts tell.',
  ),
  'wallet.outside.bounds': final(
    422,
    'More sets of keys spend without the hot key than a wallet may name.',
    'Use a descriptor whose every path needs the hot key.',
  ),
  'wallet.descriptor.malformed': final(
    422,
    'The descriptor cannot be read.',
    'Copy the whole descriptor again.',
  ),
  'wallet.descriptor.unsupported': final(
    422,
    'Descriptors of this kind are not supported yet.',
    'Use pkh, wpkh, sh(wpkh), wsh or sh(wsh) of multi, sortedmulti or a miniscript, or tr.',
  ),
  'wallet.descriptor.checksum': final(
    422,
    'The checksum does not fit the descriptor.',
    'Copy the descriptor again; if it is right, use the checksum named.',
  ),
  'wallet.descriptor.checksum.missing': final(
    422,
    'The descriptor has no checksum.',
    'Append the checksum named.',
  ),
  'wallet.multipath': final(
    422,
    'The keys do not all end in <0;1>/*.',
    'Write every key as [fingerprint/path]xpub/<0;1>/*.',
  ),
  'wallet.threshold': final(
    422,
    'The threshold or the number of keys is out of bounds (BIP 383).',
    'Ask for 1 to n signatures of at most 20 keys.',
  ),
  'wallet.key.private': final(
    422,
    'The text holds a private key or seed words.',
    'Treat that key as exposed: move its funds, and give the public key only.',
  ),
  'wallet.key.invalid': final(
    422,
    'A key is no extended public key.',
    'Export the xpub of the account again.',
  ),
  'wallet.key.network': final(
    422,
    'A key belongs to another network.',
    'Export the key for the network of the wallet.',
  ),
  'wallet.key.cointype': final(
    422,
    'The coin type in the origin path of a key belongs to another network.',
    'Export the key from the account of the network of the wallet.',
  ),
  'wallet.key.hardened': final(
    422,
    'A hardened step follows an extended public key.',
    'Put hardened steps into the origin, before the key.',
  ),
  'wallet.key.origin': final(
    422,
    'The origin path of a key does not fit its depth and child number.',
    'Export the key together with its origin.',
  ),
  'wallet.key.duplicate': final(
    422,
    'A key occurs twice in the descriptor.',
    'Give every key holder a key of his own.',
  ),
  'wallet.key.raw': final(
    422,
    'A key stands alone, not as an extended public key: it would have one address only.',
    'Give the xpub of the account. Only tr takes a bare key: the one that nobody can sign by.',
  ),
  'wallet.key.fixed': final(
    422,
    'A key without children stands where none may, or with an origin or steps.',
    'Only one key of a P2WSH script may be fixed, written as its bare xpub, beside keys that end in <0;1>/*.',
  ),
  'wallet.key.format': final(
    422,
    'A key is written with a prefix of SLIP 132, which descriptors do not know.',
    'Write it as named, and make the checksum anew.',
  ),
  'wallet.miniscript.malformed': final(
    422,
    'A script is no miniscript (BIP 379).',
    'Check the names and the number of their arguments.',
  ),
  'wallet.miniscript.type': final(
    422,
    'The parts of a miniscript do not fit together (BIP 379).',
    'Have the script written by a compiler of policies.',
  ),
  'wallet.miniscript.unsigned': final(
    422,
    'A path of the script needs no signature.',
    'Ask for a key in every path.',
  ),
  'wallet.miniscript.malleable': final(
    422,
    'Anybody could change how a spend of the script is written.',
    'Have the script written by a compiler of policies.',
  ),
  'wallet.miniscript.locks.mixed': final(
    422,
    'One path waits for heights and for times: it never opens.',
    'Use blocks alone or time alone.',
  ),
  'wallet.miniscript.lock': final(
    422,
    'A timelock means something else than the number says (BIP 68, BIP 65).',
    'Wait for 1 to 65535 blocks, or for as many times 512 seconds with the flag 4194304 added.',
  ),
  'wallet.miniscript.hash': final(
    422,
    'A path needs the preimage of a hash, which nobody here can give.',
    'Leave hashes out.',
  ),
  'wallet.miniscript.locked': final(
    422,
    'No path opens without waiting: the wallet could not spend.',
    'Give the wallet a path without a timelock.',
  ),
  'wallet.miniscript.size': final(
    422,
    'A script is larger than what nodes relay.',
    'Use fewer keys or fewer paths.',
  ),
  'wallet.hotkey': final(
    422,
    'A spending path does not contain the hot key.',
    'Use a descriptor whose every path needs the hot key, or name the other key sets under outside.',
  ),
  'wallet.hotkey.idle': final(
    422,
    'The path that spends are signed by does not contain the hot key.',
    'Put the hot key into the path that needs no waiting, in taproot into the internal key or the first such leaf.',
  ),

  // Files of other wallets
  'wallet.file.unknown': final(
    422,
    'The file is no wallet in a format that is known here.',
    'Give descriptors, a BIP 388 policy as JSON, a BSMS record, a Coldcard multisig file or a registration.',
  ),
  'wallet.file.malformed': final(
    422,
    'A line or field of the wallet file is missing or cannot be read.',
    'Mend what the facts name, or export the file again.',
  ),
  'wallet.file.pair': final(
    422,
    'The two descriptors are not receiving and change of one wallet.',
    'Export both again, or one descriptor whose keys end in <0;1>/*.',
  ),
  'wallet.address.mismatch': final(
    422,
    'The first address that the file names is not that of its descriptor.',
    'Do not use the wallet. Ask who sent the file over another channel: keys, threshold or order were changed.',
  ),
  'wallet.format.unfit': final(
    422,
    'The format cannot hold a wallet of this kind.',
    'Export another format: a descriptor holds every wallet.',
  ),
  'wallet.template.malformed': final(
    422,
    'The template holds a key, or a placeholder that is not @N/** or @N/<a;b>/* (BIP 388).',
    'Put every key into the list of keys, and its placeholder into the template.',
  ),
  'wallet.template.order': final(
    422,
    'The placeholders are not @0, @1 and so on in their order, one for each key (BIP 388).',
    'Number the keys by where they first stand in the template.',
  ),
  'wallet.template.repeated': final(
    422,
    'A key stands in the template twice with the same step (BIP 388).',
    'Give each place of the key its own pair of steps.',
  ),
  'wallet.bsms.encrypted': final(
    422,
    'The record seems to be encrypted (BIP 129), which is not supported.',
    'Decrypt it with the token of its session, and give the record itself.',
  ),
  'wallet.bsms.version': final(
    422,
    'The record is of another version of BSMS (BIP 129).',
    'Export it as the version that is known.',
  ),
  'wallet.bsms.paths': final(
    422,
    'The record restricts the paths otherwise than to receiving and change (BIP 129).',
    'Use /0/*,/1/* with a template.',
  ),
  'wallet.bsms.token': final(
    422,
    'The key record is of an encrypted session, whose token is not known here (BIP 129).',
    'Have the holder export his key in a session without encryption.',
  ),
  'wallet.bsms.signature': final(
    422,
    'The key record is not signed by its key, or not in the legacy form (BIP 129).',
    'Do not take the key. Have the holder export it again.',
  ),

  'wallet.network': final(
    422,
    'The genesis block does not belong to the network of the wallet.',
    'Name the network and its genesis block.',
  ),
  'wallet.signer.missing': final(
    422,
    'The charter names no signer for this wallet.',
    'Name the signer and its key in the charter.',
  ),
  'wallet.holders': final(
    422,
    'The hot key and the holders do not name exactly the keys of the descriptor.',
    'Name each key of the descriptor once, with a member who holds it.',
  ),

  // Receive addresses
  'address.reach': later(
    409,
    'So many addresses wait for the signer, or lie between the attested ones and the next unused one, that no further one may be asked for.',
    'Look whether the signer runs, and ask again in some seconds.',
  ),
  'address.exhausted': final(
    409,
    'The wallet has no further receive address: no wallet looks beyond index 1,000,000.',
    'Use a new wallet.',
  ),
  'address.unattested': later(
    409,
    'The signer has not attested this address: it must not be used.',
    'Look whether the signer runs; then: countersign addresses list WALLET, and addresses show WALLET INDEX.',
  ),
  'address.mismatch': final(
    422,
    'The address is not that which the descriptor of the wallet gives: somebody lies.',
    'Use none of them. Tell the security officer over another channel.',
  ),
  'address.reused': final(
    422,
    'The server names an address that was not asked for by this request.',
    'Use it for nobody. Tell the security officer over another channel.',
  ),
  'address.unknown': final(
    404,
    'No address of this index was asked for.',
    'List the addresses of the wallet.',
  ),
  'attestation.invalid': final(
    422,
    'The key named did not sign this attestation.',
    'Use no address of it. Ask whom it came from for the key, over another channel.',
  ),
  'attestation.unknown': final(
    422,
    'The log of this bundle does not hold the attestation.',
    'Use no address of it, or take a newer bundle.',
  ),
} as const satisfies Record<string, CodeEntry>;
