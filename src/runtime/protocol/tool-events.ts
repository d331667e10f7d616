import { isJsonObject, type Json, type JsonObject, objectsIn } from "../../core/json.ts";

/** What LangGraph says of a tool's run, as the protocol says it. */
export class ToolEvents {
  /** Names of the tools that were called, by call: LangGraph does not know that of every tool. */
  readonly #names = new Map<string, string>();

  /** Takes in the tool calls of messages. */
  note(messages: Json | undefined): void {
    for (const message of objectsIn(messages))
      for (const { id, name } of objectsIn(message["tool_calls"]))
        if (typeof id === "string" && typeof name === "string") this.#names.set(id, name);
  }

  payload(data: Json): JsonObject | undefined {
    if (!isJsonObject(data)) return undefined;
    const { event, toolCallId, name, input, output, error } = data;
    const tool_call_id = typeof toolCallId === "string" ? toolCallId : "";
    switch (typeof event === "string" ? event : "") {
      case "on_tool_start": {
        const tool_name = this.#names.get(tool_call_id) ?? name ?? "tool";
        return { event: "tool-started", tool_call_id, tool_name, input: input ?? null };
      }
      case "on_tool_event":
        return { event: "tool-output-delta", tool_call_id, delta: textOf(data["data"] ?? "") };
      case "on_tool_end":
        return { event: "tool-finished", tool_call_id, output: output ?? null };
      case "on_tool_error":
        return { event: "tool-error", tool_call_id, message: messageOf(error ?? "") };
      default:
        return undefined;
    }
  }
}

const messageOf = (error: Json): string =>
  textOf(isJsonObject(error) ? (error["message"] ?? "") : error);

const textOf = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));
