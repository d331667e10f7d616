import { setTimeout as pause } from "node:timers/promises";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { loadMcpTools } from "@langchain/mcp-adapters";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import type { McpServerConfig } from "../../config/mcp-file.ts";
import { reasonOf } from "../../core/errors.ts";
import type { McpOffer } from "../tool-host-port.ts";
import { connect } from "./connect.ts";
import { Expander } from "./expand.ts";
import type { McpParts } from "./servers.ts";
import { asOwn } from "./own-tools.ts";

/** How long a list of tools is taken for what it was, should its server not tell of changes. */
const LIST_TTL_MS = 10 * 60_000;
const PATIENCE_MS = 2000;
const PING_MS = 5000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

interface Listed {
  readonly tools: readonly StructuredToolInterface[];
  readonly staleAt: number;
}

interface Failure {
  readonly reason: string;
  readonly retryAt: number;
  readonly pauseMs: number;
}

/** One MCP server: connected when wanted, and again, with growing pauses, after it was lost. */
export class McpServer {
  readonly #name: string;
  readonly #config: McpServerConfig;
  readonly #parts: McpParts;
  readonly #expander: Expander;
  readonly #closing = new AbortController();
  #client: Client | undefined;
  #listed: Listed | undefined;
  /** Counts the times that the server said that its tools changed. */
  #changes = 0;
  #failure: Failure | undefined;
  #looking: Promise<McpOffer> | undefined;

  constructor({ name, config }: { name: string; config: McpServerConfig }, parts: McpParts) {
    this.#name = name;
    this.#config = config;
    this.#parts = parts;
    this.#expander = new Expander(parts.env);
  }

  /** Its tools, or why there are none; one look serves all who ask at the time. */
  async offer(): Promise<McpOffer> {
    const now = this.#parts.clock.now();
    if (this.#listed && now < this.#listed.staleAt) return { tools: this.#listed.tools };
    if (this.#failure && now < this.#failure.retryAt) return { reason: this.#failure.reason };
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return await (this.#failure === undefined ? this.#looking : this.#soon(this.#failure));
  }

  /** Of one that was away before, nobody waits long for whether it still is. */
  async #soon({ reason }: Failure): Promise<McpOffer> {
    const isOver = new AbortController();
    const { signal } = isOver;
    const still = pause(PATIENCE_MS, { reason }, { signal, ref: false }).catch(() => ({ reason }));
    try {
      return await Promise.race([this.#looking ?? { reason }, still]);
    } finally {
      isOver.abort();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the server is stopping"));
    await this.#looking;
    await this.#client?.close();
  }

  async #look(): Promise<McpOffer> {
    try {
      const client = this.#client ?? (await this.#connect());
      const tools = await this.#list(client);
      this.#failure = undefined;
      return { tools };
    } catch (error) {
      await this.#client?.close();
      return this.#failed(reasonOf(error));
    }
  }

  /** A server behind HTTP does not say that it is gone, or that it no longer knows us. */
  async #check(client: Client): Promise<void> {
    try {
      await client.ping({ timeout: PING_MS });
    } catch {
      await client.close();
    }
  }

  async #connect(): Promise<Client> {
    const { log, root } = this.#parts;
    const server = this.#name;
    const client = await connect({
      config: this.#config,
      expander: this.#expander,
      root,
      onStderr: (text) => log.debug({ server, text: this.#expander.mask(text) }, "MCP server"),
      signal: this.#closing.signal,
    });
    Object.assign(client, { onclose: () => this.#lost(client) });
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      this.#changes++;
      this.#listed = undefined;
    });
    this.#client = client;
    log.info({ server }, "connected to an MCP server");
    return client;
  }

  async #list(client: Client): Promise<readonly StructuredToolInterface[]> {
    const { connect_timeout } = this.#config;
    const changes = this.#changes;
    const limit = AbortSignal.timeout(connect_timeout * 1000);
    const listing = loadMcpTools(this.#name, client, {
      prefixToolNameWithServerName: true,
      throwOnLoadError: false,
    });
    const found = await Promise.race([
      listing,
      endOf(AbortSignal.any([limit, this.#closing.signal])),
    ]);
    const tools = asOwn(found, {
      server: this.#name,
      config: this.#config,
      onError: () => void this.#check(client),
    });
    const staleAt = this.#parts.clock.now() + LIST_TTL_MS;
    if (this.#client === client && this.#changes === changes) this.#listed = { tools, staleAt };
    return tools;
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#listed = undefined;
    if (this.#closing.signal.aborted) return;
    this.#parts.log.warn({ server: this.#name }, "lost an MCP server");
  }

  #failed(said: string): McpOffer {
    const { log, clock } = this.#parts;
    const reason = this.#expander.mask(said);
    const pauseMs = Math.min((this.#failure?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2, LONGEST_PAUSE_MS);
    this.#failure = { reason, pauseMs, retryAt: clock.now() + pauseMs };
    log.warn({ server: this.#name, reason, pauseMs }, "an MCP server cannot be reached");
    return { reason };
  }
}

const endOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = () =>
      reject(signal.reason instanceof Error ? signal.reason : new Error("it did not answer"));
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
  });
