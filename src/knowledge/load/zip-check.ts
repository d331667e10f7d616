import { fromBufferPromise } from "yauzl";
import { AppError, reasonOf } from "../../core/errors.ts";
import type { LoadLimits } from "./section.ts";

const MAX_ENTRIES = 10_000;
/** A small archive may be packed as tightly as it likes. */
const RATIO_FROM = 4 * 1024 * 1024;

/** Unpacks an archive once to see that it is whole and within its limits; answers the names in it. */
export async function checkZip(bytes: Buffer, limits: LoadLimits): Promise<Set<string>> {
  const names = new Set<string>();
  let expanded = 0;
  try {
    const zip = await fromBufferPromise(bytes, { lazyEntries: true });
    for await (const entry of zip.eachEntry()) {
      if (names.size >= MAX_ENTRIES) throw tooLarge(`holds more than ${MAX_ENTRIES} files`);
      names.add(entry.fileName);
      // The sizes that the archive states may be lies.
      for await (const part of await zip.openReadStreamPromise(entry)) {
        expanded += Buffer.byteLength(part);
        requireWithin(limits, expanded, bytes.length);
      }
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("validation", `is damaged: ${reasonOf(error)}`);
  }
  return names;
}

function requireWithin(limits: LoadLimits, expanded: number, packed: number): void {
  if (expanded > limits.expandedBytes)
    throw tooLarge(
      `unpacks to more than ${limits.expandedBytes} bytes (document_max_expanded_bytes)`,
    );
  if (expanded > RATIO_FROM && expanded > packed * limits.ratio)
    throw tooLarge(`unpacks to more than ${limits.ratio} times its size (document_max_ratio)`);
}

const tooLarge = (why: string): AppError => new AppError("payload_too_large", why);
