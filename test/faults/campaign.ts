import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../lab/exec.ts";
import { engineWithGivenPlugin } from "../../lab/givenPlugin.ts";
import { Lab } from "../../lab/lab.ts";
import { configOf, Stack } from "../../lab/stack.ts";
import { background } from "../background.ts";
import { verify } from "../stacks.ts";
import { type Injected, inject, prepare, type Site } from "./inject.ts";
import { type FaultKind, plan, type Run, type Table } from "./plan.ts";
import { Witness } from "./witness.ts";

/** What a campaign found. */
export interface Outcome {
  /** How many faults of each kind there were, and how many of them found something to break. */
  readonly injected: ReadonlyMap<FaultKind, { runs: number; hits: number }>;
  readonly violations: readonly string[];
}

interface Options {
  readonly runs: number;
  readonly seed: number;
  /** The project that is tested. */
  readonly project: string;
  say(line: string): void;
}

const controller = "controller-0";
const withSystemd = "worker-2";
const addresses: Record<string, string> = {
  [controller]: "10.240.0.10",
  "worker-0": "10.240.0.20",
  "worker-1": "10.240.0.21",
  "worker-2": "10.240.0.22",
};
const all = Object.keys(addresses);
const foreignRoute = "10.99.0.0/24 via 10.240.0.1";
const foreignLine = "192.0.2.7 somebody-else";
const cidr = (n: number) => `10.200.${n}.0/24`;

/**
 * Changes a cluster again and again, breaks something each time, and looks whether one `pulumi up`
 * after what broke has been fixed brings everything to where it belongs.
 */
export async function campaign(options: Options): Promise<Outcome> {
  const { runs, seed, say } = options;
  const lab = await Lab.raise(`f${process.pid}`, ["10.240.0.1/24"]);
  const home = mkdtempSync(join(tmpdir(), "pod-network-routes-faults-"));
  const witness = new Witness(lab);
  try {
    const stack = await raise(lab, home, options.project);
    for (const host of all) {
      witness.watch(host);
    }
    const ground = new Ground({ lab, stack, witness });
    const injected = new Map<FaultKind, { runs: number; hits: number }>();
    const violations: string[] = [];
    for (const [i, run] of plan(runs, seed).entries()) {
      const { hit, wrong } = await ground.play(run);
      const { runs, hits } = injected.get(run.fault) ?? { runs: 0, hits: 0 };
      injected.set(run.fault, { runs: runs + 1, hits: hits + (hit ? 1 : 0) });
      say(`${i + 1}: ${describe(run)}${hit ? "" : " (nothing to hit)"}`);
      for (const one of wrong) {
        violations.push(`run ${i + 1}, ${describe(run)}: ${one}`);
        say(`  VIOLATION ${one}`);
      }
    }
    return { injected, violations };
  } finally {
    witness.end();
    await lab.down();
    rmSync(home, { recursive: true, force: true });
  }
}

function describe({ table, fault, host, after }: Run): string {
  const what =
    table === undefined
      ? "destroy"
      : Object.entries(table)
          .map(([name, n]) => `${name} ${cidr(n)}`)
          .join(", ");
  return `${fault} at ${host} after ${after} ms of: ${what}`;
}

async function raise(lab: Lab, home: string, project: string): Promise<Stack> {
  await lab.add(
    ...all.map((name) => ({
      name,
      addresses: [`${addresses[name]}/24`],
      kind: name === withSystemd ? ("systemd" as const) : ("plain" as const),
    })),
  );
  await lab.booted(withSystemd);
  for (const host of all) {
    await lab.on(
      host,
      `ip route add ${foreignRoute}; echo '${foreignLine}' >>/etc/hosts`,
    );
  }
  const engine = await engineWithGivenPlugin(join(home, "pulumi-home"));
  const env = { HOME: home, SSH_AUTH_SOCK: "" };
  const stack = new Stack(
    "faults",
    engine,
    lab.netns,
    join(home, "faults"),
    env,
    project,
  );
  await stack.init();
  return stack;
}

/** The cluster of a campaign, and what its hosts have to be like between the runs. */
class Ground {
  private now: Table | undefined;
  private healInterval = 1;

  private readonly site: Site;

  constructor(site: Site) {
    this.site = site;
  }

  /** One run: the change with its fault, what verify says then, the recovery, and a look at everything. */
  async play({ table, fault, host, after }: Run): Promise<{
    hit: boolean;
    wrong: string[];
  }> {
    const { lab, stack, witness } = this.site;
    const before = this.now;
    this.configure(table ?? before ?? {}, fault === "other host key");
    const restore = await prepare(fault, { lab, host });
    const lastRun = await this.lastRun();
    const verb = table === undefined ? "destroy" : "up";
    const flags = verb === "up" ? ["--skip-preview"] : [];
    const { ended, pid } = background(stack, [verb, "--yes", ...flags]);
    let underWay = true;
    ended.then(() => {
      underWay = false;
    });
    await Promise.race([ended, sleep(after)]);
    const injected: Injected = await inject(fault, {
      lab,
      stack,
      witness,
      host,
      withSystemd,
      engine: pid,
      underWay: () => underWay,
    });
    const [code] = await ended;
    await injected.fix();
    await restore();
    await this.foreignBack();
    const hasTrace = code !== null && lastRun !== (await this.lastRun());
    const wrong = await this.lies(hasTrace ? code : null, before, table);
    if (fault === "routes deleted" && host !== withSystemd) {
      // nothing there puts them back; docs/troubleshooting.md: any change does
      this.healInterval = 3 - this.healInterval;
    }
    wrong.push(...(await this.recover(verb, table ?? before ?? {})));
    this.now = table;
    if (fault === "host dies" && (await this.hasForgotten(host, table))) {
      this.healInterval = 3 - this.healInterval;
      wrong.push(...(await this.recover(verb, table ?? before ?? {})));
    }
    if (fault === "routes deleted" && host === withSystemd) {
      await this.healed(table);
    }
    const tables = [before, table].flatMap((t) => (t ? [t] : []));
    wrong.push(...this.wrongHops(tables), ...(await this.look(table)));
    return { hit: injected.hit, wrong };
  }

  /** Waits for the unit of the host with systemd. What is still wrong after some seconds is for others to find. */
  private async healed(table: Table | undefined): Promise<void> {
    const right = async () => (await this.look(table)).length === 0;
    await until(
      "the unit has healed",
      async () => (await right()) || undefined,
      10,
    ).catch(() => {});
  }

  /**
   * What verify says that is not so, after a change and before the recovery: it must not call a stack well while
   * anything is wrong, and it must call it well after a change that succeeded and did all of its work.
   *
   * @param code what the change ended with; null: it was killed, or failed before it began, and nobody wrote that down
   */
  private async lies(
    code: number | null,
    before: Table | undefined,
    table: Table | undefined,
  ): Promise<string[]> {
    if (code === 0) {
      await this.healed(table);
    }
    const looks = async () => [await this.look(before), await this.look(table)];
    const seen = await looks();
    const verdict = await verify(this.site.stack);
    if (JSON.stringify(seen) !== JSON.stringify(await looks())) {
      return []; // a host fixed itself meanwhile
    }
    const isClean = await this.isClean(table ?? {});
    const [asBefore, allRight] = [before, table].map(
      (wanted, i) => wanted !== undefined && seen[i]?.length === 0,
    );
    const asWanted = allRight && isClean;
    const mayBeWell = asWanted || (code === null && asBefore);
    const isWell = code === 0 && asWanted;
    const saysWell = verdict.code === 0;
    const isTrue = saysWell ? mayBeWell && (code ?? 0) === 0 : !isWell;
    return isTrue
      ? []
      : [
          `verify ended with ${verdict.code}, after a change that ended with ${code}: ${verdict.stdout}${verdict.stderr}`,
        ];
  }

  /** What Pulumi has written down of the last run, as text. */
  private async lastRun(): Promise<string> {
    const args = ["stack", "history", "--json", "--page-size", "1"];
    return (await this.site.stack.pulumi(args)).stdout;
  }

  /** Whether the state has no host that is to be cleaned: one that could not be reached stays there, and the change succeeds. */
  private async isClean(table: Table): Promise<boolean> {
    const { stdout } = await this.site.stack.pulumi(["stack", "export"]);
    return [...stdout.matchAll(/::routes-(worker-\d)@/g)].every(
      ([, name = ""]) => name in table,
    );
  }

  /** Whether a host that keeps nothing over a restart was started anew after its change was made, of which Pulumi knows nothing. */
  private async hasForgotten(
    host: string,
    table: Table | undefined,
  ): Promise<boolean> {
    const wrong = await this.look(table);
    return (
      host !== withSystemd && wrong.some((one) => one.startsWith(`${host}: `))
    );
  }

  private configure(table: Table, wrongKey: boolean): void {
    const { lab, stack } = this.site;
    const nodes = [
      { name: controller, internalIp: addresses[controller] },
      ...Object.entries(table).map(([name, n]) => ({
        name,
        internalIp: addresses[name],
        podCidrs: [cidr(n)],
      })),
    ];
    const key = lab.host(controller).hostKey;
    const ssh = {
      user: "ops",
      privateKeyFile: lab.key,
      knownHostsFile: lab.knownHosts,
      connectTimeout: 1,
      connectAttempts: 1,
      ...(wrongKey && {
        hostKeys: { [Object.keys(table)[0] ?? controller]: key },
      }),
    };
    const { healInterval } = this;
    stack.configure(configOf({ nodes, ssh, healInterval }));
  }

  /** What the documentation says to do: `pulumi cancel` if the stack is locked, and the same again. */
  private async recover(verb: string, table: Table): Promise<string[]> {
    const { stack } = this.site;
    this.configure(table, false);
    const again = [verb, "--yes", "--skip-preview"];
    let result = await stack.pulumi(again);
    if (/currently locked by/.test(result.stdout + result.stderr)) {
      await stack.must(["cancel", "--yes"]);
      result = await stack.pulumi(again);
    }
    return result.code === 0
      ? []
      : [`the recovery failed: ${(result.stdout + result.stderr).slice(-800)}`];
  }

  /** A reboot or a dead host loses the routes that no service of the host restores. */
  private async foreignBack(): Promise<void> {
    for (const host of all) {
      await this.site.lab.on(host, `ip route replace ${foreignRoute}`);
    }
  }

  /** Routes to pods that were neither right before nor after. */
  private wrongHops(tables: readonly Table[]): string[] {
    const right = new Set(
      tables.flatMap((table) =>
        Object.entries(table).map(([n, i]) => `${cidr(i)} via ${addresses[n]}`),
      ),
    );
    return this.site.witness
      .take()
      .filter((seen) => !right.has(seen.replace(/^\S+: /, "")))
      .map((seen) => `a route that was never right: ${seen}`);
  }

  /** What is not as it has to be on the hosts. */
  private async look(table: Table | undefined): Promise<string[]> {
    const wrong: string[] = [];
    for (const host of all) {
      const member =
        table !== undefined && (host === controller || host in table);
      const routes = member
        ? Object.entries(table)
            .filter(([name]) => name !== host)
            .map(([name, n]) => `${cidr(n)} via ${addresses[name]} dev eth0`)
            .sort()
        : [];
      const said = (await this.site.lab.on(host, lookCommand)).split("\n");
      const facts = (word: string) =>
        said
          .filter((line) => line.startsWith(`${word} `))
          .map((line) => line.slice(word.length).trim());
      const expect = (what: string, is: unknown, wanted: unknown) => {
        if (JSON.stringify(is) !== JSON.stringify(wanted)) {
          wrong.push(
            `${host}: ${what} ${JSON.stringify(is)}, expected ${JSON.stringify(wanted)}`,
          );
        }
      };
      expect("routes", facts("ours").sort(), routes);
      expect("foreign route", facts("foreign"), [`${foreignRoute} dev eth0`]);
      expect("leftovers", facts("leftover"), []);
      const hosts = facts("hosts");
      expect("foreign line", hosts.includes(foreignLine), true);
      const named = hosts.filter((line) => /^10\.240/.test(line));
      const names = Object.keys(table ?? {}).sort();
      expect(
        "names",
        named,
        host === controller ? names.map((n) => `${addresses[n]} ${n}`) : [],
      );
      expect("forwarding", facts("forward"), [member ? "1" : "0"]);
    }
    return wrong;
  }
}

const lookCommand = [
  ["ours", "ip route show proto 173"],
  ["foreign", "ip route show 10.99.0.0/24"],
  ["hosts", "cat /etc/hosts"],
  [
    "leftover",
    "find /var/lib/pod-network-routes /run/pod-network-routes /etc /tmp -name '*.new' -o -path '*/.next/*' -o -name '*.pod-network-routes' 2>/dev/null",
  ],
  ["forward", "cat /proc/sys/net/ipv4/ip_forward"],
]
  .map(([word, command]) => `${command} | sed 's/^/${word} /'`)
  .join("; ");
