/** An address by a path of the model file: from the host where it begins with a slash, else under the base URL. */
export function pathUnder(base: string, path: string): string {
  return path.startsWith("/") ? new URL(path, base).href : `${base}/${path}`;
}
