import type { Command } from "commander";
import { restoreSqlite } from "../storage/drivers/sqlite-backup.ts";
import { dataDirOf } from "./backup.ts";

/** `kagari restore <file>`: makes a backup the embedded database. */
export function addRestore(program: Command): void {
  program
    .command("restore")
    .description("Make a backup the embedded database; the server must not run")
    .argument("<file>", "a file that `kagari backup` made")
    .option("--data-dir <value>", "Folder of the embedded database (KAGARI_DATA_DIR)")
    .option("--force", "restore over a database, which is kept beside it under another name")
    .action((file: string, flags: { dataDir?: string; force?: boolean }) => {
      const dataDir = dataDirOf(flags);
      const aside = restoreSqlite(file, dataDir, { force: flags.force ?? false });
      process.stdout.write(`Restored ${file} to ${dataDir}\n`);
      if (aside !== undefined) process.stdout.write(`The database before it is ${aside}\n`);
    });
}
