import { AppError } from "../../core/errors.ts";
import type { Body } from "../dialects/index.ts";
import type { Model } from "../model.ts";
import type { ProviderRequest } from "../provider/ask.ts";
import { finishedBody } from "../provider/body.ts";
import { pathUnder } from "../provider/paths.ts";
import { taskRulesOf } from "../task/wire.ts";
import { baseUrlOf } from "../transport.ts";

const MOST_IMAGES = 10;

/** What is to be painted. */
export interface ImageWish {
  readonly prompt: string;
  /** Such as 1024x1024; as the file says where not given. */
  readonly size?: string | undefined;
  readonly count?: number | undefined;
  /** More of OpenAI's or the provider's own fields: quality, style, negative_prompt, seed. */
  readonly parameters?: Body | undefined;
}

/** The number of images that a wish asks for; throws "validation" for one that cannot be made. */
export function countOf(model: Model, { prompt, count }: ImageWish): number {
  if (prompt.trim() === "") throw new AppError("validation", "prompt is empty");
  const wanted = count ?? model.fields.count ?? 1;
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= MOST_IMAGES) return wanted;
  throw new AppError("validation", `n: expected 1 to ${MOST_IMAGES} images`);
}

/** The request that answers with the images. */
export function imageRequest(model: Model, wish: ImageWish, count: number): ProviderRequest {
  const { fields, dialect } = model;
  const base = baseUrlOf(model);
  const body = imageBody(model, wish, count);
  return {
    url:
      fields.image_path === undefined
        ? (dialect.image?.url?.(base) ?? `${base}/images/generations`)
        : pathUnder(base, fields.image_path),
    body: dialect.image?.shape?.(body) ?? body,
  };
}

/** The request that answers with the id of a task that makes the images; `id` is our own name of it. */
export function imageSubmission(
  model: Model,
  wish: ImageWish,
  { count, id }: { count: number; id?: string | undefined },
): ProviderRequest {
  const rules = taskRulesOf(model);
  const url = rules?.submitUrl(baseUrlOf(model), "image");
  if (rules === undefined || url === undefined)
    throw new AppError("validation", `${model.label} makes no images in the background`);
  const { idField, submitHeaders: headers = {} } = rules;
  const body = {
    ...imageBody(model, wish, count),
    ...(idField === undefined || id === undefined ? {} : { [idField]: id }),
  };
  const shaped = rules.shapeImage?.(body) ?? model.dialect.image?.shape?.(body);
  return { url, headers, body: shaped ?? body };
}

/** The body as OpenAI has it, without what the provider does not know. */
function imageBody(model: Model, wish: ImageWish, count: number): Body {
  const { fields, dialect, modelName } = model;
  const { response } = fields;
  const body = finishedBody(model, {
    ...wish.parameters,
    model: modelName,
    prompt: wish.prompt,
    size: wish.size ?? fields.size,
    n: count === 1 ? undefined : count,
    user: wish.parameters?.["user"] ?? fields.user,
    response_format: response === "b64" ? "b64_json" : response,
  });
  for (const key of dialect.image?.drop?.(modelName) ?? []) delete body[key];
  return body;
}
