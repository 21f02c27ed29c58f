import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { routeOutputsSchema as awsOutputs } from "../../../components/aws/awsAnswers.ts";
import { Faults } from "../../../components/core/faults.ts";
import { routeOutputsSchema as gcpOutputs } from "../../../components/gcp/gcpAnswers.ts";
import { routeOutputsSchema as openStackOutputs } from "../../../components/openstack/openStackAnswers.ts";
import { type Recorded, recorded } from "../../../components/stack/recorded.ts";
import { hostileTexts } from "../cloud/lyingHttpServer.ts";
import { record } from "../mockedStack.ts";

const network =
  "https://www.googleapis.com/compute/v1/projects/p/global/networks/kube";

/** What the state holds of a route of each cloud, as its provider writes it. */
const clouds = {
  AWS: {
    type: "aws:ec2/route:Route",
    outputs: awsOutputs,
    route: { networkInterfaceId: "eni-0a1b", routeTableId: "rtb-1", state: "" },
  },
  GCP: {
    type: "gcp:compute/route:Route",
    outputs: gcpOutputs,
    route: {
      name: "kubernetes-route-10-200-0-0-24",
      network,
      tags: null,
      destRange: "10.200.0.0/24",
      priority: 1000,
      description: "",
      nextHopIp: "10.240.0.20",
      nextHopInstance: "",
    },
  },
  OpenStack: {
    type: "openstack:networking/subnetRoute:SubnetRoute",
    outputs: openStackOutputs,
    route: {
      destinationCidr: "10.200.0.0/24",
      nextHop: "10.240.0.20",
      subnetId: "0b2c5b1e-52ab-4d6d-8f7b-1d2e3f405162",
    },
  },
};

/** Reads a state of these resources, by their names. */
async function read(
  { type, outputs }: (typeof clouds)[keyof typeof clouds],
  resources: Record<string, unknown>,
) {
  await record("", "organization", false, () => ({
    outputs: Object.fromEntries(
      Object.entries(resources).map(([name, resource]) => [
        `urn:pulumi:s::p::${type}::${name}`,
        resource,
      ]),
    ),
  }));
  const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
  const faults = new Faults();
  const wanted = { type, prefix: "routes-", outputs };
  const found = await recorded(wanted, parent, faults);
  await pulumi.runtime.disconnect();
  return { ...found, faults: faults.all };
}

for (const [name, cloud] of Object.entries(clouds)) {
  const { type, route } = cloud;

  test(`a route of ${name} in the state is read as it is, with its URN, and apart from those of other components`, async () => {
    const resources = {
      "routes-x": { type, outputs: route },
      "other-x": { type, outputs: { [Object.keys(route)[0] ?? ""]: 7 } },
      "other-y": { type, outputs: route },
      "routes-y": { type: "pulumi:pulumi:Stack", outputs: {} },
      "routes-z": null,
    };
    const { ours, others, faults } = await read(cloud, resources);
    assert.deepEqual(faults, []);
    assert.deepEqual([...ours.keys()], ["x"]);
    assert.deepEqual(
      others.map(({ urn }) => urn),
      [`urn:pulumi:s::p::${type}::other-y`],
    );
    const urn = `urn:pulumi:s::p::${type}::routes-x`;
    for (const [key, value] of Object.entries({ ...route, urn })) {
      assert.deepEqual(ours.get("x")?.[key], value, key);
    }
  });

  for (const [key, value] of Object.entries(route)) {
    const shape = cloud.outputs.shape as Recorded;
    const isRead = Object.hasOwn(shape, key);
    if (typeof value !== "string" || !isRead || key === "description") {
      continue;
    }
    test(`a ${key} in the state that ${name} cannot have given is a fault`, async () => {
      for (const bad of [...hostileTexts, "x;reboot", "$(reboot)", 7, {}]) {
        const resource = { type, outputs: { ...route, [key]: bad } };
        const { ours, faults } = await read(cloud, { "routes-x": resource });
        assert.deepEqual([...ours.keys()], [], String(bad).slice(0, 100));
        assert.ok(faults.length > 0);
        for (const { path, message } of faults) {
          assert.equal(path, `state.routes-x.${key}`);
          assert.match(message, /^[ -~]{1,300}$/);
        }
      }
    });
  }
}

test("the name of a resource in the state cannot be more than a part of one line", async () => {
  for (const text of hostileTexts) {
    const name = `routes-${text}`;
    const resource = {
      type: clouds.AWS.type,
      outputs: { networkInterfaceId: 7 },
    };
    const { faults } = await read(clouds.AWS, { [name]: resource });
    assert.equal(faults.length, 1);
    assert.match(faults[0]?.path ?? "", /^[ -~]{1,200}$/);
  }
});
