import path from "node:path";

export type ImportKind = "value" | "type" | "dynamic";

export interface Import {
  readonly kind: ImportKind;
  /** A path from the project root for our own files, otherwise the specifier as written. */
  readonly target: string;
}

const STATIC_IMPORT =
  /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w$*\s{},]+?\s+from\s+)?["']([^"']+)["']/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*["'`]([^"'`]+)["'`]/g;
const SELF_REFERENCES: Readonly<Record<string, string>> = {
  "kagari/graphkit": "src/graphkit.ts",
  "kagari/app": "src/app.ts",
};

/** The source without its comments, as far as imports and clock reads are concerned. */
export function withoutComments(source: string): string {
  return source.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, "").replace(/(^|\s)\/\/ .*$/gm, "$1");
}

function resolveTarget(file: string, specifier: string): string {
  if (!specifier.startsWith(".")) return SELF_REFERENCES[specifier] ?? specifier;
  return path.posix.join(path.posix.dirname(file), specifier);
}

/** All imports and re-exports of one TypeScript file. */
export function importsOf(file: string, source: string): Import[] {
  const code = withoutComments(source);
  const found: Import[] = [];
  for (const [, type, specifier = ""] of code.matchAll(STATIC_IMPORT)) {
    found.push({ kind: type ? "type" : "value", target: resolveTarget(file, specifier) });
  }
  for (const [, specifier = ""] of code.matchAll(DYNAMIC_IMPORT)) {
    found.push({ kind: "dynamic", target: resolveTarget(file, specifier) });
  }
  return found;
}
