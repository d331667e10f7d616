import type { ModelStatus } from "../models/model.ts";

const COLUMNS = [
  "id",
  "model",
  "dialect",
  "state",
  "in / out",
  "price in / out",
  "thinking",
] as const;

/** The table of `kagari models`, with a line for every reason, warning and field not acted on. */
export function modelsTable(models: readonly ModelStatus[], defaultId: string): string {
  const rows = [COLUMNS, ...models.map((model) => cells(model, defaultId))];
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map((row) => width(row[column] ?? ""))),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const notes = models.flatMap(notesOf);
  return [
    ...lines,
    ...(notes.length > 0 ? ["", ...notes] : []),
    "",
    "* used where no model is named",
  ].join("\n");
}

function cells(model: ModelStatus, defaultId: string): string[] {
  const { inputTokens, outTokens } = model.limits;
  const { payIn, payOut } = model.prices;
  const price =
    payIn === null && payOut === null
      ? "-"
      : `${payIn ?? "-"} / ${payOut ?? "-"} ${model.currency}`;
  return [
    model.id === defaultId ? `${model.id} *` : model.id,
    model.model,
    model.dialect,
    model.state,
    `${inputTokens ?? "-"} / ${outTokens ?? "-"}`,
    price,
    model.thinking,
  ];
}

function notesOf(model: ModelStatus): string[] {
  const notes = [...model.warnings];
  if (model.dialect === "demo") notes.push("an offline demo, no language model");
  if (model.reason !== null) notes.push(model.reason);
  if (model.unhonoured.length > 0)
    notes.push(`accepted but not acted on yet: ${model.unhonoured.join(", ")}`);
  return notes.map((note) => `${model.id}: ${note}`);
}

/** Columns of a terminal: a Han character takes two. */
const width = (text: string): number => text.length + (text.match(/\p{Script=Han}/gu)?.length ?? 0);

const pad = (text: string, columns: number): string => text + " ".repeat(columns - width(text));
