import { isDeepStrictEqual } from "node:util";
import type { Environment } from "../../config/environment.ts";
import type { McpServerConfig, McpServerConfigs } from "../../config/mcp-file.ts";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { McpOffer, McpTools } from "../tool-host-port.ts";
import type { McpServer } from "./server.ts";

export interface McpParts {
  readonly env: Environment;
  readonly log: Log;
  readonly clock: Clock;
  /** The folder that relative paths of the file start from. */
  readonly root: string;
}

interface Entry {
  readonly config: McpServerConfig;
  server?: Promise<McpServer>;
}

/** The MCP servers of a file. One is connected when its tools are first wanted, and not before. */
export class McpServers implements McpTools {
  readonly #parts: McpParts;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #isClosed = false;

  constructor(configs: McpServerConfigs, parts: McpParts) {
    this.#parts = parts;
    this.take(configs);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  async offer(name: string): Promise<McpOffer | undefined> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (this.#isClosed) return { reason: "the server is stopping" };
    entry.server ??= this.#open(name, entry.config);
    return await (await entry.server).offer();
  }

  /** Lets go of servers that are no longer in the file or are written otherwise there. */
  take(configs: McpServerConfigs): void {
    const before = this.#entries;
    this.#entries = new Map(
      Object.entries(configs)
        .filter(([, { disabled }]) => !disabled)
        .map(([name, config]) => {
          const known = before.get(name);
          return [name, isDeepStrictEqual(known?.config, config) && known ? known : { config }];
        }),
    );
    for (const [name, entry] of before) if (this.#entries.get(name) !== entry) void closeOne(entry);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#entries.values()].map(closeOne));
  }

  /** Loaded only here: most servers have none. */
  async #open(name: string, config: McpServerConfig): Promise<McpServer> {
    const { McpServer: Server } = await import("./server.ts");
    return new Server({ name, config }, this.#parts);
  }
}

async function closeOne({ server }: Entry): Promise<void> {
  await (await server)?.close();
}
