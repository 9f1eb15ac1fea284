import { explainCode } from './codes.ts';
import type { Facts, Refusal } from './result.ts';

/** The body of every answer that is not a success: RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly facts: Facts;
  readonly action: string;
  readonly retryable: boolean;
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The problem of a refusal, in the words of the registry. What HTTP answers with: server and sentinel alike. */
export function problemOf({ code, facts }: Refusal): Problem {
  const { status, meaning, action, retryable } = explainCode(code);
  return {
    type: `urn:countersign:${code}`,
    title: meaning,
    status,
    detail: `${meaning} ${action}`,
    code,
    facts,
    action,
    retryable,
  };
}

/** The problem of a fault: nothing of its cause goes out; the id leads to it in the server's own record. */
export function faultOf(requestId: string): Problem {
  return {
    type: 'about:blank',
    title: 'The server failed.',
    status: 500,
    detail: `The server failed. Its record names the cause under request ${requestId}.`,
    code: 'fault',
    facts: { request: requestId },
    action: 'Try again; if it lasts, tell the administrator the request id.',
    retryable: true,
  };
}
