import type { BaseMessage } from "@langchain/core/messages";
import { z } from "zod";
import { readDataUrl } from "../../core/data-url.ts";
import { AppError } from "../../core/errors.ts";
import { HEAD_BYTES, kindOf } from "../../domain/document-kind.ts";
import { wholeText } from "../../knowledge/whole-text.ts";
import { wirePart } from "../parts/wire-parts.ts";
import { currentRuntime } from "../runtime.ts";
import { asWireObject, said } from "../wire.ts";

/** A document in a client's input: its name, and its bytes in base64. */
export const SentDocument = z.object({
  name: z.string().min(1).max(1000).describe("Such as order.pdf."),
  data: z.base64().describe("Its bytes in base64."),
  content_type: z.string().nullish(),
});

export type SentDocument = z.infer<typeof SentDocument>;

/**
 * The text of a document: Markdown, HTML, PDF, Word, CSV, JSON or text in any encoding, within the
 * limits of the settings. AppError names the document and why it is refused.
 */
export async function documentText(
  { name, data, content_type: declared }: SentDocument,
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const { documents } = currentRuntime();
  if (!documents) throw new AppError("unavailable", "There is nothing here that reads documents");
  const content = Buffer.from(data, "base64");
  try {
    const type = kindOf({
      name,
      declared: declared ?? undefined,
      head: content.subarray(0, HEAD_BYTES),
    });
    return wholeText(await documents.load({ type, content }, signal));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `${name} ${error.message}`, { details: error.details });
  }
}

/** The documents that stand in a message as file parts with their bytes, in any of LangChain's shapes. */
export function documentsIn(message: BaseMessage | undefined): SentDocument[] {
  const parts: unknown[] = Array.isArray(message?.content) ? message.content : [];
  return parts.flatMap((raw) => {
    const wired = wirePart(raw);
    const file = wired?.kind === "file" ? asWireObject(wired.part["file"]) : undefined;
    const inline = readDataUrl(said(file?.["file_data"]) ?? "");
    if (!inline) return [];
    const { type: content_type, data } = inline;
    return [{ name: said(file?.["filename"]) ?? "document", data, content_type }];
  });
}
