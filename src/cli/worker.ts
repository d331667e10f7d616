import type { Command } from "commander";
import { openContext } from "../container.ts";
import { AppError } from "../core/errors.ts";
import { giveBackWhenIdle } from "../core/idle-memory.ts";
import { readSettings } from "../config/settings.ts";
import { closeOnSignal } from "../main.ts";
import { addSettingOptions, settingFlags } from "./setting-options.ts";

/** A worker has no port that would keep its process running. */
const KEEP_ALIVE_MS = 60_000;

/** `kagari worker`: executes runs of a shared database, without HTTP, until a signal. */
export function addWorker(program: Command): void {
  addSettingOptions(
    program.command("worker").description("Execute the runs of a shared database, without HTTP"),
  ).action(async (flags: Record<string, string | boolean>) => {
    const settings = settingFlags(flags);
    const { database_url, workers } = readSettings(settings, process.cwd()).settings;
    if (database_url === undefined)
      throw new AppError(
        "bad_request",
        "kagari worker needs DATABASE_URL: the embedded database belongs to one process",
      );
    if (workers === 0)
      throw new AppError(
        "bad_request",
        "kagari worker needs at least one run at a time (--workers)",
      );
    const opened = await openContext({ settings });
    setInterval(() => undefined, KEEP_ALIVE_MS);
    closeOnSignal(opened);
    giveBackWhenIdle();
    process.stderr.write(`working, ${workers} runs at a time\n`);
  });
}
