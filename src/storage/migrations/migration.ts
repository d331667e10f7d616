import type { Compilable } from "kysely";
import type { Dialect } from "../driver.ts";

/** One step of the schema, up only; an id that was released is never edited. */
export interface Migration {
  readonly id: string;
  readonly statements: (dialect: Dialect) => Compilable[];
}
