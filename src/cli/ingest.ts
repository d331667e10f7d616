import type { Command } from "commander";
import { readSettings } from "../config/settings.ts";
import type { IngestReport } from "./knowledge/run-ingest.ts";
import { addSettingOptions, settingFlags } from "./setting-options.ts";
import { tableLines } from "./table.ts";

const EXIT = { refused: 1, interrupted: 130 } as const;

interface Flags {
  collection: string;
  force?: boolean;
  url?: string;
  key?: string;
  json?: boolean;
}

/** `kagari ingest`: documents into a collection. */
export function addIngest(program: Command): void {
  addSettingOptions(
    program
      .command("ingest")
      .description("Take documents into a collection; what has not changed is left"),
  )
    .argument("<files...>", "files, folders and patterns")
    .option("--collection <name>", "collection that they come into", "default")
    .option("--force", "make them anew, such as for another embedding model")
    .option("--url <url>", "server they go to; else the one that runs, or this data directory")
    .option("--key <key>", "key of that server (KAGARI_API_KEY)")
    .option("--json", "print the result as JSON")
    .action(async (names: string[], flags: Flags & Record<string, unknown>) => {
      const { collection, force = false, url, key, json, ...rest } = flags;
      const settings = settingFlags(rest);
      const { runIngest } = await import("./knowledge/run-ingest.ts");
      const report = await runIngest(
        readSettings(settings, process.cwd()),
        { names, collection, force, url, key },
        settings,
      );
      process.stdout.write(json === true ? `${JSON.stringify(report, null, 2)}\n` : text(report));
      if (report.stopped !== undefined) process.stderr.write(`kagari: ${report.stopped}\n`);
      if (report.stopped?.startsWith("Stopped;") === true) process.exitCode = EXIT.interrupted;
      else if (report.refused.length > 0 || report.stopped !== undefined)
        process.exitCode = EXIT.refused;
    });
}

function text({ counts, chunks, seconds, others, refused }: IngestReport): string {
  const rows = refused.map(({ source, reason }) => [source, reason]);
  const table = rows.length === 0 ? [] : tableLines([["REFUSED", "WHY"], ...rows]);
  const speed = seconds > 0 ? ` (${Math.round(chunks / seconds)} a second)` : "";
  const sums = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  const parts = [
    ...sums,
    `${refused.length} refused`,
    ...(others > 0 ? [`${others} other files left`] : []),
  ];
  const line = `${parts.join(", ")}; ${chunks} chunks in ${seconds.toFixed(1)} s${speed}`;
  return `${[...table, line].join("\n")}\n`;
}
