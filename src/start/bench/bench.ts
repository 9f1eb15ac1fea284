/** One figure with what was hoped for. `goal` null: told for orientation. */
export interface Measured {
  readonly name: string;
  readonly value: number;
  readonly goal: number | null;
  readonly ok: boolean;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  /** `say` takes a line about what it is doing. */
  readonly run: (say: (line: string) => void) => Promise<readonly Measured[]>;
}
