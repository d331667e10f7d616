import type { Command } from "commander";
import { readSettings } from "../config/settings.ts";
import type { ChatFlags } from "./chat/run-chat.ts";
import { addSettingOptions, settingFlags } from "./setting-options.ts";

/** `kagari chat`: a conversation in the terminal. */
export function addChat(program: Command): void {
  addSettingOptions(
    program
      .command("chat")
      .description("Talk to a graph in the terminal; uses the running server, or starts one"),
  )
    .option("--graph <id>", "graph or assistant to talk to", "chat")
    .option("--model <id>", "model config to answer with")
    .option("--thread <id>", "go on in this conversation")
    .option(
      "--url <url>",
      "server to talk to; its key is read from KAGARI_API_KEY, and not needed for the server of this data directory",
    )
    .option("--hide-thinking", "do not show the model's thinking")
    .action(async (flags: ChatFlags & Record<string, unknown>) => {
      const { graph, model, thread, url, hideThinking, ...rest } = flags;
      const settings = settingFlags(rest);
      const { runChat } = await import("./chat/run-chat.ts");
      await runChat(
        readSettings(settings, process.cwd()),
        { graph, ...present({ model, thread, url, hideThinking }) },
        settings,
      );
    });
}

/** The flags that were given. */
const present = <Flags extends object>(
  flags: Flags,
): { [Key in keyof Flags]?: NonNullable<Flags[Key]> } =>
  Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as never;
