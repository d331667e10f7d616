import { AppError } from "../../core/errors.ts";
import { getOutbound, type OutboundPolicy } from "../../core/outbound.ts";
import type { Model } from "../model.ts";
import { asWireObject, said, type WireObject } from "../wire.ts";
import { imageTypeOf } from "./image-type.ts";

const MAX_BYTES = 20 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** The same image with its bytes in the request, fetched where the part has only an address. */
export async function inlineImage(
  part: WireObject,
  model: Model,
  signal: AbortSignal | undefined,
): Promise<WireObject> {
  const fields = asWireObject(part["image_url"]) ?? {};
  const url = said(fields["url"]) ?? "";
  if (url.startsWith("data:")) return part;
  const bytes = await fetchMedia(url, model, signal);
  const type = imageTypeOf(bytes);
  if (type === undefined) throw unusable(url, "it is no PNG, JPEG, GIF, WebP or BMP image");
  const data = `data:${type};base64,${bytes.toString("base64")}`;
  return { ...part, image_url: { ...fields, url: data } };
}

/** The same audio with its bytes in the request. */
export async function inlineAudio(
  part: WireObject,
  model: Model,
  signal: AbortSignal | undefined,
): Promise<WireObject> {
  const fields = asWireObject(part["input_audio"]);
  const data = said(fields?.["data"]) ?? "";
  if (fields === undefined || !/^https?:\/\//i.test(data)) return part;
  const bytes = await fetchMedia(data, model, signal);
  return { ...part, input_audio: { ...fields, data: bytes.toString("base64") } };
}

async function fetchMedia(
  url: string,
  model: Model,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const policy: OutboundPolicy = {
    allowedHosts: model.fields.media_hosts ?? [],
    setting: `media_hosts of model ${JSON.stringify(model.id)}`,
  };
  const get = { url, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal };
  const { status, bytes } = await getOutbound(get, policy).catch((error: unknown) => {
    if (error instanceof AppError || signal?.aborted === true) throw error;
    throw unusable(url, "its server cannot be reached");
  });
  if (status !== 200) throw unusable(url, `its server answered ${status}`);
  return bytes;
}

const unusable = (url: string, why: string): AppError =>
  new AppError("validation", `${JSON.stringify(url.slice(0, 200))} cannot be sent: ${why}`);
