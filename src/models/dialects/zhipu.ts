import type { Body, Dialect } from "./dialect.ts";

const canThink = (model: string): boolean => /^glm-(?:4\.[5-9]|[5-9]|\d\d)/i.test(model);

/** Zhipu (BigModel) and z.ai. */
export const zhipu: Dialect = {
  name: "zhipu",
  hosts: ["open.bigmodel.cn", "api.z.ai"],
  currency: "CNY",
  maxTokensField: () => "max_tokens",
  thinking: ({ model, noThink }) =>
    noThink === undefined || !canThink(model)
      ? {}
      : { thinking: { type: noThink ? "disabled" : "enabled" } },
  canSwitchThinking: canThink,
  adapt: (body: Body) => {
    if (body["temperature"] === 0) {
      delete body["temperature"];
      body["do_sample"] = false;
    }
    adaptToolChoice(body);
  },
  transientCodes: ["1302", "1303", "1305", "1312", "1200", "1234"],
  finalCodes: ["1113", "1261", "1301", "1304", "1308", "1309", "1310", "1311", "1313"],
};

/** Only "auto" is taken: "none" becomes no tools, a forced tool becomes the only one offered. */
function adaptToolChoice(body: Body): void {
  const choice = body["tool_choice"];
  if (choice === undefined || choice === "auto") return;
  if (choice === "none") {
    delete body["tools"];
    delete body["tool_choice"];
    return;
  }
  body["tool_choice"] = "auto";
  const forced = functionName(choice);
  const tools = body["tools"];
  if (forced === undefined || !Array.isArray(tools)) return;
  const only = tools.filter((tool: unknown) => functionName(tool) === forced);
  if (only.length > 0) body["tools"] = only;
}

function functionName(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("function" in value)) return undefined;
  const inner = value.function;
  if (typeof inner !== "object" || inner === null || !("name" in inner)) return undefined;
  return typeof inner.name === "string" ? inner.name : undefined;
}
