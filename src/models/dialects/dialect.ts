import type { UpstreamKind } from "../../core/errors.ts";
import {
  commonRules,
  type EmbeddingRules,
  type ImageRules,
  type RerankRules,
  type TaskRules,
} from "./other-rules.ts";

/** A JSON object of a request. */
export type Body = Record<string, unknown>;

/** What one call wants of thinking. */
export interface ThinkingWish {
  /** true: off, false: on, undefined: as the server likes. */
  readonly noThink: boolean | undefined;
  /** Longest thinking, in tokens. */
  readonly budget?: number | undefined;
  readonly effort?: string | undefined;
  /** Whether the server keeps the thinking of earlier turns. */
  readonly keep?: string | boolean | undefined;
}

/** What decides how thinking is asked for in one request. */
export interface ThinkingRequest extends ThinkingWish {
  readonly model: string;
  readonly isStreamed: boolean;
}

/** What a provider does with the parameters of Chat Completions, as data. */
export interface ParameterRules {
  /** Refused or unknown there: taken out, with one warning. */
  readonly drop?: readonly string[];
  /** Known there by another name. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Lowest and highest value taken. */
  readonly clamp?: Readonly<Record<string, readonly [number, number]>>;
  /** Most entries that `stop` may have. */
  readonly maxStops?: number;
  /** Only `tool_choice: "auto"` is taken: a forced tool is then the only one offered. */
  readonly isToolChoiceAutoOnly?: boolean;
}

/** Ways in which a server keeps an answer to JSON. */
export type JsonMode = "json_schema" | "json_object";

export type MediaKind = "image" | "audio" | "video" | "file";

/** What a provider takes besides text. */
export interface MediaRules {
  /** Kinds no model there takes. */
  readonly never?: readonly MediaKind[];
  /**
   * The bytes of images and videos must be in the request: addresses are refused there, or would be
   * fetched from inside the operator's network.
   */
  readonly isInlineOnly?: boolean;
  /** Addresses of audio files are taken. */
  readonly takesAudioUrls?: boolean;
  /** Addresses of documents are taken. */
  readonly takesFileUrls?: boolean;
}

/** When the reasoning of earlier answers is sent back to the provider. */
export type SendBack = "never" | "tools" | "always";

/** How one provider's Chat Completions differ from the plain OpenAI wire. */
export interface Dialect {
  readonly name: string;
  /** Host names, each with its subdomains, that tell this provider. */
  readonly hosts: readonly string[];
  /** Port of a local server of this kind, a weaker sign than a host name. */
  readonly port?: number;
  readonly currency: "CNY" | "USD";
  maxTokensField(model: string): "max_tokens" | "max_completion_tokens";
  /** Body fields that switch thinking; {} where nothing must be said. */
  thinking(request: ThinkingRequest): Body;
  /** Whether `no_think` reaches this model at all. */
  canSwitchThinking(model: string): boolean;
  /** Whether an answer that is not streamed to the caller must still be streamed from the provider. */
  mustStream?(request: ThinkingRequest): boolean;
  /** What becomes of the parameters of a request whose thinking fields are already in the body. */
  parameters?(model: string, body: Body): ParameterRules;
  /** Last changes of a request body, made in place. */
  adapt?(body: Body, model: string): void;
  /** The JSON modes that a model there has; none where not given. */
  jsonModes?(model: string): readonly JsonMode[];
  readonly media?: MediaRules;
  /** When the reasoning of earlier answers goes back; "never" where not given. */
  sendBack?(model: string): SendBack;
  /** Field of a message that carries reasoning back; `reasoning_content` where not given. */
  readonly sendBackField?: "reasoning_content" | "reasoning" | "reasoning_details";
  /** Whether an assistant turn with tool calls needs the field even when nothing was thought. */
  readonly needsEmptyReasoning?: boolean;
  /** Whether a model's reasoning can be had sealed over the Responses API, to be sent back. */
  sealsReasoning?(model: string): boolean;
  /** The role that system messages have for a model; "system" where not given. */
  systemRole?(model: string): "system" | "developer";
  /** Error codes of the body that pass by themselves, whatever status and message say. */
  readonly transientCodes?: readonly string[];
  /** Error codes of the body that no retry helps. */
  readonly finalCodes?: readonly string[];
  /** Error codes of the body that say that the prompt is too long. */
  readonly overflowCodes?: readonly string[];
  /** Error codes of the body that say that the content was refused. */
  readonly contentCodes?: readonly string[];
  /** Error codes of the body that say that no money or quota is left. */
  readonly quotaCodes?: readonly string[];
  /** Refusals of a prompt that is too long, in words that only this provider uses. */
  readonly overflowText?: RegExp;
  /** Reasons to finish that stand for a failure, where the answer is empty or, of "server", always. */
  readonly finishKinds?: Readonly<Record<string, UpstreamKind>>;
  /** False where there is no chat. */
  readonly hasChat?: false;
  /** Undefined where there are no embedding models. */
  readonly embedding?: EmbeddingRules;
  /** Undefined where there are no rerank models. */
  readonly rerank?: RerankRules;
  /** Undefined where there are no image models. */
  readonly image?: ImageRules | undefined;
  /** Undefined where nothing is made in the background. */
  readonly tasks?: TaskRules;
}

/** A dialect that adds nothing to the OpenAI wire. */
export function plainDialect(
  name: string,
  currency: Dialect["currency"],
  hosts: string[] = [],
): Dialect {
  return {
    name,
    hosts,
    currency,
    maxTokensField: () => "max_tokens",
    thinking: () => ({}),
    canSwitchThinking: () => false,
    ...commonRules,
  };
}
