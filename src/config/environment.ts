/** The environment as data, for code that runs without the server's settings (plain scripts). */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process, read live so that a changed key is seen. */
export const environment = (): Environment => process.env;

/** The environment of this process, read live, with `defaults` for what it does not set. */
export const environmentOver = (defaults: Environment): Environment =>
  new Proxy<Record<string, string | undefined>>(process.env, {
    get: (env, name) => (typeof name === "string" ? (env[name] ?? defaults[name]) : undefined),
  });
