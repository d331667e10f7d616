import { createHash } from "node:crypto";
import { extname } from "node:path";
import { AppError } from "../core/errors.ts";

/** The kinds of documents that can be read, by their content types. */
const KINDS = {
  "text/plain": [".txt", ".text", ".log", ".rst", ".adoc", ".org"],
  "text/markdown": [".md", ".markdown", ".mdx"],
  "text/html": [".html", ".htm", ".xhtml"],
  "application/pdf": [".pdf"],
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": [".docx"],
  "text/csv": [".csv"],
  "text/tab-separated-values": [".tsv"],
  "application/json": [".json"],
  "application/jsonl": [".jsonl", ".ndjson"],
} as const satisfies Record<string, readonly string[]>;

export type ContentType = keyof typeof KINDS;

export const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/** Other names of the same. */
const ALIASES: Readonly<Record<string, ContentType>> = {
  "text/x-markdown": "text/markdown",
  "application/xhtml+xml": "text/html",
  "application/x-ndjson": "application/jsonl",
  "application/jsonlines": "application/jsonl",
  "application/csv": "text/csv",
};

const isContentType = (name: string): name is ContentType => Object.hasOwn(KINDS, name);

export const CONTENT_TYPES: readonly ContentType[] = Object.keys(KINDS).filter(isContentType);

/** Kinds whose bytes are text: small ones are read at once, by no process of their own. */
export const isPlainText = (type: ContentType): boolean =>
  type !== "application/pdf" && type !== DOCX && type !== "text/html";

const BY_EXTENSION: ReadonlyMap<string, ContentType> = new Map(
  CONTENT_TYPES.flatMap((type) => KINDS[type].map((extension) => [extension, type])),
);

/** The kind that a file name says, if it says one. */
export const kindOfName = (name: string): ContentType | undefined =>
  BY_EXTENSION.get(extname(name).toLowerCase());

/** How many first bytes tell a kind. */
export const HEAD_BYTES = 4096;

const MAGIC: readonly { bytes: string; what: string }[] = [
  { bytes: "\x1f\x8b", what: "a gzip archive" },
  { bytes: "\x7fELF", what: "a program" },
  { bytes: "MZ", what: "a program" },
  { bytes: "\x89PNG", what: "an image" },
  { bytes: "\xff\xd8\xff", what: "an image" },
  { bytes: "GIF8", what: "an image" },
  { bytes: "Rar!", what: "a RAR archive" },
  { bytes: "7z\xbc\xaf", what: "a 7z archive" },
  { bytes: "\xfd7zXZ", what: "an xz archive" },
  { bytes: "{\\rtf", what: "an RTF document: save it as .docx" },
  {
    bytes: "\xd0\xcf\x11\xe0",
    what: "an old or encrypted Office document: save it as .docx without a password",
  },
];

/** Of a file: what it is called, what its sender says it is, and how it begins. */
export interface Look {
  name: string;
  declared?: string | undefined;
  head: Uint8Array;
}

/** The kind of a document by what is said of it, held against its first bytes; throws where it cannot be read. */
export function kindOf({ name, declared, head }: Look): ContentType {
  const said = saidKind(declared) ?? kindOfName(name);
  const start = Buffer.from(head.subarray(0, 1024)).toString("latin1");
  // A PDF may have some bytes of something else before it.
  if (/^[^<{]{0,64}%PDF-/s.test(start)) return "application/pdf";
  if (start.startsWith("PK\x03\x04")) return zipKind(said);
  if (said === "application/pdf" || said === DOCX)
    throw unreadable(`is called ${nameOf(said)}, but does not begin as one`);
  const other = MAGIC.find(({ bytes }) => start.startsWith(bytes));
  if (other !== undefined && !isUtf16(head)) throw unreadable(`is ${other.what}`);
  return said ?? "text/plain";
}

/** Byte order marks look like the beginnings of other things. */
const isUtf16 = ([first, second]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);

function saidKind(declared: string | undefined): ContentType | undefined {
  const type = declared?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (isContentType(type)) return type === "text/plain" ? undefined : type;
  return ALIASES[type];
}

function zipKind(said: ContentType | undefined): ContentType {
  if (said === DOCX) return DOCX;
  throw unreadable("is a zip archive: of what is packed so, only .docx is read");
}

const nameOf = (type: ContentType): string => (type === DOCX ? "a Word document" : "a PDF");

const unreadable = (why: string): AppError => new AppError("unsupported_media_type", why);

/** What tells whether a document has changed: its bytes, by their SHA-256 in hex, and how they are read. */
export const documentHash = (type: ContentType, sha256: string): string =>
  createHash("sha256").update(`${type}\n${sha256}`).digest("hex").slice(0, 32);
