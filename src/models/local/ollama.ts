import { z } from "zod";
import type { LocalServer } from "./found-model.ts";

const EMBEDDERS = /bert|embed|minilm|bge|e5-/i;

const list = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      details: z.object({ family: z.string().nullish() }).nullish(),
    }),
  ),
});

/** Ollama: `GET /api/tags`. */
export const ollamaServer: LocalServer = {
  kind: "ollama",
  listPath: "/api/tags",
  read: (body) => {
    const parsed = list.safeParse(body);
    return parsed.data?.models.map(({ name, details }) => ({
      name,
      modelType: EMBEDDERS.test(`${name} ${details?.family ?? ""}`) ? "embedding" : "chat",
    }));
  },
};
