import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { type TestContext, test } from "node:test";
import * as gcp from "@pulumi/gcp";
import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import { GcpPodRoutes } from "../../../components/gcp/gcpPodRoutes.ts";
import { OpenStackPodRoutes } from "../../../components/openstack/openStackPodRoutes.ts";
import { configure } from "../mockedStack.ts";
import { programError, recordCloud } from "./cloudStack.ts";
import { type LyingServer, lyingServer } from "./lyingHttpServer.ts";

/** The ways to give a component a provider. */
const ways: Record<
  string,
  (
    provider: pulumi.ProviderResource,
    name: string,
  ) => pulumi.ComponentResourceOptions
> = {
  "as its provider": (provider) => ({ provider }),
  "in a list of providers": (provider) => ({ providers: [provider] }),
  "in providers by name": (provider, name) => ({
    providers: { [name]: provider },
  }),
  "by its parent": (provider) => ({
    parent: new pulumi.ComponentResource(
      "test:index:Parent",
      "parent",
      {},
      {
        providers: [provider],
      },
    ),
  }),
};

/** A server that refuses every request, and one that must get none. */
async function servers(t: TestContext): Promise<[LyingServer, LyingServer]> {
  const refuse: RequestListener = (_, response) =>
    response.writeHead(403).end("{}");
  return [await lyingServer(t, refuse), await lyingServer(t, refuse)];
}

/** Declares a component whose requests the servers refuse. Returns the provider that was asked for credentials. */
async function look(
  t: TestContext,
  answers: object,
  declare: () => unknown,
): Promise<string> {
  let asked = "";
  await recordCloud(({ provider = "" }) => {
    asked = provider;
    return answers;
  });
  await programError(t, declare);
  return asked;
}

const nodes = [
  {
    name: "worker-0",
    internalIp: "10.240.0.20",
    podCidrs: ["10.200.0.0/24"],
  },
];
const gcpArgs = { instances: { names: ["*"] }, network: "k" };
const client = { accessToken: "ya29.token", project: "p-1" };

for (const [way, options] of Object.entries(ways)) {
  test(`GCP is asked at the endpoint of the provider that a component is given ${way}`, async (t) => {
    const [right, wrong] = await servers(t);
    configure({ "gcp:computeCustomEndpoint": wrong.url });
    const provider = await look(t, client, () => {
      const own = new gcp.Provider("own", { computeCustomEndpoint: right.url });
      new GcpPodRoutes("routes", gcpArgs, options(own, "gcp"));
    });
    assert.match(provider, /::own::/);
    assert.notEqual(right.requests.length, 0);
    assert.equal(wrong.requests.length, 0);
  });

  test(`OpenStack is asked in the region, and at the endpoint, of the provider that a component is given ${way}`, async (t) => {
    const [right, wrong] = await servers(t);
    configure({
      "openstack:region": "there",
      "openstack:endpointType": "public",
    });
    const endpoints = [
      { region: "there", interface: "internal", url: wrong.url },
      { region: "here", interface: "public", url: wrong.url },
      { region: "here", interface: "internal", url: right.url },
      { region: "there", interface: "public", url: wrong.url },
    ];
    const serviceCatalogs = [{ type: "network", endpoints }];
    const scope = { tokenId: "gAAAAAB", serviceCatalogs };
    const provider = await look(t, scope, () => {
      const own = new openstack.Provider("own", {
        region: "here",
        endpointType: "internal",
      });
      new OpenStackPodRoutes("routes", { nodes }, options(own, "openstack"));
    });
    assert.match(provider, /::own::/);
    assert.notEqual(right.requests.length, 0);
    assert.equal(wrong.requests.length, 0);
  });
}

test("OpenStack is asked where the provider of a component is told to, whatever the stack's own is told", async (t) => {
  const [right, wrong] = await servers(t);
  configure({ "openstack:endpointOverrides": { network: wrong.url } });
  const scope = { tokenId: "gAAAAAB", serviceCatalogs: [] };
  await look(t, scope, () => {
    const endpointOverrides = { network: right.url };
    const provider = new openstack.Provider("own", { endpointOverrides });
    new OpenStackPodRoutes("routes", { nodes }, { provider });
  });
  assert.notEqual(right.requests.length, 0);
  assert.equal(wrong.requests.length, 0);
});

test("without a provider of its own, a component asks where the stack's is told to", async (t) => {
  const [right] = await servers(t);
  configure({ "gcp:computeCustomEndpoint": right.url });
  const provider = await look(
    t,
    client,
    () => new GcpPodRoutes("routes", gcpArgs),
  );
  assert.equal(provider, "");
  assert.notEqual(right.requests.length, 0);
});
