// A process of its own: reads a large database through while the server works, and can be ended at any time.
import { setPriority } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { damageOf } from "./sqlite-damage.ts";

const BACKGROUND = 10;

setPriority(BACKGROUND);
process.once("disconnect", () => process.exit());
const database = new DatabaseSync(z.string().parse(process.argv[2]), {
  readOnly: true,
  timeout: 10_000,
});
const tables = database
  .prepare("select name from sqlite_schema where type = 'table' order by name")
  .all();
let found: string | undefined;
// Table by table, so that the write-ahead log can be cleared in between.
for (const { name } of tables) {
  found ??= damageOf(database, String(name));
  await new Promise(setImmediate);
}
process.send?.({ found: found ?? null });
process.disconnect();
