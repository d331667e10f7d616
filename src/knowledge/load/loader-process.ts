import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { AppError, type ErrorCode, reasonOf } from "../../core/errors.ts";
import type { Chunk } from "../chunk.ts";
import type { Unread } from "../loader-port.ts";
import { loadChunks } from "./load.ts";
import type { LoadLimits } from "./section.ts";

/** What is asked of this process: one document at a time. */
export interface LoadRequest extends Unread {
  limits: LoadLimits;
}

/** What it answers: any number of pieces, then how it ended. */
export type LoadReply =
  | { kind: "chunks"; chunks: Chunk[] }
  | { kind: "done" }
  | { kind: "refused"; code: ErrorCode; message: string };

/** Chunks of one message, so that whoever takes it is not held up for long. */
const PIECE = 250;

/** Ends the process when it takes more memory than it may, whatever its main thread is busy with. */
function watchMemory(maxBytes: number): void {
  const code = `setInterval(() => {
    if (process.memoryUsage.rss() > ${maxBytes}) process.kill(process.pid, "SIGKILL");
  }, 20);`;
  new Worker(code, { eval: true }).unref();
}

const send = (reply: LoadReply): void => void process.send?.(reply);

async function answer({ type, content, limits }: LoadRequest): Promise<void> {
  try {
    const bytes = content instanceof Uint8Array ? content : await readFile(content.path);
    const chunks = await loadChunks(bytes, type, limits);
    for (let at = 0; at < chunks.length; at += PIECE)
      send({ kind: "chunks", chunks: chunks.slice(at, at + PIECE) });
    send({ kind: "done" });
  } catch (error) {
    const code = error instanceof AppError ? error.code : "validation";
    const reason = error instanceof AppError ? error.message : `cannot be read: ${reasonOf(error)}`;
    send({ kind: "refused", code, message: reason });
  }
}

watchMemory(Number(process.argv[2]));
process.on("message", (request: LoadRequest) => void answer(request));
