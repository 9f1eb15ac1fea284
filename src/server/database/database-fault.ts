import { QueryFailedError } from 'typeorm';

/** Connection lost, rolled back to end a deadlock, out of connections or space, waited too long, shut down (SQLSTATE classes). */
const passing = /^(?:08|40|53|55|57|58)/;
/** The same of the driver, before PostgreSQL could say anything. */
const unconnected = /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT)$/;
/** node-postgres gives these no code. */
const codeless = /^(?:Connection terminated|timeout exceeded when trying to connect)/;

/** SQLSTATE classes 22 (data exception) and 23 (integrity constraint): the fault is in what was written. */
export function isDataError(error: unknown): boolean {
  return error instanceof QueryFailedError && /^2[23]/.test(codeOf(error));
}

/** PostgreSQL could not do it now and may do it later: nothing is wrong with what was asked. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return code === '' ? codeless.test(error.message) : passing.test(code) || unconnected.test(code);
}

function codeOf(error: Error): string {
  const thrown: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!(thrown instanceof Error) || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' ? thrown.code : '';
}
