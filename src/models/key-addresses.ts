import { isDeepStrictEqual } from "node:util";
import type { ConfigText } from "../config/connection.ts";
import type { ModelConfig } from "../config/model-config.ts";
import { ConfigError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** The fields that decide who receives a key. */
const ADDRESS_FIELDS = ["url", "proxy", "ca_file", "tls_insecure"] as const;
const SECRET_HEADER = /auth|key|token|secret|cookie/i;

type Address = Pick<ModelConfig["fields"], (typeof ADDRESS_FIELDS)[number]>;

/** Where the keys of this process's life were sent: a file changed at run time sends none elsewhere. */
export class KeyAddresses {
  readonly #known: ModelConfig[] = [];

  add(configs: readonly ModelConfig[]): void {
    for (const config of configs)
      if (hasCredential(config) && !this.#isKnown(config)) this.#known.push(config);
  }

  /**
   * Throws ConfigError for a model that would send the same key to another address than before, also
   * when it was away in between; warns of a new model that takes a known key to a new host.
   */
  check(configs: readonly ModelConfig[], log: Log | undefined): void {
    for (const config of configs) {
      if (!hasCredential(config) || this.#isKnown(config)) continue;
      const before = this.#known.findLast(
        (known) => known.id === config.id && sharesCredential(known, config),
      );
      if (before) throw movedKey(config, before);
      const other = this.#known.find((known) => sharesCredential(known, config));
      if (other && hostOf(other) !== hostOf(config))
        log?.warn(
          { file: config.file, model: config.id, host: hostOf(config) },
          `the key of model ${other.id} now goes to another host too`,
        );
    }
  }

  #isKnown(config: ModelConfig): boolean {
    const address = addressOf(config);
    return this.#known.some(
      (known) =>
        known.id === config.id &&
        sharesCredential(known, config) &&
        isDeepStrictEqual(addressOf(known), address),
    );
  }
}

/** Header and query values that stand for a secret, by their place. */
function secretTexts({ connection }: ModelConfig): (readonly [string, ConfigText])[] {
  return [...connection.headers, ...connection.query].filter(
    ([name, text]) => text.isReference || SECRET_HEADER.test(name),
  );
}

const hasCredential = (config: ModelConfig): boolean =>
  config.secret.isKey || secretTexts(config).length > 0;

function sharesCredential(a: ModelConfig, b: ModelConfig): boolean {
  if (a.secret.isKey && a.secret.isSameAs(b.secret)) return true;
  return secretTexts(a).some(([, text]) => secretTexts(b).some(([, own]) => own.isSameAs(text)));
}

function movedKey(config: ModelConfig, before: ModelConfig): ConfigError {
  const { file, fields } = config;
  const key = ADDRESS_FIELDS.find((name) => fields[name] !== before.fields[name]) ?? "url";
  const from = before.fields.url ?? "none";
  const change = key === "url" ? ` from ${from} to ${fields.url ?? "none"}` : "";
  return new ConfigError(
    `${file}: ${key}: changed${change} while the key stayed the same: a running server sends no known key to a new address; write another key, or restart the server`,
  );
}

function addressOf({ fields }: ModelConfig): Address {
  return Object.fromEntries(ADDRESS_FIELDS.map((name) => [name, fields[name]]));
}

const hostOf = ({ fields: { url } }: ModelConfig): string =>
  url === undefined ? "" : new URL(url).host;
