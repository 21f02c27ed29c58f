import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { getEngine } from "../../lab/engine.ts";
import { configOf, type Stack } from "../../lab/stack.ts";
import { says } from "../stacks.ts";
import { keyPair } from "../unit/mockedStack.ts";
import { recordingServer } from "../unit/ssh/servers.ts";
import { cloudStacks } from "./cloudStacks.ts";
import { ComputeApi } from "./computeApiServer.ts";

const network = "kubernetes-the-hard-way";
const makeStack = cloudStacks("gcp");

describe("a stack of a cloud and hosts", () => {
  const directory = mkdtempSync(join(tmpdir(), "pod-network-routes-two-"));
  const [host, other, login] = [keyPair(), keyPair(), keyPair()];
  /** What has been run on the host. */
  const ran: string[] = [];
  let api: ComputeApi;
  let server: Server;
  let stack: Stack;

  /** A stack with one node, whose host this machine plays. */
  const configure = (target: string, more: object = {}) => {
    const { port } = server.address() as AddressInfo;
    const privateKeyFile = join(directory, "key");
    const hostKeys = { "worker-0": host.hostKey };
    stack.configure(
      configOf({
        target,
        network,
        hostRoutes: false,
        nodes: [
          {
            name: "worker-0",
            internalIp: "10.240.0.20",
            podCidrs: ["10.200.0.0/24"],
            address: "127.0.0.1",
          },
        ],
        ssh: { port, privateKeyFile, hostKeys },
        ...more,
      }),
    );
  };
  const up = () => stack.pulumi(["up", "--yes", "--skip-preview"]);

  before(async () => {
    writeFileSync(join(directory, "key"), login.privateKey);
    await getEngine("command");
    api = await ComputeApi.start();
    const subnet = { name: "kubernetes", region: api.region };
    api.network(network, { subnets: [{ ...subnet, range: "10.240.0.0/24" }] });
    api.instance({
      name: "worker-0",
      zone: api.zone,
      network,
      ip: "10.240.0.20",
      podCidr: "10.200.0.0/24",
    });
    server = recordingServer(host, ran).listen(0, "127.0.0.1");
    await once(server, "listening");
    stack = await makeStack("two", configOf({}), api.env);
  });
  beforeEach(() => {
    ran.length = 0;
    api.log.length = 0;
  });
  after(async () => {
    server.close();
    await api.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const target of ["gcp+hosts", "hosts+gcp"]) {
    it(`changes nothing with target ${target} if a host shows another key`, async () => {
      const hostKeys = { "worker-0": other.hostKey };
      const { port } = server.address() as AddressInfo;
      const privateKeyFile = join(directory, "key");
      configure(target, { ssh: { port, privateKeyFile, hostKeys } });
      const said = says(await up());
      const diagnostics = said.split(/^Diagnostics:$/m)[1] ?? "";
      assert.equal(diagnostics.split("SSH host keys do not match").length, 2);
      assert.deepEqual([api.log, ran], [[], []]);
    });

    it(`changes nothing with target ${target} if the cloud lacks the network`, async () => {
      configure(target, { network: "another" });
      const said = says(await up());
      const diagnostics = said.split(/^Diagnostics:$/m)[1] ?? "";
      assert.equal(diagnostics.split("has no network").length, 2);
      assert.deepEqual([api.log, ran], [[], []]);
    });
  }

  it("says the faults of the arguments of both at once", async () => {
    configure("gcp+hosts", { healInterval: 0, priority: -1 });
    const said = says(await up());
    assert.match(said, /^ +- priority: -1/m);
    assert.match(said, /^ +- healInterval: 0/m);
    assert.deepEqual([api.log, ran], [[], []]);
  });

  it("is applied where nothing speaks against either", async () => {
    configure("gcp+hosts");
    const { code, stdout, stderr } = await up();
    assert.equal(code, 0, stdout + stderr);
    assert.equal(api.log.length, 1);
    assert.equal(ran.length, 2, "the script is put there, and run");
    await stack.must(["destroy", "--yes", "--skip-preview"]);
  });
});
