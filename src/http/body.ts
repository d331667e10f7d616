import { AppError } from "../core/errors.ts";

/** Deepest nesting a client may send; the checkpoint serializer works by recursion. */
const MAX_DEPTH = 64;

/** Reads a request body as JSON, whatever its content type says; undefined when it is empty. */
export async function readBody(request: Request, maxBytes: number): Promise<unknown> {
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
  const stack: { value: unknown; depth: number; path: string }[] = [
    { value: root, depth: 1, path: "" },
  ];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, depth, path } = next;
    if (typeof value === "string") checkText(value, path);
    if (typeof value !== "object" || value === null) continue;
    if (depth > MAX_DEPTH)
      throw new AppError("validation", `The body is nested deeper than ${MAX_DEPTH} levels`);
    for (const [key, child] of Object.entries(value)) {
      checkText(key, path);
      if (key === "lc" && !Array.isArray(value))
        throw new AppError("validation", `The key "lc" is reserved (at ${path || "the top"})`);
      if (key === "__proto__")
        throw new AppError(
          "validation",
          `The key "__proto__" is refused (at ${path || "the top"})`,
        );
      if (typeof child === "object" || typeof child === "string")
        stack.push({ value: child, depth: depth + 1, path: `${path}/${key}` });
    }
  }
}

function checkText(text: string, path: string): void {
  if (text.includes("\0"))
    throw new AppError("validation", `A NUL character is refused (at ${path || "the top"})`);
  if (!text.isWellFormed())
    throw new AppError("validation", `A lone surrogate is refused (at ${path || "the top"})`);
}
