import { Command, Send } from "@langchain/langgraph";
import type { JsonObject } from "../core/json.ts";
import type { GotoTarget, RunCommand } from "../domain/run.ts";

/** A command as LangGraph takes it. */
export function commandOf({ resume, update, goto }: RunCommand): Command {
  return new Command({
    ...(resume === undefined ? {} : { resume }),
    ...(update === undefined || update === null ? {} : { update: update as JsonObject }),
    ...(goto === undefined ? {} : { goto: goto.map(target) }),
  });
}

const target = (goto: GotoTarget): string | Send =>
  typeof goto === "string" ? goto : new Send(goto.node, goto.input);
