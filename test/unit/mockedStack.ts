import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import ssh2 from "ssh2";
import type { HostPodRoutesArgs } from "../../components/hosts/hostArgs.ts";
import { HostPodRoutes } from "../../components/hosts/hostPodRoutes.ts";

const { utils } = ssh2;

/** A directory that is gone after the tests of the file. */
export const directory = mkdtempSync(join(tmpdir(), "components-test-"));
after(() => rmSync(directory, { recursive: true }));

/** Writes a file into {@link directory} and returns its path. */
export function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Writes a shell script that is called like a program into a directory of programs. */
export function program(bin: string, name: string, script: string): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** A key pair, and its public half as a known_hosts file has it: TYPE BASE64. */
export function keyPair(type: "ed25519" | "ecdsa" = "ed25519") {
  const pair =
    type === "ed25519"
      ? ed25519()
      : utils.generateKeyPairSync("ecdsa", { bits: 256 });
  return {
    privateKey: pair.private,
    hostKey: pair.public.split(" ").slice(0, 2).join(" "),
  };
}

/** About one of 200 keys that ssh2 generates is one that it cannot read. */
export function ed25519(
  passphrase?: string,
): ReturnType<typeof utils.generateKeyPairSync> {
  const pair = utils.generateKeyPairSync(
    "ed25519",
    passphrase ? { passphrase, cipher: "aes256-cbc", rounds: 1 } : undefined,
  );
  const readable = utils.parseKey(pair.private, passphrase);
  return readable instanceof Error ? ed25519(passphrase) : pair;
}

/** A resource as the engine is told of it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  /** The id by which it is to be imported, where it is. */
  readonly importId?: string;
}

/** What became of a component that was declared to an engine that only records. */
export interface Declared {
  readonly component: HostPodRoutes;
  readonly registered: readonly Registered[];
}

/** Declares a component, and waits until everything about it is registered. */
export async function declare(
  args: HostPodRoutesArgs,
  {
    stdout = "persistence: systemd",
    organization = "organization",
    preview = false,
    call = undefined as pulumi.runtime.Mocks["call"] | undefined,
  } = {},
): Promise<Declared> {
  const registered = await record(stdout, organization, preview, call);
  const component = new HostPodRoutes("routes", args);
  await pulumi.runtime.disconnect();
  return { component, registered };
}

/** Makes the engine a recorder; the list grows as resources are registered. */
export async function record(
  stdout = "",
  organization = "organization",
  preview = false,
  call: pulumi.runtime.Mocks["call"] = ({ inputs }) => inputs,
): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      call,
      newResource: ({ type, name, inputs, id }) => {
        registered.push({ type, name, inputs, ...(id && { importId: id }) });
        return { id: name, state: { ...inputs, stdout } };
      },
    },
    "project",
    "stack",
    preview,
    organization,
  );
  return registered;
}

/**
 * Answers as an engine does that has this state: resources by their URNs. Without one, as the mocks of a program's
 * unit tests do, no host is asked for its key.
 */
export function engineWith(
  outputs: Readonly<Record<string, unknown>> = {},
): pulumi.runtime.Mocks["call"] {
  return ({ token, inputs }) =>
    token === "pulumi:pulumi:readStackResourceOutputs"
      ? { name: inputs.stackName, outputs }
      : inputs;
}

/** Sets the stack's configuration, as the engine hands it over: everything as text. */
export function configure(
  config: Record<string, unknown>,
  secretKeys: readonly string[] = [],
): void {
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, v]) => [
        key.includes(":") ? key : `project:${key}`,
        typeof v === "string" ? v : JSON.stringify(v),
      ]),
    ),
  );
  process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(
    secretKeys.map((key) => `project:${key}`),
  );
}

/** The value of an output, once it is known. */
export function value<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((known) => resolve(known));
  });
}

/** The inputs of a command as recorded, with its secret connection laid open. */
export interface CommandInputs {
  readonly connection: pulumi.Unwrap<remote.CommandArgs["connection"]>;
  readonly create: string;
  readonly delete: string;
  readonly stdin: string;
}

/** The commands among the resources, by name. */
export function commands(
  registered: readonly Registered[],
): Record<string, CommandInputs> {
  return Object.fromEntries(
    registered
      .filter(({ type }) => type === "command:remote:Command")
      .map(({ name, inputs }) => [
        name,
        {
          ...inputs,
          connection: pulumi.runtime.unwrapRpcSecret(inputs.connection),
        } as CommandInputs,
      ]),
  );
}

/** What a host is told: the lines of a standard input before its end, or before the script. */
export function facts(stdin: string | undefined): string[] {
  return stdin?.split(/\n(?:end|--- script)\n/)[0]?.split("\n") ?? [];
}

/** What is warned of from now on, until the test ends. */
export function warnings(t: TestContext): string[] {
  const said: string[] = [];
  t.mock.method(console, "warn", (text: string) => said.push(text));
  return said;
}

const { privateKey, hostKey } = keyPair();

/** The host key of every host of {@link cluster}, and the private key that logs into each. */
export { hostKey, privateKey };

/** A controller and two workers, all with the same host key; no host is asked for it. */
export const cluster = {
  nodes: [
    { name: "server", internalIp: "10.240.0.10" },
    { name: "node-0", internalIp: "10.240.0.20", podCidrs: ["10.200.0.0/24"] },
    { name: "node-1", internalIp: "10.240.0.21", podCidrs: ["10.200.1.0/24"] },
  ],
  ssh: {
    preflight: false,
    privateKeyFile: file("id_ed25519", privateKey),
    knownHostsFile: file("known_hosts", `* ${hostKey}\n`),
  },
} satisfies HostPodRoutesArgs;

/** The error that would end a Pulumi program. The test runner does not see it. */
export function unhandledRejection(t: TestContext): Promise<unknown> {
  const before = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  t.after(() => {
    process.removeAllListeners("unhandledRejection");
    for (const listener of before) {
      process.on("unhandledRejection", listener);
    }
  });
  return new Promise((resolve) => {
    process.on("unhandledRejection", resolve);
  });
}

/** What the user reads of a configuration that is refused, a fault each. */
export async function refusal(reading: Promise<unknown>): Promise<string[]> {
  try {
    await reading;
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error));
    return (error as Error).message.split("\n  - ").slice(1);
  }
  assert.fail("the configuration was not refused");
}
