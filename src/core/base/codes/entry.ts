/** What the registry says of a code. */
export interface CodeEntry {
  /** The HTTP status of the refusal (RFC 9457). */
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 503;
  /** Whether the same request can pass later without being changed. */
  readonly retryable: boolean;
  /** What was found, for a person. */
  readonly meaning: string;
  /** What the person should do. */
  readonly action: string;
}

/** Cannot pass later unless it is changed. */
export const final = (status: CodeEntry['status'], meaning: string, action: string): CodeEntry => ({
  status,
  retryable: false,
  meaning,
  action,
});
/** May pass later as it is. */
export const later = (status: CodeEntry['status'], meaning: string, action: string): CodeEntry => ({
  status,
  retryable: true,
  meaning,
  action,
});
