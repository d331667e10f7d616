import type { Command } from "commander";
import { openDatabase } from "../container.ts";
import { createLog } from "../core/log.ts";
import { readSettings } from "../config/settings.ts";
import { addSettingOptions, settingFlags } from "./setting-options.ts";

/** `kagari migrate`: brings the schema of the database up to date and ends. */
export function addMigrate(program: Command): void {
  addSettingOptions(
    program.command("migrate").description("Bring the database up to date, and end"),
  ).action(async (flags: Record<string, string | boolean>) => {
    const loaded = readSettings(settingFlags(flags), process.cwd());
    const storage = await openDatabase(loaded, createLog(loaded.settings.log_level));
    await storage.close();
    process.stderr.write("the database is up to date\n");
  });
}
