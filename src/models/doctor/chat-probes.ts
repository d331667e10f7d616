import { z } from "zod";
import type { Finding, ProbedCapability, Verdict } from "./finding.ts";
import type { Patient } from "./patient.ts";
import type { Reply } from "./reply.ts";

const PING = "Reply with the single word pong.";
const SUM = "What is 17 + 25? Answer with the number alone.";
const PERSON =
  "Give the name and the age of an invented person as JSON with the keys name and age.";

const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather in a city.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    },
  },
};

const PERSON_SCHEMA = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};

const weatherArgs = z.object({ city: z.string() });
const person = z.object({ name: z.string(), age: z.int() });

/** One question to a chat model. */
export interface ChatProbe {
  readonly name: string;
  run(patient: Patient): Promise<Finding>;
}

/** The first probe: without an answer to it no other makes sense. */
export async function probeAnswer(patient: Patient): Promise<Finding> {
  const reply = await patient.ask({ probe: "answer", prompt: PING });
  const { status } = reply;
  const isKey = status === 401 || status === 403;
  const said = reply.content.trim() === "" ? "an empty answer" : "an answer";
  if (reply.problem === undefined && said === "an answer")
    return { probe: "key and answer", verdict: "yes", detail: said, isFault: false };
  const reason = reply.problem ?? said;
  const detail = isKey ? `the key is refused: ${reason}` : reason;
  return { probe: "key and answer", verdict: "no", detail, isFault: true };
}

const streaming: ChatProbe = {
  name: "streaming",
  run: async (patient) => {
    const prompt = "Count from 1 to 20 in words.";
    const reply = await patient.ask({ probe: "streaming", prompt, isStreamed: true });
    const isWhole = reply.pieces > 0 && reply.finish !== undefined;
    const detail = isWhole ? `${reply.pieces} pieces` : (reply.problem ?? "no pieces, or no end");
    const isSwitchedOff = patient.declared.capabilities?.streaming === false;
    return {
      probe: "streaming",
      verdict: isWhole ? "yes" : "no",
      detail,
      isFault: !isWhole && !isSwitchedOff,
      capability: "streaming",
    };
  },
};

const streamUsage: ChatProbe = {
  name: "usage in stream",
  run: async (patient) => {
    const reply = await patient.ask({ probe: "usage in stream", prompt: PING, isStreamed: true });
    const prompt = reply.usage?.["prompt_tokens"];
    const isThere = typeof prompt === "number" && prompt > 0;
    const detail = isThere ? `${prompt} prompt tokens` : "no usage: the cost would be estimated";
    return settled(
      patient,
      { probe: "usage in stream", capability: "stream_usage" },
      {
        reply,
        isObeyed: isThere,
        detail,
      },
    );
  },
};

const tools: ChatProbe = {
  name: "tools",
  run: async (patient) => {
    const reply = await patient.ask({
      probe: "tools",
      prompt: "What is the weather in Paris? Use the tool.",
      extra: { tools: [WEATHER] },
    });
    const isCalled = callsFor(reply) === 1;
    const detail = isCalled ? "called with its arguments" : describeCalls(reply);
    return settled(
      patient,
      { probe: "tools", capability: "tools" },
      {
        reply,
        isObeyed: isCalled,
        detail,
      },
    );
  },
};

const parallelTools: ChatProbe = {
  name: "parallel tools",
  run: async (patient) => {
    const reply = await patient.ask({
      probe: "parallel tools",
      prompt: "What is the weather in Paris and in Tokyo? Call the tool for both at once.",
      extra: { tools: [WEATHER], parallel_tool_calls: true },
    });
    const count = callsFor(reply);
    const detail = count > 1 ? `${count} calls in one answer` : describeCalls(reply);
    return settled(
      patient,
      { probe: "parallel tools", capability: "parallel_tools" },
      {
        reply,
        isObeyed: count > 1,
        detail,
      },
    );
  },
};

const jsonProbe = (capability: "json_schema" | "json_object", format: object): ChatProbe => ({
  name: capability,
  run: async (patient) => {
    const reply = await patient.ask({
      probe: capability,
      prompt: PERSON,
      extra: { response_format: format },
    });
    const isObeyed = person.safeParse(parse(reply.content)).success;
    const detail = isObeyed ? "the answer is what was asked for" : "the answer is other than asked";
    return settled(patient, { probe: capability, capability }, { reply, isObeyed, detail });
  },
});

const thinkingOff: ChatProbe = {
  name: "thinking off",
  run: (patient) => probeThinking(patient, true),
};

const thinkingOn: ChatProbe = {
  name: "thinking on",
  run: (patient) => probeThinking(patient, false),
};

async function probeThinking(patient: Patient, noThink: boolean): Promise<Finding> {
  const probe = noThink ? "thinking off" : "thinking on";
  const { model } = patient;
  const reply = await patient.ask({ probe, prompt: SUM, isStreamed: true, overrides: { noThink } });
  if (reply.problem !== undefined)
    return {
      probe,
      verdict: "unsure",
      detail: reply.problem,
      isFault: model.fields.no_think === noThink,
    };
  const thought = thoughtOf(reply);
  const verdict: Verdict = thought > 0 === noThink ? "no" : "yes";
  const detail = thought > 0 ? `thought (${thought} characters or tokens)` : "did not think";
  return { probe, verdict, detail, isFault: verdict === "no" && model.fields.no_think === noThink };
}

/** All probes but the first, in the order of the table. */
export const CHAT_PROBES: readonly ChatProbe[] = [
  streaming,
  streamUsage,
  tools,
  parallelTools,
  jsonProbe("json_schema", {
    type: "json_schema",
    json_schema: { name: "person", strict: true, schema: PERSON_SCHEMA },
  }),
  jsonProbe("json_object", { type: "json_object" }),
  thinkingOff,
  thinkingOn,
];

/** A finding on a capability: a fault only where the file says that the model has it. */
function settled(
  { declared }: Patient,
  about: { probe: string; capability: ProbedCapability },
  seen: { reply: Reply; isObeyed: boolean; detail: string },
): Finding {
  const { reply } = seen;
  const isPassing = reply.status === 0 || reply.status === 429 || reply.status >= 500;
  const isUnsure = reply.problem !== undefined && isPassing;
  const verdict: Verdict = isUnsure ? "unsure" : seen.isObeyed ? "yes" : "no";
  const isFault = verdict === "no" && declared.capabilities?.[about.capability] === true;
  return { ...about, verdict, detail: reply.problem ?? seen.detail, isFault };
}

const callsFor = ({ toolCalls }: Reply): number =>
  toolCalls.filter(
    ({ name, args }) => name === "get_weather" && weatherArgs.safeParse(parse(args)).success,
  ).length;

function describeCalls({ toolCalls }: Reply): string {
  if (toolCalls.length === 0) return "answered in words, without a call";
  return toolCalls.length === 1 ? "one call" : `${toolCalls.length} calls, not as asked`;
}

function thoughtOf({ content, reasoning, usage }: Reply): number {
  const inTags = /<think>([\s\S]*?)(?:<\/think>|$)/.exec(content)?.[1] ?? "";
  const before = content.includes("<think>")
    ? ""
    : (content.split("</think>").slice(0, -1).join("") ?? "");
  const details = usage?.["completion_tokens_details"];
  const tokens =
    typeof details === "object" && details !== null && "reasoning_tokens" in details
      ? Number(details.reasoning_tokens)
      : 0;
  return reasoning.trim().length + inTags.trim().length + before.trim().length + (tokens || 0);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
