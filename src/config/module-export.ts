import { dirname, isAbsolute, resolve } from "node:path";
import { ConfigError } from "../core/errors.ts";

/** An export of a module that the operator wrote. */
export interface ModuleExport {
  /** Absolute path of the module. */
  file: string;
  exportName: string;
}

/** Whether a text names a module, and not a model or the like. */
export const isModule = (spec: string): boolean => /^[./].*:|\.[cm]?[jt]sx?:/.test(spec);

/** What `file:export` names; relative files start from the folder of langgraph.json. */
export function moduleExport(
  spec: string,
  at: { path: string; key: string; example: string },
): ModuleExport {
  const match = /^(?<file>.+?):(?<name>[A-Za-z_$][\w$]*)$/.exec(spec);
  const { file, name } = match?.groups ?? {};
  if (!file || !name) {
    throw new ConfigError(
      `${at.path}: ${at.key}: expected "file:export" such as "${at.example}", got ${JSON.stringify(spec)}`,
    );
  }
  return {
    file: isAbsolute(file) ? file : resolve(dirname(at.path), file),
    exportName: name,
  };
}
