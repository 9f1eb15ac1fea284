/** A line of a file that says something, and where it stands, from 1 on. */
export interface Line {
  readonly line: number;
  readonly text: string;
}

/** The lines of a text without those that are empty or comments (`#`). */
export function linesOf(text: string): readonly Line[] {
  return text
    .split('\n')
    .map((written, at) => ({ line: at + 1, text: written.trim() }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
}
