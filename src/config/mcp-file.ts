import { z } from "zod";
import { ToolPolicy } from "../domain/tool-rule.ts";
import { checkConfig, readJsonFile } from "./json-file.ts";

/** A name that is part of the names of tools, which models limit to these characters. */
const SERVER_NAME = /^(?!.*__)[A-Za-z0-9][\w-]{0,31}$/;

const common = {
  /** Seconds that one call may take; the setting tool_timeout_seconds where not given. */
  timeout: z.number().positive().max(2_000_000).optional(),
  /** Seconds to wait for the server at its first use. */
  connect_timeout: z.number().positive().max(3600).default(30),
  /** What may be done with its tools; by default those that say that they destroy are asked about. */
  policy: ToolPolicy.optional(),
  /** The only tools of the server that are offered. */
  tools: z.array(z.string()).optional(),
  disabled: z.boolean().default(false),
};

const texts = z.record(z.string(), z.string()).default({});

const stdioServer = z.strictObject({
  ...common,
  type: z.literal("stdio").optional(),
  transport: z.literal("stdio").optional(),
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: texts,
  cwd: z.string().optional(),
});

const httpTransport = z.enum(["http", "streamable-http", "streamable_http", "sse"]);

const httpServer = z.strictObject({
  ...common,
  type: httpTransport.optional(),
  transport: httpTransport.optional(),
  url: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }),
  headers: texts,
});

const mcpServer = z
  .record(z.string(), z.unknown())
  .refine((entry) => "command" in entry !== "url" in entry, "expected either command or url")
  .transform((entry, context) => {
    const parsed = ("command" in entry ? stdioServer : httpServer).safeParse(entry);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues)
      context.addIssue({ code: "custom", path: [...issue.path], message: messageOf(issue) });
    return z.NEVER;
  });

const messageOf = (issue: z.core.$ZodIssue): string =>
  issue.code === "unrecognized_keys"
    ? `unknown key ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`
    : issue.message;

const mcpFile = z.strictObject({
  $schema: z.string().optional(),
  mcpServers: z.record(
    z.string().regex(SERVER_NAME, "expected a name of letters, digits, - and single _"),
    mcpServer,
  ),
});

/** One server of `config/mcp.json`: a program of this machine, or an address. */
export type McpServerConfig = z.output<typeof mcpServer>;
export type McpServerConfigs = Readonly<Record<string, McpServerConfig>>;

/** The MCP servers of the operator's file, none where there is no file; ConfigError names file and key path. */
export function readMcpFile(file: string): McpServerConfigs {
  const found = readJsonFile(file);
  if (found === undefined) return {};
  return checkConfig(mcpFile, found, { file, keys: Object.keys(mcpFile.shape) }).mcpServers;
}
