import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, vi } from "vitest";
import { newThread, okJson, refusal, threadOf } from "../support/calls.ts";
import { type SpawnedServer, spawnServer } from "../support/spawn-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

const PAGE = 4096;
const VALUES = 72;
const VALUE_BYTES = 1024 * 1024;
const LONG_MS = 60_000;

/** Makes the database larger than what is read through before a start, and wipes out its end. */
function growAndDamage({ dataDir }: SpawnedServer): void {
  const path = join(dataDir, "kagari.db");
  const database = new DatabaseSync(path);
  const insert = database.prepare(
    `insert into checkpoint_part (thread_id, part_id, run_id, type, value)
     values ('large', ?, '', 'bytes', zeroblob(${VALUE_BYTES}))`,
  );
  for (let n = 0; n < VALUES; n++) insert.run(`part ${n}`);
  database.close();
  const { size } = statSync(path);
  expect(size).toBeGreaterThan(64 * 1024 * 1024);
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(600 * PAGE, 0xff), 0, 600 * PAGE, size - 600 * PAGE);
  closeSync(file);
}

it(
  "damage in a large database is found while the server works, and from then on nothing is taken in",
  async () => {
    await using server = await spawnServer({ langgraph: TEST_GRAPHS });
    const thread = await newThread(server.api);
    await server.stop();
    growAndDamage(server);
    await server.start();
    await vi.waitFor(
      async () =>
        expect(await refusal(server.api.post("/threads", {}), 503)).toMatchObject({
          code: "storage_damaged",
        }),
      { timeout: LONG_MS },
    );
    // What can still be read may be saved.
    expect(await threadOf(server.api, thread)).toMatchObject({ thread_id: thread });
    expect(await okJson(server.api.get("/ok"))).toEqual({ ok: true });
    expect(server.log).toContain("kagari restore");
    await server.stop();
    await expect(server.start()).rejects.toThrow(/ended with 1: .*is damaged .*kagari restore/s);
  },
  LONG_MS,
);
