import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../../components/cloud/cloudArgs.ts";
import { Faults } from "../../components/core/faults.ts";
import { openStackArgsSchema } from "../../components/openstack/openStackArgs.ts";
import { lookUp } from "../../components/openstack/openStackLookup.ts";
import { planOpenStack } from "../../components/openstack/openStackPlan.ts";
import { OpenStackPodRoutes } from "../../components/openstack/openStackPodRoutes.ts";
import { openstack } from "../../components/openstack/openStackTarget.ts";
import { declare } from "../../program/declareTargets.ts";
import { programError, recordCloud } from "../unit/cloud/cloudStack.ts";
import { record, value, warnings } from "../unit/mockedStack.ts";
import { commandsOf, wordsOf } from "../unit/shellWords.ts";
import { Neutron } from "./neutron.ts";

const node = (i: number) => ({
  name: `worker-${i}`,
  internalIp: `10.240.0.2${i}`,
  podCidrs: [`10.200.${i}.0/24`],
});
const theirs = { destination: "10.200.0.0/24", nexthop: "10.240.0.9" };

describe("every command of openstack that is printed does what the message says", () => {
  let neutron: Neutron;
  let network: string;
  let subnet: string;
  let router: string;
  let port: string;
  let token = "";

  /** Runs a line as it stands, with the client that Debian has, and returns what it prints. */
  const shell = (line: string) =>
    execFileSync("/bin/sh", ["-c", line], {
      env: { ...process.env, ...neutron.env, PYTHONPATH: "" },
      encoding: "utf8",
    });
  const answers = () => ({
    tokenId: token,
    serviceCatalogs: [
      {
        type: "network",
        endpoints: [{ interface: "public", url: neutron.endpoint }],
      },
    ],
  });
  /** The commands that are printed of what Neutron holds. */
  const printed = async (args: object): Promise<string[]> => {
    await record("", "organization", false, answers);
    const read = readCloudArgs(openStackArgsSchema, {
      ...("instances" in args ? {} : { nodes: [node(0)] }),
      subnet: "it's a `subnet`; really",
      ...args,
    });
    const faults = new Faults();
    const found = await lookUp(read, faults, {});
    planOpenStack(read, found, new Map(), faults);
    return faults.all
      .flatMap(({ message }) => commandsOf(message))
      .filter((command) => command.startsWith("openstack "));
  };
  const runs = (commands: readonly string[], cidr = "10.200.0.0/24") => {
    const [command = "", ...more] = commands;
    assert.deepEqual(more, []);
    return shell(command.replace("CIDR", cidr));
  };
  const isSubnet = { mode: "subnet" };
  const isRouter = () => ({ mode: "router", router: "a 'router'; really" });

  before(async () => {
    neutron = await Neutron.start();
    network = await neutron.network("kubernetes");
    subnet = await neutron.subnet(
      network,
      "it's a `subnet`; really",
      "10.240.0.0/24",
    );
    router = await neutron.router("a 'router'; really");
    port = await neutron.port(network, subnet, "10.240.0.20", {
      name: "worker-0",
    });
  });
  after(() => neutron?.stop());

  it("shows which credentials are in use", async (t) => {
    await recordCloud(() => {
      throw new Error("no credentials");
    });
    const nodes = [node(0)];
    const message = await programError(
      t,
      () => new OpenStackPodRoutes("routes", { nodes }),
    );
    const [command = ""] = commandsOf(message);
    token = shell(`${command} -f value -c id`).trim();
    assert.match(token, /^\S{20,}$/);
  });

  for (const args of [{}, { instances: { names: ["worker-*"] } }]) {
    const what =
      "instances" in args ? "a port that is found by name" : "a port";
    it(`allows ${what} its pod CIDR`, async () => {
      await neutron.updatePort(port, { allowedAddresses: [] });
      runs(await printed({ ...args, ...isSubnet }));
      assert.deepEqual(await printed({ ...args, ...isSubnet }), []);
    });
  }

  it("gives the router an interface in the subnet", async () => {
    runs(await printed(isRouter()));
    assert.deepEqual(await printed(isRouter()), []);
  });

  it("removes a host route", async () => {
    await neutron.setHostRoutes(subnet, [theirs]);
    runs(await printed(isSubnet));
    assert.deepEqual(await neutron.hostRoutes(subnet), []);
  });

  it("removes a route of a router", async () => {
    await neutron.setRouterRoutes(router, [theirs]);
    runs(await printed(isRouter()));
    assert.deepEqual(await neutron.routerRoutes(router), []);
  });

  for (const mode of ["subnet", "router"]) {
    it(`shows the routes of the ${mode}, as the readme of the stack says`, async (t) => {
      warnings(t);
      await record("", "organization", true, (asked) =>
        asked.token === "pulumi:pulumi:readStackResourceOutputs"
          ? { outputs: {} }
          : answers(),
      );
      const declared = await declare(openstack, {
        nodes: [node(0)],
        subnet,
        mode,
        ...(mode === "router" && { router }),
      });
      const page = await value(declared.readme as pulumi.Output<string>);
      await pulumi.runtime.disconnect();
      const [look = ""] = page.match(/^openstack .*$/m) ?? [];
      assert.equal(wordsOf([look]).length, 1);
      assert.match(shell(look), /routes/);
    });
  }
});
