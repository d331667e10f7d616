import { type RunningServer, startServer } from "../../main.ts";

/** Lends a server of its own, with nothing kept, and ends it. */
export async function withEvalServer<Result>(
  settings: Record<string, unknown>,
  use: (server: RunningServer) => Promise<Result>,
): Promise<Result> {
  const server = await startServer({
    settings: {
      log_level: "silent",
      ...settings,
      host: "127.0.0.1",
      port: 0,
      data_dir: ":memory:",
    },
  });
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}
