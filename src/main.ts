import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer, type WebSocketServerLike } from "@hono/node-server";
import { WebSocketServer } from "ws";
import { announceServer } from "./auth/local-access.ts";
import { createApp } from "./app.ts";
import type { Context } from "./context.ts";
import { type ContextOptions, type OpenContext, openContext } from "./container.ts";
import type { Settings } from "./config/settings.ts";
import { ConfigError } from "./core/errors.ts";
import { nodeFetch } from "./http/node-fetch.ts";
import { isLoopback } from "./core/loopback.ts";

/** A second signal within this time of the first is the same key press, delivered twice. */
const SAME_SIGNAL_MS = 1000;
/** What a WebSocket is closed with when its server goes. */
const GOING_AWAY = 1001;

export interface RunningServer extends OpenContext {
  url: string;
}

/** Opens everything and listens. */
export async function startServer(options: ContextOptions = {}): Promise<RunningServer> {
  const opened = await openContext({ ...options, isListening: true });
  const { host, port } = opened.ctx.settings;
  const { server, sockets, sendOff } = serverOf(opened);
  try {
    refuseOpenDoor(opened.ctx);
    await listen(server, { host, port });
  } catch (error) {
    await opened.close(0);
    throw error;
  }
  // A server that listens on a port has an address of this form.
  const { address, family, port: bound } = server.address() as AddressInfo;
  const url = `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`;
  const { dataDir, localSecret: secret } = opened;
  const withdraw = dataDir === undefined ? undefined : announceServer(dataDir, { url, secret });
  const close = async (drainMs?: number) => {
    withdraw?.();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    await opened.close(drainMs);
    await sendOff();
    for (const socket of sockets.clients) socket.close(GOING_AWAY, "the server is shutting down");
    server.closeAllConnections();
    await closed;
  };
  return { ...opened, url, close };
}

/** A server that nobody has to sign in to is for this machine only, unless its operator says otherwise. */
function refuseOpenDoor({ settings, guard, log }: Context): void {
  const { host, allow_open: isMeant } = settings;
  if (!guard.isOpen || isLoopback(host)) return;
  if (!isMeant)
    throw new ConfigError(
      `${host} can be reached from other machines, and nobody has to sign in. Make a key ` +
        "(npm run kagari -- keys create --name NAME), set auth.path in langgraph.json, listen on " +
        "127.0.0.1, or allow it with --allow-open (KAGARI_ALLOW_OPEN=1)",
    );
  log.warn({ host }, "nobody has to sign in, and other machines can reach this server");
}

/** Cuts off whoever sends a request too slowly or not at all; streams may take as long as they like. */
function timeLimits({ header_timeout_seconds, request_timeout_seconds }: Settings) {
  return {
    headersTimeout: header_timeout_seconds * 1000,
    requestTimeout: Math.max(header_timeout_seconds, request_timeout_seconds) * 1000,
    connectionsCheckingInterval: Math.min(5000, header_timeout_seconds * 500),
  };
}

/** Node's server of the app, and the WebSockets on it; what goes wrong in the app it answers itself. */
function serverOf({ ctx }: OpenContext): {
  server: Server;
  sockets: WebSocketServer;
  sendOff: () => Promise<void>;
} {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: ctx.settings.max_body_bytes,
  });
  const { fetch, sendOff } = nodeFetch(createApp(ctx));
  const server = createAdaptorServer({
    fetch,
    serverOptions: timeLimits(ctx.settings),
    websocket: { server: adapted(sockets) },
  });
  // Without a createServer of our own it is a plain HTTP server.
  const http = server as Server;
  http.maxConnections = ctx.settings.max_connections;
  return { server: http, sockets, sendOff };
}

/** The adapter was made for this very class, but is typed more narrowly. */
const adapted = (sockets: WebSocketServer): WebSocketServerLike =>
  sockets as unknown as WebSocketServerLike;

/** Ends the process after a drain at the first SIGTERM or SIGINT, at once at the next. */
export function closeOnSignal(server: OpenContext): void {
  let first = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (first > 0 && now - first < SAME_SIGNAL_MS) return;
    if (first > 0) process.exit(1);
    first = now;
    server.ctx.log.info({ signal }, "draining");
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        server.ctx.log.error({ err: error }, "could not close cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE"
          ? "is in use; choose another with --port or PORT"
          : `cannot be listened on: ${error.message}`;
      reject(new ConfigError(`${host}:${port} ${why}`, { cause: error }));
    });
    server.listen(port, host, () => resolve());
  });
}
