import { describe, expect, it } from "vitest";
import type { StoredResponse } from "../../src/domain/response.ts";
import type { Subject } from "./storage.contract.ts";

const sample = (response_id: string, thread_id: string | null): StoredResponse => ({
  response_id,
  source: "run",
  thread_id,
  previous_id: null,
  response: { id: "r", output: [{ text: "猫" }] },
  input: [{ type: "message", content: "hi" }],
  metadata: { owner: "a" },
  created_at: 1,
});

const mine = { has: { owner: "a" } };
const others = { has: { owner: "b" } };

export function responsesContract(subject: Subject): void {
  describe("responses", () => {
    it("are kept whole, counted by thread, and shown and deleted only for whom they belong to", async () => {
      const { responses } = subject();
      const one = sample("one", "t");
      await responses.keep(one);
      await responses.keep(sample("two", "t"));
      await responses.keep(sample("three", null));
      expect(await responses.find("one", mine)).toEqual(one);
      expect(await responses.find("one", others)).toBeUndefined();
      const changed = { ...one, input: [] };
      await responses.keep(changed);
      expect(await responses.find("one")).toEqual(changed);
      expect(await responses.countOf("t")).toBe(2);
      await responses.keep({ ...sample("four", null), previous_id: "two" });
      expect(await responses.followersOf("two")).toEqual(["four"]);
      expect(await responses.followersOf("four")).toEqual([]);
      expect(await responses.delete("one", others)).toBe(false);
      expect(await responses.delete("one", mine)).toBe(true);
      expect(await responses.find("one")).toBeUndefined();
      expect(await responses.countOf("t")).toBe(1);
    });
  });
}
