import { availableParallelism } from "node:os";
import { join } from "node:path";
import pMap from "p-map";
import { builtFrom, once } from "../lab/cache.ts";
import { run, step } from "../lab/exec.ts";
import { Lab } from "../lab/lab.ts";
import { root } from "../lab/paths.ts";
import {
  type BenchNode,
  inventory,
  labAddress,
  podNetworks,
} from "./inventory.ts";
import { leftOn, lookCommand, untouchedHosts, wrongOn } from "./look.ts";
import { makeRoomForNeighbours } from "./neighbours.ts";

/** So many are started at the same time: more take each other's processor until the wait for them ends. */
const atOnce = 20;
/** So many are looked at at the same time. */
const concurrency = availableParallelism();

/** The hosts of the bench: all contenders change the same ones, and what each leaves there is looked at from the inside, without SSH. */
export class BenchHosts {
  readonly lab: Lab;
  private readonly undo: () => void;

  private constructor(lab: Lab, undo: () => void) {
    this.lab = lab;
    this.undo = undo;
  }

  /** A lab without hosts, for at most so many. */
  static async raise(most: number): Promise<BenchHosts> {
    await Lab.sweep();
    const lab = await Lab.raise(`b${process.pid}`, [labAddress]);
    // every host is a neighbour of the lab, and the lab is one of every host
    return new BenchHosts(lab, makeRoomForNeighbours(2 * most));
  }

  async down(): Promise<void> {
    this.undo();
    await this.lab.down();
  }

  /** Starts those of the first `size` hosts of the inventory that are not running yet. */
  async grow(size: number): Promise<void> {
    const layers = [await pythonLayer()];
    const specs = inventory(size, "scattered")
      .slice(this.lab.hosts.length)
      .map(({ name, address, internalIps: [ipv4, ipv6] }) => ({
        name,
        addresses: [`${address}/20`, `${ipv4}/16`, `${ipv6}/64`],
        layers,
        kind: "plain" as const,
      }));
    for (let i = 0; i < specs.length; i += atOnce) {
      await this.lab.add(...specs.slice(i, i + atOnce));
    }
  }

  /** What is not as it has to be after these nodes have been applied, on the first host that is wrong. */
  wrong(nodes: readonly BenchNode[]): Promise<string | undefined> {
    return this.first(nodes, (host, seen) => wrongOn(host, nodes, seen));
  }

  /** What somebody has left on these hosts, on the first one that is not clean. */
  left(nodes: readonly BenchNode[]): Promise<string | undefined> {
    return this.first(nodes, leftOn);
  }

  /** The first fault that is found on these hosts. */
  private async first(
    nodes: readonly BenchNode[],
    faultOf: (host: BenchNode, seen: string) => string | undefined,
  ): Promise<string | undefined> {
    const faults = await pMap(
      nodes,
      async (host) => faultOf(host, await this.lab.on(host.name, lookCommand)),
      { concurrency },
    );
    return faults.find((fault) => fault !== undefined);
  }

  /** Brings hosts back to what they were, whatever was done to them. */
  async reset(nodes: readonly BenchNode[]): Promise<void> {
    const reset = (host: BenchNode) => {
      const commands = [
        ...podNetworks.map((cidr) => `ip route flush root ${cidr}`),
        "echo 0 >/proc/sys/net/ipv4/ip_forward",
        "echo 0 >/proc/sys/net/ipv6/conf/all/forwarding",
        `printf '%s' '${untouchedHosts(host)}' >/etc/hosts`,
        "rm -rf /run/pod-network-routes /var/lib/pod-network-routes /etc/sysctl.d/90-pod-routes-* /root/.ansible",
      ];
      return this.lab.on(host.name, commands.join("; "));
    };
    await pMap(nodes, reset, { concurrency });
  }
}

/** Python over the file system of every host: Ansible needs it there. */
async function pythonLayer(): Promise<string> {
  const script = "../bench/python-layer.sh";
  return once(builtFrom("bench-python-layer", script), async (unfinished) => {
    await step(
      "Unpacking Python for the hosts",
      run("sh", [join(root, "lab", script), unfinished]),
    );
  });
}
