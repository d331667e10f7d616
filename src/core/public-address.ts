import ipaddr from "ipaddr.js";

const GLOBAL_V6 = ipaddr.IPv6.parse("2000::");

/** True for an address of the public internet; forms that hide another address in them are not. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address inside an IPv6 one is judged as what it is.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast") return false;
  if (parsed instanceof ipaddr.IPv4) return true;
  return parsed.zoneId === undefined && parsed.match(GLOBAL_V6, 3);
}
