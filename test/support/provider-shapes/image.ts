import type { Answer, RecordedRequest } from "../fake-provider.ts";
import { type Json, sendJson } from "./shape.ts";

/** A picture of one pixel. */
export const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64",
);

/** An image server as its wire shows it. */
export interface ImageShape {
  /** Fields of the model file besides url and key. */
  readonly fields: Json;
  readonly baseUrl?: (url: string) => string;
  /** Path and body of the request for two images of a size, one after another where it makes one at a time. */
  readonly path: string;
  readonly bodies: readonly Json[];
  /** Headers that the request must have. */
  readonly headers?: Json;
  /** Paths that are asked for after it, besides those of the images. */
  readonly afterwards?: readonly string[];
  answer(request: RecordedRequest): Json;
}

const PROMPT = { prompt: "a cat" };
const urlOf = ({ headers }: RecordedRequest): string => `http://${headers.host}/picture.png?sig=1`;

/** Serves pictures at the addresses of its answers, and asks the shape for all else. */
export const imageServer =
  (shape: ImageShape): Answer =>
  (response, request) => {
    if (!request.path.startsWith("/picture.png")) return sendJson(response, shape.answer(request));
    response.writeHead(200, { "content-type": "application/octet-stream" });
    response.end(PIXEL);
  };

const onHost = (url: string): string => url.replace(/\/v1$/, "/compatible-mode/v1");
const TASK = "0385dc79-5ff8-4d82-bcb6-xxxxxx";

/** Every row of the table of image servers. */
export const IMAGE_SHAPES: Readonly<Record<string, ImageShape>> = {
  openai: {
    fields: { dialect: "openai", model: "gpt-image-1", response: "b64" },
    path: "/v1/images/generations",
    bodies: [{ model: "gpt-image-1", ...PROMPT, size: "1024x1024", n: 2 }],
    answer: () => ({
      created: 1,
      data: [1, 2].map(() => ({ b64_json: PIXEL.toString("base64"), revised_prompt: "a fat cat" })),
      usage: { input_tokens: 5, output_tokens: 272, total_tokens: 277 },
    }),
  },
  "openai dall-e": {
    fields: { dialect: "openai", model: "dall-e-3", response: "url" },
    path: "/v1/images/generations",
    bodies: [1, 2].map(() => ({
      model: "dall-e-3",
      ...PROMPT,
      size: "1024x1024",
      response_format: "url",
    })),
    answer: (request) => ({ created: 1, data: [{ url: urlOf(request) }] }),
  },
  zhipu: {
    fields: { dialect: "zhipu", model: "cogview-4" },
    path: "/v1/images/generations",
    bodies: [1, 2].map(() => ({ model: "cogview-4", ...PROMPT, size: "1024x1024" })),
    answer: (request) => ({ created: 1, data: [{ url: urlOf(request) }], content_filter: [] }),
  },
  "zhipu in the background": {
    fields: { dialect: "zhipu", model: "cogview-4", async: { mode: "zhipu" } },
    path: "/v1/async/images/generations",
    bodies: [1, 2].map(() => ({ model: "cogview-4", ...PROMPT, size: "1024x1024" })),
    afterwards: [`/v1/async-result/${TASK}`, `/v1/async-result/${TASK}`],
    answer: (request) =>
      request.path.startsWith("/v1/async-result/")
        ? { task_status: "SUCCESS", id: TASK, image_result: [{ url: urlOf(request) }] }
        : { model: "cogview-4", id: TASK, request_id: "1", task_status: "PROCESSING" },
  },
  siliconflow: {
    fields: { dialect: "siliconflow", model: "Kwai-Kolors/Kolors" },
    path: "/v1/images/generations",
    bodies: [{ model: "Kwai-Kolors/Kolors", ...PROMPT, image_size: "1024x1024", batch_size: 2 }],
    answer: (request) => ({
      images: [{ url: urlOf(request) }, { url: urlOf(request) }],
      timings: { inference: 0.5 },
      seed: 1,
    }),
  },
  dashscope: {
    fields: { dialect: "dashscope", model: "wan2.6-t2i" },
    baseUrl: onHost,
    path: "/api/v1/services/aigc/multimodal-generation/generation",
    bodies: [
      {
        model: "wan2.6-t2i",
        input: { messages: [{ role: "user", content: [{ text: "a cat" }] }] },
        parameters: { size: "1024*1024", n: 2 },
      },
    ],
    answer: (request) => ({
      output: {
        choices: [1, 2].map(() => ({
          finish_reason: "stop",
          message: { role: "assistant", content: [{ image: urlOf(request) }] },
        })),
      },
      usage: { width: 1024, height: 1024, image_count: 2 },
      request_id: "1",
    }),
  },
  "dashscope in the background": {
    fields: { dialect: "dashscope", model: "wan2.2-t2i-flash" },
    baseUrl: onHost,
    path: "/api/v1/services/aigc/text2image/image-synthesis",
    headers: { "x-dashscope-async": "enable" },
    bodies: [
      {
        model: "wan2.2-t2i-flash",
        input: { prompt: "a cat" },
        parameters: { size: "1024*1024", n: 2 },
      },
    ],
    afterwards: [`/api/v1/tasks/${TASK}`],
    answer: (request) =>
      request.path.startsWith("/api/v1/tasks/")
        ? {
            output: {
              task_id: TASK,
              task_status: "SUCCEEDED",
              results: [
                { url: urlOf(request), actual_prompt: "a cat, sitting" },
                { url: urlOf(request) },
              ],
            },
            usage: { image_count: 2 },
          }
        : { output: { task_status: "PENDING", task_id: TASK }, request_id: "1" },
  },
  "any server": {
    fields: { model: "flux" },
    path: "/v1/images/generations",
    bodies: [{ model: "flux", ...PROMPT, size: "1024x1024", n: 2 }],
    answer: (request) => ({ data: [{ url: urlOf(request) }, { url: urlOf(request) }] }),
  },
};
