import { findServer } from "../../auth/local-access.ts";
import { fromRoot, type LoadedSettings } from "../../config/settings.ts";
import { ConfigError } from "../../core/errors.ts";
import { startServer } from "../../main.ts";
import { Conversation } from "./conversation.ts";
import { LineReader } from "./line-reader.ts";
import { ChatSession } from "./session.ts";

const LOOK_MS = 1500;

export interface ChatFlags {
  url?: string;
  graph: string;
  model?: string;
  thread?: string;
  hideThinking?: boolean;
}

interface Reached {
  url: string;
  isOwn: boolean;
  close(): Promise<void>;
}

/** Talks in the terminal to the server that runs, or to one started for this chat. */
export async function runChat(
  loaded: LoadedSettings,
  flags: ChatFlags,
  settings: Record<string, unknown>,
): Promise<void> {
  const server = await reach(loaded, flags.url, settings);
  const apiKey = loaded.env["KAGARI_API_KEY"] ?? secretOf(loaded, server.url);
  const conversation = new Conversation({ url: server.url, apiKey }, flags);
  const reader = new LineReader({ input: process.stdin, output: process.stdout });
  const session = new ChatSession({
    conversation,
    reader,
    output: process.stdout,
    showsThinking: flags.hideThinking !== true,
  });
  const where = server.isOwn ? "a server of its own" : server.url;
  session.say(
    `${flags.model ?? flags.graph} at ${where}. /help lists the commands, exit or 退出 leaves.`,
  );
  try {
    await session.run();
  } finally {
    await server.close();
  }
}

async function reach(
  { settings: { host, port } }: LoadedSettings,
  url: string | undefined,
  settings: Record<string, unknown>,
): Promise<Reached> {
  const address = url?.replace(/\/+$/, "") ?? `http://${hostOf(host)}:${port}`;
  if (await isServing(address))
    return { url: address, isOwn: false, close: () => Promise.resolve() };
  if (url !== undefined) throw new ConfigError(`No server answers at ${address}`);
  const server = await startServer({ settings: { log_level: "error", ...settings, port: 0 } });
  return { url: server.url, isOwn: true, close: () => server.close() };
}

/** What lets the operator in at the server of this data directory. */
function secretOf({ settings, root }: LoadedSettings, url: string): string | undefined {
  const known = findServer(fromRoot(root, settings.data_dir));
  return known && new URL(known.url).host === new URL(url).host ? known.secret : undefined;
}

/** Where to ask a server that listens on all addresses. */
const hostOf = (host: string): string => {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
};

async function isServing(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/ok`, { signal: AbortSignal.timeout(LOOK_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
