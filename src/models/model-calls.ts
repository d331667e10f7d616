import type { Actor } from "../domain/actor.ts";
import { embedTexts } from "./embedding/embed.ts";
import { generateImages } from "./image/generate.ts";
import type { AskedModel, ModelCalls } from "./model-calls-port.ts";
import type { Ask } from "./provider/meter.ts";
import type { CallOrigin } from "./provider/origin.ts";
import type { ModelRegistry, ModelType } from "./registry.ts";
import { rerankDocuments } from "./rerank/rerank.ts";

interface Parts extends Pick<Ask, "usage" | "limiter"> {
  readonly models: ModelRegistry;
}

/** The calls of a server's models by its own routes. */
export function createModelCalls({ models, ...parts }: Parts): ModelCalls {
  const askOf = (type: ModelType, { model, actor, signal }: AskedModel): Ask => ({
    model: models.get(model ?? models.defaultOf(type), type),
    ...parts,
    origin: originOf(actor),
    signal,
  });
  return {
    async embed(asked, inputs, wish) {
      const ask = askOf("embedding", asked);
      return { ...(await embedTexts(ask, inputs, wish)), model: ask.model.id };
    },
    async rerank(asked, wish) {
      const ask = askOf("rerank", asked);
      return { ...(await rerankDocuments(ask, wish)), model: ask.model.id };
    },
    async generateImages(asked, wish) {
      const ask = askOf("image", asked);
      return { images: await generateImages(ask, wish), model: ask.model.id };
    },
  };
}

/** Undefined where nobody is told from anybody else. */
const named = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

const originOf = ({ identity, user }: Actor): CallOrigin => ({
  runId: undefined,
  threadId: undefined,
  assistantId: undefined,
  owner: named(identity),
  keyId: named(user?.key_id),
});
