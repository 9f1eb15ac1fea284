import type { EntityManager } from 'typeorm';

/** What a store needs of a connection or of a unit of work: rows of a statement. Rows are outside data to be parsed. */
export interface Sql {
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

/** The rows of a statement by TypeORM, whose answer to UPDATE and DELETE is a pair of rows and their number. */
export function sqlOf(manager: EntityManager): Sql {
  return {
    async query<Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
      const answer: unknown = await manager.query(text, [...values]);
      if (!Array.isArray(answer)) return [];
      const rows: unknown = isPair(answer) ? answer[0] : answer;
      return rows as readonly Row[];
    },
  };
}

function isPair(answer: readonly unknown[]): boolean {
  return answer.length === 2 && Array.isArray(answer[0]) && typeof answer[1] === 'number';
}
