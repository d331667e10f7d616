import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import type { Log } from "../core/log.ts";
import { Listeners } from "./listeners.ts";
import { fromPayload, toPayloads } from "./payloads.ts";
import { SIGNAL_CHANNELS, type SignalChannel, type SignalListener, type Signals } from "./port.ts";

const PREFIX = "kagari_";
/** Signals of this long go out together. */
const GATHER_MS = 5;
const QUERY_MS = 5_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
/** Beyond this many ids that wait for a connection, only the fact that something happened matters. */
const MAX_WAITING = 10_000;

const channelOf = (name: string): SignalChannel | undefined =>
  SIGNAL_CHANNELS.find((channel) => PREFIX + channel === name);

export interface PostgresSignalsOptions {
  databaseUrl: string;
  log: Log;
}

/** LISTEN and NOTIFY on a connection of its own, made again whenever it is lost. */
export class PostgresSignals implements Signals {
  readonly #options: PostgresSignalsOptions;
  readonly #listeners = new Listeners();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  readonly #connected = Promise.withResolvers<void>();
  #client: Client | undefined;
  #processId: number | undefined;
  #waiting = new Map<SignalChannel, Set<string>>();
  #sending: Promise<void> | undefined;

  constructor(options: PostgresSignalsOptions) {
    this.#options = options;
    this.#running = this.#keepConnected();
  }

  /** Resolves once signals are heard for the first time. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  notify(channel: SignalChannel, ids: string[]): void {
    if (this.#closing.signal.aborted) return;
    const waiting = this.#waiting.get(channel) ?? new Set();
    this.#waiting.set(channel, waiting);
    for (const id of ids) if (waiting.size < MAX_WAITING) waiting.add(id);
    if (this.#client) this.#sending ??= this.#send(this.#client);
  }

  on(channel: SignalChannel, listener: SignalListener): () => void {
    return this.#listeners.add(channel, listener);
  }

  /** Sends what waits, then hangs up. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sending;
    await this.#client?.end().catch(() => undefined);
    await this.#running;
  }

  /** Gathers, sends, and does so again while more has come in meanwhile. */
  async #send(client: Client): Promise<void> {
    while (this.#waiting.size > 0 && client === this.#client) {
      if (!this.#closing.signal.aborted) await pause(GATHER_MS);
      const parts = [...this.#waiting].flatMap(([channel, ids]) =>
        toPayloads(ids).map((payload) => [PREFIX + channel, payload] as const),
      );
      this.#waiting = new Map();
      await client
        .query(
          "select pg_notify(name, payload) from unnest($1::text[], $2::text[]) as t(name, payload)",
          [parts.map(([name]) => name), parts.map(([, payload]) => payload)],
        )
        // A connection that does not answer is as good as lost.
        .catch(() => client.end().catch(() => undefined));
    }
    this.#sending = undefined;
  }

  async #keepConnected(): Promise<void> {
    const { signal } = this.#closing;
    let retryMs = FIRST_RETRY_MS;
    let isFirst = true;
    while (!signal.aborted) {
      try {
        const { lost } = await this.#connect();
        this.#connected.resolve();
        if (!isFirst) this.#tellOfGap();
        isFirst = false;
        retryMs = FIRST_RETRY_MS;
        await lost;
      } catch (error) {
        this.#options.log.warn({ err: error }, "cannot hear other processes; polling goes on");
      }
      this.#client = undefined;
      this.#sending = undefined;
      await pause(retryMs * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(
        () => undefined,
      );
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
    this.#connected.resolve();
  }

  /** Connects and listens; `lost` resolves at the end of the connection. */
  async #connect(): Promise<{ lost: Promise<void> }> {
    const client = new Client({
      connectionString: this.#options.databaseUrl,
      application_name: "kagari signals",
      connectionTimeoutMillis: QUERY_MS,
      query_timeout: QUERY_MS,
      keepAlive: true,
    });
    const lost = new Promise<void>((resolve) => client.once("end", () => resolve()));
    client.on("error", (error) => this.#options.log.debug({ err: error }, "lost the signals"));
    client.on("notification", ({ channel, payload = "", processId }) => {
      if (processId !== this.#processId) this.#hear(channel, payload);
    });
    await client.connect();
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    this.#processId = rows[0]?.pid;
    await client.query(SIGNAL_CHANNELS.map((channel) => `listen ${PREFIX}${channel}`).join("; "));
    this.#client = client;
    if (this.#waiting.size > 0) this.#sending ??= this.#send(client);
    if (this.#closing.signal.aborted) await client.end();
    return { lost };
  }

  #hear(name: string, payload: string): void {
    const channel = channelOf(name);
    const ids = fromPayload(payload);
    if (channel && ids) this.#listeners.tell(channel, ids);
  }

  #tellOfGap(): void {
    for (const channel of SIGNAL_CHANNELS) this.#listeners.tell(channel, []);
  }
}
