import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Commit } from "../commit.ts";
import { openSqlite } from "./sqlite-open.ts";
import { WalCheckpoint } from "./wal-checkpoint.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kagari-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function* execute(sql: string, ...parameters: unknown[]): Commit<unknown[]> {
  return yield { sql, parameters };
}

const VALUE = "x".repeat(4096);
/** A log that does not grow by so many commits has begun anew. */
const STEADY = 300;
const AT_MOST = 30_000;

it("begins the log anew however steadily commits come, and loses none of them", async () => {
  const driver = openSqlite({ dataDir: folder, synchronous: "normal" });
  const log = join(folder, "kagari.db-wal");
  const insert = () => driver.write(execute("insert into t values (?)", VALUE));
  await driver.write(execute("create table t (x)"));
  let made = 1;
  let next = insert();
  for (let size = 0, steady = 0; steady < STEADY && made < AT_MOST; made += 1) {
    const current = next;
    // There is always one that waits.
    next = current.then(insert);
    await current;
    const grown = statSync(log).size;
    steady = grown > size ? 0 : steady + 1;
    size = grown;
  }
  await next;
  expect(made).toBeLessThan(AT_MOST);
  await driver.close();
  expect(existsSync(log)).toBe(false);
  const again = openSqlite({ dataDir: folder });
  expect(await again.read(execute("select count(*) as n from t"))).toEqual([{ n: made }]);
  await again.close();
});

it("keeps nobody waiting when it cannot be made", async () => {
  const checkpoint = new WalCheckpoint(join(folder, "missing", "kagari.db"));
  await checkpoint.run();
  expect(checkpoint.isBroken).toBe(true);
  expect(checkpoint.isDue()).toBe(false);
  await checkpoint.run();
  await checkpoint.close();
});
