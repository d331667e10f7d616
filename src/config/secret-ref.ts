import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { inspect } from "node:util";
import { AppError } from "../core/errors.ts";
import type { Environment } from "./environment.ts";

const ENV_REFERENCE = /^(?:env:\s*([A-Za-z_]\w*)|\$\{\s*([A-Za-z_]\w*)\s*\})$/;
const SENDABLE = /^[\x21-\x7e]+$/;
const PLACEHOLDER =
  /^$|\*{2,}|^<.*>$|^sk-x*$|x{5,}|^\.+$|your[-_ ]?\w*[-_ ]?key|^(?:api[-_]?key|changeme|todo|none|null|undefined)$/i;

const MASK = "***";
/** Nothing shorter can be taken out of a text without taking out innocent words. */
const SHORTEST_MASKED = 4;

/** What is known of a secret without showing it. */
export type SecretState = { ready: true } | { ready: false; reason: string };

type Source =
  | { kind: "none" }
  | { kind: "env"; name: string }
  | { kind: "file"; path: string }
  | { kind: "literal"; value: string };

/** A reference to a secret: resolved at call time, never printed or serialised. */
export class SecretRef {
  readonly #source: Source;
  readonly #env: Environment;

  constructor(source: Source, env: Environment) {
    this.#source = source;
    this.#env = env;
  }

  get isLiteral(): boolean {
    return this.#source.kind === "literal" && !PLACEHOLDER.test(this.#source.value.trim());
  }

  /** Whether the secret could be sent now, and if not, why. */
  state(): SecretState {
    const found = this.#read();
    if ("reason" in found) return { ready: false, reason: found.reason };
    return { ready: true };
  }

  /** The secret, or undefined where none is configured; throws "unavailable" where it is not set. */
  resolve(): string | undefined {
    const found = this.#read();
    if ("reason" in found) throw new AppError("unavailable", found.reason);
    return found.value;
  }

  /** Whether the other one is written the same way: the same variable, file or literal. */
  isSameAs(other: SecretRef): boolean {
    return JSON.stringify(this.#source) === JSON.stringify(other.#source);
  }

  /** Whether it stands for a key at all. */
  get isKey(): boolean {
    return this.#source.kind !== "none";
  }

  /** A text with the secret taken out, however it is written in it: plain, in JSON or in a URL. */
  mask(text: string): string {
    const found = this.#read();
    if ("reason" in found || found.value === undefined) return text;
    return maskValue(text, found.value);
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }

  #read(): { value: string | undefined } | { reason: string } {
    const source = this.#source;
    switch (source.kind) {
      case "none":
        return { value: undefined };
      case "literal":
        return checked(source.value, "key not set: api_key holds a placeholder");
      case "env": {
        const value = this.#env[source.name];
        if (value === undefined || value.trim() === "")
          return { reason: `key not set: environment variable ${source.name} is missing` };
        return checked(value, `key not set: ${source.name} holds a placeholder`);
      }
      case "file":
        return readKeyFile(source.path);
    }
  }
}

/** Reads the `api_key` field: `env:NAME`, `${NAME}`, `file:PATH`, a literal, or null for none. */
export function parseSecretRef(
  value: string | null | undefined,
  { env, dir }: { env: Environment; dir: string },
): SecretRef {
  if (value === null || value === undefined) return new SecretRef({ kind: "none" }, env);
  const text = value.trim();
  const reference = ENV_REFERENCE.exec(text);
  const name = reference?.[1] ?? reference?.[2];
  if (name !== undefined) return new SecretRef({ kind: "env", name }, env);
  if (text.startsWith("file:")) {
    const path = text.slice("file:".length).trim();
    return new SecretRef({ kind: "file", path: isAbsolute(path) ? path : join(dir, path) }, env);
  }
  return new SecretRef({ kind: "literal", value: text }, env);
}

function readKeyFile(path: string): { value: string } | { reason: string } {
  try {
    return checked(readFileSync(path, "utf8"), `key not set: ${path} holds a placeholder`);
  } catch {
    return { reason: `key not set: file ${path} cannot be read` };
  }
}

function checked(raw: string, reason: string): { value: string } | { reason: string } {
  const value = raw.trim();
  if (PLACEHOLDER.test(value)) return { reason };
  if (!SENDABLE.test(value)) return { reason: "key not set: it has characters no key can have" };
  return { value };
}

/** A text with a value taken out, however it is written in it: plain, in JSON, in a URL, in base64. */
export function maskValue(text: string, value: string): string {
  return formsOf(value).reduce((masked, form) => masked.replaceAll(form, MASK), text);
}

function formsOf(value: string): string[] {
  const forms = [value, passwordOf(value)].flatMap((secret) => {
    const inJson = JSON.stringify(secret).slice(1, -1);
    return [secret, inJson, encodeURIComponent(secret), base64(secret)];
  });
  const credentials = base64(credentialsOf(value));
  const long = [...new Set([...forms, credentials])].filter(
    ({ length }) => length >= SHORTEST_MASKED,
  );
  // The longest first: a part taken out of it would leave the rest of it standing.
  return long.toSorted((a, b) => b.length - a.length);
}

const base64 = (text: string): string => Buffer.from(text).toString("base64").replace(/=+$/, "");

/** The password in a URL such as that of a proxy, or nothing. */
function passwordOf(value: string): string {
  return credentialsOf(value).replace(/^[^:]*:/, "");
}

/** What a proxy is sent in base64. */
function credentialsOf(value: string): string {
  if (!/^\w+:\/\/.*@/.test(value) || !URL.canParse(value)) return "";
  const { username, password } = new URL(value);
  return password === "" ? "" : `${decoded(username)}:${decoded(password)}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
