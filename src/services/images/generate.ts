import type { Context } from "../../context.ts";
import type { AskedModel, ImageWish } from "../../models/model-calls-port.ts";
import { fileUrl, keepFile } from "../files/keep.ts";

/** An image as the caller wants it: by its address, or its bytes in base64. */
export interface GivenImage {
  url?: string;
  b64_json?: string;
  revised_prompt?: string;
}

/** Makes images; with `url` each is kept as a file of the actor's, whose address begins with `origin`. */
export async function generateImages(
  ctx: Context,
  { asked, wish }: { asked: AskedModel; wish: ImageWish },
  { format, origin }: { format: "url" | "b64_json"; origin: string },
): Promise<GivenImage[]> {
  const { images } = await ctx.modelCalls.generateImages(asked, wish);
  return await Promise.all(
    images.map(async ({ revisedPrompt, ...content }) => {
      const revised = revisedPrompt === undefined ? {} : { revised_prompt: revisedPrompt };
      if (format === "b64_json") return { b64_json: content.bytes.toString("base64"), ...revised };
      const { file_id } = await keepFile(ctx, content);
      return { url: fileUrl(ctx, file_id, origin), ...revised };
    }),
  );
}
