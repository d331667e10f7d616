import type { z } from "zod";
import { AppError } from "../core/errors.ts";

/** What the flags of a command say, as the route of the same would read it; AppError names what is wrong. */
export function checkedFlags<T>(schema: z.ZodType<T>, flags: object): T {
  const result = schema.safeParse(flags);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AppError("bad_request", `${issue?.path.join(".")}: ${issue?.message}`);
}
