const inputs =
  "0123456789()[],'/*abcdefgh@:$%{}" +
  'IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~' +
  'ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const outputs = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generator = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn];

function step(checksum: bigint, value: number): bigint {
  const top = checksum >> 35n;
  let next = ((checksum & 0x7ffffffffn) << 5n) ^ BigInt(value);
  generator.forEach((term, bit) => {
    if ((top >> BigInt(bit)) & 1n) next ^= term;
  });
  return next;
}

/** The eight characters of BIP 380's checksum over a descriptor without `#`, or null for a foreign character. */
export function descriptorChecksum(body: string): string | null {
  let checksum = 1n;
  let group = 0;
  let held = 0;
  for (const character of body) {
    const at = inputs.indexOf(character);
    if (at < 0) return null;
    checksum = step(checksum, at & 31);
    group = group * 3 + (at >> 5);
    if (++held < 3) continue;
    checksum = step(checksum, group);
    group = 0;
    held = 0;
  }
  if (held > 0) checksum = step(checksum, group);
  for (let i = 0; i < 8; i++) checksum = step(checksum, 0);
  checksum ^= 1n;
  let text = '';
  for (let i = 7; i >= 0; i--) text += outputs.charAt(Number((checksum >> BigInt(5 * i)) & 31n));
  return text;
}
