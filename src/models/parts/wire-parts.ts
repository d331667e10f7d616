import { dataUrl, readDataUrl } from "../../core/data-url.ts";
import type { MediaKind } from "../dialects/index.ts";
import { asWireObject, said, type WireObject } from "../wire.ts";

/** One part of a message as the wire has it, and what it is. */
export interface WirePart {
  readonly kind: MediaKind | "text" | "other";
  readonly part: WireObject;
}

/** Where the data of a part are. */
interface Source {
  url: string | undefined;
  data: string | undefined;
  mimeType: string | undefined;
  fileId: string | undefined;
  name: string | undefined;
}

/** Parts that belong to an answer's own story and are never sent as content. */
const UNSENT = new Set([
  "reasoning",
  "reasoning_content",
  "thinking",
  "redacted_thinking",
  "tool_use",
  "tool_call",
  "tool_call_chunk",
  "invalid_tool_call",
  "functionCall",
]);

const WIRE_KINDS: Readonly<Record<string, MediaKind>> = {
  image_url: "image",
  input_audio: "audio",
  video_url: "video",
  file_url: "file",
};

/** A part of LangChain's (v1, v0), Anthropic's or the wire's own shape as the wire has it; undefined where it is not sent. */
export function wirePart(raw: unknown): WirePart | undefined {
  if (typeof raw === "string") return textPart(raw);
  const part = asWireObject(raw);
  if (part === undefined) return undefined;
  const type = said(part["type"]) ?? "";
  if (UNSENT.has(type)) return undefined;
  if (type === "text" || type === "text-plain") return ofText(part);
  if (type === "image_url") return imageUrl(part);
  const kind = WIRE_KINDS[type];
  if (kind !== undefined) return { kind, part };
  const source = sourceOf(part);
  if (type === "image") return image(part, source);
  if (type === "audio") return audio(source);
  if (type === "video") return video(part, source);
  if (type === "file") return file(part, source);
  return { kind: "other", part };
}

const textPart = (text: string): WirePart => ({ kind: "text", part: { type: "text", text } });

function ofText(part: WireObject): WirePart {
  const text = said(part["text"]) ?? decoded(part["data"]);
  const cache = part["cache_control"];
  const plain = { type: "text", text };
  return { kind: "text", part: cache === undefined ? plain : { ...plain, cache_control: cache } };
}

const decoded = (data: unknown): string =>
  typeof data === "string" ? Buffer.from(data, "base64").toString("utf8") : "";

function imageUrl(part: WireObject): WirePart {
  const given = part["image_url"];
  const fields = typeof given === "string" ? { url: given } : (asWireObject(given) ?? {});
  return { kind: "image", part: { type: "image_url", image_url: fields } };
}

function image(part: WireObject, source: Source): WirePart {
  const url = source.url ?? sourceUrl(source, "image/png");
  const detail = said(asWireObject(part["metadata"])?.["detail"]) ?? said(part["detail"]);
  const fields = detail === undefined ? { url } : { url, detail };
  return { kind: "image", part: { type: "image_url", image_url: fields } };
}

function audio(source: Source): WirePart {
  const { data, url } = source;
  const inline = readDataUrl(url ?? "");
  const mimeType = source.mimeType ?? inline?.type ?? "";
  const format = audioFormat(mimeType, url);
  const content = data ?? inline?.data ?? url ?? "";
  return {
    kind: "audio",
    part: { type: "input_audio", input_audio: { data: content, format } },
  };
}

function audioFormat(mimeType: string, url: string | undefined): string {
  const named = /^audio\/(?:x-|vnd\.)?([\w.-]+)/.exec(mimeType)?.[1];
  const format =
    named ?? /\.(\w{2,4})(?:$|\?)/.exec(url?.startsWith("data:") ? "" : (url ?? ""))?.[1];
  if (format === undefined || format === "wave") return "wav";
  return format === "mpeg" ? "mp3" : format;
}

function video(part: WireObject, source: Source): WirePart {
  // DashScope takes the frames of a video as a list.
  if (part["video"] !== undefined) return { kind: "video", part };
  const url = source.url ?? sourceUrl(source, "video/mp4");
  return { kind: "video", part: { type: "video_url", video_url: { url } } };
}

function file(part: WireObject, source: Source): WirePart {
  if (part["file"] !== undefined) return { kind: "file", part };
  const { fileId, name } = source;
  if (fileId !== undefined)
    return { kind: "file", part: { type: "file", file: { file_id: fileId } } };
  const data = source.url ?? sourceUrl(source, "application/octet-stream");
  const fields = { file_data: data, filename: name ?? "file" };
  return { kind: "file", part: { type: "file", file: fields } };
}

/** The data of a part, whichever of LangChain's two shapes or Anthropic's it has. */
function sourceOf(part: WireObject): Source {
  const inner = asWireObject(part["source"]) ?? part;
  const metadata = asWireObject(part["metadata"]) ?? {};
  return {
    url: said(inner["url"]),
    data: base64Of(inner["data"]),
    mimeType: said(inner["mimeType"]) ?? said(inner["mime_type"]) ?? said(inner["media_type"]),
    fileId:
      said(inner["fileId"]) ?? (inner["source_type"] === "id" ? said(inner["id"]) : undefined),
    name: said(metadata["filename"]) ?? said(metadata["name"]) ?? said(part["title"]),
  };
}

function base64Of(data: unknown): string | undefined {
  if (data instanceof Uint8Array) return Buffer.from(data).toString("base64");
  return said(data);
}

const sourceUrl = ({ data, mimeType }: Source, otherwise: string): string =>
  dataUrl(data ?? "", mimeType ?? otherwise);
