import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { AppError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { addBackup } from "./backup.ts";
import { addBudgets } from "./budgets.ts";
import { addChat } from "./chat.ts";
import { addCollections } from "./collections.ts";
import { addDoctor } from "./doctor.ts";
import { addEval } from "./eval.ts";
import { addIngest } from "./ingest.ts";
import { addKeys } from "./keys.ts";
import { addModels } from "./models.ts";
import { addTools } from "./tools.ts";
import { addMigrate } from "./migrate.ts";
import { addPrompts } from "./prompts.ts";
import { addRestore } from "./restore.ts";
import { addDev, addStart } from "./serve.ts";
import { addWorker } from "./worker.ts";

const EXIT = { config: 1, usage: 2 } as const;
const launcher = fileURLToPath(new URL("../../bin/kagari.mjs", import.meta.url));

const program = new Command("kagari")
  .description("The open-source, self-hosted agent server for LangGraph.js")
  .version(VERSION.kagari)
  .exitOverride();
addStart(program);
addDev(program, launcher);
addWorker(program);
addMigrate(program);
addModels(program);
addTools(program);
addPrompts(program);
addDoctor(program);
addChat(program);
addIngest(program);
addCollections(program);
addKeys(program);
addBudgets(program);
addEval(program);
addBackup(program);
addRestore(program);
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = fail(error);
}

/** One clear sentence for what the user can mend; the stack only for what is our bug. */
function fail(error: unknown): number {
  // Commander has already said what is wrong with the words of the command.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof AppError) {
    process.stderr.write(`kagari: ${error.message}\n`);
    return error.code === "bad_request" ? EXIT.usage : EXIT.config;
  }
  throw error;
}
