import { newId } from "../../core/ids.ts";
import { textsOf } from "../answer.ts";
import { malformedAnswer } from "../failures/upstream-error.ts";
import type { Model } from "../model.ts";
import type { ReadingRules } from "../reading-rules.ts";
import { openAiCounts, type TokenCounts } from "../usage.ts";
import { argumentsText, asWireObject, itemsOf, said, type WireObject } from "../wire.ts";

const OTHER_REASONING = ["reasoning", "thinking"];

/** A provider's whole answer with the fields that strict clients look for, and all others as they are. */
export function regularAnswer(
  response: WireObject,
  { model, rules, counts }: { model: Model; rules: ReadingRules; counts: TokenCounts | undefined },
): WireObject {
  const choices = itemsOf(response["choices"]).flatMap((item, index) => {
    const choice = asWireObject(item);
    const message = asWireObject(choice?.["message"]);
    return choice && message ? [regularChoice(choice, { index, message, rules })] : [];
  });
  if (choices.length === 0) throw malformedAnswer(model, "sent an answer without a message");
  return {
    ...response,
    id: said(response["id"]) ?? `chatcmpl-${newId()}`,
    object: "chat.completion",
    created: response["created"] ?? Math.floor(model.clock.now() / 1000),
    model: said(response["model"]) ?? model.modelName,
    choices,
    usage: { ...asWireObject(response["usage"]), ...(counts && openAiCounts(counts)) },
  };
}

function regularChoice(
  choice: WireObject,
  { index, message, rules }: { index: number; message: WireObject; rules: ReadingRules },
): WireObject {
  const calls = itemsOf(message["tool_calls"]);
  const finish = said(choice["finish_reason"]) ?? (calls.length > 0 ? "tool_calls" : "stop");
  const { content, reasoning } = textsOf(message, rules, finish);
  const kept = Object.entries(message).filter(([key]) => !OTHER_REASONING.includes(key));
  return {
    ...choice,
    index: choice["index"] ?? index,
    logprobs: choice["logprobs"] ?? null,
    finish_reason: finish,
    message: {
      ...Object.fromEntries(kept),
      role: "assistant",
      content: content === "" && (calls.length > 0 || message["function_call"]) ? null : content,
      refusal: message["refusal"] ?? null,
      ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(regularCall) }),
    },
  };
}

function regularCall(item: unknown): WireObject {
  const call = asWireObject(item) ?? {};
  const details = asWireObject(call["function"]) ?? {};
  return {
    ...call,
    id: said(call["id"]) ?? `call_${newId()}`,
    type: "function",
    function: { ...details, arguments: argumentsText(details["arguments"]) },
  };
}
