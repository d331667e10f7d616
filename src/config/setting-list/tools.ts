import { z } from "zod";
import { count, text } from "./types.ts";

/** What tools may do, and how long and how much. */
export const TOOLS = {
  tools_file: {
    type: text.default("config/tools.json"),
    env: "KAGARI_TOOLS_FILE",
    description: "File of the rules that calls of tools are allowed, asked about or denied by",
  },
  mcp_file: {
    type: text.default("config/mcp.json"),
    env: "KAGARI_MCP_FILE",
    description: "File of the MCP servers whose tools graphs may use",
  },
  tool_timeout_seconds: {
    type: z.coerce.number().nonnegative().max(2_000_000).default(120),
    env: "KAGARI_TOOL_TIMEOUT_SECONDS",
    description: "How long one call of a tool may take before the model is told so; 0 for ever",
  },
  tool_result_characters: {
    type: count.default(20_000),
    env: "KAGARI_TOOL_RESULT_CHARACTERS",
    description:
      "Longest result of a tool that a model is given whole; a longer one is kept as a file that it can page through",
  },
  tool_allowed_hosts: {
    type: z.string().default(""),
    env: "KAGARI_TOOL_ALLOWED_HOSTS",
    description:
      "Hosts (or host:port) that http_get may reach though they are internal, comma-separated",
  },
  web_search: {
    type: z.enum(["auto", "tavily", "brave", "searxng", "off"]).default("auto"),
    env: "KAGARI_WEB_SEARCH",
    description:
      "Who web_search asks: tavily, brave or searxng; auto takes the first whose TAVILY_API_KEY, BRAVE_SEARCH_API_KEY or SEARXNG_API_BASE is set",
  },
};
