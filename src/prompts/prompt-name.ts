import { AppError } from "../core/errors.ts";

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_-]{0,99}$/u;
const FILE_NAME = /^([^.]+)(?:\.([^.]+))?\.md$/u;

/** Which prompt a file of the folder is, in which language; undefined where it is none. */
export function promptOfFile(
  fileName: string,
): { readonly name: string; readonly language: string | undefined } | undefined {
  const [, name, language] = FILE_NAME.exec(fileName) ?? [];
  if (name === undefined || !NAME.test(name)) return undefined;
  if (language !== undefined && canonical(language) !== language) return undefined;
  return { name, language };
}

/**
 * The files that may hold a prompt, the best first: for zh-Hans-CN `name.zh-Hans-CN.md`,
 * `name.zh-Hans.md`, `name.zh.md`, `name.md` (the lookup of RFC 4647).
 */
export function promptFileNames(name: string, language: string | undefined): string[] {
  if (!NAME.test(name))
    throw new AppError("validation", `${JSON.stringify(name.slice(0, 100))} is not a prompt name`);
  return [...(language === undefined ? [] : rangesOf(language)), undefined].map((tag) =>
    tag === undefined ? `${name}.md` : `${name}.${tag}.md`,
  );
}

function rangesOf(language: string): string[] {
  const tag = canonical(language);
  if (tag === undefined)
    throw new AppError(
      "validation",
      `language: expected a tag such as zh-CN, got ${JSON.stringify(language.slice(0, 100))}`,
    );
  const parts = tag.split("-");
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("-"));
}

function canonical(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}
