import { join } from "node:path";
import { fileStamp } from "../config/watch-folder.ts";
import { AppError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import {
  fillPrompt,
  readPromptFile,
  type PromptFile,
  type PromptVariables,
} from "./prompt-file.ts";
import { promptFileNames } from "./prompt-name.ts";

/** Which prompt is wanted, and the values of its placeholders. */
export interface PromptRequest {
  readonly variables?: PromptVariables | undefined;
  /** A tag such as zh-CN; `<name>.zh-CN.md` goes before `<name>.zh.md` before `<name>.md`. */
  readonly language?: string | undefined;
}

/** A prompt ready to be sent. */
export interface PromptText {
  readonly text: string;
  /** Id of the model that its front matter names. */
  readonly model?: string | undefined;
}

/** The prompts of one folder: `<name>.md`, `<name>.<language>.md`. */
export interface PromptLibrary {
  /** Throws AppError naming the file, or the placeholder that has no value. */
  render(name: string, request?: PromptRequest): PromptText;
}

/** Opens a folder of prompts; a changed file is seen at the next call, one that broke is not taken. */
export function openPrompts(dir: string, log?: Log): PromptLibrary {
  const read = promptReader(log);
  return {
    render: (name, { variables = {}, language } = {}) => {
      const files = promptFileNames(name, language).map((file) => join(dir, file));
      for (const file of files) {
        const prompt = read(file);
        if (prompt) return { text: fillPrompt(prompt, variables), model: prompt.model };
      }
      throw new AppError(
        "not_found",
        `Prompt ${JSON.stringify(name)} not found: expected ${files.at(-1)}`,
      );
    },
  };
}

interface KnownPrompt {
  readonly stamp: string;
  readonly prompt: PromptFile;
}

function promptReader(log: Log | undefined): (file: string) => PromptFile | undefined {
  const known = new Map<string, KnownPrompt>();
  return (file) => {
    const stamp = fileStamp(file);
    if (stamp === "gone") {
      known.delete(file);
      return undefined;
    }
    const old = known.get(file);
    if (old?.stamp === stamp) return old.prompt;
    const prompt = promptOrOld(file, { old, log });
    known.set(file, { stamp, prompt });
    return prompt;
  };
}

function promptOrOld(
  file: string,
  { old, log }: { old: KnownPrompt | undefined; log: Log | undefined },
): PromptFile {
  try {
    return readPromptFile(file);
  } catch (error) {
    if (!old) throw error;
    log?.error({ reason: reasonOf(error) }, "prompt refused: the old one goes on serving");
    return old.prompt;
  }
}
