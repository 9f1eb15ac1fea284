/** Whether a host name or address is this very machine. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    /^127(\.[0-9]{1,3}){3}$/.test(host)
  );
}
