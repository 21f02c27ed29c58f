import { after, before, describe } from "node:test";
import { keepsItsRoutes } from "../keepsItsRoutes.ts";
import { ComputeApi } from "./computeApiServer.ts";
import { Ec2 } from "./ec2.ts";

describe("routes in a route table of AWS", () => {
  let ec2: Ec2;
  let table: string;
  before(async () => {
    ec2 = await Ec2.start();
    const vpc = await ec2.vpc({ cidr: "172.20.0.0/16" });
    const subnet = await ec2.subnet(vpc, "172.20.1.0/24");
    table = await ec2.routeTable(vpc, { Name: "kubernetes" });
    for (const i of [0, 1]) {
      await ec2.instance({
        subnet,
        name: `worker-${i}`,
        ip: `172.20.1.2${i}`,
        podCidr: `172.22.${i}.0/24`,
      });
    }
  });
  after(() => ec2.stop());

  keepsItsRoutes({
    plugin: "aws",
    type: "AwsPodRoutes",
    args: () => ({
      instances: { names: ["worker-*"] },
      routeTables: { tags: { Name: "kubernetes" } },
    }),
    env: () => ec2.env,
    routes: () => ec2.routes(table),
  });
});

describe("routes in a network of GCP", () => {
  const network = "kubernetes-the-hard-way";
  let api: ComputeApi;
  before(async () => {
    api = await ComputeApi.start();
    const subnet = { name: "kubernetes", region: api.region };
    api.network(network, { subnets: [{ ...subnet, range: "10.240.0.0/24" }] });
    for (const i of [0, 1]) {
      api.instance({
        name: `worker-${i}`,
        zone: api.zone,
        network,
        ip: `10.240.0.2${i}`,
        podCidr: `10.200.${i}.0/24`,
      });
    }
  });
  after(() => api.stop());

  keepsItsRoutes({
    plugin: "gcp",
    type: "GcpPodRoutes",
    args: () => ({ network, instances: { names: ["worker-*"] } }),
    env: () => api.env,
    routes: async () => api.routes(network),
  });
});
