import type { StructuredToolInterface } from "@langchain/core/tools";
import type { WebSearch } from "../config/web-search.ts";
import type { OutboundPolicy } from "../core/outbound.ts";
import type { Clock } from "../core/clock.ts";
import type { ToolPrice } from "../domain/tool-cost.ts";
import type { ToolRule } from "../domain/tool-rule.ts";

/** What one call of a tool may take. */
export interface ToolLimits {
  /** 0 for no limit. */
  readonly timeoutMs: number;
  /** Longest result that a model is given whole. */
  readonly resultCharacters: number;
}

/** What the tools of a server are now, or why there are none. */
export type McpOffer =
  | { readonly tools: readonly StructuredToolInterface[] }
  | { readonly reason: string };

/** The MCP servers of the operator's file. */
export interface McpTools {
  names(): readonly string[];
  /** Connects where it is not connected; undefined for a server that is not in the file. Never rejects. */
  offer(server: string): Promise<McpOffer | undefined>;
}

/** What a server lends to the tools of graphs. */
export interface ToolHost {
  /** The defaults of the settings where there is no server. */
  readonly limits?: ToolLimits;
  /** The operator's, as they are now. */
  readonly rules: readonly ToolRule[];
  /** What a call of a tool costs, by the operator. */
  readonly prices?: readonly ToolPrice[];
  readonly clock?: Clock;
  /** Absent in a plain script. */
  readonly mcp?: McpTools;
  /** Where http_get may go. */
  readonly outbound?: OutboundPolicy;
  readonly webSearch?: WebSearch | undefined;
}
