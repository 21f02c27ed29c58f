import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { stringify } from "yaml";
import { getEngine } from "../../lab/engine.ts";
import { Cluster, type ClusterSpec } from "../../lab/kubernetes/cluster.ts";
import { Stack } from "../../lab/stack.ts";
import { traces } from "../engine/traces.ts";

/** The key `flannel` of a configuration. */
export type Flannel = Record<string, unknown>;

/** A cluster and its stacks for the tests of one file. It exists from before the first test until after the last. */
export class FlannelScenario {
  cluster!: Cluster;
  home!: string;

  private readonly spec: ClusterSpec;

  constructor(spec: ClusterSpec) {
    this.spec = spec;
    before(async () => {
      this.cluster = await Cluster.start(spec);
      this.home = mkdtempSync(join(tmpdir(), "pod-network-routes-flannel-"));
      const ssh = join(this.home, ".ssh");
      mkdirSync(ssh);
      copyFileSync(this.cluster.lab.key, join(ssh, "id_ed25519"));
      copyFileSync(this.cluster.lab.knownHosts, join(ssh, "known_hosts"));
    });
    after(async () => {
      const { id } = this.cluster.lab;
      await this.cluster.stop();
      rmSync(this.home, { recursive: true, force: true });
      assert.equal(await traces(id), "");
    });
  }

  /** A new stack with this overlay, on the nodes of the cluster. */
  async stack(
    name: string,
    flannel: Flannel,
    more: Record<string, unknown> = {},
  ): Promise<Stack> {
    const { netns } = this.cluster.lab;
    const directory = join(this.home, name);
    const env = { HOME: this.home, SSH_AUTH_SOCK: "" };
    const engine = await getEngine("command");
    const stack = new Stack(name, engine, netns, directory, env);
    this.configure(stack, flannel, more);
    await stack.init();
    return stack;
  }

  configure(
    stack: Stack,
    flannel: Flannel,
    more: Record<string, unknown> = {},
  ): void {
    const config = {
      target: "flannel",
      nodes: this.nodes(),
      flannel,
      ssh: { privateKeyFile: "~/.ssh/id_ed25519" },
      ...more,
    };
    const entries = Object.entries(config).map(([key, value]) => [
      `pod-network-routes:${key}`,
      value,
    ]);
    stack.configure(stringify({ config: Object.fromEntries(entries) }));
  }

  /** Destroys a stack, and removes from the nodes what flanneld leaves behind. */
  async destroy(stack: Stack): Promise<void> {
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    await this.clean();
  }

  /** Removes from the nodes what flanneld leaves behind, see docs/flannel.md. */
  async clean(): Promise<void> {
    for (const worker of this.cluster.workers) {
      const left =
        "ip link del flannel.1; rm -f /etc/cni/net.d/10-flannel.conflist /run/flannel/*";
      await this.cluster.lab.on(worker, left);
    }
  }

  /** The inventory: a controller, and the workers with their pod CIDRs. */
  nodes(): Record<string, unknown>[] {
    const { dualStack = false, workers } = this.spec;
    const both = (ipv4: string, ipv6: string) =>
      dualStack ? [ipv4, ipv6] : [ipv4];
    return [
      {
        name: "controller-0",
        internalIp: both("192.168.56.10", "fd00:192:168:56::10"),
      },
      ...Array.from({ length: workers }, (_, i) => ({
        name: `worker-${i}`,
        internalIp: both(`192.168.56.${20 + i}`, `fd00:192:168:56::${20 + i}`),
        podCidrs: both(`10.244.${i}.0/24`, `fd00:10:244:1${i}::/64`),
      })),
    ];
  }
}
