import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { getEngine } from "../../lab/engine.ts";
import { plainHosts, Scenario } from "../engine/scenario.ts";
import { example, lines, up } from "../stacks.ts";
import { Neutron } from "./neutron.ts";

describe("seed 003: routes of the subnet, and forwarding on every host, in one stack", () => {
  const hosts = {
    "controller-0": 10,
    "controller-1": 11,
    "controller-2": 12,
    "worker-0": 20,
    "worker-1": 21,
    "worker-2": 22,
  };
  const scenario = new Scenario(plainHosts("10.240.0", hosts));
  let neutron: Neutron;
  let subnet: string;
  let tunnel: Tunnel;

  before(async () => {
    neutron = await Neutron.start();
    const network = await neutron.network("kubernetes-the-hard-way");
    subnet = await neutron.subnet(network, "kubernetes", "10.240.0.0/24");
    for (const [name, last] of Object.entries(hosts)) {
      const pods = `10.200.${last - 20}.0/24`;
      await neutron.port(network, subnet, `10.240.0.${last}`, {
        ...(last >= 20 && { name, allowedAddresses: [pods] }),
      });
    }
    const urls = [neutron.env.OS_AUTH_URL ?? "", neutron.endpoint];
    const ports = urls.map((url) => Number(new URL(url).port));
    tunnel = await Tunnel.into(scenario.lab.netns, ports);
  });
  after(async () => {
    await tunnel?.close();
    await neutron?.stop();
  });

  it("leaves subnet and hosts as the guide does", async () => {
    await getEngine("openstack");
    const config = example("003-openstack.yaml").replace(
      /^ {2}openstack:cloud: .*\n/m,
      "", // the variables of an openrc file are there
    );
    const stack = await scenario.stack("seed-003", config, neutron.env);
    await up(stack);
    assert.deepEqual(
      await neutron.hostRoutes(subnet),
      [0, 1, 2].map((i) => ({
        destination: `10.200.${i}.0/24`,
        nexthop: `10.240.0.2${i}`,
      })),
    );
    for (const host of Object.keys(hosts)) {
      const forward = "cat /proc/sys/net/ipv4/ip_forward";
      assert.deepEqual(lines(await scenario.lab.on(host, forward)), ["1"]);
      assert.deepEqual(await scenario.allRoutes(host), []);
    }
    const { length } = await stack.output<object[]>("routeTable");
    assert.equal(length, 3);
    assert.match(
      await stack.output<string>("readme"),
      /\nopenstack subnet show /,
      "the first target's",
    );
    await stack.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(await neutron.hostRoutes(subnet), []);
  });
});

/** Carries connections to loopback ports in a network namespace to the same ports on this machine's own loopback. */
class Tunnel {
  private readonly directory: string;
  private readonly servers: readonly Server[];
  private readonly inside: ChildProcess;

  private constructor(
    directory: string,
    servers: readonly Server[],
    inside: ChildProcess,
  ) {
    this.directory = directory;
    this.servers = servers;
    this.inside = inside;
  }

  static async into(netns: string, ports: readonly number[]): Promise<Tunnel> {
    const directory = mkdtempSync(join(tmpdir(), "pod-network-routes-tunnel-"));
    const servers = ports.map((port) =>
      createServer((socket) => {
        const onward = connect(port, "127.0.0.1");
        socket.pipe(onward).pipe(socket);
        socket.on("error", () => onward.destroy());
        onward.on("error", () => socket.destroy());
      }).listen(join(directory, `${port}`)),
    );
    // a Unix socket can be reached from every network namespace
    const program = `
      const { connect, createServer } = require("node:net");
      const ports = ${JSON.stringify(ports)};
      let waiting = ports.length;
      for (const port of ports) {
        createServer((socket) => {
          const onward = connect(${JSON.stringify(`${directory}/`)} + port);
          socket.pipe(onward).pipe(socket);
          socket.on("error", () => onward.destroy());
          onward.on("error", () => socket.destroy());
        }).listen(port, "127.0.0.1", () => --waiting || console.log("ready"));
      }`;
    const inside = spawn("ip", [
      "netns",
      "exec",
      netns,
      process.execPath,
      "-e",
      program,
    ]);
    await once(inside.stdout, "data");
    return new Tunnel(directory, servers, inside);
  }

  async close(): Promise<void> {
    // it is gone already if the lab is
    if (this.inside.exitCode === null && this.inside.signalCode === null) {
      this.inside.kill();
      await once(this.inside, "close");
    }
    for (const server of this.servers) {
      server.close();
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
