/** What a `data:` URL holds: its media type, empty where it names none, and its bytes in base64. */
export interface DataUrl {
  readonly type: string;
  readonly data: string;
}

const DATA_URL = /^data:([^;,]*)[^,]*;base64,(.*)$/s;

/** Undefined for whatever is no `data:` URL in base64. */
export function readDataUrl(url: string): DataUrl | undefined {
  const [, type, data] = DATA_URL.exec(url) ?? [];
  return type === undefined || data === undefined ? undefined : { type, data };
}

/** A `data:` URL of bytes, or of what is base64 already. */
export function dataUrl(content: Uint8Array | string, type: string): string {
  const data = typeof content === "string" ? content : Buffer.from(content).toString("base64");
  return `data:${type};base64,${data}`;
}
