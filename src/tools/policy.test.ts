import { tool } from "@langchain/core/tools";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { policyOf } from "./policy.ts";

const PAY = { name: "pay", args: { amount: 5 } };

const toolOf = (metadata: Record<string, unknown>) =>
  Object.assign(
    tool(() => "done", { name: "pay", description: "Pays", schema: z.object({}) }),
    { metadata },
  );
const wishing = (policy: string) => ({ context: { tool_policy: { pay: policy } } });

describe("policyOf", () => {
  it("takes the stricter of the tool's own policy and that of the run", () => {
    expect(policyOf(toolOf({}), PAY, {})).toBe("allow");
    expect(policyOf(toolOf({ policy: "ask" }), PAY, wishing("allow"))).toBe("ask");
    expect(policyOf(toolOf({ policy: "ask" }), PAY, wishing("deny"))).toBe("deny");
    expect(policyOf(undefined, PAY, wishing("ask"))).toBe("ask");
  });

  it("allows nothing by a policy that cannot be read", () => {
    expect(() => policyOf(toolOf({ policy: "Deny" }), PAY, {})).toThrow(
      "metadata.policy of tool pay is not one of allow, ask, deny",
    );
    expect(() => policyOf(toolOf({}), PAY, wishing("no"))).toThrow("allow");
  });
});
