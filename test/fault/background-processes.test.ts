import { afterEach, beforeEach, expect, it } from "vitest";
import { human, newThread, okJson, startRun } from "../support/calls.ts";
import { type HookReceiver, hookReceiver } from "../support/hook-receiver.ts";
import { describeWithPostgres, freshDatabase, type FreshDatabase } from "../support/postgres.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

const MINUTE = 60_000;

describeWithPostgres("servers on one database", () => {
  let database: FreshDatabase;
  let hooks: HookReceiver;
  let servers: TestServer[];
  let server: TestServer;
  beforeEach(async () => {
    database = await freshDatabase();
    hooks = await hookReceiver();
    const settings = {
      database_url: database.url,
      database_connections: 4,
      webhook_allowed_hosts: hooks.host,
    };
    servers = await Promise.all([1, 2, 3].map(() => testServer({ settings })));
    const [first] = servers;
    if (!first) throw new Error("there is no server");
    server = first;
  });
  afterEach(async () => {
    for (const one of servers) await one[Symbol.asyncDispose]();
    await hooks[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  const echo = { assistant_id: "echo", input: human("hello") };
  const runsOf = (thread: string) => okJson(server.get(`/threads/${thread}/runs?limit=100`));

  it("fire each slot of a cron once", async () => {
    const thread = await newThread(server);
    for (let count = 0; count < 5; count++) {
      await okJson(
        server.post(`/threads/${thread}/runs/crons`, { ...echo, schedule: "* * * * *" }),
      );
    }
    for (let slot = 1; slot <= 3; slot++) {
      for (const one of servers) one.advance(MINUTE);
      await Promise.all(servers.map((one) => one.ctx.background.tick()));
      expect(await runsOf(thread)).toHaveLength(5 * slot);
    }
  });

  it("make one run for an Idempotency-Key", async () => {
    const thread = await newThread(server);
    const path = `/threads/${thread}/runs`;
    const answers = await Promise.all(
      Array.from({ length: 48 }, async (_, index) =>
        servers[index % 3]?.post(path, echo, { "idempotency-key": "a" }),
      ),
    );
    for (const answer of answers) expect([200, 409]).toContain(answer?.status);
    expect(answers.some((answer) => answer?.status === 200)).toBe(true);
    expect(await runsOf(thread)).toHaveLength(1);
  });

  it("deliver each webhook once when none of them dies", async () => {
    const thread = await newThread(server);
    const runs = await Promise.all(
      Array.from({ length: 20 }, () => startRun(server, thread, { ...echo, webhook: hooks.url })),
    );
    for (const { run_id } of runs)
      await okJson(server.get(`/threads/${thread}/runs/${run_id}/join`));
    await Promise.all(servers.map((one) => one.ctx.background.tick()));
    expect(hooks.received).toHaveLength(20);
    expect(new Set(hooks.received.map(({ body }) => body.run_id)).size).toBe(20);
  });
});
