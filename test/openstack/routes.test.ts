import assert from "node:assert/strict";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { until } from "../../lab/exec.ts";
import type { Stack } from "../../lab/stack.ts";
import { configOf } from "../../lab/stack.ts";
import { cloudStacks } from "../clouds/cloudStacks.ts";
import { cloudFaults, faultsIn, lines, planOf, says, up } from "../stacks.ts";
import { commandsOf, wordsOf } from "../unit/shellWords.ts";
import { Neutron } from "./neutron.ts";

const makeStack = cloudStacks("openstack");
const subnetRoute = "openstack:networking/subnetRoute:SubnetRoute";
const routerRoute = "openstack:networking/routerRoute:RouterRoute";

interface TestNode {
  name: string;
  internalIp: string;
  podCidrs: string[];
}

/** A worker of the guide; its CIDR, where it has another one's. */
function worker(i: number, cidr = i): TestNode {
  return {
    name: `worker-${i}`,
    internalIp: `10.240.0.${20 + i}`,
    podCidrs: [`10.200.${cidr}.0/24`],
  };
}

const via = (i: number, hop = i) => ({
  destination: `10.200.${i}.0/24`,
  nexthop: `10.240.0.${20 + hop}`,
});
const all = [via(0), via(1), via(2)];
const theirs = { destination: "10.9.0.0/16", nexthop: "10.240.0.9" };
const name = (i: number) => `routes-10-200-${i}-0-24`;

/** The words of the command that begins so, as a shell takes them apart. It may be printed more than once. */
function printedOnce(said: string, beginning: string): string[] {
  const commands = said
    .split("\n")
    .flatMap(commandsOf)
    .filter((command) => command.startsWith(beginning));
  const [words, ...more] = wordsOf([...new Set(commands)]);
  assert.deepEqual(more, []);
  return words ?? [];
}

describe("seed 003: routes in OpenStack", () => {
  let neutron: Neutron;
  let network: string;
  let subnet: string;
  let router: string;
  const ports: string[] = [];

  /** Makes ports for workers that have none yet, each with its pod CIDR allowed. */
  const portsFor = async (count: number) => {
    for (let i = ports.length; i < count; i++) {
      const { name, internalIp, podCidrs } = worker(i);
      const options = { name, allowedAddresses: ["10.200.0.0/16"] };
      // named so that they can be found by their pod CIDR, see the last test of this suite
      const allowedAddresses = i < 3 ? podCidrs : options.allowedAddresses;
      ports.push(
        await neutron.port(network, subnet, internalIp, {
          ...options,
          allowedAddresses,
        }),
      );
    }
  };
  const config = (nodes: TestNode[], more: object = {}) =>
    configOf({ target: "openstack", nodes, ...more });
  const three = [worker(0), worker(1), worker(2)];

  before(async () => {
    neutron = await Neutron.start();
    network = await neutron.network("kubernetes-the-hard-way");
    subnet = await neutron.subnet(network, "kubernetes", "10.240.0.0/24", {
      tags: ["pods"],
    });
    router = await neutron.router("kubernetes");
    await neutron.attach(router, subnet);
    await portsFor(21);
  });
  after(() => neutron.stop());

  describe("as host routes of the subnet", () => {
    let stack: Stack;
    before(async () => {
      stack = await makeStack("subnet", config(three), neutron.env);
    });

    it("leaves the subnet as the guide does, and then changes nothing", async () => {
      const preview = await stack.must(["preview"]);
      assert.match(preview, /warning: .*every host learns all of them/);
      assert.deepEqual(await planOf(stack, subnetRoute), {
        create: [name(0), name(1), name(2)],
      });
      await up(stack);
      assert.deepEqual(await neutron.hostRoutes(subnet), all);
      const shown = await neutron.cli("subnet", "show", "kubernetes");
      const listed = (text: string) =>
        lines(text)
          .filter((line) => line.includes("destination"))
          .map((line) => line.replace(/^\| *(host_routes)? *\| */, ""))
          .map((line) => line.replace(/ *\|$/, ""))
          .sort();
      assert.deepEqual(
        listed(await stack.output("routeTableText")),
        listed(shown),
      );
      assert.equal(await stack.output("subnetId"), subnet);
      assert.deepEqual(await planOf(stack, subnetRoute), {});
    });

    it("adds and removes a worker", async () => {
      stack.configure(config([...three, worker(3)]));
      assert.deepEqual(await planOf(stack, subnetRoute), { create: [name(3)] });
      await up(stack);
      assert.equal((await neutron.hostRoutes(subnet)).length, 4);
      stack.configure(config(three));
      assert.deepEqual(await planOf(stack, subnetRoute), { delete: [name(3)] });
      await up(stack);
      assert.deepEqual(await neutron.hostRoutes(subnet), all);
    });

    it("swaps the pod CIDRs of two workers, once their ports allow it", async () => {
      const swapped = [worker(0, 1), worker(1, 0), worker(2)];
      stack.configure(config(swapped));
      const said = says(await stack.pulumi(["preview"]));
      assert.deepEqual(
        faultsIn(said).map((fault) => fault.replace(/.*: (?=openstack)/, "")),
        [
          `openstack port set --allowed-address ip-address=10.200.1.0/24 ${ports[0]}`,
          `openstack port set --allowed-address ip-address=10.200.0.0/24 ${ports[1]}`,
        ],
      );
      for (const port of ports.slice(0, 2)) {
        const allowedAddresses = ["10.200.0.0/24", "10.200.1.0/24"];
        await neutron.updatePort(port, { allowedAddresses });
      }
      assert.deepEqual(await planOf(stack, subnetRoute), {
        replace: [name(0), name(1)],
      });
      await up(stack);
      assert.deepEqual(await neutron.hostRoutes(subnet), [
        via(0, 1),
        via(1, 0),
        via(2),
      ]);
      stack.configure(config(three));
      await up(stack);
    });

    it("says at preview that somebody deleted a route, and up puts it back", async () => {
      await neutron.cli(
        "subnet",
        "unset",
        "kubernetes",
        "--host-route",
        "destination=10.200.1.0/24,gateway=10.240.0.21",
      );
      assert.match(
        await stack.must(["preview"]),
        /warning: subnet kubernetes: the route to 10\.200\.1\.0\/24 via 10\.240\.0\.21 was deleted by somebody else; pulumi up puts it back/,
      );
      assert.deepEqual(
        await neutron.hostRoutes(subnet),
        [via(0), via(2)],
        "a preview changes nothing",
      );
      assert.deepEqual(await cloudFaults(stack), [
        1,
        "subnet kubernetes: missing 10.200.1.0/24 pulumi up",
      ]);
      assert.match(
        says(await stack.pulumi(["refresh", "--yes"])),
        /10\.200\.1\.0\/24/,
      );
      await up(stack);
      assert.deepEqual(await neutron.hostRoutes(subnet), all);
      await stack.must(["refresh", "--yes", "--expect-no-changes"]);
      assert.deepEqual(await cloudFaults(stack), [0]);
    });

    it("has a route forgotten that somebody deleted and that is to go anyway", async () => {
      await neutron.setHostRoutes(subnet, [via(0), via(1)]);
      stack.configure(config([worker(0), worker(1)]));
      const said = says(await stack.pulumi(["preview"]));
      assert.match(said, /1 fault; nothing was changed/);
      const [, ...words] = printedOnce(said, "pulumi state delete ");
      await stack.must([...words, "--yes"]);
      await up(stack);
      assert.deepEqual(await neutron.hostRoutes(subnet), [via(0), via(1)]);
      stack.configure(config(three));
      await up(stack);
    });

    it("loses no route of 20 in one update, ten times over, and refuses the 21st at preview", async () => {
      await stack.must(["destroy", "--yes", "--skip-preview"]);
      const many = (count: number) =>
        Array.from({ length: count }, (_, i) => worker(i));
      for (let round = 0; round < 10; round++) {
        stack.configure(config(many(20)));
        await stack.must(["up", "--yes", "--skip-preview"]);
        assert.equal((await neutron.hostRoutes(subnet)).length, 20);
        if (round < 9) {
          await stack.must(["destroy", "--yes", "--skip-preview"]);
        }
      }
      stack.configure(config(many(21)));
      assert.deepEqual(faultsIn(says(await stack.pulumi(["preview"]))), [
        "subnet kubernetes: has 20 routes and would get 1 more, 20 are allowed; have the cloud raise max_subnet_host_routes in neutron.conf and then set routesPerSubnet to what it is, or use mode router (30)",
      ]);
    });

    it("removes its own routes and no other when it is destroyed", async () => {
      stack.configure(config(three));
      await up(stack);
      await neutron.setHostRoutes(subnet, [...all, theirs]);
      await stack.must(["destroy", "--yes", "--skip-preview"]);
      assert.deepEqual(await neutron.hostRoutes(subnet), [theirs]);
      await neutron.setHostRoutes(subnet, []);
    });

    it("takes the routes that the guide made over without touching them", async () => {
      await neutron.setHostRoutes(subnet, all);
      const said = says(await stack.pulumi(["preview"]));
      assert.match(said, /3 faults; nothing was changed/);
      const [, ...words] = printedOnce(said, "pulumi config set ");
      await stack.must(words);
      assert.deepEqual(await planOf(stack, subnetRoute), {
        import: [name(0), name(1), name(2)],
      });
      await up(stack);
      stack.configure(config(three));
      assert.deepEqual(await planOf(stack, subnetRoute), {});
      assert.deepEqual(await neutron.hostRoutes(subnet), all);
      await stack.must(["destroy", "--yes", "--skip-preview"]);
    });

    it("refuses what it cannot do, all of it at once", async () => {
      await neutron.setHostRoutes(subnet, [via(0, 9)]);
      const absent = {
        ...worker(0),
        name: "absent",
        internalIp: "10.240.0.99",
      };
      const outside = {
        name: "outside",
        internalIp: "10.241.0.20",
        podCidrs: ["10.200.77.0/24"],
      };
      stack.configure(
        config([
          { ...absent, podCidrs: ["10.200.99.0/24"] },
          outside,
          worker(0),
        ]),
      );
      const said = says(await stack.pulumi(["up", "--yes", "--skip-preview"]));
      assert.deepEqual(
        faultsIn(said).map((fault) => fault.replace(/ of .*/, "")),
        [
          'nodes[0]: no port in subnet kubernetes has the internal IP "10.240.0.99"',
          'nodes[1]: no port in subnet kubernetes has the internal IP "10.241.0.20"',
          'nodes[1]: next hop "10.241.0.20"',
          "subnet kubernetes 10.200.0.0/24: a route that this stack did not make leads to 10.240.0.29, not to 10.240.0.20",
        ],
      );
      assert.doesNotMatch(said, /at .*\.ts:|node_modules|serializing/);
      assert.deepEqual(await neutron.hostRoutes(subnet), [via(0, 9)]);
      await neutron.setHostRoutes(subnet, []);
    });

    it("finds the subnet by its id and by a tag, and says which when there are several", async () => {
      for (const by of [{ subnet }, { subnetTag: "pods" }]) {
        stack.configure(config(three, by));
        await stack.must(["preview"]);
      }
      const other = await neutron.network("other");
      const second = await neutron.subnet(other, "kubernetes", "10.241.0.0/24");
      stack.configure(config(three));
      const several = says(await stack.pulumi(["preview"]));
      assert.match(several, /- subnet: there are 2 of subnet "kubernetes": /);
      assert.ok(several.includes(subnet) && several.includes(second));
      await neutron.send("DELETE", `subnets/${second}`);
      stack.configure(config(three, { subnet: "elsewhere" }));
      const none = says(await stack.pulumi(["preview"]));
      assert.match(none, /- subnet: there is no subnet "elsewhere"/);
    });

    it("finds workers by the names of their ports", async () => {
      for (const [i, port] of ports.slice(0, 2).entries()) {
        const { podCidrs } = worker(i);
        await neutron.updatePort(port, { allowedAddresses: podCidrs });
      }
      const instances = { names: ["worker-0", "worker-1"] };
      stack.configure(configOf({ target: "openstack", instances }));
      await up(stack);
      assert.deepEqual(await neutron.hostRoutes(subnet), [via(0), via(1)]);
      await stack.must(["destroy", "--yes", "--skip-preview"]);
    });

    it("carries on, with one refresh, after Neutron was killed in the middle", async () => {
      stack.configure(config(three));
      const running = stack.pulumi(["up", "--yes", "--skip-preview"]);
      await until("the first route is there", async () =>
        (await neutron.hostRoutes(subnet)).length > 0 ? true : undefined,
      );
      await neutron.killNeutron();
      const killed = await running;
      await neutron.startNeutron();
      // a route that was made, and of which the answer got lost, is foreign to the state; one that could
      // not be read back is in the state as half made, which only a refresh fixes
      stack.configure(config(three, { adoptExisting: true }));
      await stack.must(["up", "--refresh", "--yes", "--skip-preview"]);
      assert.deepEqual(await neutron.hostRoutes(subnet), all);
      stack.configure(config(three));
      await up(stack);
      assert.notEqual(killed.code, 0, "Neutron was killed too late");
    });

    for (const code of [409, 503]) {
      it(`carries on after Neutron has answered ${code} in the middle`, async () => {
        await stack.must(["destroy", "--yes", "--skip-preview"]);
        const proxy = await FaultyProxy.to(neutron.endpoint, code);
        try {
          const overrides = `  openstack:endpointOverrides: { network: "${proxy.url}/v2.0/" }\n`;
          stack.configure(config(three) + overrides);
          const said = says(
            await stack.pulumi(["up", "--yes", "--skip-preview"]),
          );
          assert.match(said, new RegExp(`${code}|Try again later`));
          await up(stack);
          assert.deepEqual(await neutron.hostRoutes(subnet), all);
          // the state remembers where the provider was told to find Neutron
          await stack.must(["destroy", "--yes", "--skip-preview"]);
        } finally {
          await proxy.close();
          stack.configure(config(three));
        }
      });
    }

    it("fixes, with one refresh, what two stacks undo of each other at the same time", async () => {
      await stack.must(["destroy", "--yes", "--skip-preview"]);
      const halves = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8],
        [9, 10, 11, 12, 13, 14, 15, 16, 17],
      ].map((half) => half.map((i) => worker(i)));
      const stacks = await Promise.all(
        halves.map((half, i) =>
          makeStack(`half-${i}`, config(half), neutron.env),
        ),
      );
      // whose routes get lost, fails, and says which
      await Promise.all(
        stacks.map((one) => one.pulumi(["up", "--yes", "--skip-preview"])),
      );
      for (const one of stacks) {
        await one.pulumi(["up", "--yes", "--skip-preview"]);
      }
      for (const one of stacks) {
        await one.must(["up", "--refresh", "--yes", "--skip-preview"]);
        await up(one);
      }
      assert.equal((await neutron.hostRoutes(subnet)).length, 18);
      for (const one of stacks) {
        await one.must(["destroy", "--yes", "--skip-preview"]);
      }
      assert.deepEqual(await neutron.hostRoutes(subnet), []);
    });

    it("says so when Keystone does not answer, the password is wrong or the cloud unknown", async () => {
      for (const [name, env, reason] of [
        [
          "wrong",
          { OS_PASSWORD: "wrong" },
          /OpenStack could not be asked what is there; nothing/,
        ],
        // the provider refuses this configuration, and the engine itself says so
        ["nowhere", { OS_CLOUD: "nowhere" }, /unable to load clouds\.yaml/],
      ] as const) {
        const nobody = await makeStack(name, config(three), {
          ...neutron.env,
          ...env,
        });
        const said = says(await nobody.pulumi(["preview"]));
        assert.match(said, reason);
        assert.doesNotMatch(said, /at .*\.ts:/);
      }
      await neutron.killKeystone();
      const said = says(await stack.pulumi(["preview"]));
      assert.match(said, /OpenStack could not be asked what is there/);
      assert.doesNotMatch(said, /at .*\.ts:/);
      await neutron.startKeystone();
      await until("Neutron has found Keystone again", async () =>
        (await stack.pulumi(["preview"])).code === 0 ? true : undefined,
      );
    });
  });

  describe("as routes of the router", () => {
    let stack: Stack;
    const mode = { mode: "router", router: "kubernetes" };
    before(async () => {
      stack = await makeStack("router", config(three, mode), neutron.env);
    });

    it("has them, and then changes nothing", async () => {
      assert.doesNotMatch(await stack.must(["preview"]), /every host learns/);
      await up(stack);
      assert.deepEqual(await neutron.routerRoutes(router), all);
      assert.deepEqual(await neutron.hostRoutes(subnet), []);
      assert.equal(await stack.output("routerId"), router);
      assert.deepEqual(await planOf(stack, routerRoute), {});
    });

    it("adds, changes and removes", async () => {
      for (const port of ports.slice(0, 2)) {
        const allowedAddresses = ["10.200.0.0/24", "10.200.1.0/24"];
        await neutron.updatePort(port, { allowedAddresses });
      }
      stack.configure(config([worker(0, 1), worker(1, 0), worker(3)], mode));
      await up(stack);
      assert.deepEqual(await neutron.routerRoutes(router), [
        via(0, 1),
        via(1, 0),
        via(3),
      ]);
      stack.configure(config(three, mode));
      await up(stack);
      assert.deepEqual(await neutron.routerRoutes(router), all);
    });

    it("puts back a route that somebody deleted", async () => {
      await neutron.setRouterRoutes(router, [via(0), via(2)]);
      assert.match(await stack.must(["preview"]), /pulumi up puts it back/);
      const [code, ...found] = await cloudFaults(stack);
      assert.equal(code, 1);
      assert.match(
        found.join("\n"),
        /^router \S+: missing 10\.200\.1\.0\/24 pulumi up$/,
      );
      await up(stack);
      assert.deepEqual(await neutron.routerRoutes(router), all);
    });

    it("needs an interface in the subnet", async () => {
      const far = await neutron.router("far");
      stack.configure(config(three, { ...mode, router: far }));
      assert.match(
        says(await stack.pulumi(["preview"])),
        /- router: far has no interface in subnet kubernetes, so it knows no way to the nodes: openstack router add subnet/,
      );
      stack.configure(config(three, mode));
    });

    it("removes its own routes and no other when it is destroyed", async () => {
      await neutron.setRouterRoutes(router, [...all, theirs]);
      await stack.must(["destroy", "--yes", "--skip-preview"]);
      assert.deepEqual(await neutron.routerRoutes(router), [theirs]);
    });
  });
});

/** Stands before a Neutron, and answers the second change of a subnet with an error of its own. */
class FaultyProxy {
  private readonly server: Server;
  readonly url: string;

  private constructor(server: Server, url: string) {
    this.server = server;
    this.url = url;
  }

  static async to(neutron: string, code: number): Promise<FaultyProxy> {
    let changes = 0;
    const server = createServer((request, response) => {
      const { method = "", url = "", headers } = request;
      if (method === "PUT" && url.includes("/subnets/") && ++changes === 2) {
        response
          .writeHead(code)
          .end(`{"error": "${code}, as the test wants it"}`);
        return;
      }
      const onward = httpRequest(
        new URL(url, neutron),
        { method, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        },
      );
      request.pipe(onward);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = server.address() as AddressInfo;
    return new FaultyProxy(server, `http://127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
