import { AppError } from "../core/errors.ts";
import { checkShape, MAX_DEPTH } from "./json-shape.ts";

/** Reads a request body as JSON, whatever its content type says; undefined when it is empty. */
export async function readBody(request: Request, maxBytes: number): Promise<unknown> {
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity")
    throw new AppError(
      "unsupported_media_type",
      `The body is encoded (${encoding}); send it plain`,
    );
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const text = await readText(request, maxBytes);
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError(
      "bad_request",
      `The body is not valid JSON: ${error instanceof Error ? error.message : ""}`,
    );
  }
  checkClientJson(value);
  return value;
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  if (request.headers.has("content-length")) {
    // A declared length was checked, so the body may be read in one go.
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes);
    return decode(bytes);
  }
  if (!request.body) return "";
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body) {
    size += part.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    parts.push(part);
  }
  return decode(Buffer.concat(parts));
}

function decode(bytes: Uint8Array): string {
  checkShape(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new AppError("bad_request", "The body is not valid UTF-8");
  }
}

const tooLarge = (maxBytes: number): AppError =>
  new AppError("payload_too_large", `The body is larger than ${maxBytes} bytes`, {
    details: { max_bytes: maxBytes },
  });

/**
 * Refuses JSON that would not survive storage or could forge objects: nesting beyond the limit, NUL
 * characters (Postgres cannot keep them), and the key `lc`, which the checkpoint serializer would
 * turn back into a LangChain object.
 */
export function checkClientJson(root: unknown): void {
  const path: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "string") return checkText(value, path);
    if (typeof value !== "object" || value === null) return;
    if (path.length >= MAX_DEPTH)
      throw new AppError("validation", `The body is nested deeper than ${MAX_DEPTH} levels`);
    const isList = Array.isArray(value);
    for (const key in value) {
      if (!isList) checkKey(key, path);
      path.push(key);
      // The value came out of JSON.parse, so its keys are all its own.
      visit((value as Record<string, unknown>)[key]);
      path.pop();
    }
  };
  visit(root);
}

function checkKey(key: string, path: readonly string[]): void {
  checkText(key, path);
  if (key === "lc") throw refused(`The key "lc" is reserved`, path);
  if (key === "__proto__") throw refused(`The key "__proto__" is refused`, path);
}

function checkText(text: string, path: readonly string[]): void {
  if (text.includes("\0")) throw refused("A NUL character is refused", path);
  if (!text.isWellFormed()) throw refused("A lone surrogate is refused", path);
}

const refused = (what: string, path: readonly string[]): AppError =>
  new AppError("validation", `${what} (at ${path.length > 0 ? `/${path.join("/")}` : "the top"})`);
