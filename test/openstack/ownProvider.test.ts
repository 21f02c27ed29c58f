import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { getEngine } from "../../lab/engine.ts";
import { ComponentStack } from "../componentStack.ts";
import { failed } from "../programStack.ts";
import { Neutron } from "./neutron.ts";

const name = "kubernetes";
const nodes = [
  {
    name: "worker-0",
    internalIp: "10.240.0.20",
    podCidrs: ["10.200.0.0/24"],
  },
];

describe("OpenStackPodRoutes with a provider of its own", () => {
  const directory = mkdtempSync(join(tmpdir(), "pod-network-routes-own-"));
  let neutron: Neutron;
  let subnet: string;

  before(async () => {
    neutron = await Neutron.start();
    subnet = await neutron.subnetOf(name, nodes);
  });
  after(async () => {
    await neutron.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("asks Neutron in the region of that provider, and not in that of the environment", async () => {
    const { OS_REGION_NAME: region = "", ...env } = neutron.env;
    const stack = await new ComponentStack(
      ...(["dev", await getEngine("openstack")] as const),
      { ...env, HOME: directory, OS_REGION_NAME: "Nowhere" },
      directory,
    ).init();
    const pods = {
      type: "OpenStackPodRoutes" as const,
      args: { nodes, subnet: name },
    };
    const said = failed(await stack.run({ pods }, "preview"));
    assert.match(said, /OpenStack could not be asked what is there/);
    assert.doesNotMatch(said, /\n\s+at .*\(/, "a stack trace");
    const provider = ["openstack", { region }] as const;
    await stack.up({ pods: { ...pods, provider } });
    assert.deepEqual(await neutron.hostRoutes(subnet), [
      { destination: "10.200.0.0/24", nexthop: "10.240.0.20" },
    ]);
  });
});
