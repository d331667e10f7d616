import { z } from "zod";
import type { Context } from "../../context.ts";
import { newId } from "../../core/ids.ts";
import { channelOf, isWanted, type ProtocolEvent, timeOf } from "../../domain/protocol.ts";
import { followProtocol } from "../../services/threads/follow.ts";
import { type Command, command, failure, handleCommand, type Reply, success } from "./commands.ts";
import type { SocketHandler, Wire } from "../websocket.ts";
import { ProtocolError } from "./protocol-error.ts";
import { seqOf, subscribe } from "./subscribe.ts";

type Params = z.output<typeof subscribe>;

interface Open {
  wanted: Params;
  /** The place in the thread up to which it has been served. */
  after: number;
}

const unsubscribe = z.object({ subscription_id: z.string() });
const reconnect = z.object({
  last_event_id: z.string().optional(),
  subscriptions: z.array(z.string()).default([]),
});

/**
 * One client of a thread on a WebSocket: commands one way, replies and events the other. All its
 * subscriptions are served by one reading of the thread, so that events keep their order.
 */
export class ProtocolSocket implements SocketHandler {
  readonly #ctx: Context;
  readonly #threadId: string;
  readonly #wire: Wire;
  readonly #open = new Map<string, Open>();
  #reading = new AbortController();
  #isRead: Promise<void> = Promise.resolve();

  constructor(ctx: Context, threadId: string, wire: Wire) {
    this.#ctx = ctx;
    this.#threadId = threadId;
    this.#wire = wire;
  }

  /** Takes one message of the client. */
  async take(text: string): Promise<void> {
    const asked = command.safeParse(parse(text));
    if (!asked.success) {
      const error = new ProtocolError(
        "invalid_argument",
        "Expected a command {id, method, params}",
      );
      return this.#reply(failure(this.#ctx, null, error));
    }
    try {
      await this.#carryOut(asked.data);
    } catch (error) {
      this.#reply(failure(this.#ctx, asked.data.id, error));
    }
  }

  close(): void {
    this.#open.clear();
    this.#reading.abort();
  }

  async #carryOut(asked: Command): Promise<void> {
    const { id, method, params = {} } = asked;
    switch (method) {
      case "subscription.subscribe": {
        const wanted = subscribe.parse(params);
        const subscription_id = newId();
        this.#open.set(subscription_id, { wanted, after: wanted.since ?? 0 });
        // The client must know the subscription before the first event of it comes.
        this.#reply(success(id, { subscription_id }));
        return this.#readAnew();
      }
      case "subscription.unsubscribe":
        this.#end(unsubscribe.parse(params).subscription_id);
        return this.#reply(success(id, {}));
      case "subscription.reconnect":
        return this.#resume(id, reconnect.parse(params));
      default:
        this.#reply(await handleCommand(this.#ctx, this.#threadId, asked));
    }
  }

  /** Goes on after the last event that the client has, with those of its subscriptions that are open here. */
  #resume(id: number, { last_event_id, subscriptions }: z.output<typeof reconnect>): void {
    const after = seqOf(last_event_id);
    const known = subscriptions.flatMap((subscription) => this.#open.get(subscription) ?? []);
    if (after !== undefined) for (const open of known) open.after = after;
    this.#reply(success(id, { restored: known.length === subscriptions.length }));
    this.#readAnew();
  }

  /** Reads on from where the subscription is that has been served least. */
  #readAnew(): void {
    this.#reading.abort();
    const { signal } = (this.#reading = new AbortController());
    this.#isRead = this.#isRead
      .then(() => this.#read(signal))
      .catch((error: unknown) => this.#reply(failure(this.#ctx, null, error)));
  }

  async #read(signal: AbortSignal): Promise<void> {
    const served = [...this.#open.values()];
    const since = Math.min(...served.map(({ after }) => after));
    const places = served.flatMap(({ after }) => timeOf(after === 0 ? undefined : after) ?? []);
    const batches = followProtocol(this.#ctx, {
      thread_id: this.#threadId,
      wants: served.map(({ wanted }) => wanted),
      since,
      endedSince: places.length === 0 ? undefined : Math.min(...places),
      signal,
    });
    for await (const { events } of batches) {
      if (signal.aborted) return;
      for (const event of events) this.#send(served, event);
      await this.#wire.drained();
    }
  }

  #send(served: readonly Open[], event: ProtocolEvent): void {
    const isNew = served.some(
      ({ wanted, after }) =>
        event.seq > after && isWanted(wanted, channelOf(event), event.params.namespace),
    );
    if (isNew) this.#wire.send(JSON.stringify(event));
    for (const open of served) open.after = Math.max(open.after, event.seq);
  }

  #end(subscriptionId: string): void {
    if (!this.#open.delete(subscriptionId))
      throw new ProtocolError(
        "no_such_subscription",
        `No subscription ${JSON.stringify(subscriptionId)} is open`,
      );
    if (this.#open.size === 0) this.#reading.abort();
    else this.#readAnew();
  }

  #reply(reply: Reply): void {
    this.#wire.send(JSON.stringify(reply));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
