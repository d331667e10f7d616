import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PDFPageProxy } from "pdfjs-dist/types/src/display/api.js";
import { AppError, reasonOf } from "../../core/errors.ts";
import type { LoadLimits, Section } from "./section.ts";

/** Lines further apart than so many heights of their letters are of different paragraphs. */
const PARAGRAPH = 1.8;

/** A section for each page that has text. */
export async function pdfSections(bytes: Uint8Array, limits: LoadLimits): Promise<Section[]> {
  const document = await opened(bytes);
  const { numPages } = document;
  if (numPages > limits.pages)
    throw new AppError(
      "payload_too_large",
      `has ${numPages} pages, of which ${limits.pages} are read (document_max_pages)`,
    );
  const sections: Section[] = [];
  let size = 0;
  for (let page = 1; page <= numPages; page++) {
    const text = await textOf(await document.getPage(page), page);
    size += text.length;
    if (size > limits.expandedBytes)
      throw new AppError(
        "payload_too_large",
        `has more than ${limits.expandedBytes} bytes of text (document_max_expanded_bytes)`,
      );
    if (text.trim() !== "") sections.push({ text, line: 1, place: { page } });
  }
  await document.loadingTask.destroy();
  if (sections.length > 0) return sections;
  throw new AppError("validation", `has no text on its ${numPages} pages: it may be scanned`);
}

async function opened(bytes: Uint8Array) {
  const { getDocument, VerbosityLevel } = await import("pdfjs-dist/legacy/build/pdf.mjs");
  const own = dirname(fileURLToPath(import.meta.resolve("pdfjs-dist/package.json")));
  try {
    return await getDocument({
      data: new Uint8Array(bytes),
      // Chinese, Japanese and Korean fonts that are not embedded.
      cMapUrl: join(own, "cmaps/"),
      cMapPacked: true,
      standardFontDataUrl: join(own, "standard_fonts/"),
      useWorkerFetch: false,
      disableFontFace: true,
      verbosity: VerbosityLevel.ERRORS,
    }).promise;
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException")
      throw new AppError("validation", "is encrypted: take its password off first");
    throw new AppError("validation", `is damaged: ${reasonOf(error)}`);
  }
}

async function textOf(page: PDFPageProxy, number: number): Promise<string> {
  try {
    const { items } = await page.getTextContent();
    page.cleanup();
    let text = "";
    let last: { y: number; height: number } | undefined;
    for (const item of items) {
      if (!("str" in item)) continue;
      const y = Number(item.transform[5]);
      const isFar = last !== undefined && Math.abs(last.y - y) > last.height * PARAGRAPH;
      if (isFar && item.str.trim() !== "" && text.endsWith("\n")) text += "\n";
      text += item.str + (item.hasEOL ? "\n" : "");
      if (item.str.trim() !== "") last = { y, height: item.height };
    }
    return text.replaceAll("\0", "").toWellFormed();
  } catch (error) {
    throw new AppError("validation", `is damaged on page ${number}: ${reasonOf(error)}`);
  }
}
