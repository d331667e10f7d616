// JSON columns hold only what we wrote into them, of the type of their field.
export const fromJson = <T>(text: string): T => JSON.parse(text) as T;

/** The text of a nullable JSON column. */
export const jsonOrNull = (value: object | null): string | null =>
  value === null ? null : JSON.stringify(value);

/** The value of a nullable JSON column. */
export const fromJsonOrNull = <T>(text: string | null): T | null =>
  text === null ? null : fromJson<T>(text);
