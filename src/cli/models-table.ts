import type { RefusedModel } from "../config/model-folder.ts";
import type { ModelStatus } from "../models/model.ts";
import { policyNotes } from "../models/call-policy.ts";
import { printable, tableLines } from "./table.ts";

const COLUMNS = [
  "id",
  "type",
  "provider",
  "model",
  "tokens in / out",
  "price in / out",
  "thinking",
  "state",
] as const;

/** What the table shows: the models, the files that were refused, and the default. */
export interface ModelList {
  readonly models: readonly ModelStatus[];
  readonly refused?: readonly RefusedModel[];
  readonly defaultId: string;
}

/** The table of `kagari models`, with a line for every reason, warning and field not acted on. */
export function modelsTable({ models, refused = [], defaultId }: ModelList): string {
  const rows = models.map((model) => cells(model, defaultId));
  const bad = refused.map(({ id }) => [id, "-", "-", "-", "-", "-", "-", "refused"]);
  const notes = [
    ...models.flatMap(notesOf),
    ...refused.map(({ id, reason }) => `${id}: refused: ${reason}`),
  ];
  const isGuessed = models.some(({ isDialectInferred }) => isDialectInferred);
  return [
    ...tableLines([COLUMNS, ...rows, ...bad]),
    ...(notes.length > 0 ? ["", ...notes.map(printable)] : []),
    "",
    "* used where no model is named",
    ...(isGuessed ? ["~ provider told from the address; `dialect` in the file would fix it"] : []),
  ].join("\n");
}

/** What `kagari models --json` prints; it never holds a key. */
export function modelsJson({ models, refused = [], defaultId }: ModelList): string {
  const list = models.map((model) => ({ ...model, isDefault: model.id === defaultId }));
  const bad = refused.map(({ id, file, reason }) => ({
    id,
    source: file,
    state: "refused",
    reason,
  }));
  return JSON.stringify({ default: defaultId, models: [...list, ...bad] }, null, 2);
}

function cells(model: ModelStatus, defaultId: string): string[] {
  const { inputTokens, outTokens } = model.limits;
  return [
    model.id === defaultId ? `${model.id} *` : model.id,
    model.modelType,
    model.isDialectInferred ? `${model.dialect} ~` : model.dialect,
    model.model,
    `${inputTokens ?? "-"} / ${outTokens ?? "-"}`,
    priceOf(model),
    model.modelType === "chat" ? model.thinking : "-",
    model.state,
  ];
}

function priceOf({ prices, currency }: ModelStatus): string {
  const { payIn, payOut, payRequest, payImage } = prices;
  if (payIn !== null || payOut !== null) return `${payIn ?? "-"} / ${payOut ?? "-"} ${currency}`;
  if (payImage !== null) return `${payImage} ${currency} an image`;
  return payRequest === null ? "-" : `${payRequest} ${currency} a request`;
}

function notesOf(model: ModelStatus): string[] {
  const notes = [...model.warnings];
  if (model.dialect === "demo") notes.push("an offline demo, no language model");
  if (model.source.startsWith("http")) notes.push(`found at ${model.source}, no config file`);
  notes.push(...policyNotes(model.calls));
  if (model.reason !== null) notes.push(model.reason);
  return notes.map((note) => `${model.id}: ${note}`);
}
