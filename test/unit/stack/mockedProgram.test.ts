import assert from "node:assert/strict";
import { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { AwsPodRoutes } from "../../../components/aws/awsPodRoutes.ts";
import { FlannelOverlay } from "../../../components/flannel/flannelOverlay.ts";
import { GcpPodRoutes } from "../../../components/gcp/gcpPodRoutes.ts";
import { HostPodRoutes } from "../../../components/hosts/hostPodRoutes.ts";
import { OpenStackPodRoutes } from "../../../components/openstack/openStackPodRoutes.ts";
import { overlay } from "../flannel/flannelSupport.ts";
import { cluster, record, unhandledRejection, value } from "../mockedStack.ts";

/** What the mocks of programs' unit tests answer to calls. */
const answers: Record<string, pulumi.runtime.Mocks["call"]> = {
  "the inputs": ({ inputs }) => inputs,
  nothing: () => ({}),
};

/** Where connections go from now on, until the test ends. */
function connections(t: TestContext): unknown[] {
  const made: unknown[] = [];
  const { connect } = Socket.prototype;
  t.mock.method(
    Socket.prototype,
    "connect",
    function (this: Socket, ...to: Parameters<typeof connect>) {
      made.push(to[0]);
      return connect.apply(this, to);
    },
  );
  return made;
}

const ofHosts = { ...cluster, ssh: { ...cluster.ssh, preflight: true } };

for (const [what, call] of Object.entries(answers)) {
  for (const preview of [true, false]) {
    const run = preview ? "a preview" : "an up";

    test(`hosts: a program under mocks that answer ${what} asks no host in ${run}, and has its outputs`, async (t) => {
      const made = connections(t);
      await record("", "organization", preview, call);
      const component = new HostPodRoutes("routes", ofHosts);
      await pulumi.runtime.disconnect();
      const table = await value(component.routeTable);
      assert.deepEqual(
        table.map(({ destination }) => destination),
        ["10.200.0.0/24", "10.200.1.0/24"],
      );
      const nodes = cluster.nodes.map(({ name }) => [name, "unknown"]);
      assert.deepEqual(
        await value(component.persistence),
        Object.fromEntries(nodes),
      );
      assert.deepEqual(made, []);
    });

    test(`flannel: a program under mocks that answer ${what} asks no controller in ${run}, and has its outputs`, async (t) => {
      const made = connections(t);
      await record("", "organization", preview, call);
      const ssh = { ...overlay.ssh, preflight: true };
      const component = new FlannelOverlay("overlay", { ...overlay, ssh });
      await pulumi.runtime.disconnect();
      assert.match(await value(component.manifestYaml), /kind: DaemonSet/);
      assert.deepEqual(made, []);
    });
  }

  for (const [cloud, declare] of Object.entries({
    aws: () => new AwsPodRoutes("routes", { instances: { names: ["*"] } }),
    gcp: () =>
      new GcpPodRoutes("routes", {
        instances: { names: ["*"] },
        network: "kubernetes",
      }),
    openstack: () => new OpenStackPodRoutes("routes", { nodes: cluster.nodes }),
  })) {
    test(`${cloud}: a program under mocks that answer ${what} has no cloud to look up, is told so, and connects to nothing`, async (t) => {
      const made = connections(t);
      const failure = unhandledRejection(t);
      await record("", "organization", false, call);
      declare();
      assert.ok(pulumi.RunError.isInstance(await failure));
      // a program that fails leaves promises behind; Pulumi complains of them unless an error was logged
      t.mock.method(console, "error", () => {});
      pulumi.log.error("the program fails");
      assert.deepEqual(made, []);
    });
  }
}

test("what is asserted of these programs can fail: the same hosts are asked where there is a state", async (t) => {
  const made = connections(t);
  t.mock.method(console, "warn", () => {});
  await record("", "organization", true, () => ({ outputs: {} }));
  const ssh = { ...ofHosts.ssh, port: 1, connectTimeout: 1 };
  const nodes = cluster.nodes.map((node, i) => ({
    ...node,
    address: `127.0.0.${i + 1}`,
  }));
  new HostPodRoutes("routes", { nodes, ssh });
  await pulumi.runtime.disconnect();
  assert.equal(made.length, 3);
});
