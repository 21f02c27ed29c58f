import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { aws } from "../../../components/aws/awsTarget.ts";
import { gcp } from "../../../components/gcp/gcpTarget.ts";
import { hosts } from "../../../components/hosts/hostTarget.ts";
import { openstack } from "../../../components/openstack/openStackTarget.ts";
import type { Target } from "../../../components/stack/target.ts";
import { declare, outputNames } from "../../../program/declareTargets.ts";
import { ComputeApi } from "../../clouds/computeApiServer.ts";
import { fakeEc2 } from "../aws/fakeEc2.ts";
import { worker } from "../clusterFaults.ts";
import { cluster, record, value, warnings } from "../mockedStack.ts";

/** Declares a target, looks at the names of the outputs, and returns the readme, a line an item. */
async function readme(
  target: Target,
  args: object,
  call: pulumi.runtime.Mocks["call"],
): Promise<string[]> {
  await record("persistence: systemd", "organization", true, (asked) =>
    asked.token === "pulumi:pulumi:readStackResourceOutputs"
      ? { outputs: {} }
      : call(asked),
  );
  const declared = await declare(target, args);
  assert.deepEqual(Object.keys(declared), outputNames(target));
  for (const [name, output] of Object.entries(declared)) {
    assert.ok(pulumi.Output.isInstance(output), `${name} is no output`);
    assert.equal(await pulumi.isSecret(output), false, name);
  }
  const text = await value(declared.readme as pulumi.Output<string>);
  await pulumi.runtime.disconnect();
  const table = (await value(
    declared.routeTable as pulumi.Output<object[]>,
  )) as { destination: string; nextHop: string; node: string }[];
  assert.ok(table.length > 0);
  for (const { destination, nextHop, node } of table) {
    assert.ok(
      text.includes(`| \`${destination}\` | \`${nextHop}\` | ${node} |`),
    );
  }
  const diagram = await value(declared.diagram as pulumi.Output<string>);
  assert.ok(text.includes(`\`\`\`mermaid\n${diagram}\n\`\`\``));
  assert.ok(text.includes("npm run verify -- --stack stack\n"));
  return text.split("\n");
}

test("the readme of hosts says how to look at a host", async () => {
  const lines = await readme(hosts, cluster, ({ inputs }) => inputs);
  assert.ok(lines.some((line) => line.startsWith("ip route show proto 173 ")));
});

test("the readme of AWS says how to look at its route tables", async () => {
  const there = {
    instances: [0, 1].map((i) => ({
      id: `i-${i}`,
      eni: `eni-${i}`,
      ip: `172.20.1.2${i}`,
      tags: { Name: `worker-${i}`, pod_cidr: `172.22.${i}.0/24` },
    })),
    tables: ["rtb-1", "rtb-2"].map((id) => ({
      id,
      tags: { Name: "kubernetes" },
    })),
  };
  const args = {
    instances: { names: ["worker-*"] },
    routeTables: { several: true },
  };
  assert.ok(
    (await readme(aws, args, fakeEc2(there))).includes(
      "aws ec2 describe-route-tables --route-table-ids rtb-1 rtb-2",
    ),
  );
});

test("the readme of GCP says how to look at its network", async (t) => {
  const api = await ComputeApi.start();
  t.after(() => api.stop());
  process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT = api.endpoint;
  const network = "kubernetes-the-hard-way";
  const subnet = { name: "kubernetes", region: api.region };
  api.network(network, { subnets: [{ ...subnet, range: "10.240.0.0/24" }] });
  api.instance({
    name: "worker-0",
    zone: api.zone,
    network,
    ip: "10.240.0.20",
    podCidr: "10.200.0.0/24",
  });
  const args = { instances: { names: ["worker-*"] }, network };
  const lines = await readme(gcp, args, () => ({
    accessToken: api.token,
    project: api.project,
  }));
  assert.ok(
    lines.includes(
      `gcloud compute routes list --project ${api.project} --filter "network: ${network}"`,
    ),
  );
});

for (const [mode, look] of [
  ["subnet", "openstack subnet show -c host_routes subnet-1"],
  ["router", "openstack router show -c routes router-1"],
] as const) {
  test(`the readme of OpenStack says how to look at its ${mode}`, async (t) => {
    const name = "kubernetes";
    const there: Record<string, object[]> = {
      subnets: [
        {
          id: "subnet-1",
          name,
          network_id: "net-1",
          host_routes: [],
          cidr: "10.240.0.0/24",
          ip_version: 4,
        },
      ],
      routers: [{ id: "router-1", name, routes: [] }],
      ports: ["worker-0", "router-1"].map((device, i) => ({
        id: `port-${i}`,
        name: device,
        device_id: device,
        device_owner: i === 0 ? "compute:nova" : "network:router_interface",
        status: "ACTIVE",
        port_security_enabled: false,
        fixed_ips: [{ subnet_id: "subnet-1", ip_address: `10.240.0.2${i}` }],
      })),
    };
    const neutron = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://neutron");
      const collection = url.pathname.replace("/v2.0/", "");
      const found = url.searchParams.has("id") ? [] : there[collection];
      response.end(JSON.stringify({ [collection]: found }));
    }).listen(0, "127.0.0.1");
    warnings(t);
    await once(neutron, "listening");
    t.after(() => neutron.close());
    const { port } = neutron.address() as AddressInfo;
    const endpoint = { interface: "public", url: `http://127.0.0.1:${port}` };
    const nodes = [worker("worker-0", "10.240.0.20", "10.200.0.0/24")];
    const args = { nodes, mode, ...(mode === "router" && { router: name }) };
    const lines = await readme(openstack, args, () => ({
      tokenId: "token",
      serviceCatalogs: [{ type: "network", endpoints: [endpoint] }],
    }));
    assert.ok(lines.includes(look));
  });
}
