/** A time in milliseconds since the epoch, as the wire has it. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
