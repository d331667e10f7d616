/** The environment as data, for code that runs without the server's settings (plain scripts). */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process, read live so that a changed key is seen. */
export const environment = (): Environment => process.env;
