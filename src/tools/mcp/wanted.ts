import type { StructuredToolInterface } from "@langchain/core/tools";
import { AppError } from "../../core/errors.ts";
import { didYouMean } from "../../config/spelling.ts";
import { currentRuntime } from "../../models/runtime.ts";
import type { McpTools } from "../tool-host-port.ts";

const PREFIX = "mcp:";

interface Offer {
  readonly tools: StructuredToolInterface[];
  readonly missing: string[];
}

/**
 * The tools of MCP servers that a name stands for, `mcp:server`, `mcp:*` or `server__tool`; undefined
 * for another name. Throws "validation" for a server that the operator's file does not have.
 */
export async function mcpOffer(name: string): Promise<Offer | undefined> {
  const { mcp } = currentRuntime().tools ?? {};
  if (name === `${PREFIX}*`) return merged(await Promise.all((mcp?.names() ?? []).map(offer)));
  if (name.startsWith(PREFIX)) return await offer(name.slice(PREFIX.length));
  const [server = "", ...rest] = name.split("__");
  if (rest.length === 0 || mcp?.names().includes(server) !== true) return undefined;
  const { tools, missing } = await offer(server);
  const found = tools.filter((tool) => tool.name === name);
  if (found.length > 0 || missing.length > 0) return { tools: found, missing };
  return { tools: [], missing: [`The MCP server ${server} has no tool ${name}.`] };
}

async function offer(server: string): Promise<Offer> {
  const { mcp } = currentRuntime().tools ?? {};
  if (mcp === undefined)
    return {
      tools: [],
      missing: [`The MCP server ${server}: only Kagari's server connects to it.`],
    };
  const found = await mcp.offer(server);
  if (found === undefined) throw unknownServer(server, mcp);
  if ("tools" in found) return { tools: [...found.tools], missing: [] };
  // The reason is for the log: it may tell of addresses that are nobody's business.
  return { tools: [], missing: [`The MCP server ${server} cannot be reached.`] };
}

const unknownServer = (server: string, mcp: McpTools): AppError =>
  new AppError(
    "validation",
    `Unknown MCP server ${JSON.stringify(server.slice(0, 200))}${didYouMean(server, mcp.names())}`,
  );

const merged = (offers: readonly Offer[]): Offer => ({
  tools: offers.flatMap(({ tools }) => tools),
  missing: offers.flatMap(({ missing }) => missing),
});
