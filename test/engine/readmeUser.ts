import { copyFileSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { environment, getEngine } from "../../lab/engine.ts";
import { run } from "../../lab/exec.ts";
import { Lab } from "../../lab/lab.ts";
import { root } from "../../lab/paths.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";
import { plainHosts } from "./scenario.ts";

/** A user who runs the commands of README in a clone of this project, in the network of some hosts. */
export class ReadmeUser {
  lab!: Lab;
  private readonly home = temporaryDirectory("readme");
  readonly clone = join(this.home, "pod-network-routes");

  constructor(network: string, hosts: Readonly<Record<string, number>>) {
    before(async () => {
      this.lab = await Lab.raise(`r${process.pid}`, [`${network}.1/24`]);
      await this.lab.add(...plainHosts(network, hosts));
      await run("git", ["clone", "-q", root, this.clone]);
      mkdirSync(join(this.home, ".ssh"));
      copyFileSync(this.lab.key, join(this.home, ".ssh/id_ed25519"));
      copyFileSync(this.lab.knownHosts, join(this.home, ".ssh/known_hosts"));
    });
    after(() => this.lab.down());
  }

  /** Runs commands in the clone; npm reaches its registry only outside of the lab's network. */
  async runs(commands: string, where: "inside" | "outside"): Promise<string> {
    const inLab = ["ip", "netns", "exec", this.lab.netns];
    const shell = ["sh", "-e", "-c", commands];
    const [command = "", ...args] =
      where === "inside" ? [...inLab, ...shell] : shell;
    const env = {
      ...environment(await getEngine("command"), this.home),
      HOME: this.home,
      npm_config_cache: join(homedir(), ".npm"),
      PULUMI_CONFIG_PASSPHRASE: "a test's",
      // what a person answers to `pulumi up`
      PULUMI_SKIP_CONFIRMATIONS: "true",
    };
    return run(command, args, { cwd: this.clone, env });
  }

  /** Our routes on a host. */
  async table(host: string): Promise<string> {
    return (await this.lab.on(host, "ip route show proto 173")).trim();
  }
}
