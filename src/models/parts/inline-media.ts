import { dataUrl } from "../../core/data-url.ts";
import { AppError } from "../../core/errors.ts";
import { getOutbound, type OutboundAnswer, type OutboundPolicy } from "../../core/outbound.ts";
import type { User } from "../../domain/actor.ts";
import type { Model } from "../model.ts";
import { currentRuntime } from "../runtime.ts";
import { asWireObject, said, type WireObject } from "../wire.ts";
import { imageTypeOf } from "./image-type.ts";

const MAX_BYTES = 20 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** For whom media are read, and until when. */
export interface Reader {
  readonly user?: User | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The same image with its bytes in the request: one that is kept here, which no provider can get,
 * and where the provider takes no address any other, fetched.
 */
export async function inlineImage(
  part: WireObject,
  { model, reader, isInlineOnly }: { model: Model; reader: Reader; isInlineOnly: boolean },
): Promise<WireObject> {
  const fields = asWireObject(part["image_url"]) ?? {};
  const url = said(fields["url"]) ?? "";
  if (url.startsWith("data:")) return part;
  const kept = await keptMedia(url, reader);
  if (kept === undefined && !isInlineOnly) return part;
  const bytes = kept ?? (await fetchMedia(url, model, reader));
  const type = imageTypeOf(bytes);
  if (type === undefined) throw unusable(url, "it is no PNG, JPEG, GIF, WebP or BMP image");
  return { ...part, image_url: { ...fields, url: dataUrl(bytes, type) } };
}

/** The same video with its bytes in the request. */
export async function inlineVideo(
  part: WireObject,
  model: Model,
  reader: Reader,
): Promise<WireObject> {
  const fields = asWireObject(part["video_url"]);
  const url = said(fields?.["url"]) ?? "";
  if (fields === undefined || url.startsWith("data:")) return part;
  const { bytes, contentType } = await getMedia(url, model, reader);
  const type = /^video\/[\w.+-]+/.exec(contentType)?.[0];
  if (type === undefined) throw unusable(url, "its server calls it no video");
  return { ...part, video_url: { ...fields, url: dataUrl(bytes, type) } };
}

/** The same audio with its bytes in the request. */
export async function inlineAudio(
  part: WireObject,
  model: Model,
  reader: Reader,
): Promise<WireObject> {
  const fields = asWireObject(part["input_audio"]);
  const data = said(fields?.["data"]) ?? "";
  if (fields === undefined || !/^https?:\/\//i.test(data)) return part;
  const bytes = await fetchMedia(data, model, reader);
  return { ...part, input_audio: { ...fields, data: bytes.toString("base64") } };
}

/** The same file with its bytes in the request. */
export async function inlineFile(
  part: WireObject,
  model: Model,
  reader: Reader,
): Promise<WireObject> {
  const fields = asWireObject(part["file"]);
  const url = said(fields?.["file_data"]) ?? "";
  if (fields === undefined || !/^https?:\/\//i.test(url)) return part;
  const { bytes, contentType } = await getMedia(url, model, reader);
  const type = /^[\w.+-]+\/[\w.+-]+/.exec(contentType)?.[0] ?? "application/octet-stream";
  const name = new URL(url).pathname.split("/").at(-1) || "file";
  return { ...part, file: { filename: name, ...fields, file_data: dataUrl(bytes, type) } };
}

/** The bytes of a file that is kept here; undefined for any other address. */
async function keptMedia(url: string, { user }: Reader): Promise<Buffer | undefined> {
  const { files } = currentRuntime();
  const id = files.idOf(url);
  if (id === undefined) return undefined;
  const file = await files.readFor(id, user);
  if (file !== undefined) return Buffer.from(file.bytes);
  // Another server may have addresses like ours.
  if (URL.canParse(url)) return undefined;
  throw unusable(url, "there is no such file");
}

const fetchMedia = async (url: string, model: Model, reader: Reader): Promise<Buffer> =>
  (await getMedia(url, model, reader)).bytes;

async function getMedia(url: string, model: Model, { signal }: Reader): Promise<OutboundAnswer> {
  const policy: OutboundPolicy = {
    allowedHosts: model.fields.media_hosts ?? [],
    setting: `media_hosts of model ${JSON.stringify(model.id)}`,
  };
  const get = { url, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal };
  const answer = await getOutbound(get, policy).catch((error: unknown) => {
    if (error instanceof AppError || signal?.aborted === true) throw error;
    throw unusable(url, "its server cannot be reached");
  });
  if (answer.status !== 200) throw unusable(url, `its server answered ${answer.status}`);
  return answer;
}

const unusable = (url: string, why: string): AppError =>
  new AppError("validation", `${JSON.stringify(url.slice(0, 200))} cannot be sent: ${why}`);
