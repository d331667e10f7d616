import { readDataUrl } from "../../core/data-url.ts";
import { AppError } from "../../core/errors.ts";
import { getOutbound, type OutboundPolicy } from "../../core/outbound.ts";
import type { Model } from "../model.ts";
import { imageTypeOf } from "../parts/image-type.ts";
import { withRetries } from "../attempts/retry.ts";
import { malformedAnswer, unfitAnswer } from "../failures/upstream-error.ts";
import type { ImageSource } from "./read.ts";

const MAX_BYTES = 20 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** An image that is here. */
export interface MadeImage {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** The prompt as the provider changed it. */
  readonly revisedPrompt: string | undefined;
}

/** The bytes of an image, fetched at once where an answer has only their address, which soon ends. */
export async function fetchImage(
  model: Model,
  { url, data, revisedPrompt }: ImageSource,
  signal: AbortSignal | undefined,
): Promise<MadeImage> {
  const inline = data ?? readDataUrl(url ?? "")?.data;
  const bytes =
    inline === undefined
      ? await withRetries({ model, signal }, () => download(model, url ?? "", signal))
      : Buffer.from(inline, "base64");
  const contentType = imageTypeOf(bytes);
  if (contentType === undefined)
    throw unfitAnswer(model, "sent something that is no PNG, JPEG, GIF, WebP or BMP image");
  if (bytes.length > MAX_BYTES)
    throw unfitAnswer(model, `sent an image of more than ${MAX_BYTES} bytes`);
  return { bytes, contentType, revisedPrompt };
}

async function download(
  model: Model,
  url: string,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const get = { url, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal };
  try {
    const { status, bytes } = await getOutbound(get, policyOf(model));
    if (status === 200) return bytes;
    throw status >= 500 || status === 429
      ? malformedAnswer(model, `sent an image whose address answers ${status}`)
      : unfitAnswer(model, `sent an image whose address answers ${status}`);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (!(error instanceof AppError))
      throw malformedAnswer(model, "sent an image whose address cannot be reached");
    if (error.code !== "validation") throw error;
    throw unfitAnswer(model, `sent an image that may not be fetched: ${error.message}`);
  }
}

/** Public addresses, the hosts of `media_hosts`, and the model's own server. */
function policyOf({ id, fields }: Model): OutboundPolicy {
  const own = fields.url === undefined ? [] : [new URL(fields.url).host];
  return {
    allowedHosts: [...(fields.media_hosts ?? []), ...own],
    setting: `media_hosts of model ${JSON.stringify(id)}`,
  };
}
