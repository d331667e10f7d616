import type { Command } from "commander";
import { readSettings } from "../config/settings.ts";
import type { KnowledgeClient } from "./knowledge/client.ts";
import { addSettingOptions, settingFlags } from "./setting-options.ts";

interface Flags {
  url?: string;
  key?: string;
  json?: boolean;
}

/** `kagari collections`: lists and deletes collections of documents. */
export function addCollections(program: Command): void {
  const collections = program
    .command("collections")
    .description("List and delete collections of documents");
  withServer(collections.command("list").description("List the collections"))
    .option("--json", "print JSON")
    .action((flags: Flags) =>
      onServer(flags, async (client) => {
        const names = await client.collections();
        say(flags.json === true ? JSON.stringify(names) : names.join("\n"));
      }),
    );
  withServer(collections.command("delete").description("Delete a collection with all documents"))
    .argument("<name>", "name of the collection")
    .action((name: string, flags: Flags) =>
      onServer(flags, async (client) => {
        await client.deleteCollection(name);
        say(`Deleted ${name}`);
      }),
    );
  for (const command of collections.commands) command.exitOverride();
}

const withServer = (command: Command): Command =>
  addSettingOptions(command)
    .option("--url <url>", "server to ask; else the one that runs, or this data directory")
    .option("--key <key>", "key of that server (KAGARI_API_KEY)");

async function onServer(
  { url, key, ...rest }: Flags,
  use: (client: KnowledgeClient) => Promise<void>,
): Promise<void> {
  const settings = settingFlags(rest);
  const { fewWorkers, reachServer } = await import("./reach-server.ts");
  const { KnowledgeClient: Client } = await import("./knowledge/client.ts");
  const loaded = readSettings(settings, process.cwd());
  const own = { ...settings, ...fewWorkers(loaded) };
  const server = await reachServer(loaded, { url, key, settings: own });
  try {
    await use(new Client(server));
  } finally {
    await server.close();
  }
}

const say = (text: string): void => void (text !== "" && process.stdout.write(`${text}\n`));
