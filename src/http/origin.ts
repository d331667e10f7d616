/** How a client calls this server, as far as its request tells; a setting tells it better behind a proxy. */
export function originOf(headers: Headers): string {
  const host = headers.get("host");
  return host === null ? "" : `http://${host}`;
}
