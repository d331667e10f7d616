import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal, runWait } from "../support/calls.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

const folder = tempFolder();
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", folder.path]);
const canMount = mounted.status === 0;
const ballast = join(folder.path, "ballast");

let server: SpawnedServer;
beforeAll(async () => {
  if (!canMount) return;
  writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024));
  server = await spawnServer({
    langgraph: TEST_GRAPHS,
    flags: [`--data-dir=${join(folder.path, "data")}`],
  });
});
afterAll(async () => {
  if (canMount) {
    await server[Symbol.asyncDispose]();
    spawnSync("umount", ["-l", folder.path]);
  }
  folder[Symbol.dispose]();
});

describe.skipIf(!canMount)("a full disk (needs the right to mount a small one)", () => {
  it("is answered 507, loses nothing that was acknowledged, and is got over", async () => {
    const kept: string[] = [];
    const metadata = { padding: "x".repeat(100_000) };
    const fill = async (): Promise<Response> => {
      for (;;) {
        const answer = await server.api.post("/threads", { metadata });
        if (!answer.ok) return answer;
        kept.push((await okJson(answer)).thread_id);
      }
    };
    expect(await refusal(await fill(), 507)).toMatchObject({ code: "storage_full" });
    expect(kept.length).toBeGreaterThan(1);
    const run = { assistant_id: "echo", input: human("x".repeat(200_000)) };
    await refusal(server.api.post("/runs", run), 507);
    const found = () =>
      okJson(server.api.post("/threads/search", { limit: 1000, select: ["thread_id"] }));
    const idsOf = (rows: { thread_id: string }[]) => rows.map(({ thread_id }) => thread_id);
    expect(idsOf(await found()).toSorted()).toEqual(kept.toSorted());

    rmSync(ballast);
    const thread = await newThread(server.api);
    await runWait(server.api, thread, { assistant_id: "echo", input: human("hello") });
    await server.kill();
    await server.start();
    expect(idsOf(await found()).toSorted()).toEqual([...kept, thread].toSorted());
  });
});
