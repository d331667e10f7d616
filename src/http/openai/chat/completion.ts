import type { JsonObject } from "../../../core/json.ts";

/** What a piece of an answer adds, in the fields of a chunk's delta. */
export interface Delta {
  content?: string;
  reasoning_content?: string;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
}

export interface Completion {
  id: string;
  /** Seconds since the epoch. */
  created: number;
  model: string;
}

/** How an answer ended. */
export interface Ending {
  finish_reason: string;
  usage: Usage;
  /** What is said besides: the thread, and what a graph waits for. */
  more: JsonObject;
}

/** A whole answer as strict clients take it. */
export const wholeCompletion = (
  about: Completion,
  { content, reasoning, ending }: { content: string; reasoning: string; ending: Ending },
): JsonObject => ({
  ...about,
  object: "chat.completion",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content,
        refusal: null,
        ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
      },
      logprobs: null,
      finish_reason: ending.finish_reason,
    },
  ],
  usage: { ...ending.usage },
  ...ending.more,
});

/** The chunks of a streamed answer: the role comes first, one finish reason, the usage only when asked for. */
export class CompletionChunks {
  readonly #about: Completion;

  constructor(about: Completion) {
    this.#about = about;
  }

  start(): JsonObject {
    return this.#chunk({ delta: { role: "assistant", content: "" }, finish_reason: null });
  }

  delta(delta: Delta): JsonObject {
    return this.#chunk({ delta: { ...delta }, finish_reason: null });
  }

  end({ finish_reason, more, usage }: Ending, isUsageWanted: boolean): JsonObject[] {
    const last = { ...this.#chunk({ delta: {}, finish_reason }), ...more };
    if (!isUsageWanted) return [last];
    return [last, { ...this.#about, object: OBJECT, choices: [], usage: { ...usage } }];
  }

  #chunk(choice: JsonObject): JsonObject {
    return { ...this.#about, object: OBJECT, choices: [{ index: 0, logprobs: null, ...choice }] };
  }
}

const OBJECT = "chat.completion.chunk";
