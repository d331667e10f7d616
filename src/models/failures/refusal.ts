import { asWireObject, said, type WireObject } from "../wire.ts";

/** What the text of a refusal says, whichever of the providers' shapes it has. */
export interface ReadRefusal {
  readonly codes: readonly string[];
  readonly message: string;
  readonly requestId: string | undefined;
}

const REQUEST_ID_HEADERS = [
  "x-request-id",
  "request-id",
  "x-dashscope-request-id",
  "x-siliconcloud-trace-id",
  "x-ds-trace-id",
  "cf-ray",
] as const;

/** The id under which a provider can find a request. */
export function requestIdOf(headers: Headers): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const id = headers.get(name);
    if (id !== null && id !== "") return id;
  }
  return undefined;
}

/** Reads `{error: {...}}`, `{error: "..."}`, `{code, message}`, `{detail}` and plain text. */
export function readRefusal(text: string, headers: Headers): ReadRefusal {
  const body = parseQuietly(text);
  const error = asWireObject(body?.["error"]) ?? body ?? {};
  const codes = [error["code"], error["type"], body?.["code"]].flatMap(codeOf);
  const message =
    said(error["message"]) ?? said(body?.["error"]) ?? said(body?.["message"]) ?? detailOf(body);
  const ids = [body?.["request_id"], error["request_id"], body?.["requestId"]].flatMap(codeOf);
  return {
    codes: [...new Set(codes)],
    message: message ?? (text.trim() === "" ? "an empty body" : text.trim()),
    requestId: ids[0] ?? requestIdOf(headers),
  };
}

/** A JSON object, or undefined where the text is none. */
export function parseQuietly(text: string): WireObject | undefined {
  try {
    return asWireObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** FastAPI's word for what is wrong, a text or a list. */
function detailOf(body: WireObject | undefined): string | undefined {
  const detail = body?.["detail"];
  if (detail === undefined) return undefined;
  return typeof detail === "string" ? detail : JSON.stringify(detail);
}

const codeOf = (value: unknown): string[] =>
  typeof value === "number" ? [String(value)] : (said(value) ?? "") === "" ? [] : [String(value)];
