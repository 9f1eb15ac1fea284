/** Tells the story: lines for people, or one JSON object a line for programs. */
export interface Narrator {
  /** A heading with a sentence about what happens and why. */
  chapter(title: string, why: string): void;
  /** A command and what came of it. */
  tell(step: string, facts: Readonly<Record<string, unknown>>, lines: readonly string[]): void;
}

export function jsonNarrator(print: (line: string) => void): Narrator {
  return {
    chapter: () => undefined,
    tell: (step, facts) => {
      print(JSON.stringify({ step, ...facts }));
    },
  };
}

export function plainNarrator(print: (line: string) => void): Narrator {
  let count = 0;
  return {
    chapter: (title, why) => {
      count += 1;
      print('');
      print(`${String(count)}. ${title}`);
      print(`   ${why}`);
    },
    tell: (_step, _facts, lines) => {
      for (const line of lines) print(`   ${line}`);
    },
  };
}
