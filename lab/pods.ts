import { spawn } from "node:child_process";
import { run, tryRun } from "./exec.ts";
import { type Host, ipBatch, killAll } from "./host.ts";

/** A pod for the tests: a network namespace behind a bridge of its host, as a CNI plugin would make it. */
export interface Pod {
  readonly host: string;
  readonly address: string;
}

/**
 * Gives a host its pod, with the second address of each CIDR; the bridge has the first.
 *
 * @param first the host's first process
 */
export async function addPod(
  host: Host,
  first: number,
  cidrs: readonly string[],
): Promise<void> {
  const pod = podOf(host);
  await run("ip", ["netns", "add", pod]);
  const outside = [
    "link add cni0 type bridge",
    "link set cni0 up",
    ...cidrs.map((cidr) => `addr add ${nth(cidr, 1, true)} dev cni0`),
    `link add pod0 type veth peer name eth0 netns ${pod}`,
    "link set pod0 master cni0 up",
  ];
  const inside = [
    "link set lo up",
    "link set eth0 up",
    ...cidrs.map(
      (cidr) =>
        `addr add ${nth(cidr, 2, true)} dev eth0${cidr.includes(":") ? " nodad" : ""}`,
    ),
    ...cidrs.map((cidr) => `route add default via ${nth(cidr, 1)}`),
  ];
  await ipBatch(host.netns, outside);
  await ipBatch(pod, inside);
  // A container runtime has a process of the host keep the network of a pod.
  const namespaces = ["-m", "-u", "-i", "-p", `--net=/run/netns/${pod}`];
  const pause = ["-t", String(first), ...namespaces, "sleep", "infinity"];
  spawn("nsenter", pause, { detached: true, stdio: "ignore" }).unref();
}

export async function removePod(host: Host): Promise<void> {
  // first: with its namespace the kernel would remove it only some time later
  await tryRun("ip", ["-n", host.netns, "link", "del", "pod0"]);
  await tryRun("ip", ["-n", host.netns, "link", "del", "cni0"]);
  await killAll(podOf(host));
  await tryRun("ip", ["netns", "del", podOf(host)]);
}

/** One real ping from the pod of a host. */
export async function ping(from: Host, address: string): Promise<boolean> {
  const command = ["netns", "exec", podOf(from), "ping", "-c1", "-W2", address];
  return (await tryRun("ip", command)).code === 0;
}

/**
 * Pings fifty times a second from the pod of a host, until stopped; then says how many packets were
 * sent and how many came back. One that was under way when it was stopped counts as neither.
 */
export function pinging(
  from: Host,
  address: string,
): () => Promise<{ sent: number; received: number }> {
  const command = ["netns", "exec", podOf(from), "ping", "-i", "0.02", address];
  const child = spawn("ip", command);
  let out = "";
  child.stdout.on("data", (data) => {
    out += data;
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  return async () => {
    child.kill("SIGINT");
    await closed;
    const [, sent, received] =
      /(\d+) packets transmitted, (\d+) received/.exec(out) ?? [];
    const underWay = out.includes(`icmp_seq=${sent} `) ? 0 : 1;
    return { sent: Number(sent) - underWay, received: Number(received) };
  };
}

/** The nth address of a CIDR, IPv4 or an IPv6 that ends in `::`. */
export function nth(cidr: string, n: number, withPrefix = false): string {
  const [network = "", prefix] = cidr.split("/");
  const address = network.includes(":")
    ? `${network}${n}`
    : network.replace(/\d+$/, (last) => String(Number(last) + n));
  return withPrefix ? `${address}/${prefix}` : address;
}

function podOf(host: Host): string {
  return `${host.netns}-pod`;
}
