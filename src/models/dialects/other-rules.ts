import type { TaskKind } from "../../domain/task.ts";
import type { Body } from "./dialect.ts";

/** Whether a text is looked for, or is what is found. */
export type EmbeddingPurpose = "query" | "document";

/** How a provider turns texts into vectors, where it differs from OpenAI's `/embeddings`. */
export interface EmbeddingRules {
  /** Most texts of one request. */
  batchSize(model: string): number;
  /** Address of the request, from the base URL. */
  url?(base: string): string;
  /** Fields of OpenAI's wire that are unknown there. */
  readonly drop?: readonly string[];
  /** Texts may come as lists of token numbers. */
  readonly takesTokens?: boolean;
  /** The provider's own body, from OpenAI's. */
  shape?(body: Body, purpose: EmbeddingPurpose): Body;
}

/** How a provider ranks documents, where it differs from `/rerank` with query, documents and top_n. */
export interface RerankRules {
  /** Most documents of one request. */
  readonly maxDocuments: number;
  /** Address of the request, from the base URL. */
  url?(base: string, model: string): string;
  /** Field that takes an instruction; there is none where not given. */
  readonly instructField?: string;
  /** The documents come back unless `return_documents` is false. */
  readonly hasReturnDocuments?: boolean;
  /** The provider's own body, from the common one. */
  shape?(body: Body, model: string): Body;
}

/** How a provider makes images, where it differs from OpenAI's `/images/generations`. */
export interface ImageRules {
  /** Most images of one request. */
  maxCount(model: string): number;
  /** Address of the request, from the base URL. */
  url?(base: string): string;
  /** Fields of OpenAI's wire that are unknown there. */
  drop?(model: string): readonly string[];
  /** The provider's own body, from OpenAI's. */
  shape?(body: Body): Body;
}

/** How a provider makes something in the background: it is submitted, then asked after by its id. */
export interface TaskRules {
  /** Address to submit to; undefined for a kind that is not made so. */
  submitUrl(base: string, kind: TaskKind): string | undefined;
  readonly submitHeaders?: Readonly<Record<string, string>>;
  /** The provider's own body of a submission, from OpenAI's, where it differs from that of a call. */
  shapeImage?(body: Body): Body;
  /** Field of a submission that takes our own id of it. */
  readonly idField?: string;
  url(base: string, id: string): string;
  /** Undefined where a task cannot be called off. */
  cancelUrl?(base: string, id: string): string;
  /** Whatever a model there makes can be made so. */
  readonly takesAll?: true;
  /** Whether a model makes images in no other way. */
  isOnlyWay(model: string): boolean;
}

/** Most texts and documents of one request to a server whose limits are not known. */
export const MODEST_BATCH = 64;
export const MODEST_DOCUMENTS = 100;

/** A server that embeds, ranks and paints by the common paths. */
export const commonRules: { embedding: EmbeddingRules; rerank: RerankRules; image: ImageRules } = {
  embedding: { batchSize: () => MODEST_BATCH },
  rerank: { maxDocuments: MODEST_DOCUMENTS },
  image: { maxCount: () => 10 },
};
