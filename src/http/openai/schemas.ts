import { z } from "zod";
import { absent } from "../schemas.ts";

/** Texts or token lists of one request: more is a mistake, or meant for a batch. */
const MOST_INPUTS = 2048;
const MOST_DOCUMENTS = 10_000;

const model = absent(z.string().min(1).max(200));
const tokens = z.array(z.int().nonnegative()).min(1);

export const embeddingsBody = z.object({
  model,
  input: z
    .union(
      [z.string(), tokens, z.array(z.string()).max(MOST_INPUTS), z.array(tokens).max(MOST_INPUTS)],
      { error: `expected a text, up to ${MOST_INPUTS} texts, or their token numbers` },
    )
    .transform((input): (string | number[])[] => {
      if (typeof input === "string") return [input];
      return isTokens(input) ? [input] : input;
    }),
  dimensions: absent(z.int().positive().max(65_536)),
  encoding_format: absent(z.enum(["float", "base64"])),
  user: absent(z.string()),
});

const isTokens = (input: string[] | number[] | number[][]): input is number[] =>
  typeof input[0] === "number";

const document = z.union([
  z.string(),
  z.object({ text: z.string() }).transform(({ text }) => text),
]);

export const rerankBody = z.object({
  model,
  query: z.string(),
  documents: z.array(document).min(1).max(MOST_DOCUMENTS),
  top_n: absent(z.int().positive()),
  return_documents: absent(z.boolean()),
  instruct: absent(z.string()),
});

/** Fields of OpenAI and of others that go on to the provider as they are. */
const imageParameters = {
  quality: absent(z.string()),
  style: absent(z.string()),
  background: absent(z.string()),
  moderation: absent(z.string()),
  output_format: absent(z.string()),
  output_compression: absent(z.number()),
  user: absent(z.string()),
  negative_prompt: absent(z.string()),
  seed: absent(z.int()),
  num_inference_steps: absent(z.int()),
  guidance_scale: absent(z.number()),
};

export const imageParameterNames = Object.keys(imageParameters);

export const imagesBody = z.object({
  model,
  prompt: z.string(),
  n: absent(z.int().positive().max(10)),
  size: absent(z.string().max(40)).transform((size) => (size === "auto" ? undefined : size)),
  response_format: absent(z.enum(["url", "b64_json"])),
  ...imageParameters,
});
