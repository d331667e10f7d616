import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  human,
  type Loose,
  newThread,
  okJson,
  runOf,
  startRun,
  threadOf,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { numbered, random, roundsOf } from "./chance.ts";
import { describeFleets, type Fleet } from "./fleet.ts";
import { checkInvariants } from "./invariants.ts";

const LIMIT_MS = 2000;

describeFleets("a cancel that comes to any server", (open) => {
  let fleet: Fleet;
  beforeAll(async () => void (fleet = await open()));
  afterAll(() => fleet[Symbol.asyncDispose]());

  async function held() {
    const thread = await newThread(fleet.first);
    const { run_id } = await startRun(fleet.first, thread, {
      assistant_id: "slow",
      input: { gate: thread },
    });
    await gate(thread).entered;
    return { thread, run_id };
  }

  async function cancel(at: number, run: { thread: string; run_id: string }, action: string) {
    const began = performance.now();
    const path = `/threads/${run.thread}/runs/${run.run_id}/cancel?wait=1&action=${action}`;
    const { status } = await fleet.at(at).post(path);
    expect(performance.now() - began).toBeLessThan(LIMIT_MS);
    return status;
  }

  const checkpointsOf = async ({ thread, run_id }: { thread: string; run_id: string }) => {
    const states = await okJson(fleet.first.get(`/threads/${thread}/history?limit=1000`));
    return states.filter(({ metadata }: Loose) => metadata.run_id === run_id).length;
  };

  for (const action of ["interrupt", "rollback"]) {
    const mayBeGone = action === "rollback";
    const ended = mayBeGone ? "gone" : "interrupted";
    const check = (...runs: { thread: string; run_id: string }[]) =>
      checkInvariants({ api: fleet.first, runs, mayBeGone });

    it.each(numbered(3))(`${action} ends a pending run at once (server %i)`, async (at) => {
      const before = await held();
      const { thread } = before;
      const run = await startRun(fleet.first, thread, { assistant_id: "echo", input: human("a") });
      const waiting = { thread, run_id: run.run_id };
      expect(await cancel(at, waiting, action)).toBe(204);
      gate(thread).release();
      expect(await check(before, waiting)).toEqual(["success", ended]);
      expect(await checkpointsOf(waiting)).toBe(0);
    });

    it.each(numbered(3))(`${action} ends a running run within 2 s (server %i)`, async (at) => {
      const run = await held();
      expect(await cancel(at, run, action)).toBe(204);
      await gate(run.thread).aborted;
      expect(await check(run)).toEqual([ended]);
      expect((await checkpointsOf(run)) > 0).toBe(!mayBeGone);
      expect(await threadOf(fleet.first, run.thread)).toMatchObject({ status: "idle" });
    });

    it.each(numbered(roundsOf(4)))(
      `${action} while a run is ending ends it once (%i)`,
      async (round) => {
        const next = random(round);
        const run = await held();
        gate(run.thread).release();
        await pause(next() * 8);
        const status = await cancel(round, run, action);
        expect([204, 409, 404]).toContain(status);
        const [how] = await check(run);
        expect(status === 409 ? how : "success").toBe("success");
        expect(how === "gone" ? await checkpointsOf(run) : 0).toBe(0);
      },
    );

    it(`${action} of a run that waits for an answer is refused, and changes nothing`, async () => {
      const thread = await newThread(fleet.first);
      const { run_id } = await startRun(fleet.first, thread, {
        assistant_id: "ask",
        input: human("go"),
      });
      const run = { thread, run_id };
      await okJson(fleet.first.get(`/threads/${thread}/runs/${run_id}/join`));
      expect(await cancel(1, run, action)).toBe(409);
      expect(await runOf(fleet.first, thread, run_id)).toMatchObject({ status: "success" });
      expect(await threadOf(fleet.first, thread)).toMatchObject({ status: "interrupted" });
    });
  }
});
