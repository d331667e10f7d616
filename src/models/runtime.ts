import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { environmentOver, type Environment } from "../config/environment.ts";
import { readLanggraphFile } from "../config/langgraph-file.ts";
import { readToolsFile } from "../config/tools-file.ts";
import { webSearchOf } from "../config/web-search.ts";
import { readEnvFile, readSettings } from "../config/settings.ts";
import { createLog } from "../core/log.ts";
import { memoryKnowledge } from "../knowledge/memory-knowledge.ts";
import { openLoader } from "../knowledge/open-loader.ts";
import { openPrompts } from "../prompts/library.ts";
import { openModels } from "./catalog.ts";
import { MemoryLimiter } from "./limits/memory-limiter.ts";
import { folderStore } from "./files/folder-store.ts";
import { installedRuntime, type KagariRuntime } from "./runtime-handle.ts";
import { TokenFactors } from "./tokens/token-factors.ts";
import { noLedger } from "./usage-port.ts";

let standalone: KagariRuntime | undefined;

/** The running server's models, prompts and ledger; in a plain script, those of the project folder. */
export function currentRuntime(): KagariRuntime {
  return installedRuntime() ?? (standalone ??= openStandalone(process.cwd()));
}

function openStandalone(cwd: string): KagariRuntime {
  const root = projectRoot(cwd);
  const env = environmentOver(envOfFiles(root));
  const log = createLog("warn");
  const models = openModels({
    dir: env["KAGARI_MODELS_DIR"] ?? join(root, "config", "models"),
    env,
    defaultModel: env["KAGARI_DEFAULT_MODEL"],
    log,
  });
  return {
    version: 1,
    models,
    prompts: openPrompts(join(root, "prompts"), log),
    usage: noLedger,
    limiter: new MemoryLimiter(),
    files: folderStore(join(root, ".kagari", "files")),
    factors: new TokenFactors(),
    knowledge: memoryKnowledge(),
    documents: openLoader(readSettings({}, root).settings),
    tools: {
      ...readToolsFile(env["KAGARI_TOOLS_FILE"] ?? join(root, "config", "tools.json")),
      webSearch: webSearchOf("auto", env),
    },
  };
}

/** What the server would read too: `.env`, else the `env` of langgraph.json. */
function envOfFiles(root: string): Environment {
  const list = join(root, "langgraph.json");
  const ofGraphs = existsSync(list) ? readLanggraphFile(list).env : {};
  return { ...ofGraphs, ...readEnvFile(join(root, ".env")) };
}

/** The nearest folder upwards that holds langgraph.json or config/models. */
function projectRoot(cwd: string): string {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const isRoot = ["langgraph.json", join("config", "models")].some((name) =>
      existsSync(join(folder, name)),
    );
    if (isRoot) return folder;
    if (dirname(folder) === folder) return cwd;
  }
}
