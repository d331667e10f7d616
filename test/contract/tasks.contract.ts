import { describe, expect, it } from "vitest";
import type { Task } from "../../src/domain/task.ts";
import type { Subject } from "./storage.contract.ts";

const sample = (task_id: string, change: Partial<Task> = {}): Task =>
  ({
    task_id,
    kind: "image",
    model: "m",
    input: { prompt: "一只猫" },
    status: "pending",
    result: null,
    error: null,
    metadata: { owner: "a" },
    webhook: null,
    created_by: null,
    fallback: null,
    provider_task_id: null,
    cancel_requested: false,
    is_asking: false,
    resubmitted: false,
    attempts: 0,
    epoch: 0,
    lease_until: 0,
    next_at: 10,
    deadline_at: null,
    asked_at: null,
    created_at: 1,
    updated_at: 1,
    ...change,
  }) as Task;

const mine = { has: { owner: "a" } };
const others = { has: { owner: "b" } };
const due = { now: 10, leaseMs: 5, limit: 10 };
const END = { status: "success", result: { a: 1 }, error: null, files: [] } as const;
const FILE = {
  file: { file_id: "f", content_type: "image/png", size: 1, metadata: {}, created_at: 1 },
  bytes: Uint8Array.of(7),
};

async function taken(subject: Subject, change: Partial<Task> = {}) {
  await subject().tasks.create(sample("one", change));
  const [task] = await subject().tasks.take(due);
  if (!task) throw new Error("there is no task");
  return task;
}

export function tasksContract(subject: Subject): void {
  describe("tasks", () => {
    it("are kept whole, and shown only to whom they belong", async () => {
      const { tasks } = subject();
      const user = { identity: "a", display_name: "a", is_authenticated: true, permissions: [] };
      const task = sample("one", { created_by: user, webhook: "/hook" });
      await tasks.create(task);
      await expect(tasks.create(task)).rejects.toThrow(/already stored/);
      for (const access of [undefined, mine]) expect(await tasks.find("one", access)).toEqual(task);
      expect(await tasks.find("one", others)).toBeUndefined();
      expect(await tasks.requestCancel("one", 5, others)).toBeUndefined();
      expect(await tasks.delete("one", others)).toBeUndefined();
      const page = { limit: 10, offset: 0 };
      expect(await tasks.list({ access: others }, page)).toEqual({ rows: [], total: 0 });
      expect(await tasks.list({ access: mine, kind: "image", model: "m" }, page)).toEqual({
        rows: [task],
        total: 1,
      });
      expect((await tasks.list({ status: "success" }, page)).total).toBe(0);
    });

    it("are taken by one at a time when they are due, again after the lease", async () => {
      const { tasks } = subject();
      await tasks.create(sample("one"));
      await tasks.create(sample("later", { next_at: 11 }));
      const answers = await Promise.all([tasks.take(due), tasks.take(due), tasks.take(due)]);
      const [first] = answers.flat();
      expect(answers.flat()).toHaveLength(1);
      expect(first).toMatchObject({ task_id: "one", epoch: 1, lease_until: 15 });
      expect(await tasks.take({ ...due, limit: 0, now: 20 })).toEqual([]);
      const again = await tasks.take({ ...due, now: 15 });
      expect(Object.fromEntries(again.map(({ task_id, epoch }) => [task_id, epoch]))).toEqual({
        later: 1,
        one: 2,
      });
      if (!first) return;
      expect(await tasks.renew(first, { now: 16, leaseMs: 9 })).toBeUndefined();
      expect(await tasks.note(first, { attempts: 9 }, 16)).toBe(false);
      expect(await tasks.release(first, { next_at: 0 }, 16)).toBe(false);
      expect(await tasks.finish(first, { ...END, files: [FILE] }, 16)).toBe(false);
      expect(await tasks.find("one")).toMatchObject({ attempts: 0, status: "pending" });
      expect(await subject().files.read("f")).toBeUndefined();
    });

    it("are noted, renewed and let go of by whoever has them", async () => {
      const { tasks } = subject();
      const task = await taken(subject);
      const note = { status: "running", is_asking: true, resubmitted: true, asked_at: 11 } as const;
      expect(await tasks.note(task, note, 11)).toBe(true);
      expect(await tasks.renew(task, { now: 12, leaseMs: 9 })).toEqual({ cancel_requested: false });
      expect(await tasks.find("one")).toMatchObject({ ...note, lease_until: 21, updated_at: 11 });
      const fallback = { model: "n", tried: [{ model: "m", reason: "busy" }] };
      const ends = {
        fallback,
        provider_task_id: "p",
        is_asking: false,
        deadline_at: 99,
        next_at: 30,
      };
      expect(await tasks.release(task, ends, 13)).toBe(true);
      expect(await tasks.find("one")).toMatchObject({ ...ends, lease_until: 0 });
      expect(await tasks.take({ ...due, now: 29 })).toEqual([]);
      expect(await tasks.take({ ...due, now: 30 })).toHaveLength(1);
    });

    it("are due at once when they are asked to end, also when they are taken", async () => {
      const { tasks } = subject();
      const task = await taken(subject);
      expect(await tasks.requestCancel("one", 11, mine)).toMatchObject({ cancel_requested: true });
      expect(await tasks.take({ ...due, now: 11 })).toEqual([]);
      expect(await tasks.renew(task, { now: 12, leaseMs: 9 })).toEqual({ cancel_requested: true });
      await tasks.release(task, { next_at: 500 }, 13);
      expect(await tasks.take({ ...due, now: 13 })).toMatchObject([{ cancel_requested: true }]);
    });

    it("end once, with their files and the news for their webhook, and can be deleted then", async () => {
      const { tasks, files, webhooks } = subject();
      const task = await taken(subject, { webhook: "https://example.com" });
      expect(await tasks.delete("one")).toBe(false);
      expect(await tasks.finish(task, { ...END, files: [FILE] }, 20)).toBe(true);
      expect(await tasks.finish(task, END, 21)).toBe(false);
      const ended = await tasks.requestCancel("one", 22);
      expect(ended).toMatchObject({ status: "success", result: { a: 1 }, updated_at: 20 });
      expect(ended?.cancel_requested).toBe(false);
      expect(await tasks.take({ ...due, now: 99 })).toEqual([]);
      expect((await files.read("f"))?.file.file_id).toBe("f");
      const found = await webhooks.take({ now: 20, leaseMs: 1, limit: 9 });
      expect(found).toMatchObject([
        { task_id: "one", run: null, url: "https://example.com", body: { status: "success" } },
      ]);
      const delivery_id = found[0]?.delivery_id ?? "";
      expect(await webhooks.find(delivery_id, mine)).toMatchObject({ task_id: "one" });
      expect(await webhooks.find(delivery_id, others)).toBeUndefined();
      expect(await tasks.delete("one", mine)).toBe(true);
      expect(await tasks.delete("one")).toBeUndefined();
    });
  });
}
