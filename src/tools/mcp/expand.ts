import type { Environment } from "../../config/environment.ts";
import { maskValue } from "../../config/secret-ref.ts";

const REFERENCE = /\$\{\s*([A-Za-z_]\w*)\s*\}/g;

/** Takes the values of variables for `${NAME}` in texts of a config, and out of texts that are shown. */
export class Expander {
  readonly #env: Environment;
  readonly #secrets = new Set<string>();

  constructor(env: Environment) {
    this.#env = env;
  }

  /** Throws naming a variable that is not set. */
  expand(text: string): string {
    return text.replace(REFERENCE, (_, name: string) => {
      const value = this.#env[name];
      if (value === undefined || value === "")
        throw new Error(`environment variable ${name} is missing`);
      this.#secrets.add(value);
      return value;
    });
  }

  all(texts: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, this.expand(text)]));
  }

  mask(text: string): string {
    return [...this.#secrets].reduce(maskValue, text);
  }
}
