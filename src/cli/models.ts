import type { Command } from "commander";
import { openModels } from "../container.ts";
import { createLog } from "../core/log.ts";
import { readLanggraphFile } from "../config/langgraph-file.ts";
import { fromRoot, readSettings } from "../config/settings.ts";
import { modelsTable } from "./models-table.ts";
import { addSettingOptions, settingFlags } from "./setting-options.ts";

/** `kagari models`: what is configured, what can be called, and why not. */
export function addModels(program: Command): void {
  addSettingOptions(
    program.command("models").description("List the model configs and whether they can be called"),
  ).action(async (flags: Record<string, string | boolean>) => {
    const loaded = readSettings(settingFlags(flags), process.cwd());
    const langgraph = readLanggraphFile(fromRoot(loaded.root, loaded.settings.config));
    const env = { ...langgraph.env, ...loaded.env };
    const registry = await openModels({ ...loaded, env }, createLog("error"));
    process.stdout.write(`${modelsTable(registry.list(), registry.defaultId)}\n`);
  });
}
