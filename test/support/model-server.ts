import * as fake from "./fake-provider.ts";

/** What a fake model server can do; a real one that does all of it has every flag. */
export interface Abilities {
  /** The only key it takes. */
  key: string;
  tools: boolean;
  parallelTools: boolean;
  jsonSchema: boolean;
  jsonObject: boolean;
  streamUsage: boolean;
  /** Whether it thinks when told not to, never, or as it is told. */
  thinks: "as told" | "always" | "never";
  /** Words of a prompt at most; the refusal is `refusal`. */
  maxWords: number;
  refusal: object;
}

const ALL: Abilities = {
  key: "doctor-test-key",
  tools: true,
  parallelTools: true,
  jsonSchema: true,
  jsonObject: true,
  streamUsage: true,
  thinks: "as told",
  maxWords: 200,
  refusal: { error: { message: "This model's maximum context length is 200 tokens.", code: 400 } },
};

/** A model server that obeys, but for the abilities a test takes from it. */
export const modelServer = (abilities: Partial<Abilities> = {}): Promise<fake.FakeProvider> => {
  const can = { ...ALL, ...abilities };
  return fake.fakeProvider((response, request) => answerOf(can, request)(response, request));
};

function answerOf(can: Abilities, { headers, body }: fake.RecordedRequest): fake.Answer {
  if (headers.authorization !== `Bearer ${can.key}`)
    return fake.json(
      {
        error: { message: `Incorrect API key: ${headers.authorization}`, code: "invalid_api_key" },
      },
      { status: 401 },
    );
  const prompt = JSON.stringify(body["messages"]);
  if (prompt.split(" ").length > can.maxWords) return fake.json(can.refusal, { status: 400 });
  const message = messageOf(can, body, prompt);
  return body["stream"] === true ? streamed(can, message) : fake.completion(message);
}

interface Message extends Record<string, unknown> {
  content: string;
  reasoning_content?: string;
}

function messageOf(can: Abilities, body: Record<string, unknown>, prompt: string): Message {
  const thinking = thoughtOf(can, body);
  const calls = toolCalls(can, body, prompt);
  if (calls.length > 0) return { ...thinking, content: "", tool_calls: calls };
  const format = body["response_format"];
  const type = typeof format === "object" && format !== null && "type" in format ? format.type : "";
  const isJson =
    (type === "json_schema" && can.jsonSchema) || (type === "json_object" && can.jsonObject);
  return { ...thinking, content: isJson ? '{"name":"Ann","age":7}' : "pong it is" };
}

function thoughtOf({ thinks }: Abilities, body: Record<string, unknown>): Partial<Message> {
  const isAsked = body["enable_thinking"] === true;
  const isThinking = thinks === "always" || (thinks === "as told" && isAsked);
  return isThinking ? { reasoning_content: "let me think" } : {};
}

function toolCalls(can: Abilities, body: Record<string, unknown>, prompt: string): object[] {
  if (!can.tools || body["tools"] === undefined) return [];
  const cities = prompt.includes("Tokyo") && can.parallelTools ? ["Paris", "Tokyo"] : ["Paris"];
  return cities.map((city, index) => ({
    index,
    id: `call_${index}`,
    type: "function",
    function: { name: "get_weather", arguments: JSON.stringify({ city }) },
  }));
}

function streamed(can: Abilities, { content, ...rest }: Message): fake.Answer {
  return fake.stream([
    fake.delta({ role: "assistant", ...rest, content: "" }),
    ...content.split(" ").map((word) => fake.delta({ content: `${word} ` })),
    fake.delta({}, "stop"),
    ...(can.streamUsage
      ? [fake.usageChunk({ prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 })]
      : []),
  ]);
}
