import type { Environment } from "../../config/environment.ts";
import { parseModelConfig, type ModelConfig } from "../../config/model-config.ts";
import type { FoundModel, LocalServer } from "./found-model.ts";
import { lmstudioServer } from "./lmstudio.ts";
import { ollamaServer } from "./ollama.ts";

const SERVERS: readonly LocalServer[] = [ollamaServer, lmstudioServer];
const TIMEOUT_MS = 1000;
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_MODELS = 200;
/** A name that can stand in an id, a table and a URL; any other is not offered. */
const MODEL_NAME = /^[\w.:/@+-]{1,150}$/;

/** A server to ask, and where it may be. */
export interface LocalAddress {
  readonly server: LocalServer;
  readonly url: string;
}

/** The addresses of the setting `local_models`; none for "off". */
export function localAddresses(setting: string): LocalAddress[] {
  return setting.split(",").flatMap((entry) => {
    const [kind, url = ""] = entry.trim().split("=");
    const server = SERVERS.find((known) => known.kind === kind);
    return server === undefined || url === "" ? [] : [{ server, url: url.replace(/\/+$/, "") }];
  });
}

/** Whether an id is one that a model found at these addresses could have. */
export const isLocalId = (id: string, addresses: readonly LocalAddress[]): boolean =>
  addresses.some(({ server }) => id.startsWith(`${server.kind}/`));

/** Asks each address for its models, all at once; one that is not there, slow or strange has none. */
export async function discoverModels(
  addresses: readonly LocalAddress[],
  { env, signal }: { env: Environment; signal?: AbortSignal },
): Promise<ModelConfig[]> {
  const lists = await Promise.all(
    addresses.map(async (address) => {
      const found = await ask(address, signal).catch(() => undefined);
      return (found ?? []).slice(0, MAX_MODELS).map((model) => configOf(address, model, env));
    }),
  );
  const first = new Map<string, ModelConfig>();
  for (const config of lists.flat()) if (!first.has(config.id)) first.set(config.id, config);
  return [...first.values()];
}

async function ask(
  { server, url }: LocalAddress,
  signal: AbortSignal | undefined,
): Promise<FoundModel[] | undefined> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${url}${server.listPath}`, {
    redirect: "manual",
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
  if (!response.ok) {
    await response.body?.cancel();
    return undefined;
  }
  const found = server.read(JSON.parse(await shortText(response)));
  return found?.filter(({ name }) => MODEL_NAME.test(name));
}

/** The whole text of an answer; rejects for one that is too long to be a list of models. */
async function shortText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error("the list of models is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function configOf({ server, url }: LocalAddress, found: FoundModel, env: Environment): ModelConfig {
  const content = {
    model_type: found.modelType,
    server_type: server.kind,
    name: `${server.kind}/${found.name}`,
    model: found.name,
    url: `${url}/v1`,
    api_key: null,
    pay_in: 0,
    pay_out: 0,
    description: `Found at ${url}`,
  };
  return parseModelConfig(content, { file: url, dir: ".", env });
}
