import { existsSync, readFileSync } from 'node:fs';

/** Whether the limits of a process, as Linux shows them, let it leave a core dump. */
export function leavesCoreDump(limits: string): boolean {
  const found = /^Max core file size +(\S+)/m.exec(limits);
  return found !== null && found[1] !== '0';
}

/** Whether this process may leave its keys on the disk when it crashes. Node cannot change that; its unit or shell can. */
export function mayLeaveCoreDump(): boolean {
  const path = '/proc/self/limits';
  return existsSync(path) && leavesCoreDump(readFileSync(path, 'utf8'));
}
