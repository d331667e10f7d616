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
  const raw = once(() => import("./raw/complete.ts"));
  return {
    isModel: (id) => models.has(id),
    chatModels: () => readyChats(models),
    async complete(asked, body) {
      const { completeRaw } = await raw();
      // A provider's answer came as JSON.
      return (await completeRaw(callOf(asked), { body, signal: asked.signal })) as JsonObject;
    },
    async streamChat(asked, body) {
      const { streamRaw } = await raw();
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

const readyChats = (models: ModelRegistry): { id: string; dialect: string }[] =>
  models
    .list()
    .filter(({ modelType, state }) => modelType === "chat" && state === "ready")
    .map(({ id, dialect }) => ({ id, dialect }));

/** What loads LangChain is imported when it is needed; an import is not free the second time either. */
function once<Module>(load: () => Promise<Module>): () => Promise<Module> {
  let loaded: Promise<Module> | undefined;
  return () => (loaded ??= load());
}
