import { setImmediate as nextTurn } from "node:timers/promises";
import type { Compilable } from "kysely";
import { all } from "../commit.ts";
import type { Commits } from "../driver.ts";

/** Rows of one read, so that none takes long. */
export const PAGE = 100;

/** A query of at most PAGE rows after the last one read. */
export type Page<Row> = (last: Row | undefined) => Compilable<Row>;

/** All rows of a query, read in pages; between them others have their turn, on every database. */
export async function* rowsOf<Row>(commits: Commits, page: Page<Row>): AsyncGenerator<Row, void> {
  for (let last: Row | undefined; ;) {
    const from = last;
    const rows: Row[] = await commits.read(() => all(page(from)));
    yield* rows;
    last = rows.at(-1);
    if (rows.length < PAGE) return;
    await nextTurn();
  }
}
