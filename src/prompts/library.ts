import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../core/errors.ts";

const PROMPT_NAME = /^[\p{L}\p{N}][\p{L}\p{N}_-]{0,99}$/u;
const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;

export type PromptVariables = Readonly<Record<string, string | number | boolean>>;

/** The prompts of one folder, `<name>.md`, plain text with {placeholders}. */
export interface PromptLibrary {
  /** The text with its placeholders filled; throws AppError naming the file or the missing variable. */
  render(name: string, variables?: PromptVariables): string;
}

/** Opens a folder of prompts; a changed file is seen at the next call. */
export function openPrompts(dir: string): PromptLibrary {
  const read = promptReader(dir);
  return {
    render: (name, variables = {}) =>
      fill(read(name), { file: join(dir, `${name}.md`), variables }),
  };
}

function promptReader(dir: string): (name: string) => string {
  const texts = new Map<string, { mtimeMs: number; text: string }>();
  return (name) => {
    if (!PROMPT_NAME.test(name))
      throw new AppError(
        "validation",
        `${JSON.stringify(name.slice(0, 100))} is not a prompt name`,
      );
    const file = join(dir, `${name}.md`);
    const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (mtimeMs === undefined)
      throw new AppError("not_found", `Prompt ${JSON.stringify(name)} not found: expected ${file}`);
    const known = texts.get(name);
    if (known?.mtimeMs === mtimeMs) return known.text;
    const text = readFileSync(file, "utf8")
      .replace(/^\uFEFF/, "")
      .trim();
    texts.set(name, { mtimeMs, text });
    return text;
  };
}

function fill(
  text: string,
  { file, variables }: { file: string; variables: PromptVariables },
): string {
  return text.replace(PLACEHOLDER, (_, key: string) => {
    const value = Object.hasOwn(variables, key) ? variables[key] : undefined;
    if (value === undefined)
      throw new AppError("validation", `${file}: no value for the placeholder {${key}}`);
    return String(value);
  });
}
