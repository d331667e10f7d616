import { describe, expect, it } from "vitest";
import { checkOutboundUrl, outboundPolicy } from "./outbound.ts";
import { isPublicAddress } from "./public-address.ts";

const strict = outboundPolicy("");

describe("checkOutboundUrl", () => {
  it.each([
    "/internal",
    "",
    "example.com/hook",
    "//example.com/hook",
    "ftp://example.com/",
    "file:///etc/passwd",
    "http://user@example.com/",
    "http://user:word@example.com/",
    "http://169.254.169.254/latest/meta-data",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://0/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://017700000001/",
    "http://10.0.0.1/",
    "http://100.64.0.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[2002:7f00:1::]/",
    "http://[::7f00:1]/",
    "http://localhost/",
    "http://localhost./",
    "http://LOCALHOST:2024/",
    "http://a.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    `https://example.com/${"x".repeat(3000)}`,
  ])("refuses %s", (url) => {
    expect(() => checkOutboundUrl(url, strict)).toThrow(/is refused/);
  });

  it.each(["https://example.com/hook", "http://8.8.8.8:8080/x?y=1", "https://[2606:4700::1]/"])(
    "lets %s pass",
    (url) => {
      expect(checkOutboundUrl(url, strict).href).toBe(url);
    },
  );

  it("lets the operator's hosts pass, on the port named", () => {
    const policy = outboundPolicy("127.0.0.1:9000, hooks.internal");
    expect(() => checkOutboundUrl("http://127.0.0.1:9000/x", policy)).not.toThrow();
    expect(() => checkOutboundUrl("http://127.0.0.1:9001/x", policy)).toThrow(/is refused/);
    expect(() => checkOutboundUrl("https://hooks.internal/x", policy)).not.toThrow();
    expect(() => checkOutboundUrl("ftp://hooks.internal/x", policy)).toThrow(/is refused/);
  });
});

describe("a policy of hosts, ports and schemes", () => {
  const policy = {
    ...outboundPolicy(""),
    domains: ["hooks.example", "*.corp.example"],
    ports: [443, 8443],
    isHttpsOnly: true,
    maxLength: 40,
  };

  it.each(["https://hooks.example/x", "https://a.b.corp.example:8443/x"])("lets %s pass", (url) => {
    expect(checkOutboundUrl(url, policy).href).toBe(url);
  });

  it.each([
    ["another host", "https://other.example/x", /host is not among/],
    ["a host that only ends alike", "https://evilcorp.example/x", /host is not among/],
    ["the parent of a wildcard", "https://corp.example/x", /host is not among/],
    ["another port", "https://hooks.example:444/x", /port 444/],
    ["no https", "http://hooks.example:443/x", /no https/],
    ["a long one", `https://hooks.example/${"x".repeat(40)}`, /longer than 40/],
  ])("refuses %s", (_, url, why) => {
    expect(() => checkOutboundUrl(url, policy)).toThrow(why);
  });
});

describe("isPublicAddress", () => {
  it.each(["8.8.8.8", "::ffff:808:808", "2606:4700::1111"])("knows %s as public", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ["no address", "example.com"],
    ["documentation", "192.0.2.1"],
    ["benchmarks", "198.18.0.1"],
    ["multicast", "224.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["the future", "240.0.0.1"],
    ["Teredo", "2001::1"],
    ["an address of no one yet", "4000::1"],
    ["a zone", "fe80::1%eth0"],
  ])("knows %s as not public", (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
