import { parseModelConfig } from "../../src/config/model-config.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { FileContent, FileStore } from "../../src/models/files/file-store-port.ts";
import { Model } from "../../src/models/model.ts";
import { ModelRegistry } from "../../src/models/registry.ts";
import { MemoryLimiter } from "../../src/models/limits/memory-limiter.ts";
import { TokenFactors } from "../../src/models/tokens/token-factors.ts";
import { installRuntime } from "../../src/models/runtime-handle.ts";
import type { PromptLibrary } from "../../src/prompts/library.ts";
import type { ModelUsage, UsagePort } from "../../src/models/usage-port.ts";

/** A model as if read from a file with these fields. */
export function makeModel(id: string, fields: Record<string, unknown>): Model {
  const config = parseModelConfig(
    { model: "fake", ...fields },
    { file: `${id}.json`, dir: ".", env: {} },
  );
  return new Model(config, { clock: systemClock, log: undefined });
}

export const NO_FILES: FileStore = {
  keep: async () => ({ id: "f", url: "/files/f" }),
  read: async () => undefined,
  readFor: async () => undefined,
  idOf: () => undefined,
};

interface RuntimeParts {
  readonly hold?: UsagePort["hold"];
  readonly render?: PromptLibrary["render"];
}

/** A runtime with these models, the first one being the default; uninstalled when disposed. */
export function testRuntime(
  models: Record<string, Record<string, unknown>>,
  { hold, render = (name) => ({ text: name }) }: RuntimeParts = {},
): Disposable & { used: ModelUsage[]; kept: FileContent[]; factors: TokenFactors } {
  const used: ModelUsage[] = [];
  const kept: FileContent[] = [];
  const factors = new TokenFactors();
  const list = Object.entries(models).map(([id, fields]) => makeModel(id, fields));
  const uninstall = installRuntime({
    version: 1,
    limiter: new MemoryLimiter(),
    factors,
    models: new ModelRegistry(list, list[0]?.id),
    prompts: { render },
    files: {
      keep: async (content) => {
        kept.push(content);
        return { id: "f", url: "/files/f" };
      },
      read: async () => kept.at(-1),
      readFor: async () => kept.at(-1),
      idOf: (url) => (url.startsWith("/files/") ? url.slice(7) : undefined),
    },
    usage: { record: (usage) => void used.push(usage), ...(hold ? { hold } : {}) },
  });
  return { used, kept, factors, [Symbol.dispose]: uninstall };
}
