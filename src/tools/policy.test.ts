import { tool } from "@langchain/core/tools";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { policyOf } from "./policy.ts";

const toolOf = (metadata: Record<string, unknown>) =>
  Object.assign(
    tool(() => "done", { name: "pay", description: "Pays", schema: z.object({}) }),
    { metadata },
  );
const wishing = (policy: string) => ({ context: { tool_policy: { pay: policy } } });

describe("policyOf", () => {
  it("takes the stricter of the tool's own policy and that of the run", () => {
    expect(policyOf(toolOf({}), "pay", {})).toBe("allow");
    expect(policyOf(toolOf({ policy: "ask" }), "pay", wishing("allow"))).toBe("ask");
    expect(policyOf(toolOf({ policy: "ask" }), "pay", wishing("deny"))).toBe("deny");
    expect(policyOf(undefined, "pay", wishing("ask"))).toBe("ask");
  });

  it("allows nothing by a policy that cannot be read", () => {
    expect(() => policyOf(toolOf({ policy: "Deny" }), "pay", {})).toThrow(
      "metadata.policy of tool pay is not one of allow, ask, deny",
    );
    expect(() => policyOf(toolOf({}), "pay", wishing("no"))).toThrow("allow");
  });
});
