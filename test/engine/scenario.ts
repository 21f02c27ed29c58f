import assert from "node:assert/strict";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { engineWithGivenPlugin } from "../../lab/givenPlugin.ts";
import type { HostSpec } from "../../lab/host.ts";
import { Lab } from "../../lab/lab.ts";
import { configOf, Stack } from "../../lab/stack.ts";
import { asPrinted } from "../asPrinted.ts";
import { lines, planOf } from "../stacks.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";

export type Config = Record<string, unknown>;

/** A node of the inventory, for tests that change it. */
export interface TestNode {
  name: string;
  internalIp: string | string[];
  podCidrs?: string[];
}

/** A worker of {@link worker}. */
interface Worker extends TestNode {
  internalIp: string;
  podCidrs: string[];
}

/**
 * Worker `i`, with the address 10.240.0.20 + `i` and the pod CIDR 10.200.`i`.0/24, unless other numbers are given:
 * `last` ends the address, `net` and `cidr` stand in the pod CIDR.
 */
export function worker(
  i: number,
  { net = 200, cidr = i, last = 20 + i } = {},
): Worker {
  return {
    name: `worker-${i}`,
    internalIp: `10.240.0.${last}`,
    podCidrs: [`10.${net}.${cidr}.0/24`],
  };
}

/** The first workers. Stacks with other `net` can share their hosts. */
export function workers(count: number, net?: number): Worker[] {
  return Array.from({ length: count }, (_, i) => worker(i, { net }));
}

/** The hosts of {@link workers}. */
export function workerHosts(
  count: number,
  kind: HostSpec["kind"] = "plain",
): HostSpec[] {
  return workers(count).map(({ name, internalIp }) => ({
    name,
    addresses: [`${internalIp}/24`],
    kind,
  }));
}

/** Hosts and stacks for the tests of one file, raised before its first test and gone after its last. */
export class Scenario {
  lab!: Lab;
  private readonly home = temporaryDirectory("test");

  constructor(
    specs: readonly HostSpec[],
    addresses: readonly string[] = ["10.240.0.1/24", "fd00:240::1/64"],
  ) {
    before(async () => {
      this.lab = await Lab.raise(`t${process.pid}`, addresses);
      await this.lab.add(...specs);
      const ssh = join(this.home, ".ssh");
      mkdirSync(ssh);
      copyFileSync(this.lab.key, join(ssh, "id_ed25519"));
      this.trustHosts();
    });
    after(() => this.lab.down());
  }

  /** Writes the known_hosts file anew, for hosts that have come or gone. */
  trustHosts(): void {
    copyFileSync(this.lab.knownHosts, join(this.home, ".ssh/known_hosts"));
  }

  /** A new stack with this configuration. Keys are those of the project, without its name. */
  async stack(
    name: string,
    config: Config | string,
    env: Record<string, string> = {},
  ): Promise<Stack> {
    const stack = new Stack(
      name,
      await engineWithGivenPlugin(join(this.home, "pulumi")),
      this.lab.netns,
      join(this.home, name),
      { HOME: this.home, SSH_AUTH_SOCK: "", ...env },
    );
    this.configure(stack, config);
    await stack.init();
    return stack;
  }

  configure(stack: Stack, config: Config | string): void {
    stack.configure(
      typeof config === "string"
        ? config
        : configOf({ ssh: this.ssh, ...config }),
    );
  }

  /** How the tests log in, unless they say otherwise. */
  readonly ssh = {
    privateKeyFile: "~/.ssh/id_ed25519",
    connectTimeout: 1,
    connectAttempts: 2,
  };

  /** See {@link asPrinted}. */
  asPrinted(stack: Stack, command: string): Promise<string> {
    return asPrinted(this.lab, stack, command);
  }

  /** Our routes on a host, as `ip route` lists them. */
  async table(host: string): Promise<string[]> {
    return lines(
      await this.lab.on(
        host,
        "ip route show proto 173; ip -6 route show proto 173",
      ),
    );
  }

  /** Every route on a host but those of its own networks. */
  async allRoutes(host: string): Promise<string[]> {
    return lines(await this.lab.on(host, "ip route; ip -6 route")).filter(
      (line) => !line.includes("proto kernel"),
    );
  }

  /** All that we could have changed on a host, to be compared byte for byte. */
  async everything(host: string): Promise<string> {
    const facts = [
      "ip -4 route show table all",
      "ip -6 route show table all | grep -v fe80 | sed 's/ expires [0-9]*sec//'",
      "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding",
      "find /etc /var/lib /usr/local /root /tmp /home -xdev -type f -exec sha256sum {} + | sort -k 2",
      "find /etc /var/lib /usr/local /root /tmp /home -xdev -printf '%M %u %g %p %l\\n' | sort",
      // the script stays in /run until the host is restarted
      "ls /run | grep -vx pod-network-routes",
    ];
    return this.lab.on(host, facts.join("; echo; "));
  }

  /** Asserts that every pod reaches every other one. */
  async assertPodsReachEachOther(): Promise<void> {
    const pods = this.lab.pods();
    for (const from of pods) {
      for (const to of pods) {
        const sameFamily =
          from.address.includes(":") === to.address.includes(":");
        if (from.host !== to.host && sameFamily) {
          assert.ok(
            await this.lab.ping(from.host, to.address),
            `the pod of ${from.host} reaches ${to.address}`,
          );
        }
      }
    }
  }

  /** The commands that a preview plans, by what it would do with them: `{ update: ["worker-0"] }`. */
  async plan(stack: Stack): Promise<Record<string, string[]>> {
    const plan = await planOf(stack, "command:remote:Command");
    const withoutPrefix = (name: string) => name.replace(/^routes-/, "");
    return Object.fromEntries(
      Object.entries(plan).map(([op, names]) => [op, names.map(withoutPrefix)]),
    );
  }

  /** Asserts that no packet from a host to an address is lost while something goes on. */
  async losesNoPacket(
    from: string,
    address: string,
    during: () => Promise<unknown>,
  ): Promise<void> {
    const stop = this.lab.pinging(from, address);
    await during();
    const { sent, received } = await stop();
    assert.ok(sent > 20, `only ${sent} packets were sent`);
    assert.equal(received, sent);
  }
}

/** Asserts that two answers of {@link Scenario.everything} are the same, and shows only where they are not. */
export function assertSame(now: string, before: string): void {
  const only = (a: string, b: string) => {
    const other = new Set(b.split("\n"));
    return a.split("\n").filter((line) => !other.has(line));
  };
  assert.deepEqual(
    { new: only(now, before), gone: only(before, now) },
    { new: [], gone: [] },
  );
  assert.equal(now.length, before.length);
}

export function plainHosts(
  network: string,
  hosts: Record<string, number>,
  iface = "eth0",
): HostSpec[] {
  return Object.entries(hosts).map(([name, last]) => ({
    name,
    addresses: [`${network}.${last}/24`],
    kind: "plain",
    iface,
  }));
}
