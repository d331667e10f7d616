import { resolve } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import {
  getDefaultEnvironment,
  StdioClientTransport,
} from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { McpServerConfig } from "../../config/mcp-file.ts";
import { VERSION } from "../../core/version.ts";
import type { Expander } from "./expand.ts";

export interface Connecting {
  readonly config: McpServerConfig;
  readonly expander: Expander;
  readonly root: string;
  /** What a program of this machine writes to its stderr. */
  readonly onStderr: (text: string) => void;
  readonly signal: AbortSignal;
}

/** A client of a server that has answered; what was begun is ended when it does not in time. */
export async function connect(asked: Connecting): Promise<Client> {
  const client = new Client({ name: "kagari", version: VERSION.kagari });
  const { config, signal } = asked;
  try {
    await client.connect(transportOf(asked), { signal, timeout: config.connect_timeout * 1000 });
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

function transportOf({ config, expander, root, onStderr }: Connecting): Transport {
  if ("command" in config) {
    const { command, args, env, cwd = "." } = config;
    const transport = new StdioClientTransport({
      command: expander.expand(command),
      args: args.map((arg) => expander.expand(arg)),
      // Of our own variables, which hold keys, it gets none but those of every program.
      env: { ...getDefaultEnvironment(), ...expander.all(env) },
      cwd: resolve(root, expander.expand(cwd)),
      stderr: "pipe",
    });
    transport.stderr?.on("data", (chunk: unknown) => onStderr(String(chunk)));
    return transport;
  }
  const url = new URL(expander.expand(config.url));
  // Headers hold keys, which must not follow to where a server sends us on.
  const requestInit: RequestInit = { headers: expander.all(config.headers), redirect: "error" };
  const isSse = config.type === "sse" || config.transport === "sse";
  // The SDK's own types are not written for exactOptionalPropertyTypes.
  const transport: unknown = isSse
    ? new SSEClientTransport(url, { requestInit })
    : new StreamableHTTPClientTransport(url, { requestInit });
  return transport as Transport;
}
