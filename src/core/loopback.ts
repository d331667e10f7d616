const LOOPBACK = /^(localhost|(.+\.)?localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Does a host, as it is listened on or stands in a URL, mean this machine only? */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
