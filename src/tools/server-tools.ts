import { LiveFile } from "../config/live-file.ts";
import { fromRoot, type LoadedSettings } from "../config/settings.ts";
import { readToolRules } from "../config/tool-rules.ts";
import type { Log } from "../core/log.ts";
import type { ToolHost } from "./tool-host-port.ts";

/** What a server lends to the tools of its graphs, as long as it runs. */
export interface ServerTools extends ToolHost {
  close(): Promise<void>;
}

/** Reads what the operator says of tools; a file that cannot be read stops the start. */
export function openTools({ settings, root }: LoadedSettings, log: Log): ServerTools {
  const rules = new LiveFile({
    path: fromRoot(root, settings.tools_file),
    read: readToolRules,
    isWatched: settings.hot_reload,
    log,
  });
  return {
    limits: {
      timeoutMs: settings.tool_timeout_seconds * 1000,
      resultCharacters: settings.tool_result_characters,
    },
    get rules() {
      return rules.value;
    },
    async close() {
      rules.close();
    },
  };
}
