/** Longest address of a cloud in a claim or an invitation, in characters. */
const cloudUrlCharsMax = 256;

/**
 * `https://host[:port]` (`http://` on loopback only) as any client can ask it: a name of letters, digits and hyphens, or an IP
 * address (RFC 3986 §3.2.2). It is shown to people, so that it holds nothing that a terminal would obey.
 */
export function isCloudUrl(text: string): boolean {
  const [, host = "", port = "1"] =
    /^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?$/i.exec(text) ?? [];
  return text.length <= cloudUrlCharsMax && isHost(host) && Number(port) > 0 && Number(port) < 65_536;
}

function isHost(host: string): boolean {
  if (host.startsWith("[")) return isIpv6(host.slice(1, -1));
  const labels = host.split(".");
  // What ends like an IPv4 address must be one (WHATWG URL, "ends in a number").
  // unreached: a text split has a last part
  if (/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? "")) return labels.length === 4 && labels.every(isOctet);
  return labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}

function isOctet(label: string): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(label) && Number(label) < 256;
}

/** RFC 4291 §2.2, forms 1 and 2. */
function isIpv6(text: string): boolean {
  const halves = text.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const groups = halves.flat();
  const whole = halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8;
  return whole && groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group));
}
