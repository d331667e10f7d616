import type { Context } from "../../context.ts";
import { ConfigError } from "../../core/errors.ts";
import { systemAssistantId } from "../../core/ids.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";

/** Makes one system assistant per graph, with the presets of the `assistants` setting. */
export async function syncSystemAssistants(
  ctx: Pick<Context, "storage" | "clock" | "settings">,
  graphs: readonly { graph_id: string; description: string | null }[],
): Promise<void> {
  const presets = readPresets(ctx.settings.assistants);
  const now = ctx.clock.now();
  await ctx.storage.assistants.syncSystem(
    graphs.map(({ graph_id, description }) => {
      const { context, ...config } = presets[graph_id] ?? {};
      return {
        assistant_id: systemAssistantId(graph_id),
        graph_id,
        name: graph_id,
        description,
        config,
        context: isJsonObject(context) ? context : {},
        metadata: { created_by: "system" },
        version: 1,
        created_at: now,
        updated_at: now,
      };
    }),
  );
}

function readPresets(text: string): Record<string, JsonObject> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigError("LANGGRAPH_CONFIG: is not valid JSON", { cause: error });
  }
  if (!isJsonObject(value) || !Object.values(value).every(isJsonObject)) {
    throw new ConfigError("LANGGRAPH_CONFIG: expected an object of graph id to config object");
  }
  // Checked just above, which the compiler cannot see through Object.values.
  return value as Record<string, JsonObject>;
}
