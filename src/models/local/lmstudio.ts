import { z } from "zod";
import type { LocalServer } from "./found-model.ts";

const list = z.object({ data: z.array(z.object({ id: z.string() })) });

/** LM Studio: `GET /v1/models`. */
export const lmstudioServer: LocalServer = {
  kind: "lmstudio",
  listPath: "/v1/models",
  read: (body) => {
    const parsed = list.safeParse(body);
    return parsed.data?.data.map(({ id }) => ({
      name: id,
      modelType: /embed/i.test(id) ? "embedding" : "chat",
    }));
  },
};
