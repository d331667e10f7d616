import { upgradeWebSocket } from "@hono/node-server";
import type { Context as HonoContext } from "hono";
import type { WSContext } from "hono/ws";
import type WebSocket from "ws";
import { AppError } from "../core/errors.ts";

/** What a client has not taken yet may grow to this; then it is waited for. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** The way to a client. */
export interface Wire {
  send(text: string): void;
  /** Resolves once a slow client has taken most of what was sent; at once when it has gone. */
  drained(): Promise<void>;
}

/** What a connection is for. */
export interface SocketHandler {
  /** Takes one message of the client. */
  take(text: string): Promise<void>;
  /** The client has gone. */
  close(): void;
}

/** Makes the connection of a request a WebSocket. */
export async function upgradeTo(
  c: HonoContext,
  { open, heartbeatMs }: { open: (wire: Wire) => SocketHandler; heartbeatMs: number },
): Promise<Response> {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket")
    throw new AppError("upgrade_required", "This path is for WebSocket connections");
  const answer = upgradeWebSocket(() => {
    let handler: SocketHandler | undefined;
    let stop = nothing;
    return {
      onOpen: (_event, socket) => {
        const raw = rawOf(socket);
        handler = open(wireOf(raw));
        stop = keepAlive(raw, heartbeatMs);
      },
      onMessage: ({ data }) => void handler?.take(typeof data === "string" ? data : ""),
      onClose: () => {
        stop();
        handler?.close();
      },
    };
  });
  const response = await answer(c, () => Promise.resolve());
  if (response) return response;
  throw new AppError("upgrade_required", "The connection cannot become a WebSocket here");
}

const nothing = (): void => undefined;

/** The adapter hands out the socket that the server made. */
const rawOf = (socket: WSContext): WebSocket => socket.raw as WebSocket;

function wireOf(socket: WebSocket): Wire {
  let resume: (() => void) | undefined;
  const isFull = () => socket.bufferedAmount > MAX_WAITING_BYTES;
  const look = () => {
    if (isFull() && socket.readyState === socket.OPEN) return;
    resume?.();
    resume = undefined;
  };
  socket.on("close", look);
  return {
    send: (text) => {
      if (socket.readyState === socket.OPEN) socket.send(text, look);
    },
    drained: () => {
      if (!isFull() || socket.readyState !== socket.OPEN) return Promise.resolve();
      const waiting = Promise.withResolvers<void>();
      const before = resume;
      resume = () => {
        before?.();
        waiting.resolve();
      };
      return waiting.promise;
    },
  };
}

/** Asks the client for a sign of life at every beat, and hangs up when it gave none since the last. */
function keepAlive(socket: WebSocket, everyMs: number): () => void {
  let isAlive = true;
  socket.on("pong", () => (isAlive = true));
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
