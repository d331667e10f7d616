import { describe, expect, it } from "vitest";
import { sampleCall } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

export function usageContract(subject: Subject): void {
  describe("usage", () => {
    it("keeps every field and answers a run's calls in order", async () => {
      const { usage } = subject();
      const later = sampleCall("later", { started_at: 2, estimated: false, usage: null });
      const earlier = sampleCall("earlier");
      await usage.record(later);
      await usage.record(earlier);
      await usage.record(sampleCall("other", { run_id: "other" }));
      await usage.record(sampleCall("none", { run_id: null, thread_id: null }));
      expect(await usage.ofRun("run")).toEqual([earlier, later]);
    });
  });
}
