import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createApp } from "./app.ts";
import { type ContextOptions, type OpenContext, openContext } from "./container.ts";
import { ConfigError } from "./core/errors.ts";

/** A second signal within this time of the first is the same key press, delivered twice. */
const SAME_SIGNAL_MS = 1000;

export interface RunningServer extends OpenContext {
  url: string;
}

/** Opens everything and listens. */
export async function startServer(options: ContextOptions = {}): Promise<RunningServer> {
  const opened = await openContext(options);
  const { host, port } = opened.ctx.settings;
  const server = createServer(listener(opened));
  try {
    await listen(server, { host, port });
  } catch (error) {
    await opened.close(0);
    throw error;
  }
  // A server that listens on a port has an address of this form.
  const { address, family, port: bound } = server.address() as AddressInfo;
  const url = `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`;
  const close = async (drainMs?: number) => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    await opened.close(drainMs);
    server.closeAllConnections();
    await closed;
  };
  return { ...opened, url, close };
}

/** The app as Node's server calls it; what goes wrong in it the app itself answers. */
function listener({ ctx }: OpenContext): RequestListener {
  const handle = getRequestListener(createApp(ctx).fetch);
  return (request, response) => void handle(request, response);
}

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
