import { join } from "node:path";
import { once } from "../lab/cache.ts";
import { run, step } from "../lab/exec.ts";
import { builtFrom } from "../lab/goBuild.ts";
import { Lab } from "../lab/lab.ts";
import { root } from "../lab/paths.ts";
import { each } from "./each.ts";
import {
  type BenchNode,
  inventory,
  labAddress,
  podNetwork,
} from "./inventory.ts";
import { leftOn, lookCommand, untouchedHosts, wrongOn } from "./look.ts";
import { makeRoomForNeighbours } from "./neighbours.ts";

/** So many are started at the same time: more take each other's processor until the wait for them ends. */
const atOnce = 20;

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
    const missing = inventory(size).slice(this.lab.hosts.length);
    for (let i = 0; i < missing.length; i += atOnce) {
      const specs = missing.slice(i, i + atOnce).map(({ name, address }) => ({
        ...{ name, addresses: [`${address}/20`], layers },
        kind: "plain" as const,
      }));
      await this.lab.add(...specs);
    }
  }

  /** What is not as it has to be after these nodes have been applied, on the first host that is wrong. */
  async wrong(nodes: readonly BenchNode[]): Promise<string | undefined> {
    const found = await each(nodes, async (host) =>
      wrongOn(host, nodes, await this.lab.on(host.name, lookCommand)),
    );
    return found.find((fault) => fault !== undefined);
  }

  /** What somebody has left on these hosts, on the first one that is not clean. */
  async left(nodes: readonly BenchNode[]): Promise<string | undefined> {
    const found = await each(nodes, async (host) =>
      leftOn(host, await this.lab.on(host.name, lookCommand)),
    );
    return found.find((fault) => fault !== undefined);
  }

  /** Brings hosts back to what they were, whatever was done to them. */
  async reset(nodes: readonly BenchNode[]): Promise<void> {
    await each(nodes, (host) =>
      this.lab.on(
        host.name,
        [
          `ip route flush root ${podNetwork}`,
          "echo 0 >/proc/sys/net/ipv4/ip_forward",
          `printf '%s' '${untouchedHosts(host)}' >/etc/hosts`,
          "rm -rf /run/pod-network-routes /var/lib/pod-network-routes /etc/sysctl.d/90-pod-routes-* /root/.ansible",
        ].join("; "),
      ),
    );
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
