import type { LoadedSettings } from "../../config/settings.ts";
import { reachServer } from "../reach-server.ts";
import { Conversation } from "./conversation.ts";
import { LineReader } from "./line-reader.ts";
import { ChatSession } from "./session.ts";

export interface ChatFlags {
  url?: string;
  graph: string;
  model?: string;
  thread?: string;
  hideThinking?: boolean;
}

/** Talks in the terminal to the server that runs, or to one started for this chat. */
export async function runChat(
  loaded: LoadedSettings,
  flags: ChatFlags,
  settings: Record<string, unknown>,
): Promise<void> {
  const server = await reachServer(loaded, { url: flags.url, settings });
  const apiKey = server.apiKey ?? server.secret;
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
