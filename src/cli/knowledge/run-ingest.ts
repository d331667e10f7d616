import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { LoadedSettings } from "../../config/settings.ts";
import { AppError, type ErrorCode, reasonOf } from "../../core/errors.ts";
import { documentHash, HEAD_BYTES, kindOf } from "../../domain/document-kind.ts";
import { fewWorkers, reachServer, type ServerWish } from "../reach-server.ts";
import { KnowledgeClient } from "./client.ts";
import { findFiles, type FoundFile, type FoundFiles, type Refusal } from "./find-files.ts";
import { Progress } from "./progress.ts";

/** Documents on their way at the same time. */
const AT_ONCE = 4;

export interface IngestWish extends Pick<ServerWish, "url" | "key"> {
  names: readonly string[];
  collection: string;
  force: boolean;
}

/** What became of files. */
export interface IngestReport {
  counts: Record<"created" | "updated" | "unchanged", number>;
  chunks: number;
  seconds: number;
  /** Files of folders that are no documents. */
  others: number;
  refused: Refusal[];
  /** Why it ended before all files were done. */
  stopped?: string;
}

/** Takes files into a collection of the server that runs, or of this data directory. */
export async function runIngest(
  loaded: LoadedSettings,
  wish: IngestWish,
  settings: Record<string, unknown>,
): Promise<IngestReport> {
  const found = findFiles(wish.names, process.cwd());
  const own = { ...settings, ...fewWorkers(loaded) };
  const server = await reachServer(loaded, { url: wish.url, key: wish.key, settings: own });
  const client = new KnowledgeClient(server);
  const controller = new AbortController();
  const onSignal = () => controller.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    const known = await client.hashes(wish.collection);
    const maxBytes = loaded.settings.document_max_bytes;
    return await new Ingest({ client, known, wish, maxBytes, controller }).run(found);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    await server.close();
  }
}

interface Parts {
  client: KnowledgeClient;
  /** What the collection has, by the source of each. */
  known: ReadonlyMap<string, string>;
  wish: IngestWish;
  maxBytes: number;
  controller: AbortController;
}

class Ingest {
  readonly #parts: Parts;
  readonly #report: IngestReport = {
    counts: { created: 0, updated: 0, unchanged: 0 },
    chunks: 0,
    seconds: 0,
    others: 0,
    refused: [],
  };

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async run({ files, refused, others }: FoundFiles): Promise<IngestReport> {
    const report = this.#report;
    report.others = others;
    report.refused.push(...refused);
    const { signal } = this.#parts.controller;
    const begun = performance.now();
    const progress = new Progress(process.stderr, files.length);
    const waiting = files.values();
    const work = async () => {
      for (const file of waiting) {
        if (signal.aborted) return;
        await this.#one(file, progress);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    progress.close();
    report.seconds = (performance.now() - begun) / 1000;
    if (signal.aborted) report.stopped ??= "Stopped; what is done stays. Run it again to go on.";
    return report;
  }

  async #one(file: FoundFile, progress: Progress): Promise<void> {
    const { controller } = this.#parts;
    try {
      const { status, chunks } = await this.#put(file, progress);
      const made = status === "unchanged" ? 0 : chunks;
      if (isCounted(status)) this.#report.counts[status] += 1;
      this.#report.chunks += made;
      progress.end(file.source, status, made);
    } catch (error) {
      if (controller.signal.aborted) return;
      const reason = reasonOf(error).replace(`${file.source} `, "");
      if (isOfFile(error)) {
        this.#report.refused.push({ source: file.source, reason });
        progress.end(file.source, `refused: ${reason}`, 0);
      } else {
        // It would be the same with every other file.
        this.#report.stopped = `Stopped at ${file.source}: ${reason}. What is done stays; run it again to go on.`;
        controller.abort();
      }
    }
  }

  async #put({ path, source }: FoundFile, progress: Progress) {
    const { client, known, wish, maxBytes, controller } = this.#parts;
    const { size } = await stat(path);
    if (size > maxBytes)
      throw new AppError(
        "payload_too_large",
        `has ${size} bytes, more than ${maxBytes} (document_max_bytes)`,
      );
    const { collection, force } = wish;
    const type = kindOf({ name: source, head: await headOf(path) });
    const hash = documentHash(type, await sha256Of(path));
    if (!force && known.get(source) === hash) return { status: "unchanged", chunks: 0 };
    const file = { collection, source, path, type, force };
    return client.put(file, (done, of) => progress.chunks(source, done, of), controller.signal);
  }
}

const isCounted = (status: string): status is keyof IngestReport["counts"] =>
  ["created", "updated", "unchanged"].includes(status);

/** What is wrong with one file, and not with the server, the model or the purse. */
const OF_FILE: ReadonlySet<ErrorCode> = new Set([
  "validation",
  "unsupported_media_type",
  "payload_too_large",
  "conflict",
]);

/** Errors of the file system have a code in capitals. */
const isOfFile = (error: unknown): boolean =>
  error instanceof AppError
    ? OF_FILE.has(error.code)
    : error instanceof Error && "syscall" in error;

async function headOf(path: string): Promise<Uint8Array> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest("hex");
}
