import { closeSync, existsSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openStorage } from "../../src/storage/open-storage.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { sampleThread } from "./samples.ts";

const PAGE = 4096;
const LARGE = { checkedBytes: 0 };

let folder: ReturnType<typeof tempFolder>;
let path: string;
beforeEach(async () => {
  folder = tempFolder();
  path = join(folder.path, "kagari.db");
  const storage = await openStorage({ dataDir: folder.path });
  const padding = "x".repeat(2000);
  for (let n = 0; n < 100; n++)
    await storage.threads.create(sampleThread(`t${n}`, { metadata: { padding } }));
  await storage.close();
});
afterEach(() => folder[Symbol.dispose]());

/** Wipes pages of a table out of the file, but not the one that its tree begins with. */
function damage(table: string): void {
  const database = new DatabaseSync(path);
  const root = database.prepare("select rootpage from sqlite_schema where name = ?").get(table);
  database.close();
  const file = openSync(path, "r+");
  const last = Math.floor(statSync(path).size / PAGE) - 1;
  for (let page = last; page > last - 20 && page + 1 !== root?.["rootpage"]; page--)
    writeSync(file, Buffer.alloc(PAGE), 0, PAGE, page * PAGE);
  closeSync(file);
}

const open = (options: object = {}) => openStorage({ dataDir: folder.path, ...options });
const refused = expect.objectContaining({ code: "storage_damaged" });

it("a large database that is damaged takes nothing in once that is found, and is refused from then on", async () => {
  damage("thread");
  const storage = await open(LARGE);
  await vi.waitFor(
    () =>
      expect(storage.threads.create(sampleThread(crypto.randomUUID()))).rejects.toEqual(refused),
    { timeout: 20_000 },
  );
  expect(await storage.threads.find("none")).toBeUndefined();
  await storage.close();
  await expect(open(LARGE)).rejects.toThrow(/is damaged .*kagari restore/);
  expect(existsSync(path)).toBe(true);
});

it("damage that work comes upon is such damage too", async () => {
  damage("thread");
  const storage = await open({ checkedBytes: Infinity }).catch((error: unknown) => error);
  expect(storage).toMatchObject({ code: "config" });
  const unchecked = await open(LARGE);
  const reads = Array.from({ length: 100 }, (_, n) => unchecked.threads.find(`t${n}`));
  const results = await Promise.allSettled(reads);
  expect(results.filter(({ status }) => status === "rejected")).toContainEqual({
    status: "rejected",
    reason: refused,
  });
  await expect(unchecked.threads.create(sampleThread("new"))).rejects.toEqual(refused);
  await unchecked.close();
});

it("a large database that is whole goes on, also after a note of damage that is mended", async () => {
  for (let turn = 0; turn < 2; turn++) {
    const storage = await open(LARGE);
    await storage.threads.create(sampleThread(`new ${turn}`));
    await storage.close();
    const damaged = `${path}.damaged`;
    closeSync(openSync(damaged, "w"));
    await (await open(LARGE)).close();
    expect(readdirSync(folder.path)).not.toContain("kagari.db.damaged");
  }
});
