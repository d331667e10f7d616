import type { LoadedSettings } from "../config/settings.ts";
import type { ToolHost } from "./tool-host-port.ts";

/** What a server lends to the tools of its graphs. */
export const openTools = ({ settings }: LoadedSettings): ToolHost => ({
  limits: {
    timeoutMs: settings.tool_timeout_seconds * 1000,
    resultCharacters: settings.tool_result_characters,
  },
});
