import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfigError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Environment } from "./environment.ts";
import { parseJsonText, readSmallFile } from "./json-file.ts";
import { MODEL_SCHEMA_FILE, parseModelConfig, type ModelConfig } from "./model-config.ts";

const MAX_FILE_BYTES = 1024 * 1024;

/** A model file that cannot be used, and why: file, key path and what was expected. */
export interface RefusedModel {
  /** What its file name would call it. */
  readonly id: string;
  readonly file: string;
  readonly reason: string;
}

/** A checked model file, with what tells whether its text is still the same. */
export interface ModelFileConfig extends ModelConfig {
  readonly digest: string;
}

/** All of a folder of model files, good and bad. */
export interface ModelFolder {
  readonly configs: readonly ModelFileConfig[];
  readonly refused: readonly RefusedModel[];
}

export interface ModelFolderSource {
  dir: string;
  env: Environment;
  log?: Log | undefined;
}

/** Reads every model file of a folder in order of file name; a folder that is not there is empty. */
export function readModelFolder({ dir, env }: ModelFolderSource): ModelFolder {
  const configs: ModelFileConfig[] = [];
  const refused: RefusedModel[] = [];
  const files = new Map<string, string>();
  for (const name of modelFileNames(dir)) {
    const file = join(dir, name);
    try {
      const config = readModelFile(file, { dir, env });
      claimId(config, files);
      configs.push(config);
    } catch (error) {
      refused.push({ id: idOf(file), file, reason: reasonOf(error) });
    }
  }
  return { configs, refused };
}

/** The model files of a folder; throws ConfigError with every reason where one is refused. */
export function readModelConfigs(source: ModelFolderSource): ModelFileConfig[] {
  const { configs, refused } = readModelFolder(source);
  if (refused.length > 0) throw new ConfigError(refused.map(({ reason }) => reason).join("\n"));
  for (const { id, file, warnings } of configs)
    for (const warning of warnings) source.log?.warn({ file, model: id }, warning);
  return [...configs];
}

function modelFileNames(dir: string): string[] {
  try {
    return readdirSync(dir).filter(isModelFile).toSorted();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new ConfigError(`${dir}: expected a readable folder of model files`, { cause });
  }
}

/** Whether a name in the folder is that of a model file. */
export const isModelFile = (name: string): boolean =>
  /\.json$/i.test(name) && !name.startsWith(".") && name !== MODEL_SCHEMA_FILE;

function readModelFile(file: string, source: { dir: string; env: Environment }): ModelFileConfig {
  const text = readSmallFile(file, MAX_FILE_BYTES);
  const digest = createHash("sha256").update(text).digest("hex");
  return { ...parseModelConfig(parseJsonText(text, file), { file, ...source }), digest };
}

/** Two ids that differ only in case would be told apart by no reader, and by no file system of some. */
function claimId({ id, file }: ModelConfig, files: Map<string, string>): void {
  const key = id.normalize("NFC").toLowerCase();
  const other = files.get(key);
  if (other !== undefined)
    throw new ConfigError(
      `${file}: name: expected a name no other model has, but ${other} is also called ${JSON.stringify(id)}`,
    );
  files.set(key, file);
}

const idOf = (file: string): string => basename(file).replace(/\.json$/i, "");
