import type { JsonObject } from "../core/json.ts";
import type { Actor } from "../domain/actor.ts";
import type { Embedded } from "./embedding/embed.ts";
import type { Embeddable, EmbeddingWish } from "./embedding/request.ts";
import type { MadeImage } from "./image/fetch-image.ts";
import type { ImageWish } from "./image/request.ts";
import type { ModelTasks } from "./task/model-tasks-port.ts";
import type { Reranked } from "./rerank/rerank.ts";
import type { RerankWish } from "./rerank/request.ts";

export type { ImageWish };

/** Which model is asked, the default of the type where none is named. */
export interface AskedModel {
  readonly model: string | undefined;
  /** Who asks, and pays. */
  readonly actor: Actor;
  readonly signal: AbortSignal;
}

/** Calls of models that belong to no run. Each answers the id of the model that was asked. */
export interface ModelCalls {
  /** Whether a model of the name is configured, whether or not it can be called. */
  isModel(id: string): boolean;
  /** The chat models that can be called now. */
  chatModels(): { id: string; dialect: string }[];
  /** Answers a chat completion of OpenAI's wire; parameters and fields of the answer pass as they are. */
  complete(asked: AskedModel, body: JsonObject): Promise<JsonObject>;
  /** The same as the JSON texts of chunks, as many at once as have come; resolves once the model speaks. */
  streamChat(asked: AskedModel, body: JsonObject): Promise<AsyncGenerator<string[], void>>;
  embed(
    asked: AskedModel,
    inputs: readonly Embeddable[],
    wish: EmbeddingWish,
  ): Promise<Embedded & { model: string }>;
  /** Whether a rerank model can be called that is no demo. */
  hasReranker(): boolean;
  rerank(asked: AskedModel, wish: RerankWish): Promise<Reranked & { model: string }>;
  generateImages(
    asked: AskedModel,
    wish: ImageWish,
  ): Promise<{ model: string; images: MadeImage[] }>;
  /** What is made in the background. */
  readonly tasks: ModelTasks;
}
