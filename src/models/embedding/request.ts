import { AppError } from "../../core/errors.ts";
import type { EmbeddingPurpose } from "../dialects/index.ts";
import type { Model } from "../model.ts";
import type { ProviderRequest } from "../provider/ask.ts";
import { finishedBody } from "../provider/body.ts";
import { baseUrlOf } from "../transport.ts";
import { warnOnce } from "../warn-once.ts";

/** A text, or the numbers of its tokens. */
export type Embeddable = string | readonly number[];

/** What is wanted of one call. */
export interface EmbeddingWish {
  readonly purpose?: EmbeddingPurpose | undefined;
  /** Numbers of each vector; as the file says where not given. */
  readonly dimensions?: number | undefined;
  readonly user?: string | undefined;
}

/** The request that embeds one batch. */
export function embeddingRequest(
  model: Model,
  input: readonly Embeddable[],
  { purpose = "document", dimensions, user }: EmbeddingWish = {},
): ProviderRequest {
  const { fields, dialect, modelName } = model;
  const { embedding: rules } = dialect;
  const base = baseUrlOf(model);
  const body = finishedBody(model, {
    model: modelName,
    input,
    encoding_format: fields.encoding_format ?? "float",
    dimensions: dimensions ?? fields.dimensions,
    user: user ?? fields.user,
  });
  for (const key of rules?.drop ?? []) drop(model, body, key);
  return {
    url: rules?.url?.(base) ?? `${base}/embeddings`,
    body: rules?.shape?.(body, purpose) ?? body,
  };
}

function drop(model: Model, body: Record<string, unknown>, key: string): void {
  if (body[key] === undefined) return;
  delete body[key];
  const isAsked = key !== "encoding_format" || model.fields.encoding_format !== undefined;
  if (isAsked) warnOnce(model, `${key} is not sent: ${model.dialect.name} does not take it there`);
}

/** Texts that can be sent: none empty, none beyond `max_chars`; throws "validation" for others. */
export function sendable(model: Model, inputs: readonly Embeddable[]): Embeddable[] {
  return inputs.map((input, index) => {
    if (typeof input !== "string") return tokens(model, input, index);
    if (input.trim() === "") throw unusable(index, "is empty");
    return shortened(model, input);
  });
}

function tokens(model: Model, input: readonly number[], index: number): readonly number[] {
  if (input.length === 0) throw unusable(index, "is empty");
  if (model.dialect.embedding?.takesTokens === true) return input;
  throw unusable(
    index,
    `is a list of token numbers, which ${model.label} does not take: send texts (LangChain for Python: check_embedding_ctx_length=False)`,
  );
}

function shortened(model: Model, text: string): string {
  const { max_chars: most } = model.fields;
  if (most === undefined || text.length <= most) return text;
  warnOnce(model, `texts longer than max_chars (${most}) are cut before they are embedded`);
  const cut = text.slice(0, most);
  return cut.isWellFormed() || !text.isWellFormed() ? cut : cut.slice(0, -1);
}

const unusable = (index: number, why: string): AppError =>
  new AppError("validation", `input ${index + 1} ${why}`);
