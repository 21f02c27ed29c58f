import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { until } from "../lab/exec.ts";

/**
 * A control group (version 2) of its own for one command: it counts the processor time of all that the
 * command starts, waited for or not, and ends what is left of it.
 */
export class Group {
  private readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static make(): Group {
    // both hierarchies, as systemd mounts them where version 1 is still in use; or version 2 alone
    const mount = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((path) =>
      existsSync(join(path, "cgroup.procs")),
    );
    if (mount === undefined) {
      throw new Error("the bench needs control groups, version 2");
    }
    const [, own = "/"] =
      /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? [];
    const name = `pod-network-routes-bench-${process.pid}`;
    const directory = join(mount, own, name);
    mkdirSync(directory);
    return new Group(directory);
  }

  /** The command line that runs a command inside the group. */
  inside(command: readonly string[]): string[] {
    const enter = 'echo 0 >"$0" && exec "$@"';
    return ["sh", "-c", enter, this.file("cgroup.procs"), ...command];
  }

  get cpuSeconds(): number {
    const stat = readFileSync(this.file("cpu.stat"), "utf8");
    return Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]) / 1e6;
  }

  get pids(): number[] {
    const procs = readFileSync(this.file("cgroup.procs"), "utf8");
    return procs.split("\n").filter(Boolean).map(Number);
  }

  /** Ends what is still running in it, and takes it away. */
  async remove(): Promise<void> {
    writeFileSync(this.file("cgroup.kill"), "1");
    await until("the measured processes end", async () =>
      this.pids.length === 0 ? true : undefined,
    );
    rmdirSync(this.directory);
  }

  private file(name: string): string {
    return join(this.directory, name);
  }
}
