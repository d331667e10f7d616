import { openAsBlob } from "node:fs";
import { z } from "zod";
import { AppError, ConfigError, type ErrorCode, STATUS_OF } from "../../core/errors.ts";
import type { ContentType } from "../../domain/document-kind.ts";
import type { ReachedServer } from "../reach-server.ts";

/** Documents of one look. */
const PAGE = 1000;

const ingested = z.object({ chunks: z.number(), status: z.string() });
const progress = z.object({ done: z.number(), of: z.number() });
const refusal = z.object({ detail: z.string(), code: z.string() });
const listed = z.object({
  documents: z.array(z.object({ source: z.string(), hash: z.string() })),
});

export interface FileToPut {
  collection: string;
  source: string;
  path: string;
  type: ContentType;
  force: boolean;
}

type Where = Pick<ReachedServer, "url" | "apiKey" | "secret">;

/** Asks a server about its collections of documents. */
export class KnowledgeClient {
  readonly #server: Where;
  #key: string | undefined;

  constructor(server: Where) {
    this.#server = server;
    this.#key = server.apiKey;
  }

  async collections(): Promise<string[]> {
    const response = await this.#ask("/knowledge");
    return z.object({ collections: z.array(z.string()) }).parse(await response.json()).collections;
  }

  async deleteCollection(name: string): Promise<void> {
    await this.#ask(`/knowledge/${encodeURIComponent(name)}`, { method: "DELETE" });
  }

  /** The hash of each document by its source. */
  async hashes(collection: string): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (;;) {
      const query = `limit=${PAGE}&offset=${found.size}`;
      const response = await this.#ask(`${pathOf(collection)}?${query}`);
      const { documents } = listed.parse(await response.json());
      for (const { source, hash } of documents) found.set(source, hash);
      if (documents.length < PAGE) return found;
    }
  }

  /** Sends a file; resolves once it is kept. */
  async put(
    { collection, source, path, type, force }: FileToPut,
    onProgress: (done: number, of: number) => void,
    signal: AbortSignal,
  ): Promise<{ chunks: number; status: string }> {
    const query = new URLSearchParams({ source, force: String(force) });
    const headers = { "content-type": type, accept: "text/event-stream" };
    const body = await openAsBlob(path);
    const init = { method: "PUT", headers, body, signal };
    const response = await this.#ask(`${pathOf(collection)}?${query.toString()}`, init);
    for await (const { event, data } of eventsOf(response)) {
      if (event === "document") return ingested.parse(data);
      if (event === "error") throw errorOf(data);
      if (event === "progress") {
        const { done, of } = progress.parse(data);
        onProgress(done, of);
      }
    }
    throw new ConfigError(`${this.#server.url} ended before ${source} was kept`);
  }

  async #ask(path: string, init: Init = {}): Promise<Response> {
    const response = await this.#fetch(path, init);
    if (response.ok) return response;
    const { secret } = this.#server;
    // A server that asks for no key has what it has for everybody; the operator is somebody else.
    if (response.status === 401 && this.#key === undefined && secret !== undefined) {
      await response.body?.cancel();
      this.#key = secret;
      return this.#ask(path, init);
    }
    throw errorOf(await response.json().catch(() => ({})), response.status);
  }

  async #fetch(path: string, init: Init): Promise<Response> {
    const { url } = this.#server;
    const key = this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` };
    try {
      return await fetch(`${url}${path}`, { ...init, headers: { ...init.headers, ...key } });
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      throw new ConfigError(`The server at ${url} does not answer`, { cause: error });
    }
  }
}

type Init = Omit<RequestInit, "headers"> & { headers?: Record<string, string> };

const pathOf = (collection: string): string =>
  `/knowledge/${encodeURIComponent(collection)}/documents`;

const isCode = (code: string): code is ErrorCode => Object.hasOwn(STATUS_OF, code);

function errorOf(body: unknown, status?: number): AppError {
  const said = refusal.safeParse(body);
  if (!said.success) return new ConfigError(`The server answered ${status ?? "an error"}`);
  const { detail, code } = said.data;
  return isCode(code) ? new AppError(code, detail) : new ConfigError(detail);
}

/** The events of a stream; comments that keep it alive are left out. */
async function* eventsOf(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
  let held = "";
  const decoder = new TextDecoder();
  for await (const part of response.body ?? []) {
    held += decoder.decode(part, { stream: true });
    const blocks = held.split("\n\n");
    held = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, event = ""] = /^event: (.*)$/m.exec(block) ?? [];
      const [, data] = /^data: (.*)$/m.exec(block) ?? [];
      if (data !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
