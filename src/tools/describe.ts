import type { StructuredToolInterface } from "@langchain/core/tools";
import { rulesFor, strictest, type ToolRule } from "../domain/tool-rule.ts";
import { builtInTools } from "./index.ts";
import type { Means } from "./means.ts";
import { ownPolicies } from "./policy.ts";
import type { ToolHost } from "./tool-host-port.ts";

/** One tool as an operator sees it. */
export interface ToolStatus {
  readonly name: string;
  /** `kagari`, or the MCP server that it is of. */
  readonly source: string;
  /** `allow`, `ask`, `deny`, or `by arguments` where a rule looks at them. */
  readonly policy: string;
  /** `ready`, or why it cannot be used. */
  readonly state: string;
}

/** All tools of a server; an MCP server that cannot be reached has a line of its own. */
export async function describeTools(means: Means & { tools: ToolHost }): Promise<ToolStatus[]> {
  const { rules, mcp } = means.tools;
  const builtIn = builtInTools(means).map(({ tool, lack }) => ({
    name: tool.name,
    source: "kagari",
    policy: policyText(tool, rules),
    state: lack ?? "ready",
  }));
  const ofServers = await Promise.all(
    (mcp?.names() ?? []).map(async (source): Promise<ToolStatus[]> => {
      const offer = await mcp?.offer(source);
      if (offer === undefined) return [];
      if ("reason" in offer)
        return [{ name: `mcp:${source}`, source, policy: "-", state: offer.reason }];
      return offer.tools.map((tool) => ({
        name: tool.name,
        source,
        policy: policyText(tool, rules),
        state: "ready",
      }));
    }),
  );
  return [...builtIn, ...ofServers.flat()];
}

function policyText(tool: StructuredToolInterface, rules: readonly ToolRule[]): string {
  const [first] = rulesFor(rules, tool.name);
  if (first?.when !== undefined) return "by arguments";
  const { default_policy, policy } = ownPolicies(tool);
  return strictest(first?.policy ?? default_policy, policy);
}
