import { z } from "zod";

export const port = z.coerce.number().int().min(0).max(65_535);
export const count = z.coerce.number().int().positive();
export const text = z.string().min(1);
export const yes = z.union([z.boolean(), z.stringbool()]);
