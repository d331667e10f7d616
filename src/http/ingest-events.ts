import type { Frame } from "../context.ts";
import { AppError } from "../core/errors.ts";
import type { Ingested, OnProgress } from "../knowledge/port.ts";

/**
 * The events of one document that is being kept: `progress` as its chunks are done, then `document`
 * once it is committed, or `error`.
 */
export async function* ingestEvents(
  ingest: (onProgress: OnProgress) => Promise<Ingested>,
): AsyncGenerator<Frame[], void> {
  let said: { done: number; of: number } | undefined;
  let wake: (() => void) | undefined;
  const onProgress = (done: number, of: number) => {
    said = { done, of };
    wake?.();
  };
  let id = 0;
  const frame = (event: string, data: unknown): Frame[] => [
    { id: String((id += 1)), event, data: JSON.stringify(data) },
  ];
  const end = ingest(onProgress).then(
    (document) => frame("document", document),
    (error: unknown) => frame("error", refusalOf(error)),
  );
  for (;;) {
    const next = new Promise<undefined>((resolve) => (wake = () => resolve(undefined)));
    if (said !== undefined) yield frame("progress", said);
    said = undefined;
    const last = await Promise.race([end, next]);
    if (last === undefined) continue;
    yield last;
    return;
  }
}

/** As the body of an answer that is no stream; a bug is for the log. */
function refusalOf(error: unknown): object {
  if (!(error instanceof AppError)) throw error;
  return { ...error.details, detail: error.message, code: error.code };
}
