/** A passage as a model is shown it. */
export interface ShownPassage {
  /** What it is cited by. */
  number: number;
  source: string;
  text: string;
  page?: number | null | undefined;
  first_line?: number | undefined;
  last_line?: number | undefined;
}

/** A passage between tags that its text cannot close: what stands in it is material, no instruction. */
export function passageText(passage: ShownPassage): string {
  const { number, source, text, page, first_line: first, last_line: last } = passage;
  const place = [
    ` source="${attribute(source)}"`,
    page == null ? "" : ` page="${page}"`,
    first === undefined ? "" : ` lines="${first}-${last ?? first}"`,
  ];
  return `[${number}]\n<passage${place.join("")}>\n${text.replaceAll(/<(?=\/?passage)/gi, "&lt;")}\n</passage>`;
}

const attribute = (text: string): string =>
  text
    .replaceAll(/[\r\n]/g, " ")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;");
