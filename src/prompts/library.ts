import { join } from "node:path";
import { readSmallFile } from "../config/json-file.ts";
import { fileStamp } from "../config/watch-folder.ts";
import { AppError, ConfigError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

const MAX_PROMPT_BYTES = 1024 * 1024;

const PROMPT_NAME = /^[\p{L}\p{N}][\p{L}\p{N}_-]{0,99}$/u;
const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;

export type PromptVariables = Readonly<Record<string, string | number | boolean>>;

/** The prompts of one folder, `<name>.md`, plain text with {placeholders}. */
export interface PromptLibrary {
  /** The text with its placeholders filled; throws AppError naming the file or the missing variable. */
  render(name: string, variables?: PromptVariables): string;
}

/** Opens a folder of prompts; a changed file is seen at the next call, one that broke is not taken. */
export function openPrompts(dir: string, log?: Log): PromptLibrary {
  const read = promptReader(dir, log);
  return {
    render: (name, variables = {}) =>
      fill(read(name), { file: join(dir, `${name}.md`), variables }),
  };
}

interface KnownPrompt {
  readonly stamp: string;
  readonly text: string;
}

function promptReader(dir: string, log: Log | undefined): (name: string) => string {
  const known = new Map<string, KnownPrompt>();
  return (name) => {
    if (!PROMPT_NAME.test(name))
      throw new AppError(
        "validation",
        `${JSON.stringify(name.slice(0, 100))} is not a prompt name`,
      );
    const file = join(dir, `${name}.md`);
    const stamp = fileStamp(file);
    if (stamp === "gone") {
      known.delete(name);
      throw new AppError("not_found", `Prompt ${JSON.stringify(name)} not found: expected ${file}`);
    }
    const old = known.get(name);
    if (old?.stamp === stamp) return old.text;
    const text = textOrOld(file, { old, log });
    known.set(name, { stamp, text });
    return text;
  };
}

function textOrOld(
  file: string,
  { old, log }: { old: KnownPrompt | undefined; log: Log | undefined },
): string {
  try {
    return readPrompt(file);
  } catch (error) {
    if (!old) throw error;
    log?.error({ reason: reasonOf(error) }, "prompt refused: the old one goes on serving");
    return old.text;
  }
}

function readPrompt(file: string): string {
  const text = readSmallFile(file, MAX_PROMPT_BYTES)
    .replace(/^\uFEFF/, "")
    .trim();
  if (text === "") throw new ConfigError(`${file}: expected a text, the prompt is empty`);
  if (text.includes("\uFFFD") || text.includes("\0"))
    throw new ConfigError(`${file}: expected UTF-8 text`);
  return text;
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
