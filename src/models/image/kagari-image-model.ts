import type { Body } from "../dialects/index.ts";
import { graphAsk, type GraphCall } from "../graph-ask.ts";
import { currentRuntime } from "../runtime.ts";
import type { MadeImage } from "./fetch-image.ts";
import { generateImages } from "./generate.ts";

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
    const images = await generateImages(ask, { prompt, size, count, parameters });
    if (ask.model.fields.save === false) return images.map(unkept);
    const { files } = currentRuntime();
    return await Promise.all(
      images.map(async (image) => ({ ...image, ...(await files.keep(image, ask.origin)) })),
    );
  }
}

function unkept(image: MadeImage): GeneratedImage {
  const url = `data:${image.contentType};base64,${image.bytes.toString("base64")}`;
  return { ...image, id: undefined, url };
}
