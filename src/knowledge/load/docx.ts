import mammoth from "mammoth";
import { AppError, reasonOf } from "../../core/errors.ts";
import { sectionsOfHtml } from "./html.ts";
import type { LoadLimits, Section } from "./section.ts";
import { checkZip } from "./zip-check.ts";

const NO_IMAGES = mammoth.images.imgElement(() => Promise.resolve({ src: "" }));

/** A Word document in sections by its headings. */
export async function docxSections(bytes: Uint8Array, limits: LoadLimits): Promise<Section[]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names = await checkZip(buffer, limits);
  if (!names.has("word/document.xml"))
    throw new AppError("unsupported_media_type", "is a zip archive, but no Word document");
  return sectionsOfHtml(await toHtml(buffer));
}

async function toHtml(buffer: Buffer): Promise<string> {
  try {
    const options = { convertImage: NO_IMAGES, externalFileAccess: false };
    return (await mammoth.convertToHtml({ buffer }, options)).value;
  } catch (error) {
    throw new AppError("validation", `is damaged: ${reasonOf(error)}`);
  }
}
