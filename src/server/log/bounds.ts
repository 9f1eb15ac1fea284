/** Entries of one unit of work: their fold holds the process for some tens of milliseconds at most. */
export const BATCH_ENTRIES = 128;
/** Pending entries of one insert. */
export const BATCH_PENDING = 256;
/** Entries read from the log at once when it is followed. */
export const PAGE_ENTRIES = 500;
/** Blobs kept in memory, bytes: the largest spend's parents twice over. */
export const LRU_BYTES = 64_000_000;
/** How often pending entries and the head are looked for when no notification comes. */
export const POLL_MS = 1_000;
/** How long a request waits for its entry to be numbered. */
export const ANSWER_MS = 20_000;
