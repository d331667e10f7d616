import type { ModelProfile } from "@langchain/core/language_models/profile";
import type { MediaKind } from "./dialects/index.ts";
import { currentRuntime } from "./runtime.ts";
import { structuredMethodOf } from "./structured/method.ts";
import { promptLimit } from "./prompt-limit.ts";

/** What a model takes and gives, for agents that suit themselves to it; of the default one where none is named. */
export function profileOf(id: string | undefined): ModelProfile {
  const { models } = currentRuntime();
  const model = models.find(id ?? models.defaultId);
  const { capabilities = {}, out_tokens: out } = model.fields;
  const limit = promptLimit(model);
  const takes = (kind: MediaKind, stated: boolean | "auto" | undefined): boolean =>
    typeof stated === "boolean" ? stated : !(model.dialect.media?.never ?? []).includes(kind);
  return {
    ...(limit === undefined ? {} : { maxInputTokens: limit }),
    ...(out === undefined ? {} : { maxOutputTokens: out }),
    toolCalling: capabilities.tools !== false,
    structuredOutput: structuredMethodOf(model) === "json_schema",
    imageInputs: takes("image", capabilities.vision),
    audioInputs: takes("audio", capabilities.audio),
    videoInputs: takes("video", capabilities.video),
  };
}
