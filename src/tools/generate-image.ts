import { tool } from "@langchain/core/tools";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { imageModel } from "../models/image/kagari-image-model.ts";
import type { Means } from "./means.ts";

/** Images may take their time, and their model file says how long. */
const TIMEOUT_SECONDS = 600;

/** Makes an image by an image model; the file stays. */
export const generateImageTool = () =>
  Object.assign(
    tool(
      async ({ prompt, size }, config: LangGraphRunnableConfig) => {
        const images = await imageModel().generate(prompt, { size: size ?? undefined, config });
        const shown = images.map(({ url }) => `![image](${url})`).join("\n");
        return `Made. Show it to the user as it is written here:\n${shown}`;
      },
      {
        name: "generate_image",
        description: "Makes an image from a description.",
        schema: z.object({
          prompt: z.string().min(1).max(4000).describe("What the image shows, in detail."),
          size: z
            .string()
            .regex(/^\d{2,4}x\d{2,4}$/)
            .nullish()
            .describe("Such as 1024x1024; left out for what the model makes best."),
        }),
      },
    ),
    { metadata: { timeout: TIMEOUT_SECONDS } },
  );

/** What generate_image needs and has not. */
export function imageModelLacks({ models }: Means): string | undefined {
  const isReady = models
    .list()
    .some(({ modelType, state }) => modelType === "image" && state === "ready");
  return isReady ? undefined : "no image model can be called";
}
