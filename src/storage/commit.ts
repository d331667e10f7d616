import type { Compilable } from "kysely";

/** A compiled statement, as a driver runs it. */
export interface Query {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Asked again and again: worth a prepared statement. */
  readonly isHot?: boolean;
}

/**
 * One whole commit as the statements it needs, in order: each `yield` answers the rows of its
 * statement. The driver decides whether that is a call or a round trip.
 */
export type Commit<T> = Generator<Query, T, unknown[]>;

/** A commit, or what makes it anew so that a driver can run it again after a lost race. */
export type Work<T> = Commit<T> | (() => Commit<T>);

/** The commit of a piece of work, at its beginning. */
export const begun = <T>(work: Work<T>): Commit<T> => (typeof work === "function" ? work() : work);

// Kysely knows the row type of a query; what a driver answers for it is of that type.
const rowsOf = <Row>(rows: unknown[]): Row[] => rows as Row[];

/** Runs a query and answers its rows. */
export function* all<Row>(query: Compilable<Row>): Commit<Row[]> {
  return rowsOf<Row>(yield query.compile());
}

/** Runs a query and answers its first row. */
export function* first<Row>(query: Compilable<Row>): Commit<Row | undefined> {
  return rowsOf<Row>(yield query.compile())[0];
}

/** Runs a statement whose rows do not matter. */
export function* run(query: Compilable): Commit<void> {
  yield query.compile();
}

class Placeholder {
  readonly key: PropertyKey;
  constructor(key: PropertyKey) {
    this.key = key;
  }
}

// Kysely takes any object as a bound value, so placeholders pass through it where values will be.
const placeholdersOf = <P extends object>(p: P): P =>
  Object.fromEntries(Object.keys(p).map((key) => [key, new Placeholder(key)])) as P;

const parameterReader = <P extends object>(parameter: unknown) =>
  parameter instanceof Placeholder
    ? (p: P): unknown => Reflect.get(p, parameter.key)
    : (): unknown => parameter;

/**
 * A query built and compiled on first use; afterwards a call only binds its parameters, which must
 * have the same keys every time.
 */
export function hot<P extends object, Row>(
  build: (p: P) => Compilable<Row>,
): (p: P) => Commit<Row[]> {
  let sql: string | undefined;
  let readers: ((p: P) => unknown)[] = [];
  return function* (p) {
    if (sql === undefined) {
      const query = build(placeholdersOf(p)).compile();
      readers = query.parameters.map((parameter) => parameterReader<P>(parameter));
      sql = query.sql;
    }
    return rowsOf<Row>(yield { sql, parameters: readers.map((read) => read(p)), isHot: true });
  };
}
