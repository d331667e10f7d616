import { dataUrl } from "../../core/data-url.ts";
import type { RunnableConfig } from "@langchain/core/runnables";
import { NotFoundError } from "../../core/errors.ts";
import type { ConfigLike } from "../call.ts";
import type { Body } from "../dialects/index.ts";
import { graphAsk, type GraphCall } from "../graph-ask.ts";
import { doOnce } from "../once/once.ts";
import type { Ask } from "../provider/meter.ts";
import { currentRuntime } from "../runtime.ts";
import type { MadeImage } from "./fetch-image.ts";
import { generateImages } from "./generate.ts";
import type { ImageWish } from "./request.ts";

/** What may be asked of one generation. */
export interface ImageOptions extends GraphCall {
  /** Such as 1024x1024; as the model file says where not given. */
  readonly size?: string | undefined;
  /** How many; as the model file says, else one. */
  readonly n?: number | undefined;
  /** More fields of the request, such as quality, seed or negative_prompt. */
  readonly parameters?: Body | undefined;
}

/** An image that was made and kept. */
export interface GeneratedImage extends MadeImage {
  /** Undefined where the model file says `save: false`. */
  readonly id: string | undefined;
  /** Of the kept file; the bytes themselves as a `data:` URL where it is not kept. */
  readonly url: string;
}

/** A generated image but for its bytes, which are not kept with the step that made it. */
type ImagePlace = Omit<GeneratedImage, "bytes">;

/** An image model of `config/models` for graphs: the one named, else the first that can be called. */
export const imageModel = (id?: string): KagariImageModel => new KagariImageModel(id);

/** See `imageModel`. */
export class KagariImageModel {
  readonly #id: string | undefined;

  constructor(id?: string) {
    this.#id = id;
  }

  /** Makes images, brings them here and keeps them. */
  async generate(prompt: string, options: ImageOptions = {}): Promise<GeneratedImage[]> {
    const { size, n: count, parameters, ...call } = options;
    const ask = graphAsk("image", this.#id, call);
    const wish = { prompt, size, count, parameters };
    const made = new Map<string, GeneratedImage>();
    const places = await doOnce<ImagePlace[]>({
      kind: "step",
      config: asRunnableConfig(call.config),
      content: () => ["image", ask.model.id, wish],
      run: async () => {
        const images = await paint(ask, wish);
        for (const image of images) made.set(image.url, image);
        return images.map(({ bytes: _, ...place }) => place);
      },
    });
    return await Promise.all(places.map(async (place) => made.get(place.url) ?? found(place)));
  }
}

async function paint(ask: Ask, wish: ImageWish): Promise<GeneratedImage[]> {
  const images = await generateImages(ask, wish);
  if (ask.model.fields.save === false) return images.map(unkept);
  const { files } = currentRuntime();
  return await Promise.all(
    images.map(async (image) => ({ ...image, ...(await files.keep(image, ask.origin)) })),
  );
}

function unkept(image: MadeImage): GeneratedImage {
  return { ...image, id: undefined, url: dataUrl(image.bytes, image.contentType) };
}

/** An image that an earlier attempt of the step made. */
async function found(place: ImagePlace): Promise<GeneratedImage> {
  return { ...place, bytes: Buffer.from(await bytesOf(place)) };
}

async function bytesOf({ id, url }: ImagePlace): Promise<Uint8Array> {
  if (typeof id !== "string") return Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
  const file = await currentRuntime().files.read(id);
  if (file === undefined) throw new NotFoundError("File", id);
  return file.bytes;
}

/** A graph hands the config of its node on, which is one of LangChain's. */
const asRunnableConfig = (config: ConfigLike | undefined): RunnableConfig | undefined =>
  config as RunnableConfig | undefined;
