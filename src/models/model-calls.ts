import type { JsonObject } from "../core/json.ts";
import { embedTexts } from "./embedding/embed.ts";
import { generateImages } from "./image/generate.ts";
import { inScope, thoseInScope } from "./model-scope.ts";
import type { AskedModel, ModelCalls } from "./model-calls-port.ts";
import type { Ask } from "./provider/meter.ts";
import { originOfUser } from "./provider/origin.ts";
import type { ModelRegistry, ModelType } from "./registry.ts";
import type { RawCall } from "./raw/complete.ts";
import { createModelTasks } from "./task/model-tasks.ts";
import { rerankDocuments } from "./rerank/rerank.ts";

interface Parts extends Pick<RawCall, "usage" | "limiter" | "factors"> {
  readonly models: ModelRegistry;
}

/** The calls of a server's models by its own routes. */
export function createModelCalls({ models, factors, ...parts }: Parts): ModelCalls {
  const askOf = (type: ModelType, { model, actor, signal }: AskedModel): Ask => ({
    model: inScope(models.get(model ?? models.defaultOf(type), type), actor.user?.models),
    ...parts,
    origin: originOfUser(actor.user),
    signal,
  });
  const callOf = ({ model: id, actor }: AskedModel): RawCall => {
    const only = actor.user?.models;
    const model = inScope(models.get(id ?? models.defaultId), only);
    return {
      model,
      fallbacks: thoseInScope(models.fallbacksOf(model), only),
      factors,
      ...parts,
      ...originOfUser(actor.user),
    };
  };
  return {
    isModel: (id) => models.list().some((model) => model.id === id),
    chatModels: () =>
      models
        .list()
        .filter(({ modelType, state }) => modelType === "chat" && state === "ready")
        .map(({ id, dialect }) => ({ id, dialect })),
    async complete(asked, body) {
      const { completeRaw } = await import("./raw/complete.ts");
      // A provider's answer came as JSON.
      return (await completeRaw(callOf(asked), { body, signal: asked.signal })) as JsonObject;
    },
    async streamChat(asked, body) {
      const { streamRaw } = await import("./raw/complete.ts");
      return await streamRaw(callOf(asked), { body, signal: asked.signal });
    },
    async embed(asked, inputs, wish) {
      const ask = askOf("embedding", asked);
      return { ...(await embedTexts(ask, inputs, wish)), model: ask.model.id };
    },
    hasReranker: () => models.hasOwn("rerank"),
    async rerank(asked, wish) {
      const ask = askOf("rerank", asked);
      return { ...(await rerankDocuments(ask, wish)), model: ask.model.id };
    },
    async generateImages(asked, wish) {
      const ask = askOf("image", asked);
      return { images: await generateImages(ask, wish), model: ask.model.id };
    },
    tasks: createModelTasks({ models, factors, ...parts }),
  };
}
