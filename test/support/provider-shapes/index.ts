import { type Answer, fakeProvider, type FakeProvider } from "../fake-provider.ts";
import * as hosted from "./hosted.ts";
import * as local from "./local.ts";
import { openaiResponses } from "./responses.ts";
import { type Json, type Reply, sendJson, type Shape } from "./shape.ts";

/** Every provider of the dialect table, by name. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  openai: hosted.openai,
  "openai over responses": openaiResponses,
  dashscope: hosted.dashscope,
  zhipu: hosted.zhipu,
  siliconflow: hosted.siliconflow,
  deepseek: hosted.deepseek,
  moonshot: hosted.moonshot,
  openrouter: hosted.openrouter,
  vllm: local.vllm,
  "vllm without a parser": local.vllmRaw,
  sglang: local.sglang,
  ollama: local.ollama,
  ollama_native: local.ollamaNative,
  lmstudio: local.lmstudio,
  llamacpp: local.llamacpp,
};

/** A fake of this provider that gives these replies in order, and refuses what the real one refuses. */
export async function shapedProvider(shape: Shape, ...replies: Reply[]): Promise<FakeProvider> {
  const guarded =
    (answer: Answer): Answer =>
    (response, request) => {
      const refusal = shape.refuses?.(request.body);
      if (refusal === undefined) answer(response, request);
      else sendJson(response, { error: { message: refusal, code: "400" } }, 400);
    };
  return await fakeProvider(...replies.map((reply) => guarded(shape.answer(reply))));
}

/** The fields of a model file for this fake. */
export const fieldsOf = (shape: Shape, { url }: FakeProvider): Record<string, unknown> => ({
  url: shape.baseUrl?.(url) ?? url,
  ...shape.fields,
});

/** The messages of a request, as Chat Completions has them. */
export const messagesSent = (shape: Shape, body: Record<string, unknown>): Json[] =>
  shape.messages?.(body) ?? (body["messages"] as Json[]);

export { broken, failing, FAULTS, type Faults, refusing } from "./faults.ts";
export { COUNTS, type Reply, type Shape } from "./shape.ts";
