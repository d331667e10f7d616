import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { inspect } from "node:util";
import { AppError, ConfigError } from "../core/errors.ts";
import type { Environment } from "./environment.ts";
import type { ModelFields } from "./model-fields.ts";
import { maskValue } from "./secret-ref.ts";

const REFERENCE = /\$\{\s*([A-Za-z_]\w*)\s*\}/g;
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Set by the wire itself. */
const RESERVED = new Set(["host", "content-length", "transfer-encoding", "connection"]);
const SHORTEST_MASKED = 4;

/** A text of the file that may hold a secret: resolved at call time, never printed or serialised. */
export class ConfigText {
  readonly #text: string;
  readonly #env: Environment;
  readonly #dir: string;

  constructor(text: string, { env, dir }: { env: Environment; dir: string }) {
    this.#text = text.trim();
    this.#env = env;
    this.#dir = dir;
  }

  /** The text with `env:NAME`, `file:PATH` and every `${NAME}` filled; throws "unavailable" where one is missing. */
  resolve(): string {
    const value = this.#filled();
    if (SENDABLE.test(value)) return value;
    throw new AppError("unavailable", "a header or query value has signs that cannot be sent");
  }

  /** Whether the other one is written the same way. */
  isSameAs(other: ConfigText): boolean {
    return this.#text === other.#text;
  }

  /** Whether the value stands elsewhere: in a variable or a file. */
  get isReference(): boolean {
    return /^(?:env|file):/.test(this.#text) || this.#text.search(REFERENCE) >= 0;
  }

  /** A text with the value taken out of it. */
  mask(text: string): string {
    try {
      const value = this.#filled();
      const isReference = value !== this.#text;
      const isLong = value.length >= SHORTEST_MASKED * (isReference ? 1 : 2);
      return isLong ? maskValue(text, value) : text;
    } catch {
      return text;
    }
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }

  #filled(): string {
    const text = this.#text;
    if (text.startsWith("env:")) return this.#variable(text.slice("env:".length).trim());
    if (text.startsWith("file:")) return this.#file(text.slice("file:".length).trim());
    return text.replace(REFERENCE, (_, name: string) => this.#variable(name));
  }

  #variable(name: string): string {
    const value = this.#env[name]?.trim();
    if (value !== undefined && value !== "") return value;
    throw new AppError("unavailable", `environment variable ${name} is missing`);
  }

  #file(path: string): string {
    try {
      return readFileSync(isAbsolute(path) ? path : join(this.#dir, path), "utf8").trim();
    } catch {
      throw new AppError("unavailable", `file ${path} cannot be read`);
    }
  }
}

/** How a model's server is reached, besides its address and key. */
export interface Connection {
  readonly headers: readonly (readonly [string, ConfigText])[];
  readonly query: readonly (readonly [string, ConfigText])[];
  /** Header that carries the bare key in place of `Authorization: Bearer`. */
  readonly keyHeader: string | undefined;
  readonly proxy: ConfigText | undefined;
  /** Absolute, or relative to the working directory where the folder is. */
  readonly caFile: string | undefined;
  readonly isTlsInsecure: boolean;
}

type ConnectionFields = Pick<
  ModelFields,
  "headers" | "query" | "api_key_header" | "proxy" | "ca_file" | "tls_insecure"
>;

/** Reads the connection fields of a model file; throws ConfigError for a header that cannot be sent. */
export function connectionOf(
  fields: ConnectionFields,
  { env, dir, file }: { env: Environment; dir: string; file: string },
): Connection {
  const texts = (map: Readonly<Record<string, string>> | undefined) =>
    Object.entries(map ?? {}).map(
      ([name, text]) => [name, new ConfigText(text, { env, dir })] as const,
    );
  for (const name of Object.keys(fields.headers ?? {})) requireHeader(name, `${file}: headers`);
  if (fields.api_key_header !== undefined)
    requireHeader(fields.api_key_header, `${file}: api_key_header`);
  const { ca_file: caFile } = fields;
  return {
    headers: texts(fields.headers),
    query: texts(fields.query),
    keyHeader: fields.api_key_header,
    proxy: fields.proxy === undefined ? undefined : new ConfigText(fields.proxy, { env, dir }),
    caFile: caFile === undefined || isAbsolute(caFile) ? caFile : join(dir, caFile),
    isTlsInsecure: fields.tls_insecure === true,
  };
}

/** The fields without what may be secret: header and query values, and the proxy's password. */
export function withoutSecrets<Fields extends ConnectionFields>(
  fields: Fields,
): Omit<Fields, "headers" | "query"> {
  const { headers: _headers, query: _query, ...rest } = fields;
  return rest.proxy === undefined ? rest : { ...rest, proxy: withoutPassword(rest.proxy) };
}

function withoutPassword(proxy: string): string {
  if (!URL.canParse(proxy)) return proxy;
  const url = new URL(proxy);
  if (url.username === "" && url.password === "") return proxy;
  url.username = "";
  url.password = "";
  return url.href;
}

function requireHeader(name: string, where: string): void {
  if (!HEADER_NAME.test(name) || RESERVED.has(name.toLowerCase()))
    throw new ConfigError(
      `${where}: ${JSON.stringify(name)}: expected the name of a header that may be set`,
    );
}
