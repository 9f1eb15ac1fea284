/** An address in groups of four characters, so that two can be compared by eye. Nothing is left out. */
export function groupAddress(address: string): string {
  return address.replace(/(.{4})(?=.)/g, '$1 ');
}
