import { describe, expect, it } from "vitest";
import type { AccessFilter } from "../../src/domain/access-filter.ts";
import type { Cron } from "../../src/domain/cron.ts";
import { sampleAssistant, sampleRun, sampleThread } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const mine: AccessFilter = { has: { owner: "me" } };
const page = { limit: 10, offset: 0, sort_by: "created_at", sort_order: "asc" } as const;

const FILTERS: [name: string, filter: AccessFilter, seen: string[]][] = [
  ["a value", mine, ["a"]],
  ["a member of a list", { has: { teams: ["red"] } }, ["a", "b"]],
  ["all of a list", { has: { teams: ["red", "blue"] } }, ["b"]],
  ["every part", { every: [mine, { has: { teams: ["red"] } }] }, ["a"]],
  ["some part", { some: [mine, { has: { teams: ["blue"] } }] }, ["a", "b"]],
  ["no part at all", { some: [] }, []],
  ["every part of none", { every: [] }, ["a", "b", "c"]],
  ["text that is SQL", { has: { owner: "x' or '1'='1" } }, []],
];

const sampleCron = (cron_id: string, owner: string): Cron => ({
  cron_id,
  assistant_id: "assistant",
  thread_id: null,
  schedule: "* * * * *",
  timezone: null,
  end_time: null,
  enabled: true,
  on_run_completed: "delete",
  payload: { assistant_id: "assistant" },
  metadata: { owner },
  created_by: { identity: owner, display_name: owner, is_authenticated: true, permissions: ["a"] },
  next_run_at: 60_000,
  created_at: 1,
  updated_at: 1,
});

/** Rows that do not meet a filter are not there, whatever is done to them. */
export function accessContract(subject: Subject): void {
  describe("access", () => {
    it.each(FILTERS)("finds threads by %s", async (_name, access, seen) => {
      const { threads } = subject();
      await threads.create(sampleThread("a", { metadata: { owner: "me", teams: ["red"] } }));
      await threads.create(
        sampleThread("b", { metadata: { owner: "you", teams: ["blue", "red"] } }),
      );
      await threads.create(sampleThread("c", { metadata: { owner: ["me"], teams: "red" } }));
      const sorted = { ...page, sort_by: "thread_id" } as const;
      const { rows, total } = await threads.search({ access }, sorted);
      expect(rows.map(({ thread_id }) => thread_id)).toEqual(seen);
      expect(total).toBe(seen.length);
      for (const id of ["a", "b", "c"])
        expect((await threads.find(id, access)) !== undefined).toBe(seen.includes(id));
    });

    it("neither changes nor deletes a thread of somebody else's", async () => {
      const { threads } = subject();
      await threads.create(sampleThread("t", { metadata: { owner: "you" } }));
      const change = { metadata: { hacked: true }, now: 5, access: mine };
      expect(await threads.patch("t", change)).toBeUndefined();
      expect(await threads.delete("t", mine)).toBe(false);
      expect(await threads.find("t")).toMatchObject({ metadata: { owner: "you" }, updated_at: 1 });
    });

    it("never lets a change of metadata change the owner", async () => {
      const { threads } = subject();
      await threads.create(sampleThread("t", { metadata: { owner: "me" } }));
      const change = (metadata: { owner: string; note?: string }) =>
        threads.patch("t", { metadata, now: 5, access: mine });
      await expect(change({ owner: "you" })).rejects.toMatchObject({ code: "forbidden" });
      expect(await change({ owner: "me", note: "same" })).toMatchObject({
        metadata: { owner: "me", note: "same" },
      });
      expect(await threads.delete("t", mine)).toBe(true);
    });

    it("accepts no run on a thread of somebody else's, also not by making it", async () => {
      const { threads, runs } = subject();
      await threads.create(sampleThread("t", { metadata: { owner: "you" } }));
      const accepted = runs.accept({
        run: sampleRun("r", "t"),
        create_thread: sampleThread("t"),
        thread_metadata: { seen: true },
        thread_config: {},
        access: mine,
      });
      await expect(accepted).rejects.toMatchObject({ code: "not_found" });
      expect(await runs.find("r")).toBeUndefined();
      expect(await threads.find("t")).toMatchObject({ metadata: { owner: "you" }, status: "idle" });
    });

    it("shows system assistants to all, whatever their metadata say", async () => {
      const { assistants } = subject();
      await assistants.syncSystem([sampleAssistant("chat")]);
      const found = await assistants.search({ access: mine }, { ...page, sort_by: "name" });
      expect(found).toMatchObject({ total: 1 });
      expect(await assistants.find("chat", mine)).toBeDefined();
    });

    it("hides crons of others, and keeps the owner of one's own", async () => {
      const { crons } = subject();
      await crons.create(sampleCron("mine", "me"));
      await crons.create(sampleCron("yours", "you"));
      expect(await crons.search({ access: mine }, page)).toMatchObject({
        rows: [{ cron_id: "mine" }],
        total: 1,
      });
      expect(await crons.find("yours", mine)).toBeUndefined();
      expect(await crons.patch("yours", { enabled: false, updated_at: 5 }, mine)).toBeUndefined();
      expect(await crons.delete("yours", mine)).toBe(false);
      expect(await crons.find("yours")).toEqual(sampleCron("yours", "you"));

      const rename = (metadata: { owner?: string; note: string }) =>
        crons.patch("mine", { metadata, updated_at: 5 }, mine);
      await expect(rename({ owner: "you", note: "" })).rejects.toMatchObject({ code: "forbidden" });
      expect(await rename({ note: "a" })).toMatchObject({ metadata: { owner: "me", note: "a" } });
      expect(await crons.delete("mine", mine)).toBe(true);
    });
  });
}
