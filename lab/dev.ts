import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readCliArgs } from "../components/verify/verifyCli.ts";
import { installTools } from "./base.ts";
import { devHosts, devNodes, machines } from "./devNodes.ts";
import { type Engine, getEngine } from "./engine.ts";
import { tryRun } from "./exec.ts";
import { Lab, permanent } from "./lab.ts";
import { labOf, local, root } from "./paths.ts";
import { pingTable } from "./pingTable.ts";
import { Stack } from "./stack.ts";
import { ownContext } from "./verifyContext.ts";

const devLab = labOf(root);

/** Raises the machines of machines.txt as hosts, if they are not up, and runs `pulumi up` of the stack `dev` on them. */
export async function start(): Promise<number> {
  await installTools("ip", "ping", "ssh-keygen", "mmdebstrap");
  const engine = await getEngine("command");
  console.log(`Engine: ${engine.origin}`);
  if (engine.standIns.length > 0) {
    console.log(
      "The command plugin is a stand-in (lab/standin): the official one cannot be downloaded here",
    );
  }
  const lab = await raise();
  const stack = await devStack(lab, engine);
  console.log("\npulumi up --stack dev");
  const up = ["up", "--yes", "--skip-preview", "--suppress-outputs"];
  const code = stack.interactive(up);
  if (code !== 0) {
    return code;
  }
  console.log(
    `\nThe route table (pulumi stack output routeTableText):\n${indent(await stack.output("routeTableText"))}`,
  );
  for (const name of leftOver(lab)) {
    console.log(
      `${name} is not in ${machines}; its host stays up, without a pod, until npm stop`,
    );
  }
  const { text, failed } = await pingTable(lab);
  console.log(`\nPings from pod to pod:\n${indent(text)}`);
  if (failed > 0) {
    console.error(
      `\nPings without an answer: ${failed}. What is wrong, and what fixes it: npm run verify -- --stack dev`,
    );
    return 1;
  }
  console.log(`
Try next:
  npm run pulumi -- preview --diff          see what an edit of ${machines} would change; npm start applies it
  npm run pulumi -- stack output routeTable what other stacks read
  npm run verify -- --stack dev             compare the hosts with the stack
  npm run pulumi -- destroy --yes           take the routes off the hosts again
  npm stop                                  take the hosts away`);
  return 0;
}

/** Takes the hosts, the stack and its state away. */
export async function stop(): Promise<number> {
  await Lab.named(devLab).down();
  rmSync(local, { recursive: true, force: true });
  console.log("The lab is down, and its hosts are gone");
  return 0;
}

/** Runs the Pulumi CLI for the stack `dev`, in the network of the lab. */
export async function pulumi(args: readonly string[]): Promise<number> {
  const lab = Lab.named(devLab);
  if (!lab.isUp()) {
    console.error("the lab is not up, start it with: npm start");
    return 1;
  }
  return (await devStack(lab, await getEngine("command"))).interactive(args);
}

/**
 * Checks a stack: while the lab is up, the lab's stack `dev`, if `--stack dev` names it, or if there is no `--stack`
 * and no stack is selected, or if the user has no Pulumi CLI. All other stacks are the user's own.
 */
export async function verify(args: readonly string[]): Promise<number> {
  // standard output is for the report alone, so what the lab prints goes to standard error
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const given = readCliArgs(args, ownContext);
  const lab = Lab.named(devLab);
  if (given.help || !lab.isUp() || !(await isLabs(given.stack))) {
    return runVerify("own", args);
  }
  const stack = await devStack(lab, await getEngine("command"));
  if (given.stack !== undefined) {
    return runVerify("lab", args, stack);
  }
  console.error("Stack dev of npm start; no other one is selected");
  return runVerify("lab", [...args, "--stack", "dev"], stack);
}

async function isLabs(name: string | undefined): Promise<boolean> {
  if (name === "dev") {
    return true;
  }
  const selected = await tryRun("pulumi", ["stack", "--show-name"]).catch(
    () => undefined, // there is no CLI
  );
  return selected === undefined || (name === undefined && selected.code !== 0);
}

/** Checks a stack, in the network and environment of the lab's if that is given. */
function runVerify(
  whose: "own" | "lab",
  args: readonly string[],
  stack?: Stack,
): number {
  const program = join(root, "lab/runVerify.ts");
  const main = [process.execPath, program, whose, ...args];
  const [command = "", ...rest] = stack?.inside(main) ?? main;
  const env = stack?.environment() ?? process.env;
  return spawnSync(command, rest, { env, stdio: "inherit" }).status ?? 2;
}

/** The hosts whose machines are no longer in the inventory. */
function leftOver(lab: Lab): string[] {
  const names = new Set(devNodes().map(({ name }) => name));
  return lab.hosts.map(({ name }) => name).filter((name) => !names.has(name));
}

/** Starts what the lab lacks: a host for every machine, and a pod for every pod CIDR. A host whose machine is gone stays up. */
async function raise(): Promise<Lab> {
  let lab = Lab.named(devLab);
  const nodes = devNodes();
  if (!lab.isUp()) {
    // the hosts that the state lists are gone
    rmSync(join(local, "state"), { recursive: true, force: true });
    lab = await Lab.raise(devLab, ["198.19.249.1/24"], permanent);
  }
  const missing = nodes.filter(
    (node) => !lab.hosts.some((host) => host.name === node.name),
  );
  if (missing.length > 0) {
    console.log(
      `Starting hosts: ${missing.map((node) => `${node.name} (${node.address})`).join(", ")}`,
    );
    await lab.add(...devHosts(missing));
  }
  for (const { name } of lab.hosts) {
    const { podCidrs = [] } = nodes.find((node) => node.name === name) ?? {};
    const cidrs = podCidrs.map((cidr) => cidr.text);
    await (cidrs.length > 0 ? lab.addPod(name, cidrs) : lab.removePod(name));
  }
  return lab;
}

/** The stack of Pulumi.dev.yaml, with the lab's key and host keys where that file says they are. */
async function devStack(lab: Lab, engine: Engine): Promise<Stack> {
  // the lab has a key of its own, and the provider fails where an agent is named that does not run
  const env = { SSH_AUTH_SOCK: "" };
  const stack = new Stack("dev", engine, lab.netns, local, env);
  mkdirSync(local, { recursive: true });
  copyFileSync(lab.key, join(local, "id_ed25519"));
  copyFileSync(lab.knownHosts, join(local, "known_hosts"));
  stack.configure(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"));
  await stack.init();
  return stack;
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
