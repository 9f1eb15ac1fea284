/** What is needed cannot be had at the moment: the log cannot be written or is being read again. A fault with a code of its own. */
export class Unavailable extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, cause === undefined ? {} : { cause });
    this.name = 'Unavailable';
  }
}
