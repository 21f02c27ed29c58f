import { after, before, describe } from "node:test";
import { keepsItsRoutes } from "../keepsItsRoutes.ts";
import { Neutron } from "./neutron.ts";

const name = "kubernetes";
const nodes = [0, 1].map((i) => ({
  name: `worker-${i}`,
  internalIp: `10.240.0.${20 + i}`,
  podCidrs: [`10.200.${i}.0/24`],
}));

describe("host routes of a subnet of OpenStack", () => {
  let neutron: Neutron;
  let subnet: string;
  before(async () => {
    neutron = await Neutron.start();
    subnet = await neutron.subnetOf(name, nodes);
  });
  after(() => neutron.stop());

  keepsItsRoutes({
    plugin: "openstack",
    type: "OpenStackPodRoutes",
    args: () => ({ nodes, subnet: name }),
    env: () => neutron.env,
    routes: () => neutron.hostRoutes(subnet),
  });
});
