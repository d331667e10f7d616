import type { Body, ParameterRules } from "./dialects/index.ts";
import { offerOnlyForcedTool } from "./dialects/tool-choice.ts";
import type { Model } from "./model.ts";
import { warnOnce } from "./warn-once.ts";

/** Takes out, renames and clamps what the provider or the model's own `capabilities` refuse. */
export function applyRules(body: Body, model: Model): void {
  applyCapabilities(body, model);
  const rules = model.dialect.parameters?.(model.modelName, body);
  if (rules === undefined) return;
  for (const key of rules.drop ?? []) drop(body, key, model);
  for (const [key, range] of Object.entries(rules.clamp ?? {})) clamp(body, { key, range }, model);
  limitStops(body, rules, model);
  if (rules.isToolChoiceAutoOnly === true) offerOnlyForcedTool(body);
  for (const [key, name] of Object.entries(rules.rename ?? {})) {
    if (body[key] === undefined) continue;
    body[name] = body[key];
    delete body[key];
  }
}

function applyCapabilities(body: Body, model: Model): void {
  const { tools, parallel_tools: parallel, logprobs } = model.fields.capabilities ?? {};
  const refused = [
    ...(tools === false ? ["tools", "tool_choice", "parallel_tool_calls"] : []),
    ...(parallel === false && body["parallel_tool_calls"] !== false ? ["parallel_tool_calls"] : []),
    ...(logprobs === false ? ["logprobs", "top_logprobs"] : []),
  ];
  for (const key of refused) drop(body, key, model);
}

function drop(body: Body, key: string, model: Model): void {
  if (body[key] === undefined) return;
  delete body[key];
  warnOnce(model, `${key} is not sent: ${model.modelName} does not take it there`);
}

function clamp(
  body: Body,
  { key, range: [low, high] }: { key: string; range: readonly [number, number] },
  model: Model,
): void {
  const value = body[key];
  if (typeof value !== "number" || (value >= low && value <= high)) return;
  body[key] = Math.min(high, Math.max(low, value));
  warnOnce(model, `${key} is sent within ${low} to ${high}, the range that this provider takes`);
}

function limitStops(body: Body, { maxStops }: ParameterRules, model: Model): void {
  const { stop } = body;
  if (maxStops === undefined || stop === undefined) return;
  const list: unknown[] = Array.isArray(stop) ? stop : [stop];
  body["stop"] = list.slice(0, maxStops);
  if (list.length > maxStops)
    warnOnce(model, `only the first ${maxStops} of stop are sent: this provider takes no more`);
}
