import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal, runOf, runWait, startRun } from "../support/calls.ts";
import { type HookReceiver, hookReceiver } from "../support/hook-receiver.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";
import { checkInvariants } from "./invariants.ts";

const folder = tempFolder();
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", folder.path]);
const canMount = mounted.status === 0;
const ballast = join(folder.path, "ballast");

let server: SpawnedServer;
let hooks: HookReceiver;
beforeAll(async () => {
  hooks = await hookReceiver();
  if (!canMount) return;
  writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024));
  server = await spawnServer({
    langgraph: TEST_GRAPHS,
    flags: [`--data-dir=${join(folder.path, "data")}`, `--webhook-allowed-hosts=${hooks.host}`],
  });
});
afterAll(async () => {
  if (canMount) {
    await server[Symbol.asyncDispose]();
    spawnSync("umount", ["-l", folder.path]);
  }
  await hooks[Symbol.asyncDispose]();
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

    // A run that was accepted before is not lost: what it could not write it does once there is room.
    rmSync(ballast);
    const thread = await newThread(server.api);
    await runWait(server.api, thread, { assistant_id: "echo", input: human("hello") });
    await server.kill();
    await server.start();
    expect(idsOf(await found()).toSorted()).toEqual([...kept, thread].toSorted());
  });

  it("in the middle of a run loses neither the run nor the news of its end", async () => {
    const thread = await newThread(server.api);
    const input = { count: 600, bytes: 20_000 };
    const run = await startRun(server.api, thread, {
      assistant_id: "flood",
      input,
      webhook: hooks.url,
    });
    const path = `/threads/${thread}/runs/${run.run_id}`;
    await server.logged("a run failed outside its graph");
    const room = spawnSync("mount", ["-o", "remount,size=64m", folder.path]);
    expect(room.status).toBe(0);
    await (await server.api.get(`${path}/join`)).text();
    const { status } = await runOf(server.api, thread, run.run_id);
    expect(["success", "error"]).toContain(status);
    await checkInvariants({ api: server.api, runs: [{ thread, run_id: run.run_id }] });
    await hooks.count(1);
    expect(hooks.received[0]?.body).toMatchObject({ run_id: run.run_id, status });
  });
});
