import type { Clock } from "../core/clock.ts";
import { LiveFile } from "../config/live-file.ts";
import { fromRoot, type LoadedSettings } from "../config/settings.ts";
import { outboundPolicy } from "../core/outbound.ts";
import { readMcpFile } from "../config/mcp-file.ts";
import { webSearchOf } from "../config/web-search.ts";
import { readToolsFile } from "../config/tools-file.ts";
import type { Log } from "../core/log.ts";
import { McpServers } from "./mcp/servers.ts";
import type { ToolHost } from "./tool-host-port.ts";

/** What a server lends to the tools of its graphs, as long as it runs. */
export interface ServerTools extends ToolHost {
  close(): Promise<void>;
}

/** Reads what the operator says of tools; a file that cannot be read stops the start. */
export function openTools(
  { settings, root, env }: LoadedSettings,
  { log, clock }: { log: Log; clock: Clock },
): ServerTools {
  const isWatched = settings.hot_reload;
  const file = new LiveFile({
    path: fromRoot(root, settings.tools_file),
    read: readToolsFile,
    isWatched,
    log,
  });
  const mcpFile = new LiveFile({
    path: fromRoot(root, settings.mcp_file),
    read: readMcpFile,
    isWatched,
    log,
    onChange: (configs) => mcp.take(configs),
  });
  const mcp = new McpServers(mcpFile.value, { env, log, clock, root });
  return {
    limits: {
      timeoutMs: settings.tool_timeout_seconds * 1000,
      resultCharacters: settings.tool_result_characters,
    },
    get rules() {
      return file.value.rules;
    },
    get prices() {
      return file.value.prices;
    },
    clock,
    mcp,
    outbound: { ...outboundPolicy(settings.tool_allowed_hosts), setting: "tool_allowed_hosts" },
    webSearch: webSearchOf(settings.web_search, env),
    async close() {
      file.close();
      mcpFile.close();
      await mcp.close();
    },
  };
}
