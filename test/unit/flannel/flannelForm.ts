import { parseAddress, parseCidr } from "../../../components/core/cidr.ts";

const forms = [
  /^owner [A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
  /^kubectl (?=.{1,1024}$)([A-Za-z0-9_.][A-Za-z0-9_.-]*|\/[A-Za-z0-9_./-]+)$/,
  /^kubeconfig (?=.{1,1024}$)\/[A-Za-z0-9_./@+-]+$/,
  /^adopt (yes|no)$/,
  /^namespace [a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  /^timeout [1-9][0-9]{1,4}$/,
];

/** Whether a standard input has the form that the description of flannelOverlay.sh asks for. It does not use the script's code. */
export function isOfForm(input: string): boolean {
  const lines = input.split("\n");
  const before = lines.slice(0, lines.indexOf("--- script"));
  const start = before.indexOf("manifest");
  const facts = before.slice(0, start);
  const manifest = before.slice(start + 1);
  const first = facts.findIndex((line) => line.startsWith("node "));
  const single = facts.slice(0, first);
  const nodes = facts.slice(first);
  const wanted = single[2]?.startsWith("kubeconfig")
    ? forms
    : forms.filter((_, i) => i !== 2);
  const names = nodes.map((line) => line.split(" ")[1]);
  return (
    lines.includes("--- script") &&
    start >= 0 &&
    first >= 0 &&
    before.every((line) => /^[ -~]*$/.test(line)) &&
    single.length === wanted.length &&
    wanted.every((form, i) => form.test(single[i] ?? "")) &&
    isTimeout(Number(single.at(-1)?.split(" ")[1])) &&
    nodes.every(isNode) &&
    nodes.length <= 10000 &&
    new Set(names).size === names.length &&
    manifest.reduce((sum, { length }) => sum + length + 1, 0) <= 2 ** 20
  );
}

function isTimeout(seconds: number): boolean {
  return seconds >= 10 && seconds <= 86400;
}

function isNode(line: string): boolean {
  const [node, name = "", cidrs = "", ips = "", ...more] = line.split(" ");
  return (
    node === "node" &&
    more.length === 0 &&
    name.length <= 253 &&
    name
      .split(".")
      .every((part) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(part)) &&
    oneAFamily(cidrs.split(",").map(cidrFamily)) &&
    oneAFamily(ips.split(",").map(addressFamily))
  );
}

function oneAFamily(families: readonly number[]): boolean {
  return (
    !families.includes(0) &&
    families.length <= 2 &&
    new Set(families).size === families.length
  );
}

function addressFamily(text: string): number {
  const address = parseAddress(text);
  return typeof address === "object" && address.text === text
    ? address.family
    : 0;
}

function cidrFamily(text: string): number {
  const cidr = parseCidr(text);
  const least = { 4: 8, 6: 16 };
  return typeof cidr === "object" && cidr.prefix >= least[cidr.family]
    ? cidr.family
    : 0;
}
