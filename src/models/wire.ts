/** A provider's JSON object, read field by field because no two providers agree. */
export type WireObject = Record<string, unknown>;

export const asWireObject = (value: unknown): WireObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as WireObject)
    : undefined;

const NOTHING: readonly unknown[] = [];

/** The items of a JSON array, none where there is no array. */
export const itemsOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : NOTHING;

/** A non-empty string, else undefined. */
export const said = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** Text of a content field: a string, or parts of which the text ones count. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return itemsOf(content)
    .map((part) => (typeof part === "string" ? part : (said(asWireObject(part)?.["text"]) ?? "")))
    .join("");
}

/** Reasoning text, whichever field carries it; `field` is the only one read where it is given. */
export function reasoningText(message: WireObject, field?: string): string {
  if (field !== undefined) return textOf(message[field]);
  return (
    said(message["reasoning_content"]) ??
    said(message["reasoning"]) ??
    said(message["thinking"]) ??
    (detailsText(message["reasoning_details"]) || thinkingParts(message["content"]))
  );
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : detailsText(value) || contentText(value);

/** The visible part of OpenRouter's reasoning details: text and summaries, no encrypted data. */
function detailsText(details: unknown): string {
  if (!Array.isArray(details)) return "";
  const texts = itemsOf(details).map((item) => {
    const detail = asWireObject(item);
    return said(detail?.["text"]) ?? said(detail?.["summary"]) ?? "";
  });
  return texts.join("");
}

/** Thinking among the parts of the content, as some providers have it. */
function thinkingParts(content: unknown): string {
  if (!Array.isArray(content)) return "";
  const texts = itemsOf(content).map((item) => {
    const part = asWireObject(item);
    const thought = part?.["type"] === "thinking" ? part["thinking"] : part?.["reasoning"];
    return typeof thought === "string" ? thought : contentText(thought);
  });
  return texts.join("");
}

/** Tool arguments as JSON text, whatever form the provider gave them. */
export function argumentsText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

/** The answer's first choice: streams with several are read as one. */
export function firstChoice(body: WireObject): WireObject | undefined {
  for (const item of itemsOf(body["choices"])) {
    const choice = asWireObject(item);
    if (choice !== undefined && (choice["index"] ?? 0) === 0) return choice;
  }
  return undefined;
}

/** Usage, where providers put it: beside the choices or inside the first one. */
export const usageOf = (body: WireObject, choice = firstChoice(body)): WireObject | undefined =>
  asWireObject(body["usage"]) ?? asWireObject(choice?.["usage"]);

const SERVICE_FIELDS = ["service_tier", "system_fingerprint"] as const;

/** What a provider says of how it served a call; undefined where it says nothing. */
export function serviceOf(body: WireObject): WireObject | undefined {
  let told: WireObject | undefined;
  for (const key of SERVICE_FIELDS)
    if (said(body[key]) !== undefined) told = { ...told, [key]: body[key] };
  return told;
}
