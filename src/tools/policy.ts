import type { StructuredToolInterface } from "@langchain/core/tools";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { strictest, TOOL_POLICIES, ToolPolicy, ToolRule, verdict } from "../domain/tool-rule.ts";
import { withImplicitConfig } from "../models/call.ts";
import { currentRuntime } from "../models/runtime.ts";
import type { ToolCall } from "./ask-human.ts";
import { metadataOf } from "./limits.ts";

/** Policies by the names of tools, or rules of which the first that is about a call counts. */
export const ToolPolicies = z.union([z.record(z.string(), ToolPolicy), z.array(ToolRule)]);

const given = z
  .record(z.string(), ToolPolicy)
  .transform((byName) => Object.entries(byName).map(([tool, policy]) => ({ tool, policy })))
  .or(z.array(ToolRule))
  .nullish();

/**
 * What may be done with a call: the strictest of what the operator's rules, the tool's own
 * `metadata.policy` and the run's `tool_policy` say. A tool's `metadata.default_policy` counts where
 * no rule of the operator is about the call.
 */
export function policyOf(
  tool: StructuredToolInterface | undefined,
  call: Pick<ToolCall, "name" | "args">,
  config: LangGraphRunnableConfig,
): ToolPolicy {
  const { context, configurable } = withImplicitConfig(config);
  const own = ownPolicies(tool);
  const byOperator = verdict(currentRuntime().tools?.rules ?? [], call);
  const byRun = [configurable, context].map((source) =>
    verdict(given.parse(source["tool_policy"]) ?? [], call),
  );
  return strictest(byOperator ?? own.default_policy, own.policy, ...byRun);
}

const ownSchema = z.object({
  policy: ToolPolicy.optional(),
  default_policy: ToolPolicy.optional(),
});

/** A policy that cannot be read is a mistake, which must not allow anything. */
export function ownPolicies(tool: StructuredToolInterface | undefined): z.infer<typeof ownSchema> {
  const own = ownSchema.safeParse(metadataOf(tool));
  if (own.success) return own.data;
  const keys = own.error.issues.map(({ path }) => path.join("."));
  const expected = TOOL_POLICIES.join(", ");
  throw new Error(`metadata.${keys.join(", ")} of tool ${tool?.name} is not one of ${expected}`);
}
