import type { Body } from "./dialect.ts";

/** Where only "auto" is taken: "none" becomes no tools, a forced tool becomes the only one offered. */
export function offerOnlyForcedTool(body: Body): void {
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
