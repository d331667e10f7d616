import { z } from "zod";
import type { Context } from "../../../context.ts";
import { AppError } from "../../../core/errors.ts";
import type { JsonObject } from "../../../core/json.ts";
import type { Run } from "../../../domain/run.ts";
import type { Ending, Usage } from "../chat/completion.ts";
import { GraphAnswer } from "../chat/graph-answer.ts";
import { framesOf } from "../chat/graph-chat.ts";
import { type Approval, approvalsIn } from "./approvals.ts";

export interface SpokenCall {
  index: number;
  id: string;
  name: string;
  /** What is added to the text of the arguments. */
  arguments: string;
}

/** What a piece of an answer adds. */
export interface Spoken {
  reasoning?: string;
  content?: string;
  refusal?: string;
  calls?: SpokenCall[];
  /** What a graph asks leave for. */
  approvals?: Approval[];
}

/** An answer as it comes, and how it ended. */
export type Speech = AsyncGenerator<Spoken[], Ending, void>;

const text = z.string().nullish().catch(null);
const count = z.number().nullish().catch(null);
const Said = z.looseObject({
  content: text,
  reasoning_content: text,
  refusal: text,
  tool_calls: z
    .array(
      z.looseObject({
        index: count,
        id: text,
        function: z.looseObject({ name: text, arguments: text }).nullish().catch(null),
      }),
    )
    .nullish()
    .catch(null),
});
type Said = z.infer<typeof Said>;
const Choice = z.looseObject({
  index: count,
  delta: Said.nullish().catch(null),
  message: Said.nullish().catch(null),
  finish_reason: text,
});
const Part = z.looseObject({
  choices: z.array(Choice).catch([]),
  usage: z
    .looseObject({
      prompt_tokens: count,
      completion_tokens: count,
      total_tokens: count,
      prompt_tokens_details: z.looseObject({ cached_tokens: count }).nullish().catch(null),
      completion_tokens_details: z.looseObject({ reasoning_tokens: count }).nullish().catch(null),
    })
    .nullish()
    .catch(null),
});
type Part = z.infer<typeof Part>;

/** A model's answer as its chunks come. */
export async function* chunksSpeech(texts: AsyncGenerator<string[], void>): Speech {
  const gathered = new Gathered();
  for await (const batch of texts) {
    const spoken = batch.flatMap((chunk) => gathered.take(Part.parse(JSON.parse(chunk))));
    if (spoken.length > 0) yield spoken;
  }
  return gathered.ending();
}

/** A model's whole answer. */
// eslint-disable-next-line @typescript-eslint/require-await
export async function* completionSpeech(completion: JsonObject): Speech {
  const gathered = new Gathered();
  yield gathered.take(Part.parse(completion));
  return gathered.ending();
}

const toSpoken = (deltas: ReturnType<GraphAnswer["take"]>): Spoken[] =>
  deltas.map(({ content = "", reasoning_content: reasoning = "" }) => ({ content, reasoning }));

/** Who listens to an answer that is kept elsewhere. */
export interface Listener {
  signal: AbortSignal;
  /** Told how far in the events of a run it has come. */
  onPlace?: (id: string) => void;
}

/** What a run of a graph says, from its beginning. */
export async function* graphSpeech(ctx: Context, run: Run, listener: Listener): Speech {
  const { signal, onPlace } = listener;
  const answer = new GraphAnswer({ showsTools: ctx.settings.openai_tool_progress });
  for await (const frames of framesOf(ctx, run, signal)) {
    const last = frames.at(-1)?.id;
    if (last !== undefined) onPlace?.(last);
    const said = toSpoken(frames.flatMap((frame) => answer.take(frame)));
    if (said.length > 0) yield said;
  }
  signal.throwIfAborted();
  yield [...toSpoken(answer.finish()), { approvals: approvalsIn(answer.interrupts) }];
  return { ...answer.ending(run), ...(answer.isCancelled ? { finish_reason: "cancelled" } : {}) };
}

/** What of a stream is needed once it is over, and what each part of it adds. */
class Gathered {
  readonly #calls = new Map<number, { id: string; name: string }>();
  #finish = "stop";
  #usage: Part["usage"];

  take({ choices, usage }: Part): Spoken[] {
    this.#usage = usage ?? this.#usage;
    return choices
      .filter(({ index }) => (index ?? 0) === 0)
      .flatMap(({ delta, message, finish_reason }) => {
        this.#finish = finish_reason ?? this.#finish;
        const said = delta ?? message;
        return said ? [this.#spoken(said)] : [];
      });
  }

  ending(): Ending {
    const used = this.#usage;
    const [prompt_tokens, completion_tokens] = [
      used?.prompt_tokens ?? 0,
      used?.completion_tokens ?? 0,
    ];
    const usage: Usage = {
      prompt_tokens,
      completion_tokens,
      total_tokens: used?.total_tokens ?? prompt_tokens + completion_tokens,
      prompt_tokens_details: { cached_tokens: used?.prompt_tokens_details?.cached_tokens ?? 0 },
      completion_tokens_details: {
        reasoning_tokens: used?.completion_tokens_details?.reasoning_tokens ?? 0,
      },
    };
    return { finish_reason: this.#finish, usage, more: {} };
  }

  #spoken({ content, reasoning_content, refusal, tool_calls }: Said): Spoken {
    const calls = (tool_calls ?? []).map(({ index, id, function: called }, place) => {
      const at = index ?? place;
      const known = this.#calls.get(at) ?? { id: id ?? "", name: called?.name ?? "" };
      this.#calls.set(at, known);
      return { index: at, ...known, arguments: called?.arguments ?? "" };
    });
    return {
      reasoning: reasoning_content ?? "",
      content: content ?? "",
      refusal: refusal ?? "",
      calls,
    };
  }
}

/** An answer that could not be made. */
// eslint-disable-next-line require-yield, @typescript-eslint/require-await
export async function* failedSpeech(reason: string): Speech {
  throw new AppError("upstream", reason);
}
