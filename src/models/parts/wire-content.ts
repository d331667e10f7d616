import { AppError } from "../../core/errors.ts";
import type { MediaKind } from "../dialects/index.ts";
import type { Model } from "../model.ts";
import type { WireObject } from "../wire.ts";
import { inlineAudio, inlineFile, inlineImage, inlineVideo, type Reader } from "./inline-media.ts";
import { wirePart, type WirePart } from "./wire-parts.ts";

/** Which capability of a model file allows which kind of part. */
const CAPABILITY_OF = {
  image: "vision",
  audio: "audio",
  video: "video",
  file: "files",
} as const satisfies Record<MediaKind, string>;

/**
 * The parts of one message as this model's provider takes them; throws "validation" before the call
 * for a kind that the model does not take.
 */
export async function wireContent(
  content: readonly unknown[],
  model: Model,
  reader: Reader = {},
): Promise<WireObject[] | string> {
  const parts = content.flatMap((raw) => wirePart(raw) ?? []);
  if (parts.every(({ kind, part }) => kind === "text" && part["cache_control"] === undefined))
    return parts.map(({ part }) => String(part["text"])).join("");
  const sent: WireObject[] = [];
  for (const part of parts) sent.push(await suited(part, model, reader));
  return sent;
}

async function suited({ kind, part }: WirePart, model: Model, reader: Reader): Promise<WireObject> {
  if (kind === "text" || kind === "other") return part;
  requireTaken(kind, model);
  const media = model.dialect.media ?? {};
  const takesUrls = model.fields.capabilities?.image_urls;
  const isInlineOnly = typeof takesUrls === "boolean" ? !takesUrls : media.isInlineOnly === true;
  if (kind === "image") return await inlineImage(part, { model, reader, isInlineOnly });
  if (kind === "video" && isInlineOnly) return await inlineVideo(part, model, reader);
  if (kind === "audio" && media.takesAudioUrls !== true)
    return await inlineAudio(part, model, reader);
  if (kind === "file" && media.takesFileUrls !== true) return await inlineFile(part, model, reader);
  return part;
}

function requireTaken(kind: MediaKind, model: Model): void {
  const configured = model.fields.capabilities?.[CAPABILITY_OF[kind]];
  const isRefused =
    typeof configured === "boolean"
      ? !configured
      : (model.dialect.media?.never ?? []).includes(kind);
  if (!isRefused) return;
  throw new AppError(
    "validation",
    `Model ${JSON.stringify(model.id)} takes no ${kind} input ` +
      `(capabilities.${CAPABILITY_OF[kind]}${configured === false ? " is false" : ` is not true, and ${model.dialect.name} has none`})`,
    { details: { model: model.id, part: kind } },
  );
}
