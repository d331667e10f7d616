import type { Command } from "commander";
import { ConfigError } from "../core/errors.ts";
import { fromRoot, readSettings } from "../config/settings.ts";
import { backupSqlite } from "../storage/drivers/sqlite-backup.ts";

interface Flags {
  dataDir?: string;
}

/** The data directory of the embedded database, from the flag or the settings. */
export function dataDirOf({ dataDir }: Flags): string {
  const flags = dataDir === undefined ? {} : { data_dir: dataDir };
  const { settings, root } = readSettings(flags, process.cwd());
  if (settings.database_url !== undefined)
    throw new ConfigError(
      "DATABASE_URL is set: use pg_dump and pg_restore for a Postgres database",
    );
  return fromRoot(root, settings.data_dir);
}

/** `kagari backup <file>`: copies the embedded database, while the server runs or not. */
export function addBackup(program: Command): void {
  program
    .command("backup")
    .description("Copy the embedded database into a file; the server may go on meanwhile")
    .argument("<file>", "the file to make; it must not exist")
    .option("--data-dir <value>", "Folder of the embedded database (KAGARI_DATA_DIR)")
    .action(async (file: string, flags: Flags) => {
      const dataDir = dataDirOf(flags);
      await backupSqlite(dataDir, file);
      process.stdout.write(`Backed up ${dataDir} to ${file}\n`);
    });
}
