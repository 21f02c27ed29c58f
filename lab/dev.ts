import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installTools } from "./base";
import { devNodes, machines } from "./devNodes";
import { type Engine, getEngine } from "./engine";
import { Lab, permanent } from "./lab";
import { labOf, local, root } from "./paths";
import { Stack } from "./stack";

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
  console.log(`\nPings from pod to pod:\n${indent(await matrix(lab))}`);
  console.log(`
Try next:
  npm run pulumi -- preview --diff          see what an edit of ${machines} would change; npm start applies it
  npm run pulumi -- stack output routeTable what other stacks read
  npm run pulumi -- destroy --yes           take the routes off the hosts again
  npm stop                                  take the hosts away`);
  return 0;
}

/** Takes the hosts, the stack and its state away. */
export async function stop(): Promise<void> {
  await Lab.named(devLab).down();
  rmSync(local, { recursive: true, force: true });
  console.log("The lab is down, and its hosts are gone");
}

/** Hands a command to the Pulumi CLI, in the network of the lab that is up. */
export async function pulumi(args: readonly string[]): Promise<number> {
  const lab = Lab.named(devLab);
  if (!lab.isUp()) {
    console.error("the lab is not up, start it with: npm start");
    return 1;
  }
  return (await devStack(lab, await getEngine("command"))).interactive(args);
}

/**
 * Checks a stack; see verify.ts for the arguments. The stack `dev` is the lab's while the lab is up;
 * every other one is the user's own, for the Pulumi CLI on the PATH.
 */
export async function verify(args: readonly string[]): Promise<number> {
  const main = [
    process.execPath,
    ...["--require", join(root, "register.js")],
    join(root, "lab/verify.ts"),
    ...args,
  ];
  const lab = Lab.named(devLab);
  const inLab = /(^| )--stack[ =]dev( |$)/.test(args.join(" ")) && lab.isUp();
  const stack = inLab
    ? await devStack(lab, await getEngine("command"))
    : undefined;
  const [command = "", ...rest] = stack?.inside(main) ?? main;
  const env = stack?.environment() ?? process.env;
  return spawnSync(command, rest, { env, stdio: "inherit" }).status ?? 2;
}

/** The lab with a host for every machine and a pod for every pod CIDR; what is up already is kept. */
async function raise(): Promise<Lab> {
  let lab = Lab.named(devLab);
  const nodes = devNodes();
  if (!lab.isUp()) {
    rmSync(join(local, "state"), { recursive: true, force: true }); // it speaks of hosts that are gone
    lab = await Lab.raise(devLab, ["198.19.249.1/24"], permanent);
  }
  const missing = nodes.filter(
    (node) => !lab.hosts.some((host) => host.name === node.name),
  );
  if (missing.length > 0) {
    console.log(
      `Starting hosts: ${missing.map((node) => `${node.name} (${node.address})`).join(", ")}`,
    );
    await lab.add(
      ...missing.map(({ name, address }) => ({
        name,
        addresses: [`${address}/24`],
        kind: "plain" as const,
        iface: "ens160",
      })),
    );
  }
  for (const { name, podCidrs } of nodes.filter(
    (node) => node.podCidrs.length > 0,
  )) {
    await lab.addPod(
      name,
      podCidrs.map((cidr) => cidr.text),
    );
  }
  return lab;
}

/** The stack of Pulumi.dev.yaml, with the lab's key and host keys where that file says they are. */
async function devStack(lab: Lab, engine: Engine): Promise<Stack> {
  // the lab has a key of its own; the provider would stumble over an agent that is gone
  const env = { SSH_AUTH_SOCK: "" };
  const stack = new Stack("dev", engine, lab.netns, local, env);
  mkdirSync(local, { recursive: true });
  copyFileSync(lab.key, join(local, "id_ed25519"));
  copyFileSync(lab.knownHosts, join(local, "known_hosts"));
  stack.configure(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"));
  await stack.init();
  return stack;
}

/** Who reaches whom, as a table: rows ping columns. */
async function matrix(lab: Lab): Promise<string> {
  const pods = lab.pods();
  const width = Math.max(...pods.map((pod) => pod.host.length), 8) + 2;
  const rows = await Promise.all(
    pods.map(async (from) => {
      const cells = pods.map(async (to) =>
        (await lab.ping(from.host, to.address)) ? "ok" : "FAILS",
      );
      return [from.host, ...(await Promise.all(cells))];
    }),
  );
  return [["", ...pods.map((pod) => pod.host)], ...rows]
    .map((row) =>
      row
        .map((cell) => cell.padEnd(width))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
