import { load } from "js-yaml";
import { z } from "zod";
import { checkConfig, readSmallFile } from "../config/json-file.ts";
import { AppError, ConfigError, reasonOf } from "../core/errors.ts";

const MAX_PROMPT_BYTES = 1024 * 1024;

const FRONT_MATTER = /^---[ \t]*\r?\n(?:([\s\S]*?)\r?\n)?---[ \t]*(?:\r?\n|$)/;
/** What stands for a value in the text of a prompt. */
const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;

const variableValue = z.union([z.string(), z.number(), z.boolean()]);

const variableSchema = z.union([
  z.string().transform((description) => ({ description, default: undefined })),
  z.strictObject({ description: z.string().optional(), default: variableValue.optional() }),
]);

const headSchema = z.strictObject({
  description: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  variables: z.record(z.string().regex(/^[A-Za-z_]\w*$/), variableSchema).optional(),
});

export type PromptVariables = Readonly<Record<string, z.infer<typeof variableValue>>>;

/** One prompt: its text, and what its front matter says of it. */
export interface PromptFile {
  readonly file: string;
  readonly text: string;
  readonly description?: string | undefined;
  /** Id of the model that is asked where the run names none. */
  readonly model?: string | undefined;
  /** The placeholders of the text in order, each once. */
  readonly placeholders: readonly string[];
  readonly defaults: PromptVariables;
}

/**
 * Reads a prompt: UTF-8 text with {placeholders}, under an optional head of YAML between two lines
 * of `---` with `description`, `model` and `variables`. ConfigError names the file and the key.
 */
export function readPromptFile(file: string): PromptFile {
  const whole = readSmallFile(file, MAX_PROMPT_BYTES).replace(/^\uFEFF/, "");
  if (whole.includes("\uFFFD") || whole.includes("\0"))
    throw new ConfigError(`${file}: expected UTF-8 text`);
  const head = FRONT_MATTER.exec(whole);
  if (!head && /^---[ \t]*\r?\n/.test(whole))
    throw new ConfigError(`${file}: the front matter has no second line of ---`);
  const text = whole.slice(head?.[0].length ?? 0).trim();
  if (text === "") throw new ConfigError(`${file}: expected a text, the prompt is empty`);
  const placeholders = [
    ...new Set(Array.from(text.matchAll(PLACEHOLDER), ([, name = ""]) => name)),
  ];
  const { description, model, variables } = readHead(head?.[1] ?? "", file);
  if (variables) checkVariables(Object.keys(variables), { placeholders, file });
  return { file, text, description, model, placeholders, defaults: defaultsOf(variables ?? {}) };
}

type Head = z.infer<typeof headSchema>;

function readHead(yaml: string, file: string): Head {
  if (yaml.trim() === "") return {};
  let value: unknown;
  try {
    value = load(yaml);
  } catch (error) {
    const [line] = reasonOf(error).split("\n");
    throw new ConfigError(`${file}: the front matter is not YAML: ${line}`, { cause: error });
  }
  return checkConfig(headSchema, value, { file, keys: Object.keys(headSchema.shape) });
}

/** Where variables are declared, they are those of the text: a misspelt one is found at the start. */
function checkVariables(
  declared: readonly string[],
  { placeholders, file }: { placeholders: readonly string[]; file: string },
): void {
  const unknown = placeholders.find((name) => !declared.includes(name));
  if (unknown !== undefined)
    throw new ConfigError(`${file}: variables: {${unknown}} of the text is not declared`);
  const unused = declared.find((name) => !placeholders.includes(name));
  if (unused !== undefined)
    throw new ConfigError(`${file}: variables.${unused}: the text has no {${unused}}`);
}

function defaultsOf(variables: NonNullable<Head["variables"]>): PromptVariables {
  const defaults: Record<string, string | number | boolean> = {};
  for (const [name, { default: value }] of Object.entries(variables))
    if (value !== undefined) defaults[name] = value;
  return defaults;
}

/** The text with its placeholders filled; AppError names the file and the one without a value. */
export function fillPrompt({ file, text, defaults }: PromptFile, given: PromptVariables): string {
  return text.replace(PLACEHOLDER, (_, key: string) => {
    const values = Object.hasOwn(given, key) ? given : defaults;
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (value === undefined)
      throw new AppError("validation", `${file}: no value for the placeholder {${key}}`);
    return String(value);
  });
}
