type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** An object without the fields that are undefined. */
// Filtering only takes fields away, and with them the type undefined.
export const given = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
