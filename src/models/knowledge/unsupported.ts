import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { isGraphBubbleUp, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { reasonOf } from "../../core/errors.ts";
import { type CitedPassage, sentencesOf, unsupportedSentences } from "../../knowledge/grounding.ts";
import { withoutSettings } from "../call.ts";
import { chatModel } from "../chat.ts";
import { prompt } from "../read-prompt.ts";

const Verdict = z.object({
  unsupported: z.array(z.int()).describe("Numbers of the sentences that are not borne out."),
});

interface CheckOptions {
  config: LangGraphRunnableConfig;
  /** Id of a model that judges; words and numbers are compared where none is given. */
  judge?: string | undefined;
}

/**
 * The sentences of an answer that its passages do not bear out. A judge that fails ends no run: a
 * custom event says so, and words are compared in its place.
 */
export async function unsupported(
  answer: string,
  passages: readonly CitedPassage[],
  { config, judge }: CheckOptions,
): Promise<string[]> {
  if (judge === undefined) return unsupportedSentences(answer, passages);
  try {
    return await judged(answer, passages, { config, judge });
  } catch (error) {
    if (isGraphBubbleUp(error) || config.signal?.aborted === true) throw error;
    config.writer?.({ type: "warning", warning: `Not judged by ${judge}: ${reasonOf(error)}` });
    return unsupportedSentences(answer, passages);
  }
}

async function judged(
  answer: string,
  passages: readonly CitedPassage[],
  { config, judge }: { config: LangGraphRunnableConfig; judge: string },
): Promise<string[]> {
  const sentences = sentencesOf(answer);
  if (sentences.length === 0) return [];
  const numbered = sentences.map((text, index) => ({ number: index + 1, text }));
  const asked = JSON.stringify({
    sentences: numbered,
    passages: passages.map(({ number, text }) => ({ number, text })),
  });
  const plain = withoutSettings(config, { model: judge });
  const quiet = { ...plain, tags: [...(config.tags ?? []), "nostream"] };
  const { unsupported: numbers } = await chatModel({ model: judge })
    .withStructuredOutput(Verdict)
    .invoke([new SystemMessage(prompt("rag-judge", config)), new HumanMessage(asked)], quiet);
  return sentences.filter((_, index) => numbers.includes(index + 1));
}
