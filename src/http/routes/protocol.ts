import { z } from "zod";
import type { Context, Frame, ProtocolBatch } from "../../context.ts";
import { timeOf } from "../../domain/protocol.ts";
import { isTooFarBehind } from "../../services/runs/join.ts";
import { followProtocol } from "../../services/threads/follow.ts";
import { command, handleCommand } from "../protocol/commands.ts";
import { ProtocolSocket } from "../protocol/socket.ts";
import { seqOf, subscribe } from "../protocol/subscribe.ts";
import { type Route, route } from "../route.ts";
import { threadParams } from "../schemas.ts";
import { sse } from "../stream.ts";

interface Reading {
  ctx: Context;
  batches: AsyncGenerator<ProtocolBatch, void>;
  /** What was handed to the client last. */
  last?: ProtocolBatch;
}

async function* framesOf(reading: Reading): AsyncGenerator<Frame[], void> {
  for await (const batch of reading.batches) {
    reading.last = batch;
    yield batch.events.map((event) => ({
      id: event.event_id,
      event: event.method,
      data: JSON.stringify(event),
    }));
  }
}

const isBehind = async ({ ctx, last }: Reading): Promise<boolean> =>
  last !== undefined && (await isTooFarBehind(ctx, last.run, String(last.seq)));

export const protocolRoutes: Route[] = [
  route({
    method: "post",
    path: "/threads/:thread_id/commands",
    summary: "A command of the event protocol; its reply says whether it was carried out",
    auth: "threads:update",
    params: threadParams,
    body: command,
    response: z.looseObject({ type: z.enum(["success", "error"]), id: z.int() }),
    handle: async ({ ctx, params, body, headers }) => {
      const key = headers.get("idempotency-key") ?? body.idempotency_key;
      const keyed = key === undefined ? body : { ...body, idempotency_key: key };
      return Response.json(await handleCommand(ctx, params.thread_id, keyed));
    },
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/stream/events",
    summary: "Events of a thread over all its runs, as the event protocol has them",
    auth: "threads:read",
    params: threadParams,
    body: subscribe,
    response: "events",
    handle: ({ ctx, params, body, headers, drop }) => {
      const { since = seqOf(headers.get("last-event-id")), ...wanted } = body;
      const controller = new AbortController();
      const batches = followProtocol(ctx, {
        ...params,
        wants: [wanted],
        since,
        endedSince: timeOf(since),
        signal: controller.signal,
      });
      const reading: Reading = { ctx, batches };
      return sse(framesOf(reading), {
        isTooFarBehind: () => isBehind(reading),
        drop,
        heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
        headers: {},
        controller,
        onLeave: () => undefined,
        onFailure: (error) => ctx.log.error({ err: error, ...params }, "a stream broke off"),
      });
    },
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/stream/events",
    summary: "Commands and events of a thread on one WebSocket",
    auth: "threads:read",
    params: threadParams,
    response: "socket",
    handle: ({ ctx, params, upgrade }) =>
      upgrade((wire) => new ProtocolSocket(ctx, params.thread_id, wire)),
  }),
];
