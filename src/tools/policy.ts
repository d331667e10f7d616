import type { StructuredToolInterface } from "@langchain/core/tools";
import { interrupt, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { withImplicitConfig } from "../models/call.ts";

/** From the loosest to the strictest. */
const POLICIES = ["allow", "ask", "deny"] as const;

/** Whether a tool may be called: at once, once a human agrees, or never. */
export const ToolPolicy = z.enum(POLICIES);
export type ToolPolicy = z.infer<typeof ToolPolicy>;

/** A call as the model made it. */
export interface ToolCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
  readonly id?: string | undefined;
}

const givenPolicies = z.record(z.string(), ToolPolicy).nullish();

const args = z.record(z.string(), z.unknown());
const Decision = z.union([
  z.object({ type: z.enum(["approve", "accept"]) }).transform(() => ({ type: "approve" as const })),
  z
    .object({ type: z.literal("edit"), edited_action: z.object({ args }) })
    .transform(({ edited_action }) => ({ type: "edit" as const, args: edited_action.args })),
  z
    .object({ type: z.enum(["reject", "ignore"]), message: z.string().nullish() })
    .transform(({ message }) => ({ type: "reject" as const, message: message ?? "" })),
  z.object({ type: z.enum(["respond", "response"]), message: z.string() }).transform((answer) => ({
    type: "respond" as const,
    message: answer.message,
  })),
]);

/** What a human decided on one call. */
export type Decision = z.infer<typeof Decision>;

/** The policy of a tool: its own `metadata.policy` or the context's `tool_policy`, the stricter. */
export function policyOf(
  tool: StructuredToolInterface | undefined,
  name: string,
  config: LangGraphRunnableConfig,
): ToolPolicy {
  const { context, configurable } = withImplicitConfig(config);
  const given = [configurable, context].map(
    (source) => givenPolicies.parse(source["tool_policy"])?.[name],
  );
  const ranks = [ownPolicy(tool), ...given].map((policy) => POLICIES.indexOf(policy ?? "allow"));
  return POLICIES[Math.max(...ranks)] ?? "deny";
}

/** A policy that cannot be read is a mistake, which must not allow anything. */
function ownPolicy(tool: StructuredToolInterface | undefined): ToolPolicy | undefined {
  const metadata = tool && "metadata" in tool ? tool.metadata : undefined;
  const own = z.object({ policy: ToolPolicy.optional() }).safeParse(metadata ?? {});
  if (own.success) return own.data.policy;
  throw new Error(`metadata.policy of tool ${tool?.name} is not one of ${POLICIES.join(", ")}`);
}

/** Asks a human about all calls at once, and again until there is one decision for each. */
export function decide(calls: readonly ToolCall[]): Decision[] {
  const allowed_decisions = ["approve", "edit", "reject", "respond"];
  for (let description = "Run this tool?"; ; description = "Please decide on every call.") {
    const answer: unknown = interrupt({
      action_requests: calls.map(({ name, args }) => ({ name, args, description })),
      review_configs: calls.map(({ name }) => ({ action_name: name, allowed_decisions })),
    });
    const decisions = z.array(Decision).length(calls.length).safeParse(listOf(answer));
    if (decisions.success) return decisions.data;
  }
}

/** `{decisions: [...]}`, a list, one decision, or its bare word. */
function listOf(answer: unknown): unknown {
  if (typeof answer === "string") return [{ type: answer }];
  if (Array.isArray(answer)) return answer;
  if (typeof answer === "object" && answer !== null && "decisions" in answer)
    return answer.decisions;
  return [answer];
}
