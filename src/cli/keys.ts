import type { Command } from "commander";
import { systemClock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import { readSettings } from "../config/settings.ts";
import { type KeyAccess, type NewKey, openKeys, type ShownKey } from "./keys/key-access.ts";
import { tableLines } from "./table.ts";

interface CreateFlags {
  name: string;
  owner?: string;
  budget?: string;
  models?: string;
  graphs?: string;
  routes?: string;
  expires?: string;
  rpm?: string;
  tpm?: string;
  concurrency?: string;
  admin?: boolean;
}

/** `kagari keys`: makes, lists and ends the API keys of the server. */
export function addKeys(program: Command): void {
  const keys = program
    .command("keys")
    .description("Make and end API keys; from the first one on the server asks for a key")
    .option("--data-dir <value>", "Folder of the embedded database (KAGARI_DATA_DIR)")
    .option("--database-url <value>", "Postgres shared by several processes (DATABASE_URL)");
  const withKeys = async (use: (access: KeyAccess) => Promise<void>): Promise<void> => {
    const { dataDir, databaseUrl } = keys.opts<{ dataDir?: string; databaseUrl?: string }>();
    const flags = { data_dir: dataDir, database_url: databaseUrl };
    const access = await openKeys(readSettings(flags, process.cwd()));
    try {
      await use(access);
    } finally {
      await access.close();
    }
  };
  addCreate(keys, withKeys);
  keys
    .command("list")
    .description("List the keys, never their secrets")
    .option("--json", "print JSON")
    .action(({ json }: { json?: boolean }) =>
      withKeys(async (access) => {
        const list = await access.list();
        say(json ? JSON.stringify(list, null, 2) : tableOf(list));
      }),
    );
  addChanges(keys, withKeys);
  for (const command of keys.commands) command.exitOverride();
}

type WithKeys = (use: (access: KeyAccess) => Promise<void>) => Promise<void>;

function addCreate(keys: Command, withKeys: WithKeys): void {
  keys
    .command("create")
    .description("Make a key and show it this once")
    .requiredOption("--name <name>", "what the key is called")
    .option("--owner <owner>", "whose threads and runs it sees; the name when not given")
    .option("--budget <amount>", "what it may spend, such as 10, 10 USD or 2.50 CNY/day")
    .option("--models <ids>", "the only models it may use, comma-separated")
    .option("--graphs <ids>", "the only graphs it may use, comma-separated")
    .option("--routes <patterns>", "the only actions, such as threads:read,assistants or /v1/*")
    .option("--expires <when>", "a time, or from now: 12h, 30d")
    .option("--rpm <count>", "requests a minute")
    .option("--tpm <count>", "tokens a minute")
    .option("--concurrency <count>", "requests at the same time")
    .option("--admin", "may make keys and see what everybody has")
    .action((flags: CreateFlags) =>
      withKeys(async (access) => showSecret(await access.create(bodyOf(flags)))),
    );
}

function addChanges(keys: Command, withKeys: WithKeys): void {
  keys
    .command("revoke")
    .description("End a key for good, at once")
    .argument("<name>", "name of the key")
    .action((name: string) =>
      withKeys(async (access) => {
        await access.revoke(name);
        say(`Revoked ${name}`);
      }),
    );
  keys
    .command("rotate")
    .description("Give a key a new secret and end the old one")
    .argument("<name>", "name of the key")
    .action((name: string) => withKeys(async (access) => showSecret(await access.rotate(name))));
  keys
    .command("delete")
    .description("Forget a revoked key; without any key the server asks for none")
    .argument("<name>", "name of the key")
    .action((name: string) =>
      withKeys(async (access) => {
        await access.delete(name);
        say(`Deleted ${name}`);
      }),
    );
}

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** Only the secret goes to stdout, so that a script can take it. */
function showSecret({ name, secret }: NewKey): void {
  process.stderr.write(`The key ${name}, which cannot be shown again:\n`);
  say(secret);
}

const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

function count(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new AppError("bad_request", `--${flag}: expected a whole number above 0, got ${text}`);
}

const UNITS = { h: 3_600_000, d: 86_400_000 } as const;

function expiryOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, amount, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  const ahead = unit === "h" || unit === "d" ? Number(amount) * UNITS[unit] : 0;
  const at = ahead > 0 ? systemClock.now() + ahead : Date.parse(text);
  if (Number.isFinite(at)) return new Date(at).toISOString();
  throw new AppError("bad_request", `--expires: expected a time, or 12h or 30d, got ${text}`);
}

const bodyOf = (flags: CreateFlags): object => ({
  name: flags.name,
  owner: flags.owner,
  budget: flags.budget,
  models: list(flags.models),
  graphs: list(flags.graphs),
  routes: list(flags.routes),
  expires_at: expiryOf(flags.expires),
  requests_per_minute: count("rpm", flags.rpm),
  tokens_per_minute: count("tpm", flags.tpm),
  concurrency: count("concurrency", flags.concurrency),
  admin: flags.admin,
});

const stateOf = ({ revoked_at, expires_at }: ShownKey): string => {
  if (revoked_at !== null) return `revoked ${revoked_at.slice(0, 10)}`;
  return expires_at === null ? "" : `until ${expires_at.slice(0, 10)}`;
};

function limitsOf(key: ShownKey): string {
  const { requests_per_minute: rpm, tokens_per_minute: tpm, concurrency, budget } = key;
  return [
    rpm && `${rpm} rpm`,
    tpm && `${tpm} tpm`,
    concurrency && `${concurrency} at a time`,
    budget,
    key.models && `models ${key.models.join(",")}`,
    key.graphs && `graphs ${key.graphs.join(",")}`,
    key.routes && `routes ${key.routes.join(",")}`,
  ]
    .filter((part) => part !== null)
    .join("; ");
}

function tableOf(keys: readonly ShownKey[]): string {
  if (keys.length === 0) return "No keys: the server asks for none, and serves this machine only.";
  const rows = keys.map((key) => [
    key.name,
    `${key.prefix}...${key.last4}`,
    key.owner + (key.admin ? " (admin)" : ""),
    stateOf(key),
    key.last_used_at?.slice(0, 16) ?? "never",
    limitsOf(key),
  ]);
  return tableLines([["NAME", "KEY", "OWNER", "STATE", "LAST USED", "LIMITS"], ...rows]).join("\n");
}
