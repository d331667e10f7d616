import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Hono } from "hono";
import { type Pieces, piecesOf } from "./piecewise-body.ts";

/** So long the head of an answer waits for the first piece, to be sent together with it. */
const HEAD_WITHIN_MS = 20;

const SEND_OFF_MS = 500;
/** What clients of streams that break off here are told: to come back after a second. */
const COME_BACK = "retry: 1000\n\n";

export interface NodeFetch {
  /** The app as the server of Node calls it: bodies in pieces are written by ourselves. */
  fetch: (request: Request, env: HttpBindings | Http2Bindings) => Promise<Response>;
  /** Tells the clients of open event streams that the connection is about to end, and the stream is not. */
  sendOff: () => Promise<void>;
}

/** How the app answers on a port of its own. */
export function nodeFetch(app: Hono): NodeFetch {
  const streams = new Set<ServerResponse>();
  const fetch: NodeFetch["fetch"] = async (request, env) => {
    const response = await app.fetch(request, env);
    const body = piecesOf(response);
    if (!body) return response;
    // Our own server speaks HTTP/1; the type allows for HTTP/2.
    const { outgoing } = env as HttpBindings & { outgoing: ServerResponse };
    if (outgoing.destroyed) body.leave();
    else {
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      if (response.headers.get("content-type") === "text/event-stream") {
        streams.add(outgoing);
        outgoing.once("close", () => streams.delete(outgoing));
      }
      void sendTo(outgoing, body);
    }
    return RESPONSE_ALREADY_SENT;
  };
  const sendOff = async () => {
    // Pieces are whole frames, so this one stands between two of them. A client that does not read holds nobody up.
    const open = [...streams].filter(({ writableEnded }) => !writableEnded);
    const told = open.map(
      (outgoing) => new Promise((resolve) => outgoing.write(COME_BACK, resolve)),
    );
    await Promise.race([Promise.all(told), pause(SEND_OFF_MS, undefined, { ref: false })]);
  };
  return { fetch, sendOff };
}

/** Writes a body to a connection as it is made, without a web stream between them. */
async function sendTo(outgoing: ServerResponse, body: Pieces): Promise<void> {
  const late = setTimeout(() => outgoing.flushHeaders(), HEAD_WITHIN_MS);
  let goOn: (() => void) | undefined;
  outgoing.on("drain", () => goOn?.());
  outgoing.on("close", () => {
    clearTimeout(late);
    if (!outgoing.writableFinished) body.leave();
    goOn?.();
  });
  const write = (text: string): Promise<void> | undefined =>
    outgoing.destroyed || outgoing.write(text)
      ? undefined
      : new Promise((resolve) => (goOn = resolve));
  try {
    await body.send(write, () => void outgoing.destroy());
    outgoing.end();
  } catch {
    outgoing.destroy();
  }
}
