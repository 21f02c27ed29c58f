import { type ChildProcess, spawn } from "node:child_process";
import type { Lab } from "../../lab/lab.ts";

/** Sees every route that a host's kernel is ever given, while it looks. */
export class Witness {
  private readonly watching = new Map<string, ChildProcess>();
  private seen: { host: string; route: string }[] = [];

  private readonly lab: Lab;

  constructor(lab: Lab) {
    this.lab = lab;
  }

  /** Looks at a host from now on; again, after it was down. */
  watch(host: string): void {
    this.watching.get(host)?.kill();
    const { netns } = this.lab.host(host);
    const child = spawn("ip", ["-n", netns, "-o", "monitor", "route"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [, route] = /^(10\.200\.\S+ via \S+) /.exec(line) ?? [];
        if (route !== undefined) {
          this.seen.push({ host, route });
        }
      }
    });
    this.watching.set(host, child);
  }

  /** The routes to pods that were added since the last call, as `HOST: CIDR via ADDRESS`. */
  take(): string[] {
    const taken = this.seen.map(({ host, route }) => `${host}: ${route}`);
    this.seen = [];
    return [...new Set(taken)];
  }

  end(): void {
    for (const child of this.watching.values()) {
      child.kill();
    }
  }
}
