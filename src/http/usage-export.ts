import { isoTime } from "../core/iso-time.ts";
import type { ModelCall } from "../domain/usage.ts";

const COLUMNS = [
  "call_id",
  "started_at",
  "duration_ms",
  "kind",
  "status",
  "model_id",
  "answered_by",
  "run_id",
  "thread_id",
  "assistant_id",
  "owner",
  "key_id",
  "prompt_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "completion_tokens",
  "reasoning_tokens",
  "units",
  "estimated",
  "cost_micros",
  "currency",
] as const;

/** How the calls are written: a table with a head, or one JSON object on each line. */
export type ExportFormat = "csv" | "jsonl";

const TYPE_OF = { csv: "text/csv; charset=utf-8", jsonl: "application/x-ndjson" } as const;

/** A file of calls, read page by page as fast as the client takes it. */
export function exportReply(
  pages: AsyncGenerator<ModelCall[], void>,
  format: ExportFormat,
): Response {
  const encoder = new TextEncoder();
  const write = format === "csv" ? csvLine : jsonLine;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (format === "csv") controller.enqueue(encoder.encode(`${COLUMNS.join(",")}\r\n`));
    },
    async pull(controller) {
      const { done, value } = await pages.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value.map(write).join("")));
    },
    async cancel() {
      await pages.return();
    },
  });
  return new Response(body, {
    headers: {
      "content-type": TYPE_OF[format],
      "content-disposition": `attachment; filename="usage.${format}"`,
    },
  });
}

const rowOf = ({ started_at, ...call }: ModelCall) => ({
  ...call,
  started_at: isoTime(started_at),
});

const jsonLine = (call: ModelCall): string => `${JSON.stringify(rowOf(call))}\n`;

function csvLine(call: ModelCall): string {
  const row = rowOf(call);
  return `${COLUMNS.map((column) => cell(row[column])).join(",")}\r\n`;
}

function cell(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  // A spreadsheet takes such a beginning for a formula.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
