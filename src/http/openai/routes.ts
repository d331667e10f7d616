import { newId } from "../../core/ids.ts";
import { generateImages } from "../../services/images/generate.ts";
import { originOf } from "../origin.ts";
import { type Route, route } from "../route.ts";
import { openAiError } from "./errors.ts";
import { embeddingsBody, imageParameterNames, imagesBody, rerankBody } from "./schemas.ts";
import { embeddings, images, ranking } from "../answers/openai.ts";

/** The routes of OpenAI's API, and of Jina's and Cohere's for what OpenAI has not. */
export const openAiRoutes: Route[] = [
  route({
    method: "post",
    spends: true,
    path: "/v1/embeddings",
    summary: "Turns texts into vectors",
    auth: "embeddings:create",
    onError: openAiError,
    body: embeddingsBody,
    response: embeddings,
    handle: async ({ ctx, body, signal }) => {
      const { model, input, dimensions, user } = body;
      const asked = { model, actor: ctx.actor, signal };
      const made = await ctx.modelCalls.embed(asked, input, { dimensions, user });
      const { promptTokens } = made;
      const shown = body.encoding_format === "base64" ? inBase64 : (vector: number[]) => vector;
      return Response.json({
        object: "list",
        data: made.vectors.map((vector, index) => ({
          object: "embedding",
          index,
          embedding: shown(vector),
        })),
        model: made.model,
        usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
      });
    },
  }),
  route({
    method: "post",
    spends: true,
    path: "/v1/rerank",
    summary: "Orders documents by how well they answer a query",
    auth: "rerank:create",
    onError: openAiError,
    body: rerankBody,
    response: ranking,
    handle: async ({ ctx, body, signal }) => {
      const { model, query, documents, top_n: topN, instruct } = body;
      const wish = { query, documents, topN, instruct };
      const asked = { model, actor: ctx.actor, signal };
      const ranked = await ctx.modelCalls.rerank(asked, wish);
      const { promptTokens } = ranked;
      return Response.json({
        id: newId(),
        object: "list",
        model: ranked.model,
        results: ranked.results.map(({ index, score }) => ({
          index,
          relevance_score: score,
          ...(body.return_documents === true ? { document: { text: documents[index] } } : {}),
        })),
        usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
      });
    },
  }),
  route({
    method: "post",
    spends: true,
    path: "/v1/images/generations",
    summary: "Makes images of a prompt",
    auth: "images:create",
    onError: openAiError,
    body: imagesBody,
    response: images,
    handle: async ({ ctx, body, headers, signal }) => {
      const { model, prompt, size, n: count, response_format: format = "url" } = body;
      const parameters = Object.fromEntries(
        Object.entries(body).filter(([key]) => imageParameterNames.includes(key)),
      );
      const input = {
        asked: { model, actor: ctx.actor, signal },
        wish: { prompt, size, count, parameters },
      };
      const data = await generateImages(ctx, input, { format, origin: originOf(headers) });
      return Response.json({ created: Math.floor(ctx.clock.now() / 1000), data });
    },
  }),
];

/** Little-endian 32-bit floats, as OpenAI's own clients ask for them. */
const inBase64 = (vector: number[]): string =>
  Buffer.from(Float32Array.from(vector).buffer).toString("base64");
