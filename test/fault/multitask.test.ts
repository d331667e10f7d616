import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Loose, newThread, okJson } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { describeFleets, type Fleet } from "./fleet.ts";
import { type Accepted, checkInvariants } from "./invariants.ts";

const POSTS = 20;

describeFleets("twenty posts at once on one thread", (open) => {
  let fleet: Fleet;
  let thread: string;
  beforeAll(async () => void (fleet = await open()));
  afterAll(() => fleet[Symbol.asyncDispose]());
  beforeEach(async () => void (thread = await newThread(fleet.first)));

  /** Posts them all over the servers; the graph of each stands at a gate of this name. */
  async function post(multitask_strategy: string, gateName: string) {
    const answers = await Promise.all(
      Array.from({ length: POSTS }, (_, index) =>
        fleet.at(index).post(`/threads/${thread}/runs`, {
          assistant_id: "slow",
          input: { gate: gateName },
          multitask_strategy,
        }),
      ),
    );
    const accepted = await Promise.all(
      answers.filter(({ status }) => status === 200).map((answer) => okJson(answer)),
    );
    const runs: Accepted[] = accepted.map(({ run_id }) => ({ thread, run_id }));
    return { runs, statuses: answers.map(({ status }) => status) };
  }

  const count = (list: readonly unknown[], value: unknown) =>
    list.filter((item) => item === value).length;
  const check = (runs: Accepted[], mayBeGone = false) =>
    checkInvariants({ api: fleet.first, runs, mayBeGone });
  const writers = async () => {
    const states = await okJson(fleet.first.get(`/threads/${thread}/history?limit=1000`));
    return new Set(states.map(({ metadata }: Loose) => metadata.run_id));
  };

  it("reject: takes one and answers 409 to the others", async () => {
    const name = `reject ${thread}`;
    const { runs, statuses } = await post("reject", name);
    expect(count(statuses, 200)).toBe(1);
    expect(count(statuses, 409)).toBe(POSTS - 1);
    gate(name).release();
    expect(await check(runs)).toEqual(["success"]);
    expect(await okJson(fleet.first.get(`/threads/${thread}/runs?limit=100`))).toHaveLength(1);
  });

  it("enqueue: takes all and runs them one after the other", async () => {
    const name = `enqueue ${thread}`;
    gate(name).release();
    const { runs, statuses } = await post("enqueue", name);
    expect(count(statuses, 200)).toBe(POSTS);
    expect(count(await check(runs), "success")).toBe(POSTS);
    const { values } = await okJson(fleet.first.get(`/threads/${thread}/state`));
    expect(values.steps).toEqual(
      Array.from({ length: POSTS }, () => [
        `begin ${name}`,
        `through ${name}`,
        `end ${name}`,
      ]).flat(),
    );
  });

  it("interrupt: takes all, ends those before, and lets the last one go on", async () => {
    const name = `interrupt ${thread}`;
    const { runs, statuses } = await post("interrupt", name);
    expect(count(statuses, 200)).toBe(POSTS);
    gate(name).release();
    const ended = await check(runs);
    expect(count(ended, "success")).toBe(1);
    expect(count(ended, "interrupted")).toBe(POSTS - 1);
  });

  it("rollback: takes all, and nothing is left of those before the last", async () => {
    const name = `rollback ${thread}`;
    const { runs, statuses } = await post("rollback", name);
    expect(count(statuses, 200)).toBe(POSTS);
    gate(name).release();
    const ended = await check(runs, true);
    expect(count(ended, "gone")).toBe(POSTS - 1);
    const last = runs[ended.indexOf("success")];
    expect(await writers()).toEqual(new Set([last?.run_id]));
    const { values } = await okJson(fleet.first.get(`/threads/${thread}/state`));
    expect(values.steps).toEqual([`begin ${name}`, `through ${name}`, `end ${name}`]);
  });
});
