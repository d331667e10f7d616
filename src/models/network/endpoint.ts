import { AppError } from "../../core/errors.ts";
import type { Model } from "../model.ts";
import { ollamaWire } from "../ollama/native-wire.ts";
import { responsesWire } from "../responses/responses-wire.ts";
import type { Transport } from "../transport.ts";
import { type ChatWire, overWire } from "./chat-wire.ts";

const KEYLESS = "EMPTY";

/** Adds the key and the file's headers, all read at this moment, to the headers of a request. */
export function authorize(headers: Headers, model: Model): void {
  const { keyHeader, headers: configured } = model.connection;
  const key = model.apiKey();
  if (keyHeader === undefined) headers.set("authorization", `Bearer ${key ?? KEYLESS}`);
  else if (key !== undefined) headers.set(keyHeader, key);
  for (const [name, value] of configured) headers.set(name, value.resolve());
}

/** The address of a request with the file's query. */
export function addressed(input: string | URL | Request, model: Model): string | URL | Request {
  const { query } = model.connection;
  if (query.length === 0 || input instanceof Request) return input;
  const url = new URL(input);
  for (const [name, value] of query) url.searchParams.set(name, value.resolve());
  return url;
}

/** The fetch that reaches a model's server: through its proxy, under its certificates, in its own wire. */
export function endpointFetch(model: Model): Transport {
  const { proxy, caFile, isTlsInsecure } = model.connection;
  const isPlain = proxy === undefined && caFile === undefined && !isTlsInsecure;
  const send = isPlain ? fetch : ownNetwork(model);
  const wire = wireOf(model);
  return wire === undefined ? send : overWire(wire, send, model);
}

/** The wire that chat has at a model's server, where it is not Chat Completions. */
export function wireOf({ dialect, fields }: Model): ChatWire | undefined {
  if (dialect.name === "ollama_native") return ollamaWire;
  return fields.api === "responses" ? responsesWire : undefined;
}

/** Loaded at the first call that needs it: most models have no network of their own. */
function ownNetwork(model: Model): Transport {
  const { proxy, caFile, isTlsInsecure } = model.connection;
  let opened: Promise<Transport> | undefined;
  let openedFor: string | undefined;
  return async (input, init) => {
    const proxyUrl = proxy?.resolve();
    if (opened === undefined || openedFor !== proxyUrl) {
      openedFor = proxyUrl;
      opened = import("./own-network.ts").then(({ openNetwork }) =>
        openNetwork({ proxyUrl, caFile, isTlsInsecure }),
      );
    }
    const open = opened;
    const send = await open.catch((cause: unknown) => {
      opened = undefined;
      if (cause instanceof AppError) throw cause;
      throw new AppError(
        "unavailable",
        `Model ${JSON.stringify(model.id)}: its proxy or ca_file cannot be used`,
      );
    });
    return await send(input, init);
  };
}
