import { readLanggraphFile } from "../config/langgraph-file.ts";
import { fromRoot, type LoadedSettings, readSettings } from "../config/settings.ts";
import { settingFlags } from "./setting-options.ts";

/** The settings of a command that works with models: its flags, and langgraph.json's variables. */
export function modelSettings(flags: Record<string, unknown>): LoadedSettings {
  const loaded = readSettings(settingFlags(flags), process.cwd());
  const langgraph = readLanggraphFile(fromRoot(loaded.root, loaded.settings.config));
  return { ...loaded, env: { ...langgraph.env, ...loaded.env } };
}
