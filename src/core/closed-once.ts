/** A closing that happens once, however often it is asked for. */
export function closedOnce(
  close: (drainMs: number) => Promise<void>,
  usualDrainMs: number,
): (drainMs?: number) => Promise<void> {
  let closing: Promise<void> | undefined;
  return (drainMs = usualDrainMs) => (closing ??= close(drainMs));
}
