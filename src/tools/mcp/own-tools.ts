import type { StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import type { McpServerConfig } from "../../config/mcp-file.ts";
import type { ToolPolicy } from "../../domain/tool-rule.ts";
import { withInvoke } from "../bounded.ts";
import { metadataOf } from "../limits.ts";
import { onceTool } from "../once.ts";

/** The longest name that models take. */
const MAX_NAME = 64;
/** The SDK's own limit, of a minute, must not end a call before ours does. */
const SDK_TIMEOUT_MS = 2_000_000_000;

const hints = z.object({
  annotations: z.object({ destructiveHint: z.boolean().nullish() }).nullish(),
});

interface Origin {
  readonly server: string;
  readonly config: McpServerConfig;
  /** Told of every call that failed, for whatever reason. */
  readonly onError: () => void;
}

/** A server's tools as graphs have them: named `server__tool`, within limits, by a policy, each call once. */
export function asOwn(
  found: readonly StructuredToolInterface[],
  { server, config, onError }: Origin,
): StructuredToolInterface[] {
  const prefix = `${server}__`;
  const byName = new Map<string, StructuredToolInterface>();
  for (const tool of found) {
    const theirs = tool.name.slice(prefix.length);
    if (config.tools && !config.tools.includes(theirs)) continue;
    const name = nameOf(`${prefix}${theirs}`);
    if (byName.has(name)) continue;
    const metadata = {
      ...metadataOf(tool),
      mcp_server: server,
      default_policy: config.policy ?? policyOf(tool),
      ...(config.timeout === undefined ? {} : { timeout: config.timeout }),
    };
    byName.set(name, onceTool(watched(Object.assign(tool, { name, metadata }), onError)));
  }
  return [...byName.values()];
}

function watched(tool: StructuredToolInterface, onError: () => void): StructuredToolInterface {
  return withInvoke(tool, async (input, config) => {
    try {
      const metadata = { ...config?.metadata, timeoutMs: SDK_TIMEOUT_MS };
      return (await tool.invoke(input, { ...config, metadata })) as unknown;
    } catch (error) {
      onError();
      throw error;
    }
  });
}

/** Signs that models do not take in a name become `_`. */
const nameOf = (name: string): string => name.replaceAll(/[^\w-]/g, "_").slice(0, MAX_NAME);

/** What a tool says of itself: the operator chose its server, and may say otherwise. */
function policyOf(tool: StructuredToolInterface): ToolPolicy {
  const told = hints.safeParse(metadataOf(tool));
  return told.success && told.data.annotations?.destructiveHint === true ? "ask" : "allow";
}
